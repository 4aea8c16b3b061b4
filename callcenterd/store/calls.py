"""The history of calls: one row a call, and beside it the call's story, step by step as it happened.

A row stands from the call's start. What is open when the server starts was cut off: it is closed as interrupted
at its last heartbeat.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import LocalError, NotFound
from callcenterd.model import numbers
from callcenterd.model.calls import CallFilter, CallRecord, CallSight, Step
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.store.engine import Database
from callcenterd.store.schema import calls, customers, recordings, story
from callcenterd.store.words import every_word, words_of
from callcenterd.store.writer import Change, Insert

_FIELDS = tuple(field.name for field in fields_of(CallRecord))
_COLUMNS = tuple(calls.c[name] for name in _FIELDS)
_CHANGEABLE = frozenset(_FIELDS) - {"id", "caller", "called", "caller_name", "note", "customer_id"}
"""caller and note have columns that follow them, and a note is durable: they have methods of their own."""
INTERRUPTED = "server stopped"


class Calls:
    def __init__(self, database: Database, region: str) -> None:
        self._database = database
        self._region = region

    # ---- what happens -----------------------------------------------------------------------------------

    async def begin(self, record: CallRecord) -> None:
        row = {name: getattr(record, name) for name in _FIELDS}
        row["caller_line"] = numbers.normalise(record.caller, self._region)
        row["called_line"] = numbers.normalise(record.called, self._region)
        row["words"] = _words(row)
        row["heartbeat_at"] = record.started_at
        await self._database.keep(Insert(calls, row))

    async def change(self, call: CallId, **fields: object) -> None:
        """fields: columns of CallRecord but id, the numbers, note and customer. An unknown call is left alone.

        Raises LocalError if a field is none of these.
        """
        if wrong := fields.keys() - _CHANGEABLE:
            raise LocalError(f"a call's {', '.join(sorted(wrong))} cannot be changed")
        if fields:
            await self._database.keep(Change(calls, call, fields))

    async def append(self, call: CallId, at: datetime, kind: str, details: Mapping[str, Any]) -> None:
        """One more step of the call's story. details: JSON data. Raises CannotStore if there is no such call."""
        await self._database.keep(Insert(story, {"call_id": call, "at": at, "kind": kind, "details": dict(details)}))

    async def heartbeat(self, live: Collection[CallId], at: datetime) -> None:
        """These calls lived at that moment: where they end if nothing more is heard of them."""
        if live:
            await self._database.keep(*(Change(calls, call, {"heartbeat_at": at}) for call in live))

    async def note(self, call: CallId, note: str, customer_id: CustomerId | None) -> None:
        """What a person wrote, and whose call it was; durable. Raises NotFound: no such call, or no such customer."""

        async def work(connection: AsyncConnection) -> None:
            row = (await connection.execute(sa.select(calls).where(calls.c.id == call))).mappings().first()
            if row is None:
                raise NotFound("call", call)
            if customer_id is not None:
                known = sa.select(customers.c.id).where(customers.c.id == customer_id)
                if (await connection.execute(known)).first() is None:
                    raise NotFound("customer", customer_id)
            new = {"note": note, "customer_id": customer_id, "words": _words({**row, "note": note})}
            await connection.execute(calls.update().where(calls.c.id == call).values(new))

        await self._database.write(work)

    async def close_interrupted(self) -> list[CallId]:
        """Before the first call of a new run: end what the last run left open. Answers those calls, oldest first.

        They end at their last heartbeat as `interrupted`, with wait and talk counted up to it. Their recordings
        end there too, not complete; `recordings.open_ones` still names them until they are measured.
        """

        async def work(connection: AsyncConnection) -> list[CallId]:
            query = sa.select(calls).where(calls.c.ended_at.is_(None)).order_by(calls.c.started_at, calls.c.id)
            rows = (await connection.execute(query)).mappings().all()
            for row in rows:
                ended = _last_sign(row)
                values = _interrupted(row, ended)
                await connection.execute(calls.update().where(calls.c.id == row["id"]).values(values))
                details = {"outcome": "interrupted", "ended_by": "system", "cause": INTERRUPTED}
                step = {"call_id": row["id"], "at": ended, "kind": "call.ended", "details": details}
                await connection.execute(story.insert(), [step])
            await _close_recordings(connection)
            return [CallId(row["id"]) for row in rows]

        return await self._database.write(work)

    # ---- what is asked ----------------------------------------------------------------------------------

    async def get(self, call: CallId) -> CallRecord:
        """Raises NotFound."""
        row = await self._database.row(sa.select(*_COLUMNS).where(calls.c.id == call))
        if row is None:
            raise NotFound("call", call)
        return _record(row)

    async def story(self, call: CallId) -> list[Step]:
        """In the order in which it was told; at most 2,000 steps. [] for an unknown call."""
        query = (
            sa.select(story.c.at, story.c.kind, story.c.details)
            .where(story.c.call_id == call)
            .order_by(story.c.id)
            .limit(2000)
        )
        return [Step(at=row.at, kind=row.kind, details=row.details) for row in await self._database.rows(query)]

    async def search(
        self, filters: CallFilter | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[CallRecord], int]:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(*_COLUMNS).where(*self._conditions(filters or CallFilter()))
        order = (calls.c.started_at.desc(), calls.c.id.desc())
        rows, total = await self._database.page(query, order, limit, offset)
        return [_record(row) for row in rows], total

    def _conditions(self, wanted: CallFilter) -> list[sa.ColumnElement[bool]]:
        conditions: list[sa.ColumnElement[bool]] = [
            calls.c[column] == value
            for column in ("queue", "agent", "outcome", "direction", "customer_id")
            if (value := getattr(wanted, column)) is not None
        ]
        for column, number in (("caller_line", wanted.caller), ("called_line", wanted.called)):
            if number:
                conditions.append(calls.c[column] == numbers.normalise(number, self._region))
        if wanted.since is not None:
            conditions.append(calls.c.started_at >= wanted.since)
        if wanted.until is not None:
            conditions.append(calls.c.started_at < wanted.until)
        if wanted.sight is not None:
            conditions.append(_seen(wanted.sight))
        for word in every_word(wanted.text):
            whose = sa.select(customers.c.id).where(customers.c.words.contains(word, autoescape=True))
            conditions.append(calls.c.words.contains(word, autoescape=True) | calls.c.customer_id.in_(whose))
        return conditions


