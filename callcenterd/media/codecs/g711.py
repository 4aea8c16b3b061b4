"""G.711: A-law and µ-law as tables (ITU-T G.711, 11/1988).

The tables are computed from the Recommendation's formulas once; decoding is one `take`, encoding another.
Codes are octets as they stand in RTP (A-law with its even bits inverted, µ-law with all bits inverted);
samples are int16, the 13 or 14 bits of the Recommendation shifted to the top.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]
Samples = NDArray[np.int16]
Codec = Literal["PCMA", "PCMU"]
CODECS: tuple[Codec, ...] = ("PCMA", "PCMU")

PCMA = 0
PCMU = 1
"""A codec as an index: the first axis of every table here, and what a row's law is kept as."""

LAW_OF: dict[str, int] = {"PCMA": PCMA, "PCMU": PCMU}
PAYLOAD_TYPE = np.array([8, 0], np.int16)
"""The static payload types (RFC 3551 §6), by law."""


def _decoded_alaw(code: int) -> int:
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 15
    magnitude = (step << 4) + 8 if segment == 0 else ((step << 4) + 0x108) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


def _decoded_ulaw(code: int) -> int:
    code ^= 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _nearest_codes(levels: Samples, positive_zero: int) -> Codes:
    """The code whose level is nearest to each of the 65,536 samples; of two as near, the quieter one.

    The answer is indexed by the sample's bit pattern, as `int16.view(uint16)` gives it.
    positive_zero: the code for 0, where the law has two levels that are equal or as near.
    """
    order = np.argsort(levels, kind="stable")
    ordered = levels[order].astype(np.int32)
    samples = np.arange(-32768, 32768, dtype=np.int32)
    above = np.clip(np.searchsorted(ordered, samples), 0, 255)
    below = np.maximum(above - 1, 0)
    up, down = np.abs(ordered[above] - samples), np.abs(samples - ordered[below])
    take_above = (up < down) | ((up == down) & (np.abs(ordered[above]) <= np.abs(ordered[below])))
    codes = order[np.where(take_above, above, below)].astype(np.uint8)
    codes[32768] = positive_zero
    return np.concatenate([codes[32768:], codes[:32768]])


LEVEL: Samples = np.array(
    [[_decoded_alaw(code) for code in range(256)], [_decoded_ulaw(code) for code in range(256)]], np.int16
)
"""(2, 256) samples: law, code."""

CODE: Codes = np.stack([_nearest_codes(LEVEL[PCMA], 0xD5), _nearest_codes(LEVEL[PCMU], 0xFF)])
"""(2, 65536) codes: law, the sample's bits as uint16."""

SILENCE: Codes = CODE[:, 0].copy()
"""(2,) the code of nothing, by law."""

TRANSLATED: Codes = np.stack([CODE[PCMU][LEVEL[PCMA].view(np.uint16)], CODE[PCMA][LEVEL[PCMU].view(np.uint16)]])
"""(2, 256) the same sound in the other law: from law, code (ITU-T G.711 tables 3 and 4 to within a step)."""


def decode(codes: Codes, law: int) -> Samples:
    """Any shape of octets, all of one law → as many samples."""
    samples: Samples = LEVEL[law].take(codes)
    return samples


def encode(samples: Samples, law: int) -> Codes:
    """Any shape of samples → as many octets of one law."""
    codes: Codes = CODE[law].take(samples.view(np.uint16))
    return codes


def decode_rows(codes: Codes, laws: NDArray[np.int8]) -> Samples:
    """(k, n) codes, each row in its law of (k,) → samples."""
    if not laws.any():
        return decode(codes, PCMA)
    samples: Samples = LEVEL.reshape(-1).take(codes + (laws.astype(np.int16) << 8)[:, None])
    return samples


def encode_rows(samples: Samples, laws: NDArray[np.int8]) -> Codes:
    """(k, n) samples → codes, each row in its law of (k,)."""
    if not laws.any():
        return encode(samples, PCMA)
    codes: Codes = CODE.reshape(-1).take(samples.view(np.uint16) + (laws.astype(np.int32) << 16)[:, None])
    return codes


def clipped(samples: NDArray[np.int32] | NDArray[np.float32]) -> Samples:
    """Samples of any size → 16 bits; what is too loud is as loud as can be."""
    return np.clip(samples, -32768, 32767).astype(np.int16)


def translate(codes: Codes, law: int) -> Codes:
    """Codes of `law` → codes of the other law."""
    others: Codes = TRANSLATED[law].take(codes)
    return others
