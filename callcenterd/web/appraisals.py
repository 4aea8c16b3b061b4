"""Appraisals [考核]: made while one listens, told to the agent, answered, disputed, looked at again (SUP-03)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound, Refused
from callcenterd.model.appraisals import (
    DISPUTABLE,
    MOST_MARKS,
    MOST_POINTS,
    MOST_QUESTIONS,
    SCORED,
    Appraisal,
    AppraisalCounts,
    AppraisalFilter,
    AppraisalSight,
    AppraisalState,
    AppraisalStep,
    Given,
    Score,
    Template,
)
from callcenterd.model.ids import CallId
from callcenterd.quality.appraisals import Written, disputable_until
from callcenterd.web.answers import VISIBLE, Asked, Conditions, NotAllowed, answer, conditions, read
from callcenterd.web.calls import Moment, seen_call
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.recordfields import Name, Number, Text, Version
from callcenterd.web.recordsight import record_sight
from callcenterd.web.rights import Sight, may, right, role_may, sight_of
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()
KIND = "appraisal"

Verb = Literal["score", "assign", "cancel", "agree", "answer", "dispute", "review"]
Said = Annotated[str, VISIBLE, Field(min_length=1, max_length=4000)]


@dataclass(frozen=True, slots=True)
class AppraisalList:
    items: list[Appraisal]
    total: int


@dataclass(frozen=True, slots=True)
class AppraisalWhole:
    """template: as it was when this was begun. scores: every one that was ever given, the last one holds. steps: who
    did what when. may: what who asks may do with it now. disputable_until null: not at all."""

    appraisal: Appraisal
    template: Template
    scores: list[Score]
    steps: list[AppraisalStep]
    disputable_until: datetime | None
    may: list[Verb]


APPRAISAL = TypeAdapter(Appraisal)
APPRAISALS = TypeAdapter(AppraisalList)
WHOLE = TypeAdapter(AppraisalWhole)
COUNTS = TypeAdapter(AppraisalCounts)


class AppraisalConditions(Conditions):
    """state: one of them; "scored": all with a score. agent, appraiser: a login, or "me". since: included; until: not:
    of the time when it was scored, of one without a score when it was made."""

    state: AppraisalState | Literal["scored"] | None = None
    agent: Name | None = None
    appraiser: Name | None = None
    team: Name | None = None
    queue: Name | None = None
    template: Number | None = None
    plan: Number | None = None
    call: Name | None = None
    passed: bool | None = None
    since: Moment | None = None
    until: Moment | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class BeginAsked(Asked):
    call: Name
    template: Number


class GivenAsked(Asked):
    """points null: it does not apply. marks: seconds from the recording's beginning."""

    points: int | None = Field(ge=0, le=MOST_POINTS)
    comment: Text = ""
    marks: list[Annotated[float, Field(ge=0, le=172_800)]] = Field([], max_length=MOST_MARKS)


GivenAnswers = Annotated[
    dict[Annotated[str, Field(pattern=r"^[a-z0-9_]{1,20}$")], GivenAsked], Field(max_length=MOST_QUESTIONS)
]


class SheetAsked(Asked):
    """answers: by the question's id."""

    version: Version
    answers: GivenAnswers
    summary: Text = ""

    def written(self) -> Written:
        return _written(self.version, self.answers, self.summary)


class HandOverAsked(Asked):
    """appraiser: a login with the right to appraise, who oversees the agent."""

    version: Version
    appraiser: Name
    text: Text = ""


class WithdrawAsked(Asked):
    version: Version
    text: Said


class AgreeAsked(Asked):
    version: Version
    text: Text = ""


class WordAsked(Asked):
    version: Version
    text: Said


class ReviewAsked(Asked):
    """decision: uphold, or correct: then answers and summary are in the place of what was submitted."""

    version: Version
    decision: Literal["uphold", "correct"]
    text: Said
    answers: GivenAnswers = Field({})
    summary: Text = ""


