"""Calibrations [校准]: the same call scored by several, and how far they are apart (SUP-03)."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound, Refused
from callcenterd.model.appraisals import SCORED, Appraisal, AppraisalState, Calibration, Template
from callcenterd.model.ids import CallId
from callcenterd.quality.calibration import Compared
from callcenterd.web.answers import Asked, Conditions, answer, conditions, read
from callcenterd.web.appraisal_plans import check_appraisers
from callcenterd.web.calls import seen_call
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Line, Name, Number
from callcenterd.web.rights import Sight, may, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()
KIND = "calibration"


@dataclass(frozen=True, slots=True)
class CalibrationList:
    items: list[Calibration]
    total: int


@dataclass(frozen=True, slots=True)
class SheetState:
    """appraisal: the number of the sheet, to whoever makes it or has planned this; null: another's."""

    appraiser: str
    state: AppraisalState
    appraisal: int | None


@dataclass(frozen=True, slots=True)
class CalibrationWhole:
    """sheets: who has submitted. compared: null while one has not submitted one's own: nobody is led by the others."""

    calibration: Calibration
    template: Template
    sheets: list[SheetState]
    compared: Compared | None


CALIBRATION = TypeAdapter(Calibration)
CALIBRATIONS = TypeAdapter(CalibrationList)
WHOLE = TypeAdapter(CalibrationWhole)


class CalibrationAsked(Asked):
    """appraisers: who score it, each for themselves. days: working days for that, today counted."""

    title: Line = Field(min_length=1)
    call: Name
    template: Number
    appraisers: list[Name] = Field(min_length=2, max_length=20)
    days: int = Field(5, ge=1, le=90)


class CalibrationConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


@routes.get("/api/v1/calibrations")
@right("appraisal.score")
@shape(summary="Calibrations, the newest first", conditions=CalibrationConditions, answer=CALIBRATIONS)
async def list_calibrations(request: web.Request) -> web.StreamResponse:
    """200 those in which one scores; with the right to plan those of whom one oversees beside."""
    wanted = conditions(request, CalibrationConditions)
    login = None if _sees_all(request) else signed_in(request).login
    found = await request.app[OFFICE].store.quality.calibrations.page(login, wanted.limit, wanted.offset)
    return answer(CALIBRATIONS, CalibrationList(*found))


@routes.post("/api/v1/calibrations")
@right("appraisal.plan")
@shape(summary="Have a call scored by several", body=CalibrationAsked, answer=CALIBRATION)
async def create_calibration(request: web.Request) -> web.StreamResponse:
    """201 it; each of them has it among their appraisals to make · 404 no such call, or one that one may not see · 422
    fields: they may not appraise, or not this agent."""
    asked, office = await read(request, CalibrationAsked), request.app[OFFICE]
    call = await seen_call(request, CallId(asked.call))
    site = office.board.site
    check_appraisers(site, asked.appraisers)
    blind = [one for one in asked.appraisers if call.agent and not Sight.of(one, site).oversees(call.agent)]
    if blind:
        why = {"appraisers": f"{', '.join(blind)} may not appraise"}
        raise Refused("the calibration cannot be begun", why)
    login = signed_in(request).login
    made = await request.app[MODULES].calibrations.begin(
        call, asked.template, asked.appraisers, asked.title.strip(), asked.days, login
    )
    return answer(CALIBRATION, made, status=201)


@routes.get("/api/v1/calibrations/{id}")
@right("appraisal.score")
@shape(summary="One calibration: who has scored, and how far they are apart", answer=WHOLE)
async def one_calibration(request: web.Request) -> web.StreamResponse:
    """200 it; who scores in it sees the others' when their own is submitted · 404 no such calibration, or not one's
    affair."""
    number, login = number_in(request, KIND), signed_in(request).login
    found = await request.app[OFFICE].store.quality.calibrations.get(number)
    template, sheets, compared = await request.app[MODULES].calibrations.compared(found)
    own = next((sheet for sheet in sheets if sheet.appraiser == login), None)
    if own is None and found.created_by != login and not _sees_all(request):
        raise NotFound(KIND, number)
    open_to_all = own is None or own.state in SCORED
    states = [_state(sheet, login, told=open_to_all) for sheet in sheets]
    return answer(WHOLE, CalibrationWhole(found, template, states, compared if open_to_all else None))


def _state(sheet: Appraisal, login: str, *, told: bool) -> SheetState:
    return SheetState(sheet.appraiser, sheet.state, sheet.id if told or sheet.appraiser == login else None)


def _sees_all(request: web.Request) -> bool:
    """By right to plan, and to see everybody's appraisals."""
    site, login = request.app[OFFICE].board.site, signed_in(request).login
    return may(request, "appraisal.plan") and site.overseen_by(login) is None
