"""What may be read aloud: a kind and a text becomes a value or is refused, and a value becomes words."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from types import ModuleType
from typing import Literal, get_args

from callcenterd.errors import RemoteError
from callcenterd.ivr.spoken import chinese, english
from callcenterd.model.cards import PLACES, Currency

Kind = Literal["digits", "number", "money", "date", "time", "duration", "ordinal"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Words = tuple[str, ...]

MOST = 10**16
"""Numbers are below this: a thousand million million and more is nobody's balance."""
MOST_DIGITS = 32

WANTED: Mapping[Kind, str] = {
    "digits": "digits (with +, * and # at most 32)",
    "number": "a number, such as -1234.5",
    "money": "an amount, such as 1234.50",
    "date": "a date, such as 2026-11-26",
    "time": "a time of day, such as 14:30",
    "duration": "a number of seconds",
    "ordinal": "a whole number from 1",
}

_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,16}|[0-9]{1,3}(?:,[0-9]{3}){1,5})(?:\.[0-9]{1,6})?")
_DIGITS = re.compile(r"[0-9*#+]+")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")


class Unreadable(RemoteError):
    """A text that is no value of its kind."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(f"{WANTED[kind]} is wanted, not {text[:40]!r}")


def words(kind: Kind, text: str, language: str, *, currency: Currency = "CNY") -> Words:
    """How it is said. Another language than Chinese hears English. Raises Unreadable."""
    tongue = _tongue(language)
    match kind:
        case "digits":
            digits = re.sub(r"[\s()-]", "", text)
            if not _DIGITS.fullmatch(digits) or len(digits) > MOST_DIGITS:
                raise Unreadable(kind, text)
            said = tongue.digits(digits)
        case "number":
            said = tongue.number(_number(kind, text))
        case "money":
            # Amounts are exact to the smallest coin; halves go up, as on a bill.
            coin = Decimal(1).scaleb(-PLACES[currency])
            amount = _number(kind, text).quantize(coin, rounding=ROUND_HALF_UP)
            said = tongue.money(amount, currency)
        case "date":
            said = tongue.date(_date(text))
        case "time":
            hours, minutes, seconds = _time(text)
            said = tongue.time(hours, minutes, seconds)
        case "duration":
            said = tongue.duration(int(_number(kind, text).quantize(Decimal(1), rounding=ROUND_HALF_UP)))
        case "ordinal":
            place = _number(kind, text)
            if place < 1 or place != place.to_integral_value():
                raise Unreadable(kind, text)
            said = tongue.ordinal(int(place))
    return tuple(said)


def day(value: datetime.date, language: str) -> Words:
    """A day of the months to come, without its year; of the words of `vocabulary`."""
    return tuple(_tongue(language).day(value))


def vocabulary(language: str) -> Words:
    """Every word that `words` can answer in that language, each once."""
    return tuple(dict.fromkeys(_tongue(language).VOCABULARY))


def _tongue(language: str) -> ModuleType:
    return chinese if language.lower().startswith("zh") else english


def _number(kind: Kind, text: str) -> Decimal:
    text = text.strip()
    if not _NUMBER.fullmatch(text):
        raise Unreadable(kind, text)
    value = Decimal(text.replace(",", ""))
    if abs(value) >= MOST or (kind == "duration" and value < 0):
        raise Unreadable(kind, text)
    return value


def _date(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text.strip()[:10])
    except ValueError:
        raise Unreadable("date", text) from None


def _time(text: str) -> tuple[int, int, int]:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Unreadable("time", text)
    hours, minutes, seconds = match.groups(default="0")
    return int(hours), int(minutes), int(seconds)
