"""What people write down of consultations (CON-01): the rules, the trail and the news, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.changes import audit_change
from callcenterd.model.consultations import Consultation, ConsultationFields
from callcenterd.model.fields import FieldKind
from callcenterd.model.people import Role
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets.records import OLDEST, news, offered, with_customer

KIND: FieldKind = "consultation"
FROM_DICTIONARIES: Mapping[str, str] = {"category": "consultation_category", "channel": "channel", "sex": "sex"}
"""Fields, and the dictionaries that their values are from."""


class Consultations:
    """Every way to a consultation that is not SQL. site: as it is now. zone: the office's, whose days are counted."""

    def __init__(self, store: Store, bus: Bus, clock: Clock, site: Callable[[], Site], zone: tzinfo) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self._site = site
        self._zone = zone

    async def create(
        self, new: ConsultationFields, by: str, role: Role | None, at: datetime | None = None
    ) -> Consultation:
        """It is theirs who writes it down. at: when it was; None: when its call began, else now. Who it was is taken
        from the customer's card, where nothing of that is said.

        Raises Refused with its fields.
        """
        now = self._clock.utc()
        faults = await self._wrong(new, None)
        if at is not None and not now - OLDEST <= at <= now:
            faults["at"] = "a time of the last year is wanted"
        if not faults and new.customer is not None:
            try:
                new = with_customer(new, await self._store.customers.get(new.customer))
            except NotFound:
                faults["customer"] = f"there is no customer {new.customer}"
        if new.call is not None:
            try:
                call = await self._store.calls.get(new.call)
                at = at or call.started_at
            except NotFound:
                faults["call"] = f"there is no call {new.call[:40]}"
        if faults:
            raise Refused("the record cannot be kept as it is", faults)
        made = await self._store.consultations.add(
            new,
            at=at or now,
            owner=by,
            team=self._site().team_of(by),
            by=by,
            now=now,
            day=now.astimezone(self._zone).date(),
            role=role,
        )
        await self._saved(None, made, "consultation.created", by, {"number": made.number})
        return made

    async def change(
        self, before: Consultation, new: ConsultationFields, version: int, by: str, role: Role | None
    ) -> Consultation:
        """The whole of it anew; custom fields that are not named stay. version: the one that was read.

        Raises NotFound, Refused with its fields, and `RecordIsAnother` with what is now.
        """
        faults = await self._wrong(new, before)
        if new.call != before.call:
            faults["call"] = "must stay as it is"
        if new.customer is not None and new.customer != before.customer:
            try:
                new = replace(new, customer=(await self._store.customers.get(new.customer)).id)
            except NotFound:
                faults["customer"] = f"there is no customer {new.customer}"
        if faults:
            raise Refused("the record cannot be kept as it is", faults)
        now = self._clock.utc()
        after, changed = await self._store.consultations.change(
            before.id, new, version=version, by=by, now=now, role=role
        )
        await self._saved(before, after, "consultation.changed", by, {"fields": sorted(changed)})
        return after

    async def _wrong(self, new: ConsultationFields, before: Consultation | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        faults: dict[str, str] = {} if new.category else {"category": "is missing"}
        chosen = {
            name: code
            for name in FROM_DICTIONARIES
            if (code := getattr(new, name)) and (before is None or code != getattr(before, name))
        }
        if chosen:
            codes = await offered(self._store)
            for name, code in chosen.items():
                if code not in codes[FROM_DICTIONARIES[name]]:
                    faults[name] = f"{code} cannot be chosen here"
        return faults

    async def _saved(
        self, before: Consultation | None, one: Consultation, what: str, by: str, details: dict[str, object]
    ) -> None:
        """The trail says which fields; what stood in them lies beside it."""
        now = self._clock.utc()
        await self._store.audit.append(now, by, what, f"{KIND}/{one.id}", details, audit_change(before, one))
        self._bus.publish(news(KIND, one, by, now))
