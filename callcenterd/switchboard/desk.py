"""What an agent or a supervisor may do with a state or a call, and what an agent is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from callcenterd.calls.call import Leg
from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.agents import AgentView, WantedState
from callcenterd.model.events import ScreenPopped
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
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
        self, login: str, state: WantedState, reason: str = "", extension: str | None = None
    ) -> AgentView:
        """The state the agent wants. Taking effect after a call, if there is one.

        Raises NotFound, or NotNow if there is no phone to be ready with.
        """
        agent, queueing = AgentId(login), self._board.queueing
        if not queueing.knows(agent):
            raise NotFound("agent", login)
        if extension:
            if not any(kept.number == extension for kept in self._board.site.extensions):
                raise NotFound("extension", extension)
            queueing.sits_at(agent, ExtensionNumber(extension))
        number = queueing.extension_of(agent)
        if state == "ready" and not queueing.is_reachable(number):
            raise NotNow(f"phone {number} is not registered" if number else "no phone is chosen")
        queueing.want(agent, state, reason)
        await self._board.store.agents.keep_wanted(agent, state, reason, number)
        return queueing.view(agent)

    async def restore(self) -> None:
        """After a start: who was signed in still is; ready as soon as the phone is registered again."""
        for agent, (state, reason, extension) in (await self._board.store.agents.wanted()).items():
            if self._board.queueing.knows(agent):
                if extension and any(kept.number == extension for kept in self._board.site.extensions):
                    self._board.queueing.sits_at(agent, ExtensionNumber(extension))
                self._board.queueing.want(agent, state, reason)

    async def end_wrap_up(self, login: str) -> AgentView:
        agent = AgentId(login)
        if not self._board.queueing.knows(agent):
            raise NotFound("agent", login)
        self._board.queueing.end_wrap_up(agent)
        return self._board.queueing.view(agent)

    def own_call(self, login: str) -> CallId | None:
        view = self.view(login)
        return view.call if view is not None else None

    async def hang_up(self, call: CallId, by: str) -> None:
        """End the conversation. Raises NotFound if the call is over."""
        journey = self._journey(call)
        if journey.with_person is not None:
            self._board.part(journey, "agent", f"by {by}")
        else:
            self._board.finish(journey, "system", f"by {by}")

    def _journey(self, call: CallId) -> Journey:
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
            caller=journey.call.caller,
            called=journey.call.called,
            queue=journey.queue,
            customers=tuple(customer.id for customer in journey.customers),
            keys=journey.keys,
        )
        self._pops[agent] = pop
        self._board.bus.publish(pop)

    def pop(self, login: str) -> ScreenPopped | None:
        """What the agent's page should show now, for a page that was just opened. None: no call at this agent."""
        pop = self._pops.get(AgentId(login))
        view = self.view(login)
        return pop if pop is not None and view is not None and view.call == pop.call else None
