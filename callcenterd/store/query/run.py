"""Runs a query: one page of records and how many there are in all, or groups with counts and figures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.clock import Clock
from callcenterd.model.query import FigureKind, GroupBy, Grouping, Node, Query, Sort
from callcenterd.store.engine import Database
from callcenterd.store.fields import CustomFields
from callcenterd.store.query.conditions import Conditions, operators
from callcenterd.store.query.kinds import Asking, Field, Kind, QuerySight
from callcenterd.store.query.registry import Known, kinds_of, refused
from callcenterd.store.query.zones import step_of

SECONDS = 2.0
"""For a query, all of it."""
EXPORT_SECONDS = 60.0
MOST_EXPORTED = 100_000
_CHUNK = 500
_FIGURES: Mapping[FigureKind, Any] = {
    "sum": sa.func.sum,
    "average": sa.func.avg,
    "least": sa.func.min,
    "most": sa.func.max,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPage:
    """items: of each record its key, and what stands in the columns; a list where a record may have several."""

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
    """zone: the office's. region: whose national numbers are meant."""

    def __init__(self, database: Database, clock: Clock, region: str, fields: CustomFields) -> None:
        self._database = database
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
                sorts=not one.several and not one.listed and one.type != "any_text",
                groups=_groups(one),
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
        plan = await self._plan(query.kind, query.where, sight, zone)
        if query.group is None:
            _rows(plan, _columns(plan, query), query.sort)
        else:
            _grouping(plan, query.group)

    async def page(self, query: Query, sight: QuerySight, zone: tzinfo) -> QueryPage:
        """Raises Refused: it cannot be run as it is; TooLong."""
        plan = await self._plan(query.kind, query.where, sight, zone)
        columns = _columns(plan, query)
        rows = _rows(plan, columns, query.sort)
        counted = sa.select(sa.func.count()).select_from(plan.kind.table).where(*plan.where)
        async with self._database.timed(SECONDS) as connection:
            total = (await connection.execute(counted)).scalar_one()
            items = []
            if query.offset < total:
                found = await connection.execute(rows.limit(query.limit).offset(query.offset))
                items = await _with_several(connection, columns, found.all())
        return QueryPage(columns=tuple(one.name for one in columns), items=items, total=total)

    async def every(
        self, query: Query, sight: QuerySight, zone: tzinfo
    ) -> AsyncIterator[list[tuple[int | str, tuple[Any, ...]]]]:
        """All records, in pieces, at most `MOST_EXPORTED`. Raises as `page`."""
        plan = await self._plan(query.kind, query.where, sight, zone)
        columns = _columns(plan, query)
        rows = _rows(plan, columns, query.sort).limit(MOST_EXPORTED)
        async with self._database.timed(EXPORT_SECONDS) as connection:
            found = (await connection.execute(rows)).all()
            for first in range(0, len(found), _CHUNK):
                yield await _with_several(connection, columns, found[first : first + _CHUNK])

    async def groups(self, query: Query, sight: QuerySight, zone: tzinfo) -> QueryGroups:
        """Raises as `page`."""
        assert query.group is not None, "who calls this has looked"
        plan = await self._plan(query.kind, query.where, sight, zone)
        kind = plan.kind
        source, keys, figures = _grouping(plan, query.group)
        count = sa.func.count().label("records")
        whole = sa.select(count, *figures).select_from(kind.table).where(*plan.where)
        # Grouped by place: one expression with bound values is not the same twice, to PostgreSQL.
        inner = sa.select(*keys, count, *figures).select_from(source).where(*plan.where)
        grouped = inner.group_by(*(sa.literal_column(str(n + 1)) for n in range(len(keys)))).subquery()
        by_key = [ordered for one in keys for ordered in (grouped.c[one.name].is_(None), grouped.c[one.name])]
        order = by_key if query.group.order == "key" else [grouped.c.records.desc(), *by_key]
        page = sa.select(grouped).order_by(*order).limit(query.limit).offset(query.offset)
        async with self._database.timed(SECONDS) as connection:
            total = (await connection.execute(sa.select(sa.func.count()).select_from(grouped))).scalar_one()
            rows = (await connection.execute(page)).all()
            all_of_them = (await connection.execute(whole)).one()
        return QueryGroups(items=[_group(row, len(keys)) for row in rows], total=total, whole=_group(all_of_them, 0))

    async def matching(self, kind: str, where: Node | None, sight: QuerySight, zone: tzinfo) -> sa.Select[Any]:
        """The keys of those that meet a tree, as a question for others to ask on: campaigns, rules of follow-ups.

        Raises Refused.
        """
        plan = await self._plan(kind, where, sight, zone)
        return sa.select(plan.kind.key).where(*plan.where)

    async def _plan(self, kind: str, where: Node | None, sight: QuerySight, zone: tzinfo) -> _Plan:
        kinds = {name: one for name, one in self._kinds.items() if sight.kinds is None or name in sight.kinds}
        known = Known(kinds, await self._fields.all(), sight.role)
        asked = known.kind(kind, "kind")
        asking = Asking(
            sight=sight, now=self._clock.utc(), zone=zone, region=self._region, sqlite=self._database.is_sqlite
        )
        conditions = Conditions(known, asking)
        met = conditions.seen(asked) + ([] if where is None else [conditions.of(asked, where)])
        return _Plan(kind=asked, known=known, asking=asking, where=met)


