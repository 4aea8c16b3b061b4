"""What a caller can be made to hear, as words: the worker turns each into sound (`worker.prompts`)."""

from __future__ import annotations

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


Prompt = Speech | Recorded | Music
