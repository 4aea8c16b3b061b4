"""Duties [待办]: tasks, reminders, promises to call and lost callers, in one ledger (CRM-04, NEW-03, NEW-04)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.calls import CallRecord
from callcenterd.model.duties import (
    Duty,
    DutyCounts,
    DutyFilter,
    DutyOnDay,
    DutySight,
    DutyState,
    DutyStep,
    Escalation,
    PromisesKept,
)
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.follow_ups import KIND as FOLLOW_UP
from callcenterd.tickets.kinds import Kind
from callcenterd.tickets.ledger import Wanted
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, Conditions, WrongFields, answer, conditions, read
from callcenterd.web.callcontrol import DIALLED, Dialled
from callcenterd.web.calls import Moment, seen_call
from callcenterd.web.customers import number_in, seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.follow_ups import follow_up_of
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.recordsight import number_of, sees
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()

PERIOD = timedelta(days=30)
"""Of figures, where nobody says another."""
MOST_DAYS = 45
"""Of a calendar: the six weeks that a month may touch, and some."""
MOST_ON_DAYS = 2000
Name = Annotated[str, VISIBLE, Field(max_length=64)]
Title = Annotated[str, VISIBLE, Field(max_length=200)]
Note = Annotated[str, VISIBLE, Field(max_length=4000)]
Number = Annotated[str, VISIBLE, Field(max_length=32)]
Version = Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was seen; with another one there is 409.")]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES)]


@dataclass(frozen=True, slots=True)
class DutyList:
    items: list[Duty]
    total: int


@dataclass(frozen=True, slots=True)
class DutyWithSteps:
    duty: Duty
    steps: list[DutyStep]


@dataclass(frozen=True, slots=True)
class Kinds:
    items: list[Kind]
    total: int


@dataclass(frozen=True, slots=True)
class TeamPromises:
    """A team's, as the sum of its members'. rate: kept of promised; null: nothing was promised."""

    name: str
    promised: int
    kept: int
    late: int
    open: int
    rate: float | None


@dataclass(frozen=True, slots=True)
class PromiseFigures:
    """Of those first promised for a time in the period that is over: kept by then, late, or open still. Cancelled ones
    do not count. rates are kept of promised; null: none."""

    since: datetime
    until: datetime
    people: list[PromisesKept]
    teams: list[TeamPromises]
    total: TeamPromises


@dataclass(frozen=True, slots=True)
class DutyCalendar:
    """total: how many there are; more than items: only the first ones are here."""

    items: list[DutyOnDay]
    total: int


DUTY = TypeAdapter(Duty)
DUTIES = TypeAdapter(DutyList)
CALENDAR = TypeAdapter(DutyCalendar)
WITH_STEPS = TypeAdapter(DutyWithSteps)
COUNTS = TypeAdapter(DutyCounts)
KIND_LIST = TypeAdapter(Kinds)
FIGURES = TypeAdapter(PromiseFigures)


class DutyConditions(Conditions):
    """owner: a login, "me", or "nobody". overdue: only open ones past their time."""

    owner: Name | None = None
    team: Name | None = None
    queue: Name | None = None
    kind: Name | None = None
    state: DutyState | None = None
    overdue: bool = False
    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class CalendarConditions(Conditions):
    """since, until: due in that time (included; not), 45 days at most. owner: a login, "me", or "nobody". state: open
    or done; without it both."""

    since: Moment
    until: Moment
    owner: Name | None = None
    team: Name | None = None
    queue: Name | None = None
    kind: Name | None = None
    state: Literal["open", "done"] | None = None
    limit: int = Field(1000, ge=1, le=MOST_ON_DAYS)


class EscalationAsked(Asked):
    """minutes: working minutes past the time. to: leaders, supervisor, manager, or person: and a login."""

    minutes: int = Field(ge=0, le=MOST_MINUTES)
    to: Name


class DutyAsked(Asked):
    """due: when; or minutes: working minutes from now; neither: as its kind has it. owner, team, queue: who owes it;
    none of them: oneself."""

    kind: Name
    title: Title = ""
    note: Note = ""
    number: Number = ""
    customer: int | None = Field(None, ge=1, lt=1 << 62)
    owner: Name = ""
    team: Name = ""
    queue: Name = ""
    priority: int = Field(0, ge=-1, le=1)
    due: Moment | None = None
    minutes: Minutes | None = None
    warn: int | None = Field(None, ge=0, le=MOST_MINUTES, description="Working minutes before")
    escalate: list[EscalationAsked] | None = Field(None, max_length=5)


class PromiseAsked(Asked):
    """due: when; or minutes: from now. Neither: within the hour. number: without it, whom the call is with."""

    due: Moment | None = None
    minutes: Minutes | None = None
    title: Title = ""
    note: Note = ""
    number: Number = ""
    owner: Name = ""


class EditAsked(Asked):
    """What is not sent stays."""

    version: Version
    title: Title | None = None
    note: Note | None = None
    number: Number | None = None
    priority: int | None = Field(None, ge=-1, le=1)
    customer: int | None = Field(None, ge=1, lt=1 << 62)


class TakeAsked(Asked):
    version: Version


class AssignAsked(Asked):
    """owner: a login; "" and a team or queue: whoever of them takes it."""

    version: Version
    owner: Name = ""
    team: Name = ""
    queue: Name = ""
    text: Note = ""


class NoteAsked(Asked):
    text: Annotated[str, VISIBLE] = Field(min_length=1, max_length=4000)


class PostponeAsked(Asked):
    version: Version
    due: Moment
    reason: Annotated[str, VISIBLE] = Field(min_length=1, max_length=1000)


class DoneAsked(Asked):
    """outcome: one of its kind's; without it the usual one."""

    version: Version
    outcome: Name = ""
    text: Note = ""


