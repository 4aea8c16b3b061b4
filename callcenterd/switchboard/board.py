"""The switchboard: what the calls room tells is carried to the flow, the queue or the dialling it belongs to.

Order of a call here: `inbound` finds its flow, `flowcall` is the flow's hand on it, `queueing` and `outbound`
bring a person; joining, parting and ending are in this file, once for all ways that lead to them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from callcenterd.acd.router import Acd
from callcenterd.bus import Bus
from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.calls.control import Calls
from callcenterd.calls.listening import RefusalReason
from callcenterd.clock import Clock
from callcenterd.ivr.node import SHORTEST_MESSAGE
from callcenterd.ivr.shelf import Flows
from callcenterd.media import tones
from callcenterd.media.facts import RecordingClosed
from callcenterd.model import events
from callcenterd.model.calls import Side
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId, TrunkName
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.switchboard.desk import Desk
from callcenterd.switchboard.history import History
from callcenterd.switchboard.holding import Holding, agent_of
from callcenterd.switchboard.inbound import Inbound
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.live import Live
from callcenterd.switchboard.outbound import Outbound
from callcenterd.switchboard.queueing import Queueing
from callcenterd.switchboard.transfer import Transfers
from callcenterd.worker.prompts import Prompts

if TYPE_CHECKING:
    from callcenterd.switchboard.flowcall import LiveFlowCall

_log = structlog.get_logger(__name__)

SILENT_ON_DEAD_TRUNK = 30.0
SILENT_BOTH = 60.0
CLOSE_SECONDS = 5.0
"""How long the end waits for recordings that are being closed."""


class Switchboard:
    """Implements `calls.listening.CallListener`; holds every live call's journey."""

    def __init__(
        self,
        *,
        clock: Clock,
        chance: random.Random,
        bus: Bus,
        store: Store,
        calls: Calls,
        flows: Flows,
        prompts: Prompts,
        recordings: Path,
        language: str,
        region: str,
        zone: tzinfo,
    ) -> None:
        self.clock = clock
        self.bus = bus
        self.store = store
        self.calls = calls
        self.flows = flows
        self.prompts = prompts
        self.language = language
        self.region = region
        self.site = Site()
        self.draining = False
        self._recordings = recordings
        self.journeys: dict[CallId, Journey] = {}
        self.in_flow: dict[CallId, LiveFlowCall] = {}
        self._of_recording: dict[RecordingId, CallId] = {}
        self._occupied: dict[CallId, AgentId] = {}
        self._in_direct_call: dict[CallId, AgentId] = {}
        self._recording_closed = asyncio.Event()
        self.queueing = Queueing(
            acd=Acd(chance=chance), calls=calls, bus=bus, clock=clock, joined=self._joined_from_queue
        )
        self.outbound = Outbound(
            calls=calls,
            bus=bus,
            clock=clock,
            joined=self.join,
            parted=lambda journey, why: self.part(journey, "system", why),
            ringback=tones.ringback(),
            region=region,
            zone=zone,
        )
        self.inbound = Inbound(self)
        self.holding = Holding(self)
        self.transfers = Transfers(self)
        self.history = History(store, bus, clock, live=self.journeys.keys)
        self.desk = Desk(self)
        self.live = Live(self)
        calls.listener = self

    def configure(self, site: Site) -> None:
        """Another site is in force; running calls keep what they began with."""
        self.site = site
        self.queueing.configure(site)
        self.outbound.configure(site)

    async def stop(self) -> None:
        """End what is left, and let the history be written."""
        for journey in list(self.journeys.values()):
            self.finish(journey, "system", "shutdown")
        await self.inbound.stop()
        await self.transfers.stop()
        await self.holding.stop()
        self.queueing.stop()
        await self._recordings_are_closed()
        await self.history.stop()

    async def _recordings_are_closed(self) -> None:
        """The media room closes them on its own thread; what it tells about them belongs into the history."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._of_recording:
                    self._recording_closed.clear()
                    await self._recording_closed.wait()
        except TimeoutError:
            _log.error("recordings not closed", recordings=sorted(self._of_recording))

    # ---- CallListener -----------------------------------------------------------------------------------

    def arrived(self, call: Call) -> None:
        if self.draining:
            self.calls.refuse(call.first, 503)
            return
        self.inbound.find_direction(call)
        self.begin(call)
        self.inbound.arrived(self.journeys[call.id])

    def ringing(self, leg: Leg, early: bool) -> None:
        if self.queueing.rings_for_queue(leg):
            self.queueing.ringing(leg)
            self.desk.pop_for(leg)
        elif self.outbound.knows(leg):
            self.outbound.ringing(leg, early)
            if self.transfers.rings(leg):
                self.desk.pop_for(leg)

    def answered(self, leg: Leg) -> None:
        if self.queueing.rings_for_queue(leg):
            self.desk.pop_for(leg)  # a phone that answers without ringing first
            self.queueing.answered(leg)
        elif self.outbound.knows(leg):
            self.outbound.answered(leg)
        else:
            self.calls.hang_up(leg)

    def refused(self, leg: Leg, why: RefusalReason, status: int) -> None:
        _log.info("not reached", call=leg.call.id, number=leg.number, why=why, status=status)
        if self.queueing.rings_for_queue(leg):
            self.queueing.refused(leg, why)
        elif self.outbound.knows(leg):
            self.outbound.refused(leg, why, status)

    def gone(self, leg: Leg, reason: str) -> None:
        journey = self.journeys.get(leg.call.id)
        if journey is None or self.transfers.has_left(leg):
            return
        if leg is leg.call.first:
            self.finish(journey, "caller", reason)
        elif leg is journey.with_person:
            served = journey.queue is not None and agent_of(self, leg) is not None  # also: transferred to
            self.part(journey, "agent" if served or journey.with_agent is not None else "callee", reason)

    def held(self, leg: Leg) -> None:
        self.holding.changed(leg)

    def referred(self, leg: Leg, number: str, replaced: Leg | None) -> None:
        self.transfers.asked(leg, number, replaced)

    def taken_over(self, old: Leg, new: Leg) -> None:
        self.transfers.taken_over(old, new)

    def silent(self, leg: Leg, seconds: float) -> None:
        """A call that nobody is in any more ends, though nobody hung up: over a trunk that is down as soon as nothing
        comes from there, else when neither side is heard. A side alone may be silent: it listens."""
        journey = self.journeys.get(leg.call.id)
        if journey is None or leg.state is not LegState.UP:
            return
        if seconds >= SILENT_ON_DEAD_TRUNK and leg.trunk is not None and self.outbound.is_down(leg.trunk):
            why = "trunk down"
        elif min(seconds, self._heard_nothing_beside(leg)) >= SILENT_BOTH:
            why = "nothing heard"
        else:
            return
        _log.warning("call ended", call=leg.call.id, why=why, trunk=leg.trunk, seconds=seconds)
        self.finish(journey, "system", why)

    def _heard_nothing_beside(self, leg: Leg) -> float:
        """Seconds of silence of who speaks with that leg; 0 if nobody does."""
        return 0.0 if leg.joined is None else self.calls.silent_for(leg.joined)

    def key(self, leg: Leg, key: str) -> None:
        if leg is leg.call.first and (flow := self.in_flow.get(leg.call.id)) is not None:
            flow.key(key)

    def played(self, leg: Leg, play: int, finished: bool) -> None:  # noqa: ARG002  # over is over
        if (flow := self.in_flow.get(leg.call.id)) is not None and leg is leg.call.first:
            flow.played(play)

    def recorded(self, closed: RecordingClosed) -> None:
        call = self._of_recording.pop(closed.recording, None)
        self._recording_closed.set()
        if call is None:
            return
        if not closed.complete:
            _log.error("recording is not complete", call=call, recording=closed.recording)
        self.bus.publish(
            events.RecordingFinished(
                at=self.clock.utc(),
                recording=closed.recording,
                call=call,
                seconds=closed.seconds,
                octets=closed.octets,
                sha256=closed.sha256,
                complete=closed.complete,
            )
        )

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        if self.queueing.is_reachable(extension) != reachable:
            self.bus.publish(events.PhoneChanged(at=self.clock.utc(), extension=extension, reachable=reachable))
        self.queueing.phone(extension, reachable)

    def trunk(self, trunk: TrunkName, state: str, why: str) -> None:
        self.outbound.trunk_seen(trunk, state)
        self.bus.publish(events.TrunkChanged(at=self.clock.utc(), trunk=trunk, state=state, why=why))

    # ---- joining, parting, ending -----------------------------------------------------------------------

    def begin(self, call: Call) -> Journey:
        now = self.clock.utc()
        journey = Journey(call=call, began_at=now, state_at=now)
        self.journeys[call.id] = journey
        self.bus.publish(
            events.CallStarted(
                at=now,
                call=call.id,
                direction=call.direction,
                caller=call.caller,
                caller_name=call.caller_name,
                called=call.called,
                trunk=call.trunk,
                extension=call.extension,
                diverted_from=call.diverted_from,
            )
        )
        return journey

    def occupy(self, journey: Journey, agent: AgentId) -> None:
        """The agent is busy with this call although no queue gave it."""
        self._occupied[journey.call.id] = agent
        journey.agent = agent
        self.queueing.occupied(agent, journey.call.id)

    def takes_part(self, journey: Journey, agent: AgentId, *, dialled: bool) -> None:
        """The call was handed on to this agent. dialled: in the place of who dialled it."""
        (self._occupied if dialled else self._in_direct_call)[journey.call.id] = agent
        journey.agent = agent
        self.queueing.occupied(agent, journey.call.id)

    def takes_no_part(self, journey: Journey, agent: AgentId) -> None:
        """The agent has handed the call on: who got it from a queue wraps up. Twice is as once."""
        if journey.with_agent == agent:
            journey.with_agent = None
            self.queueing.handed_on(agent)
        for busy in (self._occupied, self._in_direct_call):
            if busy.get(journey.call.id) == agent:
                del busy[journey.call.id]
                self.queueing.free(agent, journey.call.id)

    def _called(self, journey: Journey, leg: Leg) -> AgentId | None:
        """The agent whose extension was dialled is in a call now, and gets none from a queue."""
        if not any(extension.number == leg.number for extension in self.site.extensions):
            return None
        agent = self.queueing.agent_at(leg.number)
        if agent is not None:
            self._in_direct_call[journey.call.id] = agent
            self.queueing.occupied(agent, journey.call.id)
        return agent

    def _joined_from_queue(self, journey: Journey, leg: Leg, agent: AgentId) -> None:
        settings = next((queue for queue in self.site.queues if queue.name == journey.queue), None)
        self.join(journey, leg, agent, settings is None or settings.record)
        journey.with_agent = agent

    def join(self, journey: Journey, leg: Leg, agent: AgentId | None, record: bool) -> None:
        """Caller and person hear each other from now on; the wait is over. agent: None if no queue gave one."""
        first, queue = journey.call.first, journey.queue if agent is not None else None
        if agent is None:
            called = self._called(journey, leg)
            agent = self._occupied.get(journey.call.id, called)
        if first.state is LegState.ARRIVING:
            self.calls.answer(first)
        if first.joined is not leg:
            self.calls.join(first, leg)
        waited = journey.join(leg, agent, self.clock.monotonic())
        journey.state_at = now = self.clock.utc()
        self.bus.publish(
            events.CallAnswered(
                at=now,
                call=journey.call.id,
                agent=agent,
                number=leg.number,
                queue=queue,
                wait_seconds=waited,
            )
        )
        if record:
            self._record(journey, leg)

    def begin_message(self, journey: Journey, queue: QueueName) -> None:
        """From now on what the caller says is a message for the people of the queue."""
        journey.message = (self._record(journey, None), queue, self.clock.monotonic())

    def end_message(self, journey: Journey) -> float:
        """Answers its seconds; one that is too short to be a message is not told."""
        if journey.message is None:
            return 0.0
        recording, queue, since = journey.message
        journey.message = journey.recording = None
        self.calls.stop_recording(recording)
        seconds = self.clock.monotonic() - since
        if seconds >= SHORTEST_MESSAGE:
            journey.left = "voicemail"
            self.bus.publish(
                events.VoicemailLeft(
                    at=self.clock.utc(),
                    call=journey.call.id,
                    queue=queue,
                    recording=recording,
                    caller=journey.call.caller,
                    seconds=round(seconds, 1),
                )
            )
        return seconds

    def _record(self, journey: Journey, leg: Leg | None) -> RecordingId:
        """leg: the other side; None: only the caller speaks."""
        journey.recordings += 1
        name = RecordingId(f"{journey.call.id}-{journey.recordings}")
        relative = f"{journey.began_at:%Y/%m/%d}/{name}.wav"
        journey.recording = name
        self._of_recording[name] = journey.call.id
        self.calls.record(name, self._recordings / relative, journey.call.first, leg)
        self.bus.publish(
            events.RecordingStarted(at=self.clock.utc(), recording=name, call=journey.call.id, path=relative)
        )
        return name

    def part(self, journey: Journey, by: Side, reason: str) -> None:
        """The person is gone, the caller is not: the flow goes on, or ends the call."""
        leg, agent = journey.with_person, journey.with_agent
        self.transfers.over(journey)
        self._conversation_over(journey)
        if leg is not None and leg.alive:
            self.calls.hang_up(leg)
        if leg is not None and leg.holds:
            self.calls.stop_play(journey.call.first)
        journey.state, journey.state_at = "flow", self.clock.utc()
        journey.ending = (by, reason)
        if agent is not None:
            self.queueing.handed_on(agent)
        self.queueing.served(journey)
        self.outbound.conversation_over(journey)

    def leave_person(self, journey: Journey) -> None:
        """The conversation is over for both; the call goes on in a flow."""
        self.transfers.over(journey)
        if journey.with_agent is not None:  # who called has handed on the agent
            self.takes_no_part(journey, journey.with_agent)
        self._conversation_over(journey)
        journey.state, journey.state_at = "flow", self.clock.utc()
        self.queueing.leave(journey)

    def _conversation_over(self, journey: Journey) -> None:
        if journey.joined_at is None:
            return
        if journey.recording is not None:
            self.calls.stop_recording(journey.recording)
            journey.recording = None
        if journey.with_person is not None:
            self.calls.part(journey.with_person)
        if (called := self._in_direct_call.pop(journey.call.id, None)) is not None:
            self.queueing.free(called, journey.call.id)
        journey.part(self.clock.monotonic())

    def finish(self, journey: Journey, by: Side, reason: str) -> None:
        """The call is over: every leg, the flow, the place in the queue, the recording. Told once."""
        if journey.ended:
            return
        journey.ended = True
        call = journey.call
        if by == "system" and journey.ending is not None:
            by, reason = journey.ending
        self.end_message(journey)
        self.transfers.over(journey)
        talked_to = journey.with_agent
        outcome = journey.outcome(by)
        self._conversation_over(journey)
        if journey.task is not None:
            journey.task.cancel()
        self.in_flow.pop(call.id, None)
        self.queueing.leave(journey, "abandoned" if by == "caller" else "left")
        self.calls.end(call)
        self.outbound.conversation_over(journey)
        if talked_to is not None:
            self.queueing.conversation_over(journey, talked_to)
        if (occupied := self._occupied.pop(call.id, None)) is not None:
            self.queueing.free(occupied, call.id)
        del self.journeys[call.id]
        self.bus.publish(
            events.CallEnded(
                at=self.clock.utc(),
                call=call.id,
                outcome=outcome,
                ended_by=by,
                cause=reason,
                agent=journey.agent,
                queue=journey.queue,
                wait_seconds=journey.total_wait(self.clock.monotonic()),
                talk_seconds=journey.talked,
            )
        )

    def counters(self) -> Mapping[str, float]:
        """For /metrics; the daemon adds those of the lower rooms."""
        states = [journey.state for journey in self.journeys.values()]
        return {
            "calls_live": len(states),
            "calls_waiting": states.count("waiting") + states.count("ringing"),
            "calls_talking": states.count("talking") + states.count("held"),
            "history_backlog": self.history.backlog(),
            "history_failed_total": self.history.failed,
        }
