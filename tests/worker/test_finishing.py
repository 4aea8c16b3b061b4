"""Finished recordings: what was said is in them, both sides in their places, whichever step fails and when repeated."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import pytest

from callcenterd import sealed
from callcenterd.media.codecs import g711
from callcenterd.media.recording import DiskFile, Recording, sealing
from callcenterd.model.calls import RecordingFormat
from callcenterd.sealed import Keys, NoKey, id_of
from callcenterd.worker import finishing
from callcenterd.worker.finishing import CannotFinish, Disk, Finished, finish_on, peaks_of, pieces, read_peaks
from tests.kit.tones import level, sweep, tone

KEY = bytes(range(32))
KEYS = Keys({id_of(KEY): KEY}, id_of(KEY))
SMALL: tuple[RecordingFormat, ...] = ("opus", "mp3")


def recorded(path: Path, seconds: float = 3.0, keys: Keys | None = None) -> Path:
    """In turns, as people speak: 440 Hz from the left, then 1 kHz from the right."""
    first, all_of_it = round(seconds / 2 * 8000), round(seconds * 8000)
    left, right = tone(440, seconds), tone(1000, seconds)
    left[first:], right[:first] = 0, 0
    assert len(left) == all_of_it
    both = np.stack([g711.encode(left, g711.PCMA), g711.encode(right, g711.PCMA)], axis=1).tobytes()
    with Recording(path, DiskFile if keys is None else sealing(keys)) as recording:
        for start in range(0, len(both), 16000):
            recording.append(both[start : start + 16000])
    return path


def sides(path: Path, keys: Keys | None = None) -> tuple[np.ndarray, np.ndarray]:
    both = np.concatenate([np.zeros((0, 2), np.int16), *pieces(path, keys)])
    return both[:, 0], both[:, 1]


@pytest.mark.parametrize("sealing_keys", [None, KEYS], ids=["plain", "sealed"])
@pytest.mark.parametrize("wanted", SMALL)
def test_a_finished_recording_has_both_sides_in_their_places_and_its_length(
    tmp_path: Path, wanted: RecordingFormat, sealing_keys: Keys | None
) -> None:
    path = recorded(tmp_path / "c-1.wav", 12.34, sealing_keys)
    done = finish_on(Disk(), path, wanted, sealing_keys)
    made = tmp_path / done.name
    assert done.name == f"c-1.{wanted}" + (".sealed" if sealing_keys else "")
    assert (done.format, done.seconds) == (wanted, 12.34)
    assert done.octets == made.stat().st_size < path.stat().st_size / 3
    assert done.sha256 == hashlib.sha256(made.read_bytes()).hexdigest()
    assert made.stat().st_mode & 0o007 == 0, "nobody else may read it"
    assert path.exists(), "who asked removes it, when the store knows the new one"
    left, right = sides(made, sealing_keys)
    assert abs(len(left) / 8000 - 12.34) <= 0.05
    half = round(6.17 * 8000)
    assert (level(left[:half], 440) > 7500, level(right[half + 400 :], 1000) > 7500) == (True, True)
    assert np.abs(left[half + 400 :]).max() < 100, "aligned and apart: silent while the other speaks"
    assert np.abs(right[800 : half - 400]).max() < 100, "in the first moments Opus learns that they are two"
    assert level(right[half : half + 400], 1000) > 4000


@pytest.mark.parametrize("wanted", SMALL)
def test_any_player_can_play_it(tmp_path: Path, wanted: RecordingFormat) -> None:
    finish_on(Disk(), recorded(tmp_path / "c-1.wav"), wanted, None)
    with av.open(str(tmp_path / f"c-1.{wanted}")) as file:
        stream = file.streams.audio[0]
        assert (stream.channels, file.format.name) == (2, {"opus": "ogg", "mp3": "mp3"}[wanted])
        assert sum(frame.samples / frame.sample_rate for frame in file.decode(stream)) == pytest.approx(3, abs=0.05)


@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.1, 1.0, 61.5])
@pytest.mark.parametrize("wanted", SMALL)
def test_recordings_of_any_length_are_finished(tmp_path: Path, seconds: float, wanted: RecordingFormat) -> None:
    path = recorded(tmp_path / "c-1.wav", seconds)
    done = finish_on(Disk(), path, wanted, None)
    assert done.seconds == seconds
    assert done.format == (wanted if seconds else "wav")
    length, peaks = read_peaks(peaks_of(path).read_bytes())
    assert (length, len(peaks)) == (seconds, -(-round(seconds * 8000) // 400))


def test_peaks_tell_how_loud_each_side_was_and_when(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav", 4.0)
    done = finish_on(Disk(), path, "wav", None)
    assert done == Finished("c-1.wav", "wav", path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest(), 4.0)
    seconds, peaks = read_peaks(peaks_of(path).read_bytes())
    assert (seconds, peaks.shape) == (4.0, (80, 2))
    for spoken, silent in ((peaks[:40, 0], peaks[40:, 0]), (peaks[40:, 1], peaks[:40, 1])):
        assert (np.abs(spoken.astype(int) - (8000 >> 7)) <= 2).all()
        assert (silent == 0).all()


def test_peaks_alone_are_made_of_a_recording_that_is_small_already(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav", 4.0)
    done = finish_on(Disk(), path, "opus", None)
    true = read_peaks(peaks_of(path).read_bytes())[1].astype(int)
    peaks_of(path).unlink()
    finishing.make_peaks(tmp_path / done.name, None)
    again = read_peaks(peaks_of(path).read_bytes())[1].astype(int)
    assert again.shape == true.shape
    assert np.median(np.abs(again - true)) <= 8


def test_a_sealed_recording_leaves_nothing_in_plain(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav.sealed", 4.0, KEYS)
    finish_on(Disk(), path, "opus", KEYS)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["c-1.opus.sealed", "c-1.peaks", "c-1.wav.sealed"]
    assert all(sealed.is_sealed(one) for one in tmp_path.iterdir())


def test_without_the_key_nothing_happens(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav.sealed", 1.0, KEYS)
    for keys in (None, Keys({id_of(bytes(32)): bytes(32)}, id_of(bytes(32)))):
        with pytest.raises(NoKey):
            finish_on(Disk(), path, "opus", keys)
        assert [one.name for one in tmp_path.iterdir()] == ["c-1.wav.sealed"]


@pytest.mark.parametrize("octets", [b"", b"RIFF", b"GIF89a" + bytes(500), b"RIFF" + bytes(5000)])
def test_what_is_no_recording_is_refused_and_stays(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "c-1.wav"
    path.write_bytes(octets)
    with pytest.raises(CannotFinish):
        finish_on(Disk(), path, "opus", None)
    assert [one.name for one in tmp_path.iterdir()] == ["c-1.wav"]


def test_a_sealed_recording_that_was_changed_is_refused_and_stays(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav.sealed", 3.0, KEYS)
    octets = bytearray(path.read_bytes())
    octets[20000] ^= 1
    path.write_bytes(octets)
    with pytest.raises(CannotFinish):
        finish_on(Disk(), path, "opus", KEYS)
    assert [one.name for one in tmp_path.iterdir()] == ["c-1.wav.sealed"]


class Spoiled(finishing.Encoder):
    """Loses the end, or a side."""

    what = "end"

    def add(self, samples: finishing.Sound) -> None:
        spoiled = samples[: len(samples) // 2] if self.what == "end" else samples * np.array([1, 0], np.int16)
        super().add(spoiled)


@pytest.mark.parametrize("what", ["end", "side"])
def test_what_is_not_the_recording_any_more_is_not_kept(
    tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = recorded(tmp_path / "c-1.wav", 3.0)
    monkeypatch.setattr(Spoiled, "what", what)
    monkeypatch.setattr(finishing, "Encoder", Spoiled)  # what a codec might do to us
    with pytest.raises(CannotFinish, match="long" if what == "end" else "side"):
        finish_on(Disk(), path, "opus", None)
    assert [one.name for one in tmp_path.iterdir()] == ["c-1.wav"]


# ---- whichever step fails -------------------------------------------------------------------------------------


class FailingDisk(Disk):
    """The n-th operation fails: half of it is done, or all of it, as when the machine goes down just then."""

    def __init__(self, fail_at: int, *, does_it: bool) -> None:
        self.left, self.does_it, self.failed = fail_at, does_it, False

    def step(self) -> bool:
        self.left -= 1
        self.failed = self.failed or self.left == 0
        return self.left == 0

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        if not self.step():
            return super().write(path, pieces)
        octets = b"".join(pieces)
        super().write(path, [octets if self.does_it else octets[: len(octets) // 2]])
        raise OSError(28, "No space left on device")

    def publish(self, new: Path, path: Path) -> None:
        if not self.step():
            return super().publish(new, path)
        if self.does_it:
            super().publish(new, path)
        raise OSError(5, "Input/output error")

    def remove(self, path: Path) -> None:
        if self.step():
            raise OSError(30, "Read-only file system")
        super().remove(path)


@pytest.mark.parametrize("keys", [None, KEYS], ids=["plain", "sealed"])
@pytest.mark.parametrize("does_it", [False, True], ids=["half done", "done"])
def test_whichever_operation_fails_the_recording_plays_and_the_next_try_finishes_it(
    tmp_path: Path, does_it: bool, keys: Keys | None
) -> None:
    for n in itertools.count(1):
        folder = tmp_path / str(n)
        folder.mkdir()
        path = recorded(folder / ("c-1.wav" if keys is None else "c-1.wav.sealed"), 2.0, keys)
        before = path.read_bytes()
        (folder / "c-1.mp3").write_bytes(b"of an earlier try, when mp3 was wanted")
        (folder / "c-1.opus.new").write_bytes(b"cut off")
        (folder / "c-10.opus").write_bytes(b"another call's")
        disk = FailingDisk(n, does_it=does_it)
        try:
            finish_on(disk, path, "opus", keys)
        except OSError:
            assert path.read_bytes() == before, f"operation {n} failed"
        done = finish_on(Disk(), path, "opus", keys)
        assert path.read_bytes() == before
        assert len(sides(folder / done.name, keys)[0]) == pytest.approx(16000, abs=400)
        ending = "" if keys is None else ".sealed"
        left = {f"c-1.wav{ending}", f"c-1.opus{ending}", "c-1.peaks", "c-10.opus"}
        assert {one.name for one in folder.iterdir()} == left
        if not disk.failed:
            break
    assert n > 6


def test_finishing_twice_is_as_once(tmp_path: Path) -> None:
    path = recorded(tmp_path / "c-1.wav", 2.0)
    first = finish_on(Disk(), path, "opus", None)
    second = finish_on(Disk(), path, "opus", None)
    assert (first.name, first.seconds, first.octets) == (second.name, second.seconds, second.octets)


def test_a_sweep_comes_out_as_it_went_in(tmp_path: Path) -> None:
    """Golden sound: narrow-band Opus keeps its level and its time from 300 Hz to 3 kHz."""
    sound = sweep(300, 3000, 5.0)
    both = np.stack([g711.encode(sound, g711.PCMA)] * 2, axis=1).tobytes()
    path = tmp_path / "c-1.wav"
    with Recording(path) as recording:
        recording.append(both)
    for wanted in SMALL:
        done = finish_on(Disk(), path, wanted, None)
        for side in sides(tmp_path / done.name):
            parts = [side[n : n + 800].astype(float) for n in range(800, 36000, 800)]
            power = np.array([np.sqrt((part**2).mean()) for part in parts])
            off = np.abs(20 * np.log10(power / (8000 / np.sqrt(2))))
            assert np.median(off) < 0.5, wanted
            assert off.max() < 4.0, wanted  # Opus, made for voices, swells once by 3.6 dB
            shift = (
                int(np.argmax(np.correlate(side[16000:20000].astype(float), sound[16400:19600].astype(float)))) - 400
            )
            assert abs(shift) <= 0.01 * 8000, f"{wanted}: {shift} samples late"


@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
def test_who_spoke_hears_their_own_side_and_no_other(tmp_path: Path, *, is_sealed: bool) -> None:
    key_file = tmp_path / "keys" if is_sealed else None
    if key_file is not None:
        sealed.add_key(key_file)
    keys = None if key_file is None else sealed.read_keys(key_file)
    path = recorded(tmp_path / ("c-1.wav.sealed" if is_sealed else "c-1.wav"), 2.0, keys)
    voice = finishing.voice_of(path, key_file)
    assert len(voice) == 16000
    assert level(voice[:8000], 440) > 7500
    assert np.abs(voice[8000:]).max() < 100


@pytest.mark.parametrize("is_sealed", [False, True], ids=["plain", "sealed"])
def test_a_part_for_a_phone_has_both_sides_together(tmp_path: Path, *, is_sealed: bool) -> None:
    key_file = tmp_path / "keys" if is_sealed else None
    if key_file is not None:
        sealed.add_key(key_file)
    keys = None if key_file is None else sealed.read_keys(key_file)
    path = recorded(tmp_path / ("c-1.wav.sealed" if is_sealed else "c-1.wav"), 2.0, keys)
    whole = finishing.part_of(path, key_file, 0.0, 60.0)
    assert len(whole) == 16000
    assert (level(whole[:8000], 440) > 7500, level(whole[8000:], 1000) > 7500) == (True, True)
    part = finishing.part_of(path, key_file, 0.75, 0.5)
    assert np.array_equal(part, whole[6000:10000])
    assert len(finishing.part_of(path, key_file, 1.75, 60.0)) == 2000
    assert len(finishing.part_of(path, key_file, 2.0, 60.0)) == 0


def test_two_loud_sides_together_do_not_wrap_around(tmp_path: Path) -> None:
    loud = np.full(8000, 30000, np.int16)
    both = np.stack([g711.encode(loud, g711.PCMA), g711.encode(loud, g711.PCMA)], axis=1).tobytes()
    with Recording(tmp_path / "c-1.wav", DiskFile) as recording:
        recording.append(both)
    assert (finishing.part_of(tmp_path / "c-1.wav", None, 0.0, 1.0) == 32767).all()


# ---- where nobody speaks --------------------------------------------------------------------------------------


def test_silences_are_where_neither_side_speaks_for_long_enough() -> None:
    values = np.zeros((400, 2), np.uint8)  # 20 seconds
    values[40:80, 0] = 90  # 2 s to 4 s, the caller
    values[100:130, 1] = 90  # 5 s to 6.5 s
    values[150:152, 0] = 90  # 7.5 s, a cough
    assert finishing.silences(values) == [(0.0, 2.0), (7.6, 20.0)]
    assert finishing.silences(values[40:130]) == []
    assert finishing.silences(np.zeros((0, 2), np.uint8)) == []


def test_the_noise_of_a_line_is_no_speech() -> None:
    values = np.full((200, 2), 5, np.uint8)
    values[100:140, 1] = 60
    assert finishing.silences(values) == [(0.0, 5.0), (7.0, 10.0)]
    assert finishing.silences(np.full((200, 2), 40, np.uint8)) == [], "who speaks all the time is no noise"
