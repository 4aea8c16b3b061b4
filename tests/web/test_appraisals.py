"""Appraisals over the API: scorecards and plans, made by role, answered, disputed, corrected, counted, calibrated."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from callcenterd import site as site_file
from callcenterd.model.events import AppraisalChanged
from tests.kit.virtual import START, VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_TEAMS = "users:" + TEAMS.partition("users:")[2]
DAY = 24 * 3600.0
SECTION = {
    "chinese": "全部",
    "english": "All",
    "questions": [
        {"id": "a", "chinese": "态度", "english": "Manner", "points": 10, "comment_below": 60},
        {"id": "b", "chinese": "保密", "english": "Secrecy", "kind": "yes_no", "points": 10, "fatal": True},
    ],
}
CARD = {"chinese": "卡", "english": "Card", "dispute_days": 7, "sections": [SECTION]}


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time; 1001 is lead's, 1002 and 1003 are other's; a call of each of the past, and a scorecard."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock()) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        for agent in ("1001", "1002", "boss"):
            known: dict[str, Any] = {"started_at": START, "answered_at": START, "talk_seconds": 120.0}
            await opened.keep_call(f"of-{agent}", agent=agent, **known)
        status, said = await ask(opened, "chief", "POST", "/appraisal-templates", CARD)
        assert status == 201, said
        yield opened


async def order(office: House, login: str, path: str, status: int = 200, method: str = "POST", **body: Any) -> Any:
    got, said = await ask(office, login, method, f"/appraisals{path}", body)
    assert got == status, said
    return said


async def begun(office: House, login: str = "lead", call: str = "of-1001") -> dict[str, Any]:
    return dict(await order(office, login, "", 201, call=call, template=1))


def sheet(a: int | None, b: int = 10, **more: Any) -> dict[str, Any]:
    return {
        "answers": {"a": {"points": a, "comment": "少", "marks": [3.5]}, "b": {"points": b, "comment": "x"}},
        **more,
    }


async def submitted(office: House, login: str = "lead", call: str = "of-1001", a: int = 5) -> dict[str, Any]:
    one = await begun(office, login, call)
    whole = await order(office, login, f"/{one['id']}/submit", version=one["version"], **sheet(a))
    return dict(whole["appraisal"])


async def seen(office: House, login: str, one: dict[str, Any]) -> Any:
    return (await ask(office, login, "GET", f"/appraisals/{one['id']}"))[1]


def later(office: House, seconds: float) -> None:
    clock = office.office.clock
    assert isinstance(clock, VirtualClock)
    clock.move(seconds)


async def test_a_call_is_scored_by_draft_and_submission_and_told_to_the_agent(office: House) -> None:
    heard: list[AppraisalChanged] = []
    office.office.bus.listen(AppraisalChanged, heard.append)
    one = await begun(office)
    assert (one["state"], one["agent"], one["team"], one["appraiser"]) == ("open", "1001", "one", "lead")
    assert (await begun(office))["id"] == one["id"], "begun once"
    assert (await ask(office, "1001", "GET", f"/appraisals/{one['id']}"))[0] == 404, "not before it is submitted"
    draft = await order(office, "lead", f"/{one['id']}", method="PUT", version=1, answers={"a": {"points": 5}})
    assert draft["answers"]["a"] == {"points": 5, "comment": "", "marks": []}
    conflict = await order(office, "lead", f"/{one['id']}", 409, method="PUT", version=1, answers={})
    assert conflict["error"]["now"]["version"] == 2
    missing = await order(office, "lead", f"/{one['id']}/submit", 422, version=2, answers={"a": {"points": 5}})
    assert set(missing["error"]["fields"]) == {"answers.a", "answers.b"}
    whole = await order(office, "lead", f"/{one['id']}/submit", version=2, **sheet(5), summary="总评")
    now = whole["appraisal"]
    assert (now["state"], now["score"], now["passed"], now["fatal"]) == ("submitted", 75.0, False, False)
    assert now["answers"]["a"]["marks"] == [3.5]
    assert [step["kind"] for step in whole["steps"]] == ["created", "submitted"]
    assert [(fact.state, fact.told) for fact in heard] == [("open", False), ("open", False), ("submitted", True)]
    assert (await seen(office, "1001", one))["may"] == ["agree", "dispute", "answer"]
    await order(office, "lead", f"/{one['id']}", 409, method="PUT", version=3, answers={})
    (entry, *_), _ = await office.office.store.audit.search(what="appraisal.submitted")
    assert (entry.who, entry.target) == ("lead", f"appraisal/{one['id']}")


async def test_a_fatal_question_makes_it_nothing(office: House) -> None:
    one = await begun(office)
    whole = await order(office, "lead", f"/{one['id']}/submit", version=1, **sheet(10, 0))
    assert (whole["appraisal"]["score"], whole["appraisal"]["fatal"], whole["scores"][0]["fatal"]) == (0.0, True, ["b"])


async def test_a_dispute_is_looked_at_again_and_the_old_score_stays_beside_the_new_one(office: House) -> None:
    one = await submitted(office)
    later(office, 3600)
    told = await order(office, "1001", f"/{one['id']}/answer", version=2, text="我再听一遍")
    disputed = await order(office, "1001", f"/{one['id']}/dispute", version=told["version"], text="核对了身份")
    assert (disputed["state"], disputed["disputed_at"]) == ("disputed", "2026-08-03T02:00:00Z")
    counts = (await ask(office, "lead", "GET", "/appraisals/counts"))[1]
    assert counts == {"to_do": 0, "disputed": 1, "news": 0}
    assert (await ask(office, "boss", "GET", "/appraisals/counts"))[1]["disputed"] == 0
    version = disputed["version"]
    await order(office, "1001", f"/{one['id']}/review", 403, version=version, decision="uphold", text="x")
    await order(office, "boss", f"/{one['id']}/review", 403, version=version, decision="uphold", text="x")
    lacks = await order(office, "chief", f"/{one['id']}/review", 422, version=version, decision="correct", text="x")
    assert set(lacks["error"]["fields"]) == {"answers.a", "answers.b"}
    again = sheet(9, decision="correct", text="确实核对了")
    whole = await order(office, "chief", f"/{one['id']}/review", version=version, **again)
    assert [(score["kind"], score["by"], score["score"]) for score in whole["scores"]] == [
        ("submitted", "lead", 75.0),
        ("corrected", "chief", 95.0),
    ]
    assert [(step["kind"], step["by"], step["text"]) for step in whole["steps"]][2:] == [
        ("answered", "1001", "我再听一遍"),
        ("disputed", "1001", "核对了身份"),
        ("corrected", "chief", "确实核对了"),
    ]
    assert whole["steps"][-1]["details"] == {"score": "95.00", "before": "75.00"}
    now = whole["appraisal"]
    assert (now["state"], now["score"], now["passed"], now["scored_at"]) == (
        "corrected",
        95.0,
        True,
        "2026-08-03T01:00:00Z",
    )
    await order(office, "1001", f"/{one['id']}/dispute", 409, version=now["version"], text="once is enough")


async def test_an_appraiser_upholds_and_an_agent_agrees(office: House) -> None:
    one = await submitted(office)
    agreed = await order(office, "1001", f"/{one['id']}/agree", version=2)
    assert agreed["state"] == "agreed"
    disputed = await order(office, "1001", f"/{one['id']}/dispute", version=3, text="我想错了")
    whole = await order(
        office, "lead", f"/{one['id']}/review", version=disputed["version"], decision="uphold", text="再听也一样"
    )
    assert (whole["appraisal"]["state"], whole["appraisal"]["score"], len(whole["scores"])) == ("upheld", 75.0, 1)


async def test_a_dispute_comes_in_time_or_not_at_all(office: House) -> None:
    one = await submitted(office)
    later(office, 7 * DAY)
    assert (await seen(office, "1001", one))["may"] == ["agree", "answer"]
    late = await order(office, "1001", f"/{one['id']}/dispute", 409, version=2, text="x")
    assert late["error"]["message"] == "申诉的期限已过"


@pytest.mark.parametrize(
    ("login", "call", "status"),
    [
        ("1001", "of-1001", 403),
        ("lead", "of-1002", 404),
        ("other", "of-1001", 404),
        ("boss", "of-boss", 422),
        ("boss", "of-1002", 201),
        ("chief", "of-boss", 201),
        ("chief", "none", 404),
    ],
)
async def test_who_may_appraise_whose_calls(office: House, login: str, call: str, status: int) -> None:
    assert (await ask(office, login, "POST", "/appraisals", {"call": call, "template": 1}))[0] == status


async def test_each_sees_what_is_theirs_to_see(office: House) -> None:
    await submitted(office)
    await submitted(office, "other", "of-1002")
    await begun(office, "chief", "of-boss")
    totals = {}
    for login in ("1001", "1002", "1003", "lead", "other", "boss", "chief"):
        status, said = await ask(office, login, "GET", "/appraisals")
        totals[login] = said["total"]
        assert status == 200
    assert totals == {"1001": 1, "1002": 1, "1003": 0, "lead": 1, "other": 1, "boss": 2, "chief": 3}
    await set_role(office, "supervisor", scopes={"appraisal": "all"})
    assert (await ask(office, "lead", "GET", "/appraisals"))[1]["total"] == 3
    await set_role(office, "agent", take=["appraisal.read"])
    assert (await ask(office, "1001", "GET", "/appraisals"))[0] == 403
    for conditions, total in (
        ("state=scored", 2),
        ("state=open", 1),
        ("agent=1001", 1),
        ("passed=true", 0),
        ("team=two", 1),
    ):
        assert (await ask(office, "chief", "GET", f"/appraisals?{conditions}"))[1]["total"] == total, conditions
    assert (await ask(office, "chief", "GET", "/appraisals?appraiser=me"))[1]["total"] == 1


async def test_one_is_handed_over_or_cannot_be_made(office: House) -> None:
    one = await begun(office)
    for who in ("other", "1003", "1001", "nobody"):
        await order(office, "chief", f"/{one['id']}/assign", 422, version=1, appraiser=who)
    moved = await order(office, "chief", f"/{one['id']}/assign", version=1, appraiser="boss", text="请你来")
    assert moved["appraiser"] == "boss"
    await order(office, "lead", f"/{one['id']}", 403, method="PUT", version=2, answers={})
    gone = await order(office, "boss", f"/{one['id']}/cancel", version=2, text="录音没有声音")
    assert gone["state"] == "cancelled"
    assert (await begun(office, "boss"))["id"] != one["id"], "and may be begun anew"


async def test_a_score_keeps_the_scorecard_as_it_was(office: House) -> None:
    one = await submitted(office)
    harder = {**CARD, "passing": 95, "sections": [{**SECTION, "questions": SECTION["questions"][:1]}]}
    assert (await ask(office, "1001", "PUT", "/appraisal-templates/1", {**harder, "version": 1}))[0] == 403
    status, said = await ask(office, "chief", "PUT", "/appraisal-templates/1", {**harder, "version": 1})
    assert (status, said["version"]) == (200, 2)
    status, said = await ask(office, "chief", "PUT", "/appraisal-templates/1", {**harder, "version": 1})
    assert (status, said["error"]["now"]["version"]) == (409, 2)
    template = (await seen(office, "1001", one))["template"]
    assert (template["version"], template["passing"], len(template["sections"][0]["questions"])) == (1, 80, 2)
    was = (await ask(office, "lead", "GET", "/appraisal-templates/1/versions/1"))[1]
    assert was == template
    assert (await ask(office, "lead", "GET", "/appraisal-templates/1/versions/3"))[0] == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sections": []}, "sections"),
        ({"sections": [{**SECTION, "questions": [SECTION["questions"][0]] * 2}]}, "sections.0.questions.0.id"),
        (
            {"sections": [{**SECTION, "questions": [{"id": "A b", "chinese": "x", "english": "x"}]}]},
            "sections.0.questions.0.id",
        ),
        ({"sections": [{**SECTION, "weight": 0}]}, "sections.0.weight"),
        (
            {"sections": [{**SECTION, "questions": [{"id": "a", "chinese": "x", "english": "x", "kind": "choice"}]}]},
            "sections.0.questions.0.choices",
        ),
        ({"passing": 101}, "passing"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_a_scorecard_that_cannot_be_kept_is_refused_by_field(
    office: House, change: dict[str, Any], field: str
) -> None:
    status, said = await ask(office, "chief", "POST", "/appraisal-templates", CARD | change)
    assert status == 422, said
    assert field in said["error"]["fields"]


async def test_a_plan_draws_and_says_so(office: House) -> None:
    plan = {"chinese": "抽检", "english": "Sample", "active": True, "template": 1, "count": 1, "recorded": False}
    plan |= {"per": "week", "appraisers": ["chief"], "agents": ["1001"]}
    assert (await ask(office, "1001", "POST", "/appraisal-plans", plan))[0] == 403
    status, said = await ask(office, "boss", "POST", "/appraisal-plans", plan | {"appraisers": ["1002"]})
    assert (status, set(said["error"]["fields"])) == (422, {"appraisers"})
    status, made = await ask(office, "boss", "POST", "/appraisal-plans", plan)
    assert status == 201, made
    later(office, DAY)
    status, drew = await ask(office, "boss", "POST", f"/appraisal-plans/{made['id']}/draw")
    assert (status, drew["found"], drew["drawn"], drew["by"]) == (200, 1, 1, "boss")
    assert (await ask(office, "boss", "POST", f"/appraisal-plans/{made['id']}/draw"))[0] == 409
    log = (await ask(office, "boss", "GET", f"/appraisal-plans/{made['id']}/drawings"))[1]
    assert [(one["day"], one["drawn"]) for one in log["items"]] == [("2026-08-03", 1)]
    (mine,) = (await ask(office, "chief", "GET", "/appraisals?state=open&appraiser=me"))[1]["items"]
    assert (mine["call"], mine["plan"]) == ("of-1001", made["id"])
    duties = (await ask(office, "chief", "GET", "/duties?owner=me"))[1]["items"]
    assert [(duty["kind"], duty["about"]) for duty in duties] == [("appraisal", f"appraisal/{mine['id']}")]
    refused = (await ask(office, "chief", "POST", f"/duties/{duties[0]['id']}/done", {"version": 1}))[0]
    assert refused == 409, "it is done by appraising"
    await order(office, "chief", f"/{mine['id']}/submit", version=mine["version"], **sheet(8))
    closed = (await ask(office, "chief", "GET", f"/duties/{duties[0]['id']}"))[1]["duty"]
    assert (closed["state"], closed["outcome"]) == ("done", "appraised")


async def test_results_are_averages_with_the_work_beside_them(office: House) -> None:
    await submitted(office)
    await submitted(office, "other", "of-1002", a=9)
    later(office, 60)

    async def told(login: str, conditions: str) -> Any:
        status, said = await ask(office, login, "GET", f"/appraisals/results?{conditions}")
        assert status == 200, said
        return said

    said = await told("chief", "by=agent")
    rows = {row["key"]: row for row in said["items"]}
    assert {key: (row["count"], row["average"]) for key, row in rows.items()} == {
        "1001": (1, 75.0),
        "1002": (1, 95.0),
        "boss": (0, None),
    }
    assert (said["all"]["count"], said["all"]["average"], said["all"]["passed"]) == (2, 85.0, 1)
    assert said["all"]["distribution"] == [0, 0, 1, 0, 1]
    assert rows["1001"]["worked"] == {"calls": 1, "talk": 120.0, "hold": 0.0, "wrap_up": 0.0, "aht": 120.0}
    assert rows["1001"]["trend"] == [{"of": "2026-08-03", "count": 1, "average": 75.0}]
    by = {row["key"]: row for row in (await told("chief", "by=question"))["items"]}
    assert (by["1:a"]["average"], by["1:a"]["chinese"], by["1:b"]["average"]) == (70.0, "态度", 100.0)
    assert [row["key"] for row in (await told("lead", "by=agent"))["items"]] == ["1001"]
    assert [row["key"] for row in (await told("1002", "by=agent"))["items"]] == ["1002"]
    teams = {row["key"]: row["average"] for row in (await told("chief", "by=team"))["items"]}
    assert teams == {"": None, "one": 75.0, "two": 95.0}
    assert (await told("chief", "by=month"))["items"][0]["key"] == "2026-08-01"
    assert (await ask(office, "chief", "GET", "/appraisals/results?by=colour"))[0] == 422


async def test_holds_and_wrap_up_are_what_calls_and_states_tell(office: House) -> None:
    store, at = office.office.store, START
    await store.calls.append("of-1001", at, "call.held", {"agent": "1001", "number": "1001"})  # type: ignore[arg-type]
    resumed = at + timedelta(seconds=30)
    await store.calls.append("of-1001", resumed, "call.resumed", {"agent": "1001", "number": "1001"})  # type: ignore[arg-type]
    for state, seconds in (("talking", 0), ("wrap_up", 120), ("ready", 140)):
        await store.agents.append("1001", state, "", at + timedelta(seconds=seconds))  # type: ignore[arg-type]
    later(office, 600)
    said = (await ask(office, "chief", "GET", "/appraisals/results?by=agent&agent=1001"))[1]
    assert said["items"][0]["worked"] == {"calls": 1, "talk": 120.0, "hold": 30.0, "wrap_up": 20.0, "aht": 140.0}


async def test_results_are_a_workbook_or_a_file_of_text(office: House) -> None:
    await submitted(office)
    later(office, 60)
    headers = await office.as_("chief") | {"Accept-Language": "zh-CN"}
    path = "/api/v1/appraisals/results/export?by=agent"
    answered = await office.client.get(path, headers=headers)
    book = openpyxl.load_workbook(io.BytesIO(await answered.read()))
    first, second = book.worksheets
    rows = [[cell.value for cell in row] for row in first.rows]
    assert rows[0][:3] == ["座席", "考核数", "平均分"]
    assert rows[1][:3] == ["张三 1001", 1, 75]
    assert [cell.value for cell in list(second.rows)[1]] == ["张三 1001", "2026-08-03", 1, 75]
    text = await (await office.client.get(f"{path}&format=csv", headers=headers)).text("utf-8-sig")
    assert text.splitlines()[1].startswith("张三 1001,1,75.0,")
    entries, _ = await office.office.store.audit.search(what="appraisal.exported")
    assert [entry.details["format"] for entry in entries] == ["csv", "xlsx"]


async def test_several_score_the_same_call_and_see_each_other_when_they_are_done(office: House) -> None:
    wanted = {"title": "八月", "call": "of-1001", "template": 1, "appraisers": ["lead", "boss"]}
    assert (await ask(office, "1001", "POST", "/calibrations", wanted))[0] == 403
    assert (await ask(office, "chief", "POST", "/calibrations", wanted | {"appraisers": ["lead", "other"]}))[0] == 422
    status, made = await ask(office, "chief", "POST", "/calibrations", wanted)
    assert status == 201, made
    path = f"/calibrations/{made['id']}"
    sheets = {
        login: (await ask(office, login, "GET", "/appraisals?state=open&appraiser=me"))[1]["items"][0]
        for login in ("lead", "boss")
    }
    await order(office, "lead", f"/{sheets['lead']['id']}/submit", version=sheets["lead"]["version"], **sheet(5))
    assert (await ask(office, "boss", "GET", path))[1]["compared"] is None, "nobody is led by the others"
    assert (await ask(office, "boss", "GET", f"/appraisals/{sheets['lead']['id']}"))[0] == 404
    assert (await ask(office, "other", "GET", path))[0] == 404
    await order(office, "boss", f"/{sheets['boss']['id']}/submit", version=sheets["boss"]["version"], **sheet(9))
    compared = (await ask(office, "boss", "GET", path))[1]["compared"]
    assert compared["score"] == {"values": [75.0, 95.0], "average": 85.0, "apart": 20.0}
    assert compared["questions"]["a"]["apart"] == 40.0
    assert (await ask(office, "1001", "GET", "/appraisals"))[1]["total"] == 0, "the agent is told nothing"
    assert (await ask(office, "chief", "GET", "/appraisals/results"))[1]["all"]["count"] == 0, (
        "and it counts for nobody"
    )
