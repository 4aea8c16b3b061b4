"""Who has picked up, judged from read texts, tones and music through the whole engine: quiet, noisy, packets lost.

Each sample is a leg of its own; all of them run together. `pytest -s` prints the shares.
"""

from __future__ import annotations

import functools
import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from callcenterd.media import machine, tones
from callcenterd.media.codecs import g711
from callcenterd.media.facts import LegJudged
from callcenterd.media.machine import RULE, Rule, Verdict, judge
from callcenterd.media.sdp import AudioFormat
from callcenterd.model.ids import LegId
from callcenterd.worker.sound import music
from tests.kit import speech
from tests.kit.speech import Sound, at_level, at_pitch, noise, said
from tests.kit.tones import tone
from tests.media.test_engine import Room

SHORT = (
    ("喂？", "zh-CN"),
    ("喂，你好。", "zh-CN"),
    ("你好。", "zh-CN"),
    ("喂？喂？", "zh-CN"),
    ("您好，哪位？", "zh-CN"),
    ("喂，您好，哪位？", "zh-CN"),
    ("您好，请问找哪位？", "zh-CN"),
    ("Hello?", "en"),
    ("Hi.", "en"),
    ("Yes?", "en"),
    ("Hello, who is this?", "en"),
    ("Hello, this is John.", "en"),
)
LONG = (
    ("您好，机主现在不方便接听您的电话，请在嘀声后留言。", "zh-CN"),
    ("您好，我是机主的智能助理，请问您有什么事情？我会帮您转达。", "zh-CN"),
    ("您拨打的用户暂时无法接通，已为您转到语音信箱，请留言。", "zh-CN"),
    ("你好，我现在不方便接电话，有事请发短信，谢谢。", "zh-CN"),
    ("欢迎使用来电秘书，机主正在忙，您可以留下您的姓名和电话。", "zh-CN"),
    ("Hello, you have reached the voice mail of John Smith. Please leave a message after the tone.", "en"),
    ("Hi, this is Mary. I can't take your call right now, but leave a message and I will call you back.", "en"),
    ("The person you are calling is not available. At the tone, please record your message.", "en"),
)
THEN_BEEPS = (("请留言。", "zh-CN"), ("机主不在，请留言。", "zh-CN"), ("Leave a message.", "en"))
PITCHES = (0.85, 1.0, 1.25)
LEVELS = (-10.0, -18.0, -26.0, -34.0)
LINES = {"clean": (-math.inf, 0.0), "noise -45": (-45.0, 0.0), "noise -38": (-38.0, 0.0), "2 % lost": (-55.0, 0.02)}
"""Name → noise in dBm0, share of packets lost."""
SECONDS = 6
ROWS = 120


@dataclass(frozen=True)
class Sample:
    """What comes after the answer, and what it is."""

    kind: str
    name: str
    sound: Sound
    lost: float = 0.0
    law: int = g711.PCMA


def hush(seconds: float) -> Sound:
    return np.zeros(round(8000 * seconds), np.int16)


def on_a_line(sound: Sound, line: str) -> Sound:
    whole = np.concatenate([sound, hush(SECONDS)])[: SECONDS * 8000].astype(np.int32)
    level, _ = LINES[line]
    if level > -math.inf:
        whole += noise(SECONDS, level, seed=len(sound))[: len(whole)]
    return np.clip(whole, -32768, 32767).astype(np.int16)