class CancelAsked(Asked):
    version: Version
    text: Annotated[str, VISIBLE] = Field(min_length=1, max_length=1000)


class PeriodConditions(Conditions):
    """since, until: of the times promised; without them the last thirty days."""

    since: Moment | None = None
    until: Moment | None = None


def duty_sight(request: web.Request) -> DutySight | None:
    return sight_of(request).of_duties(request.app[OFFICE].board.site)


def _resting(request: web.Request) -> tuple[str, ...]:
    """Kinds of duties whose module is switched off: there is none for anybody."""
    return request.app[OFFICE].board.site.duties_off


async def _seen(request: web.Request) -> Duty:
    """Raises NotFound, also for one of others: unless it is owed to whom one speaks with now."""
    number, sight, office = number_in(request, "duty"), duty_sight(request), request.app[OFFICE]
    duty = await office.store.duties.get(number)
    if duty.kind in _resting(request):
        raise NotFound("duty", number)
    if sight is None or sight.sees(duty) or await _speaks_with(request, duty):
        return duty
    raise NotFound("duty", number)


async def _seen_of_kind(request: web.Request, record: str) -> str:
    number, sight = number_of("duty", record), duty_sight(request)
    duty = await request.app[OFFICE].store.duties.get(number)
    if duty.kind in _resting(request) or (sight is not None and not sight.sees(duty)):
        raise NotFound("duty", number)
    return str(duty.id)


sees("duty", _seen_of_kind)


async def _worked(request: web.Request) -> Duty:
    """As `_seen`, and who asks may work on it. Raises NotAllowed."""
    duty = await _seen(request)
    if duty.kind == FOLLOW_UP:
        await follow_up_of(request, duty)
    return duty


async def _speaks_with(request: web.Request, duty: Duty) -> bool:
    """Is who asks in a call now with whom it is owed?"""
    office = request.app[OFFICE]
    view = office.board.desk.view(signed_in(request).login)
    if view is None or view.call is None or duty.kind not in _owed_to_callers(request):
        return False
    try:
        record = await office.store.calls.get(view.call)
    except NotFound:
        return False
    return any(one.id == duty.id for one in await _owed_to(request, record))


