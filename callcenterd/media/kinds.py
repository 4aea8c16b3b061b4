"""What a payload holds, as an index into arrays: the codecs of an agreement, and how their RTP clocks count.

RFC 3551 §4.5 (G.722 counts at 8 kHz though it samples at 16, G.729), RFC 7587 §4.1 (Opus counts at 48 kHz
whatever it carries), RFC 3389 (comfort noise), RFC 6716 §3.1 (how long an Opus packet lasts).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from callcenterd.media.codecs import g711
from callcenterd.media.rtp import FRAME

PCMA, PCMU = g711.PCMA, g711.PCMU
G722, OPUS, G729 = 2, 3, 4
NOISE = 5
"""Comfort noise: no sound of its own, but what to make some of."""
NOISE_PAYLOAD_TYPE = 13

EVENTS = 6
"""Keys (RFC 4733)."""
UNKNOWN = -1

KIND_OF: Mapping[str, int] = {"PCMA": PCMA, "PCMU": PCMU, "G722": G722, "opus": OPUS, "G729": G729}

UNITS = np.array([FRAME, FRAME, FRAME, 960, FRAME, FRAME], np.int64)
"""Units of the payload's clock in a tick, by kind."""

G722_FILLER = 0xFF
"""An octet of G.722 that stands where half a packet is missing: what was loud falls quiet within 2 ms."""

_OPUS_UNITS = (480, 960, 1920, 2880) * 3 + (480, 960) * 2 + (120, 240, 480, 960) * 4
"""A frame's length by the configuration number of its first octet, at 48 kHz."""
_OPUS_LONGEST = 5760
_G729_FRAME, _G729_NOISE = 10, 2
"""Octets of 10 ms of speech, and of the silence descriptor that may end a packet (annex B)."""


def units_in(kind: int, payload: NDArray[np.uint8]) -> int:
    """How long the sound of a payload is, in units of its clock. 0: it is no payload of that kind."""
    if kind == OPUS:
        return _opus_units(payload)
    if kind == G729:
        frames, rest = divmod(len(payload), _G729_FRAME)
        return 80 * (frames + (rest == _G729_NOISE)) if rest in (0, _G729_NOISE) else 0
    return len(payload)


def begins_a_pause(kind: int, payload: NDArray[np.uint8]) -> bool:
    """The sender says that after this it may send nothing for a while: discontinuous transmission.

    An Opus packet without a frame in it (RFC 6716 §2.1.9: one or two octets), the silence descriptor of G.729.
    """
    return (kind == OPUS and len(payload) <= 2) or (kind == G729 and len(payload) % _G729_FRAME == _G729_NOISE)


def _opus_units(payload: NDArray[np.uint8]) -> int:
    if len(payload) == 0:
        return 0
    first = int(payload[0])
    frames = (1, 2, 2, 0)[first & 3]
    if frames == 0:
        frames = int(payload[1]) & 0x3F if len(payload) > 1 else 0
    units = frames * _OPUS_UNITS[first >> 3]
    return units if units <= _OPUS_LONGEST else 0
