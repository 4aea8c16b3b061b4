from __future__ import annotations

import asyncio
import hashlib
import io
import signal
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.clock import SystemClock
from callcenterd.config import Attachments as Rules
from callcenterd.crm.attachments import MOST_NAME, Attachments, CannotKeep, FileRefused, cleaned, kind_of
from callcenterd.errors import NotFound, NotNow
from callcenterd.store.blobs import Blobs
from callcenterd.store.database import Store
from tests.kit.database import with_tables
from tests.kit.virtual import VirtualClock

HOUR = 3600.0
DAY = 24 * HOUR


async def pieces(*octets: bytes) -> AsyncIterator[bytes]:
    for piece in octets:
        yield piece


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(SystemClock().utc())  # the disk's times are the machine's


def attachments(store: Store, clock: VirtualClock, tmp_path: Path, **rules: object) -> Attachments:
    return Attachments(store, clock, tmp_path / "attachments", Rules.model_validate(rules))


async def test_equal_files_are_kept_once_until_the_last_of_them_goes(
    store: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    files = attachments(store, clock, tmp_path)
    first = await files.add("customer", "1", "合同.txt", pieces(b"hello ", b"world"), "1001")
    second = await files.add("complaint", "7", "b.txt", pieces(b"hello world"), "1002")
    name = hashlib.sha256(b"hello world").hexdigest()
    assert (first.sha256, first.octets, first.type, first.name, first.by) == (
        name,
        11,
        "text/plain",
        "合同.txt",
        "1001",
    )
    assert files_in(tmp_path / "attachments") == [f"{name[:2]}/{name[2:4]}/{name}"]
    assert files.path(second).read_bytes() == b"hello world"
    assert [one.id for one in await files.of("customer", "1")] == [first.id]

    await files.remove(first.id, "1001")
    clock.move(2 * DAY)
    assert await files.sweep() == 0
    assert files.path(second).is_file()
    await files.remove(second.id, "1001")
    assert await files.sweep() == 1
    assert files_in(tmp_path / "attachments") == []
    with pytest.raises(NotFound):
        await files.get(second.id)
    trail, _ = await store.audit.search(what="attachment")
    assert [entry.what.split(".")[1] for entry in trail] == ["removed", "removed", "added", "added"]
    assert "合同" not in str(trail), "the trail outlives what was removed"


async def test_what_is_young_is_not_swept_though_nobody_refers_to_it(
    store: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    files = attachments(store, clock, tmp_path)
    kept = await files.add("customer", "1", "a", pieces(b"x"), "1001")
    await files.remove(kept.id, "1001")
    clock.move(23 * HOUR)
    assert await files.sweep() == 0
    again = await files.add("customer", "1", "a", pieces(b"x"), "1001")  # it is there, and becomes young
    clock.move(23 * HOUR)
    assert await files.sweep() == 0
    assert files.path(again).read_bytes() == b"x"


async def test_too_much_nothing_and_a_sender_who_goes_away_leave_nothing(
    store: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    files = attachments(store, clock, tmp_path, most_mb=1)

    async def breaks() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(FileRefused) as large:
        await files.add("customer", "1", "a", pieces(b"x" * (1 << 20), b"y"), "1001")
    with pytest.raises(FileRefused) as empty:
        await files.add("customer", "1", "a", pieces(), "1001")
    with pytest.raises(ConnectionResetError):
        await files.add("customer", "1", "a", breaks(), "1001")
    assert (large.value.why, empty.value.why) == ("too_large", "empty")
    assert files_in(tmp_path / "attachments") == []
    assert await files.of("customer", "1") == []


async def test_a_record_has_so_many_files_and_no_more(store: Store, clock: VirtualClock, tmp_path: Path) -> None:
    files = attachments(store, clock, tmp_path)
    for n in range(500):
        await files.add("customer", "1", f"{n}", pieces(b"x"), "1001")
    with pytest.raises(NotNow):
        await files.add("customer", "1", "one more", pieces(b"x"), "1001")
    assert len(await files.of("customer", "1")) == 500


async def test_a_disk_that_does_not_take_it_is_said(store: Store, clock: VirtualClock, tmp_path: Path) -> None:
    (tmp_path / "attachments").write_text("no folder")
    with pytest.raises(CannotKeep):
        await attachments(store, clock, tmp_path).add("customer", "1", "a", pieces(b"x"), "1001")


# ---- the virus check ----------------------------------------------------------------------------------------

SCAN = """
import pathlib, sys, time
text = pathlib.Path(sys.argv[1]).read_bytes()
if b"slow" in text:
    time.sleep(60)
sys.exit(1 if b"EICAR" in text else 2 if b"broken" in text else 0)
"""


async def test_the_virus_check_lets_in_keeps_out_and_without_an_answer_keeps_out_too(
    store: Store, clock: VirtualClock, tmp_path: Path
) -> None:
    scan = tmp_path / "scan.py"
    scan.write_text(SCAN)
    command = [sys.executable, "-I", str(scan)]
    files = attachments(store, clock, tmp_path, scan_command=command)
    assert (await files.add("customer", "1", "a", pieces(b"fine"), "1001")).octets == 4
    for octets, why in ((b"EICAR", "infected"), (b"broken", "unchecked")):
        with pytest.raises(FileRefused) as refused:
            await files.add("customer", "1", "a", pieces(octets), "1001")
        assert refused.value.why == why
    slow = attachments(store, clock, tmp_path, scan_command=command, scan_seconds=0.5)
    with pytest.raises(FileRefused) as late:
        await slow.add("customer", "1", "a", pieces(b"slow"), "1001")
    none = attachments(store, clock, tmp_path, scan_command=["/nowhere/scan"])
    with pytest.raises(FileRefused) as missing:
        await none.add("customer", "1", "a", pieces(b"fine"), "1001")
    assert (late.value.why, missing.value.why) == ("unchecked", "unchecked")
    assert len(files_in(tmp_path / "attachments")) == 1


async def test_the_virus_check_gets_no_secrets_of_ours(
    store: Store, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLCENTERD_MAIL_PASSWORD", "secret")
    scan = tmp_path / "scan.py"
    scan.write_text("import os, sys\nsys.exit(1 if 'CALLCENTERD_MAIL_PASSWORD' in os.environ else 0)\n")
    files = attachments(store, clock, tmp_path, scan_command=[sys.executable, "-I", str(scan)])
    await files.add("customer", "1", "a", pieces(b"x"), "1001")


# ---- the end of the process between two steps -----------------------------------------------------------------

UPLOAD = """
import asyncio, os, signal, sys
from pathlib import Path
from callcenterd.clock import SystemClock
from callcenterd.config import Attachments as Rules
from callcenterd.crm.attachments import Attachments
from callcenterd.store import blobs
from callcenterd.store.database import Store

folder, step = Path(sys.argv[1]), int(sys.argv[2])
seen = 0

def passed(event, arguments):
    # Each of these is a step of an upload that the disk sees: the process ends just before it.
    global seen
    path = str(arguments[0]) if arguments else ""
    if event in ("open", "os.mkdir", "os.rename") and "attachments" in path and armed:
        seen += 1
        if seen == step:
            os.kill(os.getpid(), signal.SIGKILL)

armed = False
sys.addaudithook(passed)

async def main():
    global armed
    store = await Store.open(folder / "callcenter.db", clock=SystemClock())
    files = Attachments(store, SystemClock(), folder / "attachments", Rules())

    async def pieces():
        yield b"first "
        yield b"second"

    armed = True
    kept = await files.add("customer", "1", "a.txt", pieces(), "1001")
    print(kept.id, flush=True)
    await store.close()

asyncio.run(main())
"""


async def test_killed_before_any_step_of_an_upload_no_row_is_without_its_file(tmp_path: Path) -> None:
    """kill -9 before the n-th step that the disk sees, for every n, until an upload passes whole."""
    clock = VirtualClock(SystemClock().utc() + timedelta(days=2))
    for step in range(1, 40):
        folder = tmp_path / str(step)
        folder.mkdir()
        with_tables(folder / "callcenter.db")
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", UPLOAD, str(folder), str(step)], capture_output=True, check=False
        )
        store = await Store.open(folder / "callcenter.db", clock=clock)
        try:
            files = attachments(store, clock, folder)
            kept = await files.of("customer", "1")
            for one in kept:
                assert files.path(one).read_bytes() == b"first second"
            left = files_in(folder / "attachments")
            assert await files.sweep() == len(left) - len(kept)
            assert len(files_in(folder / "attachments")) == len(kept)
        finally:
            await store.close()
        if done.returncode == 0:
            assert len(kept) == 1
            assert step > 4, "the steps were not seen"
            return
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    pytest.fail("no upload passed")


# ---- names and kinds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\fakepath\\合同 1.docx", "合同 1.docx"),
        ("/etc/shadow", "shadow"),
        ("..", "file"),
        ("...", "file"),
        ("", "file"),
        ("a\0b.txt", "ab.txt"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ('a<b>:"|?*.html', "a_b______.html"),
        ("..%2f..%2fpasswd", "%2f..%2fpasswd"),
        ("x" * 300 + ".pdf", "x" * (MOST_NAME - 4) + ".pdf"),
        ("x" * 300, "x" * MOST_NAME),
    ],
)
def test_a_name_is_made_harmless(given_name: str, shown: str) -> None:
    assert cleaned(given_name) == shown


@given(st.text(max_size=400))
@example("con .txt")
def test_no_name_is_a_path_or_hides_anything(name: str) -> None:
    shown = cleaned(name)
    assert 0 < len(shown) <= MOST_NAME + 1
    assert not set(shown) & set('/\\\0<>:"|?*')
    assert shown not in (".", "..")
    assert not any(unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp") for sign in shown)
    assert cleaned(shown) == shown


def zipped(*names: str) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in names:
            archive.writestr(name, "x" * 100)
    return written.getvalue()


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(60), "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(60), "image/jpeg"),
        (b"%PDF-1.7\n", "application/pdf"),
        (zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"),
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (zipped("a.txt"), "application/zip"),
        (b"MZ" + bytes(100), "application/x-msdownload"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "text/plain"),
        (b"GIF89a=1;alert(1)", "image/gif"),  # a polyglot is shown as the picture that it is no script of
        ("你好".encode(), "text/plain"),
        ("你好".encode("gb18030"), "text/plain"),
        (("你" * 5000).encode()[:8192], "text/plain"),
        (bytes(range(256)), "application/octet-stream"),
        (b"\xff\xfe\xfd", "application/octet-stream"),
    ],
)  # fmt: skip
def test_what_a_file_is_its_octets_say(octets: bytes, kind: str) -> None:
    assert kind_of(octets[:8192]) == kind


@given(st.binary(max_size=300) | st.sampled_from([b"PK\x03\x04", b"RIFF", b"\0\0\0\x18ftyp", b"\x1aE\xdf\xa3"]).flatmap(
    lambda head: st.binary(max_size=200).map(lambda rest: head + rest)
))  # fmt: skip
def test_no_octets_do_more_than_be_some_kind(octets: bytes) -> None:
    assert "/" in kind_of(octets)


def test_only_a_hash_is_a_place(tmp_path: Path) -> None:
    for name in ("../x", "", "A" * 64, "0" * 63, "0" * 64 + "\n", "/etc/passwd"):
        with pytest.raises(ValueError, match="SHA-256"):
            Blobs(tmp_path).path(name)
