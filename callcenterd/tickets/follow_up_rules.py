"""What an administrator does with the rules that draw follow-ups: what may be said of one, the trail, once (FUP-02)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import date, tzinfo
from typing import Any

from pydantic import TypeAdapter

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.follow_up_rules import (
    CUSTOM,
    FARTHEST_DAYS,
    PAST,
    Drawing,
    FollowUpRule,
    RuleTerms,
)
from callcenterd.model.query import Query
from callcenterd.model.records import RecordSight
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.store.query.kinds import QuerySight
from callcenterd.tickets.follow_up_drawing import FollowUpDrawing, Shown
from callcenterd.tickets.records import offered

_REFUSED = "the rule cannot be kept as it is"
_RULE = TypeAdapter(FollowUpRule)
NEW = 0
"""The number of a rule that is not kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who works on rules: what they see of customers, and the teams with which they share queries."""

    sight: QuerySight
    teams: Collection[str]

    @property
    def login(self) -> str:
        return self.sight.login

    @property
    def customers(self) -> RecordSight | None:
        return self.sight.records.get("customer")


class FollowUpRules:
    """site: as it is now. zone: the office's."""

    def __init__(
        self, store: Store, clock: Clock, site: Callable[[], Site], drawing: FollowUpDrawing, zone: tzinfo
    ) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._drawing = drawing
        self._zone = zone

    async def all(self) -> list[tuple[FollowUpRule, Drawing | None]]:
        """Each with its last drawing."""
        last = await self._store.follow_up_rules.last()
        return [(rule, last.get(rule.id)) for rule in await self._store.follow_up_rules.all()]

    async def get(self, rule: int) -> FollowUpRule:
        """Raises NotFound."""
        return await self._store.follow_up_rules.get(rule)

    async def drawings(self, rule: int, limit: int, offset: int) -> tuple[list[Drawing], int]:
        """Raises NotFound."""
        await self.get(rule)
        return await self._store.follow_up_rules.drawings(rule, limit, offset)

    async def add(self, terms: RuleTerms, asking: Asking) -> FollowUpRule:
        """Raises Refused with its fields, and NotNow: there are too many."""
        await self._check(terms, asking, None)
        since = self._drawing.first_day(terms.hour) if terms.active else None
        rule = await self._store.follow_up_rules.add(terms, since, asking.login, self._clock.utc())
        await self._audit(asking.login, "follow_up_rule.created", rule.id, {"after": _told(rule)})
        self._drawing.wake()
        return rule

    async def change(self, rule: int, version: int, terms: RuleTerms, asking: Asking) -> FollowUpRule:
        """Raises NotFound, RuleIsAnother, and Refused with its fields."""
        before = await self.get(rule)
        await self._check(terms, asking, before)
        since = before.since
        if terms.active and not before.active:
            since = self._drawing.first_day(terms.hour)
        after = await self._store.follow_up_rules.change(rule, version, terms, since, asking.login, self._clock.utc())
        details = {"before": _told(before), "after": _told(after)}
        await self._audit(asking.login, "follow_up_rule.changed", rule, details)
        self._drawing.wake()
        return after

    async def remove(self, rule: int, version: int, by: str) -> None:
        """Raises NotFound, RuleIsAnother, NotNow."""
        before = await self.get(rule)
        await self._store.follow_up_rules.remove(rule, version)
        await self._audit(by, "follow_up_rule.removed", rule, {"before": _told(before)})

    async def draw(self, rule: int, by: str) -> Drawing:
        """Raises NotFound, NotNow."""
        return await self._drawing.draw_now(await self.get(rule), by)

    async def preview(self, terms: RuleTerms, asking: Asking, rule: int | None) -> Shown:
        """Whom it would draw today as it is asked for, kept or not. rule: that it is, or None: a new one. Raises
        NotFound, and Refused with its fields."""
        before = None if rule is None else await self.get(rule)
        await self._check(terms, asking, before)
        now = self._clock.utc()
        known: dict[str, Any] = {name: getattr(terms, name) for name in RuleTerms.__dataclass_fields__}
        made: dict[str, Any] = {
            "created_at": now,
            "created_by": asking.login,
            "changed_at": now,
            "changed_by": asking.login,
        }
        asked = FollowUpRule(**known, **made, id=NEW, since=self._today())
        if before is not None:
            asked = replace(asked, id=before.id, since=before.since if before.active else asked.since)
        return await self._drawing.preview(asked, asking.customers)

    # ---- what may be said of one ----------------------------------------------------------------------------

    async def _check(self, terms: RuleTerms, asking: Asking, before: FollowUpRule | None) -> None:
        faults = await self._wrong_choices(terms, before) | await self._wrong_date(terms, asking)
        if all(team.name != terms.team for team in self._site().teams):
            faults["team"] = f"there is no team {terms.team}"
        if terms.where is not None and terms.query is not None:
            faults["query"] = "conditions of its own or a query, not both"
        elif terms.query is not None and (before is None or terms.query != before.query):
            faults |= await self._wrong_query(terms.query, asking)
        if not (terms.date_field or terms.where is not None or terms.query is not None):
            faults["date_field"] = "a date, conditions or a query are wanted"
        if not terms.date_field and not terms.again_days:
            faults["again_days"] = "without a date at least 1 is wanted"
        if terms.where is not None and (before is None or terms.where != before.where):
            try:
                await self._store.queries.check(Query(kind="customer", where=terms.where), asking.sight, self._zone)
            except Refused as fault:
                faults |= fault.fields
        if faults:
            raise Refused(_REFUSED, faults)

    async def _wrong_choices(self, terms: RuleTerms, before: FollowUpRule | None) -> dict[str, str]:
        """Only what is offered now can be chosen; what stood there before may stay."""
        codes, faults = await offered(self._store), {}
        for name, dictionary in (("category", "follow_up_category"), ("channel", "channel")):
            code = getattr(terms, name)
            stood = before is not None and code == getattr(before, name)
            if code and not stood and code not in codes[dictionary]:
                faults[name] = f"{code} cannot be chosen here"
        return faults

    async def _wrong_date(self, terms: RuleTerms, asking: Asking) -> dict[str, str]:
        name = terms.date_field
        if name in PAST:
            return {"days": f"0 to {FARTHEST_DAYS} are wanted"} if terms.days < 0 else {}
        if not name or (name.startswith(CUSTOM) and name.removeprefix(CUSTOM) in await self._dates(asking)):
            return {}
        return {"date_field": f"{name} cannot be chosen here"}

    async def _dates(self, asking: Asking) -> set[str]:
        """Custom fields of customers with a date, that who asks sees."""
        fields = await self._store.fields.all("customer")
        return {one.name for one in fields if one.type == "date" and one.seen_by(asking.sight.role)}

    async def _wrong_query(self, query: int, asking: Asking) -> dict[str, str]:
        try:
            kept = await self._store.saved_queries.get(query, asking.login, asking.teams)
        except NotFound:
            return {"query": f"there is no query {query}"}
        return {} if kept.query.kind == "customer" else {"query": "a query of customers is wanted"}

    def _today(self) -> date:
        return self._clock.utc().astimezone(self._zone).date()

    async def _audit(self, by: str, what: str, rule: int, details: dict[str, Any]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"follow_up_rule/{rule}", details)


def _told(rule: FollowUpRule) -> Any:
    return _RULE.dump_python(rule, mode="json")