def _owed_to_callers(request: web.Request) -> tuple[str, ...]:
    """Kinds of duties that a call with whom they are owed to closes."""
    kinds, rest = request.app[MODULES].kinds, _resting(request)
    return tuple(name for name, kind in kinds.items() if kind.closes is not None and name not in rest)


def _outside(record: CallRecord) -> str:
    return record.called if record.direction == "outbound" else record.caller


async def _owed_to(request: web.Request, record: CallRecord) -> list[Duty]:
    """Open promises and the like to whom a call is with: by number, or by the customer."""
    store, number = request.app[OFFICE].store, _outside(record)
    customers = {customer.id for customer in await store.customers.by_phone(number)} if number else set()
    if record.customer_id is not None:
        customers.add(record.customer_id)
    chosen = DutyFilter(state="open", number=number, customers=tuple(customers))
    if not number and not customers:
        return []
    found, _ = await store.duties.page(chosen)
    return [duty for duty in found if duty.kind in _owed_to_callers(request)]


# ---- lists --------------------------------------------------------------------------------------------------


@routes.get("/api/v1/duties")
@right("duty")
@shape(summary="Duties that one may see; open ones by their time", conditions=DutyConditions, answer=DUTIES)
async def list_duties(request: web.Request) -> web.StreamResponse:
    """200 one page of them: one's own and those one made, of whom one leads, of one's queues and teams."""
    wanted, office = conditions(request, DutyConditions), request.app[OFFICE]
    owner = {"me": signed_in(request).login, "nobody": ""}.get(wanted.owner or "", wanted.owner)
    chosen = DutyFilter(
        owner=owner,
        kind=wanted.kind,
        state="open" if wanted.overdue else wanted.state,
        team=wanted.team,
        queue=wanted.queue,
        text=wanted.text,
        overdue=office.clock.utc() if wanted.overdue else None,
        without=_resting(request),
        sight=duty_sight(request),
    )
    items, total = await office.store.duties.page(chosen, wanted.limit, wanted.offset)
    return answer(DUTIES, DutyList(items, total))


@routes.get("/api/v1/duties/calendar")
@right("duty")
@shape(summary="Duties that one may see by the day when they are due", conditions=CalendarConditions, answer=CALENDAR)
async def duty_calendar(request: web.Request) -> web.StreamResponse:
    """200 those due in that time and not cancelled, in the order of their times · 422 the period's end is not after its
    beginning, or it is longer than 45 days."""
    wanted, office = conditions(request, CalendarConditions), request.app[OFFICE]
    if not timedelta() < wanted.until - wanted.since <= timedelta(days=MOST_DAYS):
        raise WrongFields({"until": ("time", {"days": MOST_DAYS})})
    chosen = DutyFilter(
        owner={"me": signed_in(request).login, "nobody": ""}.get(wanted.owner or "", wanted.owner),
        kind=wanted.kind,
        state=wanted.state,
        team=wanted.team,
        queue=wanted.queue,
        since=wanted.since,
        until=wanted.until,
        not_cancelled=True,
        without=_resting(request),
        sight=duty_sight(request),
    )
    items, total = await office.store.duties.on_days(chosen, wanted.limit)
    return answer(CALENDAR, DutyCalendar(items, total))


@routes.get("/api/v1/duties/counts")
@right("duty")
@shape(summary="How many duties are open", answer=COUNTS)
async def count_duties(request: web.Request) -> web.StreamResponse:
    """200 one's own, of these those warned of or overdue; and of all that one sees, nobody's yet and overdue."""
    office = request.app[OFFICE]
    login, now = signed_in(request).login, office.clock.utc()
    counts = await office.store.duties.counts(login, now, duty_sight(request), without=_resting(request))
    return answer(COUNTS, counts)


