"""Addresses: sip, sips and tel, and when two are the same (RFC 3261 §19.1, RFC 3966).

What was read is written back as it came, escapes too: a remote target must return to its owner unchanged.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote_to_bytes

from callcenterd.sip.syntax import NO_PARAMS, MalformedMessage, Params


@dataclass(frozen=True, slots=True)
class SipUri:
    """A sip: or sips: address.

    userinfo: user and password as they came, escaped; None if there is no "@". `user` is the plain one.
    host:     a name or an address; IPv6 without its brackets. As it came: never looked at beyond its letters.
    headers:  what follows "?", as it came. Never to be acted on without asking why.
    """

    scheme: str
    userinfo: str | None
    host: str
    port: int | None = None
    params: Params = NO_PARAMS
    headers: str = ""

    @classmethod
    def of(
        cls,
        user: str | None,
        host: str,
        port: int | None = None,
        *,
        params: Iterable[tuple[str, str | None]] = (),
        scheme: str = "sip",
    ) -> Self:
        """One of our own making. user: plain text, escaped here; params: as they are written."""
        return cls(scheme, None if user is None else escaped(user), host, port, Params(params))

    @property
    def user(self) -> str | None:
        """Without password and out of its escapes; what is no UTF-8 stays escaped. May hold any character."""
        return None if self.userinfo is None else unescaped(self.userinfo.partition(":")[0])

    @property
    def password(self) -> str | None:
        """Nobody should send one (RFC 3261 §19.1.1); we only keep it where it stood."""
        _, colon, password = (self.userinfo or "").partition(":")
        return unescaped(password) if colon else None

    @property
    def transport(self) -> str | None:
        """`;transport=`, in small letters."""
        asked = self.params.get("transport")
        return None if asked is None else asked.lower()

    def same_as(self, other: Uri) -> bool:
        """RFC 3261 §19.1.4. Not an `==`: a third one may be the same as both of two different ones."""
        return (
            isinstance(other, SipUri)
            and self.scheme == other.scheme
            and _comparable(self.userinfo) == _comparable(other.userinfo)
            and _same_host(self.host, other.host)
            and self.port == other.port
            and _same_params(self.params, other.params)
            and _header_set(self.headers) == _header_set(other.headers)
        )

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return "".join(
            [
                f"{self.scheme}:{host}" if self.userinfo is None else f"{self.scheme}:{self.userinfo}@{host}",
                "" if self.port is None else f":{self.port}",
                str(self.params) if self.params else "",
                f"?{self.headers}" if self.headers else "",
            ]
        )


@dataclass(frozen=True, slots=True)
class TelUri:
    """A tel: number (RFC 3966). number: as it came, with its visual separators; `digits` is without."""

    number: str
    params: Params = NO_PARAMS

    @property
    def user(self) -> str:
        return self.digits

    @property
    def digits(self) -> str:
        """Digits with "*", "#", "A"-"D" and a leading "+"."""
        return self.number.translate(_NO_SEPARATORS).upper()

    def same_as(self, other: Uri) -> bool:
        """RFC 3966 §4: separators do not count; parameters do, in any order."""
        if not isinstance(other, TelUri) or self.digits != other.digits:
            return False
        return {(k.lower(), (v or "").lower()) for k, v in self.params} == {
            (k.lower(), (v or "").lower()) for k, v in other.params
        }

    def __str__(self) -> str:
        return f"tel:{self.number}{self.params}"


@dataclass(frozen=True, slots=True)
class OtherUri:
    """A scheme that we do not speak: kept, never followed. As a Request-URI it is answered 416."""

    scheme: str
    rest: str

    @property
    def user(self) -> None:
        return None

    def same_as(self, other: Uri) -> bool:
        return self == other

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


def parse(text: str, part: str = "URI") -> Uri:
    """Read an address without brackets around it. Raises MalformedMessage that names `part`."""
    match = _SIP.fullmatch(text)
    if match is not None:
        scheme, userinfo, host, port, params, headers = match.groups()
        number = None if port is None else int(port)
        if number is not None and not 0 < number < 65536:
            raise MalformedMessage(part, text)
        if host[0] == "[":
            host = host[1:-1]
        return SipUri(scheme.lower(), userinfo, host, number, _params(params) if params else NO_PARAMS, headers or "")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not _SCHEME.fullmatch(scheme) or scheme in ("sip", "sips"):
        raise MalformedMessage(part, text)
    if scheme != "tel":
        if not _OPAQUE.fullmatch(rest):
            raise MalformedMessage(part, text)
        return OtherUri(scheme, rest)
    match = _TEL.fullmatch(rest)
    if match is None:
        raise MalformedMessage(part, text)
    return TelUri(match[1], _params(match[2]))


def escaped(user: str) -> str:
    """Plain text as the user part of a sip: address."""
    return quote(user, _NOT_ESCAPED, errors=_KEEP)


def unescaped(text: str) -> str:
    """%HH become characters; a text that would be no UTF-8, and a "%" that escapes nothing, stays as it is."""
    if "%" not in text:
        return text
    try:
        return unquote_to_bytes(text.encode(errors=_KEEP)).decode()
    except UnicodeDecodeError:
        return text


_KEEP = "surrogateescape"
"""How octets that are no UTF-8 live in a str: each as one lone surrogate, written back as the octet it was."""

# Wider than the RFC where nothing can be misread: real phones and gateways send "#", "_" in a host, letters beyond
# ASCII, and "sip:@host" for a caller that they do not know.
_SIP = re.compile(
    r"(sips?):"
    r"(?:([^\x00-\x20\x7f<>\"@:]*+(?::[^\x00-\x20\x7f<>\"@:]*+)?)@)?"
    r"([A-Za-z0-9_.-]++|\[[0-9A-Fa-f:.]++\])"
    r"(?::([0-9]{1,5}))?"
    r"((?:;[^\x00-\x20\x7f<>\"@;?=,]++(?:=[^\x00-\x20\x7f<>\"@;?=,]*+)?)*+)"
    r"(?:\?([^\x00-\x20\x7f<>\"]*+))?",
    re.IGNORECASE | re.ASCII,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")
_OPAQUE = re.compile(r"[^\x00-\x20\x7f<>\"]+")
_TEL = re.compile(
    r"(\+?[0-9A-Da-d*#().-]*[0-9A-Da-d*#][0-9A-Da-d*#().-]*)((?:;[^\x00-\x20\x7f<>\"@;?=,]+(?:=[^\x00-\x20\x7f<>\"@;?=,]*)?)*)"
)
_NO_SEPARATORS = str.maketrans("", "", "-.()")
_NOT_ESCAPED = "!~*'()&=+$,;?/"
"""Beside letters, digits, "_", "." and "-"."""
_ESCAPED_TEXT = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()")
_DECISIVE = ("user", "ttl", "method", "maddr", "transport")
"""Parameters that make a difference even if only one of the two has them."""


def _params(text: str) -> Params:
    found = []
    for param in text.split(";")[1:]:
        name, equals, value = param.partition("=")
        found.append((name, value if equals else None))
    return Params(found)


def _comparable(text: str | None) -> str | None:
    """%HH of an unreserved character is that character; of a reserved one it is something else than it."""

    def plain(found: re.Match[str]) -> str:
        character = chr(int(found[1], 16))
        return character if character in _UNRESERVED else found[0].upper()

    return None if text is None else _ESCAPED_TEXT.sub(plain, text)


def _same_host(one: str, other: str) -> bool:
    if ":" in one and ":" in other:
        try:
            return ipaddress.IPv6Address(one) == ipaddress.IPv6Address(other)
        except ValueError:
            # Not an address after all (RFC 5118 §4.10 has such ones); then only its letters can tell.
            return one.lower() == other.lower()
    return one.lower() == other.lower()


def _same_params(one: Params, other: Params) -> bool:
    mine, theirs = _comparable_params(one), _comparable_params(other)
    if any((name in mine) != (name in theirs) for name in _DECISIVE):
        return False
    return all(theirs[name] == value for name, value in mine.items() if name in theirs)


def _comparable_params(params: Params) -> dict[str, str]:
    return {(_comparable(name) or "").lower(): (_comparable(value) or "").lower() for name, value in params}


def _header_set(headers: str) -> frozenset[tuple[str, str]]:
    pairs = (header.partition("=") for header in headers.split("&") if header)
    return frozenset(((_comparable(name) or "").lower(), _comparable(value) or "") for name, _, value in pairs)
