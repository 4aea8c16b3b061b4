"""What is done with an appraisal: drafted, submitted, answered, disputed, looked at again (SUP-03).

Nobody appraises a call of their own. What was submitted stays: a correction is a second score beside the first. The
times of all steps are the store's, and nobody can change them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.appraisals import (
    DISPUTABLE,
    SCORED,
    Answers,
    Appraisal,
    NewAppraisal,
    Scored,
    StepKind,
    Template,
)
from callcenterd.model.calls import CallRecord
from callcenterd.model.duties import Duty, NewDuty
from callcenterd.model.ids import CallId, RecordingId, TeamName
from callcenterd.model.site import Site
from callcenterd.quality import scoring
from callcenterd.store.appraisals import Move, Moved
from callcenterd.store.database import Store

_REFUSED = "the appraisal cannot be kept as it is"


class Owes(Protocol):
    """The ledger, as far as appraisals are duties in it."""

    def planned(self, title: str, call: CallId, owner: str, days: int | None) -> NewDuty: ...
    def tell(self, duty: Duty, by: str) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What stands on a sheet. version: of the appraisal that was read."""

    version: int
    answers: Answers
    summary: str = ""


class Appraisals:
    """site: as it is now. zone: the office's."""

    def __init__(
        self, store: Store, bus: Bus, clock: Clock, site: Callable[[], Site], owes: Owes, zone: tzinfo
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._owes = owes
        self._zone = zone

    # ---- begun ----------------------------------------------------------------------------------------------

    async def begin(self, call: CallRecord, template: int, by: str) -> Appraisal:
        """Of a call that who asks may see, to be made by them. One that they have begun is answered again. Raises
        Refused with its fields, NotFound, NotNow."""
        known = await self._store.quality.appraisals.of_call(call.id, by)
        if known is not None:
            return known
        chosen = await self.template(template)
        new = self.new(call, chosen, by, await self.recording_of(call))
        moved = await self._store.quality.appraisals.add(new, None, by, self._clock.utc())
        await self.told(moved, "appraisal.created", by, {"call": call.id, "template": template})
        return moved.one

    async def template(self, template: int) -> Template:
        """That can be chosen now. Raises Refused."""
        try:
            found = await self._store.quality.templates.get(template)
        except NotFound:
            found = None
        if found is None or not found.active:
            raise Refused(_REFUSED, {"template": f"there is no scorecard {template} in use"})
        return found

    async def recording_of(self, call: CallRecord) -> RecordingId | None:
        """The recording of it that can be played; None: there is none."""
        if call.recording_id is None:
            return None
        try:
            found = await self._store.recordings.get(call.recording_id)
        except NotFound:
            return None
        return found.id if found.finished_at is not None else None

    def new(self, call: CallRecord, template: Template, appraiser: str, recording: RecordingId | None) -> NewAppraisal:
        """Raises Refused: it is nobody's call, or the appraiser's own."""
        faults = {}
        if call.agent is None or (call.answered_at is None and call.outcome != "answered"):
            faults["call"] = "nobody has answered this call"
        elif call.ended_at is None:
            faults["call"] = "this call goes on"
        elif call.agent == appraiser:
            faults["call"] = "nobody appraises a call of their own"
        if faults or call.agent is None:
            raise Refused(_REFUSED, faults)
        return NewAppraisal(
            call=call.id,
            call_at=call.started_at,
            seconds=call.talk_seconds,
            agent=call.agent,
            team=TeamName(self._site().team_of(call.agent)),
            queue=call.queue or "",
            recording=recording,
            template=template.id,
            template_version=template.version,
            appraiser=appraiser,
        )

    def owed(self, new: NewAppraisal, days: int | None) -> tuple[NewAppraisal, NewDuty]:
        """With the duty to make it. days: as `Owes.planned`."""
        at = new.call_at.astimezone(self._zone)
        duty = self._owes.planned(f"{new.agent} {at:%Y-%m-%d %H:%M}", new.call, new.appraiser, days)
        return replace(new, due=duty.due), duty

    # ---- made -----------------------------------------------------------------------------------------------

    async def save(self, before: Appraisal, written: Written, by: str) -> Appraisal:
        """The draft. Raises NotNow, AppraisalIsAnother, and Refused with its fields."""
        template = await self._own(before, by)
        _refuse(scoring.faults(template, written.answers, complete=False))
        new = {"answers": _packed(written.answers), "summary": written.summary}
        what = Move(version=written.version, of=("open",), new=new)
        moved = await self._store.quality.appraisals.move(before.id, what, by, self._clock.utc())
        self._publish(moved, by)
        return moved.one

    async def submit(self, before: Appraisal, written: Written, by: str) -> Appraisal:
        """The agent sees it from now on. Raises as `save`."""
        template = await self._own(before, by)
        what = Move(version=written.version, of=("open",), into="submitted", kind="submitted")
        return await self._score(before, template, written, what, by)

    async def assign(self, before: Appraisal, version: int, to: str, by: str, text: str = "") -> Appraisal:
        """To another appraiser, who may appraise that agent as far as the web room knows. The draft goes with it.
        Raises NotNow, AppraisalIsAnother, and Refused."""
        if to == before.agent:
            raise Refused(_REFUSED, {"appraiser": "nobody appraises a call of their own"})
        details = {"appraiser": to, "before": before.appraiser}
        what = Move(version=version, of=("open",), kind="assigned", text=text, details=details, new={"appraiser": to})
        return await self._move(before, what, by)

    async def cancel(self, before: Appraisal, version: int, by: str, text: str) -> Appraisal:
        """It cannot be made: a wrong number, a recording without sound. Raises NotNow, AppraisalIsAnother."""
        what = Move(version=version, of=("open",), into="cancelled", kind="cancelled", text=text)
        return await self._move(before, what, by)

    # ---- the agent's word -----------------------------------------------------------------------------------

    async def agree(self, before: Appraisal, version: int, by: str, text: str) -> Appraisal:
        """Raises NotNow, AppraisalIsAnother."""
        what = Move(version=version, of=("submitted",), into="agreed", kind="agreed", text=text)
        return await self._move(before, what, by)

    async def answer(self, before: Appraisal, version: int, by: str, text: str) -> Appraisal:
        """A word to it, whatever has been said. Raises NotNow, AppraisalIsAnother."""
        return await self._move(before, Move(version=version, of=SCORED, kind="answered", text=text), by)

    async def dispute(self, before: Appraisal, version: int, by: str, text: str) -> Appraisal:
        """[申诉] Raises NotNow: not in time, or once is enough; and AppraisalIsAnother."""
        template, now = await self._template(before), self._clock.utc()
        until = disputable_until(before, template)
        if before.state in DISPUTABLE and (until is None or now >= until):
            raise NotNow("the time to dispute this appraisal is over")
        new = {"disputed_at": now}
        what = Move(version=version, of=DISPUTABLE, into="disputed", kind="disputed", text=text, new=new)
        return await self._move(before, what, by)

    # ---- looked at again ------------------------------------------------------------------------------------

    async def uphold(self, before: Appraisal, version: int, by: str, text: str) -> Appraisal:
        """Raises NotNow, AppraisalIsAnother."""
        self._not_own(before, by)
        what = Move(version=version, of=("disputed",), into="upheld", kind="upheld", text=text)
        return await self._move(before, what, by)

    async def correct(self, before: Appraisal, written: Written, by: str, text: str) -> Appraisal:
        """Another score in the place of the one that was disputed, which stays beside it. Raises NotNow,
        AppraisalIsAnother, and Refused with its fields."""
        self._not_own(before, by)
        template = await self._template(before)
        what = Move(version=written.version, of=("disputed",), into="corrected", kind="corrected", text=text)
        return await self._score(before, template, written, what, by)

    # ---- for all of them ------------------------------------------------------------------------------------

    async def _score(self, before: Appraisal, template: Template, written: Written, what: Move, by: str) -> Appraisal:
        _refuse(scoring.faults(template, written.answers, complete=True))
        scored = scoring.score(template, written.answers)
        assert scored is not None, "a sheet on which nothing applies is refused"
        now = self._clock.utc()
        moved = await self._store.quality.appraisals.score(
            before.id, what, written.answers, written.summary, scored, template.passing, by, now
        )
        kind: StepKind = what.kind or "submitted"
        await self.told(moved, f"appraisal.{kind}", by, _told(before, moved.one, scored))
        return moved.one

    async def _move(self, before: Appraisal, what: Move, by: str) -> Appraisal:
        moved = await self._store.quality.appraisals.move(before.id, what, by, self._clock.utc())
        await self.told(moved, f"appraisal.{what.kind}", by, dict(what.details or {}))
        return moved.one

    async def _own(self, before: Appraisal, by: str) -> Template:
        """Raises NotNow: it is another's to make."""
        if before.appraiser != by:
            raise NotNow("somebody else makes this appraisal")
        return await self._template(before)

    def _not_own(self, before: Appraisal, by: str) -> None:
        if before.agent == by:
            raise NotNow("nobody appraises a call of their own")

    async def _template(self, of: Appraisal) -> Template:
        return await self._store.quality.templates.version(of.template, of.template_version)

    async def told(self, moved: Moved, what: str, by: str, details: Mapping[str, Any]) -> None:
        """Into the trail, to whoever may know, and to the ledger."""
        await self._store.audit.append(self._clock.utc(), by, what, f"appraisal/{moved.one.id}", dict(details))
        self._publish(moved, by)

    def _publish(self, moved: Moved, by: str) -> None:
        one = moved.one
        self._bus.publish(
            events.AppraisalChanged(
                at=self._clock.utc(),
                appraisal=one.id,
                agent=one.agent,
                appraiser=one.appraiser,
                team=one.team,
                state=one.state,
                told=one.told,
                version=one.version,
                by=by,
            )
        )
        if moved.duty is not None:
            self._owes.tell(moved.duty, by)


def disputable_until(one: Appraisal, template: Template) -> datetime | None:
    """None: it cannot be disputed at all."""
    if one.scored_at is None or not template.dispute_days:
        return None
    return one.scored_at + timedelta(days=template.dispute_days)


def _told(before: Appraisal, after: Appraisal, scored: Scored) -> dict[str, Any]:
    return {"score": [before.score, after.score], "fatal": list(scored.fatal), "agent": after.agent}


def _packed(given: Answers) -> dict[str, Any]:
    return {
        name: {"points": one.points, "comment": one.comment, "marks": list(one.marks)} for name, one in given.items()
    }


def _refuse(faults: Mapping[str, str]) -> None:
    if faults:
        raise Refused(_REFUSED, dict(faults))
