"""What a day's figures are counted from after a start: the stories of its visits to queues, and its calls."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.today import CallOfDay, Visit
from callcenterd.store.engine import Database
from callcenterd.store.schema import calls, story

LONGEST_CALL = timedelta(hours=24)
"""A visit may begin so long after its call."""


class Today:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def visits(self, since: datetime) -> list[Visit]:
        """Those that began since then, in the order in which they did; not of calls that we have placed."""
        steps = (
            sa.select(story.c.call_id, story.c.at, story.c.kind, story.c.details)
            .join(calls, calls.c.id == story.c.call_id)
            .where(calls.c.started_at >= since - LONGEST_CALL, calls.c.direction != "outbound")
            .where(story.c.at >= since, story.c.kind.in_(("call.queued", "call.left_queue")))
            .order_by(story.c.id)
        )
        return _paired(await self._database.rows(steps))

    async def calls(self, since: datetime) -> list[CallOfDay]:
        """Those that began since then, inside ones left out, in the order in which they did."""
        query = (
            sa.select(calls.c.id, calls.c.direction, calls.c.started_at, calls.c.answered_at, calls.c.outcome)
            .where(calls.c.started_at >= since, calls.c.direction != "internal")
            .order_by(calls.c.started_at, calls.c.id)
        )
        return [
            CallOfDay(
                call=CallId(row.id),
                direction=row.direction,
                at=row.started_at,
                answered=row.answered_at is not None,
                outcome=row.outcome,
            )
            for row in await self._database.rows(query)
        ]


def _paired(steps: Iterable[sa.Row[Any]]) -> list[Visit]:
    """A call may come into the same queue several times; what it left it had entered, last. What it entered before
    the time that is asked about is none of its visits."""
    begun: dict[tuple[str, str], int] = {}
    found: list[Visit] = []
    for step in steps:
        queue = step.details["queue"]
        if step.kind == "call.queued":
            begun[step.call_id, queue] = len(found)
            found.append(
                Visit(call=CallId(step.call_id), queue=QueueName(queue), at=step.at, left=None, waited=0.0),
            )
        elif (n := begun.pop((step.call_id, queue), None)) is not None:
            visit, details = found[n], step.details
            found[n] = Visit(
                call=visit.call,
                queue=visit.queue,
                at=visit.at,
                left=details["reason"],
                waited=float(details["wait_seconds"]),
            )
    return found
