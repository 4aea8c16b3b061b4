"""A browser page that serves as its user's phone: words that the calls room, the switchboard and the web share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from callcenterd.model.ids import ExtensionNumber

PagePhoneState = Literal[
    "off",  # no page is this user's phone
    "ready",
    "ringing",  # somebody calls
    "dialling",  # it calls somebody
    "talking",
]
PAGE_PHONE_STATES: tuple[PagePhoneState, ...] = get_args(PagePhoneState)
PhoneEnd = Literal[
    "",
    "over",  # after a conversation, or before it by who called
    "busy",
    "no_answer",
    "unknown_number",
    "forbidden",
    "failed",
    "transfer_failed",  # the conversation goes on
]
PHONE_ENDS: tuple[PhoneEnd, ...] = get_args(PhoneEnd)


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePhoneView:
    """One user's page phone now.

    page:      which page it is: the id that it got when it was connected; "" while there is none.
    extension: the number under which it is reached; "" while it has none of its own (it can only listen in).
    number, name: of the other side. rings: who is dialled has their phone ringing. held: the other side is on hold.
    away:      nothing comes from the page: it is being loaded anew, or is gone.
    ended:     how the last call ended.
    """

    login: str
    page: str = ""
    extension: ExtensionNumber | None = None
    state: PagePhoneState = "off"
    number: str = ""
    name: str = ""
    rings: bool = False
    held: bool = False
    away: bool = False
    ended: PhoneEnd = ""
