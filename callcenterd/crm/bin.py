"""Doubles become one customer, and removed ones lie in the recycle bin until they are erased (CRM-01)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import structlog

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.config import Customers as Rules
from callcenterd.crm.customer import MOST_CHOICES, MOST_PHONES, NO_MESSAGES
from callcenterd.errors import CallcenterdError, NotFound, Refused
from callcenterd.model import numbers
from callcenterd.model.bin import Binned, Doubles, Merge
from callcenterd.model.customers import Customer, CustomerCard
from callcenterd.model.events import CustomerSaved
from callcenterd.model.ids import CustomerId
from callcenterd.model.people import Role
from callcenterd.store.customers import CustomerChanged, OtherVersion
from callcenterd.store.database import Store

_log = structlog.get_logger(__name__)

EVERY = 600.0
"""Seconds between two looks at what has come to merged customers, and at who is to be erased."""
_UNITED = ("phones", "channels", "tags")
_FIELDS = tuple(name for name in CustomerCard.__dataclass_fields__ if name not in ("fields", *_UNITED))


class CustomerBin:
    def __init__(self, store: Store, bus: Bus, clock: Clock, region: str, rules: Rules) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._region = region
        self._rules = rules
        self._looking: asyncio.Task[None] | None = None

    async def doubles(self, role: Role) -> list[Doubles]:
        """Groups of customers who may be one, those who share most first."""
        return await self._store.doubles.all(role)

    async def doubles_of(self, customer: CustomerId, role: Role) -> list[Doubles]:
        """Raises NotFound."""
        return await self._store.doubles.of((await self._store.customers.get(customer)).id, role)

    async def merge(
        self,
        kept: tuple[CustomerId, int],
        gone: tuple[CustomerId, int],
        take: Collection[str],
        by: str,
    ) -> Merge:
        """One customer of two, each with the version that was seen. take: fields ("fields.NAME" for custom ones) whose
        value is to be that of the one who goes; what the kept one lacks is taken anyway, and numbers, tags and channels
        of both are kept.

        Raises Refused, NotFound and CustomerChanged.
        """
        if kept[0] == gone[0]:
            raise Refused("a customer cannot be merged with themselves", {"other": "is the same customer"})

        def together(stays: Customer, goes: Customer) -> CustomerCard:
            return united(stays, goes, take, self._region)

        merge = await self._store.merging.merge(kept, gone, together, by, self._clock.utc())
        await self._told(kept[0], "customer.merged", by, {"merge": merge.id, "gone": gone[0]})
        return merge

    async def undo(self, merge: int, by: str) -> Merge:
        """Raises NotFound and NotNow."""
        undone = await self._store.merging.undo(merge, by, self._clock.utc())
        await self._told(undone.kept, "customer.unmerged", by, {"merge": merge, "back": undone.gone})
        await self._told(undone.gone, "customer.unmerged", by, {"merge": merge})
        return undone

    async def remove(self, customer: CustomerId, version: int, by: str, why: str) -> None:
        """Into the bin. Raises NotFound and CustomerChanged."""
        known = await self._store.customers.get(customer)
        if known.id != customer:
            raise CustomerChanged(known)
        try:
            await self._store.bin.remove(customer, version, by, why)
        except OtherVersion:
            raise CustomerChanged(await self._store.customers.get(customer)) from None
        await self._told(customer, "customer.removed", by, {}, {"reason": [None, why]})

    async def page(self, limit: int, offset: int) -> tuple[list[Binned], int]:
        """The last removed first."""
        return await self._store.bin.page(limit, offset, self._rules.bin_days)

    async def restore(self, customer: CustomerId, by: str) -> None:
        """Raises NotFound."""
        await self._store.bin.restore(customer)
        await self._told(customer, "customer.restored", by, {})

    async def erase(self, customer: CustomerId, by: str) -> None:
        """For good. Raises NotFound for one who is not in the bin."""
        await self._store.bin.erase(customer, by)
        await self._told(customer, "customer.erased", by, {})

    async def _told(
        self, customer: CustomerId, what: str, by: str, details: dict[str, Any], changes: dict[str, Any] | None = None
    ) -> None:
        """changes: what may be of a person, and can be erased."""
        now = self._clock.utc()
        await self._store.audit.append(now, by, what, f"customer/{customer}", details, changes)
        self._bus.publish(CustomerSaved(at=now, customer=customer, by=by))

    # ---- by itself --------------------------------------------------------------------------------------

    def start(self) -> None:
        self._looking = asyncio.create_task(self._run(), name="customers' bin")

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
            except CallcenterdError as fault:
                _log.error("the customers' bin cannot be looked through", why=str(fault))

    async def look(self) -> int:
        """What came to merged customers goes over to who they are; who is in the bin for too long is erased. Answers
        how many were erased."""
        await self._store.merging.settle()
        if not self._rules.bin_days:
            return 0
        due = await self._store.bin.due(self._clock.utc() - timedelta(days=self._rules.bin_days))
        for customer in due:
            try:
                await self.erase(customer, "system")
            except NotFound:
                continue  # somebody brought them back, or erased them, at this moment
        return len(due)


def united(kept: Customer, gone: Customer, take: Collection[str], region: str) -> CustomerCard:
    """The card of both. Raises Refused: there is no such field, or both have more numbers than a card holds."""
    known = {*_FIELDS, *(f"fields.{name}" for name in {*kept.fields, *gone.fields})}
    if strange := sorted(set(take) - known):
        raise Refused("the customers cannot be merged like this", {"take": f"there is no field {strange[0][:80]}"})
    card: dict[str, Any] = {}
    for name in _FIELDS:
        mine, theirs = getattr(kept, name), getattr(gone, name)
        # Who does not want messages does not want them as somebody else either.
        card[name] = (mine or theirs) if name in NO_MESSAGES else theirs if name in take or mine in ("", None) else mine
    lines: dict[str, str] = {}
    for phone in (*kept.phones, *gone.phones):
        lines.setdefault(numbers.normalise(phone, region) or phone, phone)
    if len(lines) > MOST_PHONES:
        raise Refused(
            "the customers cannot be merged like this", {"phones": f"a card has at most {MOST_PHONES} numbers"}
        )
    card["phones"] = tuple(lines.values())
    for name in ("channels", "tags"):
        card[name] = tuple(dict.fromkeys((*getattr(kept, name), *getattr(gone, name))))[:MOST_CHOICES]
    card["fields"] = {
        name: value for name, value in gone.fields.items() if name not in kept.fields or f"fields.{name}" in take
    }
    return CustomerCard(**card)
