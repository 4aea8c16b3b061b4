"""Texts of messages to customers, by what they are for, channel and language: plain words with fields in braces.

A field is a name in braces, `{name}`, and nothing else: no expression, no attribute, no format. What a customer or a
caller typed goes into the text as it is and is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.customer_messages import MessageChannel

Purpose = Literal[
    "appointment_booked",
    "appointment_changed",
    "appointment_cancelled",
    "appointment_reminder",
    "complaint_answer",
    "follow_up",
    "proposal",
    "letter",
    "call_us",
]
HandPurpose = Literal["letter", "call_us", "follow_up"]
"""With which somebody begins who writes to a customer by hand. follow_up: about one in which they were not reached."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
_APPOINTMENT = frozenset({"name", "number", "service", "date", "time", "code", "phone"})
_BY_HAND = frozenset({"name", "company", "agent", "date"})
FIELDS: Mapping[Purpose, frozenset[str]] = {
    "appointment_booked": _APPOINTMENT,
    "appointment_changed": _APPOINTMENT,
    "appointment_cancelled": _APPOINTMENT,
    "appointment_reminder": _APPOINTMENT,
    "complaint_answer": frozenset({"name", "number", "date", "answer"}),
    "follow_up": frozenset({"name", "number", "date"}),
    "proposal": frozenset({"name", "company", "agent", "date", "number", "title"}),
    "letter": _BY_HAND,
    "call_us": _BY_HAND,
}
"""What each text may name. date, time: in words of its language. code: the customer's own key."""
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "name": ("张三", "Jane Smith"),
    "company": ("晨光贸易有限公司", "Morning Light Trading"),
    "agent": ("李四", "Ann Lee"),
    "number": ("YY20261127-0001", "YY20261127-0001"),
    "service": ("皮肤护理", "Skin care"),
    "date": ("2026年11月27日", "November 27, 2026"),
    "time": ("14:30", "2:30 PM"),
    "code": ("3812", "3812"),
    "phone": ("020-8888 6666", "020-8888 6666"),
    "answer": ("已为您更换新品，明日送达。", "We have replaced the item; it arrives tomorrow."),
    "title": ("年度服务方案", "Service plan for a year"),
}
"""What a preview puts into the fields, in Chinese and English."""
TemplateLanguage = Literal["zh-CN", "en"]
TEMPLATE_LANGUAGES: tuple[TemplateLanguage, ...] = get_args(TemplateLanguage)

_FIELD = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTemplate:
    """subject: of an e-mail. version: goes up with every change; 0: the text as it ships."""

    purpose: Purpose
    channel: MessageChannel
    language: TemplateLanguage
    subject: str
    text: str
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""


class TemplateIsAnother(NotNow):
    """Somebody else has changed the text since it was read. now: as it is."""

    def __init__(self, now: MessageTemplate) -> None:
        super().__init__("somebody has changed this text meanwhile")
        self.now = now


def language_of(tag: str) -> TemplateLanguage:
    """In which of our languages somebody is written to."""
    return "zh-CN" if tag.lower().startswith("zh") else "en"


def unknown_fields(purpose: Purpose, text: str) -> list[str]:
    """What stands in braces, or is a brace alone, and is no field of such a text."""
    named = [name for name in _FIELD.findall(text) if name not in FIELDS[purpose]]
    left = _FIELD.sub("", text)
    return named + [sign for sign in "{}" if sign in left]


def fill(text: str, fields: Mapping[str, str]) -> str:
    """A field that is not given is left out. What the fields hold is not looked at for braces."""
    return _FIELD.sub(lambda found: fields.get(found[1], ""), text)
