"""What people do with complaints (CMP-01 to CMP-04): write down, correct, dispatch, review, handle, answer, close.

Who may do what next is the workflow's to say (`tickets.workflow`). Every move is one transaction with the row of its
state, with the duty of the step that is over and of the one that begins, and with the message to the customer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.changes import audit_change
from callcenterd.model.complaints import Complaint, ComplaintFields, Means
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Site
from callcenterd.model.workflows import Given, KeptWorkflow, Workflow
from callcenterd.store.complaints import Moved, NewState
from callcenterd.store.database import Store
from callcenterd.tickets import workflow as rules
from callcenterd.tickets.complaint_answers import Answer, Answers
from callcenterd.tickets.complaint_checks import ComplaintChecks
from callcenterd.tickets.complaint_steps import ComplaintSteps
from callcenterd.tickets.ledger import Ledger
from callcenterd.tickets.records import OLDEST, news, with_customer
from callcenterd.tickets.workflows import Workflows

KIND: Final = "complaint"
_REFUSED = "the complaint cannot be kept as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What somebody can do with a complaint now. moves: codes. workflow: with which it began."""

    workflow: KeptWorkflow
    moves: tuple[str, ...]
    correctable: bool
    answerable: bool


class Complaints:
    """Every way to a complaint that is not SQL. site: as it is now. zone, language, region: the office's."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        site: Callable[[], Site],
        ledger: Ledger,
        workflows: Workflows,
        zone: tzinfo,
        language: str,
        region: str,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._ledger = ledger
        self._workflows = workflows
        self._zone = zone
        self.steps = ComplaintSteps(site, ledger, language)
        self._checks = ComplaintChecks(store, clock, site)
        self._answers = Answers(store, zone, language, region, site)

    # ---- writing down -----------------------------------------------------------------------------------

    async def create(self, new: ComplaintFields, by: str, role: Role | None, at: datetime | None = None) -> Complaint:
        """at: when it was; None: when its call began, else now. Who complains is taken from the customer's card, where
        nothing of that is said. Raises Refused with its fields."""
        now = self._clock.utc()
        faults = await self._checks.of_fields(new, None)
        if at is not None and not now - OLDEST <= at <= now:
            faults["at"] = "a time of the last year is wanted"
        if "customer" not in faults and new.customer is not None:
            new = with_customer(new, await self._store.customers.get(new.customer))
        queue = ""
        if new.call is not None:
            try:
                call = await self._store.calls.get(new.call)
                at, queue = at or call.started_at, call.queue or ""
            except NotFound:
                faults["call"] = f"there is no call {new.call[:40]}"
        if faults:
            raise Refused(_REFUSED, faults)
        kept = await self._workflows.of(new.type)
        start = kept.workflow.start
        moved = await self._store.complaints.add(
            new,
            at=at or now,
            queue=queue,
            workflow=kept.id,
            state=NewState(at=now, by=by, kind="created", state=start.code, details={}),
            duty=self.steps.duty(start, new, Given(), owner=by, team=""),
            day=now.astimezone(self._zone).date(),
            role=role,
        )
        await self._saved(None, moved, "complaint.created", by, {"number": moved.complaint.number})
        return moved.complaint

    async def correct(
        self, before: Complaint, new: ComplaintFields, version: int, by: str, role: Role | None
    ) -> Complaint:
        """The whole of it anew, where its step allows that; what stood there stays in its history. Raises NotNow,
        NotTheirs, RecordIsAnother, and Refused with its fields."""
        step = (await self._workflow(before)).step(before.state)
        if not step.corrects:
            raise NotNow("the complaint cannot be corrected in this step")
        if not rules.may(step, self.steps.parts(before, by)):
            raise rules.NotTheirs("this step of the complaint is somebody else's")
        faults = await self._checks.of_fields(new, before)
        if new.call != before.call:
            faults["call"] = "must stay as it is"
        if faults:
            raise Refused(_REFUSED, faults)
        now = self._clock.utc()
        after, changed = await self._store.complaints.correct(before.id, version, new, by, now, role)
        await self._saved(before, Moved(complaint=after), "complaint.corrected", by, {"fields": sorted(changed)})
        return after

    async def note(self, complaint: Complaint, by: str, text: str) -> None:
        """A line in its history."""
        now = self._clock.utc()
        state = NewState(at=now, by=by, kind="noted", state=complaint.state, text=text, details={})
        await self._store.complaints.note(complaint.id, state)
        await self._saved(complaint, Moved(complaint=complaint), "complaint.noted", by, {})

    # ---- moving -----------------------------------------------------------------------------------------

    async def now(self, complaint: Complaint, login: str) -> Possible:
        """What somebody can do with it now."""
        kept = await self._store.workflows.get(complaint.workflow)
        step, parts = kept.workflow.step(complaint.state), self.steps.parts(complaint, login)
        theirs = rules.may(step, parts)
        return Possible(
            workflow=kept,
            moves=tuple(move.code for move in rules.possible(step, parts)),
            correctable=theirs and step.corrects,
            answerable=theirs and step.answers,
        )

    async def move(
        self, complaint: Complaint, version: int, code: str, given: Given, by: str, role: Role | None
    ) -> Complaint:
        """Raises NotNow, NotTheirs, RecordIsAnother with what is now, and Refused with its fields."""
        if version != complaint.version:
            raise RecordIsAnother(KIND, complaint)
        workflow = await self._workflow(complaint)
        move, position = rules.after(workflow, _position(complaint), code, given, self.steps.parts(complaint, by))
        if faults := await self._checks.of_move(given):
            raise Refused("the complaint cannot be moved so", faults)
        said = (*move.needs, *move.also)
        details: dict[str, str] = {
            name: value
            for name, value in (("team", given.team), ("person", given.person), ("satisfaction", given.satisfaction))
            if name in said and value
        }
        text = given.result if "result" in said else given.reason
        now = self._clock.utc()
        state = NewState(at=now, by=by, kind="moved", state=position.state, move=code, text=text, details=details)
        limits = given if "limit" in said else Given()
        moved = await self._enter(complaint, workflow, position, state, limits, "moved", role)
        await self._saved(complaint, moved, "complaint.moved", by, {"move": code, "state": position.state})
        return moved.complaint

    async def answer(
        self, complaint: Complaint, version: int, means: Means, to: str, text: str, by: str, role: Role | None
    ) -> Complaint:
        """Somebody chooses how the customer is answered: the call or the letter that was on its way is so no more.
        text: what they are told; "": as it is. Raises as `move`."""
        if version != complaint.version:
            raise RecordIsAnother(KIND, complaint)
        workflow = await self._workflow(complaint)
        step = workflow.step(complaint.state)
        if not step.answers:
            raise NotNow("nobody is to be answered now")
        if not rules.may(step, self.steps.parts(complaint, by)):
            raise rules.NotTheirs("this step of the complaint is somebody else's")
        told = replace(complaint, result=text or complaint.result)
        if means == "in_person":
            if not text.strip():
                raise Refused("the complaint cannot be moved so", {"text": "is missing"})
            return await self.answered(told, by, {"means": means}, text=text, role=role)
        now = self._clock.utc()
        told = replace(told, owner=self.steps.owner(step, told))
        plan = await self._answers.chosen(told, means, to, by, now)
        details = {"means": means, "to": plan.to}
        state = NewState(at=now, by=by, kind="answering", state=step.code, text=text, details=details)
        duty = self.steps.answer_duty(step, told, plan, Given(due=complaint.due))
        new = {"means": means, "result": told.result}
        moved = await self._store.complaints.move(
            complaint, state, new, outcome="other_means", duty=duty, message=plan.message, role=role
        )
        await self._saved(complaint, moved, "complaint.answering", by, {"means": means})
        return moved.complaint

    async def answered(
        self, complaint: Complaint, by: str, details: Mapping[str, str], *, text: str = "", role: Role | None = None
    ) -> Complaint:
        """The customer has the answer. Raises NotNow, RecordIsAnother."""
        workflow = await self._workflow(complaint)
        move, position = rules.answered(workflow, _position(complaint))
        now = self._clock.utc()
        state = NewState(
            at=now, by=by, kind="moved", state=position.state, move=move.code, text=text, details=dict(details)
        )
        moved = await self._enter(complaint, workflow, position, state, Given(), "answered", role)
        await self._saved(complaint, moved, "complaint.moved", by, {"move": move.code, "state": position.state})
        return moved.complaint

    async def not_answered(self, complaint: Complaint, why: str) -> Complaint:
        """A message came to nothing, or the customer wants none: somebody has to dial, if there is a number. Raises
        RecordIsAnother."""
        step = (await self._workflow(complaint)).step(complaint.state)
        plan = await self._answers.call(complaint)
        state = NewState(
            at=self._clock.utc(), by="system", kind="not_answered", state=step.code, text=why[:500], details={}
        )
        duty = self.steps.answer_duty(step, complaint, plan, Given(due=complaint.due))
        moved = await self._store.complaints.move(
            complaint, state, {"means": plan.means or ""}, outcome="other_means", duty=duty
        )
        await self._saved(complaint, moved, "complaint.not_answered", "system", {})
        return moved.complaint

    async def _enter(
        self,
        before: Complaint,
        workflow: Workflow,
        position: rules.Position,
        state: NewState,
        limits: Given,
        outcome: str,
        role: Role | None,
    ) -> Moved:
        """The step begins: with its duty, and where the customer is answered, with the way to do it."""
        step = workflow.step(position.state)
        after = replace(
            before,
            team=position.team,
            responsible=position.person,
            stands=position.stands,
            result=position.result,
            satisfaction=position.satisfaction,
            reopened=position.reopened,
        )
        owner = self.steps.owner(step, after)
        after = replace(after, owner=owner)
        plan, duty = Answer(), None
        if step.answers:
            plan = await self._answers.wanted(after, state.by, state.at)
            state = replace(state, details={**state.details, **({"means": plan.means} if plan.means else {})})
            duty = self.steps.answer_duty(step, after, plan, limits)
        elif step.limit:
            duty = self.steps.duty(step, after, limits, owner=owner, team=position.team)
        names = ("team", "owner", "responsible", "stands", "result", "satisfaction", "reopened")
        new = {name: getattr(after, name) for name in names}
        new["means"] = plan.means or (before.means if not step.limit or outcome == "answered" else "")
        return await self._store.complaints.move(
            before, state, new, outcome=outcome, duty=duty, message=plan.message, role=role
        )

    # ---- once -------------------------------------------------------------------------------------------

    async def _workflow(self, complaint: Complaint) -> Workflow:
        return (await self._store.workflows.get(complaint.workflow)).workflow

    async def _saved(
        self, before: Complaint | None, moved: Moved, what: str, by: str, details: dict[str, object]
    ) -> None:
        """The trail says what was done; what stood in its fields lies beside it."""
        now, one = self._clock.utc(), moved.complaint
        await self._store.audit.append(now, by, what, f"{KIND}/{one.id}", details, audit_change(before, one))
        self._bus.publish(news(KIND, one, by, now))
        for duty in (moved.closed, moved.opened):
            if duty is not None:
                self._ledger.tell(duty, by)


def _position(complaint: Complaint) -> rules.Position:
    return rules.Position(
        state=complaint.state,
        team=complaint.team,
        person=complaint.responsible,
        stands=complaint.stands,
        result=complaint.result,
        satisfaction=complaint.satisfaction,
        reopened=complaint.reopened,
    )
