"""Calls that come in while somebody watches for them: how far each has come, and what is in its way.

"Call it now" of who sets the office up. Facts go in, a list of steps comes out, each green, red with a cause, or still
awaited. Only while somebody watches: an office that takes a hundred calls a second pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from callcenterd.errors import NotFound
from callcenterd.model import events
from callcenterd.model.ids import CallId, QueueName, RecordingId, TrunkName
from callcenterd.model.setup import CallStep, CallTry, StepCode, StepName, StepState

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

MOST = 5
"""Calls that are remembered, the newest."""
WATCHED_FOR = timedelta(minutes=2)
"""After somebody has asked last."""
HEARD = 25
"""Packets of 20 ms from each side: half a second of sound."""


@dataclass(eq=False, slots=True)
class _Call:
    """rung: an agent's phone. reason: how the last wait ended. sounds: packets from each leg that is gone."""

    call: CallId
    at: datetime
    caller: str
    called: str
    trunk: TrunkName | None
    flow: str = ""
    greeted: bool = False
    queue: QueueName | None = None
    rung: str = ""
    declined: tuple[str, str] = ("", "")
    reason: str = ""
    answered: str = ""
    received: dict[int, int] = field(default_factory=dict)
    one_way: tuple[str, str] = ("", "")
    recording: RecordingId | None = None
    recorded: bool = False
    recording_fault: str = ""
    ended: str | None = None
    outcome: str = ""


