"""The table of seats and extensions [座席分机表] (SUP-04): whose phone is which, who sits where now, and how far away.

A line is a person with the extension that is theirs, or an extension that is nobody's. Who leads teams sees and sets
those of their members, and what is nobody's; another team's extension is not there for them. Where somebody sits for
the moment (hot desking) is said with their state (`POST /agents/{login}/state`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd import site as site_file
from callcenterd.errors import NotFound
from callcenterd.model.agents import AgentState
from callcenterd.model.ids import AgentId, ExtensionNumber, QueueName
from callcenterd.model.people import Role
from callcenterd.model.site import Site, UserAccount
from callcenterd.web.administration import allowed_changes, change_site, editor_of
from callcenterd.web.answers import VISIBLE, Asked, Conflict, WrongFields, answer, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE, PAGE, Office, PhoneNow
from callcenterd.web.rights import Sight, covers, right, sight_of, site_may
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Way = Literal["phone", "address", "browser", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatPhone:
    """A phone that is registered as this extension. device: what it says that it is. latency_ms: there and back; null:
    not known yet. silent: it did not answer the last question."""

    device: str
    source: str
    transport: str
    latency_ms: float | None
    silent: bool
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """login: whose line it is; null: of an extension that is nobody's own. extension: theirs by the site; null: none.
    sits_at: where they sit now. number: the phone that the rest is about: where they sit, else their own.

    sitter: who sits at `number` now; taken: somebody does, though one may not see who. way: a registered phone, a
    device at a fixed address, a page, or none (it cannot be reached). phones: those that are registered as `number`.
    sharing: others whose own extension it is too. settable: one may give this person another.
    """

    login: str | None
    name: str
    role: Role | None
    teams: list[str]
    queues: list[QueueName]
    state: AgentState | None
    reason: str
    since: datetime | None
    extension: str | None
    sits_at: str | None
    number: str | None
    sitter: str | None
    taken: bool
    way: Way
    phones: list[SeatPhone]
    sharing: list[str]
    settable: bool


@dataclass(frozen=True, slots=True)
class SeatList:
    items: list[Seat]
    total: int


class SeatAsked(Asked):
    """extension: the one that is theirs from now on; null: none. was: the one that was read.

    others: whose it is already: `refuse`: 409 with their logins; `share`: they keep it; `take`: they have none.
    """

    extension: Annotated[str, VISIBLE, Field(min_length=1, max_length=32)] | None
    was: Annotated[str, VISIBLE] | None = Field(max_length=32)
    others: Literal["refuse", "share", "take"] = "refuse"


SEATS = TypeAdapter(SeatList)
SEAT = TypeAdapter(Seat)


class SeatIsAnother(Conflict):
    """Somebody has given them another extension meanwhile. now: the line as it is."""

    def __init__(self, now: Seat) -> None:
        super().__init__("seat_changed")
        self.more = {"now": SEAT.dump_python(now, mode="json")}


class IsOthers(Conflict):
    def __init__(self, owners: Iterable[str]) -> None:
        owners = list(owners)
        super().__init__("extension_of_others", names=", ".join(owners))
        self.more = {"others": owners}


@routes.get("/api/v1/seats")
@right("seat")
@shape(summary="The table of seats and extensions", answer=SEATS)
async def list_seats(request: web.Request) -> web.StreamResponse:
    """200 people by their logins, then the extensions that are nobody's own; as far as one may see."""
    office, sight = request.app[OFFICE], sight_of(request)
    table = _Table(office, sight)
    seats = [table.of(user) for user in office.board.site.users if sight.oversees(user.login)]
    owned = {user.extension for user in office.board.site.users}
    seats += [table.free(one.number) for one in office.board.site.extensions if one.number not in owned]
    return answer(SEATS, SeatList(seats, len(seats)))


