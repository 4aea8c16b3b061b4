"""Whom a campaign calls next, how many at once, and what becomes of an entry after a call (ACD-06). Pure.

Order: those with whom a time was agreed that has come, the earliest first; then the higher priority, the fewer
attempts, the earlier due time, and the order of the list. `store.campaigns` asks in the same order.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from callcenterd.model.campaigns import CampaignEntry, CampaignPlan, EntryState, Meaning, Result, Turn

LIVE: Final = frozenset[EntryState]({"waiting", "dialling"})
"""States after which something is still to come; every other one is an end."""
_END: Final[dict[Result, EntryState]] = {"answered": "done", "no_such_number": "invalid", "wrong_number": "invalid"}
_SLIP = 1e-9


# ---- who is next ----------------------------------------------------------------------------------------


def order_of(entry: CampaignEntry) -> tuple[bool, float, int, int, float, int]:
    """Smaller is earlier."""
    due = entry.due.timestamp()
    if entry.agreed:
        return (False, due, 0, 0, 0.0, entry.id)
    return (True, 0.0, -entry.priority, entry.attempts, due, entry.id)


def next_entries(entries: Iterable[CampaignEntry], now: datetime, most: int) -> list[CampaignEntry]:
    """Those to be dialled now, in their order."""
    due = [entry for entry in entries if entry.state == "waiting" and entry.due <= now]
    return sorted(due, key=order_of)[: max(0, most)]


# ---- how many -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hall:
    """What a campaign finds in its queue.

    free: agents who could take a call now. kept: agents who are kept for dials of this campaign that were not answered
    yet. flying: those dials, and those for which nobody is kept. callers: who has called and waits. unserved: whom a
    campaign has called, who answered and for whom no agent is rung.
    """

    free: int
    kept: int = 0
    flying: int = 0
    callers: int = 0
    unserved: int = 0


def may_dial(hall: Hall, ratio: float = 1.0) -> int:
    """How many more may be dialled now. Who waits goes first; at ratio 1 whoever answers finds an agent."""
    if hall.callers or hall.unserved:
        return 0
    return max(0, math.floor((hall.free + hall.kept) * ratio + _SLIP) - hall.flying)


class Guard:
    """Of the last so many who answered, how many found no agent. The ratio is 1 as long as one more of those would be
    too many: so it is at the beginning, until enough have answered that one may find nobody."""

    def __init__(self, limit: float, of: int, known: Iterable[bool] = ()) -> None:
        """limit: the greatest share, 0 to 1. known: of those who answered before, oldest first: did they find one?"""
        self._limit = limit
        self._found: deque[bool] = deque(known, maxlen=max(1, of))

    def answered(self, found: bool) -> None:
        """Somebody has answered. found: an agent was there."""
        self._found.append(found)

    @property
    def share(self) -> float:
        return self._lost / len(self._found) if self._found else 0.0

    @property
    def _lost(self) -> int:
        return sum(not found for found in self._found)

    def ratio(self, wanted: float) -> float:
        """wanted, or 1."""
        of = min(len(self._found) + 1, self._found.maxlen or 1)
        return wanted if self._lost + 1 <= self._limit * of + _SLIP else min(wanted, 1.0)


# ---- what comes of it -----------------------------------------------------------------------------------


def after(
    result: Result, plan: CampaignPlan, *, attempts: int, since_midnight: int, now: datetime, zone: tzinfo
) -> Turn:
    """After an attempt. attempts, since_midnight: this one included. zone: in which a day of the office begins."""
    pause = plan.retry.get(result)
    if result == "answered" or pause is None or attempts >= plan.attempts:
        return Turn(_END.get(result, "exhausted"))
    due = now + timedelta(seconds=pause)
    if since_midnight >= plan.attempts_a_day:
        local = now.astimezone(zone)
        tomorrow = datetime.combine(local.date() + timedelta(days=1), time(), zone)
        due = max(due, tomorrow.astimezone(now.tzinfo))
    return Turn("waiting", due)


def disposed(meaning: Meaning, plan: CampaignPlan, *, again_at: datetime | None, now: datetime) -> Turn:
    """After what the agent said of the call. again_at: the agreed time; a time is an agreement whatever the code
    means, unless nobody is to be called at that number any more."""
    if meaning == "do_not_call":
        return Turn("do_not_call")
    if meaning == "wrong_number":
        return Turn("invalid")
    if again_at is not None:
        return Turn("waiting", again_at, agreed=True)
    if meaning == "again":
        return Turn("waiting", now + timedelta(seconds=plan.retry.get("no_answer", 3600)), agreed=True)
    return Turn("done")
