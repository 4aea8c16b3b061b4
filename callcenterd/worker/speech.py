"""Text is read aloud. Runs in the worker's process; answers int16 at 8 kHz, levelled and trimmed.

The `espeak-ng` program is the engine (26 ms a prompt). Its Mandarin voice has traps, measured on Debian's 1.51:
`cmn` spells pinyin and some Hanzi as English letters, `cmn-latn-pinyin` reads both; and it reads 银行 as yín xíng
and 重庆 as zhòng qìng, so Hanzi go through pypinyin first, which knows words. pyttsx3 is there by choice, in a process
of its own (`pyttsx3_voice` says why), and so is a neural voice (`kokoro_voice`).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from callcenterd.errors import LocalError
from callcenterd.worker import sound

Engine = Literal["espeak-ng", "pyttsx3", "kokoro"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

VERSION = 2
"""Part of every kept prompt's name: counts up when the same text would sound different."""

MAX_CHARACTERS = 2000
SECONDS = 30.0
WORD_MARGIN = 80
"""Samples, 10 ms: between two words of a number no more is heard than within one."""
_TRIES = 3
_MANDARIN = "cmn-latn-pinyin"
_SPEED = {_MANDARIN: "185"}
"""Words a minute by the engine's count; measured: 3.7 syllables a second, an unhurried announcer."""
_OTHERS = {"en": "en-us"}
_LATIN = re.compile(r"[A-Za-z][A-Za-z'&]*(?:[ .,\-]+[A-Za-z][A-Za-z'&]*)*")
_HANZI = re.compile(r"[\u3400-\u9fff]+")


class CannotSpeak(LocalError):
    """The engine is not there, or gave nothing."""


def speak(text: str, language: str, engine: str) -> sound.Sound:
    """Raises CannotSpeak."""
    if not text.strip() or len(text) > MAX_CHARACTERS:
        raise CannotSpeak(f"a text of 1 to {MAX_CHARACTERS} characters is wanted, not of {len(text)}")
    parts = [_part(words, voice, engine) for words, voice in voices(text, language)]
    spoken = [part for part in parts if len(part)]
    if not spoken:
        raise CannotSpeak(f"{engine} gave only silence for {text[:40]!r}")
    return sound.to_int16(np.concatenate(spoken))


def word(text: str, language: str, engine: str) -> sound.Sound:
    """As `speak`, with hardly any silence around: another word follows at once. Raises CannotSpeak."""
    wave = speak(text, language, engine).astype(np.float32) / np.float32(32768)
    return sound.to_int16(sound.trimmed(wave, WORD_MARGIN))


def voices(text: str, language: str) -> Iterator[tuple[str, str]]:
    """The text in parts, each with the voice that can read it: English words in a Chinese text go to an English one."""
    if not language.lower().startswith(("zh", "cmn")):
        yield text, _OTHERS.get(language.lower(), language.lower())
        return
    at = 0
    for match in _LATIN.finditer(text):
        if text[at : match.start()].strip():
            yield text[at : match.start()], _MANDARIN
        yield match[0], _OTHERS["en"]
        at = match.end()
    if text[at:].strip():
        yield text[at:], _MANDARIN


def readable(text: str) -> str:
    """Hanzi as pinyin with tone numbers, word by word (银行 → yin2 hang2); everything else stays."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415  # a third of a second and 30 MB: only where it is used

    def spelled(match: re.Match[str]) -> str:
        return " " + " ".join(lazy_pinyin(match[0], style=Style.TONE3, neutral_tone_with_five=True)) + " "

    return _HANZI.sub(spelled, text)


def _part(text: str, voice: str, engine: str) -> sound.Wave:
    if not any(character.isalnum() for character in text):
        return np.zeros(0, np.float32)
    if engine == "kokoro":
        return _by_kokoro(text, voice)
    spoken = readable(text) if voice == _MANDARIN else text
    octets = _by_pyttsx3(spoken, voice) if engine == "pyttsx3" else _by_espeak(spoken, voice)
    return sound.levelled(sound.trimmed(sound.resampled(octets, f"what {engine} said")))


def _by_kokoro(text: str, voice: str) -> sound.Wave:
    """Mandarin and English; what is of another language is refused."""
    from callcenterd.worker import kokoro_voice  # noqa: PLC0415  # 630 MB: only where it is chosen

    if voice not in (_MANDARIN, *_OTHERS.values()) and not voice.startswith("en"):
        raise CannotSpeak(f"kokoro has no voice for {voice}")
    try:
        said = kokoro_voice.say(text, mandarin=voice == _MANDARIN)
    except kokoro_voice.NoVoice as fault:
        raise CannotSpeak(str(fault)) from None
    octets = sound.wav(said, kokoro_voice.RATE)
    return sound.levelled(sound.trimmed(sound.resampled(octets, "what kokoro said")))


def _by_espeak(text: str, voice: str) -> bytes:
    """A WAV file."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise CannotSpeak("the program espeak-ng is not installed (Debian: apt-get install espeak-ng)")
    with tempfile.TemporaryDirectory(prefix="callcenterd-") as folder:
        path = Path(folder) / "said.wav"  # on a pipe espeak-ng cannot know the length and writes a false one
        command = [program, "-v", voice, "-s", _SPEED.get(voice, "150"), "-b", "1", "-w", str(path), "--stdin"]
        _call(command, text)
        return _written(path, "espeak-ng")


def _by_pyttsx3(text: str, voice: str) -> bytes:
    """As above. It loses files without a word: what is not there is asked for again."""
    with tempfile.TemporaryDirectory(prefix="callcenterd-") as folder:
        path = Path(folder) / "said.wav"
        command = [sys.executable, "-m", "callcenterd.worker.pyttsx3_voice", voice, str(path)]
        for attempt in range(1, _TRIES + 1):
            try:
                _call(command, text)
                return _written(path, "pyttsx3")
            except CannotSpeak:
                if attempt == _TRIES:
                    raise
    raise CannotSpeak("pyttsx3 was never asked")


def _call(command: list[str], text: str) -> None:
    name = Path(command[0]).name if "-m" not in command else "pyttsx3"
    try:
        ended = subprocess.run(command, input=text.encode(), capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise CannotSpeak(f"{name}: {fault}") from None
    if ended.returncode != 0:
        said = ended.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {ended.returncode}"]
        raise CannotSpeak(f"{name}: {said[0]}")


def _written(path: Path, engine: str) -> bytes:
    """Raises CannotSpeak if there is no file, or no sample in it (a WAV header has 44 octets)."""
    octets = path.read_bytes() if path.exists() else b""
    if len(octets) <= 44:
        raise CannotSpeak(f"{engine} wrote no sound")
    return octets
