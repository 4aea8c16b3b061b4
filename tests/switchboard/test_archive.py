"""What becomes of recordings after their calls, with a real store and real files; the disk and the clock are ours."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from callcenterd import sealed
from callcenterd.bus import Bus
from callcenterd.errors import NotFound
from callcenterd.media.codecs import g711
from callcenterd.media.recording import OpenFile, Recording, header, part_of, sealing
from callcenterd.model import events
from callcenterd.model.calls import CallRecord, FinishingState, RecordingFormat, RecordingRecord
from callcenterd.model.ids import CallId, RecordingId
from callcenterd.sealed import add_key, read_keys
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from callcenterd.switchboard import archive as archives
from callcenterd.switchboard.archive import Archive, Rules
from callcenterd.worker.pool import JobFailed, JobLost, Worker
from tests.kit.database import with_tables
from tests.kit.tones import tone
from tests.kit.virtual import START, VirtualClock

SECOND = np.repeat(g711.encode(tone(440, 1.0), g711.PCMA), 2).tobytes()


@dataclass
class Bench:
    """As the worker, in this process. fails: raised for the next jobs, in their order; None: the job is done."""

    fails: list[BaseException | None] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    jobs: int = 0

    async def run(self, job: Callable[..., Any], *arguments: Any, timeout: float = 60.0) -> Any:
        self.jobs += 1
        fault = self.fails.pop(0) if self.fails else None
        if fault is not None:
            raise fault
        self.before()
        try:
            return await asyncio.to_thread(job, *arguments)
        except Exception as raised:
            raise JobFailed("job", f"{type(raised).__name__}: {raised}", type(raised).__name__) from None


@dataclass
class Room:
    """A store, a folder and an archive whose looks are taken by the test."""

    store: Store
    folder: Path
    clock: VirtualClock
    bus: Bus
    bench: Bench
    rules: Rules
    live: set[CallId]
    free: int = 10**12

    def __post_init__(self) -> None:
        self.told: list[events.RecordingAlarm] = []
        self.bus.listen(events.RecordingAlarm, self.told.append)
        self.archive = self.opened()

    def opened(self) -> Archive:
        """As after a start."""
        return Archive(
            store=self.store,
            bus=self.bus,
            clock=self.clock,
            worker=cast(Worker, self.bench),
            folder=self.folder,
            rules=self.rules,
            live=lambda: self.live,
            free=lambda _: self.free,
        )

    async def look(self) -> None:
        await self.archive.look()

    async def keep(self, name: str = "c-1", seconds: int = 2, opener: OpenFile | None = None) -> RecordingId:
        """A recording that is whole, of a call that is over."""
        recording, path = await self.begin(name)
        with Recording(path, opener or self.archive.open_new) as writing:
            for _ in range(seconds):
                writing.append(SECOND)
        octets = path.read_bytes()
        await self.store.recordings.finish(
            recording,
            finished_at=START,
            seconds=float(seconds),
            octets=len(octets),
            sha256=hashlib.sha256(octets).hexdigest(),
            complete=True,
        )
        return recording

    async def begin(self, name: str) -> tuple[RecordingId, Path]:
        call, recording = CallId(name.partition("-")[0]), RecordingId(name)
        with contextlib.suppress(CannotStore):
            await self.store.calls.begin(
                CallRecord(id=call, direction="inbound", caller="1", called="2", started_at=START)
            )
        relative = f"2026/08/{name}{self.archive.ending}"
        await self.store.recordings.begin(RecordingRecord(id=recording, call_id=call, path=relative, started_at=START))
        (self.folder / "2026/08").mkdir(parents=True, exist_ok=True)
        return recording, self.folder / relative

    async def record(self, name: str = "c-1") -> RecordingRecord:
        return await self.store.recordings.get(RecordingId(name))

    async def state(self, name: str = "c-1") -> tuple[FinishingState, RecordingFormat]:
        record = await self.record(name)
        return record.finishing, record.format

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@contextlib.asynccontextmanager
async def room(folder: Path, rules: Rules | None = None) -> AsyncIterator[Room]:
    clock = VirtualClock()
    store = await Store.open(with_tables(folder / "callcenter.db"), clock=clock)
    (folder / "recordings").mkdir()
    try:
        yield Room(store, folder / "recordings", clock, Bus(), Bench(), rules or Rules(), set())
    finally:
        await store.close()


async def heard(archive: Archive, recording: RecordingId) -> bytes:
    """What somebody who plays it gets."""
    found = await archive.find(recording)
    if not found.sealed:
        return found.path.read_bytes()
    got = bytearray()

    async def take(octets: bytes) -> None:
        got.extend(octets)

    await archive.read(found, 0, found.octets, take)
    assert len(got) == found.octets
    return bytes(got)


@pytest.mark.parametrize("wanted", ["opus", "mp3", "wav"])
async def test_a_recording_is_finished_after_its_call(tmp_path: Path, wanted: RecordingFormat) -> None:
    async with room(tmp_path, Rules(format=wanted)) as desk:
        name = await desk.keep()
        before = await desk.record()
        await desk.look()
        after = await desk.record()
        assert await desk.state() == ("done", wanted)
        assert desk.names() == [f"c-1.{wanted}", "c-1.peaks"] if wanted < "peaks" else ["c-1.peaks", f"c-1.{wanted}"]
        octets = await heard(desk.archive, name)
        assert (after.octets, after.sha256) == (len(octets), hashlib.sha256(octets).hexdigest())
        if wanted != "wav":
            assert (after.original_octets, after.original_sha256) == (before.octets, before.sha256)
        counters = desk.archive.counters()
        assert (counters["recordings_finished_total"], counters["recordings_unfinished"]) == (1, 0)
        await desk.look()
        assert desk.bench.jobs == 1, "nothing is done twice"


async def test_many_are_finished_one_after_the_other_the_oldest_first(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        for n in range(5):
            await desk.keep(f"c{n}-1", seconds=1)
        await desk.look()
        assert [await desk.state(f"c{n}-1") for n in range(5)] == [("done", "opus")] * 5
        assert desk.bench.jobs == 5


def ending(subject: Any, method: str, does_it: bool) -> Callable[..., Any]:
    """A method in which the server is ended, before or after it has done its work."""
    true = getattr(subject, method)

    async def ended(*arguments: Any, **named: Any) -> None:
        if does_it:
            await true(*arguments, **named)
        raise asyncio.CancelledError

    return ended


async def test_wherever_the_server_ends_the_recording_plays_and_is_finished_at_the_next_start(tmp_path: Path) -> None:
    """Before the job, in it, after it, after the store knows it, and after the old file is gone."""
    for n, (moment, does_it) in enumerate([("job", False), ("replace", False), ("replace", True), ("settle", False)]):
        folder = tmp_path / str(n)
        folder.mkdir()
        async with room(folder) as desk:
            name = await desk.keep()
            with pytest.MonkeyPatch.context() as patch:
                if moment == "job":
                    desk.bench.fails = [asyncio.CancelledError()]
                else:
                    patch.setattr(desk.store.recordings, moment, ending(desk.store.recordings, moment, does_it))
                with pytest.raises(asyncio.CancelledError):
                    await desk.look()
            again = desk.opened()
            assert len(await heard(again, name)) > 1000, moment
            desk.archive = desk.opened()
            await desk.look()
            assert await desk.state() == ("done", "opus")
            assert desk.names() == ["c-1.opus", "c-1.peaks"], moment


async def test_who_plays_the_old_file_goes_on_with_it_and_later_gets_the_new_one(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        name = await desk.keep()
        old = await heard(desk.archive, name)
        await desk.look()
        assert await desk.state() == ("kept", "opus")
        assert await heard(desk.archive, name) == old, "the next part of the same file"
        desk.clock.move(archives.PLAYED_SECONDS - 1)
        await desk.look()
        assert await heard(desk.archive, name) == old
        desk.clock.move(archives.PLAYED_SECONDS + 1)
        await desk.look()
        assert desk.names() == ["c-1.opus", "c-1.peaks"]
        assert (await heard(desk.archive, name))[:4] == b"OggS"


async def test_playing_while_it_is_swapped_never_fails(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        names = [await desk.keep(f"c{n}-1", seconds=1) for n in range(6)]
        asked = 0

        async def ask() -> None:
            nonlocal asked
            while not working.done():
                for name in names:
                    assert len(await heard(desk.archive, name)) > 500
                    asked += 1
                    await asyncio.sleep(0)

        async def work() -> None:
            for _ in range(40):
                desk.clock.move(archives.PLAYED_SECONDS / 2)
                await desk.look()

        working = asyncio.ensure_future(work())
        await asyncio.gather(working, *(ask() for _ in range(3)))
        assert asked > 50
        desk.clock.move(archives.PLAYED_SECONDS * 2)
        await desk.look()
        assert desk.names() == sorted([f"c{n}-1.{kind}" for n in range(6) for kind in ("opus", "peaks")])


# ---- what goes wrong ------------------------------------------------------------------------------------------


async def test_what_cannot_be_read_stays_as_it_was_written_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep("a-1")
        (desk.folder / "2026/08/a-1.wav").write_bytes(b"no sound at all")
        await desk.keep("b-1")
        (desk.folder / "2026/08/b-1.wav").unlink()
        await desk.keep("c-1")
        await desk.look()
        assert [await desk.state(f"{name}-1") for name in "abc"] == [
            ("failed", "wav"),
            ("failed", "wav"),
            ("done", "opus"),
        ]
        assert desk.archive.counters()["recordings_unfinishable_total"] == 2
        assert (desk.folder / "2026/08/a-1.wav").read_bytes() == b"no sound at all"
        assert desk.told == []


async def test_a_full_disk_is_one_alarm_and_the_work_goes_on_when_there_is_room(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep("a-1")
        await desk.keep("b-1")
        full = JobFailed("finish", "OSError: [Errno 28] No space left on device", "OSError")
        for _ in range(3):
            desk.bench.fails = [full]
            await desk.look()
        assert desk.bench.jobs == 3, "a full disk is asked once a look, not once a recording"
        assert [(alarm.kind, alarm.raised) for alarm in desk.told] == [("worker", True)]
        assert await desk.state("a-1") == ("waiting", "wav")
        await desk.look()
        assert [await desk.state(f"{name}-1") for name in "ab"] == [("done", "opus")] * 2
        assert [(alarm.kind, alarm.raised) for alarm in desk.told] == [("worker", True), ("worker", False)]
        assert desk.archive.alarms() == []


async def test_a_recording_that_kills_the_worker_is_left_alone_after_three_tries(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep("a-1")
        await desk.keep("b-1")
        for _ in range(3):
            desk.bench.fails = [JobLost("finish", "its process died")]
            await desk.look()
        assert [await desk.state(f"{name}-1") for name in "ab"] == [("failed", "wav"), ("done", "opus")]


async def test_a_worker_that_does_not_start_is_no_recordings_fault(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep()
        for _ in range(5):
            desk.bench.fails = [JobFailed("finish", "the worker cannot start")]
            await desk.look()
        assert await desk.state() == ("waiting", "wav")
        await desk.look()
        assert await desk.state() == ("done", "opus")


async def test_low_room_is_told_once_and_taken_back_once(tmp_path: Path) -> None:
    async with room(tmp_path, Rules(keep_free_mb=1000)) as desk:
        for free in (2000, 999, 500, 1050, 900, 1101, 999):
            desk.free = free * 10**6
            await desk.archive.measure()
        assert [alarm.raised for alarm in desk.told] == [True, False, True]
        assert desk.told[0].why == "999 MB are free, 1000 MB are to be"
        assert [alarm.kind for alarm in desk.archive.alarms()] == ["space"]
        assert desk.archive.counters()["recordings_free_bytes"] == 999 * 10**6


async def test_failed_recordings_are_one_alarm_until_a_later_one_is_whole(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:

        def started(name: str) -> None:
            desk.clock.move(1)
            desk.bus.publish(
                events.RecordingStarted(
                    at=desk.clock.utc(), recording=RecordingId(name), call=CallId("c"), path=f"{name}.wav"
                )
            )

        def failed(name: str) -> None:
            desk.bus.publish(
                events.RecordingFailed(
                    at=desk.clock.utc(), recording=RecordingId(name), call=CallId("c"), why="No space left on device"
                )
            )

        def closed(name: str, *, complete: bool) -> None:
            desk.bus.publish(
                events.RecordingFinished(
                    at=desk.clock.utc(), recording=RecordingId(name), call=CallId("c"),
                    seconds=1.0, octets=100, sha256="x", complete=complete,
                )
            )  # fmt: skip

        for name in ("early", "one", "two"):
            started(name)
        for name in ("one", "two"):
            failed(name)
        closed("early", complete=True)  # small enough to have got through: proves nothing
        closed("one", complete=False)
        assert [(alarm.kind, alarm.why, alarm.raised) for alarm in desk.told] == [
            ("failed", "No space left on device", True)
        ]
        started("later")
        closed("later", complete=True)
        assert [alarm.raised for alarm in desk.told] == [True, False]
        failed("two")
        assert [alarm.raised for alarm in desk.told] == [True, False, True]


# ---- after a crash --------------------------------------------------------------------------------------------


async def test_what_a_crash_or_a_full_disk_left_open_is_repaired_and_finished(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        name, path = await desk.begin("c-1")
        part_of(path).write_bytes(header(-1) + SECOND * 2)
        await desk.look()
        assert part_of(path).exists(), "its call is not over as far as the store knows"
        await desk.store.recordings.finish(
            name, finished_at=START, seconds=0.0, octets=None, sha256=None, complete=False
        )
        desk.live.add(CallId("c"))
        await desk.look()
        assert part_of(path).exists(), "its call is on the line"
        desk.live.clear()
        await desk.look()
        record = await desk.record()
        assert (record.seconds, record.complete, record.finishing, record.format) == (2.0, False, "done", "opus")


async def test_what_is_not_there_at_all_is_settled(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        name, _ = await desk.begin("c-1")
        await desk.store.recordings.finish(
            name, finished_at=START, seconds=0.0, octets=None, sha256=None, complete=False
        )
        await desk.look()
        assert (await desk.record()).octets == 0
        with pytest.raises(NotFound):
            await desk.archive.find(name)
        assert desk.bench.jobs == 0


# ---- sealed ---------------------------------------------------------------------------------------------------


def rules_with_key(folder: Path) -> Rules:
    add_key(folder / "keys")
    return Rules(key_file=folder / "keys")


async def test_a_sealed_recording_is_finished_sealed_and_plays(tmp_path: Path) -> None:
    async with room(tmp_path, rules_with_key(tmp_path)) as desk:
        name = await desk.keep(seconds=3)
        assert (await heard(desk.archive, name))[:4] == b"RIFF"
        desk.clock.move(archives.PLAYED_SECONDS + 1)
        await desk.look()
        assert desk.names() == ["c-1.opus.sealed", "c-1.peaks"]
        assert all(sealed.is_sealed(path) for path in desk.folder.rglob("*") if path.is_file())
        assert (await heard(desk.archive, name))[:4] == b"OggS"
        found = await desk.archive.find(name)
        whole, got = await heard(desk.archive, name), bytearray()

        async def take(octets: bytes) -> None:
            got.extend(octets)

        await desk.archive.read(found, 100, 777, take)
        assert bytes(got) == whole[100:777]
        seconds, values = await desk.archive.peaks(await desk.record(), 800)
        assert (seconds, len(values)) == (3.0, 60)


async def test_after_the_keys_were_changed_old_and_new_recordings_play(tmp_path: Path) -> None:
    async with room(tmp_path, rules_with_key(tmp_path)) as desk:
        await desk.keep("a-1")
        await desk.look()
        add_key(tmp_path / "keys")
        await desk.look()
        await desk.keep("b-1")
        await desk.look()
        assert len({path.read_bytes()[8:16] for path in desk.folder.rglob("*.opus.sealed")}) == 2, "two keys"
        for name in ("a-1", "b-1"):
            assert (await heard(desk.archive, RecordingId(name)))[:4] == b"OggS"


async def test_without_its_key_nothing_is_recorded_in_plain_and_one_alarm_is_raised_until_it_is_back(
    tmp_path: Path,
) -> None:
    rules = rules_with_key(tmp_path)
    async with room(tmp_path, rules) as desk:
        await desk.keep("a-1")
        (tmp_path / "keys").rename(tmp_path / "away")
        desk.archive = desk.opened()
        for _ in range(3):
            await desk.look()
        assert [(alarm.kind, alarm.raised) for alarm in desk.told] == [("key", True)]
        assert "cannot be read" in desk.told[0].why
        assert await desk.state("a-1") == ("waiting", "wav")
        with pytest.raises(OSError, match="no key"):
            desk.archive.open_new(desk.folder / "x.wav.part")
        assert not (desk.folder / "x.wav.part").exists()
        (tmp_path / "away").rename(tmp_path / "keys")
        await desk.look()
        assert [alarm.raised for alarm in desk.told] == [True, False]
        assert await desk.state("a-1") == ("done", "opus")
        await desk.keep("b-1")


async def test_one_recording_whose_key_is_lost_keeps_no_other_waiting(tmp_path: Path) -> None:
    rules = rules_with_key(tmp_path)
    add_key(tmp_path / "lost")
    async with room(tmp_path, rules) as desk:
        await desk.keep("a-1", opener=sealing(read_keys(tmp_path / "lost")))
        await desk.keep("b-1")
        for _ in range(4):
            await desk.look()
        assert await desk.state("a-1") == ("waiting", "wav")
        assert await desk.state("b-1") == ("done", "opus")
        assert [(alarm.kind, alarm.raised) for alarm in desk.told] == [("key", True)]


# ---- peaks ----------------------------------------------------------------------------------------------------


async def test_peaks_are_made_once_when_they_are_asked_for_before_their_time(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep(seconds=4)
        record = await desk.record()
        answers = await asyncio.gather(*(desk.archive.peaks(record, 800) for _ in range(5)))
        assert desk.bench.jobs == 1
        assert {(seconds, len(values)) for seconds, values in answers} == {(4.0, 80)}


async def test_fewer_peaks_are_the_highest_of_their_shares(tmp_path: Path) -> None:
    async with room(tmp_path, Rules(format="wav")) as desk:
        await desk.keep(seconds=4)
        await desk.look()
        record = await desk.record()
        _, all_of_them = await desk.archive.peaks(record, 20_000)
        for points in (1, 7, 79, 80, 81):
            _, some = await desk.archive.peaks(record, points)
            assert len(some) == min(points, 80)
            assert some.max() == all_of_them.max()
            assert set(some[:, 0].tolist()) <= set(all_of_them[:, 0].tolist())


async def test_a_recording_that_is_gone_has_no_peaks(tmp_path: Path) -> None:
    async with room(tmp_path) as desk:
        await desk.keep()
        record = await desk.record()
        (desk.folder / record.path).unlink()
        with pytest.raises(NotFound):
            await desk.archive.peaks(record, 800)
