"""What callers say of their conversations: one row for each question that was answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.surveys import SurveyAnswer, SurveyFigure, SurveyFilter, SurveyGroup
from callcenterd.store.engine import Database
from callcenterd.store.schema import survey_answers as answers
from callcenterd.store.writer import Insert

_COLUMNS = (
    answers.c.call_id.label("call"),
    *(answers.c[name] for name in ("at", "question", "score", "most", "agent", "queue")),
)
MOST_FIGURES = 50_000
"""Groups of one query: an agent, a question, a scale and a score are one."""


class Surveys:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, answer: SurveyAnswer) -> None:
        """Raises CannotStore if there is no such call."""
        row = {"call_id": answer.call, "at": answer.at, "question": answer.question, "score": answer.score}
        more = {"most": answer.most, "agent": answer.agent, "queue": answer.queue}
        await self._database.keep(Insert(answers, {**row, **more}))

    async def of_calls(self, calls: Collection[CallId]) -> list[SurveyAnswer]:
        """In the order in which they were given; of at most 500 calls."""
        query = sa.select(*_COLUMNS).where(answers.c.call_id.in_(tuple(calls)[:500])).order_by(answers.c.id)
        return [_answer(row) for row in await self._database.rows(query)] if calls else []

    async def search(self, wanted: SurveyFilter, limit: int = 50, offset: int = 0) -> tuple[list[SurveyAnswer], int]:
        """One page, newest first, at most 500; and how many there are in all."""
        query = sa.select(*_COLUMNS).where(*_conditions(wanted))
        rows, total = await self._database.page(query, (answers.c.at.desc(), answers.c.id.desc()), limit, offset)
        return [_answer(row) for row in rows], total

    async def figures(self, wanted: SurveyFilter, by: SurveyGroup | None = None) -> list[SurveyFigure]:
        """Averages and counts of all answers that are wanted, by question and scale, and by agent or queue."""
        of = sa.literal(None) if by is None else answers.c[by]
        groups = (answers.c.question, answers.c.most, answers.c.score, *(() if by is None else (of,)))
        query = (
            sa.select(answers.c.question, answers.c.most, of.label("of"), answers.c.score, sa.func.count().label("n"))
            .where(*_conditions(wanted))
            .group_by(*groups)
            .order_by(answers.c.question, answers.c.most, sa.text("of"), answers.c.score)
            .limit(MOST_FIGURES)
        )
        counted: dict[tuple[str, int, str | None], dict[int, int]] = defaultdict(dict)
        for row in await self._database.rows(query):
            counted[row.question, row.most, row.of][row.score] = row.n
        return [
            SurveyFigure(
                question=question,
                most=most,
                count=(count := sum(scores.values())),
                average=round(sum(score * n for score, n in scores.items()) / count, 3),
                scores=scores,
                agent=AgentId(name) if by == "agent" and name is not None else None,
                queue=QueueName(name) if by == "queue" and name is not None else None,
            )
            for (question, most, name), scores in counted.items()
        ]


def _conditions(wanted: SurveyFilter) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = [
        answers.c[column] == value
        for column in ("queue", "agent", "question")
        if (value := getattr(wanted, column)) is not None
    ]
    if wanted.since is not None:
        conditions.append(answers.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(answers.c.at < wanted.until)
    if wanted.score_at_most is not None:
        conditions.append(answers.c.score <= wanted.score_at_most)
    if wanted.sight is not None:
        of_nobody = answers.c.agent.is_(None) & answers.c.queue.in_(wanted.sight.queues)
        conditions.append(answers.c.agent.in_(wanted.sight.agents) | of_nobody)
    return conditions


def _answer(row: sa.Row[Any]) -> SurveyAnswer:
    return SurveyAnswer(**row._mapping)
