"""Groups of records, with counts and figures: the rows are read once, whatever is told of them.

They are gathered by what stands in the columns, so that an index which has them in that order is enough; what is the
same to people (nothing, and an empty text) is put together afterwards, when there are few rows left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Literal

import sqlalchemy as sa

from callcenterd.model.query import FigureKind, GroupBy, Grouping
from callcenterd.store.hidden import is_hidden, opened
from callcenterd.store.query.kinds import Field, Kind
from callcenterd.store.query.registry import Known, refused
from callcenterd.store.query.zones import step_of

Value = Callable[[Field, bool], sa.ColumnElement[Any]]
"""A field's one value, as an expression over the kind's rows; True: as it is shown."""
_PARTS: dict[FigureKind, tuple[str, ...]] = {
    "sum": ("sum",),
    "average": ("sum", "count"),
    "least": ("min",),
    "most": ("max",),
}
"""What of a figure is gathered: what two groups have can be put together."""
_FUNCTIONS: dict[str, Any] = {"sum": sa.func.sum, "count": sa.func.count, "min": sa.func.min, "max": sa.func.max}
_TOGETHER: dict[str, Any] = {**_FUNCTIONS, "count": sa.func.sum}
_AT_ONCE: dict[FigureKind, Any] = {
    "sum": sa.func.sum,
    "average": sa.func.avg,
    "least": sa.func.min,
    "most": sa.func.max,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """source: the rows. keys: by what they are gathered. empty: of each, whether an empty text is nothing. of: of
    what the figures are, among those rows; alone: among the records. apart: a record may be in several groups."""

    source: sa.FromClause
    keys: tuple[sa.ColumnElement[Any], ...]
    empty: tuple[bool, ...]
    figures: tuple[FigureKind, ...]
    of: tuple[sa.ColumnElement[Any], ...]
    alone: tuple[sa.ColumnElement[Any], ...]
    apart: bool

    def asked(
        self, where: Sequence[sa.ColumnElement[bool]], order: Literal["key", "count"], limit: int, offset: int
    ) -> sa.Select[Any]:
        """One page: k0, k1, records, f0, f1 … of each group; and in each row total: of groups, and w, w0, w1 …: records
        and figures of all groups. One row without a group, if there is none on the page."""
        parts = [
            _FUNCTIONS[part](of).label(f"p{n}_{m}")
            for n, (what, of) in enumerate(zip(self.figures, self.of, strict=True))
            for m, part in enumerate(_PARTS[what])
        ]
        keys = [key.label(f"k{n}") for n, key in enumerate(self.keys)]
        rows = sa.select(*keys, sa.func.count().label("records"), *parts).select_from(self.source).where(*where)
        # Grouped by place: one expression with bound values is not the same twice, to PostgreSQL.
        gathered = rows.group_by(*_places(keys)).cte("gathered")
        told = [
            (sa.func.nullif(gathered.c[key.name], "") if empty else gathered.c[key.name]).label(key.name)
            for key, empty in zip(keys, self.empty, strict=True)
        ]
        records = sa.func.sum(gathered.c.records)
        grouped = sa.select(*told, records.label("records"), *self._figures(gathered.c, "f"))
        groups = grouped.group_by(*_places(keys)).cte("grouped")
        number = sa.select(sa.func.count()).select_from(groups).scalar_subquery()
        whole = sa.select(records.label("w"), *self._figures(gathered.c, "w"), number.label("total")).subquery("whole")

        def ordered(of: sa.FromClause) -> list[sa.ColumnElement[Any]]:
            by_key: list[sa.ColumnElement[Any]] = [
                one for key in keys for one in (of.c[key.name].is_(None), of.c[key.name])
            ]
            return by_key if order == "key" else [of.c.records.desc(), *by_key]

        page = sa.select(groups).order_by(*ordered(groups)).limit(limit).offset(offset).subquery("page")
        together = whole.outerjoin(page, sa.true())
        return sa.select(page, *whole.c).select_from(together).order_by(*ordered(page))

    def whole(self, where: Sequence[sa.ColumnElement[bool]], table: sa.FromClause) -> sa.Select[Any]:
        """Of all records, each counted once: w, w0, w1 …"""
        figures = [
            _AT_ONCE[what](of).label(f"w{n}") for n, (what, of) in enumerate(zip(self.figures, self.alone, strict=True))
        ]
        return sa.select(sa.func.count().label("w"), *figures).select_from(table).where(*where)

    def _figures(self, given: Any, name: str) -> list[sa.ColumnElement[Any]]:
        found = []
        for n, what in enumerate(self.figures):
            parts = [_TOGETHER[part](given[f"p{n}_{m}"]) for m, part in enumerate(_PARTS[what])]
            if what == "average":
                # Not of whole numbers: those are divided to whole ones.
                parts = [parts[0] * sa.literal_column("1.0") / sa.func.nullif(parts[1], 0)]
            found.append(parts[0].label(f"{name}{n}"))
        return found


def _places(keys: Sequence[sa.ColumnElement[Any]]) -> list[sa.ColumnElement[Any]]:
    return [sa.literal_column(str(n + 1)) for n in range(len(keys))]


def grouping(known: Known, kind: Kind, asked: Grouping, value: Value, zone: tzinfo, *, sqlite: bool) -> Groups:
    """Raises Refused. A record with several values stands in each of their groups."""
    source = kind.table
    beside: dict[str, sa.ColumnElement[Any]] = {}
    keys, empty = [], []
    apart = False

    def joined(of: Field) -> sa.ColumnElement[Any]:
        """Of what stands beside: looked up once for each record, however often it is told."""
        nonlocal source
        assert of.side is not None, "who calls this has looked"
        if of.name not in beside:
            column = of.shown if of.folded and of.shown is not None else of.column
            rows = sa.select(of.side.owner.label("owner"), column.label("value")).where(*of.side.only)
            those = rows.subquery(f"by{len(beside)}")
            source = source.outerjoin(those, those.c.owner == kind.key)
            beside[of.name] = those.c.value
        return beside[of.name]

    for n, by in enumerate(asked.by):
        of = _by(known, kind, by, f"group.by.{n}")
        key = value(of, of.folded)
        if of.side is not None and of.through is None:
            key, apart = joined(of), apart or of.several
        if by.step is not None:
            key = step_of(key, by.step, zone, sqlite=sqlite)
        elif of.type == "text":
            key = opened(key)
        keys.append(key)
        empty.append(by.step is None and of.type in ("text", "choice", "user"))
    figures, alone = [], []
    for n, figure in enumerate(asked.figures):
        of = known.field(kind, figure.field, f"group.figures.{n}.field")
        if of.type != "number" or of.several or of.column is kind.key:
            raise refused(f"group.figures.{n}.field", "a field of numbers is wanted")
        alone.append(value(of, False))
        figures.append(alone[-1] if of.side is None or of.through is not None else joined(of))
    return Groups(
        source=source,
        keys=tuple(keys),
        empty=tuple(empty),
        figures=tuple(figure.what for figure in asked.figures),
        of=tuple(figures),
        alone=tuple(alone),
        apart=apart,
    )


def is_open(one: Field) -> bool:
    """To who asks: neither its order nor its groups tell what is hidden."""
    return one.hides is None or not is_hidden(one.hides)


def may_group(one: Field) -> bool:
    return (
        is_open(one)
        and one.type not in ("any_text", "phone")
        and not one.listed
        and not (one.several and one.through is not None)
    )


def _by(known: Known, kind: Kind, by: GroupBy, path: str) -> Field:
    of = known.field(kind, by.field, f"{path}.field")
    if not may_group(of):
        raise refused(f"{path}.field", "it cannot be grouped by this field")
    dated = of.type in ("moment", "date")
    if (by.step is not None) is not dated and (by.step is not None or of.type == "moment"):
        raise refused(f"{path}.step", "a step is of times and dates, and each time needs one")
    return of
