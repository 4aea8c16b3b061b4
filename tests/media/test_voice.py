"""Who talks when, measured on read texts, noise, keys and music."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from callcenterd.media import tones
from callcenterd.media.codecs import g711
from callcenterd.media.mix import Hearing
from callcenterd.media.rtp import FRAME
from callcenterd.media.voice import LOOK, Figures, Voice
from callcenterd.worker.sound import music
from tests.kit import speech
from tests.kit.speech import Sound, at_level, noise
from tests.kit.tones import tone


def silence(seconds: float) -> Sound:
    return np.zeros(round(8000 * seconds), np.int16)


def listened(
    sounds: Sequence[Sound],
    *,
    joined: bool = True,
    apart: Sequence[int] = (),
    law: int = g711.PCMA,
    several: bool = False,
) -> list[Figures]:
    """Each sound is a leg; all of them hear each other. They end with silence, as long as the longest."""
    rows, length = len(sounds), max(map(len, sounds))
    length += -length % FRAME + 10 * FRAME
    codes = np.stack([g711.encode(np.pad(sound, (0, length - len(sound))), law) for sound in sounds])
    only = np.full(rows, -1, np.intp)
    hearing = Hearing(rows)
    for row in range(rows if several else 0):
        hearing.hear(row, [other for other in range(rows) if other != row])
    if joined and rows == 2 and not several:
        only[:] = 1, 0
    away = np.isin(np.arange(rows), apart)
    voice = Voice(rows)
    for row in range(rows):
        voice.begin(row)
    for tick in range(length // FRAME):
        frame = codes[:, tick * FRAME : (tick + 1) * FRAME]
        voice.look(tick, frame, np.full(rows, law, np.int8), only, hearing.crowd, away)
    return [voice.figures(row) for row in range(rows)]


def spoken_seconds(sound: Sound) -> float:
    """How long speech is by a plainer rule: 20 ms frames within 30 dB of the loudest, pauses below 200 ms filled."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    power = (frames**2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() / 1000)
    gaps = np.diff(loud)
    return float(0.02 * (1 + gaps[gaps <= 11].sum() + (gaps > 11).sum()))


@pytest.mark.parametrize("law", [g711.PCMA, g711.PCMU])
@pytest.mark.parametrize("level", [-10.0, -20.0, -30.0])
def test_a_sentence_counts_as_long_as_it_is_said(level: float, law: int) -> None:
    for sound in speech.conversation():
        loud = at_level(sound, level)
        figures = listened([np.concatenate([silence(1), loud, silence(1)]), silence(1)], law=law)[0]
        assert figures.talk_seconds == pytest.approx(spoken_seconds(loud), abs=0.35)


def test_two_who_take_turns_do_not_talk_at_once() -> None:
    a, b, hush = speech.said(speech.CHINESE[0], "zh-CN"), speech.said(speech.ENGLISH[0], "en"), silence(0.5)
    first = np.concatenate([a, hush, 0 * b, hush, a])
    second = np.concatenate([0 * a, hush, b, hush, 0 * a])
    one, other = listened([first, second])
    assert one.over_talk_seconds == other.over_talk_seconds == 0
    assert one.talk_seconds == pytest.approx(2 * spoken_seconds(a), abs=0.5)
    assert other.talk_seconds == pytest.approx(spoken_seconds(b), abs=0.4)
    assert 0.8 < one.quiet_seconds == pytest.approx(other.quiet_seconds, abs=2 * LOOK)
    assert one.together_seconds == pytest.approx(len(first) / 8000 + 0.2, abs=0.1)


def test_who_talks_into_the_others_sentence_is_counted_for_both() -> None:
    a, b = speech.said(speech.CHINESE[1], "zh-CN"), speech.said(speech.ENGLISH[1], "en")
    late = np.concatenate([silence(2), b])
    one, other = listened([a, late])
    both = min(len(a), len(late)) / 8000 - 2
    assert one.over_talk_seconds == pytest.approx(both, abs=0.9)  # each has its own pauses
    assert other.over_talk_seconds == pytest.approx(one.over_talk_seconds, abs=2 * LOOK)


