"""Recordings by what is known of them (REC-02), with their tags and their notes at a moment; and their removal.

Whoever may see the call may hear its recording, and nobody else sees that there is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.calls import CallFilter
from callcenterd.model.recordings import MOST_TAGS, RecordingFilter, RecordingFound, RecordingNote
from callcenterd.web.answers import VISIBLE, Asked, NotAllowed, answer, conditions, nothing, read
from callcenterd.web.calls import CallConditions, Text, call_sight
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.recordings import seen_recording
from callcenterd.web.rights import customers_seen, may, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

_DAY_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Recordings:
    items: list[RecordingFound]
    total: int


@dataclass(frozen=True, slots=True)
class Tags:
    items: list[str]
    total: int


@dataclass(frozen=True, slots=True)
class Notes:
    items: list[RecordingNote]
    total: int


RECORDINGS = TypeAdapter(Recordings)
RECORDING = TypeAdapter(RecordingFound)
TAGS = TypeAdapter(Tags)
NOTES = TypeAdapter(Notes)
NOTE = TypeAdapter(RecordingNote)


class RecordingConditions(CallConditions):
    """What the calls must be, as in the history; and of the recordings: least, most: their length in seconds. tag: one
    of theirs. notes: words that are all in one note of theirs."""

    least: float | None = Field(None, ge=0.0, le=_DAY_SECONDS, allow_inf_nan=False)
    most: float | None = Field(None, ge=0.0, le=_DAY_SECONDS, allow_inf_nan=False)
    tag: Text = ""
    notes: Text = ""
    offset: int = Field(0, ge=0, le=100_000)

    def wanted(self, request: web.Request) -> RecordingFilter:
        """What the store looks for, within what who asks may hear."""
        return RecordingFilter(
            calls=self.filter(call_sight(request), customers_seen(request)),
            least=self.least,
            most=self.most,
            tag=self.tag,
            notes=self.notes,
        )


def within_sight(request: web.Request) -> RecordingFilter:
    """All that who asks may hear."""
    return RecordingFilter(calls=CallFilter(sight=call_sight(request)))


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=40),
    VISIBLE,
    AfterValidator(_in_one_line),
]


class TagsAsked(Asked):
    """tags: all that it is to have: codes of the list recording_tag, or words of one's own."""

    tags: list[Tag] = Field(max_length=MOST_TAGS)


class NoteMade(Asked):
    """second: from the beginning of the recording."""

    second: float = Field(ge=0.0, le=_DAY_SECONDS, allow_inf_nan=False)
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), VISIBLE]


