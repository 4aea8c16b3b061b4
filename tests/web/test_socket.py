from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError

from callcenterd.model import events
from callcenterd.web.socket import MOST_OF_LOGIN, NOT_SIGNED_IN, STREAMS, TOO_MANY
from tests.web.house import PASSWORD, STAMP, House

Socket = ClientWebSocketResponse[bool]
EVENTS = "/api/v1/events"


async def receive(stream: Socket, kind: str = "") -> dict[str, Any]:
    """The next message of that kind, all others passed over; without a kind the next one that is no ping."""
    async with asyncio.timeout(15.0):
        while True:
            message = await stream.receive()
            assert message.type is WSMsgType.TEXT, message
            known: dict[str, Any] = json.loads(message.data)
            if known["type"] == kind or (not kind and known["type"] != "live.ping"):
                return known


async def closed(stream: Socket) -> int | None:
    async with asyncio.timeout(15.0):
        while (await stream.receive()).type is WSMsgType.TEXT:
            pass
    return stream.close_code


async def test_a_page_gets_a_snapshot_and_then_what_changes(office: House) -> None:
    office.registers("1001")
    headers = await office.as_("1001")
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=headers) as stream:
        first = await receive(stream)
        assert first["type"] == "live.snapshot"
        assert first["data"]["topics"]["agents/1001"]["state"] == "signed_out"
        await office.client.post("/api/v1/agents/1001/state", json={"state": "break"}, headers=headers)
        change = await receive(stream, "live.changed")
        assert change["data"]["seq"] == first["data"]["seq"] + 1
        assert change["data"]["changes"]["agents/1001"]["state"] == "break"
        fact = await receive(stream, "agent.state")
        assert fact["data"]["state"] == "break"
        assert fact["at"].endswith("+00:00")


async def test_a_page_that_missed_something_asks_for_everything(office: House) -> None:
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=await office.as_("boss")) as stream:
        await receive(stream)
        await stream.send_str('{"type": "live.snapshot"}')
        assert (await receive(stream))["type"] == "live.snapshot"


async def test_a_program_without_live_gets_facts_only(office: House) -> None:
    office.registers("1001")
    headers = await office.as_("1001")
    async with office.client.ws_connect(EVENTS, headers=headers) as stream:
        await office.client.post("/api/v1/agents/1001/state", json={"state": "break"}, headers=headers)
        assert (await receive(stream))["type"] == "agent.state"


async def test_a_browser_with_its_cookie_and_our_origin_gets_in(office: House) -> None:
    await office.client.post("/api/v1/session", json={"login": "1001", "password": PASSWORD})
    origin = str(office.client.make_url("/")).rstrip("/")
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers={"Origin": origin}) as stream:
        assert (await receive(stream))["type"] == "live.snapshot"


async def test_a_foreign_page_does_not_get_in_with_our_cookie(office: House) -> None:
    await office.client.post("/api/v1/session", json={"login": "1001", "password": PASSWORD})
    with pytest.raises(WSServerHandshakeError) as caught:
        await office.client.ws_connect(EVENTS, headers={"Origin": "http://evil.example"})
    assert caught.value.status == 403


async def test_brackets_without_end_are_no_message_and_no_fault_of_ours(
    office: House, capsys: pytest.CaptureFixture[str]
) -> None:
    async with office.client.ws_connect(EVENTS) as stream:
        await stream.send_str("[" * 4000)
        assert await closed(stream) == NOT_SIGNED_IN
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=await office.as_("boss")) as stream:
        await receive(stream)
        await stream.send_str("[" * 4000)
        await stream.send_str('{"type": "live.snapshot"}')
        assert (await receive(stream))["type"] == "live.snapshot"
    assert "failed" not in capsys.readouterr().out


async def test_a_browser_that_is_not_signed_in_is_told_by_the_close_code(office: House) -> None:
    origin = str(office.client.make_url("/")).rstrip("/")
    async with office.client.ws_connect(EVENTS, headers={"Origin": origin}) as stream:
        assert await closed(stream) == NOT_SIGNED_IN


async def test_a_program_may_say_who_it_is_in_its_first_message(office: House) -> None:
    token = (await office.as_("1001"))["Authorization"].removeprefix("Bearer ")
    async with office.client.ws_connect(f"{EVENTS}?live=1") as stream:
        await stream.send_json({"type": "session", "token": token})
        assert (await receive(stream))["type"] == "live.snapshot"


@pytest.mark.parametrize("first", ['{"type":"session","token":"wrong"}', '{"type":"session","token":7}', "[1]", "{"])
async def test_a_first_message_that_proves_nothing_ends_it(office: House, first: str) -> None:
    async with office.client.ws_connect(EVENTS) as stream:
        await stream.send_str(first)
        assert await closed(stream) == NOT_SIGNED_IN


