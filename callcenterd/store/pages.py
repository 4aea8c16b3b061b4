"""Pages of long lists: soon, however long the list is, and however deep in it the page.

Nobody reads ten thousand records page by page, so nobody is told of more than that how many there are: see `MOST_TOLD`.
A page that is deep in a list is found by keys alone, which an index has, and only then is it read. See decision 0040.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.store.search import Words

MOST_TOLD = 10_000
"""Of how many there are: one more stands for "more than that"."""
MOST_ROWS = 500
"""In one page: 2,000 rows as objects already hold the loop for 5 ms."""
MOST_FEW = 20_000
"""Candidates of a search, or rows beside records, that are collected before the records are read."""


def bounded(limit: int) -> int:
    return min(max(limit, 0), MOST_ROWS)


def skipped(offset: int) -> int:
    """No list is longer than the largest, and larger numbers no database takes."""
    return min(max(offset, 0), 2**62)


async def narrowed(
    connection: AsyncConnection, key: sa.ColumnElement[Any], words: Sequence[Words], few: int = MOST_FEW
) -> tuple[list[sa.ColumnElement[bool]], bool]:
    """Conditions on the records, of what is looked for; and whether few records have it."""
    conditions: list[sa.ColumnElement[bool]] = []
    rare = False
    for one in words:
        conditions.append(one.met)
        if one.candidates is not None and not await has_more(connection, one.candidates, few):
            conditions.append(key.in_(one.candidates))
            rare = True
    return conditions, rare


async def has_more(connection: AsyncConnection, rows: sa.Select[Any], number: int) -> bool:
    """Whether a question has more rows than that."""
    some = rows.with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True).limit(number + 1)
    counted = sa.select(sa.func.count()).select_from(some.subquery())
    return bool((await connection.execute(counted)).scalar_one() > number)


async def told(connection: AsyncConnection, query: sa.Select[Any]) -> int:
    """How many rows there are, but not more than `MOST_TOLD` + 1."""
    some = query.order_by(None).with_only_columns(sa.literal(1).label("one"), maintain_column_froms=True)
    counted = sa.select(sa.func.count()).select_from(some.limit(MOST_TOLD + 1).subquery())
    return int((await connection.execute(counted)).scalar_one())


async def page(
    connection: AsyncConnection,
    query: sa.Select[Any],
    order: Sequence[sa.ColumnElement[Any]],
    limit: int,
    offset: int,
    key: sa.ColumnElement[Any] | None = None,
) -> tuple[Sequence[sa.Row[Any]], int]:
    """One page in that order, and how many there are in all. key: of the rows of a list that may be very long: what is
    asked is looked through once, by keys, and how many there are is as `told`."""
    limit, offset = bounded(limit), skipped(offset)
    if key is not None and 0 < limit <= MOST_TOLD + 1 - offset:
        return await _looked_through_once(connection, query, order, limit, offset, key)
    wanted = query.order_by(*order).limit(limit).offset(offset)
    if key is not None:
        keys = wanted.with_only_columns(key, maintain_column_froms=True).correlate(None)
        wanted = _of_keys(query, order, key, sa.select(keys.subquery().c[0]))
    rows = (await connection.execute(wanted)).all() if limit else []
    if key is not None:
        return rows, min(offset + len(rows), MOST_TOLD + 1) if rows else await told(connection, query)
    if 0 < len(rows) < limit or (limit and not rows and not offset):
        return rows, offset + len(rows)
    counted = sa.select(sa.func.count()).select_from(query.order_by(None).subquery())
    return rows, int((await connection.execute(counted)).scalar_one())


async def _looked_through_once(
    connection: AsyncConnection,
    query: sa.Select[Any],
    order: Sequence[sa.ColumnElement[Any]],
    limit: int,
    offset: int,
    key: sa.ColumnElement[Any],
) -> tuple[Sequence[sa.Row[Any]], int]:
    keys = query.with_only_columns(key.label("key"), maintain_column_froms=True)
    found = keys.order_by(*order).limit(MOST_TOLD + 1).cte("found")
    number = sa.select(sa.func.count()).select_from(found).scalar_subquery()
    # Both databases read it in the order in which it was made.
    there = (await connection.execute(sa.select(found.c.key, number.label("n")).limit(limit).offset(offset))).all()
    if not there:
        return [], 0 if offset == 0 else await told(connection, query)
    shown = _of_keys(query, order, key, [row.key for row in there])
    return (await connection.execute(shown)).all(), int(there[0].n)


def _of_keys(
    query: sa.Select[Any],
    order: Sequence[sa.ColumnElement[Any]],
    key: sa.ColumnElement[Any],
    keys: Sequence[Any] | sa.Select[Any],
) -> sa.Select[Any]:
    """Those rows; who they are is known, so no condition is looked at again."""
    return sa.select(*query.selected_columns).where(key.in_(keys)).order_by(*order)
