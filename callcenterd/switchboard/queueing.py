"""The ACD's offers become ringing phones; what the phones do goes back to the ACD."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol

import structlog

from callcenterd.acd.reasons import Reason
from callcenterd.acd.router import Acd, CallerLeft, Decision, Offer, QueueMoved, Standing, Withdraw
from callcenterd.bus import Bus
from callcenterd.calls.call import Leg
from callcenterd.calls.control import Calls
from callcenterd.calls.listening import RefusalReason
from callcenterd.clock import Clock
from callcenterd.errors import LocalError, NotFound
from callcenterd.model import events
from callcenterd.model.agents import AgentState, AgentView, WantedState
from callcenterd.model.calls import Outcome
from callcenterd.model.events import DeclineReason, LeftReason
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName
from callcenterd.model.site import QueueSettings, Site
from callcenterd.sip.events import ToExtension
from callcenterd.switchboard.journey import Journey

_log = structlog.get_logger(__name__)


WATCH_SECONDS = 2.0
"""Between two looks whether somebody waits beside a free agent; who is found in two of them is an alarm."""


class Expected(Protocol):
    """Who is to be called back, in the place of a caller who waits (`callbacks`)."""

    def offered(self, agent: AgentId) -> None:
        """The agent is kept: dial."""

    def withdrawn(self) -> None:
        """No agent is kept any more."""

    def left(self, reason: LeftReason) -> None:
        """It is in the line no more."""


QueueResult = Literal["served", "timed_out", "no_agents", "full", "closed"]

_DECLINED: Mapping[RefusalReason, DeclineReason] = {
    "busy": "busy",
    "no_answer": "no_answer",
    "refused": "refused",
    "unreachable": "unreachable",
    "failed": "unreachable",
}
_RESULTS: Mapping[LeftReason, tuple[QueueResult, Outcome]] = {
    "timed_out": ("timed_out", "no_answer"),
    "no_agent": ("no_agents", "no_answer"),
    "full": ("full", "no_answer"),
    "closed": ("closed", "no_answer"),
    "left": ("timed_out", "no_answer"),
    "failed": ("no_agents", "failed"),
}


class Queueing:
    """Who waits, who rings. joined is told when caller and agent are to be brought together."""

    def __init__(
        self,
        *,
        acd: Acd,
        calls: Calls,
        bus: Bus,
        clock: Clock,
        joined: Callable[[Journey, Leg, AgentId], None],
    ) -> None:
        self._acd = acd
        self._calls = calls
        self._bus = bus
        self._clock = clock
        self._joined = joined
        self._journeys: dict[CallId, Journey] = {}
        self._waiting: dict[CallId, asyncio.Future[QueueResult]] = {}
        self._expected: dict[CallId, Expected] = {}
        self._agent_of: dict[int, AgentId] = {}
        self._names: dict[AgentId, str] = {}
        self._queues_of: dict[AgentId, tuple[QueueName, ...]] = {}
        self._teams_of: dict[AgentId, tuple[str, ...]] = {}
        self._phones: dict[AgentId, ExtensionNumber] = {}
        self._at: dict[ExtensionNumber, AgentId] | None = None  # who sits at each phone; None: they have moved
        self._registered: set[ExtensionNumber] = set()
        self._told_acd: dict[AgentId, ExtensionNumber] = {}
        self._at_once: frozenset[ExtensionNumber] = frozenset()
        self._site = Site()
        self._timer: asyncio.TimerHandle | None = None
        self._watching: asyncio.TimerHandle | None = None
        self._idle: set[tuple[CallId, AgentId]] = set()
        self.stalled = 0

    # ---- who there is -----------------------------------------------------------------------------------

    def configure(self, site: Site) -> None:
        """A new site takes effect at once; who waits or talks goes on."""
        before = {AgentId(user.login): user.extension for user in self._site.users}
        self._site = site
        self._at_once = frozenset(extension.number for extension in site.extensions if extension.auto_answer)
        self._names = {AgentId(user.login): user.name for user in site.users}
        self._queues_of = {
            agent: tuple(queue.name for queue in site.queues if agent in queue.members) for agent in self._names
        }
        self._teams_of = {
            agent: tuple(team.title or team.name for team in site.teams if agent in team.members)
            for agent in self._names
        }
        self._at = None
        self._phones = {agent: number for agent, number in self._phones.items() if agent in self._names}
        self._give_phones({AgentId(user.login): user.extension for user in site.users}, before)
        self._configure_acd()

    def _give_phones(
        self,
        wanted: Mapping[AgentId, ExtensionNumber | None],
        before: Mapping[AgentId, ExtensionNumber | None],
    ) -> None:
        """The site's word on whose phone is whose counts when it is new: an agent may sit elsewhere meanwhile."""
        changed = {agent: number for agent, number in wanted.items() if number != before.get(agent)}
        for agent in changed:
            if self._phones.get(agent) == before.get(agent):
                self._phones.pop(agent, None)
        for agent, number in changed.items():
            if number is not None and number not in self._phones.values():
                self._phones[agent] = number

    def _configure_acd(self) -> None:
        agents = {agent: self._phones.get(agent) for agent in self._names}
        skills = {AgentId(user.login): user.skills for user in self._site.users if user.skills}
        self._apply(self._acd.configure(self._site.queues, agents, self._now(), skills=skills))
        # Only what is new to the ACD is told: that a phone is there ends a break which its absence imposed.
        for agent, number in self._phones.items():
            if self._told_acd.get(agent) != number or self._acd.agent(agent).reachable != self.is_reachable(number):
                self._apply(self._acd.phone(agent, self.is_reachable(number), self._now()))
        self._told_acd = dict(self._phones)

    def queue_names(self) -> tuple[QueueName, ...]:
        return tuple(queue.name for queue in self._site.queues)

    def agents(self) -> tuple[AgentId, ...]:
        return tuple(self._names)

    def knows(self, agent: AgentId) -> bool:
        return agent in self._names

    def states_in(self, queue: QueueName) -> list[AgentState]:
        """Of each agent who serves it."""
        serving = (agent for agent in self._names if queue in self._queues_of.get(agent, ()))
        return [self._acd.agent(agent).state for agent in serving]

    def view(self, agent: AgentId) -> AgentView:
        """As others see the agent now. Raises KeyError if there is none."""
        name = self._names[agent]
        standing = self._acd.agent(agent)
        extension = self._phones.get(agent)
        return AgentView(
            agent=agent,
            name=name,
            extension=extension,
            state=standing.state,
            reason=standing.reason,
            since=self._clock.utc() - timedelta(seconds=max(0.0, self._now() - standing.since)),
            until=None
            if standing.until is None
            else self._clock.utc() + timedelta(seconds=standing.until - self._now()),
            phone=self.is_reachable(extension),
            call=standing.call,
            queues=self._queues_of.get(agent, ()),
            teams=self._teams_of.get(agent, ()),
        )

    def sits_at(self, agent: AgentId, extension: ExtensionNumber) -> None:
        """The agent takes this phone; who sat there keeps none (hot desking)."""
        if self._phones.get(agent) == extension:
            return
        self._at = None
        for other, number in list(self._phones.items()):
            if number == extension:
                del self._phones[other]
        self._phones[agent] = extension
        self._configure_acd()

    def extension_of(self, agent: AgentId) -> ExtensionNumber | None:
        return self._phones.get(agent)

    def way_to(self, agent: AgentId) -> ToExtension | None:
        """How the agent is rung for what a queue offers; None: they have no phone."""
        extension = self._phones.get(agent)
        return None if extension is None else ToExtension(extension, at_once=extension in self._at_once)

    def agent_at(self, extension: str | None) -> AgentId | None:
        if self._at is None:
            self._at = {number: agent for agent, number in self._phones.items()}
        return None if extension is None else self._at.get(ExtensionNumber(extension))

    def is_reachable(self, extension: ExtensionNumber | None) -> bool:
        """As the SIP room told last: registered, or a device at a fixed address."""
        return extension in self._registered

    # ---- what agents and phones do ----------------------------------------------------------------------

    def want(self, agent: AgentId, state: WantedState, reason: str) -> None:
        self._apply(self._acd.want(agent, state, reason, self._now()))

    def end_wrap_up(self, agent: AgentId) -> None:
        self._apply(self._acd.end_wrap_up(agent, self._now()))

    def prolong_wrap_up(self, agent: AgentId, seconds: float) -> None:
        self._apply(self._acd.prolong(agent, seconds, self._now()))

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        """Told again while it is reachable: the phone was started anew."""
        (self._registered.add if reachable else self._registered.discard)(extension)
        for agent, number in list(self._phones.items()):
            if number == extension:
                self._apply(self._acd.phone(agent, self.is_reachable(extension), self._now()))
                self._tell_agent(agent)

    def phone_is_dead(self, agent: AgentId) -> None:
        """It is registered, but does not answer: the agent is offered nothing until it registers again, or they say
        that they are ready."""
        self._apply(self._acd.phone_is_dead(agent, self._now()))
        self._tell_agent(agent)

    def occupied(self, agent: AgentId, call: CallId) -> None:
        """The agent is in a call that no queue gave."""
        self._apply(self._acd.occupied(agent, call, self._now()))

    def free(self, agent: AgentId, call: CallId) -> None:
        """That call is over for the agent."""
        self._apply(self._acd.free(agent, call, self._now()))

    # ---- what callers do --------------------------------------------------------------------------------

    def anyone_ready(self, queue: QueueName) -> bool:
        return any(
            self._acd.agent(agent).state == "ready" for agent, queues in self._queues_of.items() if queue in queues
        )

    def free_in(self, queue: QueueName) -> int:
        """How many agents could take a call of that queue now."""
        members = (agent for agent, queues in self._queues_of.items() if queue in queues)
        return sum(self._acd.agent(agent).state == "ready" for agent in members)

    def waiting(self, queue: QueueName) -> list[tuple[CallId, datetime, int]]:
        """Who waits, since when, at which place; in their order."""
        return [
            (caller.call, self._clock.utc() - timedelta(seconds=self._now() - caller.since), caller.position)
            for caller in self._acd.waiting(queue)
            if not caller.calls_back
        ]

    def staffed(self, queue: QueueName) -> int:
        return self._acd.staffed(queue)

    def serving(self, queue: QueueName) -> int:
        return self._acd.serving(queue)

    def position(self, call: CallId) -> int | None:
        return self._acd.position(call)

    def waits_in(self, call: CallId) -> QueueName | None:
        """The queue in which somebody who is on the line waits now."""
        journey = self._journeys.get(call)
        return None if journey is None or self._acd.position(call) is None else journey.queue

    def is_expected(self, call: CallId) -> bool:
        """Nobody is on the line: somebody who is to be called back keeps the place."""
        return call in self._expected

    def why_waiting(self, call: CallId) -> Reason:
        """Raises NotFound if the call does not wait."""
        return self._acd.why_waiting(call, self._now())

    def enter(
        self,
        journey: Journey,
        queue: QueueName,
        limit: float | None,
        *,
        priority: int = 0,
        skills: Mapping[str, int] | None = None,
        prefers: AgentId | None = None,
    ) -> asyncio.Future[QueueResult]:
        """The caller begins to wait, `limit` seconds at most (None: as long as the queue lets).

        priority: points beside those of the queue and of the customer's level; skills: beside the queue's own;
        prefers: who is asked before all others. The future is done when the wait or the conversation after it is over.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[QueueResult] = loop.create_future()
        if limit is not None:
            timer = loop.call_later(limit, self._run_out, journey, result)
            result.add_done_callback(lambda _: timer.cancel())
        call = journey.call.id
        journey.queue = queue
        journey.state, journey.state_at = "waiting", self._clock.utc()
        journey.want_person(self._now())
        self._journeys[call] = journey
        self._waiting[call] = result
        self._bus.publish(events.CallerQueued(at=self._clock.utc(), call=call, queue=queue))
        kept = journey.places.get(queue)
        journey.places.setdefault(queue, self._now())
        points = priority + self._points_of(journey, queue)
        self._apply(
            self._acd.enqueue(call, queue, self._now(), priority=points, entered=kept, needs=skills, prefers=prefers)
        )
        return result

    def _points_of(self, journey: Journey, queue: QueueName) -> int:
        """Of the customer's level, by the queue's rule; of several whose number it may be, the most."""
        by_level = self.settings(queue).level_priority
        return max((by_level.get(customer.level, 0) for customer in journey.customers), default=0)

    def settings(self, queue: QueueName) -> QueueSettings:
        """Raises NotFound."""
        settings = next((settings for settings in self._site.queues if settings.name == queue), None)
        if settings is None:
            raise NotFound("queue", queue)
        return settings

    def is_full(self, queue: QueueName) -> bool:
        most = self.settings(queue).most_waiting
        return 0 < most <= len(self._acd.waiting(queue))

    def expect(self, call: CallId, queue: QueueName, who: Expected, since: float, dials: float = 0.0) -> None:
        """Who wants to be called back takes a place in the queue, that of `since`. call: what it will be. dials:
        seconds that an agent is kept for the dialling; 0: as the queue says.

        Raises NotFound if there is no such queue.
        """
        self._expected[call] = who
        try:
            decisions = self._acd.enqueue(call, queue, self._now(), entered=since, calls_back=True, dials=dials)
        except NotFound:
            del self._expected[call]
            raise
        self._apply(decisions)

    def expect_no_more(self, call: CallId, reason: LeftReason) -> None:
        """The place is given up, and the agent who was kept is free. Nothing, if it is not in the line."""
        if call in self._expected:
            self._apply(self._acd.leave(call, self._now(), reason))

    def not_taken(self, call: CallId, agent: AgentId, reason: DeclineReason) -> None:
        """The agent who was kept for somebody who waits in this way was rung, and did not pick up: the next one."""
        self._apply(self._acd.declined(call, agent, reason, self._now()))

    def consulted(self, call: CallId, agent: AgentId, beside: CallId) -> None:
        """The agent who was kept for a colleague's question speaks with them, in the call `beside`."""
        self._apply(self._acd.consulted(call, agent, beside, self._now()))

    def given(self, journey: Journey, queue: QueueName, leg: Leg, agent: AgentId) -> asyncio.Future[QueueResult]:
        """An agent who is on the line has a call of that queue from now on, which did not wait there: conversation,
        wrap-up and figures are that agent's as if it had been offered. The future is as with `enter`.

        Raises NotFound, and LocalError if the agent is in another conversation of a queue.
        """
        call = journey.call.id
        decisions = self._acd.given(call, queue, agent, self._now())
        result: asyncio.Future[QueueResult] = asyncio.get_running_loop().create_future()
        journey.queue = queue
        journey.want_person(self._now())
        self._journeys[call], self._waiting[call] = journey, result
        self._bus.publish(events.CallerQueued(at=self._clock.utc(), call=call, queue=queue))
        self._joined(journey, leg, agent)
        self._bus.publish(
            events.CallerLeftQueue(at=self._clock.utc(), call=call, queue=queue, reason="answered", wait_seconds=0.0)
        )
        self._apply(decisions)
        return result

    def connected(self, journey: Journey) -> asyncio.Future[QueueResult]:
        """Who was expected is on the line, and waits from now on like anybody else; the agent who was kept is rung.

        The future is as with `enter`.
        """
        call, queue = journey.call.id, journey.queue
        assert queue is not None
        self._expected.pop(call, None)
        result: asyncio.Future[QueueResult] = asyncio.get_running_loop().create_future()
        journey.state, journey.state_at = "waiting", self._clock.utc()
        self._journeys[call], self._waiting[call] = journey, result
        self._bus.publish(events.CallerQueued(at=self._clock.utc(), call=call, queue=queue))
        self._apply(self._acd.connected(call, self._now()))
        agent = self._acd.kept_for(call)
        if agent is not None and agent not in journey.rung:
            self._ring(Offer(call, queue, (agent,), Reason("kept", {"agent": agent})))
        return result

    def put_ahead(self, call: CallId, *, of_all: bool = False) -> None:
        """One place ahead, or before all of the queue. Raises NotFound if the call does not wait."""
        self._apply(self._acd.put_ahead(call, self._now(), of_all=of_all))

    def give_to(self, call: CallId, agent: AgentId) -> None:
        """Raises NotFound, and LocalError for an agent who takes no calls of that queue now."""
        self._apply(self._acd.give_to(call, agent, self._now()))

    def requeue(self, journey: Journey, queue: QueueName) -> None:
        """Who waits does so in another queue from now on; whoever brought them into the first one waits for what comes
        of it. Raises NotFound, and LocalError: nobody works there, or they are there already."""
        call, old = journey.call.id, journey.queue
        decisions = self._acd.requeue(call, queue, self._now())
        n = next(n for n, one in enumerate(decisions) if isinstance(one, CallerLeft) and one.call == call)
        left = decisions[n]
        assert isinstance(left, CallerLeft)
        self._apply(decisions[:n])
        at = self._clock.utc()
        self._bus.publish(
            events.CallerLeftQueue(
                at=at, call=call, queue=left.queue, reason=left.reason, wait_seconds=round(left.waited, 3)
            )
        )
        journey.queue = queue
        if old is not None and old in journey.places:
            journey.places.setdefault(queue, journey.places[old])
        self._bus.publish(events.CallerQueued(at=at, call=call, queue=queue))
        self._apply(decisions[n + 1 :])

    def _run_out(self, journey: Journey, result: asyncio.Future[QueueResult]) -> None:
        if journey.joined_at is None and not result.done():
            self._apply(self._acd.leave(journey.call.id, self._now(), "timed_out"))

    def close(self, queue: QueueName) -> int:
        """Who still waits there leaves; whom we have called stays. Answers how many left."""
        gone = [
            call
            for call, _, _ in self.waiting(queue)
            if (journey := self._journeys.get(call)) is not None and journey.call.direction != "outbound"
        ]
        for call in gone:
            self._apply(self._acd.leave(call, self._now(), "closed"))
        return len(gone)

    def leave(self, journey: Journey, reason: LeftReason = "left") -> None:
        """The caller went away, or the flow took the call out of the queue. Nothing, if it did not wait."""
        if self._waiting.pop(journey.call.id, None) is not None and journey.joined_at is None:
            self._apply(self._acd.leave(journey.call.id, self._now(), reason))
        self._journeys.pop(journey.call.id, None)

    def speaks(self, agent: AgentId) -> bool:
        """Is the agent in a conversation that a queue gave? Raises NotFound."""
        return self._acd.speaks(agent)

    def taken(self, journey: Journey, leg: Leg, agent: AgentId) -> bool:
        """Another phone than those that rang has taken the call (pickup): they ring no more, and the conversation, its
        wrap-up and its figures are that agent's as if it had been offered.

        False, and nothing is changed: the agent is in another conversation of a queue.
        """
        if self._acd.speaks(agent):
            return False
        decisions = self._acd.taken(journey.call.id, agent, self._now())
        self._joined(journey, leg, agent)
        self._apply(decisions)
        return True

    def taken_beside(self, journey: Journey) -> None:
        """A phone has taken the call that is no agent's, or in another conversation as well: the wait is over."""
        self._apply(self._acd.leave(journey.call.id, self._now(), "answered"))

    def conversation_over(self, journey: Journey, agent: AgentId) -> None:
        """Caller and agent have parted: wrap-up begins; the flow goes on if the caller is still there."""
        self.handed_on(agent)
        self.served(journey)

    def handed_on(self, agent: AgentId) -> None:
        """The agent that a queue gave has no part in the conversation any more, but it may go on: wrap-up begins."""
        self._apply(self._acd.talk_ended(agent, self._now()))

    def served(self, journey: Journey) -> None:
        """The conversation that came of waiting is over, whoever had it last. Nothing, if the caller did not wait."""
        self._journeys.pop(journey.call.id, None)
        result = self._waiting.pop(journey.call.id, None)
        if result is not None and not result.done():
            result.set_result("served")

    # ---- what the rung phones do ------------------------------------------------------------------------

    def rings_for_queue(self, leg: Leg) -> bool:
        return leg.id in self._agent_of

    def ringing(self, leg: Leg) -> None:
        agent = self._agent_of[leg.id]
        journey = self._journeys.get(leg.call.id)
        if journey is None:
            return
        now = self._clock.utc()
        if journey.state != "ringing":
            journey.state, journey.state_at = "ringing", now
        self._bus.publish(
            events.CallRinging(at=now, call=leg.call.id, agent=agent, number=leg.number, queue=journey.queue)
        )
        self._apply(self._acd.ringing(leg.call.id, agent, self._now()))

    def answered(self, leg: Leg) -> None:
        agent = self._agent_of.pop(leg.id)
        journey = self._journeys.get(leg.call.id)
        if journey is None:
            self._calls.hang_up(leg)
            return
        journey.rung.pop(agent, None)
        journey.want_person(self._now())
        # The decisions of this answer may say that the offer is gone: then the leg is hung up among them.
        journey.rung[agent] = leg
        decisions = self._acd.answered(leg.call.id, agent, self._now())
        taken = not any(isinstance(d, Withdraw) and d.agent == agent for d in decisions)
        if taken:
            del journey.rung[agent]
            self._joined(journey, leg, agent)
        self._apply(decisions)

    def refused(self, leg: Leg, why: RefusalReason) -> None:
        """Also: the phone that rang was lost."""
        agent = self._agent_of.pop(leg.id)
        journey = self._journeys.get(leg.call.id)
        if journey is None or journey.rung.pop(agent, None) is None:
            return
        self._decline(journey, agent, _DECLINED[why])

    def _decline(self, journey: Journey, agent: AgentId, reason: DeclineReason) -> None:
        if journey.ended:
            return
        self._bus.publish(events.OfferDeclined(at=self._clock.utc(), call=journey.call.id, agent=agent, reason=reason))
        self._after_ring(journey)
        self._apply(self._acd.declined(journey.call.id, agent, reason, self._now()))

    def _after_ring(self, journey: Journey) -> None:
        if not journey.rung and journey.state == "ringing":
            journey.state, journey.state_at = "waiting", self._clock.utc()

    # ---- what the ACD decides ---------------------------------------------------------------------------

    def _apply(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            match decision:
                case Offer():
                    self._ring(decision)
                case Withdraw():
                    self._stop_ringing(decision)
                case CallerLeft():
                    self._caller_left(decision)
                case Standing():
                    self._tell_agent(decision.agent)
                case QueueMoved():
                    self._tell_queue(decision.queue)
        self._set_timer()

    def _ring(self, offer: Offer) -> None:
        if offer.calls_back:
            self._later(self._expected[offer.call].offered, offer.agents[0])
            return
        journey = self._journeys.get(offer.call)
        if journey is None or journey.ended:
            _log.error("offer for a call that is gone", call=offer.call)
            return
        name = journey.customers[0].name if len(journey.customers) == 1 else journey.call.caller_name
        for agent in offer.agents:
            to = self.way_to(agent)
            try:
                if to is None:
                    raise LocalError(f"agent {agent} has no phone")
                leg = self._calls.dial(
                    to,
                    call=journey.call,
                    caller=journey.outside,
                    caller_name=name,
                )
            except LocalError as fault:
                _log.info("agent cannot be rung", call=offer.call, agent=agent, why=str(fault))
                self._later(self._decline, journey, agent, "unreachable")
                continue
            journey.rung[agent] = leg
            self._agent_of[leg.id] = agent
            _log.info("offer", call=offer.call, agent=agent, queue=offer.queue, why=str(offer.why))

    def _stop_ringing(self, withdraw: Withdraw) -> None:
        if (expected := self._expected.get(withdraw.call)) is not None:
            self._later(expected.withdrawn)
            return
        journey = self._journeys.get(withdraw.call)
        leg = journey.rung.pop(withdraw.agent, None) if journey is not None else None
        if journey is None or leg is None:
            return
        self._agent_of.pop(leg.id, None)
        elsewhere = journey.joined_at is not None
        self._calls.hang_up(leg, 'SIP;cause=200;text="Call completed elsewhere"' if elsewhere else None)
        if withdraw.why == "no_answer":
            fact: events.Fact = events.OfferDeclined(
                at=self._clock.utc(), call=withdraw.call, agent=withdraw.agent, reason="no_answer"
            )
        else:
            fact = events.OfferWithdrawn(
                at=self._clock.utc(), call=withdraw.call, agent=withdraw.agent, reason=str(withdraw.why)
            )
        self._bus.publish(fact)
        self._after_ring(journey)

    def _caller_left(self, left: CallerLeft) -> None:
        if (expected := self._expected.pop(left.call, None)) is not None:
            self._later(expected.left, left.reason)
            return
        self._bus.publish(
            events.CallerLeftQueue(
                at=self._clock.utc(),
                call=left.call,
                queue=left.queue,
                reason=left.reason,
                wait_seconds=round(left.waited, 3),
            )
        )
        if left.reason not in _RESULTS:
            return  # answered: the future waits for the end of the conversation; abandoned: nobody waits for it
        result, outcome = _RESULTS[left.reason]
        journey = self._journeys.pop(left.call, None)
        if journey is not None:
            journey.result = outcome
            journey.state, journey.state_at = "flow", self._clock.utc()
        waiting = self._waiting.pop(left.call, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    def _tell_agent(self, agent: AgentId) -> None:
        if agent in self._names:
            self._bus.publish(events.AgentChanged(at=self._clock.utc(), view=self.view(agent)))

    def _tell_queue(self, queue: QueueName) -> None:
        waiting = [caller for caller in self._acd.waiting(queue) if not caller.calls_back]
        longest = min((caller.since for caller in waiting), default=None)
        self._bus.publish(
            events.QueueChanged(
                at=self._clock.utc(),
                queue=queue,
                waiting=tuple(caller.call for caller in waiting),
                longest_since=None if longest is None else self._clock.utc() - timedelta(seconds=self._now() - longest),
            )
        )

    # ---- time -------------------------------------------------------------------------------------------

    def _now(self) -> float:
        return self._clock.monotonic()

    def _later(self, what: Callable[..., None], *arguments: object) -> None:
        """After the present decisions: one must not change the ACD while its last answer is being carried out."""
        asyncio.get_running_loop().call_soon(what, *arguments)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._acd.deadline()
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(max(0.0, due - self._now()), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._apply(self._acd.advance(self._now()))

    def kept_for(self, call: CallId) -> AgentId | None:
        """Who is rung, or kept, for the call now."""
        return self._acd.kept_for(call)

    def start(self) -> None:
        """Watch, from now on, that nobody waits beside a free agent."""
        self._watching = asyncio.get_running_loop().call_later(WATCH_SECONDS, self._watch)

    def _watch(self) -> None:
        """What the matcher must never leave; if it does, it is told, and matched anew."""
        found = set(self._acd.idle_beside(self._now()))
        for call, agent in found & self._idle:
            self.stalled += 1
            why = self._acd.why_waiting(call, self._now())
            _log.error("a caller waits beside a free agent", call=call, agent=agent, why=str(why))
        if found & self._idle:
            self._apply(self._acd.advance(self._now()))
        self._idle = found
        self.start()

    def stop(self) -> None:
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
