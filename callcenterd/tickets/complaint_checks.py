"""What can be written of a complaint, and what a move of it can be given: the rest is refused, by its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from callcenterd.clock import Clock
from callcenterd.errors import NotFound
from callcenterd.model.complaints import Complaint, ComplaintFields
from callcenterd.model.site import Site
from callcenterd.model.workflows import Given
from callcenterd.store.database import Store
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.records import offered

FROM_DICTIONARIES: Mapping[str, str] = {"type": "complaint_type", "aspects": "complaint_aspect", "sex": "sex"}
"""Fields, and the dictionaries that their values are from."""
SATISFACTION = "complaint_satisfaction"


class ComplaintChecks:
    """site: as it is now. Faults are by the names of fields; none: it can be kept."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site]) -> None:
        self._store = store
        self._clock = clock
        self._site = site

    async def of_fields(self, new: ComplaintFields, before: Complaint | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        faults = {name: "is missing" for name in ("type", "reason") if not str(getattr(new, name)).strip()}
        codes = await offered(self._store)
        for name, dictionary in FROM_DICTIONARIES.items():
            stood = _codes(before, name) if before is not None else set()
            if unknown := sorted(_codes(new, name) - stood - codes[dictionary]):
                faults[name] = f"{unknown[0]} cannot be chosen here"
        if new.customer is not None and (before is None or new.customer != before.customer):
            try:
                await self._store.customers.get(new.customer)
            except NotFound:
                faults["customer"] = f"there is no customer {new.customer}"
        return faults

    async def of_move(self, given: Given) -> dict[str, str]:
        site, faults, now = self._site(), dict[str, str](), self._clock.utc()
        if given.team and all(one.name != given.team for one in site.teams):
            faults["team"] = f"there is no team {given.team}"
        if given.person and all(user.login != given.person for user in site.users):
            faults["person"] = f"there is no user {given.person}"
        if given.satisfaction and given.satisfaction not in (await offered(self._store))[SATISFACTION]:
            faults["satisfaction"] = f"{given.satisfaction} cannot be chosen here"
        if given.due is not None and given.due <= now:
            faults["due"] = "must be still to come"
        if given.minutes is not None and not 1 <= given.minutes <= MOST_MINUTES:
            faults["minutes"] = f"one of 1 to {MOST_MINUTES} is wanted"
        return faults


def _codes(of: ComplaintFields, name: str) -> set[str]:
    value = getattr(of, name)
    return {value} - {""} if isinstance(value, str) else set(value)
