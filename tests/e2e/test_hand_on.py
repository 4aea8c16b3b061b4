"""Calls handed on from the desk's dialog to another queue and into a flow (TEL-03, TEL-04): who speaks with whom, what
the caller hears on the way, and whose page shows the customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import OFFICE, TRUNK_HOST
from tests.e2e.test_call_control import choose, close, who
from tests.e2e.test_first_call import CALLER, ready, soon
from tests.e2e.test_waiting import record
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level

SITE = (
    OFFICE
    + """queues:
  - {{name: sales, title: 销售, members: ["1001"], wrap_up: 0, ring: 60}}
  - {{name: service, title: 售后, members: ["1002"], wrap_up: 0, ring: 60}}
"""
)
MAIN = "flow: main\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n"
HOURS = """
flow: hours
title: 营业时间
language: zh-CN
start: hours
nodes:
  hours: {play: hours, next: end}
  end: {hangup: normal}
"""
WORDS = 500.0
"""Hertz: what stands for the flow's words."""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    running = RunningServer(tmp_path / "office")
    running.flow("main", MAIN)
    running.flow("hours", HOURS)
    record(running.folder / "prompts/hours.wav", WORDS, 1.5)
    await running.start()
    yield running
    await running.end()


async def picked_up(phone: Phone) -> PhoneCall:
    call: PhoneCall = await soon(phone.incoming.get())
    call.ring()
    call.answer()
    await soon(call.answered.wait())
    return call


async def test_a_call_is_handed_on_from_the_dialog_to_a_queue_and_then_into_a_flow(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
    first = await ready(server, "1001", "first-Secret-1")
    second = await server.client("1002", "second-Secret-2")
    await second.post("/agents/1002/state", {"state": "break"})  # signed in, so that the queue takes callers
    await first.post("/customers", {"name": "王小明", "phones": [CALLER]})
    async with browser(tmp_path / "agent") as context, browser(tmp_path / "colleague") as other:
        page, colleague = context.pages[0], other.pages[0]
        faults = [watch(page), watch(colleague)]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await sign_in(colleague, server.web, "1002", "second-Secret-2")

        caller = await trunk.dial("02088886666", caller=CALLER)
        agent = await picked_up(phone)
        await who("1<c c<1", c=caller, _1=agent)
        await page.locator(by_id("note")).fill("要求售后上门")

        # To the queue, by its name and the keyboard: music until its agent is there, and then they speak.
        await choose(page, "Alt+t", "售后")
        await soon(agent.ended.wait())
        await expect(page.locator(by_id("call-card"))).to_have_attribute("data-state", "ended")
        await who("c<~", c=caller)
        await colleague.locator(by_id("state-ready")).click()
        agent = await picked_up(second_phone)
        await who("2<c c<2", c=caller, _2=agent)
        await expect(colleague.locator(by_id("customer-shown"))).to_contain_text("王小明")
        await expect(colleague.locator(by_id("note"))).to_have_value("要求售后上门")

        # Into the flow, by the mouse: its words are heard, and it ends the call.
        await colleague.locator(by_id("control-transfer")).click()
        await colleague.locator(by_id("choice-flow/hours")).click()
        before = len(caller.talk.heard())
        await colleague.locator(by_id("choose-transfer")).click()
        await soon(agent.ended.wait())
        await soon(caller.ended.wait())
        heard = caller.talk.heard()[before:]
        words = [level(heard[at : at + 1600], WORDS) > 4000 for at in range(0, len(heard) - 1600, 800)]
        assert sum(words) >= 12, f"{sum(words)} tenths of a second of the flow's words were heard"
        await expect(colleague.locator(by_id("choose-dialog"))).to_have_count(0)
        await expect(colleague.locator(by_id("call-card"))).to_have_attribute("data-state", "ended")
        await expect(colleague.locator(by_id("state-bar"))).to_have_attribute("data-state", "ready")
        assert faults == [[], []]
    (call,) = (await second.until("/calls", lambda said: said["items"][0]["ended_at"]))["items"]
    story = (await second.get(f"/calls/{call['id']}"))["story"]
    handed_on = [step["details"]["number"] for step in story if step["kind"] == "call.transferred"]
    assert handed_on == ["service", "hours"]
    assert (call["outcome"], call["agent"], call["queue"]) == ("answered", "1002", "service")
    assert server.errors() == []
    await asyncio.gather(close(first), close(second))
