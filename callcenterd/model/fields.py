"""Custom fields (自定义字段): what an office adds to its records, and what each such field may hold."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NewType, get_args

from callcenterd.errors import LocalError, NotNow
from callcenterd.model.people import Role

FieldId = NewType("FieldId", int)
FieldKind = Literal["customer", "consultation", "complaint", "follow_up", "appointment"]
"""Kinds of records that may have custom fields."""
FIELD_KINDS: tuple[FieldKind, ...] = get_args(FieldKind)
FieldType = Literal["text", "long_text", "number", "date", "choice", "multi_choice", "yes_no", "file", "reference"]
"""[文本, 多行文本, 数字, 日期, 单选, 多选, 是否, 文件, 关联]. A file is one of those that hang on the record, which
everybody sees who sees the record."""
FIELD_TYPES: tuple[FieldType, ...] = get_args(FieldType)
FieldTarget = Literal["customer", "user", "consultation", "complaint", "follow_up", "appointment"]
"""What a reference can be to. A user is known by the login, everything else by its number."""
FIELD_TARGETS: tuple[FieldTarget, ...] = get_args(FieldTarget)
FieldValue = bool | int | float | str | date | tuple[str, ...]
"""multi_choice: the codes chosen. file: its number. reference: a number, or a user's login."""
FieldAsked = bool | int | float | str | tuple[int | float | str | None, int | float | str | None]
"""What a list is asked for of a field. Two values: from and to of numbers and dates, None: open."""
Values = Mapping[str, FieldValue]
"""What a record has in its custom fields, by their names."""
FieldsGiven = Mapping[str, FieldValue | None]
"""What is written into them. One that is left out stays as it is, None empties it."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_FIELDS = 100
"""Of one kind of record."""
MOST_TEXT = 200
MOST_LONG_TEXT = 4000
MOST_CHOSEN = 50
MOST_PLACES = 4
MOST_NUMBER = 10**11
"""More than this or less than its opposite no number is: with four places it is still exact in every database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChoice:
    """code: what records keep. retired: stands on old records, and is not offered for new ones."""

    code: str
    chinese: str
    english: str
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTerms:
    """What of a field may be changed.

    required: a form cannot be saved without it. readers, writers: roles; administrators always do both. choices: its
    own list; of one with a dictionary the values are there. retired: it stands on old records, and is not filled in.
    """

    chinese: str
    english: str
    required: bool = False
    readers: tuple[Role, ...] = ()
    writers: tuple[Role, ...] = ()
    choices: tuple[FieldChoice, ...] = ()
    retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField(FieldTerms):
    """name: its code in the API, in flows, imports and exports; one of its kind of record has it.

    dictionary: whose values are chosen from; "": its own. target: what a reference is to. places: digits after the
    point of a number.
    """

    kind: FieldKind
    name: str
    type: FieldType
    dictionary: str = ""
    target: FieldTarget | Literal[""] = ""
    places: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomField(NewField):
    """position: among those of its kind, from 0. version: goes up with every change of its terms."""

    id: FieldId
    position: int
    version: int = 1

    def seen_by(self, role: Role | None) -> bool:
        """None: nobody."""
        return role == "admin" or role in self.readers

    def written_by(self, role: Role | None) -> bool:
        return not self.retired and (role == "admin" or (role in self.writers and self.seen_by(role)))


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldWanted:
    """What a list is narrowed to: records whose field is `value` (of a text: has it in it), or is not less than least
    and not more than most."""

    field: CustomField
    value: FieldValue | None = None
    least: FieldValue | None = None
    most: FieldValue | None = None


class FieldIsAnother(NotNow):
    """Somebody else has changed the field since it was read. now: as it is; nothing was written over it."""

    def __init__(self, now: CustomField) -> None:
        super().__init__(f"the field {now.name} was changed meanwhile")
        self.now = now


class WrongValue(LocalError):
    """What a field cannot hold, as a sentence."""


