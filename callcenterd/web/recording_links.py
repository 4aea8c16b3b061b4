"""Links by which people without an account hear one recording: made, listed and ended by who has the right.

The token is told once; the database has a hash of it, and of the PIN one that nobody can try without the token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.recordings import MOST_DAYS, MOST_PLAYS, NewLink, RecordingLink
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, answer, nothing, read
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.recording_list import within_sight
from callcenterd.web.recordings import seen_recording
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.ways import host_of, scheme_of

routes = web.RouteTableDef()

FOLDER = "/listen/"


@dataclass(frozen=True, slots=True)
class Links:
    items: list[RecordingLink]
    total: int


@dataclass(frozen=True, slots=True)
class LinkMade:
    """address: with the token, which is told only now."""

    link: RecordingLink
    address: str


LINKS = TypeAdapter(Links)
MADE = TypeAdapter(LinkMade)


class LinkAsked(Asked):
    """purpose: for whom, or what for. hours: that it is valid. most_plays: how often it may be opened. pin: of 4 to 8
    digits, told to who gets the link in another way; "": none."""

    purpose: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), VISIBLE]
    hours: int = Field(24, ge=1, le=MOST_DAYS * 24)
    most_plays: int = Field(5, ge=1, le=MOST_PLAYS)
    pin: str = Field("", pattern=r"^([0-9]{4,8})?$")


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def pin_hash(token: str, pin: str) -> str:
    """Keyed by the token, of which the database has only a hash: so the few PINs there are cannot be tried."""
    return hmac.new(token.encode(), b"pin " + pin.encode(), hashlib.sha256).hexdigest()


def new_token(bits: int) -> str:
    """bits: 256 that nobody guesses."""
    return base64.urlsafe_b64encode(bits.to_bytes(32, "big")).decode().rstrip("=")


@routes.get("/api/v1/recording-links")
@right("recording.share")
@shape(summary="Links that can be opened now, newest first", answer=LINKS)
async def list_open_links(request: web.Request) -> web.StreamResponse:
    """200 those of recordings that one may hear, whoever made them; at most 500."""
    office = request.app[OFFICE]
    found = await office.store.recordings.links.made_by(None, office.clock.utc())
    names = {link.recording for link in found}
    heard = {one.id for one in await office.store.recordings.search.these(names, within_sight(request))}
    return answer(LINKS, _all([link for link in found if link.recording in heard]))


@routes.get("/api/v1/recordings/{id}/links")
@right("recording.share")
@shape(summary="Links to a recording, newest first; ended ones too", answer=LINKS)
async def list_links(request: web.Request) -> web.StreamResponse:
    """200 all of them · 404 no such recording, or of a call that one may not see · 409 still being written."""
    record = await seen_recording(request)
    return answer(LINKS, _all(await request.app[OFFICE].store.recordings.links.of([record.id])))


def _all(links: Sequence[RecordingLink]) -> Links:
    return Links(list(links), len(links))


@routes.post("/api/v1/recordings/{id}/links")
@right("recording.share")
@shape(summary="A link to a recording, for somebody without an account", body=LinkAsked, answer=MADE)
async def make_link(request: web.Request) -> web.StreamResponse:
    """201 with its address, which is told only now · 404 no such recording, or of a call that one may not see · 409 it
    has a hundred links, or is still being written."""
    asked, record = await read(request, LinkAsked), await seen_recording(request)
    office, who = request.app[OFFICE], signed_in(request).login
    now, token = office.clock.utc(), new_token(office.chance.getrandbits(256))
    new = NewLink(
        recording=record.id,
        token=token_hash(token),
        pin=pin_hash(token, asked.pin) if asked.pin else "",
        purpose=asked.purpose,
        expires_at=now + timedelta(hours=asked.hours),
        most_plays=asked.most_plays,
    )
    made = await office.store.recordings.links.add(new, who, now)
    details = {
        "link": made.id,
        "purpose": made.purpose,
        "hours": asked.hours,
        "most_plays": made.most_plays,
        "pin": made.pin,
    }
    await office.store.audit.append(now, who, "recording.shared", f"recording/{record.id}", details)
    address = f"{scheme_of(request)}://{host_of(request)}{FOLDER}{token}"
    return answer(MADE, LinkMade(made, address), status=201)


@routes.post("/api/v1/recordings/{id}/links/{link}/revoke")
@right("recording.share")
@shape(summary="End a link, also for who listens now", body=Nothing)
async def revoke_link(request: web.Request) -> web.StreamResponse:
    """204 it has ended · 404 no such link, or to a recording of a call that one may not see."""
    await read(request, Nothing)
    record, number = await seen_recording(request), request.match_info["link"]
    office, who = request.app[OFFICE], signed_in(request).login
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        raise NotFound("link", number[:32])
    known = await office.store.recordings.links.get(int(number))
    if known.recording != record.id:
        raise NotFound("link", number)
    now = office.clock.utc()
    await office.store.recordings.links.revoke(known.id, who, now)
    if known.revoked_at is None:
        details = {"link": known.id, "plays": known.plays}
        await office.store.audit.append(now, who, "recording.link_revoked", f"recording/{record.id}", details)
    return nothing()
