"""What people write down of consultations (CON-01): the rules, the trail and the news, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from callcenterd.bus import Bus
from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model import events
from callcenterd.model.consultations import Consultation, ConsultationFields
from callcenterd.model.fields import FieldKind
from callcenterd.model.people import Role
from callcenterd.model.site import Site
from callcenterd.store.database import Store

KIND: FieldKind = "consultation"
FROM_DICTIONARIES: Mapping[str, str] = {"category": "consultation_category", "channel": "channel", "sex": "sex"}
"""Fields, and the dictionaries that their values are from."""
WHOSE = ("phone", "card", "name", "sex")
OLDEST = timedelta(days=366)
"""So far back somebody may write down what was not written down then."""


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
                new = await self._with_customer(new)
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
            team=team_of(by, self._site()),
            by=by,
            now=now,
            day=now.astimezone(self._zone).date(),
            role=role,
        )
        await self._saved(made, "consultation.created", by, {"number": made.number})
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
        await self._saved(after, "consultation.changed", by, {"fields": sorted(changed)})
        return after

    async def _with_customer(self, new: ConsultationFields) -> ConsultationFields:
        """Raises NotFound."""
        assert new.customer is not None
        customer = await self._store.customers.get(new.customer)
        new = replace(new, customer=customer.id)  # one that was merged into another is the other
        if any(getattr(new, name) for name in WHOSE):
            return new
        phone = customer.phones[0] if customer.phones else ""
        return replace(new, phone=phone, card=customer.card, name=customer.name, sex=customer.sex)

    async def _wrong(self, new: ConsultationFields, before: Consultation | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        faults: dict[str, str] = {} if new.category else {"category": "is missing"}
        chosen = {
            name: code
            for name in FROM_DICTIONARIES
            if (code := getattr(new, name)) and (before is None or code != getattr(before, name))
        }
        if chosen:
            offered = {
                dictionary.name: {value.code for value in dictionary.values if not value.retired}
                for dictionary in await self._store.dictionaries.all()
            }
            for name, code in chosen.items():
                if code not in offered[FROM_DICTIONARIES[name]]:
                    faults[name] = f"{code} cannot be chosen here"
        return faults

    async def _saved(self, one: Consultation, what: str, by: str, details: dict[str, object]) -> None:
        """The trail says which fields, not what stands in them."""
        now = self._clock.utc()
        await self._store.audit.append(now, by, what, f"{KIND}/{one.id}", details)
        self._bus.publish(
            events.RecordSaved(
                at=now,
                kind=KIND,
                record=one.id,
                number=one.number,
                customer=one.customer,
                call=one.call,
                owner=one.owner,
                team=one.team,
                created_by=one.created_by,
                version=one.version,
                by=by,
            )
        )


def team_of(login: str, site: Site) -> str:
    """The team whose records somebody's are: the first that they are in, else the first that they lead; "": none."""
    of = [team.name for team in site.teams if login in team.members]
    of += [team.name for team in site.teams if login in team.leaders]
    return of[0] if of else ""