def _written(version: int, answers: dict[str, GivenAsked], summary: str) -> Written:
    given = {
        name: Given(points=one.points, comment=one.comment, marks=tuple(one.marks)) for name, one in answers.items()
    }
    return Written(version=version, answers=given, summary=summary)


# ---- who sees which -----------------------------------------------------------------------------------------


def appraisal_sight(request: web.Request) -> AppraisalSight:
    login, seen = signed_in(request).login, record_sight(request, "appraisal")
    if seen is None:
        return AppraisalSight(login=login, agents=None)
    return AppraisalSight(login=login, agents=seen.agents, teams=seen.teams)


async def _seen(request: web.Request) -> Appraisal:
    """Raises NotFound, also for one that who asks may not see."""
    number = number_in(request, KIND)
    one = await request.app[OFFICE].store.quality.appraisals.get(number)
    if not appraisal_sight(request).sees(one):
        raise NotFound(KIND, number)
    return one


def _verbs(request: web.Request, one: Appraisal, until: datetime | None) -> list[Verb]:
    login, now = signed_in(request).login, request.app[OFFICE].clock.utc()
    makes, is_agent = one.appraiser == login and may(request, "appraisal.score"), one.agent == login
    found: list[Verb] = []
    if one.state == "open":
        found += ["score"] if makes else []
        found += ["assign", "cancel"] if one.calibration is None and _hands_over(request, one) else []
        return found
    if not one.told:
        return found
    if is_agent and may(request, "appraisal.dispute"):
        found += ["agree"] if one.state == "submitted" else []
        found += ["dispute"] if one.state in DISPUTABLE and until is not None and now < until else []
    found += ["answer"] if _answers(request, one) else []
    found += ["review"] if one.state == "disputed" and _reviews(request, one) else []
    return found


def _hands_over(request: web.Request, one: Appraisal) -> bool:
    own = one.appraiser == signed_in(request).login
    return may(request, "appraisal.score") and (own or may(request, "appraisal.plan"))


def _reviews(request: web.Request, one: Appraisal) -> bool:
    login = signed_in(request).login
    if one.agent == login or not may(request, "appraisal.score"):
        return False
    return one.appraiser == login or may(request, "appraisal.review.any")


def _answers(request: web.Request, one: Appraisal) -> bool:
    if one.agent == signed_in(request).login:
        return may(request, "appraisal.dispute")
    return _reviews(request, one)


def _only(*, allowed: bool) -> None:
    """Raises NotAllowed."""
    if not allowed:
        raise NotAllowed


async def _whole(request: web.Request, one: Appraisal) -> web.StreamResponse:
    store = request.app[OFFICE].store.quality
    template = await store.templates.version(one.template, one.template_version)
    until = disputable_until(one, template)
    whole = AppraisalWhole(
        appraisal=one,
        template=template,
        scores=await store.appraisals.scores(one.id),
        steps=await store.appraisals.steps(one.id),
        disputable_until=until,
        may=_verbs(request, one, until),
    )
    return answer(WHOLE, whole)


# ---- lists --------------------------------------------------------------------------------------------------


@routes.get("/api/v1/appraisals")
@right("appraisal.read")
@shape(summary="Appraisals that one may see", conditions=AppraisalConditions, answer=APPRAISALS)
async def list_appraisals(request: web.Request) -> web.StreamResponse:
    """200 one page: those that are to be made first, then the newest. An agent sees their own when they are
    submitted."""
    wanted = conditions(request, AppraisalConditions)
    found = await request.app[OFFICE].store.quality.appraisals.page(
        chosen_of(request, wanted), wanted.limit, wanted.offset
    )
    return answer(APPRAISALS, AppraisalList(*found))


def chosen_of(request: web.Request, wanted: AppraisalConditions) -> AppraisalFilter:
    login = signed_in(request).login
    states: tuple[AppraisalState, ...] = ()
    if wanted.state is not None:
        states = SCORED if wanted.state == "scored" else (wanted.state,)
    same = ("team", "queue", "template", "plan", "call", "passed", "since", "until")
    return AppraisalFilter(
        **{name: getattr(wanted, name) for name in same},
        states=states,
        agent=login if wanted.agent == "me" else wanted.agent,
        appraiser=login if wanted.appraiser == "me" else wanted.appraiser,
        sight=appraisal_sight(request),
    )