def _columns(plan: _Plan, query: Query) -> list[Field]:
    found = []
    for n, name in enumerate(query.columns or plan.kind.columns):
        one = plan.known.field(plan.kind, name, f"columns.{n}")
        if one.type == "any_text":
            raise refused(f"columns.{n}", "this field cannot be shown")
        found.append(one)
    return found


def _rows(plan: _Plan, columns: Sequence[Field], sort: Sequence[Sort]) -> sa.Select[Any]:
    kind = plan.kind
    shown = [_value(plan, kind, one, shown=True).label(f"c{n}") for n, one in enumerate(columns) if not one.several]
    order: list[sa.ColumnElement[Any]] = []
    for n, one in enumerate(sort or tuple(Sort(field=name, descending=True) for name in kind.order)):
        by = plan.known.field(kind, one.field, f"sort.{n}.field")
        if by.several or by.type == "any_text":
            raise refused(f"sort.{n}.field", "it cannot be sorted by this field")
        value = _value(plan, kind, by)
        if by.side is not None or by.through is not None or getattr(by.column, "nullable", True):
            order.append(value.is_(None))  # what is not filled in comes last, in both databases
        order.append(value.desc() if one.descending else value)
    return sa.select(kind.key.label("key"), *shown).where(*plan.where).order_by(*order, kind.key.desc())


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


def _groups(one: Field) -> bool:
    return one.type not in ("any_text", "phone") and not one.listed and not (one.several and one.through is not None)


def _grouping(
    plan: _Plan, asked: Grouping
) -> tuple[sa.FromClause, list[sa.ColumnElement[Any]], list[sa.ColumnElement[Any]]]:
    """The rows to group, by what, and the figures."""
    source = plan.kind.table
    keys: list[sa.ColumnElement[Any]] = []
    figures: list[sa.ColumnElement[Any]] = []
    for n, by in enumerate(asked.by):
        source, key = _grouped_by(plan, source, by, n)
        keys.append(key.label(f"k{n}"))
    for n, figure in enumerate(asked.figures):
        of = plan.known.field(plan.kind, figure.field, f"group.figures.{n}.field")
        if of.type != "number" or of.several or of.column is plan.kind.key:
            raise refused(f"group.figures.{n}.field", "a field of numbers is wanted")
        figures.append(_FIGURES[figure.what](_value(plan, plan.kind, of)).label(f"f{n}"))
    return source, keys, figures


def _grouped_by(plan: _Plan, source: sa.FromClause, by: GroupBy, n: int) -> tuple[sa.FromClause, sa.ColumnElement[Any]]:
    """The rows to group, and by what. A record with several values stands in each of their groups."""
    path = f"group.by.{n}"
    of = plan.known.field(plan.kind, by.field, f"{path}.field")
    if not _groups(of):
        raise refused(f"{path}.field", "it cannot be grouped by this field")
    dated = of.type in ("moment", "date")
    if (by.step is not None) is not dated and (by.step is not None or of.type == "moment"):
        raise refused(f"{path}.step", "a step is of times and dates, and each time needs one")
    value = _value(plan, plan.kind, of, shown=of.folded)
    if of.side is not None and of.through is None:
        column = of.shown if of.folded and of.shown is not None else of.column
        beside = sa.select(of.side.owner.label("owner"), column.label("value")).where(*of.side.only).subquery(f"by{n}")
        source = source.outerjoin(beside, beside.c.owner == plan.kind.key)
        value = beside.c.value
    if by.step is not None:
        value = step_of(value, by.step, plan.asking.zone, sqlite=plan.asking.sqlite)
    elif of.type in ("text", "choice", "user"):
        value = sa.func.nullif(value, "")
    return source, value


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


def _group(row: sa.Row[Any], keys: int) -> QueryGroup:
    values = tuple(row)
    return QueryGroup(
        keys=values[:keys],
        count=values[keys],
        figures=tuple(None if one is None else float(one) for one in values[keys + 1 :]),
    )
