"""The history of calls: one row a call, and beside it the call's story, step by step as it happened.

A row stands from the call's start. What is open when the server starts was cut off: it is closed as interrupted
at its last heartbeat.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.errors import LocalError, NotFound
from callcenterd.model import numbers
from callcenterd.model.calls import CallFilter, CallRecord, CallSight, CutOff, LegSound, NoteIsAnother, PartyKind, Step
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName
from callcenterd.store.engine import Database
from callcenterd.store.hidden import sought
from callcenterd.store.schema import call_parties, calls, customers, leg_sounds, recordings, story
from callcenterd.store.search import Words, of_calls
from callcenterd.store.seen import records_seen
from callcenterd.store.words import every_word, words_of
from callcenterd.store.writer import Change, Insert

_FIELDS = tuple(field.name for field in fields_of(CallRecord))
_SOUND_FIELDS = tuple(field.name for field in fields_of(LegSound))
_COLUMNS = tuple(calls.c[name] for name in _FIELDS)
_CHANGEABLE = frozenset(_FIELDS) - {"id", "caller", "called", "caller_name", "note", "customer_id", "disposition"}
"""caller and note have columns that follow them, note and disposition are durable: they have methods of their own."""
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

    async def keep_sound(self, call: CallId, sound: LegSound) -> None:
        """How one of the call's legs sounded. Raises CannotStore if there is no such call."""
        row = {name: getattr(sound, name) for name in _SOUND_FIELDS}
        await self._database.keep(Insert(leg_sounds, {"call_id": call, **row}))

    async def keep_party(self, call: CallId, kind: PartyKind, name: str) -> None:
        """That agent or queue has to do with the call, once told. Raises CannotStore if there is no such call."""
        await self._database.keep(Insert(call_parties, {"call_id": call, "kind": kind, "name": name}))

    async def heartbeat(self, live: Collection[CallId], at: datetime) -> None:
        """These calls lived at that moment: where they end if nothing more is heard of them."""
        if live:
            await self._database.keep(*(Change(calls, call, {"heartbeat_at": at}) for call in live))

    async def note(self, call: CallId, note: str, customer_id: CustomerId | None, seen: str | None = None) -> None:
        """What a person wrote, and whose call it was; durable. seen: the note that they had before them; None: whatever
        stands there is replaced. Raises NotFound: no such call, or no such customer; and NoteIsAnother."""

        async def work(connection: AsyncConnection) -> None:
            row = (await connection.execute(sa.select(calls).where(calls.c.id == call))).mappings().first()
            if row is None:
                raise NotFound("call", call)
            if seen is not None and row["note"] not in (seen, note):
                raise NoteIsAnother(row["note"])
            if customer_id is not None:
                known = sa.select(customers.c.id).where(customers.c.id == customer_id)
                if (await connection.execute(known)).first() is None:
                    raise NotFound("customer", customer_id)
            new = {"note": note, "customer_id": customer_id, "words": _words({**row, "note": note})}
            await connection.execute(calls.update().where(calls.c.id == call).values(new))

        await self._database.write(work)

    async def dispose(self, call: CallId, code: str) -> None:
        """What came of it, as its agent says; durable. Raises NotFound."""

        async def work(connection: AsyncConnection) -> None:
            changed = await connection.execute(calls.update().where(calls.c.id == call).values({"disposition": code}))
            if changed.rowcount == 0:
                raise NotFound("call", call)

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

    async def seen_among(self, asked: Collection[CallId], sight: CallSight | None) -> frozenset[CallId]:
        """Those of these calls, at most 500, that somebody may see. sight None: all that there are."""
        query = sa.select(calls.c.id).where(calls.c.id.in_(tuple(asked)[:500]))
        if sight is not None:
            query = query.where(calls_seen(sight))
        return frozenset(CallId(row.id) for row in await self._database.rows(query))

    async def story(self, call: CallId) -> list[Step]:
        """In the order in which it was told; at most 2,000 steps. [] for an unknown call."""
        query = (
            sa.select(story.c.at, story.c.kind, story.c.details)
            .where(story.c.call_id == call)
            .order_by(story.c.id)
            .limit(2000)
        )
        return [Step(at=row.at, kind=row.kind, details=row.details) for row in await self._database.rows(query)]

    async def sounds(self, call: CallId) -> list[LegSound]:
        """Of its legs that are gone, in the order in which they came; at most 200. [] for an unknown call."""
        columns = (leg_sounds.c[name] for name in _SOUND_FIELDS)
        query = sa.select(*columns).where(leg_sounds.c.call_id == call).order_by(leg_sounds.c.leg).limit(200)
        return [LegSound(**row._mapping) for row in await self._database.rows(query)]

    async def search(
        self, filters: CallFilter | None = None, limit: int = 50, offset: int = 0
    ) -> tuple[list[CallRecord], int]:
        """One page, newest first, at most 500; and how many there are in all, as `pages.told`. Raises TooLong."""
        wanted = filters or CallFilter()
        query = sa.select(*_COLUMNS).where(*self.conditions(wanted))
        words = self.words_sought(wanted)
        order = (calls.c.started_at.desc(), calls.c.id.desc())
        rows, total = await self._database.page(query, order, limit, offset, calls.c.id, words)
        return [_record(row) for row in rows], total

    async def cut_off(self, stopped_since: datetime, left_since: datetime) -> list[CutOff]:
        """Callers whose call ended in the midst of waiting, and whose place nobody has been given since.

        Those whom the end of the server cut off since the one time, others since the other. For the start: it reads
        the stories of a few hours.
        """
        steps = (
            sa.select(story.c.call_id, story.c.at, story.c.kind, story.c.details, calls.c.caller)
            .join(calls, calls.c.id == story.c.call_id)
            .where(calls.c.ended_at >= min(stopped_since, left_since), calls.c.queue.is_not(None))
            .where(calls.c.direction != "outbound", story.c.kind.in_(_OF_WAITS))
            .order_by(story.c.id)
        )
        waits: dict[CallId, _Wait] = {}
        given_back = set()
        for row in await self._database.rows(steps):
            wait = waits.setdefault(CallId(row.call_id), _Wait(row.caller))
            wait.step(row.kind, row.at, row.details)
            if row.kind == "call.place_back":
                given_back.add(row.details["earlier"])
        found = []
        for call, wait in waits.items():
            if wait.queue is None or wait.ended is None or call in given_back:
                continue
            if wait.ended >= (stopped_since if wait.stopped else left_since):
                entered = wait.entered[wait.queue]
                left = None if wait.stopped else wait.ended
                found.append(CutOff(call, wait.caller, QueueName(wait.queue), entered, left))
        return found

    async def last_agent(self, number: str, since: datetime) -> AgentId | None:
        """The agent of the last answered call from or to that number since then. None: there was none."""
        line = numbers.normalise(number, self._region)
        if not line:
            return None
        newest = [
            sa.select(calls.c.started_at, calls.c.agent)
            .where(column == line, calls.c.started_at >= since, calls.c.answered_at.is_not(None))
            .where(calls.c.agent.is_not(None))
            .order_by(calls.c.started_at.desc())
            .limit(1)
            for column in (calls.c.caller_line, calls.c.called_line)
        ]
        found = [row for query in newest for row in await self._database.rows(query)]
        return AgentId(max(found, key=lambda row: row.started_at).agent) if found else None

    def words_sought(self, wanted: CallFilter) -> list[Words]:
        """What the filter's text looks for: its candidates are keys of calls."""
        whose: list[sa.ColumnElement[bool]] = [customers.c.removed_at.is_(None)]
        if wanted.customers is not None:
            whose.append(records_seen(wanted.customers, customers))
        return of_calls(every_word(wanted.text), whose, sqlite=self._database.is_sqlite)

    def conditions(self, wanted: CallFilter) -> list[sa.ColumnElement[bool]]:
        """All but its text: see `words_sought`."""
        conditions: list[sa.ColumnElement[bool]] = [
            calls.c[column] == value
            for column in ("queue", "agent", "outcome", "direction", "customer_id", "disposition")
            if (value := getattr(wanted, column)) is not None
        ]
        for column, number in (("caller_line", wanted.caller), ("called_line", wanted.called)):
            if number:
                sought(number)
                conditions.append(calls.c[column] == numbers.normalise(number, self._region))
        if wanted.mos_below is not None:
            conditions.append(calls.c.mos < wanted.mos_below)
        if wanted.since is not None:
            conditions.append(calls.c.started_at >= wanted.since)
        if wanted.until is not None:
            conditions.append(calls.c.started_at < wanted.until)
        if wanted.sight is not None:
            conditions.append(calls_seen(wanted.sight))
        return conditions


