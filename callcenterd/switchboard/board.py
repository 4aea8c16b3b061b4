"""The switchboard: what the calls room tells is carried to the flow, the queue or the dialling it belongs to.

Order of a call here: `inbound` finds its flow, `flowcall` is the flow's hand on it, `queueing` and `outbound`
bring a person; joining, parting and ending are in this file, once for all ways that lead to them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from callcenterd.acd.router import Acd
from callcenterd.bus import Bus
from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.calls.control import Calls
from callcenterd.calls.listening import RefusalReason
from callcenterd.clock import Clock
from callcenterd.errors import NotFound
from callcenterd.ivr import engine
from callcenterd.ivr.shelf import Flows
from callcenterd.media import tones
from callcenterd.media.facts import LegStatistics, OneWay, RecordingClosed, RecordingFailed
from callcenterd.media.machine import Verdict
from callcenterd.model import events
from callcenterd.model.calls import Side
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, LegId, RecordingId, TrunkName
from callcenterd.model.site import Site
from callcenterd.sip.events import NOT_THERE
from callcenterd.store.database import Store
from callcenterd.store.inquiries import Databases
from callcenterd.switchboard import conferences, liveness, parking
from callcenterd.switchboard.after_call import AfterCall
from callcenterd.switchboard.answering import Answering
from callcenterd.switchboard.appointments import AppointmentsByCall
from callcenterd.switchboard.breaks import Breaks
from callcenterd.switchboard.business import Business
from callcenterd.switchboard.callbacks import Callbacks
from callcenterd.switchboard.campaigns import Campaigns
from callcenterd.switchboard.cards import CardDesk
from callcenterd.switchboard.conferences import Conferences
from callcenterd.switchboard.consulting import Consulting
from callcenterd.switchboard.coverage import Coverage
from callcenterd.switchboard.desk import Desk
from callcenterd.switchboard.dialout import DialOut
from callcenterd.switchboard.feature_codes import CallForHelp, FeatureCodes, Proof
from callcenterd.switchboard.flowcounts import FlowCounts
from callcenterd.switchboard.forwarding import ForwardingDesk
from callcenterd.switchboard.history import History
from callcenterd.switchboard.holding import Holding, agent_of
from callcenterd.switchboard.inbound import Inbound
from callcenterd.switchboard.journey import Journey
from callcenterd.switchboard.lines import Lines
from callcenterd.switchboard.live import Live
from callcenterd.switchboard.liveness import Liveness
from callcenterd.switchboard.lockout import Lockout
from callcenterd.switchboard.monitoring import Monitoring
from callcenterd.switchboard.moving import Moving
from callcenterd.switchboard.notices import Notices
from callcenterd.switchboard.opening import Opening
from callcenterd.switchboard.outbound import Outbound
from callcenterd.switchboard.parking import Parking
from callcenterd.switchboard.pausing import FORGOTTEN_SECONDS, Pausing
from callcenterd.switchboard.pickup import Pickup
from callcenterd.switchboard.queueing import Queueing
from callcenterd.switchboard.recorder import Recorder
from callcenterd.switchboard.rehearsal import Rehearsals
from callcenterd.switchboard.replaying import Replays
from callcenterd.switchboard.seating import Seating
from callcenterd.switchboard.sounding import Sounding
from callcenterd.switchboard.testcalls import TestCalls
from callcenterd.switchboard.today import Today
from callcenterd.switchboard.transfer import Transfers
from callcenterd.switchboard.tries import CallTries
from callcenterd.switchboard.voicemail import VoicemailDesk
from callcenterd.switchboard.waiting import Waiting
from callcenterd.worker.passwords import Passwords
from callcenterd.worker.prompts import Prompts

if TYPE_CHECKING:
    from callcenterd.switchboard.flowcall import LiveFlowCall

_log = structlog.get_logger(__name__)

SHUTDOWN = "shutdown"
CLOSE_SECONDS = 5.0
"""How long the end waits for recordings that are being closed."""


class Switchboard:
    """Implements `calls.listening.CallListener`; holds every live call's journey."""

    def __init__(  # noqa: PLR0915  # one line for each part of the switchboard
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
        pause_forgotten_seconds: float = FORGOTTEN_SECONDS,
        recording_ending: str = ".wav",
        voice_of: Callable[[Path], Awaitable[NDArray[np.int16]]] | None = None,
        silent_seconds: float = liveness.TALKING_SECONDS,
        silent_held_seconds: float = liveness.HELD_SECONDS,
        park_seconds: float = parking.SECONDS,
        park_slots: int = parking.SLOTS,
        conference_most: int = conferences.MOST,
        proof: Proof | None = None,
        business: Business | None = None,
        databases: Databases | None = None,
        flow_seconds: float = engine.LONGEST,
    ) -> None:
        self.clock = clock
        self.bus = bus
        self.store = store
        self.calls = calls
        self.flows = flows
        self.prompts = prompts
        self.language = language
        self.region = region
        self.flow_seconds = flow_seconds
        self.site = Site()
        self.draining = False
        self.page_of: Callable[[str], ExtensionNumber | None] = lambda _login: None
        """What rings the page that is a user's phone; None: none is. Set by `pagephones`."""
        self._recordings = recordings
        self._recording_ending = recording_ending
        self._voice_of = voice_of
        self.journeys: dict[CallId, Journey] = {}
        self.in_flow: dict[CallId, LiveFlowCall] = {}
        self._of_recording: dict[RecordingId, CallId] = {}
        self._occupied: dict[CallId, AgentId] = {}
        self._in_direct_call: dict[CallId, AgentId] = {}
        self._media_told = asyncio.Event()
        self._one_way_calls = self.recordings_failed = 0
        self.queueing = Queueing(
            acd=Acd(chance=chance), calls=calls, bus=bus, clock=clock, joined=self._joined_from_queue
        )
        self.waiting = Waiting(self, bus)
        self.outbound = Outbound(
            calls=calls,
            bus=bus,
            clock=clock,
            joined=self.join,
            parted=self._too_long,
            ringback=tones.cadence("ringback", region),
            region=region,
            zone=zone,
        )
        self.business = business or Business()
        self.databases = databases or Databases()
        self.inbound = Inbound(self)
        self.holding = Holding(self)
        self.transfers = Transfers(self)
        self.consulting = Consulting(self)
        self.coverage = Coverage(bus, clock)
        self.pausing = Pausing(self, pause_forgotten_seconds)
        self.monitoring = Monitoring(self)
        self.moving = Moving(self)
        self.conferences = Conferences(self, conference_most)
        self.parking = Parking(self, park_seconds, park_slots)
        self.notices = Notices(self)
        self.lockout = Lockout()
        self.seating = Seating(self)
        self.breaks = Breaks(self, zone)
        self.opening = Opening(self, zone)
        self.flow_counts = FlowCounts(clock, zone)
        self.today = Today(bus, clock, zone)
        self.forwarding = ForwardingDesk(self)
        self.after_call = AfterCall(self)
        proof = proof or Passwords()
        self.feature_codes = FeatureCodes(self, proof)
        self.cards = CardDesk(self, proof, zone)
        self.appointments: AppointmentsByCall | None = None
        self.call_for_help: CallForHelp | None = None
        self.voicemail = VoicemailDesk(self)
        self.liveness = Liveness(self, silent_seconds, silent_held_seconds)
        self.sounding = Sounding(self)
        self.answering = Answering(self)
        self.history = History(store, bus, clock, live=self.journeys.keys, agent_at=self.queueing.agent_at)
        self.desk = Desk(self)
        self.dial_out = DialOut(self)
        self.pickup = Pickup(self)
        self.recorder = Recorder(self)
        self.rehearsals = Rehearsals(self)
        self.replays = Replays(self)
        self.test_calls = TestCalls(self)
        self.tries = CallTries(self)
        self.callbacks = Callbacks(self)
        self.campaigns = Campaigns(self, zone)
        self.lines = Lines(self)
        self.live = Live(self)
        calls.listener = self

    def configure(self, site: Site) -> None:
        """Another site is in force; running calls keep what they began with."""
        self.site = site
        self.calls.configure(site)
        self.queueing.configure(site)
        self.opening.configure(site)
        self.outbound.configure(site)
        self.monitoring.site_changed()

    def drain(self) -> None:
        """No new calls; who waits for a next one to listen to waits no more."""
        self.draining = True
        self.monitoring.drain()

    async def stop(self) -> None:
        """End what is left, and let the history be written."""
        self.draining = True
        self.liveness.stop()
        self.monitoring.stop()
        self.pickup.stop()
        await self.callbacks.stop()
        await self.campaigns.stop()
        for journey in list(self.journeys.values()):
            self.finish(journey, "system", SHUTDOWN)
        await self.inbound.stop()
        await self.business.stop()
        await self.databases.stop()
        await self.transfers.stop()
        await self.consulting.stop()
        await self.holding.stop()
        await self.conferences.stop()
        await self.parking.stop()
        await self.notices.stop()
        await self.breaks.stop()
        await self.feature_codes.stop()
        await self.recorder.stop()
        await self.rehearsals.stop()
        await self.replays.stop()
        await self.test_calls.stop()
        await self.voicemail.stop()
        self.after_call.stop()
        self.opening.stop()
        self.queueing.stop()
        self.today.stop()
        await self._media_has_told()
        await self.history.stop()

    async def _media_has_told(self) -> None:
        """Recordings and legs are closed on the media room's thread; what it tells of them belongs in the history."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._of_recording or self.calls.fading:
                    self._media_told.clear()
                    await self._media_told.wait()
        except TimeoutError:
            _log.error("recordings not closed", recordings=sorted(self._of_recording), legs=self.calls.fading)

    def measured(self, leg: Leg, sound: LegStatistics) -> None:
        self._media_told.set()
        self.sounding.ended(leg, sound)
        self.test_calls.measured(leg, sound)

    # ---- CallListener -----------------------------------------------------------------------------------

    def arrived(self, call: Call) -> None:
        if self.draining:
            self.calls.refuse(call.first, 503)
            return
        if self.parking.dialled(call) or self.pickup.dialled(call) or self.feature_codes.dialled(call):
            return
        self.inbound.find_direction(call)
        self.begin(call)
        self.inbound.arrived(self.journeys[call.id])

    def ringing(self, leg: Leg, early: bool) -> None:
        if self.queueing.rings_for_queue(leg):
            self.queueing.ringing(leg)
            self.desk.pop_for(leg)
        elif self.dial_out.knows(leg):
            self.dial_out.ringing(leg)
        elif self.test_calls.knows(leg):
            self.test_calls.ringing()
        elif self.outbound.knows(leg):
            self.outbound.ringing(leg, early)
            self.consulting.rings(leg, early)
            if self.transfers.rings(leg) or self.outbound.rings_beside(leg):
                self.desk.pop_for(leg)

    def answered(self, leg: Leg) -> None:
        if self.queueing.rings_for_queue(leg):
            self.desk.pop_for(leg)  # a phone that answers without ringing first
            self.queueing.answered(leg)
        elif self.dial_out.knows(leg):
            self.dial_out.answered(leg)
        elif self.pickup.knows(leg):
            self.pickup.answered(leg)
        elif self.outbound.knows(leg):
            self.outbound.answered(leg)
        elif self.monitoring.knows(leg):
            self.monitoring.answered(leg)
        elif self.recorder.knows(leg):
            self.recorder.answered(leg)
        elif self.rehearsals.knows(leg):
            self.rehearsals.answered(leg)
        elif self.replays.knows(leg):
            self.replays.answered(leg)
        elif self.test_calls.knows(leg):
            self.test_calls.answered()
        else:
            self.calls.hang_up(leg)

    def refused(self, leg: Leg, why: RefusalReason, status: int) -> None:
        _log.info("not reached", call=leg.call.id, number=leg.number, why=why, status=status)
        if self.queueing.rings_for_queue(leg):
            self.queueing.refused(leg, why)
        elif self.dial_out.knows(leg):
            self.dial_out.refused(leg, why)
        elif self.pickup.knows(leg):
            self.pickup.refused(leg)
        elif self.outbound.knows(leg):
            self.outbound.refused(leg, why, status)
        elif self.monitoring.knows(leg):
            self.monitoring.refused(leg)
        elif self.recorder.knows(leg):
            self.recorder.refused(leg)
        elif self.rehearsals.knows(leg):
            self.rehearsals.gone(leg)
        elif self.replays.knows(leg):
            self.replays.gone(leg)
        elif self.test_calls.knows(leg):
            self.test_calls.refused(leg)

    def gone(self, leg: Leg, reason: str) -> None:
        if self.monitoring.knows(leg):
            self.monitoring.gone(leg)
            return
        if (
            self.feature_codes.gone(leg)
            or self.recorder.gone(leg)
            or self.rehearsals.gone(leg)
            or self.replays.gone(leg)
        ):
            return
        if self.test_calls.knows(leg):
            self.test_calls.gone()
            return
        journey = self.journeys.get(leg.call.id)
        if journey is None or self.transfers.has_left(leg):
            return
        if reason == NOT_THERE:
            self.liveness.not_there(journey, leg)
            return
        if self.consulting.lost(journey, leg) or self.conferences.lost(journey, leg):
            return
        if leg is leg.call.first:
            self.finish(journey, "caller", reason)
        elif leg is journey.with_person:
            served = journey.queue is not None and agent_of(self, leg) is not None  # also: transferred to
            self.part(journey, "agent" if served or journey.with_agent is not None else "callee", reason)

    def held(self, leg: Leg) -> None:
        self.liveness.held(leg)
        self.holding.changed(leg)

    def referred(self, leg: Leg, number: str, replaced: Leg | None) -> None:
        self.transfers.asked(leg, number, replaced)

    def taken_over(self, old: Leg, new: Leg) -> None:
        self.transfers.taken_over(old, new)

    def silent(self, leg: Leg, seconds: float) -> None:
        self.liveness.silent(leg, seconds)

    def one_way(self, leg: Leg, why: OneWay) -> None:
        """Who is supposed to see to it is told once a call and side: the event, the live pages, the figures."""
        journey = self.journeys.get(leg.call.id)
        if journey is None or leg.id in journey.one_way:
            return
        _log.warning("one-way audio", call=leg.call.id, number=leg.number, trunk=leg.trunk, why=why)
        self._one_way_calls += not journey.one_way
        journey.one_way[leg.id] = leg.number
        self.bus.publish(
            events.CallOneWay(
                at=self.clock.utc(),
                call=leg.call.id,
                agent=agent_of(self, leg),
                number=leg.number,
                trunk=leg.trunk,
                why=why,
            )
        )

    def judged(self, leg: LegId, verdict: Verdict) -> None:
        self.answering.judged(leg, verdict)

    def key(self, leg: Leg, key: str) -> None:
        if self.monitoring.knows(leg):
            self.monitoring.key(leg, key)
        self.replays.key(leg, key)
        if leg is leg.call.first and (flow := self.in_flow.get(leg.call.id)) is not None:
            flow.key(key)

    def played(self, leg: Leg, play: int, finished: bool) -> None:  # noqa: ARG002  # over is over
        self.monitoring.played(leg, play)
        self.replays.played(leg, play)
        if (flow := self.in_flow.get(leg.call.id)) is not None and leg is leg.call.first:
            flow.played(play)

    def recorded(self, closed: RecordingClosed) -> None:
        call = self._of_recording.pop(closed.recording, None)
        self._media_told.set()
        if call is None:
            self.recorder.recorded(closed)
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

    def recording_failed(self, failed: RecordingFailed) -> None:
        """The call goes on; who looks after the server is told, by the event, the log and the counter."""
        call = self._of_recording.get(failed.recording)
        if call is None:
            return
        self.recordings_failed += 1
        _log.error("recording cannot be written", call=call, recording=failed.recording, why=failed.why)
        self.bus.publish(
            events.RecordingFailed(at=self.clock.utc(), recording=failed.recording, call=call, why=failed.why)
        )

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        if self.queueing.is_reachable(extension) != reachable:
            self.bus.publish(events.PhoneChanged(at=self.clock.utc(), extension=extension, reachable=reachable))
        self.queueing.phone(extension, reachable)
        self.liveness.phone(extension, reachable)

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

    def called_is_first(self, journey: Journey) -> None:
        """Who dialled has left a conversation of several: who was called has that place now."""
        if (called := self._in_direct_call.pop(journey.call.id, None)) is not None:
            self._occupied[journey.call.id] = called

    def is_in(self, journey: Journey, agent: AgentId, *, beside: Leg | None) -> bool:
        """Is a phone of the agent in the call, with another leg than that one? It may be on both sides of it."""
        legs = (leg for leg in journey.call.legs if leg is not beside and leg.state in (LegState.UP, LegState.ARRIVING))
        return any(agent_of(self, leg) == agent for leg in legs)

    def takes_no_part(self, journey: Journey, agent: AgentId, leg: Leg | None) -> None:
        """The agent has handed the call on with that leg: who got it from a queue wraps up. Twice is as once."""
        if journey.with_agent == agent:
            journey.with_agent = None
            self.queueing.handed_on(agent)
        self.leaves(journey, agent, leg)

    def leaves(self, journey: Journey, agent: AgentId, leg: Leg | None) -> None:
        """The agent is out of the call with that leg, and free: unless another leg of theirs is in it for a cause that
        will free them."""
        call, direct = journey.call.id, (self._occupied, self._in_direct_call)
        causes = {busy.get(call) for busy in direct} | self.conferences.agents_added(journey)
        if journey.consult is not None:
            causes.add(journey.consult.agent)
        if agent in causes and self.is_in(journey, agent, beside=leg):
            return
        for busy in direct:
            if busy.get(call) == agent:
                del busy[call]
        self.queueing.free(agent, call)

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
        if self.callbacks.agent_took(journey, leg, agent):
            return
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
        if self._to_be_recorded(agent, record):
            self.record(journey, leg)
            self.notices.begun(journey)
        self.monitoring.joined(journey)

    def _to_be_recorded(self, agent: AgentId | None, record: bool) -> bool:
        """As the queue or flow says, unless something else is said of the agent (REC-03)."""
        user = next((user for user in self.site.users if user.login == agent), None)
        return record if user is None or user.record == "queue" else user.record == "always"

    def record(self, journey: Journey, leg: Leg | None) -> RecordingId:
        """leg: the other side; None: only the caller speaks."""
        journey.recordings += 1
        name = RecordingId(f"{journey.call.id}-{journey.recordings}")
        path = self.recording_path(journey, name)
        journey.recording = name
        self._of_recording[name] = journey.call.id
        self.calls.record(name, path, journey.call.first, leg)
        relative = str(path.relative_to(self._recordings))
        self.bus.publish(
            events.RecordingStarted(at=self.clock.utc(), recording=name, call=journey.call.id, path=relative)
        )
        return name

    def recording_path(self, journey: Journey, recording: RecordingId) -> Path:
        """Where a recording of a live call is, once it is closed."""
        return self._recordings / f"{journey.began_at:%Y/%m/%d}" / f"{recording}{self._recording_ending}"

    async def voice_of(self, path: Path) -> NDArray[np.int16]:
        """The caller's side of a whole recording. Raises CallcenterdError."""
        if self._voice_of is None:
            raise NotFound("recording", path.name)
        return await self._voice_of(path)

    def record_beside(self, call: CallId, leg: Leg) -> RecordingId:
        """What is said on `leg` is kept with a call that it is no part of (a note)."""
        now = self.clock.utc()
        name = RecordingId(f"{call}-note-{now:%H%M%S%f}")
        relative = f"{now:%Y/%m/%d}/{name}{self._recording_ending}"
        self._of_recording[name] = call
        self.calls.record(name, self._recordings / relative, leg, None)
        self.bus.publish(events.RecordingStarted(at=now, recording=name, call=call, path=relative, beside=True))
        return name

    def record_sides(self, journey: Journey) -> None:
        """Left stays who called, right is everybody else who speaks: also a supervisor who has barged in."""
        if journey.recording is None or journey.joined_at is None:
            return
        first = journey.call.first
        room = self.calls.room_of(first)
        if room is not None:
            talk = [leg for leg in self.calls.members(room) if room.parts[leg.id].role == "talk" and leg is not first]
            self.calls.record_others(journey.recording, talk)

    def stop_recording(self, journey: Journey) -> None:
        """What was recorded until now is kept. Nothing, if it is not recorded."""
        if journey.recording is not None:
            self.pausing.recording_ends(journey)
            self.notices.over(journey)
            self.coverage.stopped(journey.recording)
            self.calls.stop_recording(journey.recording)
            journey.recording = None

    def _too_long(self, journey: Journey, leg: Leg, why: str) -> None:
        """A limit ends the conversation with that leg; of several who speak, only theirs."""
        self.calls.hang_up(leg)
        if not self.consulting.lost(journey, leg) and not self.conferences.lost(journey, leg):
            self.part(journey, "system", why)

    def part(self, journey: Journey, by: Side, reason: str) -> None:
        """The person is gone, the caller is not: the flow goes on, or ends the call."""
        leg, agent = journey.with_person, journey.with_agent
        held = leg is not None and leg.holding
        self.transfers.over(journey)
        self._conversation_over(journey, leg)
        if leg is not None and leg.alive:
            self.calls.hang_up(leg)
        if held:
            self.calls.stop_play(journey.call.first)
        journey.state, journey.state_at = "flow", self.clock.utc()
        journey.ending = (by, reason)
        if agent is not None:
            self.queueing.handed_on(agent)
        self.queueing.served(journey)
        self.outbound.conversation_over(journey)
        self.parking.parted(journey)

    def leave_flow(self, journey: Journey) -> None:
        """No flow goes on with the call any more."""
        if self.in_flow.pop(journey.call.id, None) is not None and journey.task is not None:
            journey.task.cancel()
            journey.task = None

    def leave_person(self, journey: Journey, leg: Leg) -> None:
        """The conversation is over for both; with whom `leg` spoke goes on in a flow, and is as busy as before."""
        self.transfers.over(journey)
        if journey.with_agent is not None:  # who called has handed on the agent
            agent, journey.with_agent = journey.with_agent, None
            self.occupy(journey, agent)
            self.queueing.handed_on(agent)
        self._conversation_over(journey, leg)
        journey.state, journey.state_at = "flow", self.clock.utc()
        self.queueing.leave(journey)

    def _conversation_over(self, journey: Journey, leaves: Leg | None) -> None:
        """leaves: the leg that goes; None: all of them."""
        if journey.joined_at is None:
            return
        self.stop_recording(journey)
        self.monitoring.over(journey)
        self.holding.over(journey)
        self.conferences.over(journey)
        if journey.with_person is not None:
            self.calls.part(journey.with_person)
        if (called := self._in_direct_call.pop(journey.call.id, None)) is not None:
            if leaves is not None and self.is_in(journey, called, beside=leaves):
                self._occupied.setdefault(journey.call.id, called)
            if self._occupied.get(journey.call.id) != called:
                self.queueing.free(called, journey.call.id)
        journey.part(self.clock.monotonic())

    def finish(self, journey: Journey, by: Side, reason: str, *, deserted: bool = False) -> None:
        """The call is over: every leg, the flow, the place in the queue, the recording. Told once.

        deserted: nobody is on the caller's line any more, so that who waited has abandoned, though we hang up.
        """
        if journey.ended:
            return
        journey.ended = True
        call = journey.call
        if by == "system" and journey.ending is not None:
            by, reason = journey.ending
        self.voicemail.end(journey)
        self.transfers.over(journey)
        talked_to = journey.with_agent
        deserted = deserted or by == "caller"
        outcome = journey.outcome(deserted=deserted)
        self._conversation_over(journey, None)
        if journey.task is not None:
            journey.task.cancel()
        self.in_flow.pop(call.id, None)
        self.dial_out.over(journey)
        self.conferences.left(journey)
        self.parking.finished(journey)
        self.queueing.leave(journey, "abandoned" if deserted else "failed" if reason == SHUTDOWN else "left")
        self.calls.end(call)
        self.outbound.conversation_over(journey)
        if talked_to is not None:
            self.queueing.conversation_over(journey, talked_to)
        if (occupied := self._occupied.pop(call.id, None)) is not None:
            self.queueing.free(occupied, call.id)
        del self.journeys[call.id]
        self.callbacks.call_over(journey)
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
            "one_way_calls_total": self._one_way_calls,
            "queue_stalled_total": self.queueing.stalled,
            "history_backlog": self.history.backlog(),
            "history_failed_total": self.history.failed,
            "recordings_failed_total": self.recordings_failed,
            **self.coverage.counters(),
            **self.callbacks.counters(),
        }
