"""The neural voice by choice: what it is told of an English text, and what is said where its packages are missing."""

from __future__ import annotations

import sys

import pytest

from callcenterd.worker import kokoro_voice, speech


@pytest.mark.parametrize(
    ("text", "sounds"),
    [
        ("twenty-six", "twˈɛntisˈɪks"),
        ("You are next in the queue.", "ju ɑɹ nˈɛkst ɪnðə kjˈu."),
        ("p.m.", "pˌiˈɛm"),
        ("Goodbye, John.", "ɡʊdbˈI, ʤˈɑn."),
    ],
)
def test_english_is_written_in_the_sounds_that_the_model_learned(text: str, sounds: str) -> None:
    assert kokoro_voice.sounds_of(text, mandarin=False) == sounds


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_where_its_packages_are_missing_it_is_said_what_to_install(
    monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(speech.CannotSpeak, match=r"pip install 'callcenterd\[kokoro\]'"):
        speech.speak("hello 你好", language, "kokoro")


def test_another_language_is_refused() -> None:
    with pytest.raises(speech.CannotSpeak, match="no voice for fr"):
        speech.speak("bonjour", "fr", "kokoro")