@routes.get("/api/v1/duties/kinds")
@right("duty")
@shape(summary="The kinds of duties: what each needs, how long it has, what may come of it", answer=KIND_LIST)
async def list_kinds(request: web.Request) -> web.StreamResponse:
    """200 all of them but those of modules that are switched off; limit, warn and minutes are working minutes."""
    rest = _resting(request)
    items = [kind for kind in request.app[MODULES].kinds.values() if kind.name not in rest]
    return answer(KIND_LIST, Kinds(items, len(items)))


@routes.get("/api/v1/promises/kept")
@right("duty")
@shape(summary="How many promises to call were kept", conditions=PeriodConditions, answer=FIGURES)
async def promises_kept(request: web.Request) -> web.StreamResponse:
    """200 of each person whom one oversees, of their teams, and of all of them · 422 the period's end is not after its
    beginning."""
    wanted, office, sight = conditions(request, PeriodConditions), request.app[OFFICE], sight_of(request)
    now = office.clock.utc()
    until = wanted.until or now
    since = wanted.since or until - PERIOD
    if until <= since:
        raise WrongFields({"until": ("time", {"days": PERIOD.days})})
    found = await office.store.duties.promises_kept(since, until, now)
    people = [one for one in found if sight.oversees(one.owner)]
    teams = [
        _together(team.name, [one for one in people if one.owner in team.members])
        for team in office.board.site.teams
        if any(one.owner in team.members for one in people)
    ]
    return answer(FIGURES, PromiseFigures(since, until, people, teams, _together("", people)))


def _together(name: str, people: list[PromisesKept]) -> TeamPromises:
    promised, kept = sum(one.promised for one in people), sum(one.kept for one in people)
    late, still_open = sum(one.late for one in people), sum(one.open for one in people)
    return TeamPromises(name, promised, kept, late, still_open, kept / promised if promised else None)


@routes.get("/api/v1/customers/{id}/promises")
@right("customer.read")
@shape(summary="What is owed to a customer: open promises and lost calls", answer=DUTIES)
async def list_promises_to(request: web.Request) -> web.StreamResponse:
    """200 all of them, whoever owes them · 404 no such customer."""
    office = request.app[OFFICE]
    customer = await seen_customer(request)
    known: dict[int, Duty] = {}
    found, _ = await office.store.duties.page(DutyFilter(state="open", customers=(customer.id,)))
    for duty in found:
        known[duty.id] = duty
    for number in customer.phones:
        known |= {duty.id: duty for duty in await office.store.duties.open_for(number, _owed_to_callers(request))}
    items = sorted((duty for duty in known.values() if duty.kind in _owed_to_callers(request)), key=lambda one: one.due)
    return answer(DUTIES, DutyList(items, len(items)))


# ---- promises -----------------------------------------------------------------------------------------------


@routes.get("/api/v1/calls/{id}/promises")
@right("call.read")
@shape(summary="What is owed to whom a call is with, before one says hello", answer=DUTIES)
async def list_promises(request: web.Request) -> web.StreamResponse:
    """200 open promises and lost calls of that number or customer, whoever owes them · 404 no such call, or one that
    one may not see."""
    record = await seen_call(request, CallId(request.match_info["id"]))
    items = await _owed_to(request, record)
    return answer(DUTIES, DutyList(items, len(items)))


