"""What phones show of colleagues and messages: busy lamps (RFC 4235), message lamps (RFC 3842), presence (RFC 3856).

Who wants no calls (do not disturb) is shown as one who speaks. A lamp for `*88` and a slot burns while a call is parked
there: its key fetches that call (`parking`).

The SIP room asks for a document whenever it has to tell one, and is told whose documents have become others. Legs
move the busy lamps, facts the other two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import structlog

from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.model.people import Role
from callcenterd.model.voicemail import Box
from callcenterd.sip import dialog_info, message_summary, presence
from callcenterd.sip.dialog_info import DialogSeen, DialogState
from callcenterd.sip.presence import Word
from callcenterd.sip.subscriptions import Package, Wanted
from callcenterd.switchboard.parking import FETCH

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

_log = structlog.get_logger(__name__)

SEES_ALL: frozenset[Role] = frozenset({"supervisor", "manager", "admin"})
"""Who is shown with whom any colleague speaks. Agents are shown it of calls of their own queues."""

Counts = tuple[int, int]
"""Messages that nobody has seen to, and those that somebody has."""


class Lamps:
    """changed: told whose document of a package is another one now."""

    def __init__(self, board: Switchboard, *, domain: str, changed: Callable[[Package, ExtensionNumber], None]) -> None:
        self._board = board
        self._domain = domain
        self._changed = changed
        self._extensions: frozenset[ExtensionNumber] = frozenset()
        self._legs: dict[ExtensionNumber, dict[Leg, DialogState]] = {}
        self._seats: dict[AgentId, ExtensionNumber | None] = {}
        self._messages: Mapping[str, Counts] = {}
        self._told: dict[tuple[Package, ExtensionNumber], Word | Counts] = {}
        self._counting: asyncio.Task[None] | None = None
        self._stale = False
        board.lines.watch(self.moved)
        for kind in (events.VoicemailLeft, events.VoicemailMarked, events.VoicemailRemoved):
            board.bus.listen(kind, lambda _: self.count())
        board.bus.listen(events.CallTransferred, self._transferred)
        board.bus.listen(events.CallParked, lambda fact: self._slot_changed(fact.slot))
        board.bus.listen(events.CallFetched, lambda fact: self._slot_changed(fact.slot))
        board.bus.listen(events.AgentChanged, self._agent_changed)
        board.bus.listen(events.PhoneChanged, lambda fact: self._look(fact.extension))
        board.bus.listen(events.ForwardingChanged, lambda fact: self._forwarding_changed(fact.extension))
        board.bus.listen(events.SiteChanged, lambda _: self._site_changed())

    def count(self) -> None:
        """The store's messages are others, or were never counted."""
        self._stale = True
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count())

    async def stop(self) -> None:
        if self._counting is not None:
            self._counting.cancel()
            await asyncio.gather(self._counting, return_exceptions=True)

    # ---- what is told ---------------------------------------------------------------------------------------

    def document(self, wanted: Wanted, version: int) -> bytes | None:
        """`sip.subscriptions.Documents`. Whose message lamp it is may be no other extension's affair."""
        number = wanted.resource
        if number not in self._extensions:
            return self._slot(wanted, version) if wanted.package == "dialog" else None
        match wanted.package:
            case "dialog":
                legs = self._legs.get(number, {})
                seen = [self._dialog(leg, state, wanted.watcher) for leg, state in legs.items()]
                if not seen and self._board.forwarding.of(number).do_not_disturb:
                    seen = [DialogSeen(id=f"dnd-{number}", state="confirmed", initiator=False)]
                return dialog_info.document(number, self._domain, version, seen)
            case "message-summary":
                new, old = self._waiting(number)
                own = wanted.watcher == number
                return message_summary.document(number, self._domain, new=new, old=old) if own else None
            case "presence":
                return presence.document(number, self._domain, self._word(number))

    def _slot(self, wanted: Wanted, version: int) -> bytes | None:
        """Of a slot for parked calls. None: there is no such slot."""
        parking, number = self._board.parking, wanted.resource
        slot = number.removeprefix(FETCH)
        if slot == number or slot not in parking.slots:
            return None
        seen = []
        for parked in parking.parked():
            journey = self._board.journeys.get(parked.call)
            if parked.slot == slot and journey is not None:
                shown = parked.caller if self._may_see(wanted.watcher, journey.call) else ""
                seen.append(DialogSeen(id=parked.call, state="confirmed", initiator=False, remote=shown))
        return dialog_info.document(number, self._domain, version, seen)

    def _dialog(self, leg: Leg, state: DialogState, watcher: ExtensionNumber) -> DialogSeen:
        call, calls_us = leg.call, leg is leg.call.first
        shown = leg.extension == watcher or self._may_see(watcher, call)
        # After a transfer the other side may be another one than who called.
        other = call.caller if leg.joined is None else leg.joined.number
        return DialogSeen(
            id=f"{call.id}-{leg.id}",
            state=state,
            initiator=calls_us,
            remote="" if not shown else call.called if calls_us else other,
            remote_name=call.caller_name if shown and not calls_us and other == call.caller else "",
        )

    def _may_see(self, watcher: ExtensionNumber, call: Call) -> bool:
        agent = self._board.queueing.agent_at(watcher)
        user = next((user for user in self._board.site.users if user.login == agent), None)
        if agent is None or user is None:
            return False
        journey = self._board.journeys.get(call.id)
        queue = journey.queue if journey is not None else None
        return user.role in SEES_ALL or (queue is not None and queue in self._board.queueing.view(agent).queues)

    def _waiting(self, number: ExtensionNumber) -> Counts:
        """Of the phone's own box, and of the queues and the box of who sits there; what is assigned is the affair of
        one alone."""
        agent = self._board.queueing.agent_at(number)
        boxes = [Box("extension", number)]
        if agent is not None:
            boxes += [Box("agent", agent), *(Box("queue", queue) for queue in self._board.queueing.view(agent).queues)]
        counts = [self._messages.get(str(box), (0, 0)) for box in boxes]
        return sum(new for new, _ in counts), sum(old for _, old in counts)

    def _word(self, number: ExtensionNumber) -> Word:
        """Of who sits there; of a phone without a person, whether it speaks."""
        queueing = self._board.queueing
        agent = queueing.agent_at(number)
        if not queueing.is_reachable(number):
            return "offline"
        state = "ready" if agent is None else queueing.view(agent).state
        if state in ("signed_out", "unreachable"):
            return "offline"
        undisturbed = self._board.forwarding.of(number).do_not_disturb
        return "available" if state == "ready" and not self._legs.get(number) and not undisturbed else "busy"

    # ---- what happens ---------------------------------------------------------------------------------------

    def moved(self, leg: Leg) -> None:
        """A leg began, rings, is up or gone."""
        if leg.extension is None:
            return
        legs = self._legs.setdefault(leg.extension, {})
        before = legs.pop(leg, None)
        if leg.alive:
            legs[leg] = "confirmed" if leg.state is LegState.UP else "early"
        if not legs:
            del self._legs[leg.extension]
        if legs.get(leg) == before:
            return
        self._changed("dialog", leg.extension)
        self._look(leg.extension)

    def _transferred(self, fact: events.CallTransferred) -> None:
        """Who stayed speaks with somebody else."""
        journey = self._board.journeys.get(fact.call)
        for leg in journey.call.legs if journey is not None else ():
            if leg.alive and leg.extension is not None:
                self._changed("dialog", leg.extension)

    def _agent_changed(self, fact: events.AgentChanged) -> None:
        """Who changes seats takes the lamps along."""
        view = fact.view
        now = None if view.extension is None else ExtensionNumber(view.extension)
        before = self._seats.get(view.agent)
        self._seats[view.agent] = now
        for number in {before, now} - {None}:
            assert number is not None
            self._look(number)

    def _forwarding_changed(self, number: ExtensionNumber) -> None:
        self._changed("dialog", number)
        self._look(number)

    def _slot_changed(self, slot: str) -> None:
        self._changed("dialog", ExtensionNumber(FETCH + slot))

    def _site_changed(self) -> None:
        board = self._board
        before = self._extensions
        self._extensions = frozenset(extension.number for extension in board.site.extensions)
        self._seats = {agent: board.queueing.extension_of(agent) for agent in board.queueing.agents()}
        for number in before - self._extensions:
            self._told.pop(("presence", number), None)
            self._told.pop(("message-summary", number), None)
            for package in ("dialog", "message-summary", "presence"):
                self._changed(package, number)  # there is no document any more: that ends it
        for number in self._extensions:
            self._look(number)

    def _look(self, number: ExtensionNumber) -> None:
        """Only what is another word than the last one is told."""
        words: tuple[tuple[Package, Word | Counts], ...] = (
            ("presence", self._word(number)),
            ("message-summary", self._waiting(number)),
        )
        for package, word in words:
            if number in self._extensions and self._told.get((package, number)) != word:
                self._told[package, number] = word
                self._changed(package, number)

    async def _count(self) -> None:
        """After what the history still has to write: the message that was just left is among it."""
        while self._stale:
            self._stale = False
            await self._board.history.settled()
            try:
                counts = await self._board.store.voicemail.counts()
            except CallcenterdError as fault:
                _log.error("messages not counted; lamps stay as they are", why=str(fault))
                return
            boxes = ((Box.of(count.queue, count.agent, count.extension), count) for count in counts)
            self._messages = {str(box): (count.open, count.done) for box, count in boxes}
        for number in self._extensions:
            self._look(number)
