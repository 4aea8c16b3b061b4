"""Campaigns [外呼活动]: their plans, and whether they run (ACD-06)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.campaigns import (
    DEFAULT_RETRY,
    MOST_RATIO,
    Campaign,
    CampaignPlan,
    CampaignState,
    EntryState,
    Machines,
    Meaning,
    Mode,
    Result,
    WithoutAgent,
)
from callcenterd.model.ids import QueueName
from callcenterd.switchboard import outbound
from callcenterd.switchboard.campaigns import Doing
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import (
    VISIBLE,
    Asked,
    Conditions,
    WrongFields,
    answer,
    conditions,
    nothing,
    read,
)
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.once import once
from callcenterd.web.rights import right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

MONTH = 31 * 86400.0
HOURS = r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$"
Text = Annotated[str, VISIBLE, Field(max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignNow(Campaign):
    """doing: whether it calls now, or why not. calling: how many are shown, rung or spoken with. states: how many of
    its list stand how."""

    doing: Doing
    calling: int
    states: Mapping[EntryState, int]


@dataclass(frozen=True, slots=True)
class CampaignList:
    items: list[CampaignNow]
    total: int


@dataclass(frozen=True, slots=True)
class DispositionOffered:
    code: str
    title: str


@dataclass(frozen=True, slots=True)
class QueueOffered:
    """dispositions: what its agents may say of a call."""

    name: str
    title: str
    dispositions: list[DispositionOffered]


@dataclass(frozen=True, slots=True)
class PlanChoices:
    """queues: those that one sees. caller_ids: the office's own numbers."""

    queues: list[QueueOffered]
    calendars: list[str]
    caller_ids: list[str]


CAMPAIGN = TypeAdapter(CampaignNow)
CAMPAIGNS = TypeAdapter(CampaignList)
CHOICES = TypeAdapter(PlanChoices)

RetryAfter = Annotated[float, Field(ge=1, le=MONTH, allow_inf_nan=False)]


class PlanAsked(Asked):
    """As a campaign is; what is not sent has the usual value. meanings: of dispositions of the queue."""

    name: Annotated[str, VISIBLE] = Field(min_length=1, max_length=100)
    queue: Annotated[str, VISIBLE] = Field(min_length=1, max_length=64)
    mode: Mode = "progressive"
    priority: int = Field(0, ge=-1000, le=1000)
    calendar: Text = ""
    hours: str = Field("09:00-20:00", pattern=HOURS)
    caller_id: Annotated[str, VISIBLE] = Field("", max_length=32)
    ring: float = Field(30, ge=5, le=120, allow_inf_nan=False)
    ratio: float = Field(1.0, ge=1, le=MOST_RATIO, allow_inf_nan=False)
    abandon_limit: float = Field(0.03, ge=0, le=0.2, allow_inf_nan=False)
    abandon_of: int = Field(100, ge=10, le=1000)
    without_agent: WithoutAgent = "queue"
    longest_wait: float = Field(30, ge=0, le=600, allow_inf_nan=False)
    message: Annotated[str, VISIBLE] = Field("", max_length=500)
    machines: Machines = "connect"
    attempts: int = Field(3, ge=1, le=20)
    attempts_a_day: int = Field(2, ge=1, le=20)
    retry: dict[Result, RetryAfter] = Field(default_factory=lambda: dict(DEFAULT_RETRY))
    preview_seconds: float = Field(60, ge=5, le=600, allow_inf_nan=False)
    preview_dials: bool = False
    meanings: dict[str, Meaning] = Field(default_factory=dict, max_length=100)


class PlanChange(PlanAsked):
    version: Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was read; with another one there is 409")]


class CampaignConditions(Conditions):
    state: CampaignState | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


async def campaign_in(request: web.Request) -> Campaign:
    """Raises NotFound, also for one of a queue that one does not see."""
    number = number_in(request, "campaign")
    campaign = await request.app[OFFICE].store.campaigns.get(number)
    if not sight_of(request).sees_queue(campaign.queue):
        raise NotFound("campaign", number)
    return campaign


async def _all_now(request: web.Request, found: Sequence[Campaign]) -> list[CampaignNow]:
    office = request.app[OFFICE]
    states = await office.store.campaigns.states([campaign.id for campaign in found])
    each = []
    for campaign in found:
        known = {one.name: getattr(campaign, one.name) for one in dataclasses.fields(Campaign)}
        doing, calling = office.board.campaigns.doing(campaign.id), office.board.campaigns.calling(campaign.id)
        each.append(CampaignNow(**known, doing=doing, calling=calling, states=states[campaign.id]))
    return each


async def _now(request: web.Request, campaign: Campaign) -> CampaignNow:
    (now,) = await _all_now(request, [campaign])
    return now


def _plan(request: web.Request, asked: PlanAsked) -> CampaignPlan:
    """What is asked, where it fits the office. Raises WrongFields."""
    site = request.app[OFFICE].board.site
    faults: dict[str, tuple[str, dict[str, Any]]] = {}
    if all(queue.name != asked.queue for queue in site.queues) or not sight_of(request).sees_queue(asked.queue):
        faults["queue"] = ("no_such_queue", {})
    if asked.calendar and all(calendar.name != asked.calendar for calendar in site.calendars):
        faults["calendar"] = ("no_such_calendar", {})
    if asked.caller_id and asked.caller_id not in outbound.own_numbers(site):
        faults["caller_id"] = ("not_our_number", {})
    codes = {one.code for one in site.dispositions_of(asked.queue)}
    if strange := sorted(asked.meanings.keys() - codes):
        faults["meanings"] = ("no_such_disposition", {"named": strange[0][:6]})
    if "answered" in asked.retry:
        faults["retry"] = ("never_again", {})
    if faults:
        raise WrongFields(faults)
    return CampaignPlan(**{**asked.model_dump(exclude={"version"}), "queue": QueueName(asked.queue)})


