"""A recording is finished after its call: made small (Opus in Ogg, RFC 7845, or MP3), looked at, and its peaks kept.

Runs in a worker's process of its own, so that a long call keeps no prompt waiting. Each step leaves the recording
playable, wherever it is cut off: the new file is written beside the old one, synced, decoded again and compared, and
only then gets its name; who asked removes the old one when the store knows the new. Doing it twice is as once.

Measured (2-core box, a minute of two people in turns, check and peaks included): Opus 0.3 CPU s and 207 kB, MP3 0.35 s
and 301 kB. Who is silent is heard 77 dB below who speaks, so the sides stay apart (docs/decisions/0015).
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from callcenterd import sealed
from callcenterd.errors import LocalError
from callcenterd.model.calls import RecordingFormat

if TYPE_CHECKING:
    from av import AudioFrame

Sound = NDArray[np.int16]

RATE = 8000
CHANNELS = 2
PEAKS_A_SECOND = 20
_SHARE = RATE // PEAKS_A_SECOND
MOST_OFF = 0.05
"""Seconds by which the new file may be longer or shorter."""
_HEARD = 100
_LOST = 4
"""A side whose sound is larger than the first on average, and in the new file that many times smaller, was lost."""
_PIECE = 10 * RATE
_BIT_RATE = {"opus": 32_000, "mp3": 40_000}
"""Of both sides together. Opus at 24,000 is heard to be thinner; MP3 needs more to come near it."""
SILENCE_SECONDS = 1.5
_LEAST_HEARD = 3
"""Of peaks: 39 dB below full."""
_MOST_NOISE = 12
_PEAKS_MAGIC = b"CCPEAKS\x01"
SEALED = ".sealed"
_NEW = ".new"
_LAST_OF_ALL = 19


class CannotFinish(LocalError):
    """The recording cannot be read, or what was made of it is not it. The recording stays as it is."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What there is now. name: of the file, in the folder of the old one. octets and sha256 of the whole file."""

    name: str
    format: RecordingFormat
    octets: int
    sha256: str
    seconds: float


class Files(Protocol):
    """What finishing asks of a disk. Every method may raise OSError."""

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        """All of it, and it survives a power cut; who else is on this machine may not read it."""

    def publish(self, new: Path, path: Path) -> None:
        """The file gets its name, in place of any that has it, for good."""

    def remove(self, path: Path) -> None: ...


class Disk:
    """The operating system's."""

    def write(self, path: Path, pieces: Iterable[bytes]) -> None:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
        with os.fdopen(fd, "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())

    def publish(self, new: Path, path: Path) -> None:
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)


# ---- the jobs ---------------------------------------------------------------------------------------------------


def finish(path: Path, wanted: RecordingFormat, key_file: Path | None) -> Finished:
    """A whole recording of ours, a WAV file, becomes what is wanted; the WAV file stays. Its peaks are kept beside it.

    key_file: new files are sealed with its current key. Raises CannotFinish, NoKey, OSError.
    """
    os.setpriority(os.PRIO_PROCESS, 0, _LAST_OF_ALL)
    keys = None if key_file is None else sealed.read_keys(key_file)
    return finish_on(Disk(), path, wanted, keys)


def make_peaks(path: Path, key_file: Path | None) -> None:
    """Only the peaks, of a recording in any format of ours. Raises as `finish`."""
    os.setpriority(os.PRIO_PROCESS, 0, _LAST_OF_ALL)
    keys = None if key_file is None else sealed.read_keys(key_file)
    peaks = Peaks()
    for piece in pieces(path, keys):
        peaks.add(piece)
    _keep(Disk(), peaks_of(path), peaks.octets(), keys)


def voice_of(path: Path, key_file: Path | None) -> NDArray[np.int16]:
    """The left side at 8 kHz, for who spoke it and waits. Raises as `finish`."""
    keys = None if key_file is None else sealed.read_keys(key_file)
    sides = [piece[:, 0] for piece in pieces(path, keys)]
    return np.concatenate(sides) if sides else np.zeros(0, np.int16)


def part_of(path: Path, key_file: Path | None, begin: float, seconds: float) -> NDArray[np.int16]:
    """Both sides together at 8 kHz, for a phone: so many seconds from second `begin` on, less at the end, nothing
    behind it. Raises as `finish`."""
    keys = None if key_file is None else sealed.read_keys(key_file)
    first, last, at = round(begin * RATE), round((begin + seconds) * RATE), 0
    wanted: list[Sound] = []
    with contextlib.closing(pieces(path, keys)) as all_of_it:
        for piece in all_of_it:
            wanted.append(piece[max(0, first - at) : max(0, last - at)])
            at += len(piece)
            if at >= last:
                break
    both = np.concatenate([np.zeros((0, CHANNELS), np.int16), *wanted]).astype(np.int32).sum(axis=1)
    together: Sound = np.clip(both, -32768, 32767).astype(np.int16)
    return together


