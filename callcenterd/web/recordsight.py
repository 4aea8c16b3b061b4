"""May they see that record: asked in one place by what hangs on records of any kind (files, the time line).

Whoever brings a kind of record says in one line how it is seen: `sees("complaint", seen_complaint)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, TypeVar

from aiohttp import web

from callcenterd.errors import NotFound
from callcenterd.model.attachments import RecordKind
from callcenterd.model.people import Role
from callcenterd.model.records import Owned, RecordSight
from callcenterd.model.roles import ScopedKind
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import sight_of
from callcenterd.web.session import signed_in

One = TypeVar("One", bound=Owned)

See = Callable[[web.Request, str], Awaitable[str]]
"""Gets the record's id as it was asked for; answers the one that it has (a merged customer has another).

Raises NotFound for a record that there is not, and alike for one that who asks may not see."""

SeenKind = RecordKind | Literal["duty"]
"""Kinds of which somebody sees one by one."""

_sees: dict[SeenKind, See] = {}


def sees(kind: SeenKind, see: See) -> None:
    _sees[kind] = see


async def seen_record(request: web.Request, kind: SeenKind, record: str) -> str:
    """The record's id, if who asks may see it. Raises NotFound."""
    see = _sees.get(kind)
    if see is None:
        raise NotFound(kind, record)
    return await see(request, record)


def number_of(kind: SeenKind, record: str) -> int:
    """Raises NotFound for what is no number: there is no such record either."""
    if not (record.isascii() and record.isdigit() and len(record) <= 18):
        raise NotFound(kind, record[:40])
    return int(record)


def record_sight(request: web.Request, kind: ScopedKind) -> RecordSight | None:
    """Whose records of a kind who asks may see. None: all."""
    return sight_of(request).of_records(request.app[OFFICE].board.site, kind)


async def seen_one(
    request: web.Request, kind: ScopedKind, number: int, get: Callable[[int, Role], Awaitable[One]]
) -> One:
    """That record, got as who asks may see its custom fields. Raises NotFound, also for one that they may not see."""
    one = await get(number, signed_in(request).role)
    sight = record_sight(request, kind)
    if sight is None or sight.sees(one):
        return one
    raise NotFound(kind, number)
