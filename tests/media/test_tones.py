"""The network's tones: each is measured, in every country, against its own line of the table read a second way."""

from __future__ import annotations

import re

import numpy as np
import phonenumbers
import pytest

from callcenterd.media import tones
from callcenterd.media.tones import CADENCES, TONES, Sound, Tone, cadence
from tests.kit.tones import level

EVERY = [(region, name) for region in CADENCES for name in TONES if CADENCES[region][TONES.index(name)]]


def parts(region: str, name: Tone) -> list[tuple[set[float], float]]:
    """(hertz that are to be found, seconds) of each part; modulation puts two more beside the carrier."""
    found = []
    for hertz, seconds in re.findall(r"(\S+)/(\S+)", CADENCES[region][TONES.index(name)]):
        if "*" in hertz:
            carrier, beside = map(float, hertz.split("*"))
            found.append(({carrier, carrier - beside, carrier + beside}, float(seconds)))
        else:
            found.append(({float(one) for one in hertz.split("+")} - {0.0}, float(seconds)))
    return found


def on_and_off(sound: Sound) -> list[tuple[bool, float]]:
    """(is there sound, seconds) one after the other. A modulated tone's own zeros are no pauses."""
    heard = np.abs(sound.astype(np.int64)) > 300
    marks: list[tuple[bool, int]] = []
    at = np.flatnonzero(heard)
    if not len(at):
        return [(False, len(sound) / 8000)]
    breaks = np.flatnonzero(np.diff(at) > 100)  # 12.5 ms: more than a modulated tone is near zero
    starts, ends = [at[0], *at[breaks + 1]], [*at[breaks], at[-1]]
    before = 0
    for start, end in zip(starts, ends, strict=True):
        if start - before > 40:
            marks.append((False, int(start) - before))
        marks.append((True, int(end - start)))
        before = int(end)
    if len(sound) - before > 100:
        marks.append((False, len(sound) - before))
    return [(is_on, samples / 8000) for is_on, samples in marks]


@pytest.mark.parametrize(("region", "name"), EVERY)
def test_frequencies_are_those_of_the_country(region: str, name: Tone) -> None:
    sound, at = cadence(name, region), 0
    for hertz, seconds in parts(region, name):
        piece = sound[at : at + round(seconds * 8000)]
        at += len(piece)
        if not hertz:
            assert np.abs(piece).max() == 0
            continue
        inner = piece[tones.EDGE : len(piece) - tones.EDGE].astype(np.float64)
        time = np.arange(len(inner)) / 8000
        waves = [wave(2 * np.pi * one * time) for one in sorted(hertz) for wave in (np.sin, np.cos)]
        fit = np.stack(waves, axis=1)
        found, *_ = np.linalg.lstsq(fit, inner, rcond=None)
        rest = inner - fit @ found
        assert (rest**2).mean() < (inner**2).mean() / 10_000, "something else is in it"
        strong = np.hypot(found[0::2], found[1::2])
        assert strong.min() > tones.LEVEL / 5
    assert at == len(sound)


@pytest.mark.parametrize(("region", "name"), EVERY)
def test_cadences_are_those_of_the_country(region: str, name: Tone) -> None:
    wanted: list[tuple[bool, float]] = []
    for hertz, seconds in parts(region, name):
        if wanted and wanted[-1][0] == bool(hertz):
            wanted[-1] = bool(hertz), wanted[-1][1] + seconds  # three tones in a row are one sound
        else:
            wanted.append((bool(hertz), seconds))
    found = on_and_off(cadence(name, region))
    assert [is_on for is_on, _ in found] == [is_on for is_on, _ in wanted]
    assert [seconds for _, seconds in found] == pytest.approx([seconds for _, seconds in wanted], abs=0.02)


@pytest.mark.parametrize(("region", "name"), EVERY)
def test_repeated_and_within_there_is_no_click(region: str, name: Tone) -> None:
    """No step is greater than those of the tone itself."""
    sound = cadence(name, region)
    steepest = max(max(hertz, default=0.0) for hertz, _ in parts(region, name))
    step = np.abs(np.diff(np.tile(sound, 3).astype(np.int64))).max()
    assert step <= 2 * np.pi * steepest / 8000 * tones.LEVEL * 1.05 + 60


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("dial", [(True, 1.0)]),
        ("ringback", [(True, 1.0), (False, 4.0)]),
        ("busy", [(True, 0.35), (False, 0.35)]),
        ("congestion", [(True, 0.7), (False, 0.7)]),
        ("waiting", [(True, 0.4), (False, 4.0)]),
        ("information", [(True, 0.1), (False, 0.1)] * 3 + [(True, 0.4), (False, 0.4)]),
    ],
)
def test_chinas_tones_are_450_hertz_in_the_cadences_of_gb_3380(name: Tone, wanted: list[tuple[bool, float]]) -> None:
    sound = cadence(name, "CN")
    found = on_and_off(sound)
    assert [is_on for is_on, _ in found] == [is_on for is_on, _ in wanted]
    assert [seconds for _, seconds in found] == pytest.approx([seconds for _, seconds in wanted], abs=0.01)
    assert level(sound[40:760], 450) == pytest.approx(tones.LEVEL, rel=0.02)


def test_every_country_is_one_and_has_the_four_tones_that_a_call_needs() -> None:
    assert set(CADENCES) - {tones.ELSEWHERE} <= set(phonenumbers.SUPPORTED_REGIONS)
    assert len(CADENCES) >= 27
    for region, some in CADENCES.items():
        assert len(some) == len(TONES), region
        assert all(some[:4]), region


def test_a_country_without_a_table_gets_425_hertz() -> None:
    assert level(cadence("ringback", "UZ")[100:8000], 425) == pytest.approx(tones.LEVEL, rel=0.02)
    assert len(cadence("waiting", "TH")) == 0
