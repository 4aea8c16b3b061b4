"""What the house says by itself, as it ships: spoken once by a neural voice (`tools/render_prompts.py`).

`callcenterd/prompts/LANGUAGE/NAME.wav`, the layout of an office's own folder, and a manifest that says which text each
file speaks. A file is found by its text: one that was changed is spoken by no file any more, and read by the engine
until the script has run again (a test asks for that).
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "prompts"
MANIFEST = FOLDER / "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """name: as of a recording. digest: of text and voice. sha256: of the file. seconds, level (dBFS): as measured."""

    language: str
    name: str
    text: str
    digest: str
    sha256: str
    seconds: float
    level: float

    @property
    def path(self) -> Path:
        return FOLDER / self.language / f"{self.name}.wav"

    @property
    def is_word(self) -> bool:
        return self.name.startswith("words/")


def tongue(language: str) -> str:
    """Another language than Chinese hears the house speak English."""
    return "zh" if language.lower().startswith(("zh", "cmn")) else "en"


def digest(text: str, voice: Mapping[str, Any]) -> str:
    """Of all that a file depends on."""
    ingredients = json.dumps([text, dict(sorted(voice.items()))], ensure_ascii=False)
    return hashlib.sha256(ingredients.encode()).hexdigest()


def read(path: Path = MANIFEST) -> tuple[Mapping[str, Mapping[str, Any]], list[Spoken]]:
    """The voice of each language, and what it has spoken."""
    told = json.loads(path.read_text(encoding="utf-8"))
    return told["voice"], [Spoken(**entry) for entry in told["spoken"]]


def find(text: str, language: str, *, word: bool = False) -> Path | None:
    """The file that speaks just this text. word: as one that others follow at once."""
    return _files().get((tongue(language), word, text))


@functools.cache
def _files() -> Mapping[tuple[str, bool, str], Path]:
    if not MANIFEST.exists():  # a build without the audio: the engine reads all of it
        return {}
    return {(one.language, one.is_word, one.text): one.path for one in read()[1] if one.path.exists()}
