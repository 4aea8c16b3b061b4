"""Sampling plans [抽样计划]: whose calls are appraised, how many, by whom, and what was drawn (SUP-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import Refused
from callcenterd.model.appraisal_plans import MOST_CALLS, Per, Plan, PlanDrawing, PlanTerms
from callcenterd.model.calls import Direction, Outcome
from callcenterd.model.site import Site
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Asked, Conditions, answer, conditions, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Line, Name, Number, Short, Version
from callcenterd.web.rights import right, role_may
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()
KIND = "sampling plan"

Names = Annotated[list[Name], Field(max_length=500)]
Codes = Annotated[list[Short], Field(max_length=100)]


@dataclass(frozen=True, slots=True)
class PlanTold:
    """last: its newest drawing, if it ever drew."""

    plan: Plan
    last: PlanDrawing | None


@dataclass(frozen=True, slots=True)
class PlanList:
    items: list[PlanTold]
    total: int


@dataclass(frozen=True, slots=True)
class PlanDrawingList:
    items: list[PlanDrawing]
    total: int


PLAN = TypeAdapter(Plan)
PLANS = TypeAdapter(PlanList)
DRAWING = TypeAdapter(PlanDrawing)
DRAWINGS = TypeAdapter(PlanDrawingList)


class PlanFields(Asked):
    """count: calls of each agent in each week or month. queues, teams, agents: whose; empty: everybody's. direction,
    outcome null: any. dispositions, levels: any of these; empty: whatever it is. seconds: of talk. recorded: only calls
    with a recording. appraisers: among whom they are dealt out evenly, nobody gets their own, nor those of agents whom
    they do not oversee. hour: of the office's day, at which it draws from the calls up to yesterday. due_days: working
    days to make an appraisal, that of the drawing counted."""

    chinese: Line = Field(min_length=1)
    english: Line = Field(min_length=1)
    active: bool = False
    template: Number
    per: Per = "month"
    count: int = Field(4, ge=1, le=MOST_CALLS)
    queues: Names = Field([])
    teams: Names = Field([])
    agents: Names = Field([])
    direction: Direction | None = None
    outcome: Outcome | None = "answered"
    dispositions: Codes = Field([])
    levels: Codes = Field([])
    least_seconds: int = Field(30, ge=0, le=86_400)
    most_seconds: int | None = Field(None, ge=0, le=86_400)
    recorded: bool = True
    appraisers: Names = Field(min_length=1)
    hour: int = Field(6, ge=0, le=23)
    due_days: int = Field(5, ge=1, le=90)

    def terms(self) -> PlanTerms:
        given = {name: getattr(self, name) for name in PlanFields.model_fields}
        given |= {name: tuple(dict.fromkeys(value)) for name, value in given.items() if isinstance(value, list)}
        given |= {name: given[name].strip() for name in ("chinese", "english")}
        return PlanTerms(**given)


class PlanChange(PlanFields):
    version: Version


class PlanDrawingConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


def check_appraisers(site: Site, logins: list[str]) -> None:
    """Raises Refused for somebody who has no right to appraise."""
    wrong = [login for login in logins if not role_may(site.settings_of(login), "appraisal.score")]
    if wrong:
        raise Refused("they may not appraise", {"appraisers": f"{', '.join(wrong)} may not appraise"})


@routes.get("/api/v1/appraisal-plans")
@right("appraisal.plan")
@shape(summary="The sampling plans", answer=PLANS)
async def list_appraisal_plans(request: web.Request) -> web.StreamResponse:
    """200 each with its last drawing."""
    items = [PlanTold(*one) for one in await request.app[MODULES].sampling_plans.all()]
    return answer(PLANS, PlanList(items, len(items)))


@routes.post("/api/v1/appraisal-plans")
@right("appraisal.plan")
@shape(summary="Add a sampling plan", body=PlanFields, answer=PLAN)
async def create_appraisal_plan(request: web.Request) -> web.StreamResponse:
    """201 it; switched on, it draws tomorrow for the first time, from the calls of today · 409 there are 200 · 422
    fields."""
    asked = await read(request, PlanFields)
    check_appraisers(request.app[OFFICE].board.site, asked.appraisers)
    made = await request.app[MODULES].sampling_plans.add(asked.terms(), signed_in(request).login)
    return answer(PLAN, made, status=201)


@routes.get("/api/v1/appraisal-plans/{id}")
@right("appraisal.plan")
@shape(summary="One sampling plan", answer=PLAN)
async def one_appraisal_plan(request: web.Request) -> web.StreamResponse:
    """200 the plan · 404 no such plan."""
    return answer(PLAN, await request.app[MODULES].sampling_plans.get(number_in(request, KIND)))


@routes.put("/api/v1/appraisal-plans/{id}")
@right("appraisal.plan")
@shape(summary="Change a sampling plan, switch it on or off", body=PlanChange, answer=PLAN)
async def change_appraisal_plan(request: web.Request) -> web.StreamResponse:
    """200 the plan now · 404 no such plan · 409 somebody has changed it meanwhile ("now" has it as it is) · 422
    fields."""
    number, asked = number_in(request, KIND), await read(request, PlanChange)
    check_appraisers(request.app[OFFICE].board.site, asked.appraisers)
    login = signed_in(request).login
    changed = await request.app[MODULES].sampling_plans.change(number, asked.version, asked.terms(), login)
    return answer(PLAN, changed)


@routes.post("/api/v1/appraisal-plans/{id}/draw")
@right("appraisal.plan")
@shape(summary="Draw from the calls up to yesterday now, and not at the plan's hour", body=Nothing, answer=DRAWING)
async def draw_appraisal_plan(request: web.Request) -> web.StreamResponse:
    """200 what it drew; "fault" says why it could not · 404 no such plan · 409 it has drawn already, or is switched
    off."""
    await read(request, Nothing)
    number = number_in(request, KIND)
    return answer(DRAWING, await request.app[MODULES].sampling_plans.draw(number, signed_in(request).login))


@routes.get("/api/v1/appraisal-plans/{id}/drawings")
@right("appraisal.plan")
@shape(summary="What a plan drew, day by day", conditions=PlanDrawingConditions, answer=DRAWINGS)
async def list_appraisal_drawings(request: web.Request) -> web.StreamResponse:
    """200 the newest first, with what was left out and why · 404 no such plan."""
    wanted, number = conditions(request, PlanDrawingConditions), number_in(request, KIND)
    found = await request.app[MODULES].sampling_plans.drawings(number, wanted.limit, wanted.offset)
    return answer(DRAWINGS, PlanDrawingList(*found))