def finish_on(files: Files, path: Path, wanted: RecordingFormat, keys: sealed.Keys | None) -> Finished:
    _clear(files, path)
    peaks, encoder = Peaks(), None if wanted == "wav" else Encoder(wanted)
    for piece in pieces(path, keys):
        peaks.add(piece)
        if encoder is not None:
            encoder.add(piece)
    if encoder is None or not peaks.frames:
        answer = Finished(path.name, "wav", *_measured(path), peaks.frames / RATE)
    else:
        octets = encoder.octets()
        _compare(octets, peaks, path.name)
        name = f"{stem(path)}.{wanted}{SEALED if keys is not None else ''}"
        size, sum_of_all = _keep(files, path.with_name(name), octets, keys)
        answer = Finished(name, wanted, size, sum_of_all, peaks.frames / RATE)
    _keep(files, peaks_of(path), peaks.octets(), keys)
    return answer


def stem(path: Path) -> str:
    """A recording's name without its endings."""
    return path.name.partition(".")[0]


def peaks_of(path: Path) -> Path:
    return path.with_name(f"{stem(path)}.peaks")


def _clear(files: Files, path: Path) -> None:
    """What an earlier try left that was cut off, or wanted another format."""
    for beside in sorted(path.parent.glob(f"{stem(path)}.*")):
        made = beside.name.removesuffix(SEALED).endswith((".opus", ".mp3"))
        if beside != path and (made or beside.name.endswith(_NEW)):
            files.remove(beside)


def _keep(files: Files, path: Path, octets: bytes, keys: sealed.Keys | None) -> tuple[int, str]:
    """Size and checksum of the file."""
    whole = octets if keys is None else b"".join(sealed.sealed(keys, octets))
    new = path.with_name(path.name + _NEW)
    try:
        files.write(new, [whole])
        files.publish(new, path)
    except OSError:
        with contextlib.suppress(OSError):  # of a disk that is full the room is wanted; the next try clears it too
            files.remove(new)
        raise
    return len(whole), hashlib.sha256(whole).hexdigest()


def _measured(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        sum_of_all = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), sum_of_all


# ---- sound ------------------------------------------------------------------------------------------------------


def pieces(source: Path | bytes, keys: sealed.Keys | None) -> Generator[Sound, None, None]:
    """(n, 2) samples at 8 kHz, in the order of time. Raises CannotFinish, NoKey, OSError."""
    import av  # noqa: PLC0415  # 30 MB, and only the worker's process decodes

    with contextlib.ExitStack() as stack:
        try:
            container = stack.enter_context(av.open(_opened(stack, source, keys)))
            stream = container.streams.audio[0]
            if stream.channels != CHANNELS:
                raise CannotFinish(f"it has {stream.channels} channels")
            resampler = av.AudioResampler(format="s16", layout="stereo", rate=RATE)
            for frame in container.decode(stream):
                # What is 8 kHz already must not go through a resampler's delay.
                same = frame.sample_rate == RATE and frame.format.name == "s16"
                yield from map(_samples, [frame] if same else resampler.resample(frame))
            yield from map(_samples, resampler.resample(None))
        except sealed.BrokenSeal as fault:
            raise CannotFinish(str(fault)) from None
        except (av.FFmpegError, IndexError, ValueError) as fault:
            raise CannotFinish(f"it cannot be read as sound: {fault}") from None


