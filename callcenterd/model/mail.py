"""Letters [邮件] that are to go out by e-mail, and how far they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

LetterState = Literal[
    "waiting",
    "sent",  # the mail server has taken it
    "failed",  # it was refused for good, or could not be sent for a day
]
LETTER_STATES: tuple[LetterState, ...] = get_args(LetterState)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message for one address. voicemail: the message that it brings; else it is about a duty, or is a
    customer's (message: a `CustomerMessage`), and has its words with it (subject, text). key: its Message-ID, the same
    at every try.

    tries: how often it was given to the mail server until now. next_at: when it is given to it next. why: what came of
    the last try.
    """

    id: int
    address: str
    voicemail: int | None
    key: str
    created_at: datetime
    state: LetterState = "waiting"
    tries: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None
    why: str = ""
    duty: int | None = None
    subject: str = ""
    text: str = ""
    message: int | None = None