def test_the_longest_silence_of_both_is_found() -> None:
    a = speech.said(speech.CHINESE[0], "zh-CN")
    one, other = listened([np.concatenate([a, silence(7), a, silence(3), a]), silence(1)])
    assert one.longest_quiet_seconds == pytest.approx(7, abs=0.4)
    assert other.longest_quiet_seconds == pytest.approx(7, abs=0.4)
    assert one.quiet_seconds == pytest.approx(10.4, abs=1.5)


@pytest.mark.parametrize("level", [-70.0, -60.0, -50.0, -40.0, -30.0])
def test_the_noise_of_a_line_is_no_talk(level: float) -> None:
    """A louder one is taken for talk until it has been even for some seconds."""
    figures = listened([noise(60, level), silence(1)])[0]
    allowed = max(0.0, (level + 45) / 3) + 0.5
    assert figures.talk_seconds <= allowed


@pytest.mark.parametrize("level", [-60.0, -50.0, -40.0])
def test_speech_above_the_noise_is_found_in_it(level: float) -> None:
    talk = at_level(np.concatenate([speech.said(text, "zh-CN") for text in speech.CHINESE]), -20)
    quiet = silence(3)
    sound = np.concatenate([quiet, talk, quiet, talk, quiet])
    mixed = sound + noise(len(sound) / 8000, level)[: len(sound)]
    figures = listened([mixed, silence(1)])[0]
    assert figures.talk_seconds == pytest.approx(2 * spoken_seconds(talk), rel=0.12)


def test_a_click_is_no_talk() -> None:
    sound = silence(10)
    sound[8000::16000] = 20000
    assert listened([sound, silence(1)])[0].talk_seconds == 0


def test_a_key_as_a_tone_counts_no_longer_than_it_is_pressed() -> None:
    sound = np.concatenate([silence(1), tones.key("5", on=0.1, off=2.0), tones.key("#", on=0.1, off=2.0)])
    assert listened([sound, silence(1)])[0].talk_seconds <= 0.3


@pytest.mark.parametrize("hertz", [300, 571.43, 1000, 1142.86, 2000, 2285.7, 3000])
def test_no_tone_hides_between_the_samples_that_are_looked_at(hertz: float) -> None:
    figures = listened([np.concatenate([silence(0.5), tone(hertz, 1.0), silence(1)]), silence(1)])[0]
    assert figures.talk_seconds == pytest.approx(1.0, abs=0.15)


def test_music_that_is_played_to_a_leg_is_not_its_talk() -> None:
    """What counts is what comes from it; while music is played to it, it is in no conversation."""
    talk = speech.said(speech.CHINESE[1], "zh-CN")
    held, holds = listened([talk, music()[: len(talk)]], apart=[0])
    assert held.together_seconds == holds.together_seconds == held.talk_seconds == held.quiet_seconds == 0
    assert held.voice_seconds == pytest.approx(spoken_seconds(talk), abs=0.4)


def test_alone_nobody_talks_to_anybody_but_a_message_has_its_voice() -> None:
    talk = speech.said(speech.CHINESE[1], "zh-CN")
    alone = listened([talk], joined=False)[0]
    assert alone.together_seconds == 0
    assert alone.voice_seconds == pytest.approx(spoken_seconds(talk), abs=0.4)


def test_in_a_conference_all_others_count() -> None:
    a, b = speech.said(speech.CHINESE[0], "zh-CN"), speech.said(speech.ENGLISH[0], "en")
    figures = listened([a, b, silence(1)], several=True)
    assert figures[0].over_talk_seconds > 1
    assert figures[2].over_talk_seconds == figures[2].talk_seconds == 0
    assert figures[2].quiet_seconds < 2


def test_a_row_that_is_used_again_starts_from_nothing() -> None:
    voice = Voice(1)
    loud = g711.encode(tone(1000, 0.02), g711.PCMA)[None]
    for tick in range(100):
        voice.look(tick, loud, np.zeros(1, np.int8), np.array([-1]), Hearing(1).crowd, np.zeros(1, np.bool_))
    assert voice.figures(0).voice_seconds > 1
    voice.begin(0)
    assert voice.figures(0) == Figures(0, 0, 0, 0, 0, 0)
