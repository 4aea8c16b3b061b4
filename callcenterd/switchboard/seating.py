"""Who sits at which phone: any agent at any phone (hot desking).

Signing in needs a phone that is registered. Who sits elsewhere moves; who sat there is signed out, and told. Nobody is
moved out of a conversation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.agents import WantedState
from callcenterd.model.ids import AgentId, ExtensionNumber

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class Seating:
    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def seat_for(self, agent: AgentId, state: WantedState, extension: str | None) -> ExtensionNumber | None:
        """The phone to sit at for that state: the one wanted, where the agent sits, or the agent's own if it is free.
        Who signs out goes to no other.

        None: there is none, and none is needed. Raises NotFound for an extension that there is not, NotNow for a phone
        that cannot be signed in at or is in the middle of a conversation.
        """
        queueing = self._board.queueing
        if extension is not None and not any(kept.number == extension for kept in self._board.site.extensions):
            raise NotFound("extension", extension)
        sits_at = queueing.extension_of(agent)
        if state == "signed_out":
            return sits_at
        number = ExtensionNumber(extension) if extension is not None else sits_at
        if number is None:
            number = self._own(agent)
        signs_in = queueing.view(agent).state == "signed_out"
        page_comes_along = self._board.page_of(agent) is not None
        if (signs_in or state == "ready") and not queueing.is_reachable(number) and not page_comes_along:
            raise NotNow(f"phone {number} is not registered" if number else "no phone is chosen")
        if number is not None and number != sits_at:
            self._must_not_talk(agent, sits_at)
            self._must_not_talk(queueing.agent_at(number), number)
        return number

    def _own(self, agent: AgentId) -> ExtensionNumber | None:
        """The phone that the site gives the agent, unless somebody works there."""
        queueing = self._board.queueing
        own = next((user.extension for user in self._board.site.users if user.login == agent), None)
        sitter = queueing.agent_at(own)
        return own if sitter is None or queueing.view(sitter).state == "signed_out" else None

    def _must_not_talk(self, agent: AgentId | None, number: ExtensionNumber | None) -> None:
        if agent is None:
            return
        view = self._board.queueing.view(agent)
        if view.state == "talking" and not self._board.feature_codes.knows(view.call):
            raise NotNow(f"agent {agent} is in a call at phone {number}")

    async def take(self, agent: AgentId, number: ExtensionNumber) -> None:
        """The agent sits there from now on."""
        board = self._board
        before = board.queueing.agent_at(number)
        if before == agent:
            return
        works_there = before is not None and board.queueing.view(before).state != "signed_out"
        if works_there and before is not None:
            board.queueing.want(before, "signed_out", "")
        board.queueing.sits_at(agent, number)
        if before is not None:
            # Kept for both: after a restart two must not sit at one phone.
            await board.store.agents.keep_wanted(before, "signed_out", "", None)
        if works_there and before is not None:
            board.bus.publish(events.SeatTaken(at=board.clock.utc(), agent=before, by=agent, extension=number))