class CallTries:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._calls: dict[CallId, _Call] = {}
        self._watched_until: datetime | None = None
        board.bus.listen(events.CallStarted, self._started)
        board.bus.listen(events.Fact, self._told)

    async def now(self) -> list[CallTry]:
        """The newest first. Whoever asks watches from now on."""
        self._watched_until = self._board.clock.utc() + WATCHED_FOR
        return [await self._as_shown(one) for one in reversed(self._calls.values())]

    def greeted(self, call: CallId) -> None:
        """It has heard something to its end."""
        if self._calls and (one := self._calls.get(call)) is not None:
            one.greeted = True

    # ---- facts -----------------------------------------------------------------------------------------------

    def _started(self, fact: events.CallStarted) -> None:
        if self._watched_until is None or fact.direction != "inbound":
            return
        if fact.at > self._watched_until:
            self._watched_until = None
            self._calls.clear()
            return
        while len(self._calls) >= MOST:
            del self._calls[next(iter(self._calls))]
        self._calls[fact.call] = _Call(fact.call, fact.at, fact.caller, fact.called, fact.trunk)

    def _told(self, fact: events.Fact) -> None:
        if not self._calls:
            return
        one = self._calls.get(getattr(fact, "call", None))  # type: ignore[arg-type]  # None is nobody's
        if one is None:
            return
        match fact:
            case events.FlowEntered(flow=flow):
                one.flow = flow
            case events.CallerQueued(queue=queue):
                one.queue, one.reason = queue, ""
            case events.CallRinging(number=number):
                one.rung, one.declined = number, ("", "")
            case events.OfferDeclined(agent=agent, reason=reason):
                one.declined = (agent, reason)
            case events.CallerLeftQueue(reason=reason):
                one.reason = reason
            case events.CallAnswered(number=number):
                one.answered = number
            case events.CallOneWay(number=number, why=why):
                one.one_way = (number, why)
            case events.CallSounded(sound=sound):
                one.received[sound.leg] = sound.received
            case events.RecordingStarted(recording=recording, beside=False):
                one.recording = recording
            case events.RecordingFailed(why=why):
                one.recording_fault = why
            case events.RecordingFinished(recording=recording, complete=complete) if recording == one.recording:
                one.recorded = complete
                one.recording_fault = one.recording_fault or ("" if complete else "incomplete")
            case events.CallEnded(cause=cause, outcome=outcome):
                one.ended, one.outcome = cause, outcome
            case _:
                pass

    # ---- what is shown ---------------------------------------------------------------------------------------

    async def _as_shown(self, one: _Call) -> CallTry:
        for sound in self._board.sounding.now(one.call):
            one.received[sound.leg] = sound.received
        steps = (
            CallStep(step="arrived", state="good", values={"called": one.called, "trunk": one.trunk or ""}),
            self._greeted(one),
            self._queued(one),
            self._rang(one),
            self._answered(one),
            self._heard(one),
            self._recorded(one),
            await self._kept(one),
        )
        return CallTry(
            call=one.call,
            at=one.at,
            caller=one.caller,
            called=one.called,
            trunk=one.trunk,
            ended=one.ended is not None,
            steps=steps,
        )

    def _greeted(self, one: _Call) -> CallStep:
        if one.greeted:
            return _step("greeted", "good", flow=one.flow)
        if one.queue is not None:
            return _step("greeted", "skipped", "no_greeting", flow=one.flow)
        if one.ended is None:
            return _step("greeted", "waiting")
        if not one.flow:
            if one.ended.startswith("no flow "):
                return _step("greeted", "bad", "flow_missing", flow=one.ended.removeprefix("no flow "))
            if one.ended == "channels":
                return _step("greeted", "bad", "channels_full", trunk=one.trunk or "")
            return _step("greeted", "bad", "number_unknown", called=one.called)
        code: StepCode = "flow_failed" if one.ended == "flow failed" else "hung_up_early"
        return _step("greeted", "bad", code, flow=one.flow)

    def _queued(self, one: _Call) -> CallStep:
        if one.queue is not None:
            if one.reason == "closed":
                return _step("queued", "bad", "closed", queue=one.queue)
            return _step("queued", "good", queue=one.queue)
        if one.ended is None:
            return _step("queued", "waiting")
        return _step("queued", "bad", "not_queued" if one.flow else "not_reached", flow=one.flow)

    def _rang(self, one: _Call) -> CallStep:
        if one.rung:
            return _step("rang", "good", number=one.rung)
        if one.declined[1] == "unreachable":
            return _step("rang", "bad", "phone_unreachable", agent=one.declined[0])
        if one.queue is None:
            return _step("rang", "waiting" if one.ended is None else "bad", "" if one.ended is None else "not_reached")
        code, values = self._nobody(one.queue)
        if one.ended is None and one.reason == "":
            return CallStep(step="rang", state="waiting", code=code, values=values)
        return CallStep(step="rang", state="bad", code=code or "nobody_ready", values=values)

    def _nobody(self, queue: QueueName) -> tuple[StepCode, Mapping[str, str | int | float]]:
        """Why nobody of a queue is rung: who comes nearest to being ready."""
        settings = next((known for known in self._board.site.queues if known.name == queue), None)
        members = settings.members if settings is not None else ()
        if not members:
            return "no_members", {"queue": queue}
        views = [self._board.queueing.view(agent) for agent in members]
        signed_in = [view for view in views if view.state != "signed_out"]
        if not signed_in:
            return "not_signed_in", {"agents": ", ".join(members[:5]), "queue": queue}
        if all(not view.phone for view in signed_in):
            return "phone_away", {"number": signed_in[0].extension or "", "agent": signed_in[0].agent}
        if all(view.state == "break" for view in signed_in):
            return "on_break", {"agents": ", ".join(view.agent for view in signed_in[:5])}
        asked = any(view.state in ("ready", "offered") for view in signed_in)
        return ("", {}) if asked else ("nobody_ready", {"queue": queue})

    def _answered(self, one: _Call) -> CallStep:
        if one.answered:
            return _step("answered", "good", number=one.answered)
        if not one.rung:
            return _step(
                "answered", "waiting" if one.ended is None else "bad", "" if one.ended is None else "not_reached"
            )
        agent, why = one.declined
        codes: Mapping[str, StepCode] = {
            "no_answer": "not_picked_up",
            "busy": "phone_busy",
            "refused": "phone_refused",
            "unreachable": "phone_unreachable",
        }
        code = codes.get(why, "")
        if one.ended is None:
            return _step("answered", "waiting", code, agent=agent)
        return _step("answered", "bad", code or "not_picked_up", agent=agent)

    def _heard(self, one: _Call) -> CallStep:
        if not one.answered:
            return _step("heard", "waiting" if one.ended is None else "bad", "" if one.ended is None else "not_reached")
        number, why = one.one_way
        if why:
            code: StepCode = "only_silence" if why == "only silence" else "no_packets"
            return _step("heard", "bad", code, number=number)
        sides = [count for count in one.received.values() if count]
        if len(sides) >= 2 and min(sides) >= HEARD:
            return _step("heard", "good")
        if one.ended is None or len(one.received) < 2:
            return _step("heard", "waiting")
        return _step("heard", "bad", "no_packets", number="")

    def _recorded(self, one: _Call) -> CallStep:
        if one.recording_fault:
            return _step("recorded", "bad", "recording_failed", why=one.recording_fault)
        if one.recorded:
            return _step("recorded", "good")
        if not one.answered:
            waits = one.ended is None
            return _step("recorded", "waiting" if waits else "bad", "" if waits else "not_reached")
        if one.recording is None:
            return _step("recorded", "skipped", "recording_off", queue=one.queue or "")
        return _step("recorded", "waiting")

    async def _kept(self, one: _Call) -> CallStep:
        if one.ended is None:
            return _step("kept", "waiting")
        try:
            record = await self._board.store.calls.get(one.call)
        except NotFound:
            return _step("kept", "waiting")  # it is being written
        return _step("kept", "good" if record.ended_at is not None else "waiting", outcome=one.outcome)


def _step(step: StepName, state: StepState, code: StepCode = "", **values: str | int | float) -> CallStep:
    return CallStep(step=step, state=state, code=code, values=values)
