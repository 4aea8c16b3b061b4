"""Campaigns [外呼活动]: the office calls the customers of a list when agents are free, and not otherwise (ACD-06).

Whom, and how many, says `acd.campaigns`. As with callbacks, an agent is kept for a dial (a lease of the ACD), and rung
when the customer has answered. Where a campaign may dial more than it has agents, a dial beyond them has none: who
answers there takes the agent of one that still rings. In a preview the agent is kept while reading, decides, and is
rung before the customer is.

What is in the store is what counts: an entry is marked as dialled before its phone rings, so that a crash dials nobody
twice, and what such a call came to is made good at the next start.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog

from callcenterd.acd.campaigns import Guard, Hall, after, disposed, may_dial
from callcenterd.calls.call import Leg
from callcenterd.errors import CallcenterdError, NotFound, NotNow, Refused
from callcenterd.media.machine import RULE
from callcenterd.media.recording import RATE
from callcenterd.model import events, numbers
from callcenterd.model.calls import Outcome
from callcenterd.model.campaigns import Campaign, CampaignEntry, CampaignState, Result, Turn
from callcenterd.model.events import LeftReason, PreviewEnd
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.prompts import Music, Prompt, Speech
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard import outbound
from callcenterd.switchboard.answering import MARGIN
from callcenterd.switchboard.journey import Journey, Listed
from callcenterd.switchboard.refusals import not_reached

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

LOOK_SECONDS = 5.0
"""Between two looks, if nothing happens: when an entry is due again, and when customers may be called."""
TOGETHER_SECONDS = 0.05
"""What happens within that time is looked at once."""
BACK_OFF_SECONDS = 30.0
"""After a dial that failed through no doing of the customer's: a dead trunk must not use up a list."""
FIRST: Final = 1_000_000
"""Points of who answered and found no agent: before all who wait."""
SYSTEM: Final = "system"

Doing = Literal[
    "not_running", "draining", "module_off", "no_queue", "no_caller_id", "closed", "back_off", "callers_wait",
    "no_agent", "nothing_due", "calling",
]  # fmt: skip
"""Why a campaign does not dial now, or that it does."""
_OUTCOMES: dict[Result, Outcome] = {
    "busy": "busy",
    "refused": "busy",
    "no_answer": "no_answer",
    "switched_off": "no_answer",
    "machine": "no_answer",
    "put_off": "no_answer",
    "abandoned": "abandoned",
}
_TONES: dict[str, Result] = {"busy": "busy", "information": "failed"}
"""Where a network says so by a tone only after it has answered."""
_OF_THE_TRUNK = frozenset({401, 402, 403, 407})


@dataclass(eq=False)
class _Flight:
    """One entry on its way: shown to an agent, being dialled, or in conversation. Implements `queueing.Expected`.

    call:    what its call is, or will be. marked: the attempt is in the store.
    kept:    an agent is kept for it, or rung. agent: whom a preview is shown to, or who spoke.
    met:     who picked up has been handed to the queue, or gets the message. without_agent: and found nobody.
    spoke:   the customer and an agent. over: it counts no more.
    shown, until, timer: of a preview.
    """

    of: Campaigns
    campaign: Campaign
    entry: CampaignEntry
    call: CallId
    kept: bool = False
    met: bool = False
    without_agent: bool = False
    spoke: bool = False
    over: bool = False
    marked: bool = False
    agent: AgentId | None = None
    shown: bool = False
    until: datetime | None = None
    timer: asyncio.TimerHandle | None = None
    journey: Journey | None = None
    task: asyncio.Task[None] | None = None

    @property
    def preview(self) -> bool:
        return self.campaign.mode == "preview"

    def offered(self, agent: AgentId) -> None:
        if self.preview and self.kept and self.task is None:
            self.of.show(self, agent)

    def withdrawn(self) -> None:
        self.of.withdrawn(self)

    def left(self, reason: LeftReason) -> None:  # noqa: ARG002  # there is no agent any more, whatever the reason is
        self.of.withdrawn(self)


@dataclass(eq=False)
class _Running:
    """A campaign that runs. dry: nothing is due before that time (monotonic). back_off: nothing is dialled before that
    time. asked: whether anybody is still to be called is not asked before that time."""

    campaign: Campaign
    guard: Guard
    dry: float = 0.0
    back_off: float = 0.0
    asked: float = 0.0
    doing: Doing = "nothing_due"


