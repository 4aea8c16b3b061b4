"""Many recordings as one ZIP: of what one may hear, opened where they are sealed, for a day, and only one's own."""

from __future__ import annotations

import asyncio
import csv
import io
import shutil
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from callcenterd import sealed
from callcenterd.sealed import add_key, read_keys
from callcenterd.switchboard.archive import Rules
from callcenterd.web.office import MODULES
from callcenterd.worker.pool import Worker
from tests.kit.virtual import VirtualClock
from tests.web.house import Aside, House, house
from tests.web.test_recording_list import keep, trail
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask
from tests.web.test_teams import WAV

DAY = 24 * 3600


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def full(tmp_path: Path, database: Path, clock: VirtualClock) -> AsyncIterator[House]:
    """Three recordings: 1001's, sealed; 1003's; and one whose file is gone."""
    shutil.copy(database, tmp_path / "callcenter.db")
    add_key(tmp_path / "keys")
    async with house(tmp_path, clock=clock, rules=Rules(key_file=tmp_path / "keys", keep_free_mb=0)) as opened:
        await opened.keep_call("c1", agent="1001", caller="13800000001", note="=1+1")
        await opened.keep_call("c2", agent="1003", queue="complaints", caller="../../13800000002")
        await opened.keep_call("c3", agent="1001")
        for call in ("c1", "c2", "c3"):
            await keep(opened, call)
        path = opened.recordings / "2026/08/03"
        (path / "c1-1.wav").write_bytes(b"".join(sealed.sealed(read_keys(tmp_path / "keys"), WAV)))
        (path / "c3-1.wav").unlink()
        batches = opened.app[MODULES].recording_batches
        await batches.start()
        yield opened
        await batches.stop()


async def done(office: House, login: str, number: int) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while True:
            _, said = await ask(office, login, "GET", f"/recording-batches/{number}")
            if said["state"] not in ("waiting", "running"):
                return dict(said)
            await asyncio.sleep(0.01)


async def unpacked(office: House, login: str, number: int) -> tuple[dict[str, bytes], list[list[str]]]:
    answer = await office.client.get(f"/api/v1/recording-batches/{number}/file", headers=await office.as_(login))
    assert (answer.status, answer.content_type) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    index = files.pop("index.csv")
    assert index.startswith(b"\xef\xbb\xbf"), "spreadsheets in China want the mark"
    return files, list(csv.reader(io.StringIO(index.decode("utf-8-sig"))))


async def test_all_that_a_search_finds_is_in_it_opened_named_and_listed(full: House) -> None:
    status, made = await ask(full, "chief", "POST", "/recording-batches", {"search": {"queue": "sales"}})
    assert (status, made["total"]) == (201, 2)
    said = await done(full, "chief", made["id"])
    assert (said["state"], said["done"], said["missing"]) == ("done", 1, 1), "a file that is gone is said to be"
    files, rows = await unpacked(full, "chief", made["id"])
    assert files == {"20260803-090000_13800000001_c1-1.wav": WAV}, "by the office's time and the number; opened"
    assert rows[0][:3] == ["文件", "时间", "时长（秒）"]
    (row,) = rows[1:]
    assert row[:6] == [*files, "2026-08-03 09:00:00", "1.0", "inbound", "13800000001", "02088886666"]
    assert "'=1+1" in row, "no cell is a formula"
    assert [target for _, target, _ in await trail(full, "recording.exported")] == [f"download/{made['id']}"]
    assert len(await trail(full, "recording.export_taken")) == 1


async def test_chosen_ones_are_those_that_one_may_hear_and_names_lead_nowhere(full: House) -> None:
    status, made = await ask(full, "boss", "POST", "/recording-batches", {"ids": ["c2-1", "c2-1", "nobody", "c1-1"]})
    assert (status, made["total"]) == (201, 2)
    assert (await done(full, "boss", made["id"]))["state"] == "done"
    files, _ = await unpacked(full, "boss", made["id"])
    assert sorted(files) == ["20260803-090000_13800000001_c1-1.wav", "20260803-090000_13800000002_c2-1.wav"]
    await set_role(full, "agent", give=["recording.export"])
    status, mine = await ask(full, "1003", "POST", "/recording-batches", {"ids": ["c1-1", "c2-1"]})
    assert (status, mine["total"]) == (201, 1)
    assert (await ask(full, "1003", "POST", "/recording-batches", {"ids": ["c1-1"]}))[0] == 409, "there is nothing"


async def test_a_download_is_ones_own_and_ends_after_a_day_or_when_one_wants(full: House, clock: VirtualClock) -> None:
    _, made = await ask(full, "boss", "POST", "/recording-batches", {"ids": ["c1-1"]})
    _, other = await ask(full, "boss", "POST", "/recording-batches", {"ids": ["c2-1"]})
    for one in (made, other):
        await done(full, "boss", one["id"])
    assert (await ask(full, "root", "GET", f"/recording-batches/{made['id']}"))[0] == 404
    for path in (f"{made['id']}/file", "x/file", "999/file"):
        answer = await full.client.get(f"/api/v1/recording-batches/{path}", headers=await full.as_("root"))
        assert answer.status == 404, path
    folder = full.recordings.parent / "downloads"
    assert {path.name for path in folder.iterdir()} == {"1.zip", "2.zip"}
    assert (folder / "1.zip").stat().st_mode & 0o077 == 0, "nobody else on this machine reads it"
    assert (await ask(full, "boss", "DELETE", f"/recording-batches/{other['id']}"))[0] == 204
    assert {path.name for path in folder.iterdir()} == {"1.zip"}
    clock.move(DAY)
    headers = await full.as_("boss")
    assert (await full.client.get(f"/api/v1/recording-batches/{made['id']}/file", headers=headers)).status == 404
    await full.app[MODULES].recording_batches.tidy()
    assert list(folder.iterdir()) == []
    assert [one["state"] for one in (await ask(full, "boss", "GET", "/recording-batches"))[1]["items"]] == [
        "expired",
        "expired",
    ]


async def test_what_a_stop_has_left_goes_at_the_next_start(full: House) -> None:
    batches, folder = full.app[MODULES].recording_batches, full.recordings.parent / "downloads"
    await batches.stop()
    _, made = await ask(full, "boss", "POST", "/recording-batches", {"ids": ["c1-1"]})
    (folder / f"{made['id']}.part").write_bytes(b"half")
    (folder / "stranger").write_bytes(b"x")
    again = type(batches)(
        store=full.office.store, clock=full.office.clock, archive=full.office.archive, worker=cast(Worker, Aside()),
        folder=folder, zone=full.office.timezone,
    )  # fmt: skip
    await again.start()
    assert list(folder.iterdir()) == []
    said = (await ask(full, "boss", "GET", f"/recording-batches/{made['id']}"))[1]
    assert (said["state"], said["why"]) == ("failed", "stopped")
    await again.stop()


async def test_who_may_not_or_asks_for_nonsense_gets_none(full: House) -> None:
    assert (await ask(full, "1001", "POST", "/recording-batches", {"ids": ["c1-1"]}))[0] == 403
    nonsense: tuple[dict[str, Any], ...] = (
        {},
        {"ids": []},
        {"ids": ["x"], "search": {}},
        {"ids": ["x"] * 2001},
        {"search": {"colour": 1}},
    )
    for wrong in nonsense:
        assert (await ask(full, "boss", "POST", "/recording-batches", wrong))[0] == 422, wrong
    await set_role(full, "supervisor", hidden=["phone"])
    assert (await ask(full, "boss", "POST", "/recording-batches", {"ids": ["c1-1"]}))[0] == 403
