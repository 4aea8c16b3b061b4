"""Sound as the calls want it: int16, 8 kHz, mono. Read from any file, levelled, trimmed; and what we make ourselves.

Everything here runs in the worker's process: decoding and resampling keep the interpreter busy.
"""

from __future__ import annotations

import io
import wave as wave_files
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av import AudioFrame
    from av.filter.context import FilterContext

from callcenterd.errors import LocalError

Sound = NDArray[np.int16]
Wave = NDArray[np.float32]
"""Samples from -1 to 1, while they are worked on."""

RATE = 8000
MAX_SECONDS = 1800
SPEECH_RMS = 10 ** (-20 / 20)
"""Of the parts where something is said: the active speech level (ITU-T P.56) at which networks are lined up."""
PEAK = 10 ** (-3 / 20)
QUIET = 10 ** (-50 / 20)
SILENT_RMS = 1e-5
"""-100 dBFS: less than a step of 16 bits. What is softer is silence, of which no gain makes anything."""
_WINDOW = RATE // 100
_MARGIN = 5 * _WINDOW
"""Kept before and after what is heard, so that no consonant is cut."""
_STEP = RATE // 1000
_AT_ONCE = 1 << 17
"""Samples: 16 s."""
_LOOK, _EVEN = 12, 8
"""Milliseconds to each side: `limited` looks so far, and evens out over so many."""


class NotSound(LocalError):
    """A file or an engine gave something that cannot be played."""


def read(source: Path | bytes, name: str) -> Sound:
    """Decode an audio file of any kind that PyAV knows; its first audio stream, all channels mixed to one.

    name: what an error calls it. Its level stays as it is. Raises NotSound.
    """
    wave = resampled(source, name)
    if not len(wave):
        raise NotSound(f"{name} is empty")
    return to_int16(wave)


def resampled(source: Path | bytes, name: str) -> Wave:
    """As `read`, before it is made int16. Raises NotSound."""
    import av  # noqa: PLC0415  # 30 MB, and only the worker's process decodes

    opened = io.BytesIO(source) if isinstance(source, bytes) else str(source)
    pieces: list[Wave] = []
    length = 0
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    try:
        with av.open(opened, mode="r") as container:
            if not container.streams.audio:
                raise NotSound(f"{name} holds no sound")
            for frame in container.decode(container.streams.audio[0]):
                known = len(pieces)
                pieces += _samples(resampler.resample(frame))
                length += sum(len(piece) for piece in pieces[known:])
                if length > MAX_SECONDS * RATE:
                    raise NotSound(f"{name} is longer than {MAX_SECONDS} s")
            if pieces:
                pieces += _samples(resampler.resample(None))
    except (av.error.FFmpegError, OSError, ValueError) as fault:
        raise NotSound(f"{name} cannot be read as sound: {fault}") from None
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def _samples(frames: Sequence[AudioFrame]) -> list[Wave]:
    return [frame.to_ndarray().reshape(-1).astype(np.float32) for frame in frames]


def to_int16(wave: Wave) -> Sound:
    """What is louder than full is made quieter as a whole, never cut off."""
    peak = float(np.abs(wave).max(initial=0.0))
    scale = 32767 / max(1.0, peak)
    sound: Sound = np.round(wave * scale).astype(np.int16)
    return sound


