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

from callcenterd.errors import Fault, FaultyFile

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
        raise FaultyFile([Fault(str(path), 1, f"cannot be read: {fault.strerror or fault}")]) from None


def parse(text: str | bytes, name: str) -> Document:
    """As `load`, from what is in hand. name: what faults call it."""
    return _Reader(name).read(decoded(text, name))


@dataclass(slots=True)
class _Place:
    """Where a value stands, and the values in it. line counts from 1; values: itself and all within."""

    line: int
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
        place = self._top
        for step in path:
            if step not in place.parts:
                break
            place = place.parts[step]
        return place.line

    def fault(self, path: KeyPath, reason: str) -> Fault:
        return Fault(self.name, self.line(path), reason)

    def faults_of(
        self, error: ValidationError, prefix: KeyPath = (), *, model: type[BaseModel] | None = None
    ) -> list[Fault]:
        """What pydantic found, in the words of this module, by line.

        prefix: where in this file the value stands that was validated. model: what it was validated against;
        with it, an unknown key is answered with the keys that there are.
        """
        found = [(_written((*prefix, *told["loc"])), told) for told in error.errors(include_url=False)]
        return sorted(self.fault(path, f"{_named(path)}{reason_of(told, model)}") for path, told in found)


def _written(path: KeyPath) -> KeyPath:
    """Without the steps that are not the file's but say which of several models a value was taken for."""
    return tuple(step for step in path if not (isinstance(step, str) and step.startswith(CHOICE)))


def reason_of(details: ErrorDetails, model: type[BaseModel] | None = None) -> str:
    """One finding of pydantic as a sentence without the key's name: "at most 3600 is wanted, not 5000"."""
    kind, context = details["type"], details.get("ctx", {})
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return f"is no key here{_help(str(details['loc'][-1]), _keys_at(model, _written(details['loc'][:-1])))}"
    if kind in _WANTED:
        wanted = _WANTED[kind].format_map({name: _figure(value) for name, value in context.items()})
    elif kind == "value_error":
        wanted = str(context["error"])
    else:
        wanted = details["msg"][:1].lower() + details["msg"][1:]
    ruled = kind in {"value_error", "too_short", "too_long"} and isinstance(details["input"], list | tuple)
    if ruled or any(step in SECRET_KEYS for step in details["loc"]):
        return wanted  # a rule about a whole list says by itself what came
    return f"{wanted}, not {shown(details['input'])}"


def _figure(value: object) -> object:
    """A bound as people write it: 1, not 1.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def shown(value: object) -> str:
    """A value as it is repeated to the person who wrote it, short."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return "a group of keys"
        case str():
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 60 else f'{text[:56]}…"'
        case Sequence():
            return "a list"
        case _:
            return type(value).__name__


_WANTED = {
    "string_type": "a text (in quotes) is wanted",
    "string_too_short": "at least {min_length} character(s) are wanted",
    "string_too_long": "at most {max_length} characters are wanted",
    "int_type": "a whole number is wanted",
    "int_parsing": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "float_type": "a number is wanted",
    "float_parsing": "a number is wanted",
    "finite_number": "a number is wanted",
    "bool_type": "true or false is wanted",
    "bool_parsing": "true or false is wanted",
    "list_type": "a list is wanted: [a, b]",
    "tuple_type": "a list is wanted: [a, b]",
    "too_short": "a list of at least {min_length} is wanted",
    "too_long": "a list of at most {max_length} is wanted",
    "dict_type": "a group of keys is wanted",
    "model_type": "a group of keys is wanted",
    "model_attributes_type": "a group of keys is wanted",
    "dataclass_type": "a group of keys is wanted",
    "literal_error": "one of {expected} is wanted",
    "greater_than_equal": "at least {ge} is wanted",
    "greater_than": "more than {gt} is wanted",
    "less_than_equal": "at most {le} is wanted",
    "less_than": "less than {lt} is wanted",
}


