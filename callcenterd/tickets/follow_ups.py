"""What people do with follow-ups (FUP-01): write down, ring, say what came of it, try again, hand over, give up.

Each is a duty of the one ledger (kind `follow_up`), which warns of it; whatever becomes of one becomes of the other in
the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Final

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.changes import audit_change
from callcenterd.model.customers import Customer
from callcenterd.model.duties import NewDuty
from callcenterd.model.fields import FieldsGiven
from callcenterd.model.follow_ups import WAITING, FollowUp, FollowUpFields, FollowUpPlan
from callcenterd.model.ids import CallId
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.store.follow_ups import DutyStepped, FollowedUp, NewFollowUp
from callcenterd.tickets import deadlines
from callcenterd.tickets.follow_up_duties import FollowUpDuties
from callcenterd.tickets.ledger import FARTHEST, Ledger, Wanted
from callcenterd.tickets.records import OLDEST, news, offered, with_customer

KIND: Final = "follow_up"
RESULTS = "follow_up_result"
FROM_DICTIONARIES: Mapping[str, str] = {"category": "follow_up_category", "channel": "channel", "sex": "sex"}
"""Fields, and the dictionaries that their values are from."""
MOST_CONTENT = 4000
LATE_MINUTES = 60
"""Working minutes after the time of a next call, until it is late."""
_REFUSED = "the record cannot be kept as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of it. result: a code of `RESULTS`. content: None: as it stands; so with category and gifts_by_mail.
    next_call: when the customer wants to be rung again: that is a follow-up of its own."""

    result: str
    content: str | None = None
    category: str | None = None
    gifts_by_mail: bool | None = None
    next_call: datetime | None = None
    fields: FieldsGiven = field(default_factory=dict)


