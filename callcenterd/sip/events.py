"""What the SIP room tells (`SipEvent`) and the addresses that it can be asked to call.

Bodies are octets here: what SDP means is the media room's to say. Every event of a dialog names it by its
`DialogId`; after `Refused`, `Cancelled` or `HungUp` that id is told no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from callcenterd.model.ids import ExtensionNumber, TrunkName

DialogId = NewType("DialogId", int)
"""One dialog, or what may become one. Never used twice in a run."""


@dataclass(frozen=True, slots=True)
class ToExtension:
    """A phone inside, wherever it is registered now, or the device's fixed address.

    at_once: the phone is asked to pick up by itself.
    """

    number: ExtensionNumber
    at_once: bool = False


@dataclass(frozen=True, slots=True)
class ToTrunk:
    """An outside number, as the trunk is to see it. forms: how it was written on its way here, as dialled first."""

    trunk: TrunkName
    number: str
    forms: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCall:
    """An INVITE of someone who may call: a trunk by its address, or an extension that proved who it is.

    Exactly one of trunk and extension is set. offer: SDP, or None if they leave the offer to us.
    local_host: the address of ours that faces them. caller: "" if they want to be unknown.
    diverted_from: the numbers that were called before this one, newest first.
    replaces: a dialog of ours that this one is to take the place of (RFC 3891).
    secure: it came over TLS: nobody on the way reads what its SDP says.
    """

    dialog: DialogId
    trunk: TrunkName | None
    extension: ExtensionNumber | None
    caller: str
    caller_name: str
    called: str
    offer: bytes | None
    local_host: str
    diverted_from: tuple[str, ...] = ()
    replaces: DialogId | None = None
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """180 or 183 to our INVITE. answer: SDP of early media, if there was one."""

    dialog: DialogId
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """200 to our INVITE; it has been acknowledged."""

    dialog: DialogId
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Our INVITE came to nothing. status: theirs; 408 if nobody answered, 503 if it could not be sent.

    moved_to: the number that a phone forwards its calls to (3xx); our own rules say where it leads.
    cause: of the telephone network behind the trunk (ITU-T Q.850), where the answer has one (RFC 6432); 0: it has none.
    words: why, as that answer says; "" if nobody answered.
    """

    dialog: DialogId
    status: int
    moved_to: str = ""
    cause: int = field(default=0, compare=False)
    words: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """They took their INVITE back before we answered. elsewhere: because somebody else took it (RFC 3326)."""

    dialog: DialogId
    elsewhere: bool = False


NOT_THERE = "not there"


@dataclass(frozen=True, slots=True)
class HungUp:
    """A dialog that was up is over. reason: "normal", or what went wrong (no ACK, no answer to a request …); NOT_THERE:
    whether anybody is there was asked, and nobody was."""

    dialog: DialogId
    reason: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Their ACK of our 2xx. answer: SDP, if the offer was ours."""

    dialog: DialogId
    answer: bytes | None


@dataclass(frozen=True, slots=True)
class Reoffered:
    """A re-INVITE (or UPDATE) waits for `accept_offer` or `refuse_offer`. offer None: they ask us to offer."""

    dialog: DialogId
    offer: bytes | None


@dataclass(frozen=True, slots=True)
class Reanswered:
    """Their SDP after a re-INVITE of ours: to our new offer, or to the old one once more."""

    dialog: DialogId
    answer: bytes


@dataclass(frozen=True, slots=True)
class OfferRefused:
    """Our new offer was refused: what was agreed before still holds."""

    dialog: DialogId
    status: int


@dataclass(frozen=True, slots=True)
class Referred:
    """A phone that proved who it is wants its call to go elsewhere; it waits for `tell_referral`.

    number: where to. replaces: another dialog of the same phone: whom that one speaks with is meant.
    by: as the phone says; for people to read.
    """

    dialog: DialogId
    number: str
    replaces: DialogId | None
    by: str


@dataclass(frozen=True, slots=True)
class KeyByInfo:
    """A key by INFO (application/dtmf-relay or application/dtmf)."""

    dialog: DialogId
    key: str


@dataclass(frozen=True, slots=True)
class Registered:
    """An extension can be reached (told again when a phone was started anew), or cannot any more."""

    extension: ExtensionNumber
    reachable: bool


@dataclass(frozen=True, slots=True)
class TrunkSeen:
    """state: "up", "down" or "unknown"; why: the last status or fault."""

    trunk: TrunkName
    state: str
    why: str


DialogEvent = (
    Progress
    | Accepted
    | Refused
    | Cancelled
    | HungUp
    | Acknowledged
    | Reoffered
    | Reanswered
    | OfferRefused
    | Referred
    | KeyByInfo
)
SipEvent = IncomingCall | DialogEvent | Registered | TrunkSeen
