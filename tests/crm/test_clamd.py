"""The virus check by clamd, against a server that speaks its protocol as clamd(8) describes it."""

from __future__ import annotations

import asyncio
import io
import struct
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenterd.clock import SystemClock
from callcenterd.config import Attachments as Rules
from callcenterd.crm.attachments import Attachments, FileRefused
from callcenterd.store.database import Store

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""What every virus check takes for one, and is none."""
MOST = 1 << 20


class Clamd:
    """Answers INSTREAM. strange: what it answers in place of a verdict; None: it stays silent."""

    def __init__(self, strange: bytes | None = b"") -> None:
        self.heard: list[bytes] = []
        self._strange = strange

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            said = b""
            while length := struct.unpack("!I", await reader.readexactly(4))[0]:
                said += await reader.readexactly(length)
                if len(said) > MOST:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.heard.append(said)
            if self._strange is None:
                await reader.read()
            else:
                verdict = b"stream: Eicar-Signature FOUND\0" if EICAR in said else b"stream: OK\0"
                writer.write(self._strange or verdict)
        finally:
            writer.close()


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[tuple[Clamd, str]]:
    """And the place of its socket."""
    daemon, place = Clamd(), str(tmp_path / "clamd.ctl")
    async with await asyncio.start_unix_server(daemon.talk, place):
        yield daemon, place


def attachments(store: Store, tmp_path: Path, **rules: object) -> Attachments:
    return Attachments(store, SystemClock(), tmp_path / "attachments", Rules.model_validate(rules))


async def add(files: Attachments, octets: bytes, name: str = "a.pdf") -> str:
    """Its type, or why it is refused."""

    async def pieces() -> AsyncIterator[bytes]:
        yield octets

    try:
        return (await files.add("customer", "1", name, pieces(), "1001")).type
    except FileRefused as refused:
        return refused.why


def kept(tmp_path: Path) -> int:
    return sum(1 for path in (tmp_path / "attachments").rglob("*") if path.is_file())


async def test_clamd_gets_the_octets_and_a_virus_is_not_kept(
    store: Store, tmp_path: Path, clamd: tuple[Clamd, str]
) -> None:
    daemon, place = clamd
    files = attachments(store, tmp_path, clamd=place)
    large = bytes(range(256)) * 1024
    assert await add(files, large) == "application/octet-stream"
    assert daemon.heard == [large]
    assert await add(files, EICAR) == "infected"
    assert await add(files, b"%PDF-1.7\n" + EICAR) == "infected"
    assert kept(tmp_path) == 1


async def test_clamd_may_be_at_an_address(store: Store, tmp_path: Path) -> None:
    daemon = Clamd()
    async with await asyncio.start_server(daemon.talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        files = attachments(store, tmp_path, clamd=f"127.0.0.1:{port}")
        assert await add(files, b"hello") == "text/plain"
        assert await add(files, EICAR) == "infected"


@pytest.mark.parametrize(
    "strange", [b"\0", b"UNKNOWN COMMAND\0", b"stream: Can't allocate memory ERROR\0", b"OK\0", None]
)
async def test_without_a_verdict_nothing_is_let_in(store: Store, tmp_path: Path, strange: bytes | None) -> None:
    place = str(tmp_path / "strange.ctl")
    async with await asyncio.start_unix_server(Clamd(strange).talk, place):
        files = attachments(store, tmp_path, clamd=place, scan_seconds=0.5)
        assert await add(files, b"hello") == "unchecked"
    assert await add(files, b"hello") == "unchecked"  # nobody is there any more
    assert kept(tmp_path) == 0


async def test_what_is_too_large_for_clamd_is_not_let_in(
    store: Store, tmp_path: Path, clamd: tuple[Clamd, str]
) -> None:
    files = attachments(store, tmp_path, clamd=clamd[1])
    assert await add(files, bytes(8 * MOST)) == "unchecked"
    assert kept(tmp_path) == 0


async def test_command_and_clamd_must_both_let_it_in(store: Store, tmp_path: Path, clamd: tuple[Clamd, str]) -> None:
    daemon, place = clamd
    assert await add(attachments(store, tmp_path, clamd=place, scan_command=["/bin/false"]), b"hello") == "infected"
    assert daemon.heard == []
    assert await add(attachments(store, tmp_path, clamd=place, scan_command=["/bin/true"]), EICAR) == "infected"
    assert await add(attachments(store, tmp_path, clamd=place, scan_command=["/bin/true"]), b"hello") == "text/plain"


async def test_what_unfolds_to_gigabytes_is_a_small_file_here(store: Store, tmp_path: Path) -> None:
    """A zip bomb: nothing of ours unfolds what is attached."""
    folded = io.BytesIO()
    with zipfile.ZipFile(folded, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for n in range(8):
            archive.writestr(f"{n}", bytes(8 << 20))
    assert await add(attachments(store, tmp_path, most_mb=1), folded.getvalue(), "a.zip") == "application/zip"
    (path,) = (path for path in (tmp_path / "attachments").rglob("*") if path.is_file())
    assert path.stat().st_size == len(folded.getvalue()) < 1 << 20


@pytest.mark.parametrize("wrong", ["clamd.ctl", "127.0.0.1", "127.0.0.1:99999", "example.com:3310", "/run/a b", 3310])
def test_what_is_no_place_of_a_clamd_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match="clamd"):
        Rules.model_validate({"clamd": wrong})