def through_the_engine(samples: Sequence[Sample]) -> list[Verdict]:
    """Who it was, by the engine's word, for each sample."""
    found: dict[int, Verdict] = {}
    for begin in range(0, len(samples), ROWS):
        part, room, chance = samples[begin : begin + ROWS], Room(ROWS), random.Random(begin)
        for n, sample in enumerate(part):
            audio = AudioFormat(
                payload_type=int(g711.PAYLOAD_TYPE[sample.law]), codec="PCMA" if sample.law == g711.PCMA else "PCMU"
            )
            room.leg(n + 1, audio, sample.sound)
            room.engine.judge(LegId(n + 1), RULE)

        def each(_: int, part: Sequence[Sample] = part, room: Room = room, chance: random.Random = chance) -> None:
            for sample, talker in zip(part, room.talkers, strict=True):
                talker.say()
                if chance.random() < sample.lost:
                    room.wire.waiting[talker.row].pop()

        room.run(50 * SECONDS, each)
        told = [fact for fact in room.told(LegJudged) if isinstance(fact, LegJudged)]
        assert len(told) == len(part), "each is told once, within the bound"
        found |= {begin + fact.leg - 1: fact.verdict for fact in told}
    return [found[n] for n in range(len(samples))]


def spoken(kind: str, texts: Sequence[tuple[str, str]], begins: Sequence[float]) -> list[Sample]:
    """Each text at each pitch, level and line."""
    chance = random.Random(kind)
    return [
        Sample(
            kind,
            f"{text} x{pitch} {level} dBm0, {line}",
            on_a_line(
                np.concatenate([hush(chance.choice(begins)), at_level(at_pitch(said(*text_of), pitch), level)]), line
            ),
            LINES[line][1],
            chance.choice((g711.PCMA, g711.PCMU)),
        )
        for text_of in texts
        for text in text_of[:1]
        for pitch in PITCHES
        for level in LEVELS
        for line in LINES
        if level >= LINES[line][0] + 11  # who is hardly above the noise is not understood either
    ]


@functools.cache
def judged() -> list[tuple[Sample, Verdict]]:
    beeps = [
        Sample("greeting, beep", f"{text} {hertz} Hz", on_a_line(np.concatenate(parts), "clean"))
        for text, language in THEN_BEEPS
        for hertz, length in ((440, 0.5), (1000, 0.15), (1400, 0.4), (850, 0.9))
        for parts in [[hush(0.4), at_level(said(text, language), -18), hush(0.3), tone(hertz, length)]]
    ]
    samples = [
        *spoken("short hello", SHORT, (0.0, 0.3, 1.2)),
        *spoken("long greeting", LONG, (0.0, 0.3, 1.2)),
        *beeps,
        *(Sample("silence", line, on_a_line(hush(1), line), LINES[line][1]) for line in LINES),
    ]
    return list(zip(samples, through_the_engine(samples), strict=True))


def of(kind: str) -> list[tuple[Sample, Verdict]]:
    return [(sample, verdict) for sample, verdict in judged() if sample.kind == kind]


def shares(kind: str) -> Counter[str]:
    found: Counter[str] = Counter(verdict.who for _, verdict in of(kind))
    times = sorted(verdict.seconds for _, verdict in of(kind))
    print(f"{kind}: {dict(found)} of {found.total()}, after {times[len(times) // 2]} s, at most {times[-1]} s")
    return found


def test_nobody_who_says_a_short_word_is_taken_for_a_machine() -> None:
    wrong = [(sample.name, verdict) for sample, verdict in of("short hello") if verdict.who == "machine"]
    assert wrong == []
    found = shares("short hello")
    assert found["human"] >= 0.95 * found.total(), "and most are not kept waiting until it is unsure"


def test_a_long_greeting_is_a_machine() -> None:
    found = shares("long greeting")
    assert found["machine"] >= 0.9 * found.total()


def test_a_short_greeting_and_a_beep_are_a_machine() -> None:
    assert shares("greeting, beep")["machine"] == len(of("greeting, beep"))


def test_silence_and_noise_are_unsure_and_told_in_time() -> None:
    for sample, verdict in of("silence"):
        assert (verdict.who, verdict.why) == ("unsure", "silence"), sample.name
        assert verdict.seconds <= RULE.hush + 0.1
    assert shares("silence")["unsure"] == len(LINES)


def judged_alone(sound: Sound, rule: Rule = RULE) -> Verdict:
    (verdict,) = through_the_engine([Sample("alone", "", on_a_line(sound, "clean"))])
    assert verdict.seconds <= rule.total + 0.1
    return verdict


