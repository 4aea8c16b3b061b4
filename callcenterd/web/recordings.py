"""Recordings: the file as it lies there, or what a sealed one holds; and how loud each side was, for the eye.

Tried with Chromium 156: it plays stereo A-law WAV, Opus in Ogg and MP3, seeks, fetches the parts that it needs, and
has both sides in their places (`tests/web/test_browser.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import structlog
from aiohttp import hdrs, web
from pydantic import Field, TypeAdapter

from callcenterd.errors import CallcenterdError, NotFound, Refused
from callcenterd.model.calls import RecordingFormat, RecordingRecord, Step
from callcenterd.model.ids import ExtensionNumber, RecordingId
from callcenterd.switchboard.archive import Found
from callcenterd.web.answers import VISIBLE, Asked, Conditions, Conflict, answer, conditions, file, nothing, read
from callcenterd.web.calls import seen_call
from callcenterd.web.describe import shape
from callcenterd.web.office import OCTETS, OFFICE, Office
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

_log = structlog.get_logger(__name__)

routes = web.RouteTableDef()

_KINDS: dict[RecordingFormat, tuple[str, str]] = {
    "wav": ("audio/wav", "wav"),
    "opus": ("audio/ogg", "opus"),  # RFC 7845 §9
    "mp3": ("audio/mpeg", "mp3"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a recording, in seconds from its beginning."""

    begin: float
    end: float


@dataclass(frozen=True, slots=True)
class Peaks:
    """How loud each side was in equal shares of the time, 0 (silence) to 255 (full); both lists are of one length.

    left: who called. right: the other side, in a conference all others. seconds: of the whole recording. begin, end:
    the part that the lists tell of. silences: of the whole recording, where nobody speaks for 1.5 seconds or longer.
    pauses: where recording was paused, so that nothing was kept.
    """

    seconds: float
    left: list[int]
    right: list[int]
    begin: float
    end: float
    silences: list[Span]
    pauses: list[Span]


PEAKS = TypeAdapter(Peaks)


class PeaksAsked(Conditions):
    """points: the most shares that are wanted. There are never more than twenty for a second. begin, end: of the part
    that is wanted, in seconds; all of it, if they are not said."""

    points: int = Field(800, ge=1, le=20_000)
    begin: float = Field(0.0, ge=0.0, le=1e6, allow_inf_nan=False)
    end: float | None = Field(None, ge=0.0, le=1e6, allow_inf_nan=False)


class ReplayAsked(Asked):
    """begin: seconds from the beginning of the recording. extension: the phone that is rung; without it, the one where
    one sits."""

    begin: float = Field(0.0, ge=0.0, le=1e6, allow_inf_nan=False)
    extension: Annotated[str, VISIBLE, Field(min_length=1, max_length=32)] | None = None


@routes.get("/api/v1/recordings/{id}")
@right("recording.play")
@shape(summary="A recording: caller left, agent right", media="audio/*")
async def recording(request: web.Request) -> web.StreamResponse:
    """200 the audio (audio/ogg, audio/mpeg or audio/wav) · 206 a part of it · 404 no such recording, or of a call that
    one may not see, or its file is gone · 409 still being written · 416 no such part · 503 it cannot be opened."""
    record = await seen_recording(request)
    await note_once(request, "recording.played", f"recording/{record.id}")
    return await played(request, record)


async def played(request: web.Request, record: RecordingRecord) -> web.StreamResponse:
    """The audio of a recording that who asks may hear. Raises NotFound and Conflict."""
    if record.finished_at is None:
        raise Conflict("being_recorded")
    found = await request.app[OFFICE].archive.find(record.id)
    kind, ending = _KINDS[found.format]
    headers: dict[str, str] = {
        hdrs.CONTENT_TYPE: kind,
        hdrs.CONTENT_DISPOSITION: f'inline; filename="{record.id}.{ending}"',
        # A browser may keep what it plays from, but asks each time whether it still may.
        hdrs.CACHE_CONTROL: "private, no-cache",
    }
    if found.sealed:
        return await _unsealed(request, found, headers)
    return file(request, found.path, found.octets, headers)


@routes.get("/api/v1/recordings/{id}/peaks")
@right("recording.play")
@shape(summary="How loud each side of a recording was, for a picture of it", conditions=PeaksAsked, answer=PEAKS)
async def peaks(request: web.Request) -> web.StreamResponse:
    """200 both sides · 404 as the recording itself · 409 still being written · 503 they cannot be made."""
    wanted = conditions(request, PeaksAsked)
    record = await seen_recording(request)
    office = request.app[OFFICE]
    found = await office.archive.picture(record, wanted.points, wanted.begin, wanted.end)
    return answer(
        PEAKS,
        Peaks(
            found.seconds,
            found.values[:, 0].tolist(),
            found.values[:, 1].tolist(),
            found.begin,
            found.end,
            [Span(begin, end) for begin, end in found.silences],
            pauses_of(record, await office.store.calls.story(record.call_id), found.seconds),
        ),
    )