def _opened(stack: contextlib.ExitStack, source: Path | bytes, keys: sealed.Keys | None) -> Any:
    """What PyAV reads from."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    if not sealed.is_sealed(source):
        return str(source)
    if keys is None:
        raise sealed.NoKey(f"{source.name} is sealed, and there are no keys")
    return stack.enter_context(sealed.Opened(source, keys))


def _samples(frame: AudioFrame) -> Sound:
    samples: Sound = frame.to_ndarray().reshape(-1, CHANNELS).astype(np.int16)
    return samples


class Encoder:
    """Samples in, a whole file in memory out: an hour is 10 MB."""

    def __init__(self, wanted: RecordingFormat) -> None:
        import av  # noqa: PLC0415

        self._file = io.BytesIO()
        self._at = 0
        self._rest = np.zeros((0, CHANNELS), np.int16)
        if wanted == "opus":
            self._container = av.open(self._file, "w", format="ogg")
            options = {"application": "voip", "compression_level": "5"}
            self._stream = self._container.add_stream("libopus", rate=RATE, options=options)
        else:
            self._container = av.open(self._file, "w", format="mp3")
            # No joint stereo: the two sides are two people.
            self._stream = self._container.add_stream("libmp3lame", rate=RATE, options={"joint_stereo": "0"})
        self._stream.layout = "stereo"
        self._stream.bit_rate = _BIT_RATE[wanted]
        self._resampler = av.AudioResampler(
            format=self._stream.codec_context.format or "s16", layout="stereo", rate=RATE
        )

    def add(self, samples: Sound) -> None:
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= _PIECE:
            self._encode(self._rest[:_PIECE])
            self._rest = self._rest[_PIECE:]

    def _encode(self, samples: Sound) -> None:
        import av  # noqa: PLC0415

        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate, frame.pts = RATE, self._at
        self._at += len(samples)
        for part in self._resampler.resample(frame):
            self._container.mux(self._stream.encode(part))

    def octets(self) -> bytes:
        """The whole file. Nothing can be added any more."""
        if len(self._rest):
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._file.getvalue()


class Peaks:
    """How loud each side is, PEAKS_A_SECOND times a second: for the eye."""

    def __init__(self) -> None:
        self.frames = 0
        self._known: list[NDArray[np.uint8]] = []
        self._rest = np.zeros((0, CHANNELS), np.int16)
        self._sum = np.zeros(CHANNELS, np.int64)

    def add(self, samples: Sound) -> None:
        self.frames += len(samples)
        self._sum += np.abs(samples.astype(np.int32)).sum(axis=0)
        all_of_it = np.concatenate([self._rest, samples])
        whole = len(all_of_it) // _SHARE * _SHARE
        self._rest = all_of_it[whole:]
        if whole:
            self._known.append(_loudness(all_of_it[:whole].reshape(-1, _SHARE, CHANNELS)))

    def mean(self) -> NDArray[np.float64]:
        """(2,) how large the samples of each side are on average."""
        return self._sum / max(1, self.frames)

    def octets(self) -> bytes:
        known = list(self._known)
        if len(self._rest):
            known.append(_loudness(self._rest[None]))
        values = np.concatenate(known) if known else np.zeros((0, CHANNELS), np.uint8)
        return _PEAKS_MAGIC + self.frames.to_bytes(8, "little") + values.tobytes()


def _loudness(shares: NDArray[np.int16]) -> NDArray[np.uint8]:
    """(n, frames, 2) samples → (n, 2): the highest of each share, 255 is full."""
    highest = np.abs(shares.astype(np.int32)).max(axis=1)
    loudness: NDArray[np.uint8] = np.minimum(highest >> 7, 255).astype(np.uint8)
    return loudness


def read_peaks(octets: bytes) -> tuple[float, NDArray[np.uint8]]:
    """Seconds, and (n, 2) peaks of both sides. Raises CannotFinish."""
    if not octets.startswith(_PEAKS_MAGIC) or len(octets) < len(_PEAKS_MAGIC) + 8:
        raise CannotFinish("these are no peaks of ours")
    frames = int.from_bytes(octets[len(_PEAKS_MAGIC) : len(_PEAKS_MAGIC) + 8], "little")
    values = np.frombuffer(octets[len(_PEAKS_MAGIC) + 8 :], np.uint8)
    if len(values) != -(-frames // _SHARE) * CHANNELS:
        raise CannotFinish("some of these peaks are missing")
    return frames / RATE, values.reshape(-1, CHANNELS)


def silences(values: NDArray[np.uint8]) -> list[tuple[float, float]]:
    """Where neither side speaks for `SILENCE_SECONDS` or longer, in seconds. values: (n, 2) peaks.

    A side is silent where it is not much louder than it mostly is at its quietest: a line has its own noise.
    """
    if not len(values):
        return []
    floor = np.clip(2.0 * np.percentile(values, 20, axis=0), _LEAST_HEARD, _MOST_NOISE)
    quiet = np.concatenate([[False], (values <= floor).all(axis=1), [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    spans = edges.reshape(-1, 2) / PEAKS_A_SECOND
    return [(float(begin), float(end)) for begin, end in spans if end - begin >= SILENCE_SECONDS]


def _compare(octets: bytes, original: Peaks, name: str) -> None:
    """Decode what was made. Raises CannotFinish if it is not as long, or a side that was heard is silent."""
    made = Peaks()
    for piece in pieces(octets, None):
        made.add(piece)
    if abs(made.frames - original.frames) > MOST_OFF * RATE:
        raise CannotFinish(f"{name} is {original.frames / RATE:.2f} s long, what was made {made.frames / RATE:.2f} s")
    if ((original.mean() > _HEARD) & (made.mean() < original.mean() / _LOST)).any():
        raise CannotFinish(f"a side of {name} is lost in what was made")
