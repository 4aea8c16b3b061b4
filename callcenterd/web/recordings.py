"""Recordings: the file as it was written. Browsers play stereo A-law WAV, and fetch the parts that they need.

Tried with Chromium 156: it plays, seeks, and has both channels in their places (`tests/web/test_browser.py`).
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import hdrs, web

from callcenterd.errors import NotFound
from callcenterd.model.calls import RecordingRecord
from callcenterd.model.ids import RecordingId
from callcenterd.web.answers import Conflict, file
from callcenterd.web.calls import seen_call
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right

routes = web.RouteTableDef()


@routes.get("/api/v1/recordings/{id}")
@right("recording.play")
@shape(summary="A recording: caller left, agent right", media="audio/wav")
async def recording(request: web.Request) -> web.StreamResponse:
    """200 the audio · 206 a part of it · 404 no such recording, or of a call that one may not see, or its file is
    gone · 409 still being written · 416 no such part."""
    name, office = RecordingId(request.match_info["id"]), request.app[OFFICE]
    record = await office.store.recordings.get(name)
    try:
        await seen_call(request, record.call_id)
    except NotFound:
        raise NotFound("recording", name) from None
    if record.finished_at is None:
        raise Conflict("being_recorded")
    path, octets = await asyncio.to_thread(_file, office.recordings, record)
    return file(
        request,
        path,
        octets,
        {
            hdrs.CONTENT_TYPE: "audio/wav",
            hdrs.CONTENT_DISPOSITION: f'inline; filename="{path.name}"',
            # A browser may keep what it plays from, but asks each time whether it still may.
            hdrs.CACHE_CONTROL: "private, no-cache",
        },
    )


def _file(folder: Path, record: RecordingRecord) -> tuple[Path, int]:
    """The recording's file and its size. Raises NotFound also for a path that leads out of the folder."""
    path = (folder / record.path).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NotFound("recording", record.id)
    return path, path.stat().st_size