@routes.get("/api/v1/appraisals/counts")
@right("appraisal.read")
@shape(summary="How many appraisals wait for oneself", answer=COUNTS)
async def count_appraisals(request: web.Request) -> web.StreamResponse:
    """200 those to make, those that are disputed and one's to look at again, and scores of one's own that one has said
    nothing to yet."""
    store, login = request.app[OFFICE].store.quality.appraisals, signed_in(request).login
    counts = await store.counts(login, appraisal_sight(request), reviews=may(request, "appraisal.review.any"))
    return answer(COUNTS, counts)


# ---- made ---------------------------------------------------------------------------------------------------


@routes.post("/api/v1/appraisals")
@right("appraisal.score")
@shape(summary="Begin an appraisal of a call", body=BeginAsked, answer=APPRAISAL)
async def begin_appraisal(request: web.Request) -> web.StreamResponse:
    """201 it, open and one's own to make; the same again if one has begun one of this call · 404 no such call, or one
    that one may not see · 422 fields: a call of one's own, of an agent whom one does not oversee, or that nobody has
    answered."""
    asked = await read(request, BeginAsked)
    call = await seen_call(request, CallId(asked.call))
    if call.agent is not None and not sight_of(request).oversees(call.agent):
        raise Refused("the appraisal cannot be begun", {"call": "you do not oversee this agent"})
    login = signed_in(request).login
    return answer(APPRAISAL, await request.app[MODULES].appraisals.begin(call, asked.template, login), status=201)


@routes.get("/api/v1/appraisals/{id}")
@right("appraisal.read")
@shape(summary="One appraisal with its scorecard, all scores and steps", answer=WHOLE)
async def one_appraisal(request: web.Request) -> web.StreamResponse:
    """200 all of it · 404 no such appraisal, or one that one may not see."""
    one = await _seen(request)
    await note_once(request, "appraisal.seen", f"appraisal/{one.id}")
    return await _whole(request, one)


@routes.put("/api/v1/appraisals/{id}")
@right("appraisal.score")
@shape(summary="Keep the draft of an appraisal", body=SheetAsked, answer=APPRAISAL)
async def save_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 somebody else makes it · 404 no such appraisal · 409 it is submitted, or is another
    meanwhile ("now" has it as it is) · 422 fields."""
    one, asked = await _seen(request), await read(request, SheetAsked)
    login = signed_in(request).login
    _only(allowed=one.appraiser == login)
    return answer(APPRAISAL, await request.app[MODULES].appraisals.save(one, asked.written(), login))


@routes.post("/api/v1/appraisals/{id}/submit")
@right("appraisal.score")
@shape(summary="Submit an appraisal: its score holds, and the agent is told", body=SheetAsked, answer=WHOLE)
async def submit_appraisal(request: web.Request) -> web.StreamResponse:
    """200 it with its score · 403 somebody else makes it · 404 no such appraisal · 409 it is submitted, or is another
    meanwhile ("now" has it as it is) · 422 fields: what is not answered, and where a comment is wanted."""
    one, asked = await _seen(request), await read(request, SheetAsked)
    login = signed_in(request).login
    _only(allowed=one.appraiser == login)
    return await _whole(request, await request.app[MODULES].appraisals.submit(one, asked.written(), login))


@routes.post("/api/v1/appraisals/{id}/assign")
@right("appraisal.score")
@shape(summary="Hand an appraisal that is to be made to somebody else", body=HandOverAsked, answer=APPRAISAL)
async def assign_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 not one's own, and no right to plan · 404 no such appraisal · 409 it is submitted, or
    is another meanwhile ("now" has it as it is) · 422 they may not appraise this agent."""
    one, asked = await _seen(request), await read(request, HandOverAsked)
    _only(allowed=_hands_over(request, one))
    site = request.app[OFFICE].board.site
    known = any(user.login == asked.appraiser for user in site.users)
    able = known and role_may(site.settings_of(asked.appraiser), "appraisal.score")
    if one.calibration is not None or not able or not Sight.of(asked.appraiser, site).oversees(one.agent):
        why = {"appraiser": f"{asked.appraiser} may not appraise"}
        raise Refused("the appraisal cannot be handed over", why)
    login = signed_in(request).login
    moved = await request.app[MODULES].appraisals.assign(one, asked.version, asked.appraiser, login, asked.text)
    return answer(APPRAISAL, moved)


