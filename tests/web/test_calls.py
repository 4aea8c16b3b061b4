from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.model import events
from callcenterd.model.ids import CallId, FlowName
from callcenterd.switchboard import history
from tests.store.rows import leg_sound
from tests.web.house import STAMP, House


@pytest.fixture
async def past(office: House) -> House:
    """Four calls: two of sales, one of complaints, one that nobody was wanted for."""
    await office.keep_call("c1", caller="13800000001")
    await office.keep_call("c2", caller="13800000002", agent="1002", started_at=STAMP + timedelta(minutes=1))
    await office.keep_call(
        "c3",
        caller="13800000003",
        agent=None,
        queue="complaints",
        outcome="abandoned",
        started_at=STAMP + timedelta(minutes=2),
    )
    await office.keep_call("c4", agent=None, queue=None, outcome="flow", started_at=STAMP + timedelta(minutes=3))
    return office


async def ids(office: House, login: str, query: str = "") -> list[str]:
    answer = await office.client.get(f"/api/v1/calls{query}", headers=await office.as_(login))
    assert answer.status == 200, await answer.text()
    known = await answer.json()
    assert known["total"] >= len(known["items"])
    return [call["id"] for call in known["items"]]


async def test_the_newest_comes_first_and_everybody_sees_what_is_theirs(past: House) -> None:
    assert await ids(past, "boss") == ["c4", "c3", "c2", "c1"]
    assert await ids(past, "1001") == ["c2", "c1"]
    assert await ids(past, "1003") == ["c3"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?limit=1", ["c4"]),
        ("?limit=2&offset=1", ["c3", "c2"]),
        ("?queue=sales", ["c2", "c1"]),
        ("?agent=1002", ["c2"]),
        ("?outcome=abandoned", ["c3"]),
        ("?caller=138-0000-0003", ["c3"]),
        ("?text=0000002", ["c2"]),
        ("?since=2026-08-03T09:02:00%2B08:00", ["c4", "c3"]),
        ("?until=2026-08-03T01:01:00Z", ["c1"]),
        ("?since=0001-01-01T00:00:00%2B14:00&until=9999-12-31T23:59:59-12:00", ["c4", "c3", "c2", "c1"]),
        ("?direction=outbound", []),
        ("?customer_id=7", []),
        ("?queue=&agent=&text=", ["c4", "c3", "c2", "c1"]),
    ],
)
async def test_conditions(past: House, query: str, found: list[str]) -> None:
    assert await ids(past, "boss", query) == found


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=9999",
        "?offset=-1",
        "?limit=x",
        "?outcome=fine",
        "?since=yesterday",
        "?since=2026-08-03T01:00:00",
        "?customer_id=1e9",
        "?text=a%00b",
        f"?text={'x' * 200}",
        f"?customer_id={10**30}",
    ],
)
async def test_conditions_that_cannot_be_taken_are_refused(past: House, query: str) -> None:
    answer = await past.client.get(f"/api/v1/calls{query}", headers=await past.as_("boss"))
    assert answer.status == 422


@pytest.mark.parametrize("text", ["' OR 1=1 --", "%", "_", "*", '"', "\\", "(((", "😀", "NEAR(", "a AND"])
async def test_no_text_is_more_than_a_text_to_the_search(past: House, text: str) -> None:
    answer = await past.client.get("/api/v1/calls", params={"text": text}, headers=await past.as_("boss"))
    assert (await answer.json()) == {"items": [], "total": 0}


async def test_one_call_with_its_story(past: House) -> None:
    answer = await past.client.get("/api/v1/calls/c1", headers=await past.as_("1001"))
    known = await answer.json()
    assert known["caller"] == "13800000001"
    assert known["started_at"] == "2026-08-03T01:00:00Z"
    assert known["story"] == []


async def test_one_call_with_how_its_legs_sounded(past: House) -> None:
    await past.office.store.calls.keep_sound(CallId("c1"), leg_sound(5, lost=25, received=475, mos=3.9))
    await past.office.store.calls.change(CallId("c1"), mos=3.9)
    known = await (await past.client.get("/api/v1/calls/c1", headers=await past.as_("1001"))).json()
    [sound] = known["sound"]
    assert (sound["side"], sound["codec"], sound["lost"], sound["mos"], sound["mos_there"]) == (
        "caller",
        "PCMA",
        25,
        3.9,
        None,
    )
    assert known["mos"] == 3.9
    assert "call_id" not in sound


async def test_calls_that_sounded_badly_are_found(past: House) -> None:
    await past.office.store.calls.change(CallId("c1"), mos=3.2)
    await past.office.store.calls.change(CallId("c2"), mos=4.3)
    assert await ids(past, "boss", "?mos_below=3.6") == ["c1"]
    assert await ids(past, "boss", "?mos_below=4.5") == ["c2", "c1"]
    for wrong in ("0", "9", "x", "nan"):
        answer = await past.client.get(f"/api/v1/calls?mos_below={wrong}", headers=await past.as_("boss"))
        assert answer.status == 422


async def test_a_call_that_one_may_not_see_is_as_one_that_there_is_not(past: House) -> None:
    headers = await past.as_("1003")
    bodies = []
    for call in ("c1", "nothing"):
        for method, tail, body in (("GET", "", None), ("PUT", "/note", {"note": "x"})):
            answer = await past.client.request(method, f"/api/v1/calls/{call}{tail}", json=body, headers=headers)
            assert answer.status == 404
            bodies.append((await answer.text()).replace(call, "?"))
    assert len(set(bodies)) == 1