@routes.post("/api/v1/calls/{id}/promise")
@right("duty")
@shape(summary="Promise to call somebody again: I'll ring you by three", body=PromiseAsked, answer=DUTY)
@once
async def promise(request: web.Request) -> web.StreamResponse:
    """201 it is owed · 404 no such call, or one that one may not see · 422 fields, or the caller hid their number."""
    asked, office = await read(request, PromiseAsked), request.app[OFFICE]
    record = await seen_call(request, CallId(request.match_info["id"]))
    number = asked.number or _outside(record)
    customer = record.customer_id
    if customer is None and number:
        customers = await office.store.customers.by_phone(number)
        customer = customers[0].id if len(customers) == 1 else None
    wanted = Wanted(
        kind="promise",
        title=asked.title,
        note=asked.note,
        number=number,
        customer=customer,
        call=record.id,
        owner=asked.owner,
        due=asked.due or (None if asked.minutes is None else office.clock.utc() + timedelta(minutes=asked.minutes)),
    )
    return answer(DUTY, await office.modules.ledger.create(wanted, signed_in(request).login), status=201)


# ---- one duty -----------------------------------------------------------------------------------------------


@routes.post("/api/v1/duties")
@right("duty")
@shape(summary="A new task, reminder or promise", body=DutyAsked, answer=DUTY)
@once
async def create_duty(request: web.Request) -> web.StreamResponse:
    """201 the duty · 422 fields."""
    asked, office = await read(request, DutyAsked), request.app[OFFICE]
    if asked.due is not None and asked.minutes is not None:
        raise WrongFields({"minutes": ("not_both", {"other": "due"})})
    customer = None if asked.customer is None else await _customer(request, asked.customer)
    wanted = Wanted(
        kind=asked.kind,
        title=asked.title,
        note=asked.note,
        number=asked.number,
        customer=customer,
        owner=asked.owner,
        team=asked.team,
        queue=asked.queue,
        priority=asked.priority,
        due=asked.due,
        minutes=asked.minutes,
        warn=asked.warn,
        escalate=None if asked.escalate is None else tuple(Escalation(one.minutes, one.to) for one in asked.escalate),
    )
    return answer(DUTY, await office.modules.ledger.create(wanted, signed_in(request).login), status=201)


async def _customer(request: web.Request, number: int) -> CustomerId:
    """Raises WrongFields for one that there is not."""
    try:
        return (await seen_customer(request, CustomerId(number))).id
    except NotFound:
        raise WrongFields({"customer": ("no_such_customer", {})}) from None


@routes.get("/api/v1/duties/{id}")
@right("duty")
@shape(summary="One duty with all its steps", answer=WITH_STEPS)
async def one_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty · 404 no such duty, or not one's own affair."""
    duty = await _seen(request)
    await note_once(request, "duty.seen", f"duty/{duty.id}")
    return answer(WITH_STEPS, DutyWithSteps(duty, await request.app[OFFICE].store.duties.steps(duty.id)))


@routes.put("/api/v1/duties/{id}")
@right("duty")
@shape(summary="Change what a duty is about", body=EditAsked, answer=DUTY)
async def edit_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 404 as above · 409 somebody has changed it meanwhile ("now" has it as it is), or it is
    closed · 422 fields."""
    asked, duty, office = await read(request, EditAsked), await _seen(request), request.app[OFFICE]
    customer = None if asked.customer is None else await _customer(request, asked.customer)
    changed = await office.modules.ledger.edit(
        duty,
        asked.version,
        signed_in(request).login,
        title=asked.title,
        note=asked.note,
        number=asked.number,
        priority=asked.priority,
        customer=customer,
    )
    return answer(DUTY, changed)


@routes.post("/api/v1/duties/{id}/take")
@right("duty")
@shape(summary="It is one's own now", body=TakeAsked, answer=DUTY)
async def take_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 404 as above · 409 as above."""
    asked, duty = await read(request, TakeAsked), await _seen(request)
    if duty.kind == FOLLOW_UP:
        await follow_up_of(request, duty, hand_over=bool(duty.owner))
    taken = await request.app[MODULES].ledger.take(duty.id, asked.version, signed_in(request).login)
    return answer(DUTY, taken)