@routes.post("/api/v1/appraisals/{id}/cancel")
@right("appraisal.score")
@shape(summary="Say that an appraisal cannot be made", body=WithdrawAsked, answer=APPRAISAL)
async def cancel_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 not one's own, and no right to plan · 404 no such appraisal · 409 it is submitted, or
    is another meanwhile ("now" has it as it is)."""
    one, asked = await _seen(request), await read(request, WithdrawAsked)
    _only(allowed=one.calibration is None and _hands_over(request, one))
    login = signed_in(request).login
    return answer(APPRAISAL, await request.app[MODULES].appraisals.cancel(one, asked.version, login, asked.text))


# ---- the agent's word, and what comes of it -----------------------------------------------------------------


@routes.post("/api/v1/appraisals/{id}/agree")
@right("appraisal.dispute")
@shape(summary="Agree with the score of a call of one's own", body=AgreeAsked, answer=APPRAISAL)
async def agree_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 not of one's own call · 404 no such appraisal · 409 one has said so already, or it is
    another meanwhile ("now" has it as it is)."""
    one, asked = await _seen(request), await read(request, AgreeAsked)
    login = signed_in(request).login
    _only(allowed=one.agent == login)
    return answer(APPRAISAL, await request.app[MODULES].appraisals.agree(one, asked.version, login, asked.text))


@routes.post("/api/v1/appraisals/{id}/dispute")
@right("appraisal.dispute")
@shape(summary="Dispute the score of a call of one's own", body=WordAsked, answer=APPRAISAL)
async def dispute_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 not of one's own call · 404 no such appraisal · 409 the time is over, it was disputed
    before, or it is another meanwhile ("now" has it as it is)."""
    one, asked = await _seen(request), await read(request, WordAsked)
    login = signed_in(request).login
    _only(allowed=one.agent == login)
    return answer(APPRAISAL, await request.app[MODULES].appraisals.dispute(one, asked.version, login, asked.text))


@routes.post("/api/v1/appraisals/{id}/answer")
@right("appraisal.read")
@shape(summary="Say something to an appraisal, whatever its state", body=WordAsked, answer=APPRAISAL)
async def answer_appraisal(request: web.Request) -> web.StreamResponse:
    """200 the appraisal now · 403 neither the agent, nor who may look at it again · 404 no such appraisal · 409 it has
    no score yet, or is another meanwhile ("now" has it as it is)."""
    one, asked = await _seen(request), await read(request, WordAsked)
    _only(allowed=one.told and _answers(request, one))
    login = signed_in(request).login
    return answer(APPRAISAL, await request.app[MODULES].appraisals.answer(one, asked.version, login, asked.text))


@routes.post("/api/v1/appraisals/{id}/review")
@right("appraisal.score")
@shape(summary="Look at a disputed appraisal again: uphold or correct it", body=ReviewAsked, answer=WHOLE)
async def review_appraisal(request: web.Request) -> web.StreamResponse:
    """200 it; a corrected one has another score, and the first stands beside it · 403 neither one's own nor by right to
    review · 404 no such appraisal · 409 it is not disputed, or is another meanwhile ("now" has it as it is) · 422
    fields."""
    one, asked = await _seen(request), await read(request, ReviewAsked)
    _only(allowed=_reviews(request, one))
    appraisals, login = request.app[MODULES].appraisals, signed_in(request).login
    if asked.decision == "uphold":
        return await _whole(request, await appraisals.uphold(one, asked.version, login, asked.text))
    written = _written(asked.version, asked.answers, asked.summary)
    return await _whole(request, await appraisals.correct(one, written, login, asked.text))
