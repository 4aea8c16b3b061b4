"""What callers said of their conversations, asked by the API: with the call, as a list, in figures, by team."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, QueueName
from tests.web.house import STAMP, House, cheap_passwords
from tests.web.test_teams import TEAMS

MINUTE = timedelta(minutes=1)


def says(
    office: House, call: str, score: int, minute: int, agent: str | None, queue: str | None, most: int = 5
) -> None:
    office.board.bus.publish(
        events.SurveyAnswered(
            at=STAMP + minute * MINUTE,
            call=CallId(call),
            question="service",
            score=score,
            most=most,
            agent=None if agent is None else AgentId(agent),
            queue=None if queue is None else QueueName(queue),
        )
    )


@pytest.fixture
async def judged(office: House) -> House:
    """Teams as in the tests of teams: 1001 is lead's, 1002 and 1003 are other's. Both teams' agents had c2."""
    teams = TEAMS.replace('numbers:\n  - {match: "8000", flow: room}\n', "")
    await site_file.apply_text(office.office.store, cheap_passwords(), teams, "teams.yaml")
    await office.office.site_changed()
    await office.keep_call("c1")
    await office.keep_call("c2")
    await office.keep_call("c3", agent=None, queue="complaints", outcome="flow")
    says(office, "c1", 5, 0, "1001", "sales")
    says(office, "c2", 4, 1, "1001", "sales")
    says(office, "c2", 1, 2, "1002", "complaints")
    says(office, "c3", 2, 3, None, "complaints")
    return office


async def ask(office: House, login: str, path: str) -> Any:
    answer = await office.client.get(f"/api/v1{path}", headers=await office.as_(login))
    said = await answer.json()
    return said if answer.status == 200 else (answer.status, said)


async def scores(office: House, login: str, query: str = "") -> list[int]:
    said = await ask(office, login, f"/surveys{query}")
    assert said["total"] >= len(said["items"])
    return [one["score"] for one in said["items"]]


async def test_leaders_see_what_was_said_of_their_own_agents_and_others_see_all_or_nothing(judged: House) -> None:
    assert await scores(judged, "lead") == [4, 5]
    assert await scores(judged, "other") == [2, 1]
    for login in ("boss", "chief", "root"):
        assert await scores(judged, login) == [2, 1, 4, 5], login
    status, _ = await ask(judged, "1001", "/surveys")
    assert status == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?limit=2&offset=1", [1, 4]),
        ("?agent=1001", [4, 5]),
        ("?agent=1001&queue=complaints", []),
        ("?queue=complaints", [2, 1]),
        ("?score_at_most=2", [2, 1]),
        ("?question=solved", []),
        ("?since=2026-08-03T09:02:00%2B08:00", [2, 1]),
        ("?until=2026-08-03T01:01:00Z", [5]),
    ],
)
async def test_they_are_found_by_period_queue_agent_question_and_score(
    judged: House, query: str, found: list[int]
) -> None:
    assert await scores(judged, "boss", query) == found


async def test_figures_are_of_all_that_one_may_see_and_not_of_the_page(judged: House) -> None:
    said = await ask(judged, "boss", "/surveys?limit=1")
    service = {"question": "service", "most": 5, "agent": None, "queue": None}
    counts = {"1": 1, "2": 1, "4": 1, "5": 1}
    assert said["figures"] == [service | {"count": 4, "average": 3.0, "scores": counts}]
    said = await ask(judged, "lead", "/surveys?by=agent")
    assert said["figures"] == [service | {"agent": "1001", "count": 2, "average": 4.5, "scores": {"4": 1, "5": 1}}]
    said = await ask(judged, "other", "/surveys?by=queue")
    assert [(one["queue"], one["average"]) for one in said["figures"]] == [("complaints", 1.5)]


@pytest.mark.parametrize("query", ["?score_at_most=10", "?by=team", "?since=yesterday", "?limit=0"])
async def test_what_cannot_be_asked_is_refused(judged: House, query: str) -> None:
    status, said = await ask(judged, "boss", f"/surveys{query}")
    assert (status, list(said["error"]["fields"])) == (422, [query[1:].partition("=")[0]])


async def test_what_was_said_stands_with_the_call_in_the_list_and_in_its_detail(judged: House) -> None:
    await judged.board.history.settled()
    listed = {call["id"]: call["survey"] for call in (await ask(judged, "boss", "/calls"))["items"]}
    assert [one["score"] for one in listed["c2"]] == [4, 1]
    assert [len(listed[call]) for call in ("c1", "c2", "c3")] == [1, 2, 1]
    (only,) = (await ask(judged, "1001", "/calls/c1"))["survey"]
    assert only == {
        "call": "c1",
        "at": "2026-08-03T01:00:00Z",
        "question": "service",
        "score": 5,
        "most": 5,
        "agent": "1001",
        "queue": "sales",
    }


async def test_what_a_flow_learned_of_the_caller_stands_with_the_call(judged: House) -> None:
    for name, value in (("card", "88001234"), ("balance", "12")):
        known = {"card": "88001234"} | {name: value}
        judged.board.bus.publish(events.CallerKnown(at=STAMP, call=CallId("c1"), name=name, known=known))
    await judged.board.history.settled()
    kept = await ask(judged, "1001", "/calls/c1")
    assert kept["known"] == {"card": "88001234", "balance": "12"}
    told = [step["details"] for step in kept["story"] if step["kind"] == "call.known"]
    assert told == [{"name": "card", "value": "88001234"}, {"name": "balance", "value": "12"}]
    assert (await ask(judged, "1003", "/calls/c1"))[0] == 404
