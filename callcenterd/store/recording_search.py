"""Recordings by anything that is known of them and of their calls.

The order is that of their calls, so that the indexes of calls (agent, queue, number … by time) find a page of them; a
recording is looked up by its call. See decision 0040.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from callcenterd.model.ids import RecordingId
from callcenterd.model.recordings import RecordingFilter, RecordingFound
from callcenterd.store.calls import Calls
from callcenterd.store.engine import Database
from callcenterd.store.hidden import has_word
from callcenterd.store.pages import MOST_TOLD, bounded, narrowed, skipped
from callcenterd.store.schema import calls, customers, recordings
from callcenterd.store.tables.recording_marks import recording_notes, recording_tags
from callcenterd.store.words import every_word

_R = recordings.c
_OF_CALL = ("direction", "caller", "called", "queue", "agent", "customer_id", "outcome", "disposition", "note")
_COLUMNS = (
    *(_R[name] for name in ("id", "call_id", "started_at", "seconds", "octets", "format", "complete")),
    *(calls.c[name] for name in _OF_CALL),
)
_JOINED = calls.join(recordings, _R.call_id == calls.c.id)
_ORDER = (calls.c.started_at.desc(), calls.c.id.desc(), _R.id.desc())
PLAYABLE = (_R.octets > 0, _R.removed_at.is_(None), _R.finished_at.is_not(None))


class RecordingSearch:
    def __init__(self, database: Database, of_calls: Calls) -> None:
        self._database = database
        self._calls = of_calls

    async def page(self, wanted: RecordingFilter, limit: int = 50, offset: int = 0) -> tuple[list[RecordingFound], int]:
        """One page, newest first, at most 500; and how many there are in all, as `pages.told`. Raises TooLong."""
        limit, offset = bounded(limit), skipped(offset)
        async with self._database.listing() as connection:
            keys = await self._keys(connection, wanted)
            found = keys.limit(max(MOST_TOLD + 1, offset + limit)).cte("found")
            number = sa.select(sa.func.count()).select_from(found).scalar_subquery()
            # Both databases read it in the order in which it was made.
            one_page = sa.select(found.c.key, number.label("n")).limit(limit).offset(offset)
            there = (await connection.execute(one_page)).all()
            shown = _shown([row.key for row in there])
            rows = (await connection.execute(shown)).all() if there else []
            if there:
                total = min(int(there[0].n), MOST_TOLD + 1)
            else:
                total = 0 if offset == 0 and limit else int((await connection.execute(sa.select(number))).scalar_one())
        return await self._with_marks(rows), total

    async def all_of(self, wanted: RecordingFilter, limit: int) -> list[RecordingId]:
        """The newest so many of those that a search finds, without their pages. Raises TooLong."""
        async with self._database.listing() as connection:
            keys = await self._keys(connection, wanted)
            return [RecordingId(row.key) for row in await connection.execute(keys.limit(limit))]

    async def these(self, wanted: Collection[RecordingId], within: RecordingFilter) -> list[RecordingFound]:
        """Those of them, at most 500, that can be played and that the filter lets through; newest first."""
        keys = [str(name) for name in wanted][:500]
        query = _shown(keys).where(*PLAYABLE, *self._conditions(within))
        return await self._with_marks(await self._database.rows(query))

    async def _keys(self, connection: Any, wanted: RecordingFilter) -> sa.Select[Any]:
        words, _ = await narrowed(connection, calls.c.id, self._calls.words_sought(wanted.calls))
        query = sa.select(_R.id.label("key")).select_from(_JOINED).where(*PLAYABLE, *self._conditions(wanted), *words)
        return query.order_by(*_ORDER)

    def _conditions(self, wanted: RecordingFilter) -> list[sa.ColumnElement[bool]]:
        conditions = self._calls.conditions(wanted.calls)
        if wanted.least is not None:
            conditions.append(_R.seconds >= wanted.least)
        if wanted.most is not None:
            conditions.append(_R.seconds <= wanted.most)
        if wanted.tag:
            tagged = sa.select(recording_tags.c.recording_id).where(recording_tags.c.tag == wanted.tag)
            conditions.append(_R.id.in_(tagged))
        if words := every_word(wanted.notes):
            has = (has_word(recording_notes.c.words, word) for word in words)
            noted = sa.select(recording_notes.c.recording_id).where(recording_notes.c.removed_at.is_(None), *has)
            conditions.append(_R.id.in_(noted))
        return conditions

    async def _with_marks(self, rows: Sequence[sa.Row[Any]]) -> list[RecordingFound]:
        if not rows:
            return []
        names = [row.id for row in rows]
        tags: dict[str, list[str]] = {}
        tagged = sa.select(recording_tags.c.recording_id, recording_tags.c.tag)
        tagged = tagged.where(recording_tags.c.recording_id.in_(names)).order_by(recording_tags.c.tag)
        for row in await self._database.rows(tagged):
            tags.setdefault(row.recording_id, []).append(row.tag)
        of, number = recording_notes.c.recording_id, sa.func.count().label("n")
        noted = sa.select(of, number).where(of.in_(names), recording_notes.c.removed_at.is_(None)).group_by(of)
        notes = {row.recording_id: int(row.n) for row in await self._database.rows(noted)}
        return [
            RecordingFound(**row._mapping, tags=tuple(tags.get(row.id, ())), notes=notes.get(row.id, 0)) for row in rows
        ]


def _shown(keys: Sequence[str]) -> sa.Select[Any]:
    name = sa.func.coalesce(customers.c.name, "").label("customer")
    joined = _JOINED.outerjoin(customers, (customers.c.id == calls.c.customer_id) & customers.c.removed_at.is_(None))
    return sa.select(*_COLUMNS, name).select_from(joined).where(_R.id.in_(keys)).order_by(*_ORDER)
