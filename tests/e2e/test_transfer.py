"""Hold and transfer from the phone, on a started server: scripted phones, baresip and linphone (TEL-03, TEL-04)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import expect

from callcenterd.demo.phone import Phone, PhoneCall, Refusal
from tests.e2e.test_first_call import CALLER, _recorded, call_in, ready, soon, stereo
from tests.kit.baresip import Baresip
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.linphone import Linphone, has_default_route
from tests.kit.server import Client, RunningServer
from tests.kit.tones import level, tone


async def told(call: PhoneCall, last: int = 200) -> list[int]:
    """What the phone was told of its transfer, until the end of it."""
    said: list[int] = []
    while not said or said[-1] < last:
        said.append(await soon(call.news.get()))
    return said


async def talking(trunk: Phone, phone: Phone) -> tuple[PhoneCall, PhoneCall]:
    """A caller and the first agent speak."""
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    await soon(agent.answered.wait())
    await asyncio.sleep(0.3)
    return caller, agent


async def they_hear_each_other(one: PhoneCall, other: PhoneCall) -> None:
    await asyncio.gather(one.talk.say(tone(440, 1.5)), other.talk.say(tone(1000, 1.5)))
    await asyncio.sleep(0.4)
    assert level(other.talk.heard()[-12000:-5000], 440) > 5000
    assert level(one.talk.heard()[-12000:-5000], 1000) > 5000


def kinds(record: dict[str, Any]) -> list[str]:
    return [step["kind"] for step in record["story"]]


async def the_record(page: Client, call: str) -> dict[str, Any]:
    record: dict[str, Any] = await page.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
    return record


async def test_hold_and_a_blind_transfer_with_the_customer_and_the_recording(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    other_page = await server.client("1002", "second-Secret-2")
    supervisor = await server.client("2001", "third-Secret-3")
    customer = await page.post("/customers", {"name": "王小明", "phones": [CALLER]})
    caller, agent = await talking(trunk, phone)
    call = (await page.get("/desk"))["pop"]["call"]

    await agent.hold()
    live = await supervisor.until("/live", lambda said: said["lines"][0]["state"] == "held")
    assert {one["login"]: one["state"] for one in live["agents"]}["1001"] == "talking"
    heard = len(caller.talk.heard())
    await asyncio.sleep(1.5)
    assert np.abs(caller.talk.heard()[heard:].astype(int)).max() > 300, "music on hold"
    await agent.hold("sendrecv")
    await supervisor.until("/live", lambda said: said["lines"][0]["state"] == "talking")
    await they_hear_each_other(caller, agent)

    await agent.hold()
    await agent.transfer("1002")
    second = await soon(second_phone.incoming.get())
    assert second.number.endswith(CALLER)
    second.ring()
    second.answer()
    assert await told(agent) in ([100, 180, 200], [100, 200])
    await soon(agent.ended.wait())
    await they_hear_each_other(caller, second)
    desk = await other_page.until("/desk", lambda said: said["pop"] is not None)
    assert (desk["pop"]["call"], desk["pop"]["customers"]) == (call, [customer["id"]])
    states = {one["login"]: one["state"] for one in (await supervisor.get("/agents"))["items"]}
    assert (states["1001"] in ("wrap_up", "ready"), states["1002"]) == (True, "talking")

    await second.hang_up()
    await soon(caller.ended.wait())
    record = await the_record(supervisor, call)
    assert (record["agent"], record["queue"], record["outcome"]) == ("1002", "sales", "answered")
    story = kinds(record)
    for kind in ("call.held", "call.resumed", "call.transferred"):
        assert kind in story, story
    left, right = stereo(await _recorded(supervisor, record["recording_id"]))
    assert abs(len(left) / 8000 - record["talk_seconds"]) < 0.3
    assert level(right[-16000:-8000], 1000) > 4000 or level(right[-24000:-16000], 1000) > 4000, "the second agent"
    assert (await supervisor.get("/calls"))["total"] == 1
    assert server.errors() == []
    for each in (page, other_page, supervisor):
        await each.close()


async def test_a_blind_transfer_that_is_refused_gives_the_caller_back(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    caller, agent = await talking(trunk, phone)
    await agent.hold()
    await agent.transfer("1002")
    (await soon(second_phone.incoming.get())).refuse()
    assert (await told(agent))[-1] == 486
    await agent.hold("sendrecv")
    await they_hear_each_other(caller, agent)
    with pytest.raises(Refusal) as refusal:
        await agent.transfer("77")
    assert refusal.value.status == 404
    assert not caller.ended.is_set()
    await caller.hang_up()
    await soon(agent.ended.wait())
    assert server.errors() == []
    await page.close()


async def test_an_attended_transfer_joins_the_caller_with_the_colleague(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    supervisor = await server.client("2001", "third-Secret-3")
    caller, agent = await talking(trunk, phone)
    call = (await page.get("/desk"))["pop"]["call"]
    await agent.hold()
    consult = await phone.dial("1002")
    second = await soon(second_phone.incoming.get())
    second.answer()
    await soon(consult.answered.wait())
    await they_hear_each_other(consult, second)
    await agent.transfer("1002", consult)
    await soon(consult.ended.wait())
    await soon(agent.ended.wait())
    await they_hear_each_other(caller, second)
    await second.hang_up()
    await soon(caller.ended.wait())
    record = await the_record(supervisor, call)
    assert (record["agent"], record["outcome"], record["caller"]) == ("1002", "answered", CALLER)
    assert "call.transferred" in kinds(record)
    assert (await supervisor.get("/calls"))["total"] == 2, "the consultation has a record of its own"
    assert server.errors() == []
    for each in (page, supervisor):
        await each.close()


async def test_the_colleagues_page_pops_and_the_call_tells_its_story(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    """TEL-04 and TEL-06 as people see them."""
    first = await ready(server, "1001", "first-Secret-1")
    second_page = await ready(server, "1002", "second-Secret-2")
    async with browser(tmp_path / "colleague") as one, browser(tmp_path / "supervisor") as other:
        desk, wall = one.pages[0], other.pages[0]
        faults = [watch(desk), watch(wall)]
        await sign_in(desk, server.web, "1002", "second-Secret-2")
        await sign_in(wall, server.web, "2001", "third-Secret-3")
        await wall.click(by_id("menu-live"))
        caller, agent = await talking(trunk, phone)
        await agent.hold()
        await expect(wall.locator(by_id("live-line")).first).to_contain_text("保持")
        await agent.transfer("1002")
        second = await soon(second_phone.incoming.get())
        second.ring()
        await expect(desk.locator(by_id("call-caller")).first).to_contain_text("138 0013 8000")
        await expect(desk.locator(by_id("call-card")).first).to_have_attribute("data-state", "ringing")
        second.answer()
        await expect(desk.locator(by_id("call-card")).first).to_have_attribute("data-state", "talking")
        await second.hang_up()
        await soon(caller.ended.wait())
        await wall.click(by_id("menu-history"))
        await wall.locator(by_id("history-row")).first.click()
        story = wall.locator(by_id("call-story"))
        await expect(story).to_contain_text("1001 保持通话")
        await expect(story).to_contain_text("1001 转接给 1002")
        assert faults == [[], []]
    await first.close()
    await second_page.close()
    assert server.errors() == []


async def test_baresip_holds_and_transfers(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    """Its hold and its blind transfer, as a person types them; Debian's version has no attended one."""
    agent = Baresip(tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 30.0))
    async with agent:
        await agent.registered()
        page = await ready(server, "1001", "first-Secret-1")
        supervisor = await server.client("2001", "third-Secret-3")
        caller = await call_in(trunk)
        await agent.wait_for("CALL_INCOMING")
        await agent.command("accept")
        await agent.wait_for("CALL_ESTABLISHED")
        await agent.command("hold")
        await supervisor.until("/live", lambda said: said["lines"][0]["state"] == "held")
        await agent.command("resume")
        await supervisor.until("/live", lambda said: said["lines"][0]["state"] == "talking")
        await agent.command("transfer", f"sip:1002@{server.sip[0]}:{server.sip[1]}")
        second = await soon(second_phone.incoming.get())
        second.answer()
        await agent.wait_for("CALL_CLOSED")
        await they_hear_each_other(caller, second)
        await caller.hang_up()
        await soon(second.ended.wait())
        said = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
        assert said["items"][0]["agent"] == "1002"
        await page.close()
        await supervisor.close()
    assert server.errors() == []


