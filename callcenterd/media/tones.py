"""Tones that the network plays to a person, by country (ITU-T E.180 and the list of national tones that ITU publishes
with it, Operational Bulletin 781, 2003), and DTMF (ITU-T Q.23).

China's are those of GB/T 3380-1982, Great Britain's of BT's SIN 350, New Zealand's of Telecom's TNA 102. They were
written down from a published table that names these sources (a well-known exchange's); Hong Kong's, Korea's, Macau's,
Viet Nam's and the Emirates' are not in it and were not seen a second time. Who is in no table gets what ETSI recommends
(TR 101 041-2: 425 Hz).

A tone is a whole number of cadences, so that repeating it has no seam. Samples are int16 at 8 kHz.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.int16]
Tone = Literal["dial", "ringback", "busy", "congestion", "waiting", "information"]
TONES: tuple[Tone, ...] = get_args(Tone)

RATE = 8000
LEVEL = 0.5 * 32767 / 2
"""Peak of a tone: about -12 dBm0, loud enough and far from clipping."""
EDGE = 32
"""Samples, 4 ms: a tone that begins or ends within its cadence does so without a click."""

ELSEWHERE = ""
_INFORMATION = "950/.33 1400/.33 1800/.33 0/1"
_AMERICA = "350+440/1", "440+480/2 0/4", "480+620/.5 0/.5", "480+620/.25 0/.25", "440/.3 0/10", _INFORMATION
_BRITAIN = (
    "350+440/1",
    "400+450/.4 0/.2 400+450/.4 0/2",
    "400/.375 0/.375",
    "400/.4 0/.35 400/.225 0/.525",
    "400/.1 0/4",
    "950/.33 0/.015 1400/.33 0/.015 1800/.33 0/1",
)
_TWICE = "{0}/.4 0/.2 {0}/.4 0/2"


def _of_425(
    ringback: str, busy: float, congestion: float, waiting: str = "", information: str = _INFORMATION
) -> tuple[str, ...]:
    """What most countries have; busy and congestion are as long on as off."""
    even = [f"425/{half} 0/{half}" for half in (busy, congestion)]
    return ("425/1", ringback, *even, waiting, information)


_RINGS = "425/1 0/4"
CADENCES: Mapping[str, Sequence[str]] = {
    # dial, ringback, busy, congestion, call waiting, special information; "": none.
    # Parts are hertz/seconds: 350+440 is both at once, 400*25 is 400 Hz that 25 Hz modulates, 0 is silence.
    ELSEWHERE: _of_425(_RINGS, 0.5, 0.2, "425/.2 0/.2 425/.2 0/9"),
    "AE": _BRITAIN,
    "AT": ("420/1", "420/1 0/5", "420/.4 0/.4", "420/.2 0/.2", "420/.04 0/1.96", "950/.33 1450/.33 1850/.33 0/1"),
    "AU": (
        "413+438/1",
        _TWICE.format("413+438"),
        "425/.375 0/.375",
        "425/.375 0/.375",
        "425/.2 0/.2 425/.2 0/4.4",
        "425/2.5 0/.5",
    ),
    "BE": ("425/1", "425/1 0/3", "425/.5 0/.5", "425/.167 0/.167", "1400/.175 0/.175 1400/.175 0/3.5", _INFORMATION),
    "BG": _of_425(_RINGS, 0.5, 0.25, "425/.15 0/.15 425/.15 0/4"),
    "BR": ("425/1", _RINGS, "425/.25 0/.25", "425/.25 0/.25 425/.75 0/.25", "425/.05 0/1", ""),
    "CA": _AMERICA,
    "CH": _of_425(_RINGS, 0.5, 0.2, "425/.2 0/.2 425/.2 0/4"),
    "CL": ("400/1", "400/1 0/3", "400/.5 0/.5", "400/.2 0/.2", "400/.25 0/8.75", _INFORMATION),
    "CN": (
        "450/1",
        "450/1 0/4",
        "450/.35 0/.35",
        "450/.7 0/.7",
        "450/.4 0/4",
        "450/.1 0/.1 450/.1 0/.1 450/.1 0/.1 450/.4 0/.4",
    ),
    "CZ": ("425/.33 0/.33 425/.66 0/.66", _RINGS, "425/.33 0/.33", "425/.165 0/.165", "425/.33 0/9", _INFORMATION),
    "DE": _of_425(_RINGS, 0.48, 0.24, "425/.2 0/.2 425/.2 0/5"),
    "DK": _of_425(_RINGS, 0.5, 0.2, "425/.2 0/.6 425/.2 0/3"),
    "EE": _of_425(_RINGS, 0.3, 0.2),
    "ES": (
        "425/1",
        "425/1.5 0/3",
        "425/.2 0/.2",
        "425/.2 0/.2 425/.2 0/.2 425/.2 0/.6",
        "425/.175 0/.175 425/.175 0/3.5",
        _INFORMATION,
    ),
    "FI": _of_425(_RINGS, 0.3, 0.2, "425/.15 0/.15 425/.15 0/8"),
    "FR": ("440/1", "440/1.5 0/3.5", "440/.5 0/.5", "440/.25 0/.25", "440/.3 0/10", _INFORMATION),
    "GB": _BRITAIN,
    "GR": ("425/.2 0/.3 425/.7 0/.8", *_of_425(_RINGS, 0.3, 0.2, "425/.15 0/.15 425/.15 0/8")[1:]),
    "HK": ("350+440/1", "440+480/.4 0/.2 440+480/.4 0/3", *_AMERICA[2:]),
    "HU": _of_425("425/1.25 0/3.75", 0.3, 0.3, "425/.04 0/1.96"),
    "ID": _of_425(_RINGS, 0.5, 0.25, "425/.15 0/.15 425/.15 0/10"),
    "IL": (
        "414/1",
        "414/1 0/3",
        "414/.5 0/.5",
        "414/.25 0/.25",
        "414/.1 0/.1 414/.1 0/.1 414/.6 0/3",
        "1000/.33 1400/.33 1800/.33 0/1",
    ),
    "IN": (
        "400*25/1",
        _TWICE.format("400*25"),
        "400/.75 0/.75",
        "400/.25 0/.25",
        "400/.2 0/.1 400/.2 0/7.5",
        _INFORMATION,
    ),
    "IT": (
        "425/.2 0/.2 425/.6 0/1",
        _RINGS,
        "425/.5 0/.5",
        "425/.2 0/.2",
        "425/.4 0/.1 425/.25 0/.1 425/.15 0/14",
        _INFORMATION,
    ),
    "JP": ("400/1", "400*16/1 0/2", "400/.5 0/.5", "400/.5 0/.5", "400*16/.5 0/8", _INFORMATION),
    "KR": (
        "350+440/1",
        "440+480/1 0/2",
        "480+620/.5 0/.5",
        "480+620/.3 0/.2",
        "350+440/.25 0/.25 350+440/.25 0/3.25",
        _INFORMATION,
    ),
    "LT": _of_425(_RINGS, 0.35, 0.2, "425/.15 0/.15 425/.15 0/4"),
    "MO": _of_425(_RINGS, 0.5, 0.25),
    "MX": _of_425(_RINGS, 0.25, 0.25, "425/.2 0/.6 425/.2 0/10"),
    "MY": _of_425(_TWICE.format("425"), 0.5, 0.5, information=""),
    "NL": _of_425(_RINGS, 0.5, 0.25, "425/.5 0/9.5"),
    "NO": _of_425(_RINGS, 0.5, 0.2, "425/.2 0/.6 425/.2 0/10"),
    "NZ": (
        "400/1",
        _TWICE.format("400+450"),
        "400/.5 0/.5",
        "400/.25 0/.25",
        "400/.2 0/3",
        "400/.75 0/.1 400/.75 0/.1 400/.75 0/.1 400/.75 0/.4",
    ),
    "PH": ("425/1", "425+480/1 0/4", "480+620/.5 0/.5", "480+620/.25 0/.25", "440/.3 0/10", _INFORMATION),
    "PL": _of_425(_RINGS, 0.5, 0.5, "425/.15 0/.15 425/.15 0/4"),
    "PT": _of_425("425/1 0/5", 0.5, 0.2, "440/.3 0/10"),
    "RU": _of_425(_RINGS, 0.35, 0.175, "425/.2 0/5"),
    "SE": ("425/1", "425/1 0/5", "425/.25 0/.25", "425/.25 0/.75", "425/.2 0/.5 425/.2 0/9.1", _INFORMATION),
    "SG": (
        "425/1",
        _TWICE.format("425*24"),
        "425/.75 0/.75",
        "425/.25 0/.25",
        "425*24/.3 0/.2 425*24/.3 0/3.2",
        _INFORMATION,
    ),
    "TH": ("400*50/1", "400/1 0/4", "400/.5 0/.5", "400/.3 0/.3", "", _INFORMATION),
    "TW": (
        "350+440/1",
        "440+480/1 0/2",
        "480+620/.5 0/.5",
        "480+620/.25 0/.25",
        "350+440/.25 0/.25 350+440/.25 0/3.25",
        _INFORMATION,
    ),
    "US": _AMERICA,
    "VE": _of_425(_RINGS, 0.5, 0.25, "400+450/.3 0/6"),
    "VN": _of_425(_RINGS, 0.5, 0.25),
    "ZA": (
        "400*33/1",
        _TWICE.format("400*33"),
        "400/.5 0/.5",
        "400/.25 0/.25",
        "400*33/.25 0/.25 400*33/.25 0/3.25",
        _INFORMATION,
    ),
}

KEYS = "0123456789*#ABCD"
"""By their event codes (RFC 4733 §3.2)."""

_ROWS, _COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0)
_PAD = ("123A", "456B", "789C", "*0#D")
FREQUENCIES: Mapping[str, tuple[float, float]] = {
    key: (_ROWS[y], _COLUMNS[x]) for y, line in enumerate(_PAD) for x, key in enumerate(line)
}


@functools.cache
def cadence(name: Tone, region: str = "CN") -> Sound:
    """One cadence of a tone; play it with repeat. Empty if that country has none. region: ISO 3166, in capitals."""
    of_region = CADENCES.get(region, CADENCES[ELSEWHERE])
    words = of_region[TONES.index(name)].split()
    sound = np.concatenate([_part(*word.split("/"), alone=len(words) == 1) for word in words] or [silence(0)])
    sound.flags.writeable = False
    return sound


def _part(hertz: str, seconds: str, *, alone: bool) -> Sound:
    """alone: it goes on without a break, and its whole number of hertz has whole periods in its second."""
    length = float(seconds)
    if hertz == "0":
        return silence(length)
    carrier, _, modulator = hertz.partition("*")
    sound = tone([float(one) for one in carrier.split("+")], length).astype(np.float64)
    if modulator:
        sound *= 0.5 - 0.5 * np.cos(2 * np.pi * float(modulator) * np.arange(len(sound)) / RATE)
    if not alone:
        edge = 0.5 - 0.5 * np.cos(np.pi * (np.arange(EDGE) + 0.5) / EDGE)
        sound[:EDGE] *= edge
        sound[-EDGE:] *= edge[::-1]
    part: Sound = np.round(sound).astype(np.int16)
    return part


def key(name: str, *, on: float = 0.1, off: float = 0.06) -> Sound:
    """One DTMF key as sound, for the legs that know no telephone-event. KeyError if it is no key."""
    return np.concatenate([tone(FREQUENCIES[name], on), silence(off)])


def tone(frequencies: Sequence[float], seconds: float, level: float = LEVEL) -> Sound:
    """Several sines together; each has its share of `level`."""
    time = np.arange(round(seconds * RATE)) / RATE
    sines = np.sin(2 * np.pi * np.asarray(frequencies)[:, None] * time)
    sound: Sound = np.round(sines.sum(axis=0) * (level / len(frequencies))).astype(np.int16)
    return sound


def silence(seconds: float) -> Sound:
    return np.zeros(round(seconds * RATE), np.int16)
