"""PyAV's own codecs as the other side: made by other people than the libraries that we call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np

from tests.media.codecs.likeness import Sound


def decoded(codec: str, packets: Iterable[bytes], rate: int) -> Sound:
    """All that PyAV hears in these packets, mono."""
    context: Any = av.CodecContext.create(codec, "r")
    context.sample_rate, context.layout = rate, "mono"
    frames = [frame for packet in packets for frame in context.decode(av.Packet(packet))]
    return np.concatenate([_int16(frame.to_ndarray().reshape(-1)) for frame in frames])


def encoded(
    codec: str, sound: Sound, rate: int, frame: int, *, layout: str = "mono", options: Sequence[tuple[str, str]] = ()
) -> list[bytes]:
    """PyAV's packets of this sound; frame: samples in each. In stereo the right side is the left one."""
    context: Any = av.CodecContext.create(codec, "w")
    context.sample_rate, context.layout, context.format = rate, layout, "s16"
    context.time_base = Fraction(1, rate)
    context.options = dict(options)
    packets: list[bytes] = []
    sides = 2 if layout == "stereo" else 1
    for at in range(0, len(sound) - frame + 1, frame):
        samples = np.repeat(sound[at : at + frame], sides).reshape(1, -1)
        one = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
        one.sample_rate, one.pts = rate, at
        packets += [bytes(packet) for packet in context.encode(one)]
    return packets


def _int16(samples: Any) -> Sound:
    if samples.dtype == np.int16:
        whole: Sound = samples
        return whole
    rounded: Sound = np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
    return rounded


def stretched(sound: Sound, times: int) -> Sound:
    """The same sound at a rate so many times as high, by its spectrum: no filter, no delay."""
    spectrum = np.fft.rfft(sound)
    wide = np.fft.irfft(spectrum * times, len(sound) * times)
    return np.clip(np.rint(wide), -32768, 32767).astype(np.int16)


def narrowed(sound: Sound, times: int) -> Sound:
    """The same sound at a rate so many times lower; what is above half of that rate is left out."""
    spectrum = np.fft.rfft(sound)[: len(sound) // times // 2 + 1]
    return np.clip(np.rint(np.fft.irfft(spectrum / times, len(sound) // times)), -32768, 32767).astype(np.int16)
