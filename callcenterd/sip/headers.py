"""Header values as data: Via, addresses, CSeq, digest challenges and proofs (RFC 3261 §20).

Each is frozen, read by `parse` (one value; `split` cuts comma lists), and written back by `str` with what it did not
know. Tolerant of space, strict about everything that could be read in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from callcenterd.sip import uri as uris
from callcenterd.sip.syntax import NO_PARAMS, MalformedMessage, Params, quoted, unquoted
from callcenterd.sip.uri import Uri

MAX_VALUES = 100
"""Values of one comma list, and parameters of one value. The longest list of RFC 4475 has 34."""

MAX_SEQUENCE = 2**31 - 1
"""RFC 3261 §8.1.1.5."""

MAX_SECONDS = 2**32 - 1
"""RFC 3261 §20.19; a longer Expires means this."""


@dataclass(frozen=True, slots=True)
class Via:
    """One hop that the answer goes back through (RFC 3261 §20.42).

    `;rport` without a value is ("rport", None): the sender asks for its port as we saw it (RFC 3581 §3).
    host: an IPv6 address is without its brackets.
    """

    transport: str
    host: str
    port: int | None
    params: Params = NO_PARAMS

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises MalformedMessage. Takes one value; a comma list is split by the message."""
        match = _VIA.fullmatch(text)
        if match is None:
            raise MalformedMessage("Via", text)
        transport, host, port, tail = match.groups()
        number = None if port is None else int(port)
        if number is not None and not 0 < number < 65536:
            raise MalformedMessage("Via", text)
        return cls(transport.upper(), host.strip("[]"), number, parse_params(tail, "Via") if tail else NO_PARAMS)

    @property
    def branch(self) -> str:
        """ "" if there is none: an RFC 2543 peer."""
        return self.params.get("branch") or ""

    @property
    def reliable(self) -> bool:
        return self.transport != "UDP"

    def seen_from(self, host: str, port: int) -> Via:
        """The same after it was received from there (RFC 3261 §18.2.1, RFC 3581 §4)."""
        params = self.params
        asked = params.has("rport")
        if asked:
            params = params.with_("rport", str(port))
        if asked or self.host.lower() != host.lower():
            params = params.with_("received", host)
        return self if params is self.params else replace(self, params=params)

    @property
    def answer_address(self) -> tuple[str, int]:
        """Where an answer over UDP goes, after `seen_from` (RFC 3261 §18.2.2, RFC 3581 §4).

        maddr is not followed: it would let a stranger choose whom we send to.
        """
        host = self.params.get("received") or self.host
        asked = self.params.get("rport") or ""
        return host.strip("[]"), int(asked) if _PORT.fullmatch(asked) else self.port or 5060

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port is None else f":{self.port}"
        return f"SIP/2.0/{self.transport} {host}{port}{self.params}"


@dataclass(frozen=True, slots=True)
class NameAddr:
    """An address with a name: From, To, Contact, Route, Record-Route, P-Asserted-Identity … (RFC 3261 §20.10).

    display: plain text without its quotes; "" if there is none. params: those of the header, outside the brackets.
    """

    display: str
    uri: Uri
    params: Params = NO_PARAMS

    @classmethod
    def parse(cls, text: str, part: str = "address") -> Self:
        """Raises MalformedMessage that names `part`. Takes one value; never "*"."""
        return cls(*(_kept_address(text, part) if len(text) <= _KEPT_LENGTH else _read_address(text, part)))

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")

    @property
    def expires(self) -> int | None:
        """Seconds a Contact asks for or is granted; None: none, or not a number (RFC 3261 §10.2.1.1)."""
        return seconds(self.params.get("expires"))

    def with_tag(self, tag: str) -> Self:
        return replace(self, params=self.params.with_("tag", tag))

    def __str__(self) -> str:
        name = f"{quoted(self.display)} " if self.display else ""
        return f"{name}<{self.uri}>{self.params}"


@dataclass(frozen=True, slots=True)
class CSeq:
    """RFC 3261 §20.16."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _CSEQ.fullmatch(text)
        if match is None or int(match[1]) > MAX_SEQUENCE:
            raise MalformedMessage("CSeq", text)
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


@dataclass(frozen=True, slots=True)
class Challenge:
    """WWW-Authenticate or Proxy-Authenticate: prove who you are (RFC 3261 §20.44, RFC 8760)."""

    scheme: str
    params: Params

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*_parse_auth(text, "challenge"))

    def get(self, name: str) -> str | None:
        return self.params.get(name)

    def __str__(self) -> str:
        return _auth_text(self.scheme, self.params)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Authorization or Proxy-Authorization: the proof (RFC 3261 §20.7). Its repr and its faults do not show it."""

    scheme: str
    params: Params

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(*_parse_auth(text, "Authorization"))

    def get(self, name: str) -> str | None:
        return self.params.get(name)

    def __str__(self) -> str:
        return _auth_text(self.scheme, self.params)

    def __repr__(self) -> str:
        return f"Credentials({self.scheme!r}, ***)"


