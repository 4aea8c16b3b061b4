"""YAML that people write, with the line of every key: configuration, site and flow files are read here.

What is read is the plain part of YAML 1.2: groups of keys, lists, texts, numbers, true, false, null. Keys are always
text, so that `1:` and `"1":` are the same key. Only what a person would take for a number is one: `0755`, `+86108888`
and `0x1F` stay the texts that they look like. Tags, several documents, a key twice, aliases that swell and nesting
without end are refused with their line. The parser is libyaml's; it gives events, and what is kept is made here.

Reasons are written for the people who keep these files: what is wanted, and what came.
"""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from callcenterd import said
from callcenterd.errors import Fault, FaultyFile
from callcenterd.said import Said

KeyPath = tuple[str | int, ...]
"""From the top of a file to a key or item: ("queues", 0, "members")."""

MAX_OCTETS = 4 << 20
MAX_DEPTH = 32
MAX_VALUES = 200_000
"""Values in a file, those behind an alias counted each time that it stands."""

CHOICE = "<"
"""How the tag of a choice between models begins (`pydantic.Tag`): no key of a file does."""

SECRET_KEYS = frozenset({"password", "password_hash", "database", "pin", "token"})
"""What stands behind these keys is never repeated in a reason."""


def load(path: Path) -> Document:
    """Read a file. Raises FaultyFile: cannot be read, too large, not YAML, or not the part of YAML that is used."""
    return parse(text_of(path), str(path))


def text_of(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises FaultyFile: cannot be read, too large, not UTF-8."""
    return decoded(octets_of(path), str(path))


def octets_of(path: Path) -> bytes:
    """A file as it is; of one that is too large, one octet too many. Raises FaultyFile: cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_OCTETS + 1)
    except OSError as fault:
        raise FaultyFile([Fault(str(path), 1, Said("unreadable", why=fault.strerror or str(fault)))]) from None


def parse(text: str | bytes, name: str) -> Document:
    """As `load`, from what is in hand. name: what faults call it."""
    return _Reader(name).read(decoded(text, name))


@dataclass(slots=True)
class _Place:
    """Where a value stands, or the key that it has, and the values in it. values: itself and all within.

    line and column count from 1. text: where the text itself begins, of one that stands in its line as it is.
    """

    line: int
    column: int = 1
    value: tuple[int, int] | None = None
    text: tuple[int, int] | None = None
    parts: dict[str | int, _Place] = field(default_factory=dict)
    values: int = 1


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. data: dict, list, str, int, float, bool and None only; None for an empty file."""

    name: str
    data: Any
    _top: _Place

    def line(self, path: KeyPath) -> int:
        """The line of the key or item; of the nearest that exists above it, where it does not."""
        return self._place(path)[0].line

    def spot(self, path: KeyPath, reason: str = "", *, key: bool = False) -> tuple[int, int]:
        """The line and column of what is wrong there: of a text or number, else of the key; of the nearest that exists
        above it, where it does not. reason: says where in a text its cause is, if it knows. key: it is the key."""
        place, exists = self._place(path)
        offset = reason.offset if isinstance(reason, Said) else None
        if key or not exists or place.value is None:
            return place.line, place.column
        if offset is not None and place.text is not None:
            return place.text[0], place.text[1] + offset
        return place.value if place.value[0] == place.line else (place.line, place.column)

    def fault(self, path: KeyPath, reason: str, *, key: bool = False) -> Fault:
        line, column = self.spot(path, reason, key=key)
        return Fault(self.name, line, reason, column, path)

    def _place(self, path: KeyPath) -> tuple[_Place, bool]:
        place = self._top
        for step in path:
            if step not in place.parts:
                return place, step == 0 and place.value is not None  # one text stands for a list of one
            place = place.parts[step]
        return place, True

    def faults_of(
        self, error: ValidationError, prefix: KeyPath = (), *, model: type[BaseModel] | None = None
    ) -> list[Fault]:
        """What pydantic found, in the words of this module, by line.

        prefix: where in this file the value stands that was validated. model: what it was validated against;
        with it, an unknown key is answered with the keys that there are.
        """
        found = [(_written((*prefix, *told["loc"])), told) for told in error.errors(include_url=False)]
        return sorted(
            self.fault(path, said.of(reason_of(told, model), _named(path)), key=told["type"] == "extra_forbidden")
            for path, told in found
        )


def _written(path: KeyPath) -> KeyPath:
    """Without the steps that are not the file's but say which of several models a value was taken for."""
    return tuple(step for step in path if not (isinstance(step, str) and step.startswith(CHOICE)))


