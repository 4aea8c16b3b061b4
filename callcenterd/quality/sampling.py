"""How many calls of an agent are wanted by which day, which ones chance takes, and who appraises them. Pure."""

from __future__ import annotations

import random
from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar

from callcenterd.model.appraisal_plans import Per

T = TypeVar("T")


def period_of(day: date, per: Per) -> tuple[date, date]:
    """First and last day of the week or month that the day is in."""
    if per == "week":
        first = day - timedelta(days=day.weekday())
        return first, first + timedelta(days=6)
    return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])


def wanted_by(day: date, per: Per, count: int) -> int:
    """How many of an agent's calls are to be drawn by the end of that day: all of them by the last one of the period,
    and before it as many as its share of the days, rounded up, so that the work is spread over the period."""
    first, last = period_of(day, per)
    days, gone = (last - first).days + 1, (day - first).days + 1
    return -(-count * gone // days)


def choose(
    candidates: Mapping[str, Sequence[T]], drawn: Mapping[str, int], wanted: int, chance: random.Random
) -> list[tuple[str, T]]:
    """Of each agent's calls as many as are still wanted, each with the same chance. drawn: how many they have in this
    period already. Agents by turns, so that whoever is dealt out to gets a mixture."""
    taken = {
        agent: chance.sample(list(calls), min(len(calls), max(wanted - drawn.get(agent, 0), 0)))
        for agent, calls in sorted(candidates.items())
    }
    longest = max((len(calls) for calls in taken.values()), default=0)
    return [(agent, calls[n]) for n in range(longest) for agent, calls in taken.items() if n < len(calls)]


class Even:
    """Deals appraisals out: each to whoever has the fewest and may have it; of these the next in turn.

    appraisers: in their order. has: how many each has got in this period by this plan. may: appraiser, agent."""

    def __init__(self, appraisers: Sequence[str], has: Mapping[str, int], may: Callable[[str, str], bool]) -> None:
        self._has = {one: has.get(one, 0) for one in dict.fromkeys(appraisers)}
        self._may = may
        self._turn = 0

    def next(self, agent: str) -> str:
        """A login; "": nobody may. Nobody appraises a call of their own."""
        order = list(self._has)
        turned = order[self._turn :] + order[: self._turn]
        able = [one for one in turned if one != agent and self._may(one, agent)]
        if not able:
            return ""
        chosen = min(able, key=lambda one: self._has[one])
        self._has[chosen] += 1
        self._turn = (order.index(chosen) + 1) % len(order)
        return chosen
