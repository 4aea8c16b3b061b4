"""What is done with sampling plans [抽样计划]: what may be said of one, the trail, and when it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, tzinfo
from typing import Any

from pydantic import TypeAdapter

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.appraisal_plans import Plan, PlanDrawing, PlanTerms
from callcenterd.model.site import Site
from callcenterd.quality.drawing import PlanDrawings
from callcenterd.store.database import Store

_PLAN = TypeAdapter(Plan)


class Plans:
    """site: as it is now. zone: the office's."""

    def __init__(
        self, store: Store, clock: Clock, site: Callable[[], Site], drawings: PlanDrawings, zone: tzinfo
    ) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._drawings = drawings
        self._zone = zone

    async def all(self) -> list[tuple[Plan, PlanDrawing | None]]:
        """Each with its last drawing."""
        last = await self._store.quality.plans.last()
        return [(plan, last.get(plan.id)) for plan in await self._store.quality.plans.all()]

    async def get(self, plan: int) -> Plan:
        """Raises NotFound."""
        return await self._store.quality.plans.get(plan)

    async def drawings(self, plan: int, limit: int, offset: int) -> tuple[list[PlanDrawing], int]:
        """Raises NotFound."""
        await self.get(plan)
        return await self._store.quality.plans.drawings(plan, limit, offset)

    async def add(self, terms: PlanTerms, by: str) -> Plan:
        """Raises Refused with its fields, and NotNow: there are too many."""
        await self._check(terms)
        since = self._today() if terms.active else None
        plan = await self._store.quality.plans.add(terms, since, by, self._clock.utc())
        await self._audit(by, "appraisal_plan.created", plan.id, {"after": _told(plan)})
        self._drawings.wake()
        return plan

    async def change(self, plan: int, version: int, terms: PlanTerms, by: str) -> Plan:
        """Raises NotFound, PlanIsAnother, and Refused with its fields."""
        before = await self.get(plan)
        await self._check(terms)
        since = self._today() if terms.active and not before.active else before.since
        after = await self._store.quality.plans.change(plan, version, terms, since, by, self._clock.utc())
        details = {"before": _told(before), "after": _told(after)}
        await self._audit(by, "appraisal_plan.changed", plan, details)
        self._drawings.wake()
        return after

    async def draw(self, plan: int, by: str) -> PlanDrawing:
        """Raises NotFound, NotNow."""
        return await self._drawings.draw_now(await self.get(plan), by)

    async def _check(self, terms: PlanTerms) -> None:
        """Raises Refused."""
        site = self._site()
        faults: dict[str, str] = {}
        known: dict[str, set[str]] = {
            "queues": {queue.name for queue in site.queues},
            "teams": {team.name for team in site.teams},
            "agents": {user.login for user in site.users},
            "appraisers": {user.login for user in site.users},
            "dispositions": {one.code for one in site.dispositions},
        }
        for name, names in known.items():
            if unknown := [str(one) for one in getattr(terms, name) if one not in names]:
                faults[name] = f"{', '.join(unknown)} cannot be chosen here"
        if not terms.appraisers:
            faults["appraisers"] = "at least 1 is wanted"
        if terms.most_seconds is not None and terms.most_seconds < terms.least_seconds:
            faults["most_seconds"] = "is less than the least"
        try:
            template = await self._store.quality.templates.get(terms.template)
        except NotFound:
            template = None
        if template is None or (terms.active and not template.active):
            faults["template"] = f"there is no scorecard {terms.template} in use"
        if faults:
            raise Refused("the plan cannot be kept as it is", faults)

    def _today(self) -> date:
        """A plan that is switched on now looks through the calls of today first, when they are over."""
        return self._clock.utc().astimezone(self._zone).date()

    async def _audit(self, by: str, what: str, plan: int, details: dict[str, Any]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"appraisal_plan/{plan}", details)


def _told(plan: Plan) -> Any:
    return _PLAN.dump_python(plan, mode="json")