def repeated(sound: Sound, *, skip: float = 0.0) -> Sound:
    """skip: seconds of the tone that were over before the answer."""
    return np.tile(sound, 1 + SECONDS * 8000 // len(sound))[round(8000 * skip) :]


@pytest.mark.parametrize("region", ["CN", "DE", "AU", "JP"])
def test_a_busy_tone_after_the_answer_is_known(region: str) -> None:
    for name in ("busy", "congestion"):
        found = judged_alone(repeated(tones.cadence(name, region), skip=0.1))
        assert (found.who, found.why) == ("machine", "busy"), name


@pytest.mark.parametrize("region", ["CN", "DE"])
def test_the_tone_for_a_number_that_is_not_in_use_is_known(region: str) -> None:
    found = judged_alone(repeated(tones.cadence("information", region)))
    assert (found.who, found.why) == ("machine", "information")


@pytest.mark.parametrize("region", ["CN", "DE", "AU"])
def test_a_ringing_tone_after_the_answer_says_nothing_of_who_will_pick_up(region: str) -> None:
    """An analogue gateway takes the line for answered while it still rings there."""
    for skip in (0.0, 0.7):
        assert judged_alone(repeated(tones.cadence("ringback", region), skip=skip)).who == "unsure"


def test_a_fax_is_a_machine() -> None:
    found = judged_alone(np.concatenate([hush(0.5), tone(2100, 3)]))
    assert (found.who, found.why) == ("machine", "fax")


def test_music_is_nobody_who_listens() -> None:
    assert judged_alone(at_level(music()[: SECONDS * 8000], -18)).who == "machine"


def test_a_click_or_a_key_is_no_word() -> None:
    click = hush(2)
    click[4000::8000] = 20000
    assert judged_alone(click).why == "silence"


def test_no_steady_tone_is_heard_in_what_people_say() -> None:
    """Five minutes of two voices: a beep that is none would hang up on somebody."""
    found = 0
    for language in ("zh-CN", "en"):
        for pitch in PITCHES:
            sound = at_pitch(at_level(speech.reading(language, 0.8), -18), pitch)
            codes = g711.encode(sound[: len(sound) // 160 * 160], g711.PCMA).reshape(-1, 160)
            hertz = machine.single_tones(g711.LEVEL[g711.PCMA].astype(np.float32)[codes])
            found += sum(400 <= run.hertz <= 2000 for run in machine._steady(hertz.tolist()))
    assert found == 0


def test_a_leg_that_ends_while_it_is_judged_is_told_about_and_so_is_one_that_is_gone() -> None:
    room = Room()
    room.leg(1)
    room.engine.judge(LegId(1), RULE)
    room.run(20)
    room.engine.close(LegId(1))
    room.engine.judge(LegId(1), RULE)
    room.run(10)
    assert [fact.verdict for fact in room.told(LegJudged) if isinstance(fact, LegJudged)] == [
        Verdict("unsure", "gone", 0.0)
    ] * 2


def test_the_rule_is_in_the_hands_of_who_asks() -> None:
    frames = [1e6] * 60 + [1.0] * 15  # 1.2 s of talk
    assert judge(frames, [0.0] * 75) is None
    assert judge(frames, [0.0] * 75, Rule(greeting=1.0)) == Verdict("machine", "greeting", 1.5)
    assert judge(frames, [0.0] * 75, Rule(listens=0.3)) == Verdict("human", "short", 1.5)
    assert judge([1.0] * 50, [0.0] * 50, Rule(hush=1.0)) == Verdict("unsure", "silence", 1.0)


def test_many_words_are_a_machine_though_it_pauses() -> None:
    frames = ([1e6] * 10 + [1.0] * 8) * 5
    assert judge(frames, [0.0] * len(frames), Rule(words=5, greeting=9)) == Verdict("machine", "words", 1.8)
