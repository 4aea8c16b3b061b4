"""Rules that draw follow-ups every day [回访规则] (FUP-02): what they say, whom each would draw, and what it drew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field, TypeAdapter

from callcenterd.model.follow_up_rules import (
    FARTHEST_DAYS,
    MOST_A_DAY,
    MOST_AGAIN_DAYS,
    MOST_CATCH_UP,
    MOST_DUE_DAYS,
    Candidate,
    Deal,
    Drawing,
    FollowUpRule,
    RuleIsAnother,
    RuleTerms,
)
from callcenterd.model.follow_ups import AGAIN_MINUTES, TRIES
from callcenterd.model.query import Node, check_size
from callcenterd.tickets.follow_up_rules import Asking
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import Asked, Conditions, Conflict, answer, conditions, nothing, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.queries import own_teams, query_sight
from callcenterd.web.recordfields import Line, Name, Number, Short, Text, Version
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in
from callcenterd.web.workflows import Department

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class RuleTold:
    """last: its newest drawing, if it ever drew."""

    rule: FollowUpRule
    last: Drawing | None


@dataclass(frozen=True, slots=True)
class RuleList:
    """teams: to whom follow-ups can be dealt."""

    items: list[RuleTold]
    total: int
    teams: list[Department]


@dataclass(frozen=True, slots=True)
class RuleName:
    id: int
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class RuleNames:
    items: list[RuleName]
    total: int


@dataclass(frozen=True, slots=True)
class DrawingList:
    items: list[Drawing]
    total: int


@dataclass(frozen=True, slots=True)
class WouldDraw:
    """candidate: whose day it is. owner: to whom the follow-up would go; "": whoever of the team is first."""

    candidate: Candidate
    owner: str


@dataclass(frozen=True, slots=True)
class Preview:
    """day: today. found: all whose day it is. drawn: how many would be drawn; left_out: how many would not, by reason.
    items: the first 50 that one sees of those who would."""

    day: date
    found: int
    drawn: int
    left_out: dict[str, int]
    items: list[WouldDraw]


RULE = TypeAdapter(FollowUpRule)
RULES = TypeAdapter(RuleList)
NAMES = TypeAdapter(RuleNames)
DRAWING = TypeAdapter(Drawing)
DRAWINGS = TypeAdapter(DrawingList)
PREVIEW = TypeAdapter(Preview)


def _bounded(where: Node) -> Node:
    check_size(where)
    return where


class RuleFields(Asked):
    """date_field: created_at, changed_at, last_call, last_consultation, complaint_closed; or x_ and the name of a
    custom field of customers with a date; "": every day anew whom conditions or query find. days: from that date to the
    day of the drawing; negative: before it. where: conditions on customers; or query: the number of one that is kept.

    team: to whom they are dealt. due_days: working days, that of the drawing counted. channel "": the customer's own.
    most: in one day. again_days: for so many nobody is drawn by this rule again. hour: of the office's day. catch_up:
    so many days back is made up for what was missed. again_minutes: working minutes from a try in vain to the next.
    """

    chinese: Line = Field(min_length=1)
    english: Line = Field(min_length=1)
    active: bool = False
    category: Short = Field(min_length=1)
    date_field: Short = ""
    days: int = Field(0, ge=-FARTHEST_DAYS, le=FARTHEST_DAYS)
    where: Annotated[Node, AfterValidator(_bounded)] | None = None
    query: Number | None = None
    team: Name = Field(min_length=1)
    deal: Deal = "even"
    due_days: int = Field(2, ge=1, le=MOST_DUE_DAYS)
    channel: Short = ""
    content: Text = ""
    most: int = Field(50, ge=1, le=MOST_A_DAY)
    again_days: int = Field(30, ge=0, le=MOST_AGAIN_DAYS)
    hour: int = Field(9, ge=0, le=23)
    catch_up: int = Field(3, ge=0, le=MOST_CATCH_UP)
    most_tries: int = Field(TRIES, ge=1, le=20)
    again_minutes: int = Field(AGAIN_MINUTES, ge=1, le=20 * 8 * 60)

    def terms(self) -> RuleTerms:
        given = {name: getattr(self, name) for name in RuleFields.model_fields}
        given |= {name: given[name].strip() for name in ("chinese", "english")}
        return RuleTerms(**given)


class RuleChange(RuleFields):
    version: Version


class RulePreview(RuleFields):
    """rule: the number of the one that is being changed, so that whom it drew is left out."""

    rule: Number | None = None


class RuleRemoval(Conditions):
    version: int = Field(ge=1, lt=1 << 62)


class DrawingConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


def _asking(request: web.Request) -> Asking:
    return Asking(sight=query_sight(request), teams=own_teams(request))


def _conflict(fault: RuleIsAnother) -> Conflict:
    conflict = Conflict("changed_meanwhile")
    conflict.more = {"now": RULE.dump_python(fault.now, mode="json")}
    return conflict


@routes.get("/api/v1/follow-up-rules")
@right("follow_up.rule")
@shape(summary="The rules that draw follow-ups", answer=RULES)
async def list_follow_up_rules(request: web.Request) -> web.StreamResponse:
    """200 each with its last drawing."""
    items = [RuleTold(*one) for one in await request.app[MODULES].follow_up_rules.all()]
    teams = [Department(team.name, team.title) for team in request.app[OFFICE].board.site.teams]
    return answer(RULES, RuleList(items, len(items), teams))


@routes.get("/api/v1/follow-up-rules/names")
@right("follow_up.read")
@shape(summary="What the rules are called that draw follow-ups", answer=NAMES)
async def list_follow_up_rule_names(request: web.Request) -> web.StreamResponse:
    """200 for whoever sees follow-ups."""
    rules = await request.app[MODULES].follow_up_rules.all()
    items = [RuleName(rule.id, rule.chinese, rule.english) for rule, _ in rules]
    return answer(NAMES, RuleNames(items, len(items)))


@routes.post("/api/v1/follow-up-rules")
@right("follow_up.rule")
@shape(summary="Add a rule", body=RuleFields, answer=RULE)
async def create_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """201 it; switched on, it draws from its hour on, today if that is still to come · 409 there are 200 · 422
    fields."""
    asked = await read(request, RuleFields)
    made = await request.app[MODULES].follow_up_rules.add(asked.terms(), _asking(request))
    return answer(RULE, made, status=201)


@routes.post("/api/v1/follow-up-rules/preview")
@right("follow_up.rule")
@shape(summary="Whom a rule would draw today, kept or not; nothing is drawn", body=RulePreview, answer=PREVIEW)
async def preview_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """200 how many, why others are left out, and the first of them · 404 no such rule · 422 fields; or its query takes
    too long."""
    asked = await read(request, RulePreview)
    shown = await request.app[MODULES].follow_up_rules.preview(asked.terms(), _asking(request), asked.rule)
    items = [WouldDraw(candidate, owner) for candidate, owner in shown.shown]
    return answer(PREVIEW, Preview(shown.day, shown.found, shown.drawn, shown.left_out, items))


@routes.get("/api/v1/follow-up-rules/{id}")
@right("follow_up.rule")
@shape(summary="One rule", answer=RULE)
async def one_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """200 the rule · 404 no such rule."""
    number = number_in(request, "follow-up rule")
    return answer(RULE, await request.app[MODULES].follow_up_rules.get(number))


@routes.put("/api/v1/follow-up-rules/{id}")
@right("follow_up.rule")
@shape(summary="Change a rule, switch it on or off", body=RuleChange, answer=RULE)
async def change_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """200 the rule now · 404 no such rule · 409 somebody has changed it meanwhile ("now" has it as it is) · 422
    fields."""
    number, asked = number_in(request, "follow-up rule"), await read(request, RuleChange)
    try:
        changed = await request.app[MODULES].follow_up_rules.change(
            number, asked.version, asked.terms(), _asking(request)
        )
    except RuleIsAnother as fault:
        raise _conflict(fault) from None
    return answer(RULE, changed)


@routes.delete("/api/v1/follow-up-rules/{id}")
@right("follow_up.rule")
@shape(summary="Remove a rule that has drawn nobody", conditions=RuleRemoval)
async def remove_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """204 done · 404 no such rule · 409 it has drawn follow-ups, and can only be switched off; or somebody has changed
    it meanwhile."""
    number, wanted = number_in(request, "follow-up rule"), conditions(request, RuleRemoval)
    try:
        await request.app[MODULES].follow_up_rules.remove(number, wanted.version, signed_in(request).login)
    except RuleIsAnother as fault:
        raise _conflict(fault) from None
    return nothing()


@routes.post("/api/v1/follow-up-rules/{id}/draw")
@right("follow_up.rule")
@shape(summary="Draw today's now, and not at the rule's hour", body=Nothing, answer=DRAWING)
async def draw_follow_up_rule(request: web.Request) -> web.StreamResponse:
    """200 what it drew; "fault" says why it could not · 404 no such rule · 409 it has drawn already today, or is
    switched off."""
    await read(request, Nothing)
    number = number_in(request, "follow-up rule")
    return answer(DRAWING, await request.app[MODULES].follow_up_rules.draw(number, signed_in(request).login))


@routes.get("/api/v1/follow-up-rules/{id}/drawings")
@right("follow_up.rule")
@shape(summary="What a rule drew, day by day", conditions=DrawingConditions, answer=DRAWINGS)
async def list_follow_up_drawings(request: web.Request) -> web.StreamResponse:
    """200 the newest first, with how many were left out and why · 404 no such rule."""
    wanted, number = conditions(request, DrawingConditions), number_in(request, "follow-up rule")
    found = await request.app[MODULES].follow_up_rules.drawings(number, wanted.limit, wanted.offset)
    return answer(DRAWINGS, DrawingList(*found))
