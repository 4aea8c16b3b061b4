"""Messages between people of the office, notices and announcements, with who has read them (AGT-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.channels.staff import Notice
from callcenterd.model.ids import AgentId, TeamName
from callcenterd.model.people import Role
from callcenterd.model.staff import (
    MOST_SUBJECT,
    MOST_TEXT,
    Audience,
    Conversation,
    StaffFilter,
    StaffKind,
    StaffMessage,
    StaffReader,
    StaffUnread,
)
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, Conditions, answer, conditions, read
from callcenterd.web.calls import Moment
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.rights import may, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Name = Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]
Text = Annotated[str, VISIBLE, Field(min_length=1, max_length=MOST_TEXT, pattern=r"\S")]
Key = Annotated[
    str,
    VISIBLE,
    Field(max_length=64, description="A name of one's own for it: sent again with the same one, it is there once."),
]


@dataclass(frozen=True, slots=True)
class Colleague:
    """teams: in which they are, or which they lead. notify: may who asks give them a notice?"""

    login: str
    name: str
    role: Role
    own_role: str
    teams: list[TeamName]
    notify: bool


@dataclass(frozen=True, slots=True)
class TeamNamed:
    name: TeamName
    title: str


@dataclass(frozen=True, slots=True)
class RoleNamed:
    """Empty names: of a shipped role, which pages know."""

    code: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class Colleagues:
    """teams, roles: to which who asks may give a notice."""

    items: list[Colleague]
    total: int
    teams: list[TeamNamed]
    roles: list[RoleNamed]


@dataclass(frozen=True, slots=True)
class StaffMessageList:
    items: list[StaffMessage]
    total: int


@dataclass(frozen=True, slots=True)
class Conversations:
    items: list[Conversation]
    total: int


@dataclass(frozen=True, slots=True)
class StaffReaders:
    message: StaffMessage
    items: list[StaffReader]
    total: int


class StaffMessageConditions(Conditions):
    """with: the conversation with that colleague. kind: notices: notices and announcements. unread: what is not read,
    or not confirmed though that is asked. written: what one has written oneself. before: older than that one. text:
    every word of it."""

    with_: Name | None = Field(None, alias="with")
    kind: Literal["message", "notice", "announcement", "notices"] | None = None
    unread: bool = False
    up: bool = Field(False, description="Of announcements only those that are up now")
    written: bool = False
    before: int | None = Field(None, ge=1, lt=1 << 62)
    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=200)


class StaffMessageAsked(Asked):
    to: Name
    text: Text
    key: Key = ""


class NoticeAsked(Asked):
    """kind: an announcement is for all, and up from since to until (without them: at once, until it is withdrawn); a
    notice is for these people, and everybody in these teams and of these roles. confirm: who reads it must say so."""

    kind: Literal["notice", "announcement"]
    subject: Annotated[str, VISIBLE, Field(min_length=1, max_length=MOST_SUBJECT, pattern=r"\S")]
    text: Text
    people: list[Name] = Field([], max_length=500)
    teams: list[Name] = Field([], max_length=100)
    roles: list[Name] = Field([], max_length=50)
    confirm: bool = False
    since: Moment | None = None
    until: Moment | None = None
    key: Key = ""


MESSAGE = TypeAdapter(StaffMessage)
MESSAGES = TypeAdapter(StaffMessageList)
UNREAD = TypeAdapter(StaffUnread)
CONVERSATIONS = TypeAdapter(Conversations)
READERS = TypeAdapter(StaffReaders)
COLLEAGUES = TypeAdapter(Colleagues)


def _me(request: web.Request) -> AgentId:
    return AgentId(signed_in(request).login)


@routes.get("/api/v1/colleagues")
@right("staff_message")
@shape(summary="Everybody in the office to whom one may write", answer=COLLEAGUES)
async def list_colleagues(request: web.Request) -> web.StreamResponse:
    """200 all users but oneself, by login."""
    site, me, sight = request.app[OFFICE].board.site, _me(request), sight_of(request)
    tells = may(request, "staff_notice")
    items = [
        Colleague(
            user.login,
            user.name,
            user.role,
            user.own_role,
            list(site.teams_of(user.login)),
            tells and sight.oversees(user.login),
        )
        for user in site.users
        if user.login != me
    ]
    own_teams = [one for one in site.teams if tells and all(sight.oversees(member) for member in one.members)]
    teams = [TeamNamed(one.name, one.title or one.name) for one in own_teams]
    shipped = [RoleNamed(code, "", "") for code in ("agent", "supervisor", "manager", "admin")]
    own = [RoleNamed(one.role, one.chinese, one.english) for one in site.roles if one.base]
    return answer(COLLEAGUES, Colleagues(items, len(items), teams, [*shipped, *own] if tells else []))


@routes.get("/api/v1/conversations")
@right("staff_message")
@shape(summary="With whom one has exchanged messages, the newest first", answer=CONVERSATIONS)
async def list_conversations(request: web.Request) -> web.StreamResponse:
    """200 each with the last message, and how many of theirs one has not read; 200 of them at most."""
    items = await request.app[OFFICE].store.staff.conversations(_me(request))
    return answer(CONVERSATIONS, Conversations(items, len(items)))


@routes.get("/api/v1/staff-messages")
@right("staff_message")
@shape(
    summary="Messages, notices and announcements for oneself or by oneself, the newest first",
    conditions=StaffMessageConditions,
    answer=MESSAGES,
)
async def list_staff_messages(request: web.Request) -> web.StreamResponse:
    """200 a page of them, and how many there are in all. Nobody reads what others write to each other."""
    wanted, office = conditions(request, StaffMessageConditions), request.app[OFFICE]
    now = office.clock.utc()
    kinds: tuple[StaffKind, ...] = ()
    if wanted.kind is not None:
        kinds = ("notice", "announcement") if wanted.kind == "notices" else (wanted.kind,)
    chosen = StaffFilter(
        with_=wanted.with_,
        kinds=kinds,
        unread=wanted.unread,
        up=now if wanted.up else None,
        written=wanted.written,
        before=wanted.before,
        text=wanted.text,
    )
    items, total = await office.store.staff.page(chosen, _me(request), now, wanted.limit)
    return answer(MESSAGES, StaffMessageList(items, total))


@routes.get("/api/v1/staff-messages/unread")
@right("staff_message")
@shape(summary="How much waits to be read or confirmed", answer=UNREAD)
async def count_unread(request: web.Request) -> web.StreamResponse:
    """200 one's own."""
    office = request.app[OFFICE]
    return answer(UNREAD, await office.store.staff.unread(_me(request), office.clock.utc()))


