"""How much each agent worked in a time: calls, talk, hold and wrap-up, as calls and states tell it (SUP-03).

Talk is the time that a caller was joined to the agent, with holds in it; a hold lasts from the phone's word to its
next, or to the call's end. Wrap-up is how long the agent was in that state.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callcenterd.store.engine import Database
from callcenterd.store.schema import agent_states, calls, story

SECONDS = 20.0
"""For all questions of one period."""
MOST_STEPS = 500_000


@dataclass(frozen=True, slots=True)
class Work:
    """queue "": of no queue. All in seconds."""

    agent: str
    queue: str
    calls: int
    talk: float
    hold: float


class WorkFigures:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_calls(self, agents: Collection[str] | None, since: datetime, until: datetime) -> list[Work]:
        """Of calls that these agents (None: all) answered and that began in that time, by agent and queue. Raises
        TooLong."""
        c, s = calls.c, story.c
        these = [c.started_at >= since, c.started_at < until, c.answered_at.is_not(None), c.agent.is_not(None)]
        if agents is not None:
            these.append(c.agent.in_(agents))
        queue = sa.func.coalesce(c.queue, "")
        talk = sa.func.coalesce(sa.func.sum(c.talk_seconds), 0.0)
        counted = sa.select(c.agent, queue.label("queue"), sa.func.count().label("calls"), talk.label("talk"))
        counted = counted.where(*these).group_by(c.agent, queue)
        held = (
            sa.select(s.call_id, s.at, s.kind, s.details, c.agent, queue.label("queue"), c.ended_at)
            .join(calls, c.id == s.call_id)
            .where(*these, s.kind.in_(("call.held", "call.resumed")))
            .order_by(s.call_id, s.id)
            .limit(MOST_STEPS)
        )
        async with self._database.timed(SECONDS) as connection:
            rows = (await connection.execute(counted)).all()
            steps = (await connection.execute(held)).all()
        hold = _holds(steps)
        return [
            Work(row.agent, row.queue, int(row.calls), float(row.talk), hold[row.agent, row.queue])
            for row in sorted(rows, key=lambda row: (row.agent, row.queue))
        ]

    async def wrap_up(self, agents: Collection[str] | None, since: datetime, until: datetime) -> dict[str, float]:
        """Seconds of wrap-up that began in that time, by agent. Raises TooLong."""
        a = agent_states.c
        of = [a.at >= since] if agents is None else [a.at >= since, a.agent.in_(agents)]
        after = sa.func.lead(a.at).over(partition_by=a.agent, order_by=(a.at, a.id))
        each = sa.select(a.agent, a.state, a.at, after.label("ended")).where(*of).subquery()
        query = sa.select(each.c.agent, each.c.at, sa.type_coerce(each.c.ended, a.at.type).label("ended")).where(
            each.c.state == "wrap_up", each.c.at < until, each.c.ended.is_not(None)
        )
        seconds: dict[str, float] = defaultdict(float)
        async with self._database.timed(SECONDS) as connection:
            for row in (await connection.execute(query.limit(MOST_STEPS))).all():
                seconds[row.agent] += (row.ended - row.at).total_seconds()
        return seconds


def _holds(steps: Iterable[Any]) -> dict[tuple[str, str], float]:
    """By agent and queue. steps: of each call in their order."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    open_since: dict[tuple[str, str], tuple[datetime, datetime, tuple[str, str]]] = {}
    for row in steps:
        number, of = str(row.details.get("number", "")), (row.agent, row.queue)
        if row.details.get("agent") != row.agent:
            continue  # the customer's phone, or another's: not this agent's hold
        key = (row.call_id, number)
        if row.kind == "call.held":
            open_since.setdefault(key, (row.at, row.ended_at or row.at, of))
        elif (begun := open_since.pop(key, None)) is not None:
            found[of] += (row.at - begun[0]).total_seconds()
    for begun_at, ended, of in open_since.values():
        found[of] += max((ended - begun_at).total_seconds(), 0.0)
    return found
