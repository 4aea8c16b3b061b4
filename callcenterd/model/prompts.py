"""What a caller can be made to hear, as words: the worker turns each into sound (`worker.prompts`)."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Speech:
    """A text that is read aloud. language: a tag such as "zh-CN" or "en"."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """A prompt of the office by its name (a file under prompts/, in the best language that there is).

    If there is no file of that name, `text` is read aloud; with no text either it cannot be played.
    """

    name: str
    language: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Music:
    """Music on hold by its name; "" is the office's default."""

    name: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One of the few words that numbers, sums and dates are made of; the next one follows without a pause.

    An office's recording is played instead: `recording` says under which name.
    """

    text: str
    language: str

    @property
    def recording(self) -> str:
        """words/三百, words/three_hundred: what no file should be named with is _."""
        return "words/" + re.sub(r"[^\w-]", "_", self.text)


Prompt = Speech | Recorded | Word | Music
