"""What the server and its gateway process say to each other over two pipes: four octets of length, then JSON.

Never sound: that goes by RTP on the loopback interface, straight between the gateway and the media engine.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from callcenterd.errors import RemoteError

HEAD = 4
MOST_OCTETS = 65536
"""Of one message. The largest carries an offer or an answer, a few thousand octets."""


class MalformedMessage(RemoteError):
    """The other end of the pipe does not speak as we do: it is of no more use."""


# ---- to the gateway ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bind:
    """First of all: the UDP ports of which one is taken for all pages, the last free one."""

    first_port: int
    last_port: int


@dataclass(frozen=True, slots=True)
class Open:
    """A page offers. hosts: our addresses under which it may find us, the likeliest first."""

    page: str
    offer: str
    hosts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Talk:
    """The page speaks with this port of the media engine, on 127.0.0.1, and with no other."""

    page: str
    port: int


@dataclass(frozen=True, slots=True)
class Hush:
    """The page speaks with nobody; it stays connected."""

    page: str


@dataclass(frozen=True, slots=True)
class Close:
    page: str


# ---- from the gateway --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """It is up. port: where all pages find it by UDP."""

    port: int


@dataclass(frozen=True, slots=True)
class Answered:
    """answer: for the page. port: where its RTP comes from and ours goes to, on 127.0.0.1. keys: its payload type of
    telephone-events, if it has one."""

    page: str
    answer: str
    port: int
    keys: int | None


@dataclass(frozen=True, slots=True)
class Declined:
    """The offer cannot be used."""

    page: str
    why: str


@dataclass(frozen=True, slots=True)
class Up:
    """ICE found a way and DTLS proved that it is this page at its other end."""

    page: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """Nothing that only the page could have sent has come for so long; Heard follows if it comes back."""

    page: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Heard:
    page: str


@dataclass(frozen=True, slots=True)
class Lost:
    """It is over; told no more."""

    page: str
    why: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Every few seconds: the gateway lives. strangers: datagrams of nobody's page. bad: sealed ones that were not
    sealed by their page."""

    pages: int
    cpu_seconds: float
    strangers: int
    bad: int


ToGateway = Bind | Open | Talk | Hush | Close
FromGateway = Started | Answered | Declined | Up | Quiet | Heard | Lost | Figures
Message = ToGateway | FromGateway
_KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (Bind, Open, Talk, Hush, Close, Started, Answered, Declined, Up, Quiet, Heard, Lost, Figures)
}


def encode(message: Message) -> bytes:
    body = json.dumps({"kind": type(message).__name__, **dataclasses.asdict(message)}).encode()
    if len(body) > MOST_OCTETS:
        raise MalformedMessage(f"{type(message).__name__} of {len(body)} octets")
    return struct.pack(">I", len(body)) + body


def size(head: bytes) -> int:
    """Octets that follow. Raises MalformedMessage."""
    octets = int(struct.unpack(">I", head)[0])
    if octets > MOST_OCTETS:
        raise MalformedMessage(f"a message of {octets} octets")
    return octets


def decode(body: bytes) -> Message:
    """Raises MalformedMessage."""
    try:
        fields = json.loads(body)
        message: Message = _KINDS[fields.pop("kind")](**fields)
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise MalformedMessage(f"{fault!r} in {body[:60]!r}") from None
    return message
