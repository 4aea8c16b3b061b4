"""Lists of values that an office keeps by itself: levels, channels, tags (客户级别, 渠道, 标签 …).

A value is known by its code, which is what records keep; its names in both languages may be changed at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

DICTIONARIES: Final = (
    "level",
    "sex",
    "identity",
    "channel",
    "tag",
    "recording_tag",
    "consultation_category",
    "complaint_type",
    "complaint_aspect",
    "complaint_satisfaction",
    "follow_up_category",
    "follow_up_result",
)
"""Whoever brings another list has its name here, its first values in a migration, and its uses in the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DictionaryValue:
    """code: what records keep. retired: stands on old records, and is not offered for new ones."""

    code: str
    chinese: str
    english: str
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """values: in the order in which they are offered."""

    name: str
    values: tuple[DictionaryValue, ...]
