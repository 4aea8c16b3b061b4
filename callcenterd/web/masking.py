"""Hidden fields (ADM-01): what of numbers and addresses leaves the server, for a role from which an administrator hides
them. One step on every answer under /api/ and on every message of the event stream; no handler knows of it.

A telephone number and an e-mail address are known by their looks, wherever they stand, in a note too; a card number and
an address by the field that they stand in. Of 13812348000 is left 138****8000, of zhangsan@example.com
z***@example.com. What is no text (a PDF, a workbook) is refused to who may not see all of it.

What was shown hidden to somebody is remembered for them: sent back, in a form or to be dialled, it is the value again.
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Collection, Mapping
from typing import Any

from aiohttp import web

from callcenterd.model.roles import HiddenKind
from callcenterd.model.site import Site

MOST_REMEMBERED = 5000
"""Hidden values, for one login."""
AMBIGUOUS = ""
"""Two values look the same once hidden: which one is meant cannot be said."""
_KINDS_OF_FIELDS: Mapping[str, HiddenKind] = {"card": "card", "card_number": "card", "address": "address"}
_OURS = frozenset(
    # Names of our own that look like numbers: of calls, recordings, sheets, versions, files.
    {"id", "call", "call_id", "recording", "recordings", "sha256", "hash", "digest", "checksum", "ref", "seq", "token"}
)
_PHONE = re.compile(
    r"(?<![A-Za-z0-9_.*+-])(?:\+?\d[\d ()\u00a0\u2010-\u2015\u3000\uff08\uff09\uff0d-]{5,38}\d"
    r"|(?!(?:\d{1,3}\.){3}\d{1,3}(?!\d))\+?\d{2,4}(?:\.\d{2,4}){2,5})"  # with points, but no address of a machine
    r"(?![A-Za-z0-9_*-]|\.\d)"
)
_PROTECTED = re.compile(
    r"(?<![0-9A-Za-z])(?:"
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[+-]\d\d:\d\d|Z)?)?"  # a day or a moment
    r"|\d{8}-\d{6}-[0-9a-f]{6}(?:-\d+)?"  # a call, and a recording of it
    r"|[A-Z]{2}\d{8}-\d{4,}"  # a sheet
    r")(?![0-9A-Za-z])"
)
"""What looks like a number, and is a name of our own or a time."""
_EMAIL = re.compile(r"[^\s@\"'<>,;:()]{1,64}@[^\s@\"'<>,;:()]{2,200}")
LEAST_DIGITS = 7
"""Shorter ones are extensions, codes, and numbers of services."""
_HIDDEN = re.compile(r"\+?\d{2,5}\*{3,}\d{2,4}|[^\s@*]?\*{3}@[^\s@\"'<>,;:()]{2,200}|\S?●{6}")
_MARKS = ("***", "●●●●●●")


def masked_digits(text: str) -> str:
    """13812348000 → 138****8000. The beginning tells the kind of number, the end is what people compare."""
    sign = "+" if text.startswith("+") else ""
    digits = "".join(one for one in text if one.isdigit())
    if sign and digits.startswith("86"):
        sign, digits = "+86", digits[2:]
    first, last = (3, 4) if len(digits) >= 10 else (2, 2)
    return f"{sign}{digits[:first]}{'*' * max(3, len(digits) - first - last)}{digits[-last:]}"


def masked_email(text: str) -> str:
    """zhangsan@example.com → z***@example.com."""
    name, _, domain = text.partition("@")
    return f"{name[:1]}***@{domain}"


def masked_address(text: str) -> str:
    """Only that there is one, and how it begins."""
    return f"{text[:1]}●●●●●●"


class Memory:
    """What somebody was shown hidden, and what it was."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def keep(self, hidden: str, value: str) -> str:
        """Answers the hidden one."""
        if hidden == value:  # sent back as it was shown
            return hidden
        if self._known.get(hidden, value) != value:
            value = AMBIGUOUS
        self._known[hidden] = value
        self._known.move_to_end(hidden)
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return hidden

    def has(self, value: str) -> bool:
        """Was this one of those that were shown hidden?"""
        return value in self._known.values()

    def value(self, hidden: str) -> str | None:
        """None: nobody knows, or it may be several."""
        return self._known.get(hidden) or None


