from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callcenterd.model.ids import CallId
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
    assert body == {"error": {"code": "not_now", "message": "话机 1001 没有注册，不能示闲", "fields": {}}}


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
