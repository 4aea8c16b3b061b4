"""The page as a phone, as its user may use it: which extension it is, and what is told of it [网页话机]."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from callcenterd.calls.pagephones import Connected, PagePhones, UnusableOffer
from callcenterd.errors import Refused
from callcenterd.model import events
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.model.phones import PagePhoneView

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class PagePhoneDesk:
    def __init__(self, board: Switchboard, phones: PagePhones) -> None:
        self._board = board
        self._phones = phones
        phones.changed = self._changed
        board.page_of = self._number
        board.bus.listen(events.AgentChanged, self._seat_changed)

    def view(self, login: str) -> PagePhoneView:
        return self._phones.view(login)

    def connected(self) -> Sequence[PagePhoneView]:
        return self._phones.connected()

    async def connect(self, login: str, offer: str, hosts: Sequence[str]) -> Connected:
        """The page becomes the phone at which its user sits. Raises Refused if its offer cannot be used, or
        LocalError if no page can be a phone now."""
        agent = AgentId(login)
        queueing = self._board.queueing
        name = queueing.view(agent).name if queueing.knows(agent) else login
        try:
            return await self._phones.connect(login, name, queueing.extension_of(agent), offer, hosts)
        except UnusableOffer as fault:
            raise Refused(str(fault), {"sdp": str(fault)}) from None

    def disconnect(self, login: str, page: str) -> None:
        self._phones.disconnect(login, page)

    def answer(self, login: str) -> None:
        self._phones.answer(login)

    def leave(self, login: str) -> None:
        """Declines, takes back or hangs up."""
        self._phones.leave(login)

    def dial(self, login: str, number: str) -> None:
        self._phones.dial(login, number)

    def press(self, login: str, keys: str) -> None:
        self._phones.press(login, keys)

    def hold(self, login: str, held: bool) -> None:
        self._phones.hold(login, held)

    def transfer(self, login: str, number: str) -> None:
        self._phones.transfer(login, number)

    def _changed(self, view: PagePhoneView) -> None:
        self._board.bus.publish(events.PagePhoneChanged(at=self._board.clock.utc(), **dataclasses.asdict(view)))

    def _number(self, login: str) -> ExtensionNumber | None:
        page = self._phones.target(login)
        return None if page is None else page.number

    def _seat_changed(self, changed: events.AgentChanged) -> None:
        """Who takes another seat takes their page along."""
        self._phones.move(changed.view.agent, self._board.queueing.extension_of(changed.view.agent))
