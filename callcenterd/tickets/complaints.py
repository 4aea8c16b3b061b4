"""What people do with complaints (CMP-01 to CMP-04): write down, correct, dispatch, review, handle, answer, close.

Who may do what next is the workflow's to say (`tickets.workflow`). Every move is one transaction with the row of its
state, with the duty of the step that is over and of the one that begins, and with the customer's letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Final

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model.complaints import Complaint, ComplaintFields, Means
from callcenterd.model.customers import Customer
from callcenterd.model.duties import DutyLetter, NewDuty
from callcenterd.model.people import Role
from callcenterd.model.records import RecordIsAnother
from callcenterd.model.site import Site
from callcenterd.model.workflows import PARTS, Given, KeptWorkflow, Part, Step, Workflow
from callcenterd.store.complaints import Moved, NewState
from callcenterd.store.database import Store
from callcenterd.tickets import workflow as rules
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.ledger import Ledger, Wanted
from callcenterd.tickets.records import OLDEST, news, offered, with_customer
from callcenterd.tickets.wording import answer_letter
from callcenterd.tickets.workflows import Workflows

KIND: Final = "complaint"
FROM_DICTIONARIES: Mapping[str, str] = {"type": "complaint_type", "aspects": "complaint_aspect", "sex": "sex"}
"""Fields, and the dictionaries that their values are from."""
SATISFACTION = "complaint_satisfaction"
_REFUSED = "the complaint cannot be kept as it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a customer will get the answer. to: a number, or an address; "": somebody has to find a way."""

    means: Means | None = None
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """What somebody can do with a complaint now. moves: codes. workflow: with which it began."""

    workflow: KeptWorkflow
    moves: tuple[str, ...]
    correctable: bool
    answerable: bool