async def test_a_note_is_kept_with_the_customer_it_was(past: House) -> None:
    headers = await past.as_("1001")
    customer = await (await past.client.post("/api/v1/customers", json={"name": "赵六"}, headers=headers)).json()
    asked: dict[str, Any] = {"note": "想要发票\n下周再打", "customer_id": customer["id"]}
    assert (await past.client.put("/api/v1/calls/c1/note", json=asked, headers=headers)).status == 204
    known = await (await past.client.get("/api/v1/calls/c1", headers=headers)).json()
    assert (known["note"], known["customer_id"]) == (asked["note"], customer["id"])
    assert await ids(past, "1001", f"?customer_id={customer['id']}") == ["c1"]
    assert await ids(past, "1001", "?text=发票") == ["c1"]


async def test_a_note_that_somebody_has_changed_meanwhile_is_refused_with_what_stands_there(past: House) -> None:
    headers = await past.as_("1001")
    asked: dict[str, Any] = {"note": "第一句", "seen": ""}
    assert (await past.client.put("/api/v1/calls/c1/note", json=asked, headers=headers)).status == 204
    answer = await past.client.put("/api/v1/calls/c1/note", json={"note": "另一句", "seen": ""}, headers=headers)
    error = (await answer.json())["error"]
    assert (answer.status, error["code"], error["now"]) == (409, "changed_meanwhile", {"note": "第一句"})
    kept = await (await past.client.get("/api/v1/calls/c1", headers=headers)).json()
    assert kept["note"] == "第一句"


async def test_a_note_for_a_customer_that_there_is_not_is_refused_at_its_field(past: House) -> None:
    headers = await past.as_("1001")
    answer = await past.client.put("/api/v1/calls/c1/note", json={"note": "x", "customer_id": 99}, headers=headers)
    assert answer.status == 422
    assert (await answer.json())["error"]["fields"] == {"customer_id": "没有这位客户"}


async def test_a_call_that_has_just_begun_can_be_read_and_noted_at_once(office: House) -> None:
    headers = await office.as_("boss")
    for _ in range(20):
        call = office.comes()
        assert (await office.client.get(f"/api/v1/calls/{call}", headers=headers)).status == 200
        asked = {"note": "first words"}
        assert (await office.client.put(f"/api/v1/calls/{call}/note", json=asked, headers=headers)).status == 204


async def test_a_call_whose_row_cannot_be_written_yet_is_not_said_to_be_none(
    office: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PATIENCE_SECONDS", 0.1)
    headers = await office.as_("boss")
    with contextlib.closing(sqlite3.connect(tmp_path / "callcenter.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        call = office.comes()
        late = await office.client.get(f"/api/v1/calls/{call}", headers=headers)
        assert (late.status, (await late.json())["error"]["code"]) == (503, "unavailable")
        assert int(late.headers["Retry-After"]) > 0
        other.execute("ROLLBACK")
    assert await office.board.history.settled()
    assert (await office.client.get(f"/api/v1/calls/{call}", headers=headers)).status == 200
    assert (await office.client.get("/api/v1/calls/none", headers=headers)).status == 404


async def test_who_looks_the_moment_a_call_is_over_sees_all_of_it(office: House) -> None:
    """Its last steps are told, and not yet written: whoever asks waits for them."""
    at, call, bus = office.office.clock.utc(), CallId("c9"), office.office.bus
    boss = await office.as_("boss")
    bus.publish(events.CallStarted(at=at, call=call, direction="inbound", caller="1", caller_name="", called="2"))
    assert await office.board.history.settled()
    bus.publish(events.FlowEntered(at=at, call=call, flow=FlowName("main")))
    bus.publish(events.CallEnded(at=at, call=call, outcome="flow", ended_by="caller", cause="normal"))
    known = await (await office.client.get(f"/api/v1/calls/{call}", headers=boss)).json()
    assert known["outcome"] == "flow"
    assert [step["kind"] for step in known["story"]] == ["call.started", "call.flow", "call.ended"]


async def test_what_came_of_a_call_is_said_shown_and_searched_for(past: House) -> None:
    root, agent = await past.as_("root"), await past.as_("1001")
    for one in ({"code": "1", "title": "已解决"}, {"code": "2", "title": "成交", "queues": ["complaints"]}):
        assert (await past.client.post("/api/v1/dispositions", json=one, headers=root)).status == 201
    path = "/api/v1/calls/c1/disposition"
    said = await (await past.client.get(f"{path}s", headers=agent)).json()
    assert [one["code"] for one in said["items"]] == ["1"]
    answer = await past.client.put(path, json={"code": "2"}, headers=agent)
    assert (answer.status, (await answer.json())["error"]["message"]) == (422, "没有话后小结 2")
    assert (await past.client.put(path, json={"code": "1"}, headers=agent)).status == 204
    for login, status in (("1003", 404), ("1002", 403), ("boss", 204)):
        answer = await past.client.put(path, json={"code": "1"}, headers=await past.as_(login))
        assert answer.status == status, login
    assert await ids(past, "1001", "?disposition=1") == ["c1"]
    assert await ids(past, "1001", "?disposition=2") == []
    shown = await (await past.client.get("/api/v1/calls/c1", headers=agent)).json()
    assert shown["disposition"] == "1"
