"""Messages to customers [客户消息]: e-mail and SMS that the office sends, what they are about, and how far they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.attachments import RecordKind
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.records import RecordSight

MessageChannel = Literal["email", "sms"]
MESSAGE_CHANNELS: tuple[MessageChannel, ...] = get_args(MessageChannel)
CustomerMessageState = Literal[
    "waiting",
    "sent",  # the mail server, or the SMS gateway, has taken it
    "failed",  # it was refused for good, or could not be sent in time
    "cancelled",
]
CUSTOMER_MESSAGE_STATES: tuple[CustomerMessageState, ...] = get_args(CustomerMessageState)
MOST_TEXT = 4000
REFUSED: Mapping[MessageChannel, str] = {
    "email": "the customer wants no e-mail",
    "sms": "the customer wants no SMS",
}
"""Why something is not sent to somebody who has said so."""
TOO_LATE = "it could not be sent in time"
CANCELLED = "it was cancelled"
MOST_SUBJECT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomerMessage:
    """key: asked to be sent twice under the same key, it goes out once. kind, record: what it is about ("complaint",
    "12"); "": nothing that is kept. owner: whose affair it is, a login or "". team: the owner's. created_by: a login,
    "flow:NAME", or "system". not_before: it is not sent earlier; until: nor later (a reminder of what is over), None:
    as long as such messages wait. purpose: of which text it was made (`message_templates.Purpose`); "": in words of its
    own. necessary: it goes out though the customer wants no messages in this channel, since they have asked for this
    one."""

    key: str
    channel: MessageChannel
    address: str
    text: str
    subject: str = ""
    language: str = ""
    customer: CustomerId | None = None
    call: CallId | None = None
    kind: RecordKind | Literal[""] = ""
    record: str = ""
    owner: str = ""
    team: str = ""
    created_by: str
    not_before: datetime
    until: datetime | None = None
    purpose: str = ""
    necessary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMessage(NewCustomerMessage):
    """next_at: when it is sent, or tried again. units, segments: of an SMS (`sms.size_of`); of an e-mail 0. why: what
    came of the last try."""

    id: int
    created_at: datetime
    state: CustomerMessageState = "waiting"
    tries: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None
    cancelled_by: str = ""
    why: str = ""
    units: int = 0
    segments: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMessageFilter:
    """Which are wanted; None is no condition. purpose "": those in words of their own. owner: whose affair it is, or
    who has written it. since, until: when it was written. text: in its words, or its address. sight None: all."""

    state: CustomerMessageState | None = None
    channel: MessageChannel | None = None
    customer: CustomerId | None = None
    kind: RecordKind | None = None
    record: str | None = None
    purpose: str | None = None
    owner: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    sight: RecordSight | None = None


class MessageRefused(NotNow):
    """The customer wants no messages in this channel."""

    def __init__(self, channel: MessageChannel) -> None:
        super().__init__(REFUSED[channel])


class MessageNotWaiting(NotNow):
    """It has gone out already, or never will: nothing can be cancelled, or tried again."""

    def __init__(self, message: int, state: CustomerMessageState) -> None:
        super().__init__(f"message {message} is {state}")