async def test_who_says_nothing_is_not_waited_for(office: House) -> None:
    async with office.client.ws_connect(EVENTS) as stream:
        assert await closed(stream) == NOT_SIGNED_IN


async def test_a_token_in_the_address_opens_nothing(office: House) -> None:
    token = (await office.as_("1001"))["Authorization"].removeprefix("Bearer ")
    origin = str(office.client.make_url("/")).rstrip("/")
    async with office.client.ws_connect(f"{EVENTS}?token={token}", headers={"Origin": origin}) as stream:
        assert await closed(stream) == NOT_SIGNED_IN


async def test_signing_out_closes_the_stream_and_not_that_of_another_session(office: House) -> None:
    first, second = await office.as_("1001"), await office.as_("1001")
    async with (
        office.client.ws_connect(f"{EVENTS}?live=1", headers=first) as gone,
        office.client.ws_connect(f"{EVENTS}?live=1", headers=second) as stays,
    ):
        await receive(gone)
        await receive(stays)
        await office.client.delete("/api/v1/session", headers=first)
        assert await closed(gone) == NOT_SIGNED_IN
        await stays.send_str('{"type": "live.snapshot"}')
        assert (await receive(stays))["type"] == "live.snapshot"


async def test_a_new_password_closes_the_streams_of_other_sessions(office: House) -> None:
    here, elsewhere = await office.as_("1001"), await office.as_("1001")
    async with (
        office.client.ws_connect(EVENTS, headers=elsewhere) as gone,
        office.client.ws_connect(f"{EVENTS}?live=1", headers=here) as stays,
    ):
        await receive(stays)
        asked = {"old": PASSWORD, "new": "another horse 8"}
        await office.client.post("/api/v1/session/password", json=asked, headers=here)
        assert await closed(gone) == NOT_SIGNED_IN
        assert (await receive(stays))["type"] == "live.snapshot"  # the site is another one


async def test_another_role_makes_the_page_come_again(office: House) -> None:
    root = await office.as_("root")
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=await office.as_("1001")) as stream:
        await receive(stream)
        await office.client.put("/api/v1/users/1001", json={"role": "supervisor"}, headers=root)
        assert await closed(stream) == 1012


async def test_a_login_has_a_bounded_number_of_streams_and_places_become_free(office: House) -> None:
    headers = await office.as_("1001")
    streams = [await office.client.ws_connect(EVENTS, headers=headers) for _ in range(MOST_OF_LOGIN)]
    assert await closed(await office.client.ws_connect(EVENTS, headers=headers)) == TOO_MANY
    for stream in streams:
        await stream.close()
    while len(office.app[STREAMS]):
        await asyncio.sleep(0.01)
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=headers) as again:
        assert (await receive(again))["type"] == "live.snapshot"


@pytest.mark.parametrize("what", ["x" * 5000, b"octets"])
async def test_what_is_no_message_of_ours_ends_the_stream(office: House, what: str | bytes) -> None:
    async with office.client.ws_connect(EVENTS, headers=await office.as_("1001")) as stream:
        await (stream.send_bytes(what) if isinstance(what, bytes) else stream.send_str(what))
        assert await closed(stream) in (1003, 1009)


@pytest.mark.parametrize("what", ["", "{", "[]", '{"type": "nonsense"}', '{"type": ["live.snapshot"]}', "null"])
async def test_what_is_not_understood_is_passed_over(office: House, what: str) -> None:
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=await office.as_("1001")) as stream:
        await receive(stream)
        await stream.send_str(what)
        await stream.send_str('{"type": "live.snapshot"}')
        assert (await receive(stream))["type"] == "live.snapshot"


async def test_a_quiet_stream_says_now_and_then_that_it_lives(office: House) -> None:
    async with office.client.ws_connect(EVENTS, headers=await office.as_("1001")) as stream:
        assert (await receive(stream, "live.ping"))["data"] == {}


async def test_a_reader_that_does_not_read_is_never_waited_for(office: House) -> None:
    """Others get what there is meanwhile; what it may cost is bounded; after a while its socket is closed."""
    headers = await office.as_("root")
    _, writer = await asyncio.open_connection("127.0.0.1", office.client.server.port, limit=1024)
    writer.write(
        f"GET {EVENTS}?live=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: {headers['Authorization']}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    async with office.client.ws_connect(f"{EVENTS}?live=1", headers=headers, max_msg_size=0) as good:
        await receive(good)
        while len(office.app[STREAMS]) < 2:
            await asyncio.sleep(0.01)
        # More than all buffers between the two hold.
        for n in range(200):
            office.office.bus.publish(events.FlowsLoaded(at=STAMP, flows=(), faults=(str(n), "x" * 100_000)))
            assert (await receive(good, "flows.loaded"))["data"]["faults"][0] == str(n)
        async with asyncio.timeout(20.0):
            while len(office.app[STREAMS]) > 1:
                await asyncio.sleep(0.02)
    writer.close()
