"""What callers said: kept with the call, found by what one asks, counted within what one may see."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.surveys import SurveyAnswer, SurveyFigure, SurveyFilter, SurveySight
from callcenterd.store.database import MIGRATIONS, Store
from callcenterd.store.faults import CannotStore
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call
from tests.store.test_schema import on

MINUTE = timedelta(minutes=1)
ONE, TWO = AgentId("1001"), AgentId("1002")
SALES, REPAIRS = QueueName("sales"), QueueName("repairs")


def said(of: str, question: str, score: int, minute: int = 0, **more: object) -> SurveyAnswer:
    known = {"most": 5, "agent": ONE, "queue": SALES, **more}
    at = START + minute * MINUTE
    return SurveyAnswer(call=CallId(of), question=question, score=score, at=at, **known)  # type: ignore[arg-type]


ANSWERS = [
    said("a", "service", 5),
    said("a", "solved", 2, 1),
    said("b", "service", 4, 2),
    said("b", "service", 1, 3, agent=TWO, queue=REPAIRS),
    said("c", "service", 3, 4, agent=None),
    said("c", "service", 9, 5, most=9, agent=None, queue=None),
]


@pytest.fixture
async def kept(store: Store) -> Store:
    await begin(store, call("a"), call("b"), call("c"))
    for one in ANSWERS:
        await store.surveys.keep(one)
    return store


async def test_answers_are_kept_with_their_call_in_their_order(kept: Store) -> None:
    assert await kept.surveys.of_calls([CallId("b")]) == [ANSWERS[2], ANSWERS[3]]
    assert await kept.surveys.of_calls([CallId("c"), CallId("a"), CallId("x")]) == [*ANSWERS[:2], *ANSWERS[4:]]
    assert await kept.surveys.of_calls([]) == []
    with pytest.raises(CannotStore):
        await kept.surveys.keep(said("nowhere", "service", 5))


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (SurveyFilter(), [5, 4, 3, 2, 1, 0]),
        (SurveyFilter(since=START + MINUTE, until=START + 3 * MINUTE), [2, 1]),
        (SurveyFilter(queue=REPAIRS), [3]),
        (SurveyFilter(agent=ONE), [2, 1, 0]),
        (SurveyFilter(question="solved"), [1]),
        (SurveyFilter(score_at_most=2), [3, 1]),
        (SurveyFilter(sight=SurveySight(agents=(ONE,))), [2, 1, 0]),
        (SurveyFilter(sight=SurveySight(agents=(TWO,), queues=(SALES,))), [4, 3]),
        (SurveyFilter(sight=SurveySight(agents=())), []),
    ],
)
async def test_they_are_found_newest_first_by_what_one_asks_and_may_see(
    kept: Store, wanted: SurveyFilter, found: list[int]
) -> None:
    assert await kept.surveys.search(wanted) == ([ANSWERS[n] for n in found], len(found))
    assert await kept.surveys.search(wanted, limit=1, offset=1) == ([ANSWERS[n] for n in found[1:2]], len(found))


async def test_figures_are_by_question_and_scale_and_by_agent_or_queue(kept: Store) -> None:
    def brief(figures: list[SurveyFigure]) -> list[tuple[object, ...]]:
        return [(f.question, f.most, f.agent or f.queue, f.count, f.average, dict(f.scores)) for f in figures]

    assert brief(await kept.surveys.figures(SurveyFilter())) == [
        ("service", 5, None, 4, 3.25, {1: 1, 3: 1, 4: 1, 5: 1}),
        ("service", 9, None, 1, 9.0, {9: 1}),
        ("solved", 5, None, 1, 2.0, {2: 1}),
    ]
    by_agent = await kept.surveys.figures(SurveyFilter(until=START + 4 * MINUTE), "agent")
    assert brief(by_agent) == [
        ("service", 5, "1001", 2, 4.5, {4: 1, 5: 1}),
        ("service", 5, "1002", 1, 1.0, {1: 1}),
        ("solved", 5, "1001", 1, 2.0, {2: 1}),
    ]
    by_queue = await kept.surveys.figures(SurveyFilter(agent=TWO), "queue")
    assert brief(by_queue) == [("service", 5, "repairs", 1, 1.0, {1: 1})]
    assert await kept.surveys.figures(SurveyFilter(agent=AgentId("nobody"))) == []


async def test_what_was_said_before_there_was_a_table_is_brought_in(address: str | Path, clock: VirtualClock) -> None:
    store = await Store.open(address, clock=clock)
    await begin(store, call("a"))
    details = {"question": "service", "score": 4, "most": 5, "agent": "1001", "queue": "sales"}
    await store.calls.append(CallId("a"), START, "call.survey", details)
    await store.calls.append(CallId("a"), START, "call.survey", {"question": "solved", "score": 1, "most": 5})
    await store.calls.append(CallId("a"), START, "call.keys", {"keys": "1"})
    await store.close()

    def back(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, BEFORE)

    await on(address, back)
    store = await Store.open(address, clock=clock)
    found = await store.surveys.of_calls([CallId("a")])
    assert found == [said("a", "service", 4), said("a", "solved", 1, agent=None, queue=None)]
    assert (await store.calls.get(CallId("a"))).known == {}
    await store.close()


BEFORE = "0025"