def field_value(field: CustomField, given: object, codes: Collection[str] = ()) -> FieldValue | None:
    """What is given from outside (JSON data) as a value of that field; None: empty. Raises WrongValue.

    codes: that can be chosen. Whether what a reference is to is there, the store knows.
    """
    if given is None or given in ("", []):
        return None
    match field.type:
        case "text":
            return _text(given, MOST_TEXT, "\n\t\r")
        case "long_text":
            return _text(given, MOST_LONG_TEXT, "")
        case "number":
            return _number(given, field.places)
        case "date":
            return day_of(given)
        case "choice":
            return _code(given, codes)
        case "multi_choice":
            if not isinstance(given, list | tuple):
                raise WrongValue("must be a list of codes")
            if len(given) > MOST_CHOSEN:
                raise WrongValue(f"at most {MOST_CHOSEN} can be chosen")
            return tuple(dict.fromkeys(_code(one, codes) for one in given))
        case "yes_no":
            if not isinstance(given, bool):
                raise WrongValue("must be yes or no")
            return given
        case "reference" if field.target == "user":
            return _text(given, 64, "\n\t\r")
        case "reference" | "file":
            if not isinstance(given, int) or isinstance(given, bool) or not 0 < given < 2**63:
                raise WrongValue("must be the number of a record" if field.target else "must be the number of a file")
            return given


def field_wanted(field: CustomField, asked: FieldAsked) -> FieldWanted:
    """What is asked for from outside. Of a code that nothing has, nothing is found. Raises WrongValue."""
    match field.type:
        case "number" | "date" if isinstance(asked, tuple):
            least, most = (field_value(field, end) for end in asked)
            if least is None and most is None:
                raise WrongValue("from or to is wanted")
            return FieldWanted(field=field, least=least, most=most)
        case "text" | "long_text" | "choice" | "multi_choice":
            value: FieldValue | None = _text(asked, MOST_TEXT, "\n\t\r")
        case "file":
            raise WrongValue("nothing can be asked of a file")
        case _:
            value = field_value(field, asked)
    if value is None:
        raise WrongValue("is missing")
    return FieldWanted(field=field, value=value)


def _text(given: object, most: int, beside: str) -> str | None:
    """beside: control characters that are refused, beside those that nobody can see."""
    if not isinstance(given, str):
        raise WrongValue("must be a text")
    text = given.strip()
    if len(text) > most:
        raise WrongValue(f"at most {most} characters")
    for sign in text:
        if "\ud800" <= sign <= "\udfff" or (
            (sign < " " or sign == "\x7f") and (sign in beside or sign not in "\n\t\r")
        ):
            raise WrongValue("has characters that cannot be seen")
    return text or None


def _number(given: object, places: int) -> int | float:
    if (
        isinstance(given, bool)
        or not isinstance(given, int | float)
        or (isinstance(given, float) and math.isnan(given))
    ):
        raise WrongValue("must be a number")
    if abs(given) > MOST_NUMBER:
        raise WrongValue(f"must be from -{MOST_NUMBER} to {MOST_NUMBER}")
    rounded = round(given, places)
    if rounded != given:
        raise WrongValue(f"at most {places} digits after the point")
    return plain_number(rounded)


def plain_number(number: float) -> int | float:
    """A number as people write it: 3.0 is 3."""
    return int(number) if number == int(number) else number


def day_of(given: object) -> date:
    """A day of the calendar; ISO 8601 knows other ways to write one, people do not."""
    if isinstance(given, str) and _DAY.fullmatch(given):
        with contextlib.suppress(ValueError):  # of 30 February is said below that it is none
            return date.fromisoformat(given)
    if isinstance(given, date):
        return given
    raise WrongValue("must be a date, as 2026-11-27")


def _code(given: object, codes: Collection[str]) -> str:
    if not isinstance(given, str):
        raise WrongValue("must be the code of a choice")
    if given not in codes:
        raise WrongValue(f"{given[:40]} cannot be chosen here")
    return given