def reason_of(details: ErrorDetails, model: type[BaseModel] | None = None) -> Said:
    """One finding of pydantic as a sentence without the key's name: "at most 3600 is wanted, not 5000"."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return Said("missing")
    if kind == "extra_forbidden":
        return Said("extra", help=_help(str(details["loc"][-1]), _keys_at(model, _written(details["loc"][:-1]))))
    if kind in {"too_short", "too_long"} and isinstance(details["input"], Mapping):
        wanted = said.with_values(_GROUPS[kind], context)
    elif kind in _WANTED:
        wanted = said.with_values(_WANTED[kind], {name: _figure(value) for name, value in context.items()})
    elif kind == "value_error":
        why = context["error"].args[0] if context["error"].args else ""
        wanted = why if isinstance(why, Said) else Said(said.AS_IT_IS, text=str(context["error"]))
    else:
        wanted = Said(said.AS_IT_IS, text=details["msg"][:1].lower() + details["msg"][1:])
    ruled = kind in {"value_error", "too_short", "too_long"} and isinstance(details["input"], list | tuple)
    if ruled or any(step in SECRET_KEYS for step in details["loc"]):
        return wanted  # a rule about a whole list says by itself what came
    if (foreign := said.foreign(wanted)) is not None:
        return Said(said.AS_IT_IS, text=f"{foreign}, not {shown(details['input'])}")
    return Said("not", wanted=wanted, came=shown(details["input"]), offset=wanted.offset)


def _figure(value: object) -> object:
    """A bound as people write it: 1, not 1.0; choices with their last one apart."""
    if isinstance(value, str) and " or " in value:
        first, _, last = value.rpartition(" or ")
        return Said("either", first=tuple(first.split(", ")), last=last)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shown(value: object) -> str:
    """A value as it is repeated to the person who wrote it, short."""
    match value:
        case None:
            return Said("nothing")
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return Said("a_group")
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 60 else f'{text[:56]}…"'
        case Sequence():
            return Said("a_list")
        case _:
            return type(value).__name__


_WANTED = {
    "string_type": "string",
    "string_too_short": "string_short",
    "string_too_long": "string_long",
    "int_type": "whole",
    "int_parsing": "whole",
    "int_from_float": "whole",
    "float_type": "number",
    "float_parsing": "number",
    "finite_number": "number",
    "decimal_type": "number",
    "decimal_parsing": "number",
    "bool_type": "bool",
    "bool_parsing": "bool",
    "list_type": "list",
    "tuple_type": "list",
    "too_short": "list_short",
    "too_long": "list_long",
    "dict_type": "group",
    "model_type": "group",
    "model_attributes_type": "group",
    "dataclass_type": "group",
    "literal_error": "choice",
    "greater_than_equal": "ge",
    "greater_than": "gt",
    "less_than_equal": "le",
    "less_than": "lt",
    "date_type": "date",
    "date_parsing": "date",
    "date_from_datetime_parsing": "date",
    "datetime_type": "moment",
    "datetime_parsing": "moment",
    "datetime_from_date_parsing": "moment",
}
"""Kinds of pydantic's findings, and what is said of each (`said.TEXTS`)."""
_GROUPS = {"too_short": "group_short", "too_long": "group_long"}


