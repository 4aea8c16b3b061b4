"""What is done with scorecards [评分表]: what may stand on one, the trail, and the two that an office begins with."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from pydantic import TypeAdapter

from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model.appraisals import (
    MOST_CHOICES,
    MOST_POINTS,
    MOST_QUESTIONS,
    MOST_SECTIONS,
    MOST_WEIGHT,
    Question,
    Template,
    TemplateTerms,
)
from callcenterd.quality.shipped import SHIPPED
from callcenterd.store.database import Store

_TEMPLATE = TypeAdapter(Template)
_ID = re.compile(r"[a-z0-9_]{1,20}")


class Templates:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def ship(self) -> None:
        """A new office begins with two; one that has any keeps what it has."""
        await self._store.quality.templates.add(SHIPPED, "system", self._clock.utc(), first=True)

    async def all(self) -> list[Template]:
        return await self._store.quality.templates.all()

    async def get(self, template: int, version: int | None = None) -> Template:
        """version None: as it is now. Raises NotFound."""
        if version is None:
            return await self._store.quality.templates.get(template)
        return await self._store.quality.templates.version(template, version)

    async def add(self, terms: TemplateTerms, by: str) -> Template:
        """Raises Refused with its fields, and NotNow: there are too many."""
        _check(terms)
        (made,) = await self._store.quality.templates.add([terms], by, self._clock.utc())
        await self._audit(by, "appraisal_template.created", made.id, {"after": _told(made)})
        return made

    async def change(self, template: int, version: int, terms: TemplateTerms, by: str) -> Template:
        """A new version; what was scored keeps the one that it was scored by. Raises NotFound, ScorecardIsAnother, and
        Refused with its fields."""
        _check(terms)
        before = await self.get(template)
        after = await self._store.quality.templates.change(template, version, terms, by, self._clock.utc())
        details = {"before": _told(before), "after": _told(after)}
        await self._audit(by, "appraisal_template.changed", template, details)
        return after

    async def _audit(self, by: str, what: str, template: int, details: dict[str, Any]) -> None:
        await self._store.audit.append(self._clock.utc(), by, what, f"appraisal_template/{template}", details)


def _told(one: Template) -> Any:
    return _TEMPLATE.dump_python(one, mode="json")


def _check(terms: TemplateTerms) -> None:
    """Raises Refused."""
    if found := faults(terms):
        raise Refused("the scorecard cannot be kept as it is", found)


def faults(terms: TemplateTerms) -> dict[str, str]:
    """What is wrong with a scorecard, by field."""
    found: dict[str, str] = {}
    if not 1 <= len(terms.sections) <= MOST_SECTIONS:
        found["sections"] = f"1 to {MOST_SECTIONS} sections are wanted"
    if not 1 <= len(terms.questions) <= MOST_QUESTIONS:
        found["sections"] = f"1 to {MOST_QUESTIONS} questions are wanted"
    twice = {name for name, times in Counter(one.id for one in terms.questions).items() if times > 1}
    for n, section in enumerate(terms.sections):
        place = f"sections.{n}"
        if not section.questions:
            found[f"{place}.questions"] = "at least 1 is wanted"
        if not 1 <= section.weight <= MOST_WEIGHT:
            found[f"{place}.weight"] = f"1 to {MOST_WEIGHT} are wanted"
        for m, question in enumerate(section.questions):
            at = f"{place}.questions.{m}"
            found |= {f"{at}.{name}": why for name, why in _question(question).items()}
            if question.id in twice:
                found[f"{at}.id"] = "is there twice"
    return found


def _question(one: Question) -> dict[str, str]:
    found: dict[str, str] = {}
    if _ID.fullmatch(one.id) is None:
        found["id"] = "1 to 20 of a-z, 0-9 and _ are wanted"
    if not 1 <= one.weight <= MOST_WEIGHT:
        found["weight"] = f"1 to {MOST_WEIGHT} are wanted"
    if not 0 <= one.comment_below <= 100:
        found["comment_below"] = "0 to 100 are wanted"
    if one.kind != "choice":
        if not 1 <= one.points <= MOST_POINTS:
            found["points"] = f"1 to {MOST_POINTS} are wanted"
        if one.choices:
            found["choices"] = "only a question of choices has them"
        return found
    points = [choice.points for choice in one.choices]
    if not 2 <= len(points) <= MOST_CHOICES:
        found["choices"] = f"2 to {MOST_CHOICES} are wanted"
    elif any(not 0 <= each <= MOST_POINTS for each in points):
        found["choices"] = f"0 to {MOST_POINTS} points are wanted"
    elif len(set(points)) < len(points):
        found["choices"] = "each with other points"
    return found
