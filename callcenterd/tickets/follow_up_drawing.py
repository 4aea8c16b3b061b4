"""Draws customers by rules, once a day each, and deals them out as follow-ups (FUP-02).

What was drawn is in the store, customer by customer: who is drawn for a day of theirs is not drawn for it again, so a
drawing that was cut off goes on, and days that nobody was there for are made up for, once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

import structlog

from callcenterd.clock import Clock
from callcenterd.errors import CallcenterdError, NotFound, NotNow, Refused
from callcenterd.model.fields import FieldId
from callcenterd.model.follow_up_rules import CUSTOM, Candidate, Drawing, DrawingFault, FollowUpRule
from callcenterd.model.follow_ups import FollowUpFields, FollowUpPlan
from callcenterd.model.ids import CustomerId
from callcenterd.model.query import Node
from callcenterd.model.records import RecordSight
from callcenterd.model.site import Site, Team
from callcenterd.store.database import Store
from callcenterd.store.engine import TooLong
from callcenterd.store.follow_up_candidates import Found, Sought
from callcenterd.store.follow_ups import NewFollowUp
from callcenterd.store.query.kinds import QuerySight
from callcenterd.tickets import deadlines
from callcenterd.tickets.dealing import Dealer
from callcenterd.tickets.follow_ups import FollowUps, of_customer
from callcenterd.tickets.ledger import Calendars

_log = structlog.get_logger(__name__)

LONGEST = 30.0
"""Seconds between two looks at what is to be drawn: the machine's date may be set right."""
MOST_SHOWN = 50
"""Of whom a rule would draw."""


_WHY: Mapping[DrawingFault, tuple[str, str]] = {
    "query_gone": ("query", "there is no such query of customers any more"),
    "team_gone": ("team", "there is no such team any more"),
    "field_gone": ("date_field", "there is no such date any more"),
}


