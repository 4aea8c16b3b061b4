"""The kinds of duties as they are in force: as shipped, or as an administrator has changed them.

A change is in force at once, for duties that are made from then on: those that are there keep their times and whom
they are handed up to, since somebody was told of them. Which calls close a duty counts for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace

from callcenterd.clock import Clock
from callcenterd.errors import NotFound, Refused
from callcenterd.model.changes import audit_change
from callcenterd.model.duties import Escalation
from callcenterd.model.duty_kinds import DutyKindTerms
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.tickets.deadlines import MOST_MINUTES
from callcenterd.tickets.kinds import KINDS, Kind

MOST_NAME = 40
MOST_ESCALATIONS = 5
ROLES = ("leaders", "supervisor", "manager")
_SAME = tuple(field.name for field in fields(DutyKindTerms) if field.name in Kind.__dataclass_fields__)


class Kinds(Mapping[str, Kind]):
    """By name; in the order in which they ship. site: as it is now. As shipped until `load`."""

    def __init__(self, store: Store, clock: Clock, site: Callable[[], Site]) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._changed: dict[str, DutyKindTerms] = {}
        self._kinds = dict(KINDS)

    def __getitem__(self, name: str) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    async def load(self) -> None:
        """What was changed in earlier days. A kind that this version does not know any more is left alone."""
        for terms in await self._store.duty_kinds.changed():
            if terms.name in KINDS:
                self._take(terms)

    def terms(self, name: str) -> DutyKindTerms:
        """Raises NotFound."""
        if name not in KINDS:
            raise NotFound("kind of duties", name[:40])
        return self._changed.get(name) or shipped(name)

    async def change(self, new: DutyKindTerms, by: str) -> DutyKindTerms:
        """new.version: the one that was read. Raises NotFound, Refused with its fields, DutyKindIsAnother."""
        before = self.terms(new.name)
        if faults := self._faults(new):
            raise Refused("this kind cannot be kept as it is", faults)
        ordered = tuple(sorted(new.escalations, key=lambda one: one.minutes))
        at = self._clock.utc()
        after = await self._store.duty_kinds.put(replace(new, escalations=ordered), shipped(new.name), by, at)
        self._take(after)
        changes = audit_change(before, after)
        details = {"fields": sorted(changes), "version": after.version}
        await self._store.audit.append(at, by, "duty_kind.changed", f"duty_kind/{new.name}", details, changes)
        return after

    def _take(self, terms: DutyKindTerms) -> None:
        self._changed[terms.name] = terms
        self._kinds[terms.name] = replace(KINDS[terms.name], **{name: getattr(terms, name) for name in _SAME})

    def _faults(self, new: DutyKindTerms) -> dict[str, str]:
        kind, faults = KINDS[new.name], {}
        for name in ("chinese", "english"):
            if not getattr(new, name).strip():
                faults[name] = "is missing"
        if not 1 <= new.limit <= MOST_MINUTES:
            faults["limit"] = f"1 to {MOST_MINUTES} working minutes are wanted"
        if not 0 <= new.warn <= new.limit:
            faults["warn"] = "at most the time that it has is wanted"
        if len(new.escalations) > MOST_ESCALATIONS:
            faults["escalations"] = f"at most {MOST_ESCALATIONS} are wanted"
        for one in new.escalations:
            if why := self._wrong(one):
                faults["escalations"] = why
        if kind.of_record and (new.closes, new.by_people) != (kind.closes, kind.by_people):
            faults["closes"] = "what closes the step of a record, the record says"
        elif new.by_people and new.closes is None:
            faults["by_people"] = "where no call closes it, nobody's does"
        return faults

    def _wrong(self, one: Escalation) -> str:
        if not 0 <= one.minutes <= MOST_MINUTES:
            return f"0 to {MOST_MINUTES} working minutes are wanted"
        login = one.to.removeprefix("person:")
        if one.to in ROLES or (login != one.to and any(user.login == login for user in self._site().users)):
            return ""
        return f"one of {', '.join(ROLES)} or person: and a login is wanted"


def shipped(name: str) -> DutyKindTerms:
    """Raises KeyError."""
    kind = KINDS[name]
    return DutyKindTerms(**{name: getattr(kind, name) for name in _SAME})