async def test_linphone_asks_a_colleague_first(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    """Its attended transfer: REFER with Replaces."""
    if not has_default_route():
        pytest.skip("linphone takes a machine without a default route for one without a network")
    agent = Linphone(tmp_path / "agent", server.sip, "1001", "phone-Secret-1", tone(1000, 30.0))
    async with agent, await server.client() as admin:
        await admin.until("/extensions", lambda said: all(one["registered"] for one in said["items"]))
        page = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        await agent.shows("Receiving new incoming call")
        await agent.command("answer")
        await agent.shows("Media streams established")
        await agent.command("pause")
        await agent.shows("is now paused")
        await agent.command(f"call sip:1002@{server.sip[0]}:{server.sip[1]}")
        second = await soon(second_phone.incoming.get())
        second.answer()
        await agent.shows("Call 2 with", 20)
        await asyncio.sleep(1.0)
        await agent.command("transfer 1 --to-call 2")
        await agent.shows("has been transfered")
        await agent.shows("Call 1 with sip:13800138000@callcenter.local ended (No error)")
        await they_hear_each_other(caller, second)
        await caller.hang_up()
        await soon(second.ended.wait())
        said = await admin.until("/calls", lambda said: all(one["ended_at"] is not None for one in said["items"]))
        [served] = [one for one in said["items"] if one["direction"] == "inbound"]
        assert (served["agent"], served["queue"], served["outcome"]) == ("1002", "sales", "answered")
        await page.close()
    assert server.errors() == []
