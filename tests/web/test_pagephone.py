"""The page as a phone, over the API: one's own, and nobody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callcenterd.model import events
from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip.events import ToExtension
from tests.web.house import House

PHONE = "/api/v1/phone"


class Person:
    def __init__(self, office: House, headers: dict[str, str]) -> None:
        self._office, self._headers = office, headers

    async def ask(self, method: str, path: str = "", body: Any = None) -> tuple[int, Any]:
        async with self._office.client.request(method, PHONE + path, json=body, headers=self._headers) as answer:
            return answer.status, None if answer.status == 204 else await answer.json()

    async def connect(self) -> str:
        status, said = await self.ask("POST", body={"sdp": "offer"})
        assert status == 200, said
        assert said["sdp"] == "answer to offer"
        self._office.phones.page_up(said["page"])
        return str(said["page"])

    async def phone(self) -> dict[str, Any]:
        return dict((await self.ask("GET"))[1]["phone"])


async def person(office: House, login: str = "1001") -> Person:
    return Person(office, await office.as_(login))


async def test_a_page_is_connected_told_of_and_let_go(office: House) -> None:
    told: list[events.PagePhoneChanged] = []
    office.office.bus.listen(events.PagePhoneChanged, told.append)
    agent = await person(office)
    assert (await agent.phone())["state"] == "off"
    page = await agent.connect()
    now = await agent.phone()
    assert (now["page"], now["state"], now["extension"]) == (page, "ready", "1001")
    assert office.board.queueing.is_reachable(ExtensionNumber("1001"))
    assert (await agent.ask("DELETE", f"/{page}"))[0] == 204
    assert (await agent.ask("DELETE", f"/{page}"))[0] == 404
    assert [(fact.login, fact.state) for fact in told] == [("1001", "ready"), ("1001", "off")]
    assert not office.board.queueing.is_reachable(ExtensionNumber("1001"))


async def test_offers_that_cannot_be_used_are_field_faults(office: House) -> None:
    agent = await person(office)
    status, said = await agent.ask("POST", body={"sdp": "bad"})
    assert (status, said["error"]["fields"]) == (422, {"sdp": "no PCMA among its codecs"})
    assert (await agent.ask("POST", body={"sdp": ""}))[0] == 422
    assert (await agent.ask("POST", body={}))[0] == 422
    assert (await agent.ask("POST", body={"sdp": "x" * 40000}))[0] == 422


async def test_a_call_rings_and_is_answered(office: House) -> None:
    agent = await person(office)
    await agent.connect()
    office.calls.dial(ToExtension(ExtensionNumber("1001")), call=None, caller="13812345678")
    await asyncio.sleep(0.05)
    now = await agent.phone()
    assert (now["state"], now["number"]) == ("ringing", "13812345678")
    # Nobody listens for this leg in the switchboard: it is let go as soon as it is up, which is what is seen here.
    assert (await agent.ask("POST", "/answer", {}))[0] == 204
    assert (await agent.phone())["state"] == "ready"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/answer", {}),
        ("/hang-up", {}),
        ("/dial", {"number": "1002"}),
        ("/keys", {"keys": "1"}),
        ("/hold", {"held": True}),
        ("/transfer", {"number": "1002"}),
    ],
)
async def test_without_a_phone_nothing_can_be_done_with_it(office: House, path: str, body: Any) -> None:
    agent = await person(office)
    assert (await agent.ask("POST", path, body))[0] == 409
    assert (await agent.ask("POST", path, {"odd": 1}))[0] == 422
    async with office.client.post(PHONE + path, json=body) as answer:
        assert answer.status == 401


async def test_a_page_dials_and_is_told_what_comes_of_it(office: House) -> None:
    agent = await person(office)
    await agent.connect()
    assert (await agent.ask("POST", "/dial", {"number": "7777"}))[0] == 204
    now = await agent.phone()
    assert (now["state"], now["ended"]) == ("ready", "unknown_number")
    assert (await agent.ask("POST", "/dial", {"number": "1002"}))[0] == 204
    assert (await agent.phone())["state"] == "dialling"
    assert office.sip.placed[-1][1] == "1002"
    assert (await agent.ask("POST", "/dial", {"number": "1002"}))[0] == 409
    assert (await agent.ask("POST", "/hang-up", {}))[0] == 204
    assert (await agent.phone())["state"] == "ready"


async def test_who_sits_nowhere_cannot_dial_and_is_told_so_in_chinese(office: House) -> None:
    boss = await person(office, "boss")
    await boss.connect()
    assert (await boss.phone())["extension"] is None
    status, said = await boss.ask("POST", "/dial", {"number": "1002"})
    assert (status, said["error"]["message"]) == (409, "您没有分机，不能拨打")
    assert office.board.desk.phone_of("boss") == "~boss"


async def test_another_seat_takes_the_page_along(office: House) -> None:
    agent = await person(office)
    await agent.connect()
    await office.board.desk.set_state("1001", "break", "rest", "1002")
    assert (await agent.phone())["extension"] == "1002"
    assert office.board.queueing.is_reachable(ExtensionNumber("1002"))
    assert not office.board.queueing.is_reachable(ExtensionNumber("1001"))


async def test_nobody_hears_of_somebody_elses_page(office: House) -> None:
    headers = [await office.as_(login) for login in ("1001", "boss")]
    streams = [await office.client.ws_connect("/api/v1/events", headers=each) for each in headers]
    await (await person(office)).connect()
    own = await streams[0].receive_json(timeout=5)
    while own["type"] != "phone.page":
        own = await streams[0].receive_json(timeout=5)
    assert own["data"]["login"] == "1001"
    heard = []
    try:
        while True:
            heard.append((await streams[1].receive_json(timeout=0.3))["type"])
    except TimeoutError:
        assert "phone.page" not in heard
    for stream in streams:
        await stream.close()
