"""How good a conversation sounds, from what the network did to it: the E-model (ITU-T G.107, 06/2015).

The rating R is what is left of a perfect narrow-band telephone line's after noise (Ro, Is), delay and echo (Id) and
coding with its losses (Ie,eff); all that we cannot measure has the Recommendation's default (table 2). From R the
mean opinion score of people who would hear it so (annex B): 4.41 at best, 1 at worst.

What codecs cost is G.113's (11/2007, appendix I): the impairment without loss, and how well losses are borne. It
has values for narrow-band codecs with random loss; burst loss comes in by its ratio. For G.722 and Opus it has none
on this scale, as their sound is wider than it: they are taken to be as G.711 where nothing is lost (their true worth
is above it), G.722 with the losses of a waveform codec that is concealed the same way, Opus with a little less, as a
lost frame leaves its prediction wrong for a while. All of it is what a caller would say *of the network*; how loud
or how noisy the room is, nobody asks.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass

EASY, ANNOYING = 4.0, 3.6
"""MOS: from here on good (R 80: most are satisfied), below that poor (R 70: many are not); G.109 table 1."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """impairment: Ie. robustness: Bpl, with random loss and concealment."""

    impairment: float
    robustness: float


G711_BARE = Equipment(0.0, 4.3)
"""G.711 whose losses are silence."""
EQUIPMENT: Mapping[str, Equipment] = {
    "PCMA": Equipment(0.0, 25.1),
    "PCMU": Equipment(0.0, 25.1),
    "G729": Equipment(11.0, 19.0),
    "G722": Equipment(0.0, 25.1),
    "opus": Equipment(0.0, 20.0),
}

# G.107 table 2: loudness, sidetone, echo, noise and quantising as on a usual connection.
_SLR, _RLR, _STMR, _DR, _DS = 8.0, 2.0, 15.0, 3.0, 3.0
_TELR, _WEPL, _QDU = 65.0, 110.0, 1.0
_NC, _NFOR, _PS, _PR = -70.0, -64.0, 35.0, 35.0
_OLR = _SLR + _RLR


def mos(codec: str, *, loss: float, burst: float = 1.0, delay_ms: float) -> float:
    """One side's opinion, 1.0 to 4.5, to two places.

    loss: 0 to 1 of all packets, those that came too late among them. burst: how much longer runs of losses are than
    with losses by chance (G.107's BurstR), 1 if not known. delay_ms: from mouth to ear.
    """
    return round(opinion(rating(EQUIPMENT[codec], loss=loss, burst=burst, delay_ms=delay_ms)), 2)


def rating(equipment: Equipment, *, loss: float = 0.0, burst: float = 1.0, delay_ms: float = 0.0) -> float:
    """R (G.107 formula 7-1, without an advantage of access)."""
    return _basic() - _simultaneous(delay_ms) - _delay(delay_ms) - _effective(equipment, loss, burst)


def opinion(rated: float) -> float:
    """R → MOS (annex B). Below R = 6.5 the polynomial falls under 1, which no opinion does."""
    if rated >= 100:
        return 4.5
    if rated <= 0:
        return 1.0
    return max(1.0, 1 + 0.035 * rated + rated * (rated - 60) * (100 - rated) * 7e-6)


def burst_ratio(lost: int, runs: int, expected: int) -> float:
    """How much longer than by chance the runs of lost packets were (G.107 §7.6); not below 1: shorter is no virtue."""
    if lost <= 0 or runs <= 0 or expected <= lost:
        return 1.0
    return max(1.0, lost / runs * (1 - lost / expected))


def _effective(equipment: Equipment, loss: float, burst: float) -> float:
    """Ie,eff (7-29)."""
    percent = 100 * min(1.0, max(0.0, loss))
    if percent == 0:
        return equipment.impairment
    return equipment.impairment + (95 - equipment.impairment) * percent / (percent / burst + equipment.robustness)


@functools.cache
def _noise() -> float:
    """No: all noises at the 0 dBr point (7-3 to 7-7)."""
    send = _PS - _SLR - _DS - 100 + 0.004 * (_PS - _OLR - _DS - 14) ** 2
    heard = _PR + 10 * math.log10(1 + 10 ** ((10 - (_STMR + _DR)) / 10))
    receive = _RLR - 121 + heard + 0.008 * (heard - 35) ** 2
    total: float = sum(10 ** (one / 10) for one in (_NC, send, receive, _NFOR + _RLR))
    return 10 * math.log10(total)


@functools.cache
def _basic() -> float:
    """Ro: the ratio of speech to noise (7-2)."""
    return 15 - 1.5 * (_SLR + _noise())


def _simultaneous(delay_ms: float) -> float:
    """Is: too loud, sidetone, quantising (7-8 to 7-17)."""
    loud = (_OLR + 0.2 * (64 + _noise() - _RLR)) / 8
    too_loud: float = 20 * ((1 + loud**8) ** (1 / 8) - loud)
    own = -10 * math.log10(10 ** (-_STMR / 10) + math.exp(-delay_ms / 4) * 10 ** (-_TELR / 10))
    sidetone: float = (
        12 * (1 + ((own - 13) / 6) ** 8) ** (1 / 8)
        - 28 * (1 + ((own + 1) / 19.4) ** 35) ** (1 / 35)
        - 13 * (1 + ((own - 3) / 33) ** 13) ** (1 / 13)
        + 29
    )
    quality = 37 - 15 * math.log10(_QDU)
    g = 1.07 + 0.258 * quality + 0.0602 * quality**2
    y, z = (_basic() - 100) / 15 + 46 / 8.4 - g / 9, 46 / 30 - g / 40
    return too_loud + sidetone + 15 * math.log10(1 + 10**y + 10**z)


def _delay(delay_ms: float) -> float:
    """Id: talker's echo, listener's echo, and waiting for each other (7-18 to 7-28), with Ta = T = Tr / 2."""
    terv: float = _TELR - 40 * math.log10((1 + delay_ms / 10) / (1 + delay_ms / 150)) + 6 * math.exp(-0.3 * delay_ms**2)
    half: float = (-1.5 * (_noise() - _RLR) - (80 + 2.5 * (terv - 14))) / 2
    talker = (half + math.sqrt(half**2 + 100) - 1) * (1 - math.exp(-delay_ms))
    other: float = (_basic() - 10.5 * (_WEPL + 7) * (2 * delay_ms + 1) ** -0.25) / 2
    listener = other + math.sqrt(other**2 + 169)
    if delay_ms <= 100:
        return talker + listener
    x = math.log2(delay_ms / 100)
    waiting: float = 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
    return talker + listener + waiting
