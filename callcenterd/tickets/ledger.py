"""What people do with duties: make, take, hand over, note, put off, close. The rules, the trail and the news, once.

Every change of what somebody has seen names the version that they saw: the second of two is told what is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from callcenterd.acd.hours import Hours
from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotNow, Refused
from callcenterd.model import events
from callcenterd.model.changes import audit_change
from callcenterd.model.duties import PRIORITIES, Duty, DutyIsAnother, DutyStepKind, Escalation, NewDuty
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets import deadlines
from callcenterd.tickets.kinds import KINDS, Kind

FARTHEST = timedelta(days=5 * 366)
OFFICE = "office"
"""The calendar of duties whose queue has none; a site with one calendar only means that one."""
_ROLES = ("leaders", "supervisor", "manager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A duty as somebody asks for it. due: when; else minutes: working minutes from now; else as its kind says.

    owner, team, queue: who owes it; nobody of them: who asks. warn: working minutes before. escalate: instead of its
    kind's.
    """

    kind: str
    title: str = ""
    note: str = ""
    customer: CustomerId | None = None
    call: CallId | None = None
    number: str = ""
    owner: str = ""
    team: str = ""
    queue: str = ""
    priority: int = 0
    due: datetime | None = None
    minutes: int | None = None
    warn: int | None = None
    escalate: tuple[Escalation, ...] | None = None


class OfRecord(Protocol):
    """Records whose duties may be worked on in the ledger too: what is done to the duty there is done to its record,
    and both are over together. Each answers the duty as it is then; raises as the ledger does."""

    async def duty_done(self, duty: Duty, by: str, text: str) -> Duty: ...
    async def duty_cancelled(self, duty: Duty, by: str, text: str) -> Duty: ...
    async def duty_postponed(self, duty: Duty, by: str, due: datetime, text: str) -> Duty: ...
    async def duty_assigned(self, duty: Duty, by: str, owner: str, team: str, text: str) -> Duty: ...


class Calendars:
    """Whose working time counts. site: as it is now. zone: the office's."""

    def __init__(self, site: Callable[[], Site], zone: tzinfo) -> None:
        self._site = site
        self._zone = zone
        self._of: Site | None = None
        self._hours: dict[str, Hours] = {}

    def of_queue(self, queue: str) -> Hours | None:
        """The queue's calendar, else the office's; None: every minute counts."""
        site = self._site()
        if site is not self._of:
            self._hours = {calendar.name: Hours(calendar, self._zone) for calendar in site.calendars}
            self._of = site
        named = next((one.calendar for one in site.queues if one.name == queue), "")
        if named in self._hours:
            return self._hours[named]
        return self._hours.get(OFFICE) or (next(iter(self._hours.values())) if len(self._hours) == 1 else None)


