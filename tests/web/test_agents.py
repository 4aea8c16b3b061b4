from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from callcenterd.media.facts import RecordingClosed
from callcenterd.model.events import AgentForced
from callcenterd.model.ids import CallId, RecordingId
from tests.web.house import House


async def set_state(office: House, headers: dict[str, str], login: str = "1001", **asked: Any) -> tuple[int, Any]:
    answer = await office.client.post(f"/api/v1/agents/{login}/state", json=asked, headers=headers)
    return answer.status, await answer.json()


async def rung(office: House) -> CallId:
    call = office.comes()
    while not office.sip.placed:
        await asyncio.sleep(0.01)
    office.rings()
    return call


async def test_an_agent_without_a_registered_phone_cannot_be_ready(office: House) -> None:
    status, body = await set_state(office, await office.as_("1001"), state="ready")
    assert status == 409
    assert body == {"error": {"code": "not_now", "message": "话机 1001 没有注册，不能签入或示闲", "fields": {}}}


async def test_an_agent_is_ready_and_on_break_with_a_reason(office: House) -> None:
    headers = await office.as_("1001")
    office.registers("1001")
    status, body = await set_state(office, headers, state="ready")
    assert (status, body["state"], body["phone"]) == (200, "ready", True)
    status, body = await set_state(office, headers, state="break", reason="meal")
    assert (status, body["state"], body["reason"]) == (200, "break", "meal")


async def test_an_agent_sits_at_another_phone(office: House) -> None:
    headers = await office.as_("1003")
    status, _ = await set_state(office, headers, login="1003", state="break", extension="no such phone")
    assert status == 404
    status, _ = await set_state(office, headers, login="1003", state="break", extension="1002")
    assert status == 409
    office.registers("1002")
    status, body = await set_state(office, headers, login="1003", state="break", extension="1002")
    assert (status, body["extension"]) == (200, "1002")


@pytest.mark.parametrize("asked", [{"state": "talking"}, {"state": 1}, {}, {"state": "ready", "reason": "x" * 65}])
async def test_a_state_that_cannot_be_asked_for(office: House, asked: dict[str, Any]) -> None:
    status, _ = await set_state(office, await office.as_("1001"), **asked)
    assert status == 422


async def test_the_desk_shows_the_caller_while_the_phone_rings_and_no_longer(office: House) -> None:
    headers = await office.as_("1001")
    office.registers("1001")
    await set_state(office, headers, state="ready")

    async def desk() -> dict[str, Any]:
        return dict(await (await office.client.get("/api/v1/desk", headers=headers)).json())

    assert (await desk())["pop"] is None
    call = await rung(office)
    shown = await desk()
    assert shown["pop"] == {
        "call": call,
        "agent": "1001",
        "caller": "13812345678",
        "called": "02088886666",
        "queue": "sales",
        "customers": [],
        "keys": "",
        "campaign": None,
        "entry": None,
        "name": "",
        "fields": {},
    }
    office.answers()
    assert (await desk())["agent"]["state"] == "talking"
    await office.client.post(f"/api/v1/calls/{call}/hang-up", json={}, headers=headers)
    after = await desk()
    assert after["agent"]["state"] == "wrap_up"
    answer = await office.client.post("/api/v1/agents/1001/wrap-up/end", json={}, headers=headers)
    assert (await answer.json())["state"] == "ready"


async def test_a_call_is_ended_by_its_agent_or_a_supervisor_and_by_nobody_else(office: House) -> None:
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    call = await rung(office)
    office.answers()

    async def hang_up(login: str) -> int:
        path = f"/api/v1/calls/{call}/hang-up"
        return (await office.client.post(path, json={}, headers=await office.as_(login))).status

    assert await hang_up("1002") == 403  # a colleague of the same queue sees it
    assert await hang_up("1003") == 404  # an agent of another queue learns nothing of it
    assert await hang_up("chief") == 403
    assert await hang_up("boss") == 204
    assert await hang_up("boss") == 404


async def test_a_recording_is_paused_by_who_speaks_or_a_supervisor_and_by_nobody_else(office: House) -> None:
    queues = [dataclasses.replace(queue, record=True) for queue in office.board.site.queues]
    office.board.configure(dataclasses.replace(office.board.site, queues=tuple(queues)))
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    call = await rung(office)

    async def ask(login: str, what: str) -> int:
        path = f"/api/v1/calls/{call}/recording/{what}"
        return (await office.client.post(path, json={}, headers=await office.as_(login))).status

    async def paused() -> bool:
        answer = await office.client.get("/api/v1/live", headers=await office.as_("boss"))
        (line,) = (await answer.json())["lines"]
        assert line["recorded"]
        return line["paused_since"] is not None

    assert await ask("1001", "pause") == 409, "nobody speaks yet"
    office.answers()
    assert [await ask(login, "pause") for login in ("1002", "1003", "chief")] == [403, 404, 403]
    assert not await paused()
    assert [await ask("1001", "pause"), await paused()] == [204, True]
    assert [await ask("1001", "pause"), await paused()] == [204, True], "twice is as once"
    assert [await ask("1002", "resume"), await paused()] == [403, True]
    assert [await ask("boss", "resume"), await paused()] == [204, False]
    assert await ask("1001", "resume") == 204
    answer = await office.client.get(f"/api/v1/calls/{call}", headers=await office.as_("1001"))
    story = {step["kind"]: step["details"] for step in (await answer.json())["story"]}
    assert story["recording.paused"]["by"] == "1001"
    assert story["recording.resumed"]["by"] == "boss"
    await office.board.desk.hang_up(CallId(call), "1001")
    assert await ask("1001", "pause") == 404, "the call is over"
    office.calls.sounded(RecordingClosed(RecordingId(f"{call}-1"), Path(), 1.0, 58, "", complete=True))