@routes.put("/api/v1/seats/{login}")
@right("seat.assign")
@shape(summary="Say which extension is whose", body=SeatAsked, answer=SEAT)
async def set_seat(request: web.Request) -> web.StreamResponse:
    """200 the line as it is now; who sits at their own phone and is in no conversation sits at the new one · 403 they
    have more rights than oneself · 404 no such person, or of another team · 409 it was changed meanwhile, or is
    somebody else's · 422 no such extension, or another team's."""
    asked = await read(request, SeatAsked)
    office, sight, login = request.app[OFFICE], sight_of(request), request.match_info["login"]
    if _user(office.board.site, login) is None or not sight.oversees(login):
        raise NotFound("agent", login)
    details: dict[str, object] = {}

    async def give() -> site_file.Applied:
        """Under the lock of the site: what was looked at is what is changed."""
        site = office.board.site
        user = _user(site, login)
        if user is None:
            raise NotFound("agent", login)
        if user.extension != asked.was:
            raise SeatIsAnother(_Table(office, sight).of(user))
        fields = [{"login": login, "extension": asked.extension}]
        owners = _owners(site, asked.extension, but=login)
        if asked.extension is not None:
            seen = all(sight.oversees(owner) for owner in owners)
            if not seen or all(one.number != asked.extension for one in site.extensions):
                raise WrongFields({"extension": ("no_extension", {})})
        if owners and asked.others == "refuse":
            raise IsOthers(owners)
        if asked.others == "take":
            fields += [{"login": owner, "extension": None} for owner in owners]
            details["taken_from"] = owners
        details.update(extension=asked.extension, was=user.extension)
        return await site_file.put_all(
            office.store, office.passwords, "users", fields, editor_of(request), allowed_changes(request)
        )

    applied = await change_site(request, f"user/{login}", give)
    if applied.changes:
        by = signed_in(request).login
        await office.store.audit.append(office.clock.utc(), by, "seat.set", f"agent/{login}", details)
    user = _user(office.board.site, login)
    if user is None:
        raise NotFound("agent", login)  # somebody took them away in the meantime
    return answer(SEAT, _Table(office, sight).of(user))


class _Table:
    """What all lines are made of, looked up once."""

    def __init__(self, office: Office, sight: Sight) -> None:
        self._office, self._sight = office, sight
        self._site = office.board.site
        self._reached = office.phones()
        self._phones: dict[str, list[SeatPhone]] = {}
        for one in office.seen_phones():
            self._phones.setdefault(one.extension, []).append(
                SeatPhone(
                    device=one.device,
                    source=one.source,
                    transport=one.transport,
                    latency_ms=one.latency_ms,
                    silent=one.silent,
                    since=one.since,
                )
            )
        self._contacts: Mapping[str, str] = {one.number: one.contact for one in self._site.extensions}
        self._mine = self._site.settings_of(sight.login)
        self._may = site_may(self._site, sight.login, "seat.assign")

    def of(self, user: UserAccount) -> Seat:
        queueing = self._office.board.queueing
        view = queueing.view(AgentId(user.login))
        sits_at = None if view.state == "signed_out" else view.extension
        others = _owners(self._site, user.extension, but=user.login)
        return self._seat(
            sits_at or user.extension,
            login=user.login,
            name=user.name,
            role=user.role,
            teams=list(view.teams),
            queues=list(view.queues),
            state=view.state,
            reason=view.reason,
            since=view.since,
            extension=user.extension,
            sits_at=sits_at,
            sharing=[other for other in others if self._sight.oversees(other)],
            settable=self._may
            and (self._mine.level == "admin" or covers(self._mine, self._site.settings_of(user.login))),
        )

    def free(self, number: str) -> Seat:
        return self._seat(
            number,
            login=None,
            name="",
            role=None,
            teams=[],
            queues=[],
            state=None,
            reason="",
            since=None,
            extension=number,
            sits_at=None,
            sharing=[],
            settable=False,
        )

    def _seat(
        self,
        number: str | None,
        *,
        login: str | None,
        name: str,
        role: Role | None,
        teams: list[str],
        queues: list[QueueName],
        state: AgentState | None,
        reason: str,
        since: datetime | None,
        extension: str | None,
        sits_at: str | None,
        sharing: list[str],
        settable: bool,
    ) -> Seat:
        queueing = self._office.board.queueing
        sitter = queueing.agent_at(number)
        if sitter is not None and queueing.view(sitter).state == "signed_out":
            sitter = None
        return Seat(
            login=login,
            name=name,
            role=role,
            teams=teams,
            queues=queues,
            state=state,
            reason=reason,
            since=since,
            extension=extension,
            sits_at=sits_at,
            number=number,
            sitter=sitter if self._sight.oversees(sitter) else None,
            taken=sitter is not None,
            way=self._way(number),
            phones=[] if number is None else self._phones.get(number, []),
            sharing=sharing,
            settable=settable,
        )

    def _way(self, number: str | None) -> Way:
        if number is None:
            return "none"
        now = self._reached.get(ExtensionNumber(number), PhoneNow())
        if now.reachable and now.device == PAGE:
            return "browser"
        if self._contacts.get(number) and not self._phones.get(number):
            return "address"
        return "phone" if now.reachable or self._phones.get(number) else "none"


def _user(site: Site, login: str) -> UserAccount | None:
    return next((user for user in site.users if user.login == login), None)


def _owners(site: Site, number: str | None, *, but: str) -> list[str]:
    """Whose own extension it is."""
    return [user.login for user in site.users if number is not None and user.extension == number and user.login != but]
