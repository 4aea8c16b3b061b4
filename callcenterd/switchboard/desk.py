"""What an agent or a supervisor may do with a state or a call, and what an agent is shown."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from callcenterd.calls.call import Leg, LegState
from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.agents import AgentView, ForcedState, WantedState
from callcenterd.model.events import ScreenPopped
from callcenterd.model.ids import AgentId, CallId, CustomerId, ExtensionNumber
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class Desk:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self._pops: dict[AgentId, ScreenPopped] = {}

    def view(self, login: str) -> AgentView | None:
        agent = AgentId(login)
        return self._board.queueing.view(agent) if self._board.queueing.knows(agent) else None

    async def set_state(
        self,
        login: str,
        state: WantedState,
        reason: str = "",
        extension: str | None = None,
        *,
        by: str | None = None,
    ) -> AgentView:
        """The state the agent wants. Taking effect after a call, if there is one. by: who sets it instead of them.

        Raises NotFound, Refused for a reason that the office does not know, NotNow if there is no phone to sign in
        with, or if somebody speaks at it.
        """
        agent, board, queueing = AgentId(login), self._board, self._board.queueing
        if not queueing.knows(agent):
            raise NotFound("agent", login)
        if state == "break":
            board.breaks.check(reason)
        number = board.seating.seat_for(agent, state, extension or None)
        if number is not None:
            await board.seating.take(agent, number)
        queueing.want(agent, state, reason)
        await board.store.agents.keep_wanted(agent, state, reason, number)
        if by is not None and by != login:
            await self._forced(agent, by, state, reason)
        return queueing.view(agent)

    async def _forced(self, agent: AgentId, by: str, state: ForcedState, reason: str = "") -> None:
        """Told to the agent, and kept in the audit trail (SUP-02)."""
        now = self._board.clock.utc()
        name = next((user.name for user in self._board.site.users if user.login == by), by)
        self._board.bus.publish(events.AgentForced(at=now, agent=agent, by=by, name=name, state=state, reason=reason))
        details = {"state": state, "reason": reason}
        await self._board.store.audit.append(now, by, "agent.forced", f"agent/{agent}", details)

    async def restore(self) -> None:
        """After a start: who was signed in still is; ready as soon as the phone is registered again."""
        for agent, (state, reason, extension) in (await self._board.store.agents.wanted()).items():
            if self._board.queueing.knows(agent):
                if extension and any(kept.number == extension for kept in self._board.site.extensions):
                    self._board.queueing.sits_at(agent, ExtensionNumber(extension))
                self._board.queueing.want(agent, state, reason)

    async def end_wrap_up(self, login: str, *, by: str | None = None) -> AgentView:
        """by: who ends it instead of the agent. Raises NotFound, and NotNow for an agent who has not said what came of
        the call although its queue wants it."""
        agent = AgentId(login)
        if not self._board.queueing.knows(agent):
            raise NotFound("agent", login)
        if by in (None, login) and self._board.after_call.owed(agent) is not None:
            raise NotNow("the call has no disposition yet")
        self._board.queueing.end_wrap_up(agent)
        return self._board.queueing.view(agent)

    def prolong_wrap_up(self, login: str, seconds: float) -> AgentView:
        """The wrap-up lasts so much longer. Raises NotFound, and NotNow if there is none."""
        agent, queueing = AgentId(login), self._board.queueing
        if not queueing.knows(agent):
            raise NotFound("agent", login)
        if queueing.view(agent).state != "wrap_up":
            raise NotNow("there is no wrap-up to be prolonged")
        queueing.prolong_wrap_up(agent, seconds)
        return queueing.view(agent)

    def own_call(self, login: str) -> CallId | None:
        view = self.view(login)
        return view.call if view is not None else None

    def takes_part(self, login: str, call: CallId) -> bool:
        """Is it a call of theirs now: their phone is in it or rings for it? Who handed it on has no part any more."""
        board, agent = self._board, AgentId(login)
        journey = board.journeys.get(call)
        if journey is None:
            return False
        return agent in journey.rung or any(leg.alive and agent_of(board, leg) == agent for leg in journey.call.legs)

    def speaking(self, call: CallId) -> frozenset[AgentId]:
        """Agents whose phones are in the call now; one that only rings is not."""
        journey = self._board.journeys.get(call)
        legs = () if journey is None else journey.call.legs
        up = (agent_of(self._board, leg) for leg in legs if leg.state is LegState.UP)
        return frozenset(agent for agent in up if agent is not None)

    async def hang_up(self, call: CallId, by: str, *, by_force: bool = False) -> None:
        """End the conversation; of a call that only rings at who asks, decline it: it keeps its place. by_force: of
        others (强拆), who are told by whom. Raises NotFound: it is over."""
        journey = self.journey(call)
        agents = {agent_of(self._board, leg) for leg in journey.call.legs if leg.alive} - {None, AgentId(by)}
        if (rung := journey.rung.get(AgentId(by))) is not None:
            self._board.calls.hang_up(rung)
            self._board.queueing.refused(rung, "refused")
        elif self._leaves(journey, AgentId(by)):
            pass
        elif journey.with_person is not None:
            self._board.part(journey, "agent", f"by {by}")
        else:
            self._board.finish(journey, "system", f"by {by}")
        if by_force:
            for agent in sorted(agents - {None}, key=str):
                assert agent is not None
                await self._forced(agent, by, "released")

    def _leaves(self, journey: Journey, agent: AgentId) -> bool:
        """Who is only asked, was added, or is rung by another than a queue ends nothing but the own part in it."""
        board, asked = self._board, journey.consult and journey.consult.leg
        own = next((leg for leg in journey.call.legs if leg.alive and agent_of(board, leg) == agent), None)
        if own is None:
            return False
        if own is asked or own in journey.others:
            board.calls.hang_up(own)
            return board.consulting.lost(journey, own) or board.conferences.lost(journey, own)
        if own.state in (LegState.DIALLING, LegState.RINGING) and board.outbound.knows(own):
            board.calls.hang_up(own)
            board.outbound.refused(own, "refused", 603)
            return True
        return False

    def hold(self, call: CallId, login: str | None) -> None:
        """The customer of an agent hears music until `take_back`. login: the agent; None: whoever it is (a supervisor
        asks). Raises NotFound if the call is over, NotNow if nobody can be held."""
        self._board.holding.keep(self.journey(call), login)

    def take_back(self, call: CallId, login: str | None) -> None:
        """Raises as `hold`."""
        self._board.holding.take_back(self.journey(call), login)

    def mute(self, call: CallId, login: str | None, muted: bool) -> None:
        """Nobody hears the agent, who hears all others. Raises as `hold`."""
        board, journey = self._board, self.journey(call)
        leg = board.holding.leg_of(journey, login)
        part = board.calls.part_of(leg)
        if journey.consult is not None:
            journey.consult.muted = muted
        elif part is None:
            raise NotNow("nobody speaks in this call now")
        if part is not None:
            board.calls.change_part(leg, dataclasses.replace(part, muted=muted))
        fact = events.AgentMuted(
            at=board.clock.utc(), call=call, agent=agent_of(board, leg), number=leg.extension or leg.number, muted=muted
        )
        board.bus.publish(fact)

    def press(self, call: CallId, login: str | None, keys: str) -> None:
        """Send keys to whom the agent speaks with, as if pressed at the agent's phone. Raises as `hold`, and NotNow if
        it is not one other who speaks with them."""
        board, journey = self._board, self.journey(call)
        flow = board.in_flow.get(call)
        if login is not None and flow is not None and agent_of(board, journey.call.first) == login:
            for key in keys:
                flow.key(key)
            return
        leg = board.holding.leg_of(journey, login)
        if leg.joined is None:
            raise NotNow("there is not one other who could get keys")
        board.calls.send_keys(leg.joined, keys)
        fact = events.KeysSent(at=board.clock.utc(), call=call, agent=agent_of(board, leg), count=len(keys))
        board.bus.publish(fact)

    def answer(self, call: CallId, login: str) -> None:
        """The user's phone, which rings for this call, is told to pick up: a page, or a phone that can be told so.
        Raises NotFound for a call that is over, NotNow."""
        board, journey = self._board, self.journey(call)
        for leg in journey.call.legs:
            if leg.state in (LegState.DIALLING, LegState.RINGING) and agent_of(board, leg) == login:
                board.calls.pick_up(leg)
                return
        raise NotNow("your phone does not ring for this call")

    def record(self, call: CallId) -> None:
        """From now on the conversation is recorded; if it is already, nothing changes (REC-03). Raises NotFound, and
        NotNow if nobody speaks."""
        journey = self.journey(call)
        sides = (journey.call.first, journey.with_person)
        if journey.joined_at is None or any(leg is None or leg.state is not LegState.UP for leg in sides):
            raise NotNow("nobody speaks in this call now")
        if journey.recording is None:
            self._board.record(journey, journey.with_person)
            self._board.record_sides(journey)

    def record_no_more(self, call: CallId) -> None:
        """What was recorded until now is kept. Raises NotFound, and NotNow if it is not recorded."""
        journey = self.journey(call)
        if journey.recording is None or journey.message is not None:
            raise NotNow("the call is not being recorded")
        self._board.stop_recording(journey)

    def phone_of(self, login: str, extension: ExtensionNumber | None = None) -> ExtensionNumber:
        """The phone by which a user is reached now: the one wanted, or where they sit. A page that serves as a phone is
        one of these. Raises NotFound for an extension that there is not, NotNow if there is none that can be rung."""
        board = self._board
        if extension is None and (page := board.page_of(login)) is not None:
            return page  # also of one who has no extension: it cannot be called, but listen in
        number = extension or board.queueing.extension_of(AgentId(login))
        if number is None:
            raise NotNow("there is no phone that could be rung for you")
        if not any(kept.number == number for kept in board.site.extensions):
            raise NotFound("extension", number)
        if not board.queueing.is_reachable(number):
            raise NotNow(f"phone {number} cannot be reached")
        return number

    def pause_recording(self, call: CallId, by: str) -> None:
        """What is said is not kept until `resume_recording`. Raises NotFound if the call is over, and NotNow if it is
        not recorded."""
        self._board.pausing.pause(self.journey(call), by)

    def resume_recording(self, call: CallId, by: str) -> None:
        """Raises as `pause_recording`."""
        self._board.pausing.resume(self.journey(call), by)

    def journey(self, call: CallId) -> Journey:
        """Raises NotFound for a call that is over."""
        try:
            return self._board.journeys[call]
        except KeyError:
            raise NotFound("call", call) from None

    # ---- screen pop -------------------------------------------------------------------------------------

    def pop_for(self, leg: Leg) -> None:
        """The agent whose phone rings is shown the caller; once for a call and agent."""
        agent = self._board.queueing.agent_at(leg.number)
        journey = self._board.journeys.get(leg.call.id)
        if agent is None or journey is None:
            return
        known = self._pops.get(agent)
        if known is not None and known.call == leg.call.id:
            return
        pop = events.ScreenPopped(
            at=self._board.clock.utc(),
            call=leg.call.id,
            agent=agent,
            caller=journey.outside,
            called=journey.call.called,
            queue=journey.queue,
            customers=_customers(journey),
            keys=journey.keys,
            campaign=None if journey.listed is None else journey.listed.campaign,
            entry=None if journey.listed is None else journey.listed.entry,
            name="" if journey.listed is None else journey.listed.name,
            fields={} if journey.listed is None else journey.listed.fields,
            known=dict(journey.known),
        )
        self._pops[agent] = pop
        self._board.bus.publish(pop)

    def pop(self, login: str) -> ScreenPopped | None:
        """What the agent's page should show now, for a page that was just opened. None: no call at this agent."""
        pop = self._pops.get(AgentId(login))
        view = self.view(login)
        if pop is None or view is None or view.call != pop.call:
            return None
        journey = self._board.journeys.get(pop.call)
        if journey is None:
            return pop
        return dataclasses.replace(pop, keys=journey.keys, known=dict(journey.known))  # since then it may be more


def _customers(journey: Journey) -> tuple[CustomerId, ...]:
    """Who it may be, best first: whom a campaign means, then those whose number it is."""
    found = [customer.id for customer in journey.customers]
    if journey.listed is not None and journey.listed.customer is not None:
        found.insert(0, journey.listed.customer)
    return tuple(dict.fromkeys(found))