class CannotDraw(Refused):
    """What the rule needs is not there."""

    def __init__(self, fault: DrawingFault) -> None:
        field, why = _WHY[fault]
        super().__init__("the rule cannot draw as it is", {field: why})
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Whom a rule would draw today. day: the office's. drawn: how many; shown: the first of them, with to whom each
    would be dealt. found, left_out: as of a `Drawing`."""

    day: date
    found: int
    drawn: int
    left_out: dict[str, int]
    shown: list[tuple[Candidate, str]]


class FollowUpDrawing:
    """zone: the office's, whose days and hours count."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        site: Callable[[], Site],
        follow_ups: FollowUps,
        calendars: Calendars,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._clock = clock
        self._follow_ups = follow_ups
        self._calendars = calendars
        self._zone = zone
        self._site = site
        self._one_at_a_time = asyncio.Lock()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    # ---- the clock ----------------------------------------------------------------------------------------

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="follow-up drawing")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wake(self) -> None:
        """A rule is another now."""
        self._changed.set()

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self.look()
            except CallcenterdError as fault:  # the database, first of all: it is tried again
                _log.warning("follow-ups are drawn later", why=str(fault))
            except Exception:  # noqa: BLE001  # tomorrow's drawings are drawn all the same
                _log.exception("follow-ups are drawn later")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LONGEST):
                    await self._changed.wait()

    async def look(self) -> int:
        """Draw what is to be drawn now: what was cut off, then every rule whose hour of today has come. Answers how
        many drawings that were. What is at fault with one rule keeps no other from drawing; it is raised after them."""
        if not self._site().has("follow_ups"):
            return 0
        rules = {rule.id: rule for rule in await self._store.follow_up_rules.all()}
        today, hour = self._today(), self._clock.utc().astimezone(self._zone).hour
        due = [rule for rule in rules.values() if _draws(rule, today) and rule.hour <= hour]
        wanted = [
            (rules[one.rule], one.day, one.by)
            for one in await self._store.follow_up_rules.unfinished()
            if one.rule in rules
        ]
        known = await self._store.follow_up_rules.drawn_on(today, [rule.id for rule in due])
        wanted += [(rule, today, "system") for rule in due if rule.id not in known]
        faults: list[Exception] = []
        for rule, day, by in wanted:
            try:
                await self._draw(rule, day, by)
            except Exception as fault:  # noqa: BLE001  # the first is raised below
                faults.append(fault)
        if faults:
            raise faults[0]
        return len(wanted)

    def first_day(self, hour: int) -> date:
        """For which a rule that is switched on now draws first: what is past for today begins tomorrow."""
        local = self._clock.utc().astimezone(self._zone)
        return local.date() if local.hour < hour else local.date() + timedelta(days=1)

    # ---- drawing ------------------------------------------------------------------------------------------

    async def draw_now(self, rule: FollowUpRule, by: str) -> Drawing:
        """Today's, before its hour or after it came to nothing. Raises NotNow: it is drawn, or the rule is off."""
        if not rule.active:
            raise NotNow("this rule is switched off")
        return await self._draw(rule, self._today(), by)

    async def _draw(self, rule: FollowUpRule, day: date, by: str) -> Drawing:
        rules, now = self._store.follow_up_rules, self._clock.utc()
        async with self._one_at_a_time:
            drawing = await rules.begin(rule.id, day, by, now)
            if not rule.active:  # switched off since it was begun: what it has drawn stands
                return await self._end(rule, drawing, await rules.drawn(drawing.id), Counter(), by)
            try:
                team = self._team_of(rule)
                found = await self._find(rule, day, drawing.id)
            except Refused as fault:
                return await self._end(rule, drawing, 0, Counter(), by, _fault(fault))
            dealer, gone = await self._dealer(rule, team), 0
            for customer, theirs in found.days:
                gone += not await self._one(rule, drawing, customer, theirs, dealer, team)
            left = Counter(found.left_out) + Counter(full=found.full, gone=gone)
            return await self._end(rule, drawing, found.all, left, by)

    async def _end(
        self,
        rule: FollowUpRule,
        drawing: Drawing,
        found: int,
        left: Counter[str],
        by: str,
        fault: DrawingFault = "",
    ) -> Drawing:
        now = self._clock.utc()
        left_out = {why: count for why, count in left.items() if count}
        ended = await self._store.follow_up_rules.finish(drawing.id, found, left_out, now, fault)
        details = {"day": ended.day.isoformat(), "found": ended.found, "drawn": ended.drawn, "left_out": left_out}
        await self._store.audit.append(
            now, by, "follow_up_rule.drawn", f"follow_up_rule/{rule.id}", details | ({"fault": fault} if fault else {})
        )
        _log.info("follow-ups drawn", rule=rule.id, found=ended.found, drawn=ended.drawn, fault=fault)
        return ended

    async def _one(
        self, rule: FollowUpRule, drawing: Drawing, customer: CustomerId, day: date, dealer: Dealer, team: Team
    ) -> bool:
        """Answers whether it is there now."""
        try:
            card = await self._store.customers.get(customer)
        except NotFound:
            return False
        new = FollowUpFields(category=rule.category, channel=rule.channel, content=rule.content)
        written = of_customer(new, card)
        owner, now = dealer.next(card.owner), self._clock.utc()
        plan = FollowUpPlan(most_tries=rule.most_tries, again_minutes=rule.again_minutes)
        duty = self._follow_ups.duty_of(written, owner, team.name, self._due(now, rule.due_days))
        kept = NewFollowUp(written=written, plan=plan, at=now, owner=owner, team=team.name, duty=duty, rule=rule.id)
        made = await self._store.follow_up_rules.draw(drawing, customer, day, kept, now, self._today())
        if made is not None:
            self._follow_ups.tell(made, "system")
        return True

    def _due(self, now: datetime, days: int) -> datetime:
        try:
            return deadlines.end_of_day(self._calendars.of_queue(""), now, days, self._zone)
        except deadlines.NeverOpen:  # a calendar that is closed for years is nobody's working time
            return now + timedelta(days=days)

    # ---- whom it would draw -------------------------------------------------------------------------------

    async def preview(self, rule: FollowUpRule, seen: RecordSight | None) -> Shown:
        """Nothing is drawn. rule: also one that is not kept. seen: so much of them who asks may see. Raises CannotDraw,
        and Refused for its query."""
        day, team = self._today(), self._team_of(rule)
        known = await self._store.follow_up_rules.drawings(rule.id, 1)
        today = next((one.id for one in known[0] if one.day == day), None)
        found = await self._find(rule, day, today)
        dealer = await self._dealer(rule, team)
        shown = await self._store.follow_up_candidates.told(found.days[:MOST_SHOWN], seen)
        left_out = dict(found.left_out) | ({"full": found.full} if found.full else {})
        return Shown(
            day=day,
            found=found.all,
            drawn=len(found.days),
            left_out=left_out,
            shown=[(one, dealer.next(one.owner)) for one in shown],
        )

    async def _find(self, rule: FollowUpRule, day: date, drawing: int | None) -> Found:
        where, login = await self._where(rule)
        back = day - timedelta(days=rule.catch_up)
        first = max(back, min(rule.since or day, day))
        field = await self._field(rule)
        sought = Sought(rule=rule, where=where, day=day, first=first, field=field, drawing=drawing)
        # What the rule asks was looked through when somebody wrote it down; it draws from all customers.
        sight = QuerySight(login=login, role="admin")
        return await self._store.follow_up_candidates.find(sought, sight, self._zone)

    async def _where(self, rule: FollowUpRule) -> tuple[Node | None, str]:
        """The conditions, and who "me" is in them."""
        if rule.query is None:
            return rule.where, rule.changed_by
        try:
            kept = await self._store.saved_queries.kept(rule.query)
        except NotFound:
            raise CannotDraw("query_gone") from None
        if kept.query.kind != "customer":
            raise CannotDraw("query_gone")
        return kept.query.where, kept.owner

    async def _field(self, rule: FollowUpRule) -> FieldId | None:
        if not rule.date_field.startswith(CUSTOM):
            return None
        name = rule.date_field.removeprefix(CUSTOM)
        for field in await self._store.fields.all("customer"):
            if field.name == name and field.type == "date":
                return field.id
        raise CannotDraw("field_gone")

    def _team_of(self, rule: FollowUpRule) -> Team:
        for team in self._site().teams:
            if team.name == rule.team:
                return team
        raise CannotDraw("team_gone")

    async def _dealer(self, rule: FollowUpRule, team: Team) -> Dealer:
        owed = {one.person: one.open for one in await self._store.follow_ups.owed(self._clock.utc(), None)}
        last = await self._store.follow_up_rules.last_dealt(rule.id)
        return Dealer(rule.deal, team.members, last, owed)

    def _today(self) -> date:
        return self._clock.utc().astimezone(self._zone).date()


def _draws(rule: FollowUpRule, day: date) -> bool:
    return rule.active and rule.since is not None and rule.since <= day


def _fault(of: Refused) -> DrawingFault:
    if isinstance(of, CannotDraw):
        return of.fault
    return "too_long" if isinstance(of, TooLong) else "query_refused"