def _named(path: KeyPath) -> str:
    """The keys of a path; which item of a list it is, is told by the line."""
    keys = [str(step) for step in path if isinstance(step, str)]
    return ".".join(keys) + ": " if keys else ""


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
        return f"; {near[0]} is meant?"
    return f"; there are {', '.join(known)}"


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
_INDENTED = "is the line indented as those around it?"
_SAID = (
    ("mapping values are not allowed", f"a colon may not stand here: {_INDENTED} Does a text need quotes?"),
    ("cannot start any token", "a text may not begin so (tab, @, %, `): indent with spaces, put the text in quotes"),
    ("tab character", "a tab: indent with spaces"),
    ("unexpected end of stream", "a quote is opened here and never closed"),
    ("expected ',' or ']'", "the list [ … ] lacks a comma or its closing bracket"),
    ("expected ',' or '}'", "the group { … } lacks a comma or its closing bracket"),
    ("did not find expected key", f"a key is wanted here: {_INDENTED}"),
    ("could not find expected ':'", "a key without a colon after it"),
    ("expected '-' indicator", f"an item of a list begins with a dash: {_INDENTED}"),
)


def decoded(text: str | bytes, name: str) -> str:
    """Raises FaultyFile for what is too large, not UTF-8, or holds characters that no text has."""
    if len(text) > MAX_OCTETS:
        raise FaultyFile([Fault(name, 1, f"the file is larger than {MAX_OCTETS >> 20} MiB")])
    if isinstance(text, bytes):
        octets = text
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError as fault:
            line = octets.count(b"\n", 0, fault.start) + 1
            raise FaultyFile([Fault(name, line, "not UTF-8: save the file in that encoding")]) from None
    text = text.removeprefix("\ufeff")
    if (found := _UNPRINTABLE.search(text)) is not None:
        line = text.count("\n", 0, found.start()) + 1
        raise FaultyFile([Fault(name, line, f"an unprintable character (U+{ord(found[0]):04X})")])
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
                    raise self._fault(event, "a second document (---) in one file")
                data, top = self._value(next(events), events)
        if self._repeated:
            raise FaultyFile(self._repeated)
        return Document(self._name, data, top)

    def _events(self, text: str) -> Iterator[Event]:
        """Raises FaultyFile where the text is not YAML."""
        try:
            yield from YAML(typ="safe").parse(text)
        except YAMLError as fault:
            said = str(getattr(fault, "problem", None) or getattr(fault, "context", None) or fault).splitlines()[0]
            mark = getattr(fault, "problem_mark", None) or getattr(fault, "context_mark", None)
            reason = next((reason for part, reason in _SAID if part in said), f"not YAML: {said}")
            raise FaultyFile([Fault(self._name, mark.line + 1 if mark is not None else 1, reason)]) from None

    def _fault(self, event: Event, reason: str) -> FaultyFile:
        return FaultyFile([Fault(self._name, event.start_mark.line + 1, reason)])

    def _value(self, event: Event, events: Iterator[Event]) -> tuple[Any, _Place]:
        if isinstance(event, AliasEvent):
            return self._alias(event)
        assert isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent)  # what a value can begin with
        if event.tag is not None:
            raise self._fault(event, f"tags are not used here: {event.tag[:40]}")
        self._count(event, 1)
        place = _Place(event.start_mark.line + 1)
        data: Any
        if isinstance(event, ScalarEvent):
            data = _scalar(event.value) if event.implicit[0] else event.value
        else:
            self._depth += 1
            if self._depth > MAX_DEPTH:
                raise self._fault(event, f"nested more than {MAX_DEPTH} deep")
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
            raise self._fault(event, f"*{event.anchor} stands for nothing: no &{event.anchor} was finished before it")
        data, place = self._anchors[event.anchor]
        self._count(event, place.values)
        return data, place

    def _count(self, event: Event, values: int) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            raise self._fault(event, f"more than {MAX_VALUES} values in one file")

    def _mapping(self, events: Iterator[Event], place: _Place) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            if not isinstance(event, ScalarEvent) or event.tag is not None:
                raise self._fault(event, "a key is a plain text")
            self._count(event, 1)
            line = event.start_mark.line + 1
            key = event.value
            if event.anchor is not None:
                self._anchors[event.anchor] = key, _Place(line)
            value, within = self._value(next(events), events)
            if key in data:
                first = place.parts[key].line
                self._repeated.append(Fault(self._name, line, f"{key} stands twice, first in line {first}"))
                continue
            data[key] = value
            place.parts[key] = _Place(line, within.parts, within.values)
        return data

    def _sequence(self, events: Iterator[Event], place: _Place) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            value, within = self._value(event, events)
            place.parts[len(data)] = _Place(event.start_mark.line + 1, within.parts, within.values)
            data.append(value)
        return data


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
