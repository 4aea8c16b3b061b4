"""The recording threads: everything asked for is done, a bad disk is told once, and the tick never waits."""

from __future__ import annotations

import threading
from pathlib import Path

from callcenterd.clock import SystemClock
from callcenterd.media.facts import MediaFact, RecordingClosed, RecordingFailed
from callcenterd.media.recording import DiskFile, File, part_of, repair
from callcenterd.media.writer import Writer
from callcenterd.model.ids import RecordingId
from tests.kit.tones import read_stereo_alaw

ONE = RecordingId("one")


def written(tmp_path: Path, writer: Writer, blocks: int = 3) -> Path:
    path = tmp_path / "2026/11/25/one.wav"
    writer.start()
    writer.begin(ONE, path)
    for _ in range(blocks):
        writer.append(ONE, b"\xd5" * 16000)
    writer.end(ONE)
    writer.stop()
    return path


def test_a_recording_is_whole_when_it_is_told_closed(tmp_path: Path) -> None:
    told: list[MediaFact] = []
    path = written(tmp_path, Writer(SystemClock(), told.append))
    [closed] = told
    assert isinstance(closed, RecordingClosed)
    assert (closed.seconds, closed.complete, closed.octets) == (3.0, True, path.stat().st_size)
    assert len(read_stereo_alaw(path)[0]) == 24000


def test_a_folder_that_cannot_be_made_is_told_and_the_closing_too(tmp_path: Path) -> None:
    (tmp_path / "2026").write_text("a file where a folder should be")
    told: list[MediaFact] = []
    written(tmp_path, Writer(SystemClock(), told.append))
    assert [type(fact) for fact in told] == [RecordingFailed, RecordingClosed]
    assert isinstance(told[1], RecordingClosed)
    assert not told[1].complete


class FullDisk(DiskFile):
    """Takes a second and a half, then is full."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.room = 30000

    def write(self, octets: bytes) -> None:
        if len(octets) > self.room:
            super().write(octets[: self.room])
            raise OSError(28, "No space left on device")
        self.room -= len(octets)
        super().write(octets)


def test_a_full_disk_is_told_once_and_what_was_written_is_whole(tmp_path: Path) -> None:
    told: list[MediaFact] = []
    path = written(tmp_path, Writer(SystemClock(), told.append, FullDisk))
    assert told[0] == RecordingFailed(ONE, "No space left on device")
    assert isinstance(told[1], RecordingClosed)
    assert (told[1].complete, told[1].seconds, len(told)) == (False, 1.0, 2)
    assert len(read_stereo_alaw(path)[0]) == 8000


def test_a_disk_that_stands_still_costs_sound_not_memory(tmp_path: Path) -> None:
    told: list[MediaFact] = []
    gate = threading.Event()

    class Standing(DiskFile):
        def write(self, octets: bytes) -> None:
            gate.wait(10)
            super().write(octets)

    def opened(path: Path) -> File:
        return Standing(path)

    writer = Writer(SystemClock(), told.append, opened, most_waiting=40000)
    writer.start()
    writer.begin(ONE, tmp_path / "one.wav")
    for _ in range(10):
        writer.append(ONE, b"\xd5" * 16000)
    gate.set()
    writer.end(ONE)
    writer.stop()
    assert told[0] == RecordingFailed(ONE, "the disk is too slow")
    assert isinstance(told[-1], RecordingClosed)
    assert not told[-1].complete


def test_what_was_not_ended_stays_a_part(tmp_path: Path) -> None:
    writer = Writer(SystemClock(), lambda _: None)
    writer.start()
    writer.begin(ONE, tmp_path / "one.wav")
    writer.append(ONE, b"\xd5" * 16000)
    writer.stop()
    assert part_of(tmp_path / "one.wav").stat().st_size == 58 + 16000


class CannotBeClosed(DiskFile):
    """Takes everything, and then does not get its name."""

    def publish(self, path: Path) -> None:
        raise OSError(28, "No space left on device")


def test_what_cannot_be_closed_is_told_and_stays_a_part_for_the_repair(tmp_path: Path) -> None:
    told: list[MediaFact] = []
    path = written(tmp_path, Writer(SystemClock(), told.append, CannotBeClosed))
    assert told == [RecordingClosed(ONE, path, 0.0, 0, "", complete=False)]
    assert repair(path).seconds == 3.0
    assert len(read_stereo_alaw(path)[0]) == 24000