class Mask:
    """One role's, for one person. own: numbers of the office, which everybody knows."""

    def __init__(self, hidden: Collection[HiddenKind], own: Collection[str], memory: Memory) -> None:
        self._hidden = frozenset(hidden)
        self._own = frozenset(own)
        self._memory = memory

    @property
    def hidden(self) -> frozenset[HiddenKind]:
        return self._hidden

    def showed(self, value: str) -> bool:
        """Was it shown to them, hidden?"""
        return self._memory.has(value)

    def data(self, value: Any, field: str = "") -> Any:
        """JSON data with its values hidden. field: where it stands."""
        match value:
            case str():
                return self.field(value, field)
            case list():
                return [self.data(item, field) for item in value]
            case dict():
                return self._object(value)
            case _:
                return value

    def _object(self, value: dict[str, Any]) -> dict[str, Any]:
        """A prepaid card's number stands where others have a telephone number or a sheet's; what a query finds has its
        values in the order of its columns."""
        if isinstance(refused := value.get("error"), dict) and isinstance(fields := refused.get("fields"), dict):
            # What is said of a field is no value of it.
            said = {name: self.data(text) for name, text in fields.items()}
            return {**value, "error": {**self._object({**refused, "fields": None}), "fields": said}}
        names = {"number": "card"} if "has_pin" in value else {}
        done = {name: self.data(item, names.get(name, name)) for name, item in value.items()}
        if isinstance(columns := value.get("columns"), list):
            fields = [str(column).rpartition(".")[2] for column in columns]
            for name, where in (("items", "values"), ("groups", "keys")):
                if isinstance(found := value.get(name), list):
                    done[name] = [self._row(one, fields, where) for one in found]
        return done

    def _row(self, one: Any, fields: list[str], where: str) -> Any:
        if not isinstance(one, dict) or not isinstance(values := one.get(where), list):
            return self.data(one)
        return {**one, where: [self.data(item, name) for item, name in zip(values, fields, strict=False)]}

    def field(self, value: str, field: str) -> str:
        kind = _KINDS_OF_FIELDS.get(field)
        if kind is not None:
            return self._whole(value, kind)
        return value if field in _OURS or not value else self.text(value)

    def _whole(self, value: str, kind: HiddenKind) -> str:
        if not value or kind not in self._hidden:
            return value
        hide = masked_digits if kind == "card" else masked_address
        return self._memory.keep(hide(value), value)

    def text(self, text: str) -> str:
        """Numbers and addresses that stand in a text."""
        if "email" in self._hidden and "@" in text:
            text = _EMAIL.sub(lambda found: self._memory.keep(masked_email(found[0]), found[0]), text)
        if "phone" not in self._hidden:
            return text
        parts, end = [], 0
        for found in _PROTECTED.finditer(text):
            parts += [_PHONE.sub(self._number, text[end : found.start()]), found[0]]
            end = found.end()
        return "".join([*parts, _PHONE.sub(self._number, text[end:])])

    def _number(self, found: re.Match[str]) -> str:
        text = found[0]
        if sum(one.isdigit() for one in text) < LEAST_DIGITS or text in self._own:
            return text
        return self._memory.keep(masked_digits(text), text)

    @property
    def of_texts(self) -> bool:
        """Can all of it be hidden in a text, whose fields have no names?"""
        return self._hidden <= {"phone", "email"}

    def message(self, text: str) -> str:
        """A message of JSON text, as the event stream sends it."""
        return json.dumps(self.data(json.loads(text)), ensure_ascii=False, separators=(",", ":"))

    # ---- back -----------------------------------------------------------------------------------------------

    def given(self, value: Any) -> tuple[Any, str | None]:
        """What somebody sent, with the values again of what is hidden in it; and the first field where there is
        something hidden that nobody knows."""
        unknown: list[str] = []
        return self._back(value, "body", unknown), unknown[0] if unknown else None

    def _back(self, value: Any, field: str, unknown: list[str]) -> Any:
        match value:
            case str() if any(mark in value for mark in _MARKS):
                back = _HIDDEN.sub(lambda found: self._value(found[0], field, unknown), value)
                if (again := self.field(back, field)) != value and again != self.text(value):
                    unknown.append(field)  # it would stand there for all to read
                return back
            case list():
                return [self._back(item, field, unknown) for item in value]
            case dict():
                return {name: self._back(item, name, unknown) for name, item in value.items()}
            case _:
                return value

    def _value(self, hidden: str, field: str, unknown: list[str]) -> str:
        known = self._memory.value(hidden)
        if known is None:
            unknown.append(field)
            return hidden
        return known


class Masks:
    """Of everybody who is signed in. One for the application."""

    def __init__(self) -> None:
        self._memories: dict[str, Memory] = {}
        self._site: Site | None = None
        self._known: dict[str, Mask | None] = {}

    def of(self, site: Site, login: str) -> Mask | None:
        """None: nothing is hidden from them. Asked for each message of each page: it is looked up once in a site."""
        if site is not self._site:
            self._site, self._known = site, {}
        if login not in self._known:
            self._known[login] = self._made(site, login)
        return self._known[login]

    def _made(self, site: Site, login: str) -> Mask | None:
        hidden = site.settings_of(login).hidden
        if not hidden:
            self._memories.pop(login, None)
            return None
        own = {route.match for route in site.numbers} | {trunk.caller for trunk in site.trunks}
        return Mask(hidden, own, self._memories.setdefault(login, Memory()))


MASKS = web.AppKey("masks", Masks)
MASK = web.RequestKey("mask", Mask)
"""Of who asks (`session.identify` knows), if anything is hidden from them."""
_TEXTS = frozenset({"text/html", "text/csv", "text/plain"})
_PAPERS = frozenset(
    {
        "application/pdf",
        "application/zip",
        "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
)
"""Of the office's own making; what is in them cannot be hidden on their way out."""


def goes_out(mask: Mask, answered: web.StreamResponse) -> bool:
    """Hides what must be hidden in an answer. False: that cannot be done, and it must not go out."""
    kind = answered.content_type
    if answered.prepared or not isinstance(answered, web.Response) or not isinstance(answered.body, bytes):
        return answered.prepared or kind not in _PAPERS
    if kind == "application/json":
        answered.body = mask.message(answered.body.decode()).encode()
    elif kind in _TEXTS:
        if not mask.of_texts:
            return False
        charset = answered.charset or ("utf-8" if _is_utf8(answered.body) else "gb18030")
        answered.body = mask.text(answered.body.decode(charset)).encode(charset)
    return kind not in _PAPERS


def restored(mask: Mask, octets: bytes) -> tuple[bytes, str | None]:
    """A request's JSON with what was hidden in it restored, and the first field where that cannot be done."""
    if not any(mark.encode() in octets for mark in _MARKS) and b"\\u25cf" not in octets.lower():
        return octets, None
    try:
        given = json.loads(octets)
    except ValueError:
        return octets, None  # who reads it says so
    value, unknown = mask.given(given)
    return json.dumps(value, ensure_ascii=False).encode(), unknown


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