class Campaigns:
    def __init__(self, board: Switchboard, zone: tzinfo) -> None:
        """zone: the office's, in which its days begin."""
        self._board = board
        self._zone = zone
        self._running: dict[int, _Running] = {}
        self._flights: dict[CallId, _Flight] = {}
        self._unsettled: list[tuple[_Flight, Result]] = []
        self._looking: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        board.bus.listen(events.CallAnswered, self._answered)
        board.bus.listen(events.OfferDeclined, self._not_taken)
        board.bus.listen(events.OfferWithdrawn, self._not_taken)
        board.bus.listen(events.AgentChanged, lambda fact: self._stirred(fact.view.state == "ready"))
        board.bus.listen(events.CallerLeftQueue, lambda _: self._stirred(True))

    def start(self) -> None:
        self._looking = asyncio.create_task(self._look_on())

    async def stop(self) -> None:
        """Who is being called is called again at another time."""
        if self._looking is not None:
            self._looking.cancel()
        calling = {flight.task for flight in self._flights.values()}
        for flight in list(self._flights.values()):
            self._give_up(flight)
        for task in self._tasks - calling:
            task.cancel()
        await asyncio.gather(*self._tasks, *([self._looking] if self._looking else []), return_exceptions=True)

    def _own(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _stirred(self, matters: bool) -> None:
        if matters and self._running:
            self._wake.set()

    # ---- what people do with campaigns ------------------------------------------------------------------

    async def set_state(self, campaign: int, state: CampaignState, by: str) -> Campaign:
        """running: it calls. paused: nobody new is called. stopped: what rings is given up, too; who speaks goes on
        speaking. Raises NotFound, NotNow for one that has nobody to call."""
        board = self._board
        async with self._lock:
            if state == "running" and not await board.store.campaigns.waits(campaign):
                await board.store.campaigns.get(campaign)
                raise NotNow("nobody of this campaign is to be called any more")
            changed = await board.store.campaigns.set_state(campaign, state, by, board.clock.utc())
            await self._take_up(changed)
            for flight in list(self._flights.values()):
                if flight.campaign.id != campaign or state == "running":
                    continue
                if flight.shown or (state == "stopped" and not flight.met):
                    self._give_up(flight)
        self.tell(changed, by)
        self._wake.set()
        return changed

    async def changed(self, campaign: Campaign, by: str) -> None:
        """It has another plan: from the next dial on."""
        async with self._lock:
            await self._take_up(campaign)
        self.tell(campaign, by)
        self._wake.set()

    async def listed(self, campaign: int) -> None:
        """Its list is another one: somebody may be due now."""
        running = self._running.get(campaign)
        if running is not None:
            running.dry = 0.0
            self._wake.set()

    async def remove(self, campaign: Campaign, by: str) -> None:
        """Raises NotFound, and NotNow while it runs or somebody of it is on the line."""
        async with self._lock:
            flying = any(flight.campaign.id == campaign.id for flight in self._flights.values())
            if campaign.id in self._running or flying:
                raise NotNow("the campaign runs: stop it first")
            await self._board.store.campaigns.remove(campaign.id)
        self.tell(campaign, by)

    async def _take_up(self, campaign: Campaign) -> None:
        if campaign.state != "running":
            self._running.pop(campaign.id, None)
            return
        found = await self._board.store.campaigns.found_agents(campaign.id, campaign.abandon_of)
        guard = Guard(campaign.abandon_limit, campaign.abandon_of, found)
        self._running[campaign.id] = _Running(campaign, guard)
        if campaign.message:
            self._own(self._prepare(campaign.message))

    async def _prepare(self, message: str) -> None:
        """Who got nobody does not wait for it to be spoken."""
        for failed in await self._board.prompts.prepare([Speech(message, self._board.language)]):
            _log.error("prompt cannot be made", why=failed)

    def tell(self, campaign: Campaign, by: str) -> None:
        """Whoever looks at campaigns hears that this one is another now."""
        self._board.bus.publish(
            events.CampaignChanged(
                at=self._board.clock.utc(),
                campaign=campaign.id,
                name=campaign.name,
                queue=campaign.queue,
                state=campaign.state,
                by=by,
            )
        )

    def doing(self, campaign: int) -> Doing:
        """Why it does not dial now, or that it does."""
        running = self._running.get(campaign)
        if running is None:
            return "not_running"
        return "calling" if self._in_the_air(campaign) else running.doing

    def _in_the_air(self, campaign: int) -> list[_Flight]:
        return [flight for flight in self._flights.values() if flight.campaign.id == campaign]

    def calling(self, campaign: int) -> int:
        """How many of it are shown, rung or spoken with now."""
        return len(self._in_the_air(campaign))

    # ---- looking ----------------------------------------------------------------------------------------

    async def _look_on(self) -> None:
        recovered = False
        while True:
            self._wake.clear()
            try:
                if not recovered:
                    await self._recover()
                    recovered = True
                await self.look()
            except CallcenterdError as fault:
                _log.error("campaigns not looked at", why=str(fault))
            with contextlib.suppress(TimeoutError):  # not wait_for, which may swallow that this task is to end
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            await asyncio.sleep(TOGETHER_SECONDS)

    async def _recover(self) -> None:
        """Whom the last run was calling when it ended: who spoke with an agent has been reached, everybody else is
        called again by plan. Then the campaigns that ran go on."""
        store = self._board.store
        for entry in await store.campaigns.left_open():
            campaign, result, agent, known = await store.campaigns.get(entry.campaign), "interrupted", None, False
            assert entry.call is not None
            with contextlib.suppress(NotFound):  # it had hardly begun, and no history knows of it
                record = await store.calls.get(entry.call)
                known = True
                if record.answered_at is not None and record.agent is not None:
                    result, agent = "answered", record.agent
            _log.info("campaign's call was cut off", campaign=campaign.id, entry=entry.id, result=result)
            kept = await self._finish(campaign, entry, entry.call, result, agent=agent)  # type: ignore[arg-type]  # one of two
            if known and kept is not None:
                self._tell_result(entry.call, kept, agent)
        running, _ = await store.campaigns.page("running", 500)
        for campaign in running:
            if campaign.id not in self._running:
                await self._take_up(campaign)

    async def look(self) -> None:
        """Call whoever may be called now."""
        async with self._lock:
            unsettled, self._unsettled = self._unsettled, []
            for flight, result in unsettled:
                await self._settle(flight, result)
            for running in sorted(self._running.values(), key=lambda one: (-one.campaign.priority, one.campaign.id)):
                running.doing = await self._work(running)

    async def _work(self, running: _Running) -> Doing:
        board, campaign = self._board, running.campaign
        if await self._is_finished(running):
            return "not_running"
        if (why := self._hindrance(running)) is not None:
            for flight in self._in_the_air(campaign.id):
                if flight.shown:
                    self._give_up(flight)
            return why
        most, why = self._may_dial(running)
        if most == 0:
            return why
        if board.clock.monotonic() < running.dry:
            return "nothing_due"
        taken = [flight.entry.id for flight in self._in_the_air(campaign.id)]
        due = await board.store.campaigns.due(campaign.id, board.clock.utc(), most, taken)
        if len(due) < most:
            running.dry = board.clock.monotonic() + LOOK_SECONDS
        if campaign.mode == "preview":  # what is dialled without one is asked for when it is marked
            due = [entry for entry in due if not await self._must_not_be_called(entry)]
        most, why = self._may_dial(running)  # asking the store took time: who was free may not be any more
        if self._hindrance(running) is not None:
            return "nothing_due"
        for entry in due[:most]:
            if not self._take(running, entry):
                return why
        return why if most == 0 else "calling" if due else "nothing_due"

    async def _must_not_be_called(self, entry: CampaignEntry) -> bool:
        """No agent is shown who is on the do-not-call list."""
        board = self._board
        if await board.store.do_not_call.find(entry.number) is None:
            return False
        barred = Turn("do_not_call")
        await board.store.campaigns.change_entry(entry.campaign, entry.id, barred, SYSTEM, board.clock.utc())
        self._wake.set()
        return True

    async def _is_finished(self, running: _Running) -> bool:
        """Has everybody of its list an end? Asked every LOOK_SECONDS."""
        board, campaign = self._board, running.campaign
        now = board.clock.monotonic()
        if now < running.asked or self._in_the_air(campaign.id):
            return False
        running.asked = now + LOOK_SECONDS
        if await board.store.campaigns.waits(campaign.id):
            return False
        finished = await board.store.campaigns.set_state(campaign.id, "finished", SYSTEM, board.clock.utc())
        self._running.pop(campaign.id, None)
        _log.info("campaign finished", campaign=campaign.id)
        self.tell(finished, SYSTEM)
        return True

    def _hindrance(self, running: _Running) -> Doing | None:
        board, campaign = self._board, running.campaign
        if board.draining:
            return "draining"
        if not board.site.has("campaigns"):
            return "module_off"
        if campaign.queue not in board.queueing.queue_names():
            return "no_queue"
        if campaign.caller_id and campaign.caller_id not in outbound.own_numbers(board.site):
            return "no_caller_id"
        held = board.opening.at_now(campaign.calendar) if campaign.calendar else None
        if (campaign.calendar and held is None) or (held is not None and not held.open):
            return "closed"
        if not board.outbound.is_within(campaign.hours):
            return "closed"
        return "back_off" if board.clock.monotonic() < running.back_off else None

    def _may_dial(self, running: _Running) -> tuple[int, Doing]:
        campaign, queueing = running.campaign, self._board.queueing
        waiting = [call for call, _, _ in queueing.waiting(campaign.queue)]
        flights = [flight for flight in self._in_the_air(campaign.id) if not flight.met]
        hall = Hall(
            free=queueing.free_in(campaign.queue),
            kept=sum(flight.kept for flight in flights),
            flying=len(flights),
            callers=sum(call not in self._flights for call in waiting),
            unserved=sum(call in self._flights and queueing.kept_for(call) is None for call in waiting),
        )
        ratio = 1.0 if campaign.mode == "preview" else running.guard.ratio(campaign.ratio)
        most = may_dial(hall, ratio)
        return most, "calling" if most else "callers_wait" if hall.callers or hall.unserved else "no_agent"

    def _take(self, running: _Running, entry: CampaignEntry) -> bool:
        """Keep an agent for it, or dial beyond the agents. False: it cannot be now."""
        board, campaign = self._board, running.campaign
        flight = _Flight(self, campaign, entry, board.calls.next_id())
        if board.queueing.anyone_ready(campaign.queue) and not self._keep(flight):
            return False
        if flight.preview and not flight.kept:
            return False
        self._flights[flight.call] = flight
        if not flight.preview:
            flight.task = self._own(self._fly(flight, SYSTEM))
        return True

    def _keep(self, flight: _Flight) -> bool:
        """An agent is kept for it, unless there is none: then it does not stay in the line either."""
        board, campaign = self._board, flight.campaign
        if flight.preview:
            seconds = campaign.preview_seconds
        else:
            seconds = campaign.ring + (RULE.total + MARGIN if campaign.machines == "hang_up" else 0.0)
        flight.kept = True
        board.queueing.expect(flight.call, campaign.queue, flight, board.clock.monotonic(), seconds)
        if board.queueing.kept_for(flight.call) is None:
            self._let_agent_go(flight)
            return False
        return True

    def _let_agent_go(self, flight: _Flight) -> None:
        flight.kept = False
        self._board.queueing.expect_no_more(flight.call, "left")

    # ---- what the ACD tells -----------------------------------------------------------------------------

    def withdrawn(self, flight: _Flight) -> None:
        """No agent is kept any more. Another one may be; if nobody is, who has not answered yet is not disturbed."""
        if not flight.kept or flight.met or flight.over:
            return
        kept = self._board.queueing.kept_for(flight.call)
        if flight.shown and kept != flight.agent:
            self._hide(flight, "withdrawn")
        if kept is None:
            self._give_up(flight)

    def _give_up(self, flight: _Flight) -> None:
        """It is not called now. If its phone rings, that is an attempt; if it was only shown, it is none."""
        self._hide(flight, "withdrawn")
        if flight.kept and not flight.met:
            self._let_agent_go(flight)
        if flight.task is not None:
            if not flight.over:
                flight.task.cancel()
        else:
            self._forget(flight)

    def _forget(self, flight: _Flight) -> None:
        flight.over = True
        self._flights.pop(flight.call, None)
        self._wake.set()

    def _answered(self, fact: events.CallAnswered) -> None:
        flight = self._flights.get(fact.call)
        if flight is not None:
            flight.spoke = True
            flight.agent = fact.agent or flight.agent

    # ---- calling ----------------------------------------------------------------------------------------

    async def _fly(self, flight: _Flight, by: str) -> None:
        """One attempt, from its mark in the store to what came of it."""
        board, result = self._board, "failed"
        try:
            if flight.preview:
                result = await self._agent_first(flight, self._begin(flight, by), by)
            elif await self._mark(flight, by):
                result = await self._customer_first(flight, self._begin(flight, by))
            else:
                result = "put_off"
        except asyncio.CancelledError:
            result = "put_off"
        except Exception:  # noqa: BLE001  # one entry's fault must not reach another's
            _log.exception("campaign's call failed", campaign=flight.campaign.id, entry=flight.entry.id)
        if flight.spoke:
            result = "answered"
        if flight.journey is not None:
            self._end(flight.journey, result)  # type: ignore[arg-type]  # a Result, whichever way it came
        self._let_agent_go(flight)
        if result == "failed" and (running := self._running.get(flight.campaign.id)) is not None:
            running.back_off = board.clock.monotonic() + BACK_OFF_SECONDS
        await self._settle(flight, result)  # type: ignore[arg-type]  # as above

    async def _mark(self, flight: _Flight, by: str) -> bool:
        """The customer is dialled now. False: they are on the do-not-call list, or somebody has skipped them."""
        board = self._board
        begun = await board.store.campaigns.begin(flight.entry.id, flight.call, by, board.clock.utc())
        if begun is not None:
            flight.entry, flight.marked = begun, True
        return begun is not None

    def _begin(self, flight: _Flight, by: str) -> Journey:
        board, campaign, entry = self._board, flight.campaign, flight.entry
        call = board.calls.new_call(flight.call, "outbound", campaign.caller_id, entry.number)
        journey = flight.journey = board.begin(call)
        journey.called_back, journey.queue, journey.caller_id = True, campaign.queue, campaign.caller_id
        journey.listed = Listed(campaign.id, campaign.name, entry.id, entry.name, entry.customer, entry.fields)
        board.bus.publish(
            events.CampaignDialled(
                at=board.clock.utc(),
                call=flight.call,
                campaign=campaign.id,
                name=campaign.name,
                queue=campaign.queue,
                entry=entry.id,
                number=entry.number,
                attempt=entry.attempts + (not flight.marked),
                by=by,
            )
        )
        board.inbound.look_up(journey)
        return journey

    def _end(self, journey: Journey, result: Result) -> None:
        if not journey.ended:
            journey.result = journey.result or _OUTCOMES.get(result, "failed")
            self._board.finish(journey, SYSTEM, f"campaign: {result}")

    def _targets(self, number: str) -> list[ToExtension | ToTrunk]:
        """Outside only: a list that names an extension's number reaches nobody inside."""
        board = self._board
        for form in (number, numbers.normalise(number, board.region)):
            found = outbound.targets(board.site, form, None, board.region)
            if outside := [to for to in found if isinstance(to, ToTrunk)]:
                return [*outside]
        return []

    def _dial(
        self, flight: _Flight, journey: Journey, *, joined: outbound.Joined | None, quiet: bool
    ) -> tuple[asyncio.Task[None], list[Result]]:
        """The dialling, and how it went, once that is known. Whoever ends the call ends it, and nothing is known."""
        board, result, campaign = self._board, list[Result](), flight.campaign

        async def dial() -> None:
            dialled = await board.outbound.dial(
                journey,
                self._targets(flight.entry.number),
                seconds=campaign.ring,
                record=board.queueing.settings(campaign.queue).record,
                caller=campaign.caller_id,
                agent=journey.with_agent,
                joined=joined,
                quiet=quiet,
            )
            result.append(_result_of(dialled, journey))

        journey.task = asyncio.create_task(dial())
        return journey.task, result

    async def _customer_first(self, flight: _Flight, journey: Journey) -> Result:
        served: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        reached: list[Leg] = []

        def connected(_journey: Journey, leg: Leg, _agent: AgentId | None, _record: bool) -> None:
            self._board.calls.make_first(leg)
            reached.append(leg)
            self._own(self._picked_up(flight, journey, leg, served))

        dialling, result = self._dial(flight, journey, joined=connected, quiet=True)
        ended: Result = "put_off"
        try:
            await asyncio.wait((dialling, served), return_when="FIRST_COMPLETED")
            if flight.spoke:
                ended = "answered"
            elif served.done():
                ended = served.result()
            elif reached:
                ended = "abandoned"  # they did not wait for the agent
            elif result:
                ended = result[0]
            return ended
        finally:
            self._end(journey, ended)
            dialling.cancel()
            await asyncio.gather(dialling, return_exceptions=True)

    async def _picked_up(self, flight: _Flight, journey: Journey, leg: Leg, served: asyncio.Future[Result]) -> None:
        """Somebody, or something, has picked up. No agent is rung before it is known which, where that is asked."""
        if flight.campaign.machines == "hang_up":
            verdict = await self._board.answering.who(leg)
            if journey.ended or served.done():
                return
            if verdict.who == "machine":
                served.set_result(_TONES.get(verdict.why, "machine"))
                return
        if not flight.over and not journey.ended:
            self._meet(flight, journey, served)

    def _meet(self, flight: _Flight, journey: Journey, served: asyncio.Future[Result]) -> None:
        """A person is on the line: the agent who is kept is rung; or one kept for what still rings; or nobody."""
        queueing, campaign = self._board.queueing, flight.campaign
        flight.met = True
        if flight.kept and queueing.kept_for(flight.call) is not None:
            waiting = queueing.connected(journey)
        else:
            donor = self._donor(campaign.queue)
            flight.without_agent = donor is None and not queueing.free_in(campaign.queue)
            if flight.without_agent and campaign.without_agent == "message":
                self._own(self._excused(flight, journey, served))
                waiting = None
            else:
                waiting = queueing.enter(journey, campaign.queue, campaign.longest_wait or None, priority=FIRST)
                if donor is not None and queueing.kept_for(flight.call) is None:
                    self._let_agent_go(donor)  # and the ACD rings that agent for who waits
        if (running := self._running.get(campaign.id)) is not None:
            running.guard.answered(not flight.without_agent)
        if waiting is None:
            return
        self._own(self._music(journey))

        def over(result: asyncio.Future[Any]) -> None:
            if served.done():
                return
            if result.cancelled() or result.result() == "served":
                served.set_result("answered" if flight.spoke else "abandoned")
            elif journey.ended:
                served.set_result("abandoned")
            else:
                self._own(self._excused(flight, journey, served))

        waiting.add_done_callback(over)

    def _donor(self, queue: QueueName) -> _Flight | None:
        """The last one begun whose agent is kept and whose phone only rings."""
        ringing = [
            flight
            for flight in self._flights.values()
            if flight.kept and not flight.met and not flight.preview and flight.campaign.queue == queue
        ]
        return ringing[-1] if ringing else None

    async def _music(self, journey: Journey) -> None:
        """As long as no agent has picked up."""
        assert journey.queue is not None
        board = self._board
        sound = await self._sound(journey, Music(board.queueing.settings(journey.queue).music))
        if sound is not None and not journey.ended and journey.joined_at is None and journey.call.first.alive:
            board.calls.play(journey.call.first, [sound], repeat=True)

    async def _excused(self, flight: _Flight, journey: Journey, served: asyncio.Future[Result]) -> None:
        """Who got nobody hears the campaign's message, if it has one, and then the call is over."""
        board, text = self._board, flight.campaign.message
        sound = await self._sound(journey, Speech(text, board.language)) if text else None
        if sound is not None and not journey.ended and journey.call.first.alive:
            board.calls.play(journey.call.first, [sound])
            await asyncio.sleep(len(sound) / RATE)
        if not served.done():
            served.set_result("abandoned")

    async def _sound(self, journey: Journey, prompt: Prompt) -> Any:
        try:
            return await self._board.prompts.sound(prompt)
        except CallcenterdError as fault:
            _log.error("prompt cannot be played", call=journey.call.id, prompt=str(prompt), why=str(fault))
            return None

    # ---- previews ---------------------------------------------------------------------------------------

    def show(self, flight: _Flight, agent: AgentId) -> None:
        """The agent is kept for it, and sees it until they decide, or the time is over."""
        if flight.over or self._board.queueing.kept_for(flight.call) != agent:
            return
        board, campaign, entry = self._board, flight.campaign, flight.entry
        flight.agent, flight.shown = agent, True
        flight.until = board.clock.utc() + timedelta(seconds=campaign.preview_seconds)
        flight.timer = asyncio.get_running_loop().call_later(campaign.preview_seconds, self._time_over, flight)
        board.bus.publish(self._preview(flight, agent, entry, flight.until))

    def _preview(self, flight: _Flight, agent: AgentId, entry: CampaignEntry, until: datetime) -> events.PreviewOffered:
        campaign = flight.campaign
        return events.PreviewOffered(
            at=self._board.clock.utc(),
            agent=agent,
            campaign=campaign.id,
            title=campaign.name,
            queue=campaign.queue,
            entry=entry.id,
            number=entry.number,
            name=entry.name,
            customer=entry.customer,
            fields=dict(entry.fields),
            attempts=entry.attempts,
            until=until,
            dials=campaign.preview_dials,
        )

    def _hide(self, flight: _Flight, reason: PreviewEnd) -> None:
        if flight.timer is not None:
            flight.timer.cancel()
            flight.timer = None
        if flight.shown and flight.agent is not None:
            flight.shown = False
            self._board.bus.publish(
                events.PreviewOver(
                    at=self._board.clock.utc(),
                    agent=flight.agent,
                    campaign=flight.campaign.id,
                    entry=flight.entry.id,
                    reason=reason,
                )
            )

    def _time_over(self, flight: _Flight) -> None:
        assert flight.agent is not None
        if flight.campaign.preview_dials:
            self._hide(flight, "dialled")
            flight.task = self._own(self._fly(flight, flight.agent))
        else:
            self._hide(flight, "time")
            flight.task = self._own(self._pass_over(flight))

    async def _pass_over(self, flight: _Flight) -> None:
        """Nobody decided about it: it comes up again, but the next one first."""
        await self._settle(flight, "put_off")
        self._let_agent_go(flight)

    def _shown_to(self, login: str) -> _Flight:
        """Raises NotNow."""
        for flight in self._flights.values():
            if flight.shown and flight.agent == login:
                return flight
        raise NotNow("nobody is shown to you who could be called")

    def preview_of(self, login: str) -> events.PreviewOffered | None:
        """What the agent is shown now, for a page that was just opened."""
        for flight in self._flights.values():
            if flight.shown and flight.agent == login:
                assert flight.until is not None
                return self._preview(flight, flight.agent, flight.entry, flight.until)
        return None

    def shown_to(self, login: str) -> list[Campaign]:
        """The campaigns that run and show their customers to this agent, in the order in which they do."""
        view = self._board.desk.view(login)
        found = [
            running.campaign
            for running in self._running.values()
            if view is not None and running.campaign.mode == "preview" and running.campaign.queue in view.queues
        ]
        return sorted(found, key=lambda one: (-one.priority, one.id))

    async def next_for(self, campaign: int, login: str) -> events.PreviewOffered:
        """A free agent asks for the next one. Raises NotFound, NotNow."""
        board, running = self._board, self._running.get(campaign)
        if running is None or running.campaign.mode != "preview":
            await board.store.campaigns.get(campaign)
            raise NotNow("this campaign shows nobody now")
        view = board.desk.view(login)
        if view is None or running.campaign.queue not in view.queues:
            raise NotNow("this campaign shows nobody now")
        running.dry = 0.0
        await self.look()
        await asyncio.sleep(0)  # what the ACD tells is told after the look
        found = self.preview_of(login)
        if found is None:
            raise NotNow("this campaign shows nobody now")
        return found

    async def dial_shown(self, login: str) -> CallId:
        """The agent wants it called: their phone rings, then the customer's. Raises NotNow."""
        flight = self._shown_to(login)
        self._hide(flight, "dialled")
        flight.task = self._own(self._fly(flight, login))
        return flight.call

    async def skip_shown(self, login: str, again_at: datetime | None) -> CampaignEntry:
        """The agent does not want it called: not at all, or not before that time. Raises NotNow."""
        board, flight = self._board, self._shown_to(login)
        turn = Turn("skipped") if again_at is None else Turn("waiting", again_at, agreed=True)
        entry = flight.entry
        skipped = await board.store.campaigns.change_entry(flight.campaign.id, entry.id, turn, login, board.clock.utc())
        self._hide(flight, "skipped")
        self._give_up(flight)
        return skipped

    async def _agent_first(self, flight: _Flight, journey: Journey, by: str) -> Result:
        """The agent's phone rings as for any caller; who picks up hears the customer's phone ring."""
        board = self._board
        taken: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        journey.agent_first = taken
        if board.queueing.kept_for(flight.call) is None:
            return "put_off"
        flight.met = True
        waiting = board.queueing.connected(journey)
        await asyncio.wait((taken, waiting), return_when="FIRST_COMPLETED")
        if not taken.done() or journey.ended or not await self._mark(flight, by):
            return "put_off"
        flight.agent = AgentId(taken.result())
        dialling, result = self._dial(flight, journey, joined=None, quiet=False)
        await asyncio.gather(dialling, return_exceptions=True)
        return result[0] if result else "put_off"

    def _not_taken(self, fact: events.OfferDeclined | events.OfferWithdrawn) -> None:
        """An agent wanted a number called, and is not at their own phone: nobody else is rung for it."""
        flight = self._flights.get(fact.call)
        if flight is None or not flight.preview or flight.task is None or flight.journey is None:
            return
        taken = flight.journey.agent_first
        if taken is not None and not taken.done():
            asyncio.get_running_loop().call_soon(flight.task.cancel)

    # ---- what comes of it -------------------------------------------------------------------------------

    async def _settle(self, flight: _Flight, result: Result) -> None:
        """What came of an attempt is kept; if the store does not do it now, at the next look."""
        flight.over = True
        try:
            if flight.preview and not flight.marked:
                await self._put_off(flight)
            agent = flight.agent if flight.spoke or flight.preview else None
            kept = await self._finish(
                flight.campaign, flight.entry, flight.call, result, agent=agent, without_agent=flight.without_agent
            )
        except CallcenterdError as fault:
            _log.error("campaign's call not settled", entry=flight.entry.id, result=result, why=str(fault))
            self._unsettled.append((flight, result))
            return
        if kept is not None:
            self._tell_result(flight.call, kept, agent)
        self._forget(flight)

    async def _put_off(self, flight: _Flight) -> None:
        """It was shown, or its agent's phone rung, and the customer was not dialled: that is no attempt."""
        board = self._board
        now = board.clock.utc()
        due = now + timedelta(seconds=flight.campaign.retry.get("put_off", LOOK_SECONDS))
        await board.store.campaigns.put_off(flight.entry.id, due, now)

    async def _finish(
        self,
        campaign: Campaign,
        entry: CampaignEntry,
        call: CallId,
        result: Result,
        *,
        agent: AgentId | None = None,
        without_agent: bool = False,
    ) -> CampaignEntry | None:
        """How the entry stands now; None: as it stood."""
        board = self._board
        now = board.clock.utc()
        midnight = datetime.combine(now.astimezone(self._zone).date(), time(), self._zone)
        today = await board.store.campaigns.attempts_since(entry.id, midnight)
        plan = self._running[campaign.id].campaign if campaign.id in self._running else campaign
        turn = after(result, plan, attempts=entry.attempts, since_midnight=today, now=now, zone=self._zone)
        return await board.store.campaigns.finish(call, result, turn, now, agent=agent, without_agent=without_agent)

    def _tell_result(self, call: CallId, entry: CampaignEntry, agent: AgentId | None) -> None:
        self._board.bus.publish(
            events.CampaignResult(
                at=self._board.clock.utc(),
                call=call,
                campaign=entry.campaign,
                entry=entry.id,
                result=entry.result,
                state=entry.state,
                due=entry.due if entry.state == "waiting" else None,
                agent=agent,
            )
        )

    async def disposed(self, call: CallId, code: str, by: str, again_at: datetime | None) -> None:
        """The agent says what came of the call: by the campaign's meanings, that decides about the entry. Nothing, if
        it is no campaign's call. Raises Refused for a time of a call that is none, or one that has been."""
        board = self._board
        now = board.clock.utc()
        attempt = await board.store.campaigns.of_call(call)
        if attempt is None:
            if again_at is not None:
                raise Refused("this call is no campaign's", {"again_at": "only of a campaign's call"})
            return
        if again_at is not None and again_at <= now:
            raise Refused("a time that is still to come is wanted", {"again_at": "must be still to come"})
        campaign = await board.store.campaigns.get(attempt.campaign)
        meaning = campaign.meanings.get(code, "done")
        turn = disposed(meaning, campaign, again_at=again_at, now=now)
        result: Result | None = "wrong_number" if meaning == "wrong_number" else None
        entry = await board.store.campaigns.dispose(call, code, turn, result, by, now)
        if entry is None:
            return
        self._tell_result(call, entry, AgentId(by))
        if entry.state == "waiting" and campaign.state == "finished":  # the last one of the list is to be called again
            await self.set_state(campaign.id, "running", SYSTEM)
        await self.listed(campaign.id)


def _result_of(dialled: str, journey: Journey) -> Result:
    if dialled == "served":
        return "answered"
    if dialled == "forbidden":
        return "failed"
    refusal = journey.refusal
    if dialled == "failed" and (refusal is None or (refusal.status in _OF_THE_TRUNK and not refusal.cause)):
        return "failed"
    return not_reached(refusal)
