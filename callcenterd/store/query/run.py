"""Runs a query: one page of records and how many there are in all, or groups with counts and figures."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.clock import Clock
from callcenterd.model.query import Grouping, Node, Query, Sort
from callcenterd.store.engine import Database, TooLong
from callcenterd.store.fields import CustomFields
from callcenterd.store.hidden import opened
from callcenterd.store.pages import MOST_FEW, has_more, page
from callcenterd.store.query.conditions import Conditions, operators
from callcenterd.store.query.grouping import Groups, grouping, is_open, may_group
from callcenterd.store.query.kinds import Asking, Field, Kind, QuerySight
from callcenterd.store.query.registry import Known, kinds_of, refused

SECONDS = 2.0
"""For a query, all of it."""
PROBE_SECONDS = 0.2
"""To find out how a query is run best."""
EXPORT_SECONDS = 60.0
MOST_EXPORTED = 100_000
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPage:
    """items: of each record its key, and what stands in the columns; a list where a record may have several. total: as
    `pages.told`."""

    columns: tuple[str, ...]
    items: list[tuple[int | str, tuple[Any, ...]]]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryGroup:
    """keys: what its records have in common; None: nothing is filled in. figures: as they were asked for; None: of
    nothing."""

    keys: tuple[Any, ...]
    count: int
    figures: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryGroups:
    """total: of groups. whole: over all records; one that is in several groups counts once."""

    items: list[QueryGroup]
    total: int
    whole: QueryGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldTold:
    """What a builder must know of a field. sorts, groups: it can be sorted and grouped by. related: kinds of records
    are told beside."""

    field: Field
    operators: tuple[str, ...]
    sorts: bool
    groups: bool
    shows: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    kind: Kind
    known: Known
    asking: Asking
    where: list[sa.ColumnElement[bool]] = field(default_factory=list)


class Queries:
    """zone: the office's. region: whose national numbers are meant. few: rows beside records that are collected
    first."""

    def __init__(
        self, database: Database, clock: Clock, region: str, fields: CustomFields, few: int = MOST_FEW
    ) -> None:
        self._database = database
        self._few = few
        self._clock = clock
        self._region = region
        self._fields = fields
        self._kinds = kinds_of(region)

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._kinds)

    async def fields(self, kind: str, sight: QuerySight, zone: tzinfo) -> list[FieldTold]:
        """Raises Refused for an unknown kind."""
        plan = await self._plan(kind, None, sight, zone)
        return [
            FieldTold(
                field=one,
                operators=operators(one),
                sorts=_sorts(one),
                groups=may_group(one),
                shows=one.type != "any_text",
            )
            for one in plan.known.fields(plan.kind)
        ]

    def related(self, kind: str) -> list[str]:
        return [name for name in self._kinds[kind].related if name in self._kinds]

    def columns(self, kind: str) -> tuple[str, ...]:
        """Shown where nobody says what."""
        return self._kinds[kind].columns

    async def check(self, query: Query, sight: QuerySight, zone: tzinfo) -> None:
        """Raises Refused for a query that cannot be run as it is; nothing is run."""
        plan = await self._plan(query.kind, query.where, sight, zone, run=False)
        if query.group is None:
            _rows(plan, _columns(plan, query), query.sort)
        else:
            _grouping(plan, query.group)

    async def page(self, query: Query, sight: QuerySight, zone: tzinfo) -> QueryPage:
        """Raises Refused: it cannot be run as it is; TooLong."""
        plan = await self._plan(query.kind, query.where, sight, zone)
        columns = _columns(plan, query)
        rows, order = _rows(plan, columns, query.sort)
        async with self._database.timed(SECONDS) as connection:
            found, total = await page(connection, rows, order, query.limit, query.offset, plan.kind.key)
            items = await _with_several(connection, columns, found)
        return QueryPage(columns=tuple(one.name for one in columns), items=items, total=total)

    async def every(
        self, query: Query, sight: QuerySight, zone: tzinfo
    ) -> AsyncIterator[list[tuple[int | str, tuple[Any, ...]]]]:
        """All records, in pieces, at most `MOST_EXPORTED`. Raises as `page`."""
        plan = await self._plan(query.kind, query.where, sight, zone)
        columns = _columns(plan, query)
        rows, order = _rows(plan, columns, query.sort)
        async with self._database.timed(EXPORT_SECONDS) as connection:
            found = (await connection.execute(rows.order_by(*order).limit(MOST_EXPORTED))).all()
            for first in range(0, len(found), _CHUNK):
                yield await _with_several(connection, columns, found[first : first + _CHUNK])

    async def groups(self, query: Query, sight: QuerySight, zone: tzinfo) -> QueryGroups:
        """Raises as `page`."""
        assert query.group is not None, "who calls this has looked"
        plan = await self._plan(query.kind, query.where, sight, zone)
        groups = _grouping(plan, query.group)
        asked = groups.asked(plan.where, query.group.order, query.limit, query.offset)
        async with self._database.timed(SECONDS) as connection:
            rows = (await connection.execute(asked)).all()
            whole = rows[0]
            if groups.apart:
                whole = (await connection.execute(groups.whole(plan.where, plan.kind.table))).one()
        return QueryGroups(
            items=[_group(row, query.group, "k", "records", "f") for row in rows if row.records is not None],
            total=rows[0].total,
            whole=_group(whole, query.group, "", "w", "w"),
        )

    async def matching(self, kind: str, where: Node | None, sight: QuerySight, zone: tzinfo) -> sa.Select[Any]:
        """The keys of those that meet a tree, as a question for others to ask on: campaigns, rules of follow-ups.

        Raises Refused.
        """
        plan = await self._plan(kind, where, sight, zone)
        return sa.select(plan.kind.key).where(*plan.where)

    async def keys(self, kind: str, where: Node | None, sight: QuerySight, zone: tzinfo, most: int) -> list[int | str]:
        """The keys of the first so many that meet a tree, in their order. Raises as `page`."""
        plan = await self._plan(kind, where, sight, zone)
        asked = sa.select(plan.kind.key.label("key")).where(*plan.where).order_by(plan.kind.key).limit(most)
        async with self._database.timed(EXPORT_SECONDS) as connection:
            return [row.key for row in await connection.execute(asked)]

    async def _plan(self, kind: str, where: Node | None, sight: QuerySight, zone: tzinfo, *, run: bool = True) -> _Plan:
        """run: else it is only looked at."""
        kinds = {name: one for name, one in self._kinds.items() if sight.kinds is None or name in sight.kinds}
        known = Known(kinds, await self._fields.all(), sight.role)
        asked = known.kind(kind, "kind")
        asking = Asking(
            sight=sight, now=self._clock.utc(), zone=zone, region=self._region, sqlite=self._database.is_sqlite
        )
        conditions = Conditions(known, asking)
        met = [] if where is None else [conditions.of(asked, where)]
        if run and conditions.probes:
            conditions = Conditions(known, asking, await self._many(conditions.probes))
            met = [] if where is None else [conditions.of(asked, where)]
        return _Plan(kind=asked, known=known, asking=asking, where=[*conditions.seen(asked), *met])

    async def _many(self, probes: Sequence[sa.Select[Any]]) -> list[bool]:
        """Of each whether it has more rows than few. What cannot be told soon has many."""
        found: list[bool] = []
        with contextlib.suppress(TooLong):
            async with self._database.timed(PROBE_SECONDS) as connection:
                for probe in probes:
                    found.append(await has_more(connection, probe, self._few))  # noqa: PERF401  # kept if time ends
        return [*found, *[True] * (len(probes) - len(found))]


def _columns(plan: _Plan, query: Query) -> list[Field]:
    found = []
    for n, name in enumerate(query.columns or plan.kind.columns):
        one = plan.known.field(plan.kind, name, f"columns.{n}")
        if one.type == "any_text":
            raise refused(f"columns.{n}", "this field cannot be shown")
        found.append(one)
    return found


def _rows(
    plan: _Plan, columns: Sequence[Field], sort: Sequence[Sort]
) -> tuple[sa.Select[Any], list[sa.ColumnElement[Any]]]:
    """The rows, and their order."""
    kind = plan.kind
    shown = [_value(plan, kind, one, shown=True).label(f"c{n}") for n, one in enumerate(columns) if not one.several]
    order: list[sa.ColumnElement[Any]] = []
    for n, one in enumerate(sort or tuple(Sort(field=name, descending=True) for name in kind.order)):
        by = plan.known.field(kind, one.field, f"sort.{n}.field")
        if not _sorts(by):
            raise refused(f"sort.{n}.field", "it cannot be sorted by this field")
        value = _value(plan, kind, by)
        if by.type == "text":
            value = opened(value)  # the order would tell what is hidden in it
        if by.side is not None or by.through is not None or getattr(by.column, "nullable", True):
            order.append(value.is_(None))  # what is not filled in comes last, in both databases
        order.append(value.desc() if one.descending else value)
    return sa.select(kind.key.label("key"), *shown).where(*plan.where), [*order, kind.key.desc()]


def _value(plan: _Plan, kind: Kind, of: Field, *, shown: bool = False) -> sa.ColumnElement[Any]:
    """The field's one value, as an expression over the kind's rows."""
    if of.through is not None:
        parent = plan.known.kind(of.through.kind, "")
        inner = _value(plan, parent, plan.known.field(parent, of.through.field, ""), shown=shown)
        seen = Conditions(plan.known, plan.asking).seen(parent)
        found = sa.select(inner).where(parent.key == of.through.key, *seen)
        return found.correlate(kind.table).scalar_subquery()
    column = of.shown if shown and of.shown is not None else of.column
    if of.side is None:
        return column
    found = sa.select(column).where(of.side.owner == kind.key, *of.side.only).limit(1)
    return found.correlate(kind.table).scalar_subquery()


def _sorts(one: Field) -> bool:
    return not one.several and not one.listed and one.type != "any_text" and is_open(one)


def _grouping(plan: _Plan, asked: Grouping) -> Groups:
    def value(of: Field, shown: bool) -> sa.ColumnElement[Any]:
        return _value(plan, plan.kind, of, shown=shown)

    return grouping(plan.known, plan.kind, asked, value, plan.asking.zone, sqlite=plan.asking.sqlite)


async def _with_several(
    connection: AsyncConnection, columns: Sequence[Field], rows: Sequence[sa.Row[Any]]
) -> list[tuple[int | str, tuple[Any, ...]]]:
    keys = [row.key for row in rows]
    several: dict[int, dict[Any, list[Any]]] = {}
    for n, one in enumerate(columns):
        if not one.several or not keys:
            continue
        assert one.side is not None, "several values stand beside"
        shown = one.column if one.shown is None else one.shown
        query = sa.select(one.side.owner.label("owner"), shown.label("value"))
        query = query.where(one.side.owner.in_(keys), *one.side.only)
        found = await connection.execute(query if one.side.order is None else query.order_by(one.side.order))
        of = several[n] = {}
        for row in found:
            of.setdefault(row.owner, []).append(row.value)
    return [
        (
            row.key,
            tuple(
                several[n].get(row.key, []) if one.several else _told(one, getattr(row, f"c{n}"))
                for n, one in enumerate(columns)
            ),
        )
        for row in rows
    ]


def _told(of: Field, value: Any) -> Any:
    """As JSON and people have it."""
    if of.listed:
        return [code for code in (value or "").split(",") if code]
    if of.type == "yes_no" and value is not None:
        return bool(value)
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value


def _group(row: sa.Row[Any], asked: Grouping, keys: str, count: str, figures: str) -> QueryGroup:
    """keys, count, figures: how the columns are called."""
    values = row._mapping
    told = [values[f"{figures}{n}"] for n in range(len(asked.figures))]
    return QueryGroup(
        keys=tuple(values[f"{keys}{n}"] for n in range(len(asked.by))) if keys else (),
        count=int(values[count] or 0),
        figures=tuple(None if one is None else float(one) for one in told),
    )