async def note(request: web.Request, what: str, campaign: int, details: dict[str, Any] | None = None) -> None:
    office = request.app[OFFICE]
    who, now = signed_in(request).login, office.clock.utc()
    await office.store.audit.append(now, who, what, f"campaign/{campaign}", details or {})


# ---- campaigns ------------------------------------------------------------------------------------------


@routes.get("/api/v1/campaigns")
@right("campaign")
@shape(summary="Campaigns, newest first", conditions=CampaignConditions, answer=CAMPAIGNS)
async def list_campaigns(request: web.Request) -> web.StreamResponse:
    """200 one page of those of the queues that one sees."""
    wanted, sight = conditions(request, CampaignConditions), sight_of(request)
    found, _ = await request.app[OFFICE].store.campaigns.page(wanted.state, 500)
    seen = [campaign for campaign in found if sight.sees_queue(campaign.queue)]
    page = seen[wanted.offset : wanted.offset + wanted.limit]
    return answer(CAMPAIGNS, CampaignList(await _all_now(request, page), len(seen)))


@routes.post("/api/v1/campaigns")
@right("campaign")
@shape(summary="A new campaign, which calls nobody yet", body=PlanAsked, answer=CAMPAIGN)
@once
async def create_campaign(request: web.Request) -> web.StreamResponse:
    """201 the campaign · 422 fields, or there is one of that name."""
    plan, office = _plan(request, await read(request, PlanAsked)), request.app[OFFICE]
    made = await office.store.campaigns.create(plan, signed_in(request).login, office.clock.utc())
    office.board.campaigns.tell(made, signed_in(request).login)
    await note(request, "campaign.created", made.id, {"name": made.name})
    return answer(CAMPAIGN, await _now(request, made), status=201)


@routes.get("/api/v1/campaigns/choices")
@right("campaign")
@shape(summary="What a campaign's plan can be made of", answer=CHOICES)
async def plan_choices(request: web.Request) -> web.StreamResponse:
    """200 queues with their dispositions, calendars, and numbers to be shown."""
    site, sight = request.app[OFFICE].board.site, sight_of(request)
    queues = [
        QueueOffered(
            queue.name,
            queue.title,
            [DispositionOffered(one.code, one.title) for one in site.dispositions_of(queue.name)],
        )
        for queue in site.queues
        if sight.sees_queue(queue.name)
    ]
    calendars = [calendar.name for calendar in site.calendars]
    return answer(CHOICES, PlanChoices(queues, calendars, sorted(outbound.own_numbers(site))))


@routes.get("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="One campaign", answer=CAMPAIGN)
async def one_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign, and what it does now · 404 no such campaign, or of a queue that one does not see."""
    return answer(CAMPAIGN, await _now(request, await campaign_in(request)))


@routes.put("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="Change a campaign's plan, from the next call on", body=PlanChange, answer=CAMPAIGN)
async def change_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above · 409 somebody has changed it meanwhile ("now" has it as it is) · 422
    fields."""
    known, office, by = await campaign_in(request), request.app[OFFICE], signed_in(request).login
    asked = await read(request, PlanChange)
    plan = _plan(request, asked)
    changed = await office.store.campaigns.change(known.id, asked.version, plan, by, office.clock.utc())
    await office.board.campaigns.changed(changed, by)
    await note(request, "campaign.changed", known.id, {"name": changed.name})
    return answer(CAMPAIGN, await _now(request, changed))


@routes.delete("/api/v1/campaigns/{id}")
@right("campaign")
@shape(summary="Remove a campaign with its list; its calls stay in the history")
async def remove_campaign(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 404 as above · 409 it runs, or somebody of it is on the line."""
    known = await campaign_in(request)
    await request.app[OFFICE].board.campaigns.remove(known, signed_in(request).login)
    await note(request, "campaign.removed", known.id, {"name": known.name})
    return nothing()


async def _set_state(request: web.Request, state: CampaignState, what: str) -> web.StreamResponse:
    await read(request, Nothing)
    known = await campaign_in(request)
    changed = await request.app[OFFICE].board.campaigns.set_state(known.id, state, signed_in(request).login)
    await note(request, what, known.id)
    return answer(CAMPAIGN, await _now(request, changed))


@routes.post("/api/v1/campaigns/{id}/start")
@right("campaign")
@shape(summary="The campaign calls from now on", body=Nothing, answer=CAMPAIGN)
async def start_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above · 409 nobody of it is to be called any more."""
    return await _set_state(request, "running", "campaign.started")


@routes.post("/api/v1/campaigns/{id}/pause")
@right("campaign")
@shape(summary="Nobody new is called; what rings goes on ringing", body=Nothing, answer=CAMPAIGN)
async def pause_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above."""
    return await _set_state(request, "paused", "campaign.paused")


@routes.post("/api/v1/campaigns/{id}/stop")
@right("campaign")
@shape(summary="Nobody new is called, and what rings is given up", body=Nothing, answer=CAMPAIGN)
async def stop_campaign(request: web.Request) -> web.StreamResponse:
    """200 the campaign now · 404 as above."""
    return await _set_state(request, "stopped", "campaign.stopped")
