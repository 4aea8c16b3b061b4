"""Agents call their supervisors for help [向班长求助], who answer (AGT-04): by page or phone, in a call or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callcenterd.bus import Bus
from callcenterd.channels.staff import StaffMessages
from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model.events import HelpChanged
from callcenterd.model.help import UP, HelpRequest, HelpStepKind
from callcenterd.model.ids import AgentId, CallId
from callcenterd.store.database import Store


class Help:
    """Those that are up are kept at hand: the live feed shows them. One for a server."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, messages: StaffMessages) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._messages = messages
        self._up: dict[AgentId, HelpRequest] = {}

    async def start(self) -> None:
        """What was up when the server stopped is up still."""
        self._up = {one.agent: one for one in await self._store.help.up()}

    def up(self) -> Mapping[AgentId, HelpRequest]:
        """By who asks."""
        return self._up

    async def ask(
        self, agent: AgentId, call: CallId | None, text: str = "", *, by_phone: bool = False
    ) -> tuple[HelpRequest, bool]:
        """Answers it, and whether it is new: who asks again before there is an end of it has that one still."""
        now = self._clock.utc()
        request, is_new = await self._store.help.ask(agent, call, text, now, by_phone=by_phone)
        self._tell(request, "asked" if is_new else "again", agent)
        return request, is_new

    async def by_phone(self, agent: AgentId, call: CallId | None) -> None:
        await self.ask(agent, call, by_phone=True)

    async def take(self, number: int, version: int, by: str) -> HelpRequest:
        """They see to it, also for a colleague who did before. Raises NotFound, HelpIsAnother, NotNow."""
        now = self._clock.utc()
        new = {"state": "taken", "taken_by": by, "taken_at": now}
        return await self._change(number, version, new, "taken", by)

    async def answer(self, number: int, by: AgentId, text: str, key: str = "") -> HelpRequest:
        """A message to the agent; who answers what nobody has taken sees to it. Raises NotFound, NotNow, Refused."""
        known = await self._store.help.get(number)
        if known.agent == by:
            raise Refused("the message cannot be sent as it is", {"text": "this is your own call for help"})
        now = self._clock.utc()
        new: dict[str, Any] = {"answered_at": known.answered_at or now}
        if known.state == "open":
            new |= {"state": "taken", "taken_by": by, "taken_at": now}
        changed = await self._change(number, None, new, "answered", by, text)
        await self._messages.write(by, known.agent, text, key)
        return changed

    async def end(self, number: int, by: str, text: str = "") -> HelpRequest:
        """Withdrawn by the agent, or resolved by somebody else. Raises NotFound, NotNow: it has ended before."""
        known = await self._store.help.get(number)
        state: HelpStepKind = "withdrawn" if by == known.agent else "resolved"
        new = {"state": state, "ended_by": by, "ended_at": self._clock.utc()}
        return await self._change(number, None, new, state, by, text)

    async def _change(
        self, number: int, version: int | None, new: Mapping[str, Any], kind: HelpStepKind, by: str, text: str = ""
    ) -> HelpRequest:
        changed = await self._store.help.change(number, version, new, kind, by, self._clock.utc(), text=text)
        self._tell(changed, kind, by)
        return changed

    def _tell(self, request: HelpRequest, step: HelpStepKind, by: str) -> None:
        known = self._up.get(request.agent)
        if request.state in UP:
            # Two answers of the store may come in another order than they were written.
            if known is None or (request.id, request.version) >= (known.id, known.version):
                self._up[request.agent] = request
        elif known is not None and known.id == request.id:
            del self._up[request.agent]
        told = HelpChanged(
            at=self._clock.utc(),
            request=request.id,
            agent=request.agent,
            call=request.call,
            state=request.state,
            taken_by=request.taken_by,
            step=step,
            by=by,
        )
        self._bus.publish(told)