class FollowUps:
    """Every way to a follow-up that is not SQL. site: as it is now. zone: the office's, whose days are counted."""

    def __init__(
        self, store: Store, bus: Bus, clock: Clock, site: Callable[[], Site], ledger: Ledger, zone: tzinfo
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._ledger = ledger
        self._zone = zone
        ledger.records[KIND] = FollowUpDuties(store, self)

    # ---- writing down -----------------------------------------------------------------------------------

    async def create(
        self,
        new: FollowUpFields,
        by: str,
        role: Role | None,
        *,
        at: datetime | None = None,
        result: str = "",
        owner: str = "",
        due: datetime | None = None,
    ) -> FollowUp:
        """result: it is done already, at that time (None: when its call began, else now). "": it is owed, by its owner
        (who writes it down, where nobody else is named), until it is due (None: as its kind says). Whom it is with is
        taken from the customer's card, where nothing of that is said. Raises Refused with its fields."""
        now = self._clock.utc()
        faults = await self._wrong(new, None)
        faults |= await self._wrong_result(result) if result else self._wrong_time("due", due)
        if owner and not self._is_user(owner):
            faults["owner"] = f"there is no user {owner}"
        if result and due is not None:
            faults["due"] = "what is done is not due any more"
        if at is not None and not now - OLDEST <= at <= now:
            faults["at"] = "a time of the last year is wanted"
        if not faults:
            new = await self._with_customer(new, faults)
        if new.call is not None:
            try:
                call = await self._store.calls.get(new.call)
                at = at or call.started_at
            except NotFound:
                faults["call"] = f"there is no call {new.call[:40]}"
        if faults:
            raise Refused(_REFUSED, faults)
        whose, plan = owner or by, FollowUpPlan()
        team = self._site().team_of(whose)
        duty = None if result else self.duty_of(new, whose, team, due)
        kept = NewFollowUp(written=new, plan=plan, at=at or now, owner=whose, team=team, duty=duty, result=result)
        made = await self._store.follow_ups.add(kept, by=by, now=now, day=self._today(now), role=role)
        await self.saved(None, made, "follow_up.created", by, {"number": made.one.number})
        return made.one

    def duty_of(self, of: FollowUpFields, owner: str, team: str, due: datetime | None) -> NewDuty:
        """What is owed for it. due None: as its kind says."""
        return self._ledger.planned(
            Wanted(
                kind=KIND,
                title=of.name or of.phone,
                customer=of.customer,
                call=of.call,
                number=of.phone,
                owner=owner,
                team=team,
                due=due,
            )
        )

    async def change(self, before: FollowUp, new: FollowUpFields, version: int, by: str, role: Role | None) -> FollowUp:
        """The whole of it anew but its call; custom fields that are not named stay. version: the one that was read.
        Raises NotFound, Refused with its fields, and `RecordIsAnother` with what is now."""
        faults = await self._wrong(new, before)
        if new.customer is not None and new.customer != before.customer:
            try:
                new = replace(new, customer=(await self._store.customers.get(new.customer)).id)
            except NotFound:
                faults["customer"] = f"there is no customer {new.customer}"
        if faults:
            raise Refused(_REFUSED, faults)
        after, changed = await self._store.follow_ups.change(
            before.id, new, version=version, by=by, now=self._clock.utc(), role=role
        )
        await self.saved(before, after, "follow_up.changed", by, {"fields": sorted(changed)})
        return after.one

    # ---- what comes of it -------------------------------------------------------------------------------

    async def done(self, before: FollowUp, version: int, came: Result, by: str, role: Role | None) -> FollowUp:
        """Raises NotNow, RecordIsAnother with what is now, and Refused with its fields."""
        self._is_owed(before, version)
        faults = await self._wrong_result(came.result) | self._wrong_time("next_call", came.next_call)
        names = ("content", "category", "gifts_by_mail")
        given = {name: value for name in names if (value := getattr(came, name)) is not None}
        faults |= await self._wrong(replace(_fields_of(before), **given), before)
        if faults:
            raise Refused(_REFUSED, faults)
        return await self._done(before, came.result, given, by, role, next_call=came.next_call, own=came.fields)

    async def finish(self, before: FollowUp, by: str, text: str) -> FollowUp:
        """As somebody says in the ledger, who gives no result. Raises RecordIsAnother."""
        content = "\n".join(filter(None, (before.content, text.strip())))[:MOST_CONTENT]
        return await self._done(before, "", {"content": content}, by, None, text=text)

    async def put_off(self, before: FollowUp, by: str, due: datetime, text: str) -> FollowUp:
        """To that time, as somebody says in the ledger. Raises RecordIsAnother."""
        new = {"state": "open", "next_call": due, "due": due}
        moved = await self._later(before, new, by, text, {}, self._clock.utc())
        await self.saved(before, moved, "follow_up.put_off", by, {})
        return moved.one

    async def _done(
        self,
        before: FollowUp,
        result: str,
        given: Mapping[str, Any],
        by: str,
        role: Role | None,
        *,
        next_call: datetime | None = None,
        own: FieldsGiven | None = None,
        text: str = "",
    ) -> FollowUp:
        now = self._clock.utc()
        whose = self._whose(before, by)
        new = {**given, **whose, "state": "done", "result": result, "next_call": next_call}
        new |= {"at": now, "done_at": now, "done_by": by}
        step = DutyStepped(kind="done", text=text, details={}, new=whose, closes="followed_up")
        after = None if next_call is None else self._after(replace(before, **given), next_call, by, now)
        moved = await self._store.follow_ups.move(
            before, new, step, by=by, now=now, after=after, day=self._today(now), fields=own, role=role
        )
        await self.saved(before, moved, "follow_up.done", by, {"result": result})
        return moved.one

    def _after(self, of: FollowUp, next_call: datetime, by: str, now: datetime) -> NewFollowUp:
        """The one that the customer was promised."""
        written = replace(_fields_of(of), call=None, content="", fields={})
        kept = {name: getattr(of, name) for name in ("most_tries", "again_minutes")}
        plan = FollowUpPlan(next_call=next_call, **kept)
        owner = of.owner or by
        duty = self.duty_of(written, owner, of.team, self._late(next_call))
        return NewFollowUp(written=written, plan=plan, at=now, owner=owner, team=of.team, duty=duty, rule=of.rule)

    async def not_reached(
        self, before: FollowUp, version: int, by: str, text: str = "", next_call: datetime | None = None
    ) -> FollowUp:
        """Tried in vain. It is tried again at that time (None: after its interval), until that was often enough: then
        it stays with its owner as it is. Raises NotNow, RecordIsAnother, Refused."""
        self._is_owed(before, version)
        if faults := self._wrong_time("next_call", next_call):
            raise Refused(_REFUSED, faults)
        now, tries = self._clock.utc(), before.tries + 1
        new: dict[str, Any] = {**self._whose(before, by), "at": now, "tries": tries}
        if tries >= before.most_tries and next_call is None:
            new |= {"state": "not_reached", "next_call": None}
        else:
            again = next_call or self._again(now, before.again_minutes)
            new |= {"state": "open", "next_call": again, "due": max(before.due or again, self._late(again))}
        moved = await self._later(before, new, by, text, {"tries": str(tries)}, now)
        await self.saved(before, moved, "follow_up.not_reached", by, {"tries": tries})
        return moved.one

    async def later(self, before: FollowUp, version: int, by: str, next_call: datetime, text: str = "") -> FollowUp:
        """The customer was reached, and wants to be rung then. Raises NotNow, RecordIsAnother, Refused."""
        self._is_owed(before, version)
        if faults := self._wrong_time("next_call", next_call):
            raise Refused(_REFUSED, faults)
        now = self._clock.utc()
        new = {**self._whose(before, by), "state": "open", "next_call": next_call, "due": self._late(next_call)}
        moved = await self._later(before, new, by, text, {}, now)
        await self.saved(before, moved, "follow_up.put_off", by, {})
        return moved.one

    async def _later(
        self, before: FollowUp, new: Mapping[str, Any], by: str, text: str, details: dict[str, str], now: datetime
    ) -> FollowedUp:
        assert before.duty is not None, "what is owed has one"
        duty = await self._store.duties.get(before.duty)
        due = new.get("due")
        more = {name: value for name, value in new.items() if name == "owner"}
        if due is None or due == duty.due:
            step = DutyStepped(kind="noted", text=text, details=details, new=more)
        else:
            details = {**details, "from": duty.due.isoformat(), "to": due.isoformat()}
            step = DutyStepped(kind="postponed", text=text, details=details, new=self._ledger.put_off(duty, due) | more)
        return await self._store.follow_ups.move(before, new, step, by=by, now=now)

    async def cancel(self, before: FollowUp, version: int, by: str, text: str) -> FollowUp:
        """It is not owed any more, and why. Raises NotNow, RecordIsAnother, Refused."""
        self._is_owed(before, version)
        if not text.strip():
            raise Refused(_REFUSED, {"text": "is missing"})
        now = self._clock.utc()
        step = DutyStepped(kind="cancelled", text=text, details={}, new={}, closes="")
        moved = await self._store.follow_ups.move(
            before, {"state": "cancelled", "next_call": None}, step, by=by, now=now
        )
        await self.saved(before, moved, "follow_up.cancelled", by, {})
        return moved.one

    async def assign(
        self, before: FollowUp, version: int, by: str, owner: str, *, team: str = "", text: str = ""
    ) -> FollowUp:
        """To a person; or to a team, whose first will have it. Raises NotNow, RecordIsAnother, Refused."""
        self._is_owed(before, version)
        faults = {} if owner or team else {"owner": "is missing"}
        if owner and not self._is_user(owner):
            faults["owner"] = f"there is no user {owner}"
        if team and all(one.name != team for one in self._site().teams):
            faults["team"] = f"there is no team {team}"
        if faults:
            raise Refused(_REFUSED, faults)
        now = self._clock.utc()
        whose = {"owner": owner, "team": team or self._site().team_of(owner) or before.team}
        step = DutyStepped(kind="assigned", text=text, details={n: v for n, v in whose.items() if v}, new=whose)
        moved = await self._store.follow_ups.move(before, whose, step, by=by, now=now)
        await self.saved(before, moved, "follow_up.assigned", by, whose)
        return moved.one

    async def called(self, before: FollowUp, call: CallId, by: str) -> FollowUp:
        """A call for it was begun; one that was nobody's is theirs who rings. Raises NotFound."""
        moved = await self._store.follow_ups.called(before.id, call, by, by, self._clock.utc())
        await self.saved(before, moved, "follow_up.called", by, {"call": call})
        return moved.one

    # ---- once -------------------------------------------------------------------------------------------

    def _is_owed(self, before: FollowUp, version: int) -> None:
        if before.version != version:
            raise RecordIsAnother(KIND, before)
        if before.state not in WAITING:
            raise NotNow("this follow-up is closed")

    def _whose(self, before: FollowUp, by: str) -> dict[str, str]:
        """What nobody had is theirs who works on it."""
        return {} if before.owner else {"owner": by}

    def _is_user(self, login: str) -> bool:
        return any(user.login == login for user in self._site().users)

    def _today(self, now: datetime) -> date:
        return now.astimezone(self._zone).date()

    def _again(self, now: datetime, minutes: int) -> datetime:
        try:
            return deadlines.after(self._ledger.calendars.of_queue(""), now, minutes)
        except deadlines.NeverOpen:
            return now + timedelta(minutes=minutes)

    def _late(self, next_call: datetime) -> datetime:
        """From when on a next call is late."""
        return self._again(next_call, LATE_MINUTES)

    async def _with_customer(self, new: FollowUpFields, faults: dict[str, str]) -> FollowUpFields:
        if new.customer is None:
            return new
        try:
            customer = await self._store.customers.get(new.customer)
        except NotFound:
            faults["customer"] = f"there is no customer {new.customer}"
            return new
        return of_customer(new, customer)

    async def _wrong(self, new: FollowUpFields, before: FollowUp | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        faults: dict[str, str] = {} if new.category else {"category": "is missing"}
        codes = await offered(self._store)
        for name, dictionary in FROM_DICTIONARIES.items():
            code = getattr(new, name)
            stood = before is not None and code == getattr(before, name)
            if code and not stood and code not in codes[dictionary]:
                faults[name] = f"{code} cannot be chosen here"
        return faults

    async def _wrong_result(self, result: str) -> dict[str, str]:
        if not result:
            return {"result": "is missing"}
        codes = await offered(self._store)
        return {} if result in codes[RESULTS] else {"result": f"{result} cannot be chosen here"}

    def _wrong_time(self, name: str, at: datetime | None) -> dict[str, str]:
        now = self._clock.utc()
        if at is None:
            return {}
        if at <= now:
            return {name: "must be still to come"}
        return {name: "at most 5 years ahead are wanted"} if at > now + FARTHEST else {}

    async def saved(
        self, before: FollowUp | None, made: FollowedUp, what: str, by: str, details: Mapping[str, object]
    ) -> None:
        """The trail says what was done; what stood in its fields lies beside it."""
        now, audit = self._clock.utc(), self._store.audit
        await audit.append(now, by, what, f"{KIND}/{made.one.id}", details, audit_change(before, made.one))
        if made.after is not None:
            next_one = made.after.one
            told = {"number": next_one.number, "after": made.one.number}
            await audit.append(
                now, by, "follow_up.created", f"{KIND}/{next_one.id}", told, audit_change(None, next_one)
            )
        self.tell(made, by)

    def tell(self, made: FollowedUp, by: str) -> None:
        """The news of it, and of the one that follows it."""
        self._bus.publish(news(KIND, made.one, by, self._clock.utc()))
        if made.duty is not None:
            self._ledger.tell(made.duty, by)
        if made.after is not None:
            self.tell(made.after, by)


def of_customer(new: FollowUpFields, customer: Customer) -> FollowUpFields:
    """What is not said of whom it is with is taken from the card."""
    if not new.channel and customer.channels:
        new = replace(new, channel=customer.channels[0])
    if new.gifts_by_mail is None:
        new = replace(new, gifts_by_mail=customer.gifts_by_mail)
    return with_customer(new, customer)


def _fields_of(of: FollowUp) -> FollowUpFields:
    return FollowUpFields(**{one.name: getattr(of, one.name) for one in fields(FollowUpFields)})