_OF_WAITS = ("call.queued", "call.place_back", "call.left_queue", "call.ended")
_STOPPED = frozenset({INTERRUPTED, "shutdown"})
"""Causes of an end that is the server's."""


_AT_ONCE = timedelta(seconds=0.1)


@dataclass(slots=True)
class _Wait:
    """What a call's story tells of its waits. queue: the one in which the call ended; None: in none.

    left: a queue that was left for no reason of its own, and when: by a key, or because the call ended in the moment.
    """

    caller: str
    queue: str | None = None
    entered: dict[str, datetime] = field(default_factory=dict)
    left: tuple[str | None, datetime] | None = None
    ended: datetime | None = None
    stopped: bool = False

    def step(self, kind: str, at: datetime, details: Mapping[str, Any]) -> None:
        match kind:
            case "call.place_back":
                self.entered[details["queue"]] = datetime.fromisoformat(details["since"])
            case "call.queued":
                self.queue = details["queue"]
                self.entered.setdefault(details["queue"], at)
            case "call.left_queue":
                self.left = (self.queue, at) if details["reason"] in ("left", "failed") else None
                self.queue = self.queue if details["reason"] == "abandoned" else None
            case _:
                self.ended, self.stopped = at, details["cause"] in _STOPPED
                if self.left is not None and at - self.left[1] < _AT_ONCE:
                    self.queue = self.left[0]


def calls_seen(sight: CallSight) -> sa.ColumnElement[bool]:
    """What a call's own row tells stands in no other: so the queue of a year is not read for a page of it."""

    def has(kind: PartyKind, names: Collection[str]) -> sa.ColumnElement[bool]:
        known = sa.select(call_parties.c.call_id).where(call_parties.c.kind == kind, call_parties.c.name.in_(names))
        return calls.c.id.in_(known)

    found = calls.c.agent.in_(sight.agents) | has("agent", sight.agents)
    if sight.queues:
        theirs = calls.c.queue.in_(sight.queues) | has("queue", sight.queues)
        found |= theirs & calls.c.answered_at.is_(None) if sight.unanswered else theirs
    return found | calls.c.id.in_(sight.calls) if sight.calls else found


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
