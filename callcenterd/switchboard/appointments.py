"""Appointments as a flow's call deals with them (CON-03): what a caller has named by its code may be moved, cancelled.

Who keeps appointments is a room above: whoever builds the switchboard gives it (`Switchboard.appointments`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from callcenterd.ivr.node import NodeFailed
from callcenterd.model.appointments_by_call import BookedByCall, Caller, FoundByCall
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

MOST_BOOKED = 3
"""By one call, moves among them."""


class AppointmentsByCall(Protocol):
    """What flows may ask of appointments; who keeps them is a room above."""

    async def free(self, service: str) -> Sequence[datetime]:
        """When it can be booked now, in the zone of the service; none if there is no such service."""

    async def book(self, service: str, begin: datetime, caller: Caller) -> BookedByCall: ...

    async def find(self, phone: str, code: str) -> FoundByCall: ...

    async def move(self, appointment: int, service: str, begin: datetime, flow: str) -> BookedByCall: ...

    async def cancel(self, appointment: int, flow: str) -> bool:
        """False: it is not booked any more."""


class AppointmentsInCall:
    """For one call. Raises NodeFailed where nobody keeps appointments, and for one that the caller has not named."""

    def __init__(self, board: Switchboard, journey: Journey) -> None:
        self._board = board
        self._journey = journey
        self._named: dict[str, int] = {}
        self._booked = 0

    async def free(self, service: str) -> Sequence[datetime]:
        return await self._kept().free(service)

    async def book(self, service: str, begin: datetime, phone: str, language: str) -> BookedByCall:
        kept, board, journey = self._kept(), self._board, self._journey
        self._may_book()
        if journey.looking is not None:
            await journey.looking
        own = len(journey.customers) == 1 and phone == journey.call.caller
        await board.history.settled()  # the call is there, to be the appointment's
        caller = Caller(
            call=journey.call.id,
            flow=journey.flow or "",
            phone=phone,
            language=language,
            customer=journey.customers[0].id if own else None,
        )
        return self._counted(await kept.book(service, begin, caller))

    async def find(self, phone: str, code: str) -> FoundByCall:
        found = await self._kept().find(phone, code)
        if found.told is not None:
            self._named[found.told.number] = found.id
        return found

    async def move(self, number: str, service: str, begin: datetime) -> BookedByCall:
        self._may_book()
        moved = self._counted(await self._kept().move(self._id(number), service, begin, self._journey.flow or ""))
        if moved.told is not None:
            self._named.pop(number)
            self._named[moved.told.number] = moved.id
        return moved

    async def cancel(self, number: str) -> bool:
        return await self._kept().cancel(self._id(number), self._journey.flow or "")

    def _kept(self) -> AppointmentsByCall:
        if self._board.appointments is None:
            raise NodeFailed("nobody keeps appointments here")
        return self._board.appointments

    def _id(self, number: str) -> int:
        if number not in self._named:
            raise NodeFailed("the caller has not named this appointment by its code")
        return self._named[number]

    def _may_book(self) -> None:
        if self._booked >= MOST_BOOKED:
            raise NodeFailed(f"more than {MOST_BOOKED} appointments in one call")

    def _counted(self, booked: BookedByCall) -> BookedByCall:
        self._booked += booked.answer == "booked"
        return booked
