"""Messages, notices and announcements inside the office [座席间短消息、通知、公告] (AGT-03): who may be written to, and
who is told of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.events import StaffMessageChanged, StaffMessageRead, StaffMessageWritten
from callcenterd.model.ids import AgentId
from callcenterd.model.site import Site, UserAccount
from callcenterd.model.staff import Audience, NewStaffMessage, StaffMessage, StaffReader
from callcenterd.store.database import Store

ROLES = ("agent", "supervisor", "manager", "admin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is to be told to several. all: an announcement. since, until: when that is up; since None: from now on."""

    text: str
    subject: str
    all: bool = False
    audience: Audience = field(default_factory=Audience)
    confirm: bool = False
    since: datetime | None = None
    until: datetime | None = None
    key: str = ""


class StaffMessages:
    """site: as it is now."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, site: Callable[[], Site]) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site

    async def write(self, by: AgentId, to: str, text: str, key: str = "") -> StaffMessage:
        """To one person. Raises Refused."""
        now = self._clock.utc()
        if to == by or all(user.login != to for user in self._site().users):
            raise Refused("the message cannot be sent as it is", {"to": f"there is no colleague {to}"})
        reader = AgentId(to)
        new = NewStaffMessage(kind="message", by=by, to=to, text=text, readers=(reader,), since=now, key=key)
        return await self._add(new, now)

    async def tell(self, by: AgentId, notice: Notice, oversees: Callable[[str], bool]) -> StaffMessage:
        """To several, or to all. oversees: may who writes give notice to that person? Raises Refused: nobody is left,
        somebody or a team is not theirs to notify, or it would be over before it is up."""
        now = self._clock.utc()
        since = max(notice.since or now, now)
        if notice.until is not None and notice.until <= since:
            raise Refused("the announcement cannot be made as it is", {"until": "it must end after it begins"})
        new = NewStaffMessage(
            kind="announcement" if notice.all else "notice",
            by=by,
            text=notice.text,
            subject=notice.subject,
            audience=Audience() if notice.all else notice.audience,
            readers=() if notice.all else self._readers(by, notice.audience, oversees),
            confirm=notice.confirm,
            since=since if notice.all else now,
            until=notice.until if notice.all else None,
            key=notice.key,
        )
        return await self._add(new, now)

    async def read(self, number: int, login: AgentId, *, confirmed: bool = False) -> StaffMessage:
        """They have read it; confirmed: and say so. One's own is nothing to be read. Raises NotFound, also for what is
        not theirs; Refused: nobody asks to confirm it."""
        now = self._clock.utc()
        message = await self._store.staff.get(number, login, now)
        if confirmed and not message.confirm:
            raise Refused("nobody asks that this be confirmed")
        if message.by == login:
            return message
        changed = await self._store.staff.read(message, login, now, confirmed=confirmed)
        if changed:
            told = StaffMessageRead(at=now, messages=tuple(changed), by=message.by, reader=login, confirmed=confirmed)
            self._bus.publish(told)
        return await self._store.staff.get(number, login, now)

    async def withdraw(self, number: int, login: AgentId) -> StaffMessage:
        """What one has written oneself: nobody else finds it any more. Raises NotFound."""
        now = self._clock.utc()
        if await self._store.staff.withdraw(number, login, now):
            message = await self._store.staff.get(number, login, now)
            self._bus.publish(self._changed(message, now, await self._store.staff.readers(number)))
        return await self._store.staff.get(number, login, now)

    async def readers(self, number: int, login: AgentId) -> tuple[StaffMessage, list[StaffReader]]:
        """Who has read what one has written, and who has not yet; of an announcement everybody who is a user now.
        Raises NotFound, also for what somebody else has written."""
        message = await self._store.staff.get(number, login, self._clock.utc())
        if message.by != login:
            raise NotFound("message", number)
        found = await self._store.staff.readers(number)
        if message.kind == "announcement":
            known = {one.login for one in found}
            others = [AgentId(user.login) for user in self._site().users if user.login not in {*known, login}]
            found += [StaffReader(login=one, read_at=None, confirmed_at=None) for one in others]
        return message, found

    async def _add(self, new: NewStaffMessage, now: datetime) -> StaffMessage:
        number, is_new = await self._store.staff.add(new, now)
        message = await self._store.staff.get(number, new.by, now)
        if not is_new:
            return message
        if new.since > now:
            self._bus.publish(self._changed(message, now, ()))
            return message
        told = StaffMessageWritten(
            at=now,
            message=number,
            kind=new.kind,
            by=new.by,
            to=new.readers,
            subject=new.subject,
            text=new.text,
            confirm=new.confirm,
        )
        self._bus.publish(told)
        return message

    def _changed(self, message: StaffMessage, now: datetime, readers: Collection[StaffReader]) -> StaffMessageChanged:
        to = tuple(one.login for one in readers)
        return StaffMessageChanged(at=now, message=message.id, kind=message.kind, by=message.by, to=to)

    def _readers(self, by: AgentId, audience: Audience, oversees: Callable[[str], bool]) -> tuple[AgentId, ...]:
        site = self._site()
        users = {user.login: user for user in site.users}
        wrong: dict[str, str] = {}
        for one in audience.people:
            if one not in users or not oversees(one):
                wrong["people"] = f"there is no colleague {one}"
        teams = {team.name: team for team in site.teams}
        for name in audience.teams:
            if name not in teams or not all(oversees(one) for one in teams[name].members):
                wrong["teams"] = f"there is no team {name}"
        for role in audience.roles:
            if role not in ROLES and site.own_role(role) is None:
                wrong["roles"] = f"there is no role {role}"
        if wrong:
            raise Refused("the notice cannot be given as it is", wrong)
        found = {*audience.people}
        found |= {one for name in audience.teams for one in (*teams[name].members, *teams[name].leaders)}
        found |= {AgentId(login) for login, user in users.items() if _has(user, audience.roles) and oversees(login)}
        found = {one for one in found if one in users and one != by}
        if not found:
            raise Refused("the notice cannot be given as it is", {"people": "it would go to nobody"})
        return tuple(sorted(found))


def _has(user: UserAccount, roles: Collection[str]) -> bool:
    return user.role in roles or (user.own_role != "" and user.own_role in roles)