class Ledger:
    """changed: told after every change, for who waits for the next time of any duty. kinds: as they are now."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        clock: Clock,
        site: Callable[[], Site],
        zone: tzinfo,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self.kinds = kinds
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self.calendars = Calendars(site, zone)
        self.changed: Callable[[], None] = lambda: None
        self.records: dict[str, OfRecord] = {}
        """By kind of duty."""

    # ---- making -----------------------------------------------------------------------------------------

    async def create(self, wanted: Wanted, by: str) -> Duty:
        """by: a login. Raises Refused with its fields."""
        kind = self.kinds.get(wanted.kind)
        if kind is None or not kind.by_hand:
            known = ", ".join(name for name, one in self.kinds.items() if one.by_hand)
            raise Refused("this duty cannot be kept", {"kind": f"one of {known} is wanted"})
        duty = await self._store.duties.add(self._checked(kind, wanted, by), by, self._clock.utc())
        await self._tell(None, duty, "duty.created", by, {"kind": duty.kind, "due": duty.due.isoformat()})
        return duty

    async def owe(self, kind: Kind, wanted: Wanted) -> Duty:
        """What the system finds by itself: one for each line."""
        new = self._new(kind, wanted)
        duty = await self._store.duties.add(new, "system", self._clock.utc(), one_a_line=True)
        self._publish(duty, "system")
        return duty

    def _checked(self, kind: Kind, wanted: Wanted, by: str) -> NewDuty:
        faults: dict[str, str] = {name: "is missing" for name in kind.needs if not getattr(wanted, name).strip()}
        faults |= self._wrong_people(wanted.owner, wanted.team, wanted.queue)
        if wanted.priority not in PRIORITIES:
            faults["priority"] = f"one of {', '.join(map(str, PRIORITIES))} is wanted"
        for one in wanted.escalate or ():
            if one.to not in _ROLES and not self._is_user(one.to.removeprefix("person:")):
                faults["escalate"] = f"one of {', '.join(_ROLES)} or person: and a login is wanted"
        if wanted.due is not None:
            faults |= self._wrong_time(wanted.due)
        if faults:
            raise Refused("this duty cannot be kept", faults)
        if not (wanted.owner or wanted.team or wanted.queue):
            return self._new(kind, wanted, owner=by)
        return self._new(kind, wanted)

    def planned(self, wanted: Wanted) -> NewDuty:
        """A duty of a record's step, as its record keeps it: with its times, by the calendar that counts."""
        return self._new(self.kinds[wanted.kind], wanted)

    def put_off(self, duty: Duty, due: datetime) -> dict[str, object]:
        """What is another with it, where its time is. due: the new one."""
        hours, now = self.calendars.of_queue(duty.queue), self._clock.utc()
        warn_at = deadlines.warning(hours, now, due, duty.warn_minutes)
        return {"due": due, "warn_at": warn_at, "stage": 0, "next_at": min(warn_at, due), "escalated_to": ""}

    def _record(self, duty: Duty, version: int | None) -> OfRecord | None:
        """Whose step it is, if that may be worked on here. Raises DutyIsAnother, NotNow for one that is closed."""
        record = self.records.get(duty.kind)
        if record is None:
            return None
        if version is not None and version != duty.version:
            raise DutyIsAnother(duty)
        if duty.state != "open":
            raise NotNow("this duty is closed")
        return record

    def tell(self, duty: Duty, by: str) -> None:
        """A record has made, changed or closed it."""
        self._publish(duty, by)

    def _new(self, kind: Kind, wanted: Wanted, *, owner: str = "") -> NewDuty:
        now, hours = self._clock.utc(), self.calendars.of_queue(wanted.queue)
        warn = kind.warn if wanted.warn is None else wanted.warn
        due = wanted.due
        if due is None:
            minutes = kind.limit if wanted.minutes is None else wanted.minutes
            try:
                due = deadlines.after(hours, now, minutes)
            except deadlines.NeverOpen:  # a calendar that is closed for a year is nobody's working time
                due = now + timedelta(minutes=minutes)
        return NewDuty(
            kind=kind.name,
            title=wanted.title.strip(),
            note=wanted.note,
            customer=wanted.customer,
            call=wanted.call,
            number=wanted.number,
            owner=wanted.owner or owner,
            team=wanted.team,
            queue=wanted.queue,
            priority=wanted.priority,
            due=due,
            warn_at=deadlines.warning(hours, now, due, warn),
            warn_minutes=warn,
            escalations=kind.escalations if wanted.escalate is None else wanted.escalate,
        )

    # ---- changing ---------------------------------------------------------------------------------------

    async def edit(
        self,
        duty: Duty,
        version: int,
        by: str,
        *,
        title: str | None = None,
        note: str | None = None,
        number: str | None = None,
        priority: int | None = None,
        customer: CustomerId | None = None,
    ) -> Duty:
        """None leaves a field. Raises as `store.duties.change`, and Refused."""
        given = {"title": title, "note": note, "number": number, "priority": priority, "customer": customer}
        _by_hand(duty)
        new = {name: value for name, value in given.items() if value is not None and value != getattr(duty, name)}
        needs = self.kinds[duty.kind].needs if duty.kind in self.kinds else ()
        faults: dict[str, str] = {
            name: "is missing" for name in needs if not str(new.get(name, getattr(duty, name))).strip()
        }
        if priority is not None and priority not in PRIORITIES:
            faults["priority"] = f"one of {', '.join(map(str, PRIORITIES))} is wanted"
        if faults:
            raise Refused("this duty cannot be kept", faults)
        details = {name: str(getattr(duty, name) or "")[:200] for name in new}
        return await self._change(duty.id, version, new, "changed", by, details=details)

    async def take(self, duty: int, version: int, by: str) -> Duty:
        """It is theirs who takes it."""
        known = await self._store.duties.get(duty)
        if (record := self._record(known, version)) is not None:
            return await record.duty_assigned(known, by, by, "", "")
        _by_hand(known)
        return await self._change(duty, version, {"owner": by}, "assigned", by, details={"owner": by})

    async def give_back(self, duty: Duty, by: str) -> Duty:
        """It is nobody's again, as it was before it was taken. Raises as `edit`."""
        return await self._change(duty.id, duty.version, {"owner": ""}, "assigned", by, details={"owner": ""})

    async def assign(
        self, duty: int, version: int, by: str, *, owner: str = "", team: str = "", queue: str = "", text: str = ""
    ) -> Duty:
        """To a person, or back to a team or a queue. Raises Refused, and as `edit`."""
        known = await self._store.duties.get(duty)
        record = self._record(known, version)
        if record is None:
            _by_hand(known)
        faults = self._wrong_people(owner, team, queue)
        if not (owner or team or queue):
            faults["owner"] = "is missing"
        if faults:
            raise Refused("this duty cannot be handed over", faults)
        if record is not None:
            return await record.duty_assigned(known, by, owner, team, text)
        new = {"owner": owner} | ({"team": team} if team else {}) | ({"queue": queue} if queue else {})
        details = {name: value for name, value in (("owner", owner), ("team", team), ("queue", queue)) if value}
        return await self._change(duty, version, new, "assigned", by, text=text, details=details)

    async def note(self, duty: int, by: str, text: str) -> Duty:
        """A line on its history: nothing changes for who edits it at the same time."""
        return await self._change(duty, None, {}, "noted", by, text=text)

    async def postpone(self, duty: Duty, version: int, by: str, due: datetime, reason: str) -> Duty:
        """To another time, from which it is warned of and handed up anew. Raises Refused, and as `edit`."""
        record = self._record(duty, version)
        if record is None:
            _by_hand(duty)
        faults = self._wrong_time(due) | ({} if reason.strip() else {"reason": "is missing"})
        if faults:
            raise Refused("this duty cannot be postponed", faults)
        if record is not None:
            return await record.duty_postponed(duty, by, due, reason)
        new = self.put_off(duty, due)
        details = {"from": duty.due.isoformat(), "to": due.isoformat()}
        return await self._change(duty.id, version, new, "postponed", by, text=reason, details=details)

    async def done(self, duty: Duty, version: int | None, by: str, outcome: str = "", text: str = "") -> Duty:
        """outcome: one of its kind's; "" the usual one. Raises Refused, and as `edit`."""
        record = self._record(duty, version)
        if record is None:
            _by_hand(duty)
        kind = self.kinds.get(duty.kind)
        usual = kind.outcomes if kind is not None else ()
        known = (*usual, *((kind.closed_as, kind.closed_late) if kind is not None else ()))
        if outcome and outcome not in known:
            raise Refused("this duty cannot be closed so", {"outcome": f"one of {', '.join(usual)} is wanted"})
        if record is not None:
            return await record.duty_done(duty, by, text)
        chosen = outcome or (usual[0] if usual else "done")
        return await self._close(duty.id, version, "done", chosen, by, text)

    async def cancel(self, duty: int, version: int, by: str, text: str) -> Duty:
        """It is not owed any more, and why. Raises Refused, and as `edit`."""
        known = await self._store.duties.get(duty)
        record = self._record(known, version)
        if record is None:
            _by_hand(known)
        if not text.strip():
            raise Refused("this duty cannot be cancelled", {"text": "is missing"})
        if record is not None:
            return await record.duty_cancelled(known, by, text)
        return await self._close(duty, version, "cancelled", "", by, text)

    # ---- what calls do ----------------------------------------------------------------------------------

    async def settled(self, duty: Duty, outcome: str, by: str, call: CallId) -> Duty:
        """A call has closed it. by: who spoke."""
        closed = await self._store.duties.close(duty.id, None, "done", outcome, by, self._clock.utc(), call=call)
        self._publish(closed, by)
        return closed

    async def called_in(self, duty: Duty, by: str, call: CallId) -> Duty:
        """Whom it is owed rang and was answered: who spoke may close it."""
        now = self._clock.utc()
        changed = await self._store.duties.change(duty.id, None, {}, "called_in", by, now, details={"call": call})
        self._publish(changed, by)
        return changed

    # ---- once -------------------------------------------------------------------------------------------

    async def _change(
        self,
        duty: int,
        version: int | None,
        new: Mapping[str, object],
        kind: DutyStepKind,
        by: str,
        *,
        text: str = "",
        details: dict[str, str] | None = None,
    ) -> Duty:
        now = self._clock.utc()
        before = await self._store.duties.get(duty)
        changed = await self._store.duties.change(duty, version, new, kind, by, now, text=text, details=details)
        await self._tell(before, changed, f"duty.{kind}", by, {"fields": sorted(new)})
        return changed

    async def _close(self, duty: int, version: int | None, state: str, outcome: str, by: str, text: str) -> Duty:
        now, before = self._clock.utc(), await self._store.duties.get(duty)
        closed = await self._store.duties.close(
            duty, version, "done" if state == "done" else "cancelled", outcome, by, now, text=text
        )
        await self._tell(before, closed, f"duty.{state}", by, {"outcome": outcome})
        return closed

    async def _tell(self, before: Duty | None, duty: Duty, what: str, by: str, details: dict[str, object]) -> None:
        """The trail says what was done; what stood in its fields lies beside it."""
        changes = audit_change(before, duty)
        await self._store.audit.append(self._clock.utc(), by, what, f"duty/{duty.id}", details, changes)
        self._publish(duty, by)

    def _publish(self, duty: Duty, by: str) -> None:
        self._bus.publish(
            events.DutyChanged(
                at=self._clock.utc(),
                duty=duty.id,
                kind=duty.kind,
                title=duty.title,
                number=duty.number,
                customer=duty.customer,
                owner=duty.owner,
                team=duty.team,
                queue=duty.queue,
                created_by=duty.created_by,
                escalated_to=duty.escalated_to,
                due=duty.due,
                state=duty.state,
                version=duty.version,
                by=by,
            )
        )
        self.changed()

    # ---- what is wrong with what somebody asks ----------------------------------------------------------

    def _is_user(self, login: str) -> bool:
        return any(user.login == login for user in self._site().users)

    def _wrong_people(self, owner: str, team: str, queue: str) -> dict[str, str]:
        site, faults = self._site(), {}
        if owner and not self._is_user(owner):
            faults["owner"] = f"there is no user {owner}"
        if team and all(one.name != team for one in site.teams):
            faults["team"] = f"there is no team {team}"
        if queue and all(one.name != queue for one in site.queues):
            faults["queue"] = f"there is no queue {queue}"
        return faults

    def _wrong_time(self, due: datetime) -> dict[str, str]:
        now = self._clock.utc()
        if due <= now:
            return {"due": "must be still to come"}
        return {"due": "at most 5 years ahead are wanted"} if due > now + FARTHEST else {}


def _by_hand(duty: Duty) -> None:
    """Raises NotNow for a step of a record, which is moved there."""
    kind = KINDS.get(duty.kind)
    if kind is not None and kind.of_record:
        raise NotNow("this is a step of a record, and is done there")
