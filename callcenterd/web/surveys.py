"""What callers say of their conversations (满意度评价): the answers, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.ids import AgentId, QueueName
from callcenterd.model.surveys import SurveyAnswer, SurveyFigure, SurveyFilter, SurveyGroup
from callcenterd.web.answers import Conditions, answer, conditions
from callcenterd.web.calls import Moment, Text
from callcenterd.web.describe import shape
from callcenterd.web.office import OFFICE
from callcenterd.web.rights import right, sight_of

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class SurveyAnswers:
    """figures: of all that are wanted, not of this page alone."""

    items: list[SurveyAnswer]
    total: int
    figures: list[SurveyFigure]


SURVEY_ANSWERS = TypeAdapter(SurveyAnswers)


class SurveyConditions(Conditions):
    """since: included; until: not. by: figures of each agent or queue, beside each question.

    score_at_most: only answers that are no better.
    """

    queue: Text | None = None
    agent: Text | None = None
    question: Text | None = None
    score_at_most: int | None = Field(None, ge=1, le=9)
    since: Moment | None = None
    until: Moment | None = None
    by: SurveyGroup | None = None
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


@routes.get("/api/v1/surveys")
@right("survey.read")
@shape(
    summary="What callers said of their conversations, newest first", conditions=SurveyConditions, answer=SURVEY_ANSWERS
)
async def list_surveys(request: web.Request) -> web.StreamResponse:
    """200 one page of the answers about agents and queues that one oversees, and averages and counts of all."""
    wanted = conditions(request, SurveyConditions)
    filters = SurveyFilter(
        since=wanted.since,
        until=wanted.until,
        queue=None if wanted.queue is None else QueueName(wanted.queue),
        agent=None if wanted.agent is None else AgentId(wanted.agent),
        question=wanted.question,
        score_at_most=wanted.score_at_most,
        sight=sight_of(request).of_surveys(),
    )
    office = request.app[OFFICE]
    await office.board.history.settled()
    kept = office.store.surveys
    items, total = await kept.search(filters, wanted.limit, wanted.offset)
    return answer(SURVEY_ANSWERS, SurveyAnswers(items, total, await kept.figures(filters, wanted.by)))