async def test_reasons_for_a_break_are_listed_and_others_are_refused(office: House) -> None:
    headers = await office.as_("1001")
    office.registers("1001")
    said = await (await office.client.get("/api/v1/break-reasons", headers=headers)).json()
    assert [one["name"] for one in said["items"]] == ["rest", "meal", "meeting", "training", "work"]
    status, body = await set_state(office, headers, state="break", reason="golf")
    assert (status, body["error"]["message"]) == (422, "没有小休原因 golf")
    assert body["error"]["fields"] == {"reason": "只能是 rest, meal, meeting, training, work"}


async def test_who_is_set_by_somebody_else_is_told_by_whom(office: House) -> None:
    office.registers("1001")
    await set_state(office, await office.as_("1001"), state="ready")
    forced: list[AgentForced] = []
    office.board.bus.listen(AgentForced, forced.append)
    status, body = await set_state(office, await office.as_("boss"), state="break", reason="meeting")
    assert (status, body["state"]) == (200, "break")
    status, _ = await set_state(office, await office.as_("1001"), state="ready")
    call = await rung(office)
    office.answers()
    answer = await office.client.post(f"/api/v1/calls/{call}/hang-up", json={}, headers=await office.as_("boss"))
    assert answer.status == 204
    assert [(one.agent, one.by, one.state, one.reason) for one in forced] == [
        ("1001", "boss", "break", "meeting"),
        ("1001", "boss", "released", ""),
    ]
    status, _ = await set_state(office, await office.as_("1001"), state="signed_out")
    trail = await office.office.store.audit.search(limit=100)
    entries = [entry for entry in trail[0] if entry.what == "agent.forced"]
    assert {(entry.who, entry.target, entry.details["state"]) for entry in entries} == {
        ("boss", "agent/1001", "break"),
        ("boss", "agent/1001", "released"),
    }


async def test_an_agents_states_sum_up_to_the_time(office: House) -> None:
    headers = await office.as_("1001")
    office.registers("1001")
    for asked in ({"state": "ready"}, {"state": "break", "reason": "meal"}, {"state": "signed_out"}):
        await set_state(office, headers, **asked)
        await asyncio.sleep(0.02)
    said = await (await office.client.get("/api/v1/agents/1001/states", headers=headers)).json()
    assert [(step["state"], step["reason"]) for step in said["items"]][-3:] == [
        ("ready", ""),
        ("break", "meal"),
        ("signed_out", ""),
    ]
    assert sum(one["seconds"] for one in said["sums"]) == pytest.approx(said["seconds"], abs=0.01)
    meal = next(one["seconds"] for one in said["sums"] if one["reason"] == "meal")
    assert 0.02 <= meal < 5
    for login, status in (("1002", 403), ("boss", 200), ("chief", 200)):
        path = "/api/v1/agents/1001/states?since=2026-08-03T00:00:00Z&until=2026-08-03T01:00:00Z"
        assert (await office.client.get(path, headers=await office.as_(login))).status == status
    for query, status in (("?since=2020-01-01T00:00:00Z", 422), ("?since=2999-01-01T00:00:00Z", 422)):
        assert (await office.client.get(f"/api/v1/agents/1001/states{query}", headers=headers)).status == status
    answer = await office.client.get("/api/v1/agents/nobody/states", headers=await office.as_("boss"))
    assert answer.status == 404


async def test_feature_codes_are_listed_in_the_readers_language(office: House) -> None:
    headers = await office.as_("1001")
    for language, title in (("zh-CN", "签出"), ("en", "sign out")):
        said = await (await office.client.get(f"/api/v1/feature-codes?lang={language}", headers=headers)).json()
        assert {one["keys"]: one["title"] for one in said["items"]}["*71"] == title
    off = {"name": "feature_codes", "on": False}
    assert (await office.client.post("/api/v1/modules", json=off, headers=await office.as_("root"))).status == 201
    assert (await (await office.client.get("/api/v1/feature-codes", headers=headers)).json())["items"] == []
