"""What an agent does with whom a campaign shows to them: dial, skip, or ask for the next one (ACD-06)."""

from __future__ import annotations

from aiohttp import web
from pydantic import TypeAdapter
from typing_extensions import TypedDict

from callcenterd.model.events import PreviewOffered
from callcenterd.switchboard.campaigns import Doing
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Asked, WrongFields, answer, read
from callcenterd.web.callcontrol import DIALLED, Dialled
from callcenterd.web.calls import Moment
from callcenterd.web.campaign_lists import ENTRY
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.live import fact_data
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


class Preview(TypedDict):
    """Whom a campaign would call, until when the agent decides, and whether it is dialled then all the same."""

    agent: str
    campaign: int
    title: str
    queue: str
    entry: int
    number: str
    name: str
    customer: int | None
    fields: dict[str, str]
    attempts: int
    until: str
    dials: bool


class PreviewCampaign(TypedDict):
    """doing: whether it shows somebody now, or why not."""

    id: int
    name: str
    queue: str
    doing: Doing


class PreviewNow(TypedDict):
    """campaigns: those that run and show their customers to oneself, the first one first."""

    preview: Preview | None
    campaigns: list[PreviewCampaign]


PREVIEW = TypeAdapter(Preview)
PREVIEW_NOW = TypeAdapter(PreviewNow)


class SkipAsked(Asked):
    """again_at: when they are to be called instead; without it never."""

    again_at: Moment | None = None


def _shown(preview: PreviewOffered) -> Preview:
    return fact_data(preview)  # type: ignore[return-value]  # its fields are these


@routes.get("/api/v1/campaigns/preview")
@right("campaign.preview")
@shape(summary="Whom a campaign shows to oneself now", answer=PREVIEW_NOW)
async def my_preview(request: web.Request) -> web.StreamResponse:
    """200 who it is (null: nobody), and which campaigns show their customers to one."""
    campaigns, login = request.app[OFFICE].board.campaigns, signed_in(request).login
    found = campaigns.preview_of(login)
    shows = [
        PreviewCampaign(id=one.id, name=one.name, queue=one.queue, doing=campaigns.doing(one.id))
        for one in campaigns.shown_to(login)
    ]
    return answer(PREVIEW_NOW, PreviewNow(preview=None if found is None else _shown(found), campaigns=shows))


@routes.post("/api/v1/campaigns/preview/dial")
@right("campaign.preview")
@shape(summary="Have one's phone rung, and then whom a campaign shows", body=Nothing, answer=DIALLED)
async def dial_preview(request: web.Request) -> web.StreamResponse:
    """200 one's phone rings · 409 nobody is shown to one."""
    await read(request, Nothing)
    call = await request.app[OFFICE].board.campaigns.dial_shown(signed_in(request).login)
    return answer(DIALLED, Dialled(call=call))


@routes.post("/api/v1/campaigns/preview/skip")
@right("campaign.preview")
@shape(summary="Do not call whom a campaign shows, or at another time", body=SkipAsked, answer=ENTRY)
async def skip_preview(request: web.Request) -> web.StreamResponse:
    """200 how the entry stands now · 409 nobody is shown to one · 422 a time that is past."""
    asked, office = await read(request, SkipAsked), request.app[OFFICE]
    if asked.again_at is not None and asked.again_at <= office.clock.utc():
        raise WrongFields({"again_at": ("past", {})})
    entry = await office.board.campaigns.skip_shown(signed_in(request).login, asked.again_at)
    return answer(ENTRY, entry)


@routes.post("/api/v1/campaigns/{id}/next")
@right("campaign.preview")
@shape(summary="Be shown whom the campaign would call next", body=Nothing, answer=PREVIEW)
async def next_preview(request: web.Request) -> web.StreamResponse:
    """200 who it is · 404 no such campaign · 409 it shows nobody now, or one is not free for it."""
    await read(request, Nothing)
    board, login = request.app[OFFICE].board, signed_in(request).login
    return answer(PREVIEW, _shown(await board.campaigns.next_for(number_in(request, "campaign"), login)))
