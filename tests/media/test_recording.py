"""Recordings keep what was appended, whichever write fails and wherever a crash cuts them."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd import sealed
from callcenterd.errors import LocalError
from callcenterd.media.codecs import g711
from callcenterd.media.recording import (
    HEADER,
    DiskFile,
    File,
    Recording,
    SealedFile,
    header,
    measure,
    part_of,
    read_sound,
    refusing,
    repair,
    sealing,
)
from callcenterd.sealed import Keys, NoKey, Opened, id_of
from tests.kit.tones import level, read_stereo_alaw, tone

KEY = bytes(range(32))
KEYS = Keys({id_of(KEY): KEY}, id_of(KEY))
SECOND = bytes(range(250)) * 64  # 8000 frames of two octets


class FailingFiles:
    """The n-th operation on any file fails, as a disk does: it may have done half of it."""

    def __init__(self, fail_at: int) -> None:
        self.left = fail_at
        self.failed = False

    def step(self) -> bool:
        self.left -= 1
        self.failed = self.failed or self.left == 0
        return self.left == 0

    def open(self, path: Path) -> File:
        if self.step():
            raise OSError(28, "No space left on device")
        return FailingFile(DiskFile(path), self)


class FailingFile:
    def __init__(self, file: DiskFile, plan: FailingFiles) -> None:
        self._file, self._plan = file, plan

    # As DiskFile, which a sealed file writes to.
    def write(self, octets: bytes) -> None:
        if self._plan.step():
            self._file.write(octets[: len(octets) // 2 + 1])
            raise OSError(28, "No space left on device")
        self._file.write(octets)

    def write_at(self, octets: bytes, offset: int) -> None:
        self._may_fail()
        self._file.write_at(octets, offset)

    def cut(self, octets: int) -> None:
        self._may_fail()
        self._file.cut(octets)

    def sync(self) -> None:
        self._may_fail()
        self._file.sync()

    def publish(self, path: Path) -> None:
        self._may_fail()
        self._file.publish(path)

    def close(self) -> None:
        self._file.close()

    def _may_fail(self) -> None:
        if self._plan.step():
            raise OSError(5, "Input/output error")


def test_whichever_operation_fails_the_recording_keeps_what_was_appended(tmp_path: Path) -> None:
    for n in itertools.count(1):
        files, path, appended = FailingFiles(n), tmp_path / f"{n}.wav", 0
        with contextlib.suppress(OSError), Recording(path, files.open) as recording:
            for _ in range(5):
                recording.append(SECOND)
                appended += len(SECOND)
                recording.sync()
        if n > 2:  # the file itself and its header were made
            kept = repair(path)
            assert kept.octets - HEADER >= appended, f"operation {n} failed"
            assert path.read_bytes()[HEADER : HEADER + appended] == SECOND * (appended // len(SECOND))
        if not files.failed:
            break
    assert n > 10


@given(cut=st.integers(0, HEADER + 3 * len(SECOND)))
@settings(max_examples=40, deadline=None)
def test_wherever_a_crash_cuts_a_part_it_is_whole_afterwards(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "one.wav"
    part_of(path).write_bytes((header(-1) + SECOND * 3)[:cut])
    kept = repair(path)
    frames = max(0, cut - HEADER) // 2
    assert kept.seconds == frames / 8000
    left, _ = read_stereo_alaw(path)
    assert len(left) == frames
    assert not part_of(path).exists()


def test_a_foreign_reader_plays_a_recording_and_even_its_part(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    recording = Recording(path)
    both = np.stack([g711.encode(tone(440, 2), g711.PCMA), g711.encode(tone(880, 2), g711.PCMA)], axis=1)
    recording.append(both.tobytes())
    with av.open(str(part_of(path))) as file:
        assert sum(frame.samples for frame in file.decode(audio=0)) == 16000
    recording.close()
    with av.open(str(path)) as file:
        frames = list(file.decode(audio=0))
    assert frames[0].sample_rate == 8000
    assert sum(frame.samples for frame in frames) == 16000
    left, right = read_stereo_alaw(path)
    assert (level(left, 440) > 7000, level(left, 880) < 300) == (True, True)
    assert (level(right, 880) > 7000, level(right, 440) < 300) == (True, True)


def test_repair_refuses_what_is_no_recording_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    part_of(path).write_bytes(b"GIF89a" + b"x" * 400)
    with pytest.raises(LocalError, match="not a recording of ours"):
        repair(path)
    assert part_of(path).exists()


def test_repair_says_that_nothing_is_there(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="no recording"):
        repair(tmp_path / "one.wav")


def test_repair_of_a_whole_recording_only_measures_it(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    with Recording(path) as recording:
        recording.append(SECOND)
    before = path.read_bytes()
    assert repair(path) == repair(path)
    assert path.read_bytes() == before


def test_read_sound_makes_one_channel_at_eight_kilohertz(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    with Recording(path) as recording:
        recording.append(np.repeat(g711.encode(tone(440, 1), g711.PCMA), 2).tobytes())
    sound = read_sound(path)
    assert abs(len(sound) - 8000) <= 80
    assert level(sound, 440) > 7000


# ---- sealed -------------------------------------------------------------------------------------------------


def unsealed(path: Path) -> bytes:
    with Opened(path, KEYS) as opened:
        return opened.read()


def test_a_sealed_recording_holds_what_a_plain_one_does(tmp_path: Path) -> None:
    for name, opener in (("plain", DiskFile), ("sealed", sealing(KEYS))):
        with Recording(tmp_path / name, opener) as recording:
            for _ in range(3):
                recording.append(SECOND)
            recording.append(SECOND[:320])
    assert unsealed(tmp_path / "sealed") == (tmp_path / "plain").read_bytes()
    assert SECOND[:200] not in (tmp_path / "sealed").read_bytes()
    assert measure(tmp_path / "sealed").seconds == measure(tmp_path / "plain").seconds == 3.02
    assert repair(tmp_path / "sealed", KEYS) == repair(tmp_path / "sealed")  # whole: only measured, without a key


def test_whichever_operation_fails_a_sealed_recording_keeps_what_was_appended(tmp_path: Path) -> None:
    for n in itertools.count(1):
        files, path, appended = FailingFiles(n), tmp_path / f"{n}.wav", 0

        def opened(place: Path, files: FailingFiles = files) -> File:
            return SealedFile(files.open(place), KEYS)

        with contextlib.suppress(OSError), Recording(path, opened) as recording:
            for _ in range(5):
                recording.append(SECOND)
                appended += len(SECOND)
                recording.sync()
        if n > 3:  # the file itself, its head and its header were made
            repair(path, KEYS)
            kept = unsealed(path)
            assert kept[:HEADER] == header(len(kept) - HEADER)
            assert len(kept) - HEADER >= appended, f"operation {n} failed"
            assert kept[HEADER : HEADER + appended] == SECOND * (appended // len(SECOND))
        if not files.failed:
            break
    assert n > 12


@given(cut=st.integers(0, 3 * (len(SECOND) + 28) + sealed.HEAD + HEADER + 28), twice=st.booleans())
@settings(max_examples=40, deadline=None)
def test_wherever_a_crash_cuts_a_sealed_part_its_whole_chunks_are_there(
    tmp_path_factory: pytest.TempPathFactory, cut: int, twice: bool
) -> None:
    path = tmp_path_factory.mktemp("cut") / "one.wav"
    file = sealing(KEYS)(part_of(path))
    for octets in (header(-1), SECOND, SECOND, SECOND):
        file.write(octets)
    file.close()
    os.truncate(part_of(path), cut)
    if twice and cut >= sealed.HEAD:  # a repair that was cut off itself, in the middle of the header
        with sealed.Mending(part_of(path), KEYS) as mending:
            mending.close_with(header(0))
        with part_of(path).open("r+b") as torn:
            torn.seek(sealed.HEAD + 20)
            torn.write(b"torn")
    kept = repair(path, KEYS)
    whole = max(0, cut - sealed.HEAD - HEADER - 28) // (len(SECOND) + 28)
    assert kept.seconds == whole
    if cut > 0:
        assert unsealed(path) == header(whole * len(SECOND)) + SECOND * whole
    assert not part_of(path).exists()


def test_without_its_key_a_sealed_part_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    file = sealing(KEYS)(part_of(path))
    file.write(header(-1))
    file.close()
    before = part_of(path).read_bytes()
    other = Keys({id_of(bytes(32)): bytes(32)}, id_of(bytes(32)))
    for keys in (None, other):
        with pytest.raises(NoKey):
            repair(path, keys)
        assert part_of(path).read_bytes() == before


def test_a_part_whose_head_was_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.wav"
    file = sealing(KEYS)(part_of(path))
    file.write(header(-1))
    file.close()
    octets = bytearray(part_of(path).read_bytes())
    octets[40] ^= 1
    part_of(path).write_bytes(octets)
    with pytest.raises(LocalError, match="not a recording of ours"):
        repair(path, KEYS)


def test_without_a_key_nothing_is_recorded_rather_than_in_plain(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no key"):
        Recording(tmp_path / "one.wav", refusing("no key"))
    gone = Keys({}, id_of(KEY))
    with pytest.raises(OSError, match=id_of(KEY).hex()):
        Recording(tmp_path / "two.wav", sealing(gone))
    assert [path.stat().st_size for path in tmp_path.iterdir()] == [0]
