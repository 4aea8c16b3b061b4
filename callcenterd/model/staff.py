"""What people of the office write to each other: messages [座席间短消息], notices [通知], announcements [公告]."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from callcenterd.model.ids import AgentId, TeamName

StaffKind = Literal["message", "notice", "announcement"]
MOST_SUBJECT = 120
MOST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """For whom a notice is: these people, and everybody in these teams and of these roles (own ones by their code)."""

    people: tuple[AgentId, ...] = ()
    teams: tuple[TeamName, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaffMessage:
    """to: of a message, the one to whom it is written. readers: everybody to whom it goes; of an announcement nobody by
    name, it is for all, also for who comes later. confirm: who reads it must say so. since, until: when an announcement
    is up; until None: until it is withdrawn. key: the writer's own name of it, with which it is kept once however often
    it is sent; "": none."""

    kind: StaffKind
    by: AgentId
    text: str
    since: datetime
    subject: str = ""
    to: str = ""
    audience: Audience = field(default_factory=Audience)
    readers: tuple[AgentId, ...] = ()
    confirm: bool = False
    until: datetime | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMessage:
    """As one person has it. read_at, confirmed_at: when that person did, or, of a message that they wrote, when the
    other one did. of, read, confirmed: to how many it went, and how many have read and confirmed it: for its writer, 0
    for everybody else; of an announcement `of` is 0, since it is for all."""

    id: int
    kind: StaffKind
    at: datetime
    by: AgentId
    to: str
    subject: str
    text: str
    audience: Audience
    confirm: bool
    since: datetime
    until: datetime | None
    withdrawn_at: datetime | None
    read_at: datetime | None
    confirmed_at: datetime | None
    of: int
    read: int
    confirmed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffReader:
    """Who has read a thing when. None: not yet."""

    login: AgentId
    read_at: datetime | None
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffUnread:
    """What waits for one person: not read yet, or not confirmed though that is asked. next_at: when an announcement
    comes up or goes down next."""

    messages: int
    notices: int
    announcements: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """login: with whom. last: what was written last, by either. unread: theirs that one has not read."""

    login: AgentId
    last: StaffMessage
    unread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffFilter:
    """with_: the messages with that person. kinds: empty: all. unread: what waits still. up: announcements only
    that are up at that time. written: what one wrote oneself. before: those older than that one. text: every word."""

    with_: str | None = None
    kinds: tuple[StaffKind, ...] = ()
    unread: bool = False
    up: datetime | None = None
    written: bool = False
    before: int | None = None
    text: str = ""