class RemovalAsked(Asked):
    """reason: why, for the audit trail."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200), VISIBLE]


@routes.get("/api/v1/recordings")
@right("recording.play")
@shape(summary="Recordings, newest first", conditions=RecordingConditions, answer=RECORDINGS)
async def list_recordings(request: web.Request) -> web.StreamResponse:
    """200 one page of those that one may hear · 422 fields, or it takes too long: ask for less."""
    wanted = conditions(request, RecordingConditions)
    found = request.app[OFFICE].store.recordings.search
    items, total = await found.page(wanted.wanted(request), wanted.limit, wanted.offset)
    return answer(RECORDINGS, Recordings(items, total))


@routes.get("/api/v1/recordings/tags")
@right("recording.play")
@shape(summary="Tags that recordings have, the most used first", answer=TAGS)
async def known_tags(request: web.Request) -> web.StreamResponse:
    """200 at most 200 of them; what they mean is in the list recording_tag, if it is one of its codes."""
    items = await request.app[OFFICE].store.recordings.marks.known_tags()
    return answer(TAGS, Tags(items, len(items)))


@routes.get("/api/v1/recordings/{id}/details")
@right("recording.play")
@shape(summary="What is known of a recording and its call", answer=RECORDING)
async def one_recording(request: web.Request) -> web.StreamResponse:
    """200 the recording · 404 no such recording, or of a call that one may not see · 409 still being written."""
    record = await seen_recording(request)
    found = await request.app[OFFICE].store.recordings.search.these([record.id], within_sight(request))
    if not found:
        raise NotFound("recording", record.id)
    return answer(RECORDING, found[0])


@routes.put("/api/v1/recordings/{id}/tags")
@right("recording.tag")
@shape(summary="Tag a recording", body=TagsAsked, answer=TAGS)
async def tag_recording(request: web.Request) -> web.StreamResponse:
    """200 its tags now · 404 no such recording, or of a call that one may not see · 409 still being written."""
    asked, record = await read(request, TagsAsked), await seen_recording(request)
    office, who = request.app[OFFICE], signed_in(request).login
    wanted, now = sorted(set(asked.tags)), office.clock.utc()
    before = await office.store.recordings.marks.put_tags(record.id, wanted, who, now)
    added, gone = sorted(set(wanted) - set(before)), sorted(set(before) - set(wanted))
    if added or gone:
        details = {"added": added, "removed": gone}
        await office.store.audit.append(now, who, "recording.tagged", f"recording/{record.id}", details)
    return answer(TAGS, Tags(wanted, len(wanted)))


# ---- notes ------------------------------------------------------------------------------------------------------


@routes.get("/api/v1/recordings/{id}/notes")
@right("recording.play")
@shape(summary="Notes at moments of a recording", answer=NOTES)
async def list_notes(request: web.Request) -> web.StreamResponse:
    """200 in the order of their moments · 404 no such recording, or of a call that one may not see · 409 still being
    written."""
    record = await seen_recording(request)
    return answer(NOTES, _all(await request.app[OFFICE].store.recordings.marks.notes(record.id)))


def _all(notes: Sequence[RecordingNote]) -> Notes:
    return Notes(list(notes), len(notes))


@routes.post("/api/v1/recordings/{id}/notes")
@right("recording.note")
@shape(summary="Write a note at a moment of a recording; it is never changed", body=NoteMade, answer=NOTE)
async def add_note(request: web.Request) -> web.StreamResponse:
    """201 the note · 404 no such recording, or of a call that one may not see · 409 it has 500 notes, or is still being
    written."""
    asked, record = await read(request, NoteMade), await seen_recording(request)
    office, who = request.app[OFFICE], signed_in(request).login
    second = min(asked.second, record.seconds or 0.0)
    made = await office.store.recordings.marks.add_note(record.id, second, asked.text, who, office.clock.utc())
    await office.store.audit.append(
        made.at, who, "recording.noted", f"recording/{record.id}", {"note": made.id, "second": round(second, 1)}
    )
    return answer(NOTE, made, status=201)


@routes.delete("/api/v1/recordings/{id}/notes/{note}")
@right("recording.note")
@shape(summary="Take a note away; the database keeps it")
async def remove_note(request: web.Request) -> web.StreamResponse:
    """204 it is shown no more · 403 somebody else's · 404 no such note, or of a call that one may not see."""
    record, number = await seen_recording(request), request.match_info["note"]
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise NotFound("note", number)
    office, who = request.app[OFFICE], signed_in(request).login
    known = await office.store.recordings.marks.note(record.id, int(number))
    if known.by != who and not may(request, "recording.note.remove.any"):
        raise NotAllowed
    now = office.clock.utc()
    await office.store.recordings.marks.remove_note(record.id, known.id, who, now)
    details = {"note": known.id, "by": known.by}
    await office.store.audit.append(now, who, "recording.note_removed", f"recording/{record.id}", details)
    return nothing()


# ---- removal ----------------------------------------------------------------------------------------------------


@routes.post("/api/v1/recordings/{id}/remove")
@right("recording.remove")
@shape(summary="Remove a recording for good; its call stays", body=RemovalAsked)
async def remove_recording(request: web.Request) -> web.StreamResponse:
    """204 nobody hears it any more · 404 no such recording, or of a call that one may not see · 409 it is still being
    finished, or a complaint about its call is open."""
    asked, record = await read(request, RemovalAsked), await seen_recording(request)
    office, who = request.app[OFFICE], signed_in(request).login
    removed = await office.archive.remove(record.id, who, asked.reason)
    details = {"call": removed.call_id, "seconds": removed.seconds, "sha256": removed.sha256, "reason": asked.reason}
    await office.store.audit.append(office.clock.utc(), who, "recording.removed", f"recording/{record.id}", details)
    return nothing()
