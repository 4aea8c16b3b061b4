"""One text in both languages, and data that is full of such texts read in one of them."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

Language = Literal["zh-CN", "en"]
LANGUAGES: tuple[Language, ...] = ("zh-CN", "en")


class Both(NamedTuple):
    chinese: Any
    english: Any


def said(value: Any, language: Language) -> Any:
    """The same data with each `Both` in it in that language."""
    if isinstance(value, Both):
        return value.chinese if language == "zh-CN" else value.english
    if isinstance(value, dict):
        return {key: said(one, language) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [said(one, language) for one in value]
    return value
