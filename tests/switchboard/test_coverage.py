"""Every second that was to be recorded is in the recording; every file has an owner, and every owner the file."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenterd.media.facts import RecordingClosed
from callcenterd.model.calls import CallRecord, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.store.database import Store
from callcenterd.switchboard import coverage
from callcenterd.switchboard.custody import Custody
from tests.kit.database import with_tables
from tests.kit.office import Office, in_virtual_time, office
from tests.kit.virtual import START, VirtualClock
from tests.switchboard.test_queue_call import conversation


def counted(desk: Office) -> tuple[float, float]:
    counters = desk.board.counters()
    return counters["recordings_uncovered_total"], counters["recordings_missing_seconds_total"]


def shorten(desk: Office, seconds: float) -> None:
    """The media room keeps so much less than it was told to."""
    plain = desk.sound.tell

    def tell(fact: object) -> None:
        if isinstance(fact, RecordingClosed):
            fact = RecordingClosed(
                fact.recording, fact.path, fact.seconds - seconds, fact.octets, fact.sha256, fact.complete
            )
        plain(fact)  # type: ignore[arg-type]  # whatever it was

    desk.sound.tell = tell


@pytest.mark.parametrize("what", ["plain", "hold", "pause", "transfer"])
def test_what_happens_in_a_conversation_takes_no_second_from_its_recording(what: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002")
            call, caller, phone = await conversation(desk)
            await desk.wait(20)
            if what == "hold":
                desk.board.desk.hold(call, "1001")
                await desk.wait(30)
                desk.board.desk.take_back(call, "1001")
            elif what == "pause":
                desk.board.desk.pause_recording(call, "1001")
                await desk.wait(30)
                desk.board.desk.resume_recording(call, "1001")
            elif what == "transfer":
                desk.line.refers(phone, "1002")
                await desk.settle()
                desk.line.picks_up(desk.line.rung("1002"))
                await desk.wait(30)
            await desk.wait(10)
            desk.line.hangs_up(caller)
            await desk.wait(61)
            assert len(desk.memory.kept_recordings) == 1
            assert counted(desk) == (0, 0)
            assert desk.board.coverage.alarm() is None

    story()


@in_virtual_time
async def test_a_recording_that_is_shorter_than_its_conversation_is_told_for_an_hour_and_counted() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        shorten(desk, 5)
        _, caller, _ = await conversation(desk)
        await desk.wait(40)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert counted(desk) == pytest.approx((1, 5), abs=0.2)
        assert desk.board.coverage.alarm() == "a conversation is not in them as a whole"
        await desk.wait(coverage.SHOWN_SECONDS + 1)
        assert desk.board.coverage.alarm() is None
        assert counted(desk)[0] == 1


@in_virtual_time
async def test_a_recording_that_ends_in_the_midst_of_its_conversation_lacks_the_rest() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        await desk.wait(20)
        (take,) = desk.sound.takes
        desk.sound.tell(RecordingClosed(take.recording, take.path, 20.0, 1044, "0" * 64, complete=True))
        await desk.wait(30)
        assert counted(desk) == (0, 0), "nobody knows yet when it is over"
        desk.line.hangs_up(caller)
        await desk.settle()
        assert counted(desk) == pytest.approx((1, 30), abs=0.2)


@in_virtual_time
async def test_a_recording_that_is_never_closed_is_as_good_as_none() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        plain = desk.sound.tell
        desk.sound.tell = lambda fact: None if isinstance(fact, RecordingClosed) else plain(fact)
        _, caller, _ = await conversation(desk)
        await desk.wait(20)
        desk.line.hangs_up(caller)
        await desk.wait(59)
        assert counted(desk) == (0, 0)
        await desk.wait(2)
        assert counted(desk) == pytest.approx((1, 20), abs=0.2)
        (take,) = desk.sound.takes
        plain(RecordingClosed(take.recording, take.path, 20.0, 1044, "0" * 64, complete=True))


# ---- files and owners ------------------------------------------------------------------------------------


@pytest.fixture
async def kept(tmp_path: Path) -> AsyncIterator[tuple[Store, Custody, Path]]:
    clock = VirtualClock()
    store = await Store.open(with_tables(tmp_path / "callcenter.db"), clock=clock)
    folder = tmp_path / "recordings"
    folder.mkdir()
    yield store, Custody(store, clock, folder), folder
    await store.close()


def lay(folder: Path, path: str, *, hours_old: float) -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(b"sound")
    at = START.timestamp() - hours_old * 3600
    os.utime(folder / path, (at, at))


async def keep(store: Store, name: str, path: str, octets: int | None = 5) -> None:
    call = CallId(f"call {name}")
    await store.calls.begin(CallRecord(id=call, direction="inbound", caller="1", called="2", started_at=START))
    await store.recordings.begin(RecordingRecord(id=RecordingId(name), call_id=call, path=path, started_at=START))
    if octets is not None:
        await store.recordings.finish(
            RecordingId(name), finished_at=START, seconds=1.0, octets=octets, sha256="0" * 64, complete=True
        )


async def test_files_without_an_owner_and_owners_without_a_file_are_found(kept: tuple[Store, Custody, Path]) -> None:
    store, custody, folder = kept
    for name in ("whole", "lost", "gone with its day"):
        await keep(store, name, f"2026/08/0{len(name) % 3 + 1}/{name}.wav")
    await keep(store, "open", "2026/08/02/open.wav", None)
    await keep(store, "never written", "2026/08/02/never.wav", 0)
    lay(folder, "2026/08/03/whole.wav", hours_old=30)
    lay(folder, "2026/08/03/stranger.wav", hours_old=30)
    lay(folder, "2026/07/01/old stranger.wav", hours_old=900)
    lay(folder, "2026/08/03/young.wav", hours_old=0.5)
    lay(folder, "2026/08/03/whole.peaks", hours_old=20)
    lay(folder, "2026/08/02/open.wav.part", hours_old=20)
    await custody.look(between=0)
    assert custody.orphans == ("2026/07/01/old stranger.wav", "2026/08/03/stranger.wav")
    assert custody.missing == ("2026/08/02/lost.wav", "2026/08/03/gone with its day.wav")
    assert custody.counters() == {"recordings_orphans": 2, "recordings_missing": 2}
    assert custody.alarms() == ["2 files belong to no call", "2 files are not there"]


async def test_what_is_put_right_is_well_at_the_next_look(kept: tuple[Store, Custody, Path]) -> None:
    store, custody, folder = kept
    await keep(store, "lost", "2026/08/02/lost.wav")
    await custody.look(between=0)
    assert custody.alarms() == ["1 files are not there"]
    lay(folder, "2026/08/02/lost.wav", hours_old=2)
    await custody.look(between=0)
    assert custody.alarms() == []


async def test_a_file_that_is_being_replaced_has_an_owner_under_both_names(kept: tuple[Store, Custody, Path]) -> None:
    store, custody, folder = kept
    await keep(store, "two", "2026/08/02/two.wav")
    for ending in ("wav", "opus"):
        lay(folder, f"2026/08/02/two.{ending}", hours_old=2)
    record = await store.recordings.get(RecordingId("two"))
    await store.recordings.replace(record, path="2026/08/02/two.opus", kind="opus", octets=5, sha256="1" * 64)
    await custody.look(between=0)
    assert (custody.orphans, custody.missing) == ((), ())
    await store.recordings.settle(RecordingId("two"), "done")
    await custody.look(between=0)
    assert custody.orphans == ("2026/08/02/two.wav",), "it should have been removed"