@routes.post("/api/v1/duties/{id}/call")
@right("call.dial")
@shape(summary="Have one's phone rung, and then whom the duty is owed to", body=Nothing, answer=DIALLED)
async def call_for_duty(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings; a duty that was nobody's is one's own now · 404 as above · 409 one is in a call, has no
    phone that could be rung, or the duty is closed · 422 its number leads nowhere."""
    await read(request, Nothing)
    duty, office, who = await _worked(request), request.app[OFFICE], signed_in(request).login
    if duty.state != "open":
        raise NotNow("this duty is closed")
    wished = duty.kind in _owed_to_callers(request)  # who was promised a call, or rang for one, may be called
    ledger = office.modules.ledger
    taken = None
    if not duty.owner and not office.modules.kinds[duty.kind].of_record:
        # Before the phone rings: of two who click at once one calls, and a call that is taken at once closes what is
        # theirs.
        taken = await ledger.take(duty.id, duty.version, who)
    try:
        call = await office.board.dial_out.begin(who, duty.number, wished=wished)
    except BaseException:
        if taken is not None:
            await ledger.give_back(taken, who)
        raise
    if duty.kind == FOLLOW_UP:
        await office.modules.follow_ups.called(await follow_up_of(request, duty), call, who)
    return answer(DIALLED, Dialled(call=call))


@routes.post("/api/v1/duties/{id}/assign")
@right("duty")
@shape(summary="Hand a duty to a person, a team or a queue", body=AssignAsked, answer=DUTY)
async def assign_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 403 a follow-up, which one may not hand over · 404 as above · 409 as above · 422 nobody of
    that name."""
    asked, duty = await read(request, AssignAsked), await _seen(request)
    if duty.kind == FOLLOW_UP:
        await follow_up_of(request, duty, hand_over=True)
    assigned = await request.app[MODULES].ledger.assign(
        duty.id,
        asked.version,
        signed_in(request).login,
        owner=asked.owner,
        team=asked.team,
        queue=asked.queue,
        text=asked.text,
    )
    return answer(DUTY, assigned)


@routes.post("/api/v1/duties/{id}/note")
@right("duty")
@shape(summary="Write a line into a duty's history", body=NoteAsked, answer=DUTY)
async def note_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 404 as above · 409 it is closed."""
    asked, duty = await read(request, NoteAsked), await _seen(request)
    return answer(DUTY, await request.app[MODULES].ledger.note(duty.id, signed_in(request).login, asked.text))


@routes.post("/api/v1/duties/{id}/postpone")
@right("duty")
@shape(summary="Put a duty off, and why", body=PostponeAsked, answer=DUTY)
async def postpone_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now; it is warned of anew · 403 a colleague's follow-up · 404 as above · 409 as above · 422 a time
    that is past."""
    asked, duty = await read(request, PostponeAsked), await _worked(request)
    put_off = await request.app[MODULES].ledger.postpone(
        duty, asked.version, signed_in(request).login, asked.due, asked.reason
    )
    return answer(DUTY, put_off)


@routes.post("/api/v1/duties/{id}/done")
@right("duty")
@shape(summary="It is done, and what came of it", body=DoneAsked, answer=DUTY)
async def duty_done(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 403 a colleague's follow-up · 404 as above · 409 as above · 422 not an outcome of its
    kind."""
    asked, duty = await read(request, DoneAsked), await _worked(request)
    closed = await request.app[MODULES].ledger.done(
        duty, asked.version, signed_in(request).login, asked.outcome, asked.text
    )
    return answer(DUTY, closed)


@routes.post("/api/v1/duties/{id}/cancel")
@right("duty")
@shape(summary="It is not owed any more, and why", body=CancelAsked, answer=DUTY)
async def cancel_duty(request: web.Request) -> web.StreamResponse:
    """200 the duty now · 404 as above · 409 as above."""
    asked, duty = await read(request, CancelAsked), await _worked(request)
    closed = await request.app[MODULES].ledger.cancel(duty.id, asked.version, signed_in(request).login, asked.text)
    return answer(DUTY, closed)
