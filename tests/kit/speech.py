"""People's voices for tests: texts read by espeak-ng, the same each time, once a test run."""

from __future__ import annotations

import functools
import random

import numpy as np
from numpy.typing import NDArray

from callcenterd.worker.speech import speak

RATE = 8000
Sound = NDArray[np.int16]

CHINESE = (
    "您好，这里是客户服务中心，请问有什么可以帮您？",
    "我想查一下上个月的话费，号码是一三八零零一三八零零零，为什么比平时多了三十五块六毛？",
    "好的，请您稍等，我帮您看一看，您上个月多用了两个流量包。",
    "明天下午三点以前会有师傅上门检修，请保持电话畅通，谢谢您的来电，再见。",
)
ENGLISH = (
    "Good morning, you are through to customer service, how can I help you today?",
    "I would like to know why my bill was seventy nine dollars and fifty cents higher than in June.",
    "Let me have a look at that for you. Could you tell me your account number, please?",
    "It's five five oh one, two nine three eight. Thank you very much, that was really helpful.",
)


@functools.cache
def said(text: str, language: str) -> Sound:
    """int16 at 8 kHz, at the level of a prompt, without silence before and after."""
    sound: Sound = speak(text, language, "espeak-ng")
    return sound


def conversation() -> list[Sound]:
    """Every sentence of this file."""
    return [said(text, "zh-CN") for text in CHINESE] + [said(text, "en") for text in ENGLISH]


def at_level(sound: Sound, dbm0: float) -> Sound:
    """Made so loud that the parts in which something is heard have this level (0 dBm0: 3.14 dB below a full sine)."""
    wave = sound.astype(np.float64)
    frames = wave[: len(wave) // 160 * 160].reshape(-1, 160)
    power = (frames**2).mean(axis=1)
    active = power[power > power.max() / 1000].mean()
    wanted = 32256**2 / 2 * 10 ** ((dbm0 - 3.14) / 10)
    louder: Sound = np.clip(np.round(wave * np.sqrt(wanted / active)), -32768, 32767).astype(np.int16)
    return louder


def noise(seconds: float, dbm0: float, seed: int = 1) -> Sound:
    """White and even."""
    wave = np.random.default_rng(seed).normal(size=round(seconds * RATE))
    wanted = 32256**2 / 2 * 10 ** ((dbm0 - 3.14) / 10)
    sound: Sound = np.clip(np.round(wave * np.sqrt(wanted)), -32768, 32767).astype(np.int16)
    return sound


_OPENINGS = {
    "zh-CN": ("您好", "请问", "不好意思", "我想问一下", "麻烦您", "是这样的", "对对对", "那么", "其实", "好的好的"),
    "en": ("Hello", "Excuse me", "I was wondering", "Well", "You see", "All right", "To be honest", "Yes indeed"),
}
_MIDDLES = {
    "zh-CN": (
        "上个星期我在网上买的那台洗衣机到现在还没有送来",
        "我的宽带从昨天晚上八点钟开始就断断续续上不了网",
        "这张卡里的余额怎么突然少了两百多块钱",
        "你们的维修师傅说今天下午会来结果等到天黑也没有人",
        "我要投诉你们的服务态度实在是太差了",
        "医生说要提前三天预约才可以做这项检查",
        "发票的抬头写错了能不能给我重新开一张",
        "孩子的学校要求把材料在月底以前交上去",
        "机票改签到星期五早上的那一班需要加多少钱",
        "水表的读数和账单上面的不一样请您核对一下",
    ),
    "en": (
        "the washing machine I ordered last week still has not been delivered",
        "my connection has been dropping every few minutes since eight o'clock yesterday evening",
        "there are two hundred dollars missing from my account and nobody can tell me why",
        "your engineer was supposed to come this afternoon but nobody showed up until it was dark",
        "I would like to make a complaint about the way I was treated on the phone",
        "the doctor said this examination has to be booked three days in advance",
        "the name on the invoice is wrong, could you please send me another one",
        "how much extra do I have to pay to move my flight to early Friday morning",
        "the reading of my water meter does not match the figure on the bill at all",
    ),
}
_ENDINGS = {
    "zh-CN": ("号码是{n}", "地址在人民路{n}号", "订单号{n}", "谢谢您", "能帮我查一下吗", "到底要等到什么时候"),
    "en": ("the number is {n}", "it is order number {n}", "thank you very much", "can you check that for me?"),
}


@functools.cache
def reading(language: str, minutes: float) -> Sound:
    """At least so long: sentences of people who call, put together by chance and always the same."""
    chance = random.Random(f"reading {language}")
    parts: list[Sound] = []
    missing = round(minutes * 60 * RATE)
    while missing > 0:
        sentences = [_sentence(language, chance) for _ in range(8)]
        parts.append(said(" ".join(sentences), language))
        missing -= len(parts[-1])
    return np.concatenate(parts)


def _sentence(language: str, chance: random.Random) -> str:
    number = " ".join(str(chance.randrange(10)) for _ in range(chance.randrange(4, 12)))
    parts = [chance.choice(some[language]) for some in (_OPENINGS, _MIDDLES, _ENDINGS)]
    return ("，".join(parts) + "。" if language == "zh-CN" else ", ".join(parts) + ".").replace("{n}", number)


def at_pitch(sound: Sound, factor: float) -> Sound:
    """Faster and higher, or slower and lower: another speaker, near enough."""
    places = np.arange(0, len(sound) - 1, factor)
    other: Sound = np.round(np.interp(places, np.arange(len(sound)), sound)).astype(np.int16)
    return other