def wav(wave: Wave, rate: int = RATE) -> bytes:
    """A WAV file of 16 bits."""
    octets = io.BytesIO()
    with wave_files.open(octets, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(to_int16(wave).astype("<i2").tobytes())
    return octets.getvalue()


def levelled(wave: Wave, wanted: float = SPEECH_RMS) -> Wave:
    """Speech at -20 dBFS (RMS of the parts where something is said), no peak above -3 dBFS; silence stays silence.

    wanted: another level than that of speech.

    What would be louder than that peak is made quieter for some milliseconds only, not as a whole.
    """
    rms = active_rms(wave)
    if rms < SILENT_RMS:
        return wave
    return limited(wave * np.float32(wanted / rms))


def active_rms(wave: Wave) -> float:
    """RMS of the parts where something is said, 1 is full; 0 if nothing is."""
    if not len(wave):
        return 0.0
    power = _power(wave)
    said = power[power > power.max() / 1e3]  # within 30 dB of the loudest 10 ms
    return float(np.sqrt(said.mean())) if len(said) else 0.0


def limited(wave: Wave) -> Wave:
    """No sample above `PEAK`. The gain goes down some milliseconds before a peak and up again after it, without steps.

    It is taken for each millisecond: the least that one of the next ones around needs, evened out over fewer of them,
    so that it is never more than any sample may have.
    """
    if not len(wave):
        return wave
    loudest = np.abs(np.pad(wave, (0, -len(wave) % _STEP))).reshape(-1, _STEP).max(axis=1)
    gain = np.minimum(1.0, PEAK / np.maximum(loudest, 1e-9))
    if gain.min() == 1.0:
        return wave
    least = np.lib.stride_tricks.sliding_window_view(np.pad(gain, _LOOK, mode="edge"), 2 * _LOOK + 1).min(axis=1)
    even = np.convolve(np.pad(least, _EVEN, mode="edge"), np.full(2 * _EVEN + 1, 1 / (2 * _EVEN + 1)), mode="valid")
    places = np.arange(len(even)) * _STEP + (_STEP - 1) / 2
    made = np.empty(len(wave), np.float32)
    for at in range(0, len(wave), _AT_ONCE):  # half an hour at once would take some hundred MB
        part = slice(at, min(at + _AT_ONCE, len(wave)))
        made[part] = wave[part] * np.interp(np.arange(part.start, part.stop), places, even)
    return made


def loudness(wave: Wave) -> float:
    """Integrated, in LUFS (ITU-R BS.1770 and EBU R 128, by FFmpeg's filter); -70 is silence."""
    import av  # noqa: PLC0415  # as above

    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=RATE, format="flt", layout="mono")
    meter, sink = graph.add("ebur128", "metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    last = -70.0
    # A block of it is 0.4 s; what is shorter is measured with silence after it, which the gate leaves out.
    for at in range(0, max(len(wave), RATE // 2), _AT_ONCE):
        part = np.ascontiguousarray(wave[at : at + _AT_ONCE])
        frame = av.AudioFrame.from_ndarray(
            np.pad(part, (0, max(0, RATE // 2 - len(part)))).reshape(1, -1), format="flt", layout="mono"
        )
        frame.sample_rate = RATE
        source.push(frame)
        last = _told(sink, last)
    source.push(None)
    return _told(sink, last)


def _told(sink: FilterContext, before: float) -> float:
    import av  # noqa: PLC0415  # as above

    while True:
        try:
            # The last block may be too short to be measured; then it tells nothing.
            before = float(sink.pull().metadata.get("lavfi.r128.I", before))
        except (av.error.BlockingIOError, av.error.EOFError):
            return before


def trimmed(wave: Wave, margin: int = _MARGIN) -> Wave:
    """Without the silence before and after, but for `margin` samples; empty if all of it is silence."""
    heard = np.flatnonzero(_power(wave) > QUIET**2)
    if not len(heard):
        return wave[:0]
    return wave[max(0, heard[0] * _WINDOW - margin) : (heard[-1] + 1) * _WINDOW + margin]


def _power(wave: Wave) -> NDArray[np.float64]:
    """Mean square of each 10 ms, the last one filled up with silence."""
    padded = np.pad(wave.astype(np.float64), (0, -len(wave) % _WINDOW))
    power: NDArray[np.float64] = (padded.reshape(-1, _WINDOW) ** 2).mean(axis=1)
    return power


# ---- what we make ourselves -----------------------------------------------------------------------------

_CHORDS = (
    # MIDI notes, bass first: a quiet turn in C that ends where it begins
    (36, 60, 64, 67, 71),
    (45, 60, 64, 67, 72),
    (41, 60, 65, 69, 72),
    (43, 59, 62, 67, 71),
    (40, 59, 64, 67, 71),
    (45, 60, 64, 69, 72),
    (38, 62, 65, 69, 72),
    (43, 59, 65, 67, 74),
)
_CHORD_SECONDS = 4.0
_PARTIALS = ((1, 1.0), (2, 0.35), (3, 0.12), (4, 0.05))
MUSIC_RMS = 10 ** (-24 / 20)
"""Quieter than speech: one who waits should hear an agent begin."""


def beep() -> Sound:
    """After this tone people speak: 1 kHz, 0.4 s, with soft ends."""
    time = np.arange(round(0.4 * RATE)) / RATE
    ends = np.clip(np.minimum(time, time[::-1]) / 0.01, 0, 1)
    return to_int16((0.25 * ends * np.sin(2 * np.pi * 1000 * time)).astype(np.float32))


def music() -> Sound:
    """Music on hold of our own, free of anybody's rights: eight soft chords, broken, 32 s, repeats without a seam.

    The tail of each note rings on into the next ones, the last ones' into the beginning.
    """
    beat = _CHORD_SECONDS / 8
    wave = np.zeros(round(_CHORD_SECONDS * len(_CHORDS) * RATE))
    for n, (bass, *chord) in enumerate(_CHORDS):
        start = n * _CHORD_SECONDS
        _add(wave, bass, start, _CHORD_SECONDS, 0.8)
        for step in range(8):
            _add(wave, chord[(0, 1, 2, 3, 2, 3, 1, 2)[step]], start + step * beat, 2.5, 0.5)
    wave *= MUSIC_RMS / np.sqrt((wave**2).mean())
    return to_int16(wave.astype(np.float32))


def _add(wave: NDArray[np.float64], midi: int, start: float, seconds: float, level: float) -> None:
    """One plucked note, into the wave from `start` on and round its end."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 440 * 2 ** ((midi - 69) / 12)
    note = sum(share * np.sin(2 * np.pi * pitch * times * time) for times, share in _PARTIALS)
    shape = np.clip(time / 0.02, 0, 1) * np.exp(-2.2 * time / seconds) * np.clip((seconds - time) / 0.3, 0, 1)
    place = (round(start * RATE) + np.arange(len(time))) % len(wave)
    wave[place] += level * shape * note