def pauses_of(record: RecordingRecord, story: Sequence[Step], seconds: float) -> list[Span]:
    """Where a recording was paused, as the story of its call tells; one that nobody ended goes on to the end."""
    found: list[Span] = []
    since: float | None = None
    for step in story:
        if step.details.get("recording") != record.id:
            continue
        at = min(seconds, max(0.0, (step.at - record.started_at).total_seconds()))
        if step.kind == "recording.paused" and since is None:
            since = at
        elif step.kind == "recording.resumed" and since is not None:
            found.append(Span(since, at))
            since = None
    if since is not None:
        found.append(Span(since, seconds))
    return [span for span in found if span.end > span.begin]


@routes.post("/api/v1/recordings/{id}/replay")
@right("recording.play")
@shape(summary="Hear a recording at one's own phone, which is rung", body=ReplayAsked)
async def replay_recording(request: web.Request) -> web.StreamResponse:
    """204 the phone rings; its keys: 4 back, 6 on, 5 pause, # end · 404 as the recording itself, or no such extension
    · 409 still being written, or there is no phone that could be rung, or it is in a call · 422 fields, or the
    recording ends before that · 503 it cannot be opened."""
    asked, record, office = await read(request, ReplayAsked), await seen_recording(request), request.app[OFFICE]
    parts = functools.partial(office.archive.part_of, record.id)
    first = await parts(asked.begin)
    if not len(first):
        raise Refused("the recording ends before that", {"begin": "behind the end"})
    extension = None if asked.extension is None else ExtensionNumber(asked.extension)
    office.board.replays.begin(signed_in(request).login, first, parts, begin=asked.begin, extension=extension)
    await note_once(request, "recording.played", f"recording/{record.id}")
    return nothing()


async def recording_now(office: Office, name: RecordingId) -> RecordingRecord:
    """What is known of it, also what was told and is not written yet: that it is closed, say. Raises NotFound."""
    record = await office.store.recordings.get(name)
    if record.finished_at is None:
        await office.board.history.settled()
        record = await office.store.recordings.get(name)
    return record


async def seen_recording(request: web.Request) -> RecordingRecord:
    """The recording, if who asks may hear it. Raises NotFound and Conflict."""
    name = RecordingId(request.match_info["id"])
    record = await recording_now(request.app[OFFICE], name)
    if record.removed_at is not None:
        raise NotFound("recording", name)
    try:
        await seen_call(request, record.call_id)
    except NotFound:
        raise NotFound("recording", name) from None
    if record.finished_at is None:
        raise Conflict("being_recorded")
    return record


async def _unsealed(request: web.Request, found: Found, headers: dict[str, str]) -> web.StreamResponse:
    """What a sealed file holds, or the part of it that is asked for (RFC 9110 §14), opened while it is sent.

    There is no validator, so If-Range is not true of it and all of it is sent (§13.1.5).
    """
    start, end, status = 0, found.octets, 200
    if request.headers.get(hdrs.RANGE) and not request.headers.get(hdrs.IF_RANGE):
        try:
            wanted = request.http_range
        except ValueError:
            wanted = slice(found.octets, None)  # what cannot be read as a range is none that there is
        start, end, status = _part(wanted, found.octets)
    answered = web.StreamResponse(status=status, headers={**headers, hdrs.ACCEPT_RANGES: "bytes"})
    if status == 416:
        answered.headers[hdrs.CONTENT_RANGE] = f"bytes */{found.octets}"
        return web.Response(status=416, headers=answered.headers)
    if status == 206:
        answered.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{end - 1}/{found.octets}"
    answered.content_length = end - start
    request[OCTETS] = end - start
    archive = request.app[OFFICE].archive
    await archive.prove(found)  # what cannot be opened is said as an answer, not by an end in its middle
    await answered.prepare(request)
    if request.method != hdrs.METH_HEAD:
        try:
            await archive.read(found, start, end, answered.write)
        except (CallcenterdError, OSError) as fault:
            _log.error("a sealed recording cannot be read to its end", path=found.path.name, why=str(fault))
            answered.force_close()
            raise ConnectionResetError(str(fault)) from None
    await answered.write_eof()
    return answered


def _part(wanted: slice, octets: int) -> tuple[int, int, int]:
    """First octet, the one behind the last, and the status: 206, or 416 if there is no such part."""
    start, stop = wanted.start, wanted.stop
    if start is not None and start < 0:  # the last so many
        return max(0, octets + start), octets, 206 if octets else 416
    start = start or 0
    end = octets if stop is None else min(stop, octets)
    return (start, end, 206) if start < end else (0, 0, 416)
