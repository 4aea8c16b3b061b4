"""The server's own log: its newest lines, to be looked through, followed, and taken as a text."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.logs import LEVELS, Level, Line, Recent
from callcenterd.web.answers import VISIBLE, Conditions, answer, conditions
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.trail import note_export

routes = web.RouteTableDef()

Word = Annotated[str, VISIBLE, Field(max_length=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """items: the newest first. total: how many of those kept were asked for. since: from when on every line is kept.
    newest: the number of the newest line, whatever it is; 0: there is none. most: how many are kept. level: the least
    that is written (`log.level` of the configuration). parts: all that have said something."""

    items: list[Line]
    total: int
    since: datetime
    newest: int
    most: int
    level: Level
    parts: list[str]


LOG = TypeAdapter(LogPage)


class LogAsked(Conditions):
    """level: the least. part: a room of ours ("sip"), or another library. text: what stands anywhere in a line,
    whatever its case. after: only lines with a higher number; before: with a lower one."""

    level: Level = "debug"
    part: Word | None = None
    text: Word | None = None
    after: int = Field(0, ge=0, lt=2**63)
    before: int | None = Field(None, ge=1, lt=2**63)


class LogConditions(LogAsked):
    limit: int = Field(200, ge=1, le=1000)


def found(lines: Sequence[Line], wanted: LogAsked) -> list[Line]:
    """The newest first. Some MB of text may be looked through: not for the event loop."""
    least, text = LEVELS.index(wanted.level), (wanted.text or "").casefold()
    return [
        line
        for line in reversed(lines)
        if line.number > wanted.after
        and (wanted.before is None or line.number < wanted.before)
        and LEVELS.index(line.level) >= least
        and (wanted.part is None or line.part == wanted.part)
        and (not text or text in as_text(line).casefold())
    ]


def as_text(line: Line) -> str:
    """One line, and the traceback below it, which is set in."""
    details = "".join(f" {name}={value}" for name, value in line.details.items())
    trace = "".join(f"\n    {one}" for one in line.trace.splitlines())
    at = line.at.isoformat(timespec="milliseconds")
    return f"{at} {line.level:<7} {line.part or '-'}: {line.event}{details}{trace}"


def since(log: Recent, lines: Sequence[Line], started_at: datetime) -> datetime:
    """From when on every line is kept."""
    return lines[0].at if lines and log.forgotten() else started_at


@routes.get("/api/v1/system/log")
@right("system")
@shape(summary="The newest lines of the server's log", conditions=LogConditions, answer=LOG)
async def list_log(request: web.Request) -> web.StreamResponse:
    """200 the newest of them that were asked for; passwords, PINs and keys stand as *** there, as in the log itself."""
    wanted, premises = conditions(request, LogConditions), request.app[OFFICE].premises
    lines = premises.log.lines()
    items = await asyncio.to_thread(found, lines, wanted)
    page = LogPage(
        items=items[: wanted.limit],
        total=len(items),
        since=since(premises.log, lines, premises.started_at),
        newest=lines[-1].number if lines else 0,
        most=premises.log.most,
        level=premises.log.level,
        parts=sorted({line.part for line in lines}),
    )
    return answer(LOG, page)


@routes.get("/api/v1/system/log/file")
@right("system")
@shape(summary="The same as a text", conditions=LogAsked, media="text/plain")
async def log_file(request: web.Request) -> web.StreamResponse:
    """200 all that are kept and were asked for, the oldest first; that it was taken stands in the audit trail."""
    wanted, office = conditions(request, LogAsked), request.app[OFFICE]

    def written() -> tuple[int, bytes]:
        lines = found(office.premises.log.lines(), wanted)
        return len(lines), "".join(f"{as_text(line)}\n" for line in reversed(lines)).encode()

    lines, octets = await asyncio.to_thread(written)
    await note_export(request, "log", {"lines": lines, "level": wanted.level})
    answered = web.Response(body=octets, content_type="text/plain", charset="utf-8")
    name = office.clock.utc().strftime("callcenterd-%Y%m%d-%H%M%S.log")
    answered.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answered