class Complaints:
    """Every way to a complaint that is not SQL. site: as it is now. zone, language: the office's."""

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
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._ledger = ledger
        self._workflows = workflows
        self._zone = zone
        self._language = language

    # ---- writing down -----------------------------------------------------------------------------------

    async def create(self, new: ComplaintFields, by: str, role: Role | None, at: datetime | None = None) -> Complaint:
        """at: when it was; None: when its call began, else now. Who complains is taken from the customer's card, where
        nothing of that is said. Raises Refused with its fields."""
        now = self._clock.utc()
        faults = await self._wrong(new, None)
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
            duty=self._duty(start, new, Given(), owner=by, team=""),
            day=now.astimezone(self._zone).date(),
            role=role,
        )
        await self._saved(moved, "complaint.created", by, {"number": moved.complaint.number})
        return moved.complaint

    async def correct(
        self, before: Complaint, new: ComplaintFields, version: int, by: str, role: Role | None
    ) -> Complaint:
        """The whole of it anew, where its step allows that; what stood there stays in its history. Raises NotNow,
        NotTheirs, RecordIsAnother, and Refused with its fields."""
        step = (await self._workflow(before)).step(before.state)
        if not step.corrects:
            raise NotNow("the complaint cannot be corrected in this step")
        if not rules.may(step, self.parts(before, by)):
            raise rules.NotTheirs("this step of the complaint is somebody else's")
        faults = await self._wrong(new, before)
        if new.call != before.call:
            faults["call"] = "must stay as it is"
        if faults:
            raise Refused(_REFUSED, faults)
        now = self._clock.utc()
        after, changed = await self._store.complaints.correct(before.id, version, new, by, now, role)
        await self._saved(Moved(complaint=after), "complaint.corrected", by, {"fields": sorted(changed)})
        return after

    async def note(self, complaint: Complaint, by: str, text: str) -> None:
        """A line in its history."""
        now = self._clock.utc()
        state = NewState(at=now, by=by, kind="noted", state=complaint.state, text=text, details={})
        await self._store.complaints.note(complaint.id, state)
        await self._saved(Moved(complaint=complaint), "complaint.noted", by, {})

    # ---- moving -----------------------------------------------------------------------------------------

    def parts(self, complaint: Complaint, login: str) -> frozenset[Part]:
        """What somebody is to this complaint. Managers and administrators stand in for everybody, and where a
        department has no leaders, supervisors who lead no team for its head."""
        site = self._site()
        role = next((user.role for user in site.users if user.login == login), None)
        if role in ("manager", "admin"):
            return frozenset(PARTS)
        overseen, found = site.overseen_by(login), set[Part]()
        if overseen is None or complaint.created_by in overseen:
            found.add("maker")
        team = next((one for one in site.teams if one.name == complaint.team), None)
        if team is not None:
            if login in team.leaders or (overseen is None and not team.leaders):
                found |= {"head", "team"}
            if login in team.members:
                found.add("team")
        if complaint.responsible == login:
            found.add("person")
        return frozenset(found)

    async def now(self, complaint: Complaint, login: str) -> Possible:
        """What somebody can do with it now."""
        kept = await self._store.workflows.get(complaint.workflow)
        step, parts = kept.workflow.step(complaint.state), self.parts(complaint, login)
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
        move, position = rules.after(workflow, _position(complaint), code, given, self.parts(complaint, by))
        if faults := await self._wrong_given(given):
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
        await self._saved(moved, "complaint.moved", by, {"move": code, "state": position.state})
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
        if not rules.may(step, self.parts(complaint, by)):
            raise rules.NotTheirs("this step of the complaint is somebody else's")
        told = replace(complaint, result=text or complaint.result)
        if means == "in_person":
            if not text.strip():
                raise Refused("the complaint cannot be moved so", {"text": "is missing"})
            return await self.answered(told, by, {"means": means}, text=text, role=role)
        plan = Answer(means=means, to=to or self._ways(told, await self._customer(told)).get(means, ""))
        if not plan.to:
            raise Refused("the complaint cannot be moved so", {"to": "is missing"})
        now = self._clock.utc()
        details = {"means": means, "to": plan.to}
        state = NewState(at=now, by=by, kind="answering", state=step.code, text=text, details=details)
        duty = self._answer_duty(step, told, plan, Given(due=complaint.due))
        letter = self._letter(told, plan)
        new = {"means": means, "result": told.result}
        moved = await self._store.complaints.move(
            told, state, new, outcome="other_means", duty=duty, letter=letter, role=role
        )
        await self._saved(moved, "complaint.answering", by, {"means": means})
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
        await self._saved(moved, "complaint.moved", by, {"move": move.code, "state": position.state})
        return moved.complaint

    async def not_answered(self, complaint: Complaint, why: str) -> Complaint:
        """A letter came to nothing: somebody has to dial, if there is a number. Raises RecordIsAnother."""
        step = (await self._workflow(complaint)).step(complaint.state)
        number = self._ways(complaint, await self._customer(complaint)).get("call", "")
        plan = Answer(means="call" if number else None, to=number)
        state = NewState(
            at=self._clock.utc(), by="system", kind="not_answered", state=step.code, text=why[:500], details={}
        )
        duty = self._answer_duty(step, complaint, plan, Given(due=complaint.due))
        moved = await self._store.complaints.move(
            complaint, state, {"means": plan.means or ""}, outcome="other_means", duty=duty
        )
        await self._saved(moved, "complaint.not_answered", "system", {})
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
        owner = self._owner(step, after)
        after = replace(after, owner=owner)
        plan, duty, letter = Answer(), None, None
        if step.answers:
            plan = self._plan(after, await self._customer(after))
            state = replace(state, details={**state.details, **({"means": plan.means} if plan.means else {})})
            duty, letter = self._answer_duty(step, after, plan, limits), self._letter(after, plan)
        elif step.limit:
            duty = self._duty(step, after, limits, owner=owner, team=position.team)
        names = ("team", "owner", "responsible", "stands", "result", "satisfaction", "reopened")
        new = {name: getattr(after, name) for name in names}
        new["means"] = plan.means or (before.means if not step.limit or outcome == "answered" else "")
        return await self._store.complaints.move(
            before, state, new, outcome=outcome, duty=duty, letter=letter, role=role
        )

    # ---- the duty of a step -------------------------------------------------------------------------------

    def _owner(self, step: Step, complaint: Complaint) -> str:
        """Who has to do it; "": whoever of the team is first."""
        match step.who:
            case "maker":
                return complaint.created_by
            case "person":
                return complaint.responsible
            case "head":
                team = next((one for one in self._site().teams if one.name == complaint.team), None)
                return team.leaders[0] if team is not None and len(team.leaders) == 1 else ""
            case "team":
                return ""

    def _duty(self, step: Step, of: ComplaintFields, limits: Given, *, owner: str, team: str) -> NewDuty:
        return self._ledger.planned(self._wanted(step, of, limits, owner=owner, team=team))

    def _wanted(self, step: Step, of: ComplaintFields, limits: Given, *, owner: str, team: str) -> Wanted:
        name = step.chinese if self._language.lower().startswith("zh") else step.english
        return Wanted(
            kind="complaint_step",
            title=f"{name} {of.reason}".strip()[:150],
            customer=of.customer,
            call=of.call,
            owner=owner,
            team=team,
            due=limits.due,
            minutes=step.limit if limits.minutes is None else limits.minutes,
            warn=step.warn,
            escalate=step.escalations,
        )

    def _answer_duty(self, step: Step, complaint: Complaint, plan: Answer, limits: Given) -> NewDuty:
        wanted = self._wanted(step, complaint, limits, owner=self._owner(step, complaint), team=complaint.team)
        if plan.means == "call":
            wanted = replace(wanted, kind="complaint_answer", number=plan.to, note=complaint.result[:4000])
        return self._ledger.planned(wanted)

    # ---- the customer's own means -------------------------------------------------------------------------

    async def _customer(self, complaint: Complaint) -> Customer | None:
        if complaint.customer is None:
            return None
        try:
            return await self._store.customers.get(complaint.customer)
        except NotFound:  # erased meanwhile
            return None

    def _ways(self, complaint: Complaint, customer: Customer | None) -> dict[Means, str]:
        """What is known of the customer."""
        number = complaint.phone or (customer.phones[0] if customer is not None and customer.phones else "")
        email = complaint.email or (customer.email if customer is not None else "")
        ways: dict[Means, str] = {"call": number, "email": email}
        return {means: to for means, to in ways.items() if to}

    def _plan(self, complaint: Complaint, customer: Customer | None) -> Answer:
        """As they want it, if that is possible; else by call, else by letter."""
        if complaint.answer_by == "in_person":
            return Answer(means="in_person")
        ways = self._ways(complaint, customer)
        order: tuple[Means, ...] = ("call", "email")
        if complaint.answer_by:
            order = (complaint.answer_by, *order)
        for means in order:
            if means in ways:
                return Answer(means=means, to=ways[means])
        return Answer()

    def _letter(self, complaint: Complaint, plan: Answer) -> DutyLetter | None:
        if plan.means != "email":
            return None
        return answer_letter(complaint, plan.to, self._language, self._zone)

    # ---- once -------------------------------------------------------------------------------------------

    async def _workflow(self, complaint: Complaint) -> Workflow:
        return (await self._store.workflows.get(complaint.workflow)).workflow

    async def _wrong(self, new: ComplaintFields, before: Complaint | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        faults = {name: "is missing" for name in ("type", "reason") if not str(getattr(new, name)).strip()}
        codes = await offered(self._store)
        for name, dictionary in FROM_DICTIONARIES.items():
            stood = _codes(before, name) if before is not None else set()
            if unknown := sorted(_codes(new, name) - stood - codes[dictionary]):
                faults[name] = f"{unknown[0]} cannot be chosen here"
        if new.customer is not None and (before is None or new.customer != before.customer):
            try:
                await self._store.customers.get(new.customer)
            except NotFound:
                faults["customer"] = f"there is no customer {new.customer}"
        return faults

    async def _wrong_given(self, given: Given) -> dict[str, str]:
        site, faults, now = self._site(), dict[str, str](), self._clock.utc()
        if given.team and all(one.name != given.team for one in site.teams):
            faults["team"] = f"there is no team {given.team}"
        if given.person and all(user.login != given.person for user in site.users):
            faults["person"] = f"there is no user {given.person}"
        if given.satisfaction and given.satisfaction not in (await offered(self._store))[SATISFACTION]:
            faults["satisfaction"] = f"{given.satisfaction} cannot be chosen here"
        if given.due is not None and given.due <= now:
            faults["due"] = "must be still to come"
        if given.minutes is not None and not 1 <= given.minutes <= MOST_MINUTES:
            faults["minutes"] = f"one of 1 to {MOST_MINUTES} is wanted"
        return faults

    async def _saved(self, moved: Moved, what: str, by: str, details: dict[str, object]) -> None:
        """The trail says what was done; texts stand in the complaint's own history."""
        now, one = self._clock.utc(), moved.complaint
        await self._store.audit.append(now, by, what, f"{KIND}/{one.id}", details)
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


def _codes(of: ComplaintFields, name: str) -> set[str]:
    value = getattr(of, name)
    return {value} - {""} if isinstance(value, str) else set(value)
