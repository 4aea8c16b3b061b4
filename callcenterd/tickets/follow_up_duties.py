"""What somebody does in the ledger to the duty of a follow-up is done to the follow-up: both are one."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import datetime
from typing import Protocol

from callcenterd.errors import NotNow
from callcenterd.model.duties import Duty, DutyIsAnother
from callcenterd.model.follow_ups import WAITING, FollowUp
from callcenterd.model.records import RecordIsAnother
from callcenterd.store.database import Store


class Worked(Protocol):
    """`follow_ups.FollowUps`, as far as it is needed here."""

    async def finish(self, before: FollowUp, by: str, text: str) -> FollowUp: ...
    async def cancel(self, before: FollowUp, version: int, by: str, text: str) -> FollowUp: ...
    async def put_off(self, before: FollowUp, by: str, due: datetime, text: str) -> FollowUp: ...
    async def assign(
        self, before: FollowUp, version: int, by: str, owner: str, *, team: str = "", text: str = ""
    ) -> FollowUp: ...


class FollowUpDuties:
    """As `ledger.OfRecord`."""

    def __init__(self, store: Store, follow_ups: Worked) -> None:
        self._store = store
        self._follow_ups = follow_ups

    async def duty_done(self, duty: Duty, by: str, text: str) -> Duty:
        return await self._after(duty, self._follow_ups.finish(await self._of(duty), by, text))

    async def duty_cancelled(self, duty: Duty, by: str, text: str) -> Duty:
        one = await self._of(duty)
        return await self._after(duty, self._follow_ups.cancel(one, one.version, by, text))

    async def duty_postponed(self, duty: Duty, by: str, due: datetime, text: str) -> Duty:
        return await self._after(duty, self._follow_ups.put_off(await self._of(duty), by, due, text))

    async def duty_assigned(self, duty: Duty, by: str, owner: str, team: str, text: str) -> Duty:
        one = await self._of(duty)
        team = team or ("" if owner else one.team)
        return await self._after(duty, self._follow_ups.assign(one, one.version, by, owner, team=team, text=text))

    async def _of(self, duty: Duty) -> FollowUp:
        found = await self._store.follow_ups.of_duty(duty.id)
        if found is None or found.state not in WAITING:
            raise NotNow("this duty is closed")
        return found

    async def _after(self, duty: Duty, work: Awaitable[FollowUp]) -> Duty:
        """The duty, when that is done."""
        try:
            await work
        except RecordIsAnother:
            raise DutyIsAnother(await self._store.duties.get(duty.id)) from None
        return await self._store.duties.get(duty.id)
