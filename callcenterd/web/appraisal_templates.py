"""Scorecards [评分表]: what appraisals ask, with all versions (SUP-03)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.appraisals import (
    MOST_CHOICES,
    MOST_POINTS,
    MOST_QUESTIONS,
    MOST_SECTIONS,
    MOST_WEIGHT,
    Choice,
    Question,
    Section,
    Template,
    TemplateTerms,
)
from callcenterd.web.answers import VISIBLE, Asked, answer, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.recordfields import Version
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()
KIND = "scorecard"

Title = Annotated[str, VISIBLE, Field(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class TemplateList:
    items: list[Template]
    total: int


TEMPLATE = TypeAdapter(Template)
TEMPLATES = TypeAdapter(TemplateList)


class ChoiceFields(Asked):
    chinese: Title
    english: Title
    points: int = Field(ge=0, le=MOST_POINTS)


class QuestionFields(Asked):
    """id: stays from one version to the next, so that results of a question go on. points: 0 to so many; of yes_no
    those of a yes; of choice each answer has its own. fatal: without a point the whole is 0. optional: it may not
    apply, and is not counted then. comment_below: percent of its points under which a comment is wanted; 0: never."""

    id: str = Field(pattern=r"^[a-z0-9_]{1,20}$")
    chinese: Title
    english: Title
    kind: Literal["points", "yes_no", "choice"] = "points"
    points: int = Field(5, ge=1, le=MOST_POINTS)
    choices: list[ChoiceFields] = Field([], max_length=MOST_CHOICES)
    weight: int = Field(1, ge=1, le=MOST_WEIGHT)
    fatal: bool = False
    optional: bool = False
    comment_below: int = Field(0, ge=0, le=100)

    def question(self) -> Question:
        given = {name: getattr(self, name) for name in QuestionFields.model_fields}
        given["choices"] = tuple(
            Choice(chinese=one.chinese.strip(), english=one.english.strip(), points=one.points) for one in self.choices
        )
        return Question(**given)


class SectionFields(Asked):
    """weight: its part of the whole, beside those of the other sections."""

    chinese: Title
    english: Title
    weight: int = Field(1, ge=1, le=MOST_WEIGHT)
    questions: list[QuestionFields] = Field(min_length=1, max_length=MOST_QUESTIONS)

    def section(self) -> Section:
        questions = tuple(one.question() for one in self.questions)
        return Section(chinese=self.chinese, english=self.english, weight=self.weight, questions=questions)


class TemplateFields(Asked):
    """active: it can be chosen. passing: percent from which on a call was good enough. dispute_days: so long an agent
    may dispute; 0: never."""

    chinese: Title
    english: Title
    active: bool = True
    passing: int = Field(80, ge=0, le=100)
    dispute_days: int = Field(7, ge=0, le=90)
    sections: list[SectionFields] = Field(min_length=1, max_length=MOST_SECTIONS)

    def terms(self) -> TemplateTerms:
        return TemplateTerms(
            chinese=self.chinese.strip(),
            english=self.english.strip(),
            active=self.active,
            passing=self.passing,
            dispute_days=self.dispute_days,
            sections=tuple(one.section() for one in self.sections),
        )


class TemplateChange(TemplateFields):
    version: Version


@routes.get("/api/v1/appraisal-templates")
@right("appraisal.read")
@shape(summary="The scorecards as they are now", answer=TEMPLATES)
async def list_appraisal_templates(request: web.Request) -> web.StreamResponse:
    """200 all of them, also those that are out of use."""
    items = await request.app[MODULES].scorecards.all()
    return answer(TEMPLATES, TemplateList(items, len(items)))


@routes.post("/api/v1/appraisal-templates")
@right("appraisal.template")
@shape(summary="Add a scorecard", body=TemplateFields, answer=TEMPLATE)
async def create_appraisal_template(request: web.Request) -> web.StreamResponse:
    """201 it · 409 there are 200 · 422 fields."""
    asked = await read(request, TemplateFields)
    made = await request.app[MODULES].scorecards.add(asked.terms(), signed_in(request).login)
    return answer(TEMPLATE, made, status=201)


@routes.get("/api/v1/appraisal-templates/{id}")
@right("appraisal.read")
@shape(summary="One scorecard as it is now", answer=TEMPLATE)
async def one_appraisal_template(request: web.Request) -> web.StreamResponse:
    """200 the scorecard · 404 no such scorecard."""
    return answer(TEMPLATE, await request.app[MODULES].scorecards.get(number_in(request, KIND)))


@routes.get("/api/v1/appraisal-templates/{id}/versions/{version}")
@right("appraisal.read")
@shape(summary="One scorecard as it was", answer=TEMPLATE)
async def appraisal_template_version(request: web.Request) -> web.StreamResponse:
    """200 the scorecard with which one scored then · 404 no such scorecard, or version of it."""
    number, version = number_in(request, KIND), request.match_info["version"]
    if not (version.isascii() and version.isdigit() and len(version) <= 18):
        raise NotFound(KIND, version[:40])
    return answer(TEMPLATE, await request.app[MODULES].scorecards.get(number, int(version)))


@routes.put("/api/v1/appraisal-templates/{id}")
@right("appraisal.template")
@shape(summary="Change a scorecard; what was scored keeps its version", body=TemplateChange, answer=TEMPLATE)
async def change_appraisal_template(request: web.Request) -> web.StreamResponse:
    """200 its new version · 404 no such scorecard · 409 somebody has changed it meanwhile ("now" has it as it is) ·
    422 fields."""
    number, asked = number_in(request, KIND), await read(request, TemplateChange)
    login = signed_in(request).login
    return answer(TEMPLATE, await request.app[MODULES].scorecards.change(number, asked.version, asked.terms(), login))
