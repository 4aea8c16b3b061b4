"""REFER: a phone asks us to bring its call to somebody else (RFC 3515, 3891, 3892, 4488). Sans-IO.

Where to is never the address of Refer-To itself, only the number in it: our own rules say where that leads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from callcenterd.sip.headers import NameAddr, readable
from callcenterd.sip.identity import LONGEST_NUMBER, number_of
from callcenterd.sip.message import PHRASES, Request
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.uri import OtherUri, SipUri, unescaped

LASTS = 120
"""Seconds that the subscription which a REFER makes is said to last: longer than a phone rings."""

_REPLACES = re.compile(r"\s*([^\s;,]{1,256})\s*((?:;\s*[A-Za-z-]+\s*(?:=\s*[^\s;,]{1,256})?\s*){1,10})")


@dataclass(frozen=True, slots=True)
class Replaces:
    """The dialog that is to be replaced, as who asks for it sees it (RFC 3891 §6.1)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> Replaces:
        """Raises MalformedMessage."""
        match = _REPLACES.fullmatch(text)
        if match is None:
            raise MalformedMessage("Replaces", text)
        pairs = [param.strip().partition("=") for param in match[2].split(";") if param.strip()]
        params = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if len(params) != len(pairs) or not params.get("to-tag") or not params.get("from-tag"):
            raise MalformedMessage("Replaces", text)
        return cls(match[1], params["to-tag"], params["from-tag"], "early-only" in params)


def replaces_of(invite: Request) -> Replaces | None:
    """Raises MalformedMessage; also for two of them (RFC 3891 §3)."""
    lines = invite.headers.get_all("Replaces")
    if len(lines) > 1:
        raise MalformedMessage("Replaces", ", ".join(lines))
    return Replaces.parse(lines[0]) if lines else None


@dataclass(frozen=True, slots=True)
class Wish:
    """What a REFER asks for. number: where to; "" is possible only with replaces. quiet: they want no NOTIFY."""

    number: str
    replaces: Replaces | None
    by: str
    quiet: bool

    @classmethod
    def of(cls, request: Request) -> Wish:
        """Raises MalformedMessage: not exactly one Refer-To, or one that names nobody (RFC 3515 §2.4.2)."""
        lines = request.headers.get_all("Refer-To")
        if len(lines) != 1:
            raise MalformedMessage("Refer-To", ", ".join(lines))
        target = NameAddr.parse(lines[0], "Refer-To").uri
        if isinstance(target, OtherUri):
            raise MalformedMessage("Refer-To", lines[0])
        replaces = _replaces_in(target) if isinstance(target, SipUri) else None
        number = number_of(target)
        if not number and replaces is None:
            raise MalformedMessage("Refer-To", lines[0])
        wants_none = (request.headers.get("Refer-Sub") or "").partition(";")[0].strip().lower() == "false"
        return cls(number, replaces, _by(request), wants_none)


def _replaces_in(target: SipUri) -> Replaces | None:
    """`?Replaces=…` of the address, escaped as it is there (RFC 3891 §4). Other headers of it are not acted on."""
    found = [
        Replaces.parse(unescaped(value))
        for name, _, value in (header.partition("=") for header in target.headers.split("&"))
        if name.lower() == "replaces"
    ]
    if len(found) > 1:
        raise MalformedMessage("Refer-To", str(target))
    return found[0] if found else None


def _by(request: Request) -> str:
    """Who asks, for people to read: Referred-By (RFC 3892), else From. It proves nothing."""
    text = request.headers.get("Referred-By")
    try:
        address = request.from_ if text is None else NameAddr.parse(text, "Referred-By")
    except MalformedMessage:
        address = request.from_
    return readable(number_of(address.uri), LONGEST_NUMBER)


def fragment(status: int) -> bytes:
    """The body of a NOTIFY: how far it has come (RFC 3515 §2.4.5, RFC 3420)."""
    return f"SIP/2.0 {status} {PHRASES.get(status, 'Unknown')}\r\n".encode()
