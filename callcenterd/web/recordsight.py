"""May they see that record: asked in one place by what hangs on records of any kind (files, the time line).

Whoever brings a kind of record says in one line how it is seen: `sees("complaint", seen_complaint)`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from callcenterd.errors import NotFound
from callcenterd.model.attachments import RecordKind

See = Callable[[web.Request, str], Awaitable[str]]
"""Gets the record's id as it was asked for; answers the one that it has (a merged customer has another).

Raises NotFound for a record that there is not, and alike for one that who asks may not see."""

_sees: dict[RecordKind, See] = {}


def sees(kind: RecordKind, see: See) -> None:
    _sees[kind] = see


async def seen_record(request: web.Request, kind: RecordKind, record: str) -> str:
    """The record's id, if who asks may see it. Raises NotFound."""
    see = _sees.get(kind)
    if see is None:
        raise NotFound(kind, record)
    return await see(request, record)


def number_of(kind: RecordKind, record: str) -> int:
    """Raises NotFound for what is no number: there is no such record either."""
    if not (record.isascii() and record.isdigit() and len(record) <= 18):
        raise NotFound(kind, record[:40])
    return int(record)