def split(text: str, part: str) -> list[str]:
    """Cut a comma list into its values, none inside quotes or brackets; empty ones are left out (RFC 3261 §7.3.1).

    Raises MalformedMessage if a quote or bracket stays open, or beyond MAX_VALUES.
    """
    if "," not in text:
        return [text] if text else []
    if '"' not in text and "<" not in text:
        values = text.split(",")
    elif _LIST.fullmatch(text):
        values = _VALUE.findall(text)
    else:
        raise MalformedMessage(part, text)
    values = [stripped for value in values if (stripped := value.strip(" \t"))]
    if len(values) > MAX_VALUES:
        raise MalformedMessage(part, text)
    return values


def parse_params(text: str, part: str) -> Params:
    """ ";name", ";name=value" and ";name="quoted"", up to MAX_VALUES, with space around. Raises MalformedMessage."""
    found: list[tuple[str, str | None]] = []
    position, end = 0, len(text)
    while position < end:
        param = _PARAM.match(text, position)
        if param is None or len(found) == MAX_VALUES:
            raise MalformedMessage(part, text)
        found.append((param[1], param[2]))
        position = param.end()
    return Params(found)


def seconds(text: str | None) -> int | None:
    """delta-seconds; what is too large is MAX_SECONDS, what is no number is None."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text), MAX_SECONDS) if len(text) < 20 else MAX_SECONDS


def readable(text: str, room: int = 100) -> str:
    """Text of a stranger as it may be shown and stored: no control characters or broken octets, at most room long."""
    sound = text.encode(errors="surrogateescape").decode(errors="replace")
    return "".join([character for character in sound if character.isprintable()])[:room].strip()


def auth_params(pairs: Iterable[tuple[str, str]], *, bare: Iterable[str] = ()) -> Params:
    """Parameters of a Challenge or Credentials from plain values; all are quoted but those named in bare."""
    unquoted_names = frozenset(bare)
    return Params([(name, value if name in unquoted_names else quoted(value)) for name, value in pairs])


# RFC 3261 §25.1. Quantifiers are possessive: what does not fit is refused in one pass, however long it is.
_WORD = r"[A-Za-z0-9.!%*_+`'~-]++"
_QUOTED = r'"(?:[^"\\]|\\.)*+"'
_HOST = r"[A-Za-z0-9_.-]++|\[[0-9A-Fa-f:.]++\]"
_VALUE_TEXT = r'[^\x00-\x20\x7f";,<>]++'

_VIA = re.compile(
    rf"\s*+SIP\s*+/\s*+[0-9]\.[0-9]\s*+/\s*+({_WORD})\s++({_HOST})\s*+(?::\s*+([0-9]{{1,5}}))?\s*+(;.*)?",
    re.I | re.S | re.A,
)
_NAME_ADDR = re.compile(
    rf"\s*+(?:(?:({_QUOTED})\s*+|([^\"<>,;:\x00-\x08\x0a-\x1f\x7f]*+))<([^<>]*+)>|([^\s<>\",;?]++))\s*+(;.*)?",
    re.S | re.A,
)
_CSEQ = re.compile(rf"\s*+([0-9]{{1,12}})\s++({_WORD})\s*+")
_PORT = re.compile(r"[0-9]{1,5}")
_PARAM = re.compile(rf"\s*+;\s*+({_WORD})\s*+(?:=\s*+({_QUOTED}|{_VALUE_TEXT})\s*+)?", re.S | re.A)
_VALUE = re.compile(rf'(?:{_QUOTED}|<[^>]*+>|[^",<])++', re.S | re.A)
_LIST = re.compile(rf'(?:{_QUOTED}|<[^>]*+>|[^"<])*+', re.S | re.A)
_AUTH = re.compile(rf"\s*+({_WORD})\s++(.*)", re.S | re.A)
_AUTH_PARAM = re.compile(rf"\s*+({_WORD})\s*+=\s*+({_QUOTED}|[^\x00-\x20\x7f\",]++)\s*+(,|$)", re.S | re.A)


_KEPT_LENGTH = 300
"""Characters of an address that is worth to be kept: real ones are shorter, and a flood of long ones finds no room."""


@lru_cache(maxsize=4096)
def _kept_address(text: str, part: str) -> tuple[str, Uri, Params]:
    """The same From, To and Contact come seven times in a call: read once."""
    return _read_address(text, part)


def _read_address(text: str, part: str) -> tuple[str, Uri, Params]:
    """The fields of a NameAddr."""
    match = _NAME_ADDR.fullmatch(text)
    if match is None:
        raise MalformedMessage(part, text)
    in_quotes, display, address, bare, tail = match.groups()
    if in_quotes is not None:
        display = unquoted(in_quotes)
    return (
        display.strip() if display else "",
        uris.parse(address if bare is None else bare, part),
        parse_params(tail, part) if tail else NO_PARAMS,
    )


def _parse_auth(text: str, part: str) -> tuple[str, Params]:
    """A scheme and its comma list. What came stays out of the fault: it may be a proof."""
    match = _AUTH.fullmatch(text)
    if match is None:
        raise MalformedMessage(part, None)
    scheme, rest = match.groups()
    rest = rest.rstrip()
    found: list[tuple[str, str | None]] = []
    position = 0
    while position < len(rest):
        param = _AUTH_PARAM.match(rest, position)
        if param is None or len(found) == MAX_VALUES:
            raise MalformedMessage(part, None)
        found.append((param[1], param[2]))
        position = param.end()
    return scheme, Params(found)


def _auth_text(scheme: str, params: Params) -> str:
    return f"{scheme} " + ", ".join([f"{name}={value}" for name, value in params])