def _seen(sight: CallSight) -> sa.ColumnElement[bool]:
    own = calls.c.agent == sight.agent
    return own | calls.c.queue.in_(sight.queues) if sight.queues else own


def _words(row: Mapping[str, Any]) -> str:
    columns = ("id", "caller", "caller_line", "caller_name", "called", "called_line", "note")
    return words_of(*dict.fromkeys(row[name] for name in columns))


def _record(row: sa.Row[Any]) -> CallRecord:
    return CallRecord(**row._mapping)


def _last_sign(row: sa.RowMapping) -> datetime:
    times: Sequence[datetime | None] = [
        row[name] for name in ("started_at", "queued_at", "answered_at", "heartbeat_at")
    ]
    return max(moment for moment in times if moment is not None)


def _interrupted(row: sa.RowMapping, ended: datetime) -> dict[str, Any]:
    """Seconds by the wall clock here: the monotonic one of the run that ended means nothing any more."""
    talk, wait = row["talk_seconds"], row["wait_seconds"]
    if talk is None and row["answered_at"] is not None:
        talk = (ended - row["answered_at"]).total_seconds()
    if wait is None and row["queued_at"] is not None:
        wait = ((row["answered_at"] or ended) - row["queued_at"]).total_seconds()
    return {
        "ended_at": ended,
        "outcome": "interrupted",
        "ended_by": "system",
        "cause": INTERRUPTED,
        "talk_seconds": talk,
        "wait_seconds": wait,
    }


async def _close_recordings(connection: AsyncConnection) -> None:
    """Every recording still open ends with its call."""
    query = (
        sa.select(recordings.c.id, recordings.c.started_at, calls.c.ended_at)
        .join(calls, calls.c.id == recordings.c.call_id)
        .where(recordings.c.octets.is_(None), recordings.c.finished_at.is_(None))
    )
    for row in (await connection.execute(query)).all():
        # The call may have ended in good order just before its recording was closed.
        ended = max(row.ended_at, row.started_at)
        new = {"finished_at": ended, "seconds": (ended - row.started_at).total_seconds(), "complete": False}
        await connection.execute(recordings.update().where(recordings.c.id == row.id).values(new))