@routes.post("/api/v1/staff-messages")
@right("staff_message")
@shape(summary="Write to a colleague", body=StaffMessageAsked, answer=MESSAGE)
@once
async def write_staff_message(request: web.Request) -> web.StreamResponse:
    """201 it is kept, and their pages are told · 422 there is no such colleague."""
    asked = await read(request, StaffMessageAsked)
    written = await request.app[MODULES].staff.write(_me(request), asked.to, asked.text, asked.key)
    return answer(MESSAGE, written, status=201)


@routes.post("/api/v1/staff-notices")
@right("staff_notice")
@shape(summary="Give a notice to several, or make an announcement to all", body=NoticeAsked, answer=MESSAGE)
@once
async def give_notice(request: web.Request) -> web.StreamResponse:
    """201 it is kept, and the pages of those whom it is for are told · 422 it would go to nobody, or somebody or a team
    is not one's own to notify, or an announcement ends before it begins."""
    asked = await read(request, NoticeAsked)
    audience = Audience(
        people=tuple(AgentId(one) for one in asked.people),
        teams=tuple(TeamName(one) for one in asked.teams),
        roles=tuple(asked.roles),
    )
    notice = Notice(
        text=asked.text,
        subject=asked.subject,
        all=asked.kind == "announcement",
        audience=audience,
        confirm=asked.confirm,
        since=asked.since,
        until=asked.until,
        key=asked.key,
    )
    told = await request.app[MODULES].staff.tell(_me(request), notice, sight_of(request).oversees)
    return answer(MESSAGE, told, status=201)


@routes.get("/api/v1/staff-messages/{id}")
@right("staff_message")
@shape(summary="One message, notice or announcement", answer=MESSAGE)
async def one_staff_message(request: web.Request) -> web.StreamResponse:
    """200 it · 404 there is none, or it is not one's own to read."""
    office = request.app[OFFICE]
    found = await office.store.staff.get(number_in(request, "message"), _me(request), office.clock.utc())
    return answer(MESSAGE, found)


@routes.get("/api/v1/staff-messages/{id}/readers")
@right("staff_message")
@shape(summary="Who has read what one has written, and when", answer=READERS)
async def list_readers(request: web.Request) -> web.StreamResponse:
    """200 everybody for whom it is, with the times · 404 there is none, or somebody else has written it."""
    message, items = await request.app[MODULES].staff.readers(number_in(request, "message"), _me(request))
    return answer(READERS, StaffReaders(message, items, len(items)))


@routes.post("/api/v1/staff-messages/{id}/read")
@right("staff_message")
@shape(
    summary="Say that one has read it, and of a message what the same person wrote before", body=Nothing, answer=MESSAGE
)
async def mark_read(request: web.Request) -> web.StreamResponse:
    """200 it, with the time · 404 there is none, or it is not one's own to read."""
    await read(request, Nothing)
    return answer(MESSAGE, await request.app[MODULES].staff.read(number_in(request, "message"), _me(request)))


@routes.post("/api/v1/staff-messages/{id}/confirm")
@right("staff_message")
@shape(summary="Confirm a notice or an announcement that asks for it", body=Nothing, answer=MESSAGE)
async def confirm_read(request: web.Request) -> web.StreamResponse:
    """200 it, with the time · 404 as reading · 422 nobody asks for it."""
    await read(request, Nothing)
    number = number_in(request, "message")
    return answer(MESSAGE, await request.app[MODULES].staff.read(number, _me(request), confirmed=True))


@routes.post("/api/v1/staff-messages/{id}/withdraw")
@right("staff_message")
@shape(summary="Withdraw what one has written", body=Nothing, answer=MESSAGE)
async def withdraw_staff_message(request: web.Request) -> web.StreamResponse:
    """200 nobody else finds it any more; it stays with who wrote it · 404 there is none, or somebody else wrote it."""
    await read(request, Nothing)
    return answer(MESSAGE, await request.app[MODULES].staff.withdraw(number_in(request, "message"), _me(request)))
