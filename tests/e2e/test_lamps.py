"""Lamps on phones: a colleague's calls, messages of one's queue, presence; also as baresip sees them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import aiohttp
import pytest

from callcenterd.demo.phone import Phone, Refusal, Said
from tests.e2e.test_first_call import CALLER, NUMBER, ready, soon
from tests.kit import sipp
from tests.kit.baresip import Baresip
from tests.kit.server import RunningServer
from tests.kit.tones import tone

TO_VOICEMAIL = "flow: main\nlanguage: zh-CN\nstart: leave\nnodes:\n  leave: {voicemail: sales}\n"


def told(phone: Phone) -> list[Said]:
    return [request for request in phone.others if request.method == "NOTIFY"]


def states(phone: Phone) -> list[str]:
    """Of the dialogs in each NOTIFY that came."""
    return [state for one in told(phone) for state in re.findall(r"<state>(\w+)</state>", one.body)]


async def until_states(phone: Phone, wanted: list[str]) -> None:
    try:
        async with asyncio.timeout(15):
            while states(phone) != wanted:
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{states(phone)}, not {wanted}") from None


async def subscribed(server: RunningServer) -> None:
    """Somebody watches something."""
    async with asyncio.timeout(15), aiohttp.ClientSession(server.web) as http:
        while True:
            async with http.get("/metrics") as answer:
                if "\ncallcenterd_sip_subscriptions 1.0\n" in await answer.text():
                    return
            await asyncio.sleep(0.1)


async def test_a_colleagues_lamp_follows_a_call_of_the_queue(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    async with await ready(server, "1001", "first-Secret-1"):
        await second_phone.subscribe("dialog", "1001")
        await until_states(second_phone, ["terminated"])
        await asyncio.sleep(1.1)  # two NOTIFYs of one subscription are a second apart (RFC 4235 §3.10)
        server_flow = await trunk.dial(NUMBER, caller=CALLER)
        await soon(server_flow.answered.wait())
        await asyncio.sleep(0.5)
        server_flow.talk.press("1")
        call = await soon(phone.incoming.get())
        call.ring()
        await until_states(second_phone, ["terminated", "early"])
        await asyncio.sleep(1.1)
        call.answer()
        await until_states(second_phone, ["terminated", "early", "confirmed"])
        assert f"sip:{CALLER}@" in told(second_phone)[-1].body, "1002 is of the queue too, and may know who calls"
        await asyncio.sleep(1.1)
        await server_flow.hang_up()
        await until_states(second_phone, ["terminated", "early", "confirmed", "terminated"])
        versions = [re.findall(r'version="(\d+)"', one.body)[0] for one in told(second_phone)]
        assert versions == ["0", "1", "2", "3"]
    assert server.errors() == []


async def test_sipp_sees_a_colleagues_lamp(server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path) -> None:
    """A client that nobody here wrote subscribes by digest and is told free, ringing, talking and free again."""
    states = ("terminated", "early", "confirmed", "terminated")
    scenario = sipp.lamp("1002", "phone-Secret-2", states)
    watcher = await sipp.play(tmp_path / "lamp", scenario, "127.0.0.12", server.sip, "1001")
    async with await ready(server, "1001", "first-Secret-1"):
        await subscribed(server)
        await asyncio.sleep(1.1)
        caller = await trunk.dial(NUMBER, caller=CALLER)
        await soon(caller.answered.wait())
        await asyncio.sleep(0.5)
        caller.talk.press("1")
        call = await soon(phone.incoming.get())
        call.ring()
        await asyncio.sleep(1.1)
        call.answer()
        await asyncio.sleep(1.1)
        await caller.hang_up()
        async with asyncio.timeout(30):
            code = await watcher.wait()
    assert code == 0, (tmp_path / "lamp/errors").read_text(errors="replace")[-2000:]
    assert server.errors() == []


async def test_phones_are_told_that_the_server_stops(server: RunningServer, trunk: Phone, phone: Phone) -> None:
    del trunk
    await phone.subscribe("message-summary", "1001")
    await asyncio.sleep(0.3)
    await server.stop()
    assert told(phone)[-1].get("subscription-state") == "terminated;reason=probation;retry-after=30"


async def test_nobody_is_told_of_the_messages_of_others(server: RunningServer, trunk: Phone, phone: Phone) -> None:
    del server, trunk
    with pytest.raises(Refusal) as refused:
        await phone.subscribe("message-summary", "1002")
    assert refused.value.status == 404


async def shows_its_lamp(device: Baresip) -> bool:
    """Its first lamp is there. False: it has fallen into its own loop.

    Now and then baresip 1.0 begins thousands of subscriptions in a second, the first dozen of them before anything
    of ours can have arrived (seen on the wire), and never comes out of it.
    """
    for _ in range(300):
        log = (device.folder / "log").read_text(errors="replace")
        if "Voice-Message: 0/0" in log or any("Voice-Message: 0/0" in str(event) for event in device.events):
            return True
        if log.count("mwi: subscribing") > 10:
            return False
        await asyncio.sleep(0.1)
    raise AssertionError(f"no lamp: {log[-1500:]}")


async def test_a_message_lights_baresips_lamp(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    """Its module mwi: a message lights the lamp, and who marks it as seen to puts it out."""
    server.flow("main", TO_VOICEMAIL)
    async with await server.client() as admin:
        await admin.post("/flows/reload", {})
    for attempt in range(6):
        device = Baresip(
            tmp_path / f"agent{attempt}", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 5.0),
            modules=("mwi",),
        )  # fmt: skip
        async with device, await server.client("1001", "first-Secret-1") as page:
            if not await shows_its_lamp(device):
                continue
            caller = await trunk.dial(NUMBER, caller=CALLER)
            await soon(caller.answered.wait())
            await asyncio.sleep(8.0)
            await caller.hang_up()
            [message] = (await page.until("/voicemail", lambda said: said["total"] == 1))["items"]
            await device.shows("Voice-Message: 1/0")
            await page.put(f"/voicemail/{message['id']}", {"done": True})
            await device.shows("Voice-Message: 0/1")
            break
    else:
        raise AssertionError("baresip never got out of its own loop")
    assert server.errors() == []


async def test_baresip_sees_a_colleague_come(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    """Its modules contact and presence."""
    del trunk
    device = Baresip(
        tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 5.0),
        modules=("contact", "presence"), watches="1002",
    )  # fmt: skip
    async with device, Phone("127.0.0.12", server.sip, "1002", password="phone-Secret-2") as colleague:
        await subscribed(server)
        await colleague.register()
        async with await ready(server, "1002", "second-Secret-2"):
            await device.shows("changed status")
            await device.shows("Online")
    assert server.errors() == []
