"""Text is read aloud by the espeak-ng program, really."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from callcenterd.ivr.spoken import values
from callcenterd.worker import speech

MENU = "业务咨询请按 1，投诉建议请按 2，人工服务请按 0。"


def phonemes(text: str, voice: str) -> str:
    """What espeak-ng would say, as it writes it; (en) marks a fall-back to English letters."""
    command = ["espeak-ng", "-v", voice, "-q", "-x", "--stdin"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def test_the_mandarin_voice_reads_hanzi_and_does_not_spell_english_letters() -> None:
    [(text, voice)] = speech.voices(MENU, "zh-CN")
    assert "(en)" not in phonemes(speech.readable(text), voice)
    assert "(en)" in phonemes(MENU, "cmn")  # Debian's other Mandarin voice, which is why this one is taken


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("银行", "yin2 hang2"),
        ("重庆", "chong2 qing4"),
        ("长城", "chang2 cheng2"),
        ("经理", "jing1 li3"),
        ("女士", "nv3 shi4"),
        ("好吗", "hao3 ma5"),
    ],
)
def test_words_are_read_as_words(text: str, pinyin: str) -> None:
    assert speech.readable(text).split() == pinyin.split()


def test_pinyin_makes_a_difference_that_the_voice_speaks() -> None:
    assert phonemes(speech.readable("银行"), "cmn-latn-pinyin") != phonemes("银行", "cmn-latn-pinyin")


def test_digits_and_punctuation_stay_for_the_voice() -> None:
    assert "1" in speech.readable(MENU)
    assert "，" in speech.readable(MENU)


def test_english_words_in_a_chinese_text_go_to_an_english_voice() -> None:
    assert [voice for _, voice in speech.voices("办理 VIP 业务请按 1, for English press 2。", "zh-CN")] == [
        "cmn-latn-pinyin", "en-us", "cmn-latn-pinyin", "en-us", "cmn-latn-pinyin",
    ]  # fmt: skip
    assert list(speech.voices("Press 1", "en")) == [("Press 1", "en-us")]


@pytest.mark.parametrize(
    ("text", "language", "least", "most"),
    [(MENU, "zh-CN", 4.0, 9.0), ("For sales, press 1. For an agent, press 0.", "en", 2.0, 5.0)],
)
def test_a_prompt_is_loud_enough_not_too_loud_and_begins_at_once(
    text: str, language: str, least: float, most: float
) -> None:
    spoken = speech.speak(text, language, "espeak-ng")
    assert spoken.dtype == np.int16
    assert least <= len(spoken) / 8000 <= most
    wave = spoken / 32767
    peak = 20 * np.log10(np.abs(wave).max())
    frames = wave[: len(wave) // 80 * 80].reshape(-1, 80)
    power = (frames**2).mean(axis=1)
    rms = 10 * np.log10(power[power > power.max() / 1e3].mean())
    assert peak <= -2.9
    assert -23 <= rms <= -17
    assert np.flatnonzero(power > 10 ** (-50 / 10))[0] <= 10  # within 100 ms


def test_twenty_syllables_take_twenty_syllables_of_time_and_not_sixty_letters() -> None:
    """A voice that spells pinyin as letters takes more than twice as long."""
    spoken = speech.speak("请在听到提示音以后留下您的姓名和电话号码", "zh-CN", "espeak-ng")
    assert 3.0 <= len(spoken) / 8000 <= 7.0


def test_a_leading_dash_or_a_tag_is_text_and_no_option() -> None:
    assert len(speech.speak("-v en --help", "en", "espeak-ng")) > 4000
    assert len(speech.speak("<speak>hello</speak>", "en", "espeak-ng")) > 2000


@pytest.mark.parametrize("text", ["", "   ", "x" * 3000, "。。。"])
def test_a_text_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(speech.CannotSpeak):
        speech.speak(text, "zh-CN", "espeak-ng")


def test_a_language_without_a_voice_is_refused_in_the_words_of_the_engine() -> None:
    with pytest.raises(speech.CannotSpeak, match="espeak-ng"):
        speech.speak("hello", "xx-nowhere", "espeak-ng")


def test_an_engine_that_is_not_installed_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(speech.CannotSpeak, match="apt-get install espeak-ng"):
        speech.speak("您好", "zh-CN", "espeak-ng")


def test_pyttsx3_is_an_extra_and_says_so_while_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    (tmp_path / "pyttsx3.py").write_text("raise ImportError('not here')")  # type: ignore[operator]
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    with pytest.raises(speech.CannotSpeak, match="pip install pyttsx3"):
        speech.speak("您好", "zh-CN", "pyttsx3")


def heard_part(sound: np.ndarray) -> tuple[float, float]:
    """Seconds of silence before and after."""
    frames = sound[: len(sound) // 40 * 40].reshape(-1, 40).astype(np.float64)
    loud = np.flatnonzero((frames**2).mean(axis=1) > (32767 * 10 ** (-50 / 20)) ** 2)
    return loud[0] * 0.005, (len(frames) - 1 - loud[-1]) * 0.005


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_word_of_a_value_can_be_said_shortly_and_without_silence_around(language: str) -> None:
    words = values.vocabulary(language)
    with ThreadPoolExecutor(4) as pool:
        spoken = list(pool.map(lambda word: speech.word(word, language, "espeak-ng"), words))
    for word, sound in zip(words, spoken, strict=True):
        seconds = len(sound) / 8000
        assert 0.1 < seconds < 0.25 + 0.4 * len(word.split() if language == "en" else word) + 0.5, (word, seconds)
        assert max(heard_part(sound)) <= 0.03, word


def test_no_word_of_a_chinese_value_is_spelled_as_english_letters() -> None:
    text = "\n".join(speech.readable(word) for word in values.vocabulary("zh-CN"))
    assert "(en)" not in phonemes(text, "cmn-latn-pinyin")