def _named(path: KeyPath) -> str:
    """The keys of a path; which item of a list it is, is told by the line."""
    return ".".join(str(step) for step in path if isinstance(step, str))


def _keys_at(model: type[BaseModel] | None, path: KeyPath) -> list[str]:
    """The keys that a model has at a path; none if that cannot be told."""
    for step in path:
        if model is None:
            break
        if isinstance(step, str):
            known = {info.alias or name: info for name, info in model.model_fields.items()}
            model = _model_in(known[step].annotation) if step in known else None
    return sorted(info.alias or name for name, info in model.model_fields.items()) if model is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `Model`, `Model | None`, `tuple[Model, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _help(wrong: str, known: list[str]) -> str:
    if not known:
        return ""
    if near := difflib.get_close_matches(wrong, known, n=1):
        return Said("meant", near=near[0])
    return Said("there_are", names=tuple(known))


# ---- from octets to values --------------------------------------------------------------------------------------

_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2 §5.1
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_BROKEN = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][-+]?[0-9]+)?|[eE][-+]?[0-9]+)")
_WORDS: Mapping[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SAID = (
    ("mapping values are not allowed", "colon"),
    ("cannot start any token", "begins_so"),
    ("tab character", "tab"),
    ("unexpected end of stream", "open_quote"),
    ("expected ',' or ']'", "open_list"),
    ("expected ',' or '}'", "open_group"),
    ("did not find expected key", "key_wanted"),
    ("could not find expected ':'", "key_colon"),
    ("expected '-' indicator", "dash"),
)


def decoded(text: str | bytes, name: str) -> str:
    """Raises FaultyFile for what is too large, not UTF-8, or holds characters that no text has."""
    if len(text) > MAX_OCTETS:
        raise FaultyFile([Fault(name, 1, Said("too_large", most=MAX_OCTETS >> 20))])
    if isinstance(text, bytes):
        octets = text
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError as fault:
            line = octets.count(b"\n", 0, fault.start) + 1
            before = octets[octets.rfind(b"\n", 0, fault.start) + 1 : fault.start]
            column = len(before.decode("utf-8")) + 1
            raise FaultyFile([Fault(name, line, Said("not_utf8"), column)]) from None
    text = text.removeprefix("\ufeff")
    if (found := _UNPRINTABLE.search(text)) is not None:
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise FaultyFile([Fault(name, line, Said("unprintable", code_point=f"{ord(found[0]):04X}"), column)])
    return text


class _Reader:
    """Makes values of the parser's events, and keeps their lines. For one file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._anchors: dict[str, tuple[Any, _Place]] = {}
        self._repeated: list[Fault] = []
        self._values = 0
        self._depth = 0

    def read(self, text: str) -> Document:
        events = self._events(text)
        data: Any = None
        top = _Place(1)
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._fault(event, Said("second_document"))
                data, top = self._value(next(events), events)
        if self._repeated:
            raise FaultyFile(self._repeated)
        return Document(self._name, data, top)

    def _events(self, text: str) -> Iterator[Event]:
        """Raises FaultyFile where the text is not YAML."""
        try:
            yield from YAML(typ="safe").parse(text)
        except YAMLError as fault:
            why = str(getattr(fault, "problem", None) or getattr(fault, "context", None) or fault).splitlines()[0]
            mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
            reason = next((Said(code) for part, code in _SAID if part in why), Said("no_yaml", said=why))
            line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
            raise FaultyFile([Fault(self._name, line, reason, column)]) from None

    def _fault(self, event: Event, reason: str) -> FaultyFile:
        return FaultyFile([Fault(self._name, _mark(event)[0], reason, _mark(event)[1])])

    def _value(self, event: Event, events: Iterator[Event]) -> tuple[Any, _Place]:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        assert isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent)  # what a value can begin with
        if event.tag is not None:
            raise self._fault(event, Said("tag", tag=event.tag[:40]))
        self._count(event, 1)
        begin = _mark(event)
        place = _Place(*begin, value=begin if isinstance(event, ScalarEvent) else None)
        data: Any
        if isinstance(event, ScalarEvent):
            data = _scalar(event.value) if event.implicit[0] else event.value
            place.text = _text(event)
        else:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._fault(event, Said("deep", most=MAX_DEPTH))
            if isinstance(event, MappingStartEvent):
                data = self._mapping(events, place)
            else:
                data = self._sequence(events, place)
            self._depth -= 1
        place.values += sum(part.values for part in place.parts.values())
        if event.anchor is not None:
            self._anchors[event.anchor] = data, place
        return data, place

    def _alias(self, event: AliasEvent) -> tuple[Any, _Place]:
        # An anchor is known only when all in it is read: a value that holds itself cannot be written.
        if event.anchor not in self._anchors:
            raise self._fault(event, Said("no_anchor", anchor=event.anchor))
        data, place = self._anchors[event.anchor]
        self._count(event, place.values)
        return data, place

    def _count(self, event: Event, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise self._fault(event, Said("many_values", most=MAX_VALUES))

    def _mapping(self, events: Iterator[Event], place: _Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.tag is not None:
                raise self._fault(event, Said("plain_key"))
            self._count(event, 1)
            line, column = _mark(event)
            key = event.value
            if event.anchor is not None:
                self._anchors[event.anchor] = key, _Place(line, column)
            value, within = self._value(next(events), events)
            if key in data:
                first = place.parts[key].line
                self._repeated.append(Fault(self._name, line, Said("twice", key=key, first=first), column))
                continue
            data[key] = value
            place.parts[key] = _Place(line, column, within.value, within.text, within.parts, within.values)
        return data

    def _sequence(self, events: Iterator[Event], place: _Place) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            value, within = self._value(event, events)
            begin = _mark(event)
            place.parts[len(data)] = _Place(*begin, within.value, within.text, within.parts, within.values)
            data.append(value)
        return data


def _mark(event: Event) -> tuple[int, int]:
    """Line and column, from 1."""
    return event.start_mark.line + 1, event.start_mark.column + 1


def _text(event: ScalarEvent) -> tuple[int, int] | None:
    """Where a text begins that stands in one line just as it is read; None for others (escapes, several lines)."""
    (line, column), quotes = _mark(event), 1 if event.style in {'"', "'"} else 0
    length = event.end_mark.column - event.start_mark.column
    one_line = event.end_mark.line == event.start_mark.line
    return (line, column + quotes) if one_line and length == len(event.value) + 2 * quotes else None


def _scalar(text: str) -> Any:
    """What an unquoted text means (YAML 1.2 core schema, less what is not plainly a number)."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _BROKEN.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


# ---- from values to text ----------------------------------------------------------------------------------------

_PLAIN = re.compile(r"[^\W\d_][\w.-]{0,99}")
_MISTAKEN = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})  # YAML 1.1 programs take them so


def written(value: Any) -> str:
    """A value as it stands in one line of a file; `parse` reads the same back. Numbers must be finite."""
    match value:
        case str():
            return value if _PLAIN.fullmatch(value) and value.lower() not in _MISTAKEN else quoted(value)
        case list() | tuple():
            return f"[{', '.join(written(item) for item in value)}]"
        case Mapping():
            return f"{{{', '.join(f'{written(key)}: {written(item)}' for key, item in value.items())}}}"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case _:
            return json.dumps(value)


def quoted(text: str) -> str:
    """In double quotes. JSON's escapes are YAML's; characters that no file may hold are escaped besides."""
    said = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\U{ord(found[0]):08X}", said)


_ESCAPED = re.compile(rf"{_UNPRINTABLE.pattern}|[\x85\u2028\u2029\ufeff]")
