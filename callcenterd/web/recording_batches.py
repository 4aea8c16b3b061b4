"""Many recordings as one file: chosen ones, or all that a search finds, by who has the right (`recording.export`)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.errors import NotFound
from callcenterd.model.ids import RecordingId
from callcenterd.model.recordings import MOST_IN_BATCH, Batch, RecordingFound
from callcenterd.switchboard.recording_batches import COLUMNS
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, answer, file, language_of, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.masking import MASK
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recording_list import RecordingConditions, within_sight
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

_TITLES = {
    "file": "文件",
    "started_at": "时间",
    "seconds": "时长（秒）",
    "direction": "方向",
    "caller": "主叫号码",
    "called": "被叫号码",
    "customer": "客户",
    "agent": "座席",
    "queue": "技能组",
    "outcome": "结果",
    "disposition": "话后小结",
    "tags": "标签",
    "note": "通话记录",
    "id": "录音编号",
    "call_id": "通话编号",
}
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Batches:
    items: list[Batch]
    total: int


BATCHES = TypeAdapter(Batches)
BATCH = TypeAdapter(Batch)

Name = Annotated[str, VISIBLE, Field(min_length=1, max_length=64)]


class BatchAsked(Asked):
    """ids: chosen ones; or search: all that these conditions find (limit and offset say nothing here)."""

    ids: list[Name] = Field(default_factory=list, max_length=MOST_IN_BATCH)
    search: RecordingConditions | None = None

    @model_validator(mode="after")
    def _one(self) -> BatchAsked:
        if bool(self.ids) == (self.search is not None):
            raise PydanticCustomError("one_of_these", "either ids or search is wanted")
        return self


@routes.post("/api/v1/recording-batches")
@right("recording.export")
@shape(summary="Make a ZIP of many recordings, with a list of them", body=BatchAsked, answer=BATCH)
async def make_batch(request: web.Request) -> web.StreamResponse:
    """201 it is on its way: ask how far it is · 403 not for who sees numbers hidden · 409 too many or too large, too
    little room, or two are on their way · 422 fields. What one may not hear, or is not there, is left out."""
    asked = await read(request, BatchAsked)
    if request.get(MASK) is not None:
        raise NotAllowed
    office, who = request.app[OFFICE], signed_in(request).login
    search, names = office.store.recordings.search, [RecordingId(name) for name in asked.ids]
    if asked.search is not None:
        names = await search.all_of(asked.search.wanted(request), MOST_IN_BATCH + 1)
    found: list[RecordingFound] = []
    for at in range(0, len(names), _PAGE):
        found += await search.these(names[at : at + _PAGE], within_sight(request))
    titles = _TITLES if language_of(request) == "zh-CN" else {name: name.replace("_", " ") for name in COLUMNS}
    made = await request.app[MODULES].recording_batches.ask(found, titles, who)
    details: dict[str, Any] = {"recordings": len(found), "octets": sum(one.octets for one in found)}
    if asked.search is not None:
        details["conditions"] = sorted(asked.search.model_fields_set)
    await office.store.audit.append(office.clock.utc(), who, "recording.exported", f"download/{made.id}", details)
    return answer(BATCH, made, status=201)


@routes.get("/api/v1/recording-batches")
@right("recording.export")
@shape(summary="One's own downloads, newest first", answer=BATCHES)
async def list_batches(request: web.Request) -> web.StreamResponse:
    """200 at most 50 of them."""
    items = await request.app[OFFICE].store.recordings.batches.of(signed_in(request).login)
    return answer(BATCHES, Batches(items, len(items)))


@routes.get("/api/v1/recording-batches/{batch}")
@right("recording.export")
@shape(summary="How far one's own download is", answer=BATCH)
async def one_batch(request: web.Request) -> web.StreamResponse:
    """200 the download · 404 no such one of one's own."""
    who = signed_in(request).login
    return answer(BATCH, await request.app[OFFICE].store.recordings.batches.get(_number(request), who))


@routes.get("/api/v1/recording-batches/{batch}/file")
@right("recording.export")
@shape(summary="The ZIP of one's own download", media="application/zip")
async def batch_file(request: web.Request) -> web.StreamResponse:
    """200, 206 the ZIP, with index.csv in it · 403 not for who sees numbers hidden · 404 no such one of one's own, not
    done, or over."""
    if request.get(MASK) is not None:
        raise NotAllowed
    office, who, batch = request.app[OFFICE], signed_in(request).login, _number(request)
    path = await request.app[MODULES].recording_batches.file(batch, who)
    await office.store.audit.append(office.clock.utc(), who, "recording.export_taken", f"download/{batch}")
    headers = {
        "Content-Type": "application/zip",
        "Content-Disposition": f'attachment; filename="recordings-{batch}.zip"',
    }
    return file(request, path, (await asyncio.to_thread(path.stat)).st_size, headers)


@routes.delete("/api/v1/recording-batches/{batch}")
@right("recording.export")
@shape(summary="End one's own download; its file goes")
async def remove_batch(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 no such one of one's own."""
    await request.app[MODULES].recording_batches.remove(_number(request), signed_in(request).login)
    return nothing()


def _number(request: web.Request) -> int:
    text = request.match_info["batch"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound("download", text[:32])
    return int(text)
