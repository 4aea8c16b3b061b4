"""Short messages [短信]: how many parts a text takes on the air (3GPP TS 23.038, 23.040)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SmsCode = Literal["gsm7", "ucs2"]

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""TS 23.038 §6.2.1: one septet each."""
_EXTENDED = frozenset("\f^{}\\[~]|€")
"""§6.2.1.1: two septets, which stay together."""
_ROOM: dict[SmsCode, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}
"""Units of a message that is alone, and of each part of a longer one, whose head takes six octets
(TS 23.040 §9.2.3.24)."""
MOST_SEGMENTS = 10
"""What is longer goes another way: gateways refuse it, and nobody reads it."""


@dataclass(frozen=True, slots=True)
class SmsSize:
    """units: septets, or UTF-16 units. segments: parts that are sent, and paid for."""

    code: SmsCode
    units: int
    segments: int


def size_of(text: str) -> SmsSize:
    """One character outside the alphabet of 7 bits makes the whole text one of 16. An empty text is one part."""
    gsm = all(sign in _BASIC or sign in _EXTENDED for sign in text)
    code: SmsCode = "gsm7" if gsm else "ucs2"
    widths = [(2 if sign in _EXTENDED else 1) if gsm else (2 if ord(sign) > 0xFFFF else 1) for sign in text]
    alone, part = _ROOM[code]
    units = sum(widths)
    if units <= alone:
        return SmsSize(code, units, 1)
    segments, left = 1, part
    for width in widths:  # what takes two units is never cut in half
        if width > left:
            segments, left = segments + 1, part
        left -= width
    return SmsSize(code, units, segments)
