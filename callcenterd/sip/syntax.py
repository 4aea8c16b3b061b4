"""What every part of a message is made of: parameters, quoted strings, and the fault of what cannot be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from callcenterd.errors import RemoteError

if TYPE_CHECKING:
    from callcenterd.sip.message import Request


class MalformedMessage(RemoteError):
    """A SIP message, or a part of one, that cannot be read.

    part:    what is at fault, by its name in RFC 3261: "start line", "Via", "Content-Length".
    status:  the answer to give if there is enough of a Via to answer at all (RFC 3261 §21.4).
    request: what could be read of a request that may be answered: hand it to `message.reply_to`. None: a response,
             an ACK, or nothing to answer to. Its headers are as they came, any of them may be unreadable.

    A text of None keeps what came out of the sentence: it may prove who somebody is.
    """

    def __init__(self, part: str, text: str | None, *, status: int = 400) -> None:
        super().__init__(f"{part} cannot be read" if text is None else f"{part} cannot be read: {text[:60]!r}")
        self.part = part
        self.status = status
        self.request: Request | None = None


class Params(tuple[tuple[str, str | None], ...]):
    """Parameters in their order, unknown ones too; ("rport", None) has no value, a quoted value keeps its quotes.

    Names are compared without regard to case.
    """

    __slots__ = ()

    def get(self, name: str) -> str | None:
        """The first value of that name, out of its quotes; None if there is none. `has` tells a bare name."""
        for key, value in self:
            if key == name or key.lower() == name:
                return unquoted(value) if value is not None and value[:1] == '"' else value
        return None

    def has(self, name: str) -> bool:
        return any(key.lower() == name for key, _ in self)

    def with_(self, name: str, value: str | None) -> Params:
        """The same with that one set: in its place if it was there, else at the end. value: as it is written."""
        if not self.has(name):
            return Params((*self, (name, value)))
        rest = iter(self.without(name, keep_first=True))
        return Params((key, value if key.lower() == name else old) for key, old in rest)

    def without(self, name: str, *, keep_first: bool = False) -> Params:
        kept: list[tuple[str, str | None]] = []
        for key, value in self:
            if key.lower() != name or keep_first:
                kept.append((key, value))
            keep_first = keep_first and key.lower() != name
        return Params(kept)

    def __str__(self) -> str:
        return "".join([f";{name}" if value is None else f";{name}={value}" for name, value in self])


NO_PARAMS = Params()


def unquoted(text: str) -> str:
    """A quoted string without its quotes and backslashes."""
    return _BACKSLASH.sub(r"\1", text[1:-1]) if "\\" in text else text[1:-1]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
