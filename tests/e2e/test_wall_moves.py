"""Callers who wait are moved on the wall: to another queue, which two walls and an agent's desk show without being
asked again, and to a chosen agent, who is rung next and speaks with them (SUP-02, ACD-07)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_first_call import soon
from tests.e2e.test_wall import Speakers, choose, hears, picked_up
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

SITE = """
trunks:
  - {{name: gateway, host: {trunk}, port: {port}, allow: ["{trunk}"]}}
numbers:
  - {{match: "02088886666", flow: sales}}
users:
  - {{login: "1001", name: 张三, role: agent, password: "first-Secret-1", extension: "1001"}}
  - {{login: "1002", name: 李四, role: agent, password: "second-Secret-2", extension: "1002"}}
  - {{login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3"}}
  - {{login: "2002", name: 赵班长, role: supervisor, password: "fourth-Secret-4"}}
extensions:
  - {{number: "1001", password: "phone-Secret-1"}}
  - {{number: "1002", password: "phone-Secret-2"}}
queues:
  - {{name: sales, title: 销售, members: ["1001", "1002"], wrap_up: 0, ring: 60}}
  - {{name: service, title: 售后, members: ["1002"], wrap_up: 0, ring: 60}}
"""
FLOW = "flow: sales\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n"
FIRST, SECOND, THIRD, LAST = (f"1380000000{n}" for n in range(1, 5))
HERTZ = {FIRST: 400.0, SECOND: 550.0, THIRD: 850.0, LAST: 1050.0}
"""What each caller says."""
AGENT = 1300.0


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    running = RunningServer(tmp_path / "office")
    running.flow("sales", FLOW)
    await running.start()
    yield running
    await running.end()


async def waits_in(page: Page, queue: str, *callers: str) -> None:
    """Those callers stand there, in that order."""
    rows = page.locator(f'tbody:has([data-queue="{queue}"]) {by_id("waiting-caller")}')
    await expect(rows).to_have_count(len(callers))
    for n, caller in enumerate(callers):
        await expect(rows.nth(n)).to_have_attribute("data-caller", caller)


def row(agent: str) -> str:
    return f'{by_id("live-agent")}[data-agent="{agent}"]'


async def given(page: Page, to: str) -> None:
    """The list of the dialog is open: that one is clicked, and taken."""
    await page.locator(by_id(f"waiting-choice-{to}")).click()
    async with page.expect_response("**/move") as answer:
        await page.click(by_id("waiting-move"))
    assert (await answer.value).status == 204


async def test_a_waiting_caller_is_moved_to_another_queue_and_to_a_chosen_agent(  # noqa: PLR0915  # one shift
    server: RunningServer, tmp_path: Path
) -> None:
    speakers = Speakers()
    async with (
        Phone(TRUNK_HOST, server.sip, "gateway") as trunk,
        Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as first,
        Phone("127.0.0.12", server.sip, "1002", password="phone-Secret-2") as second,
        browser(tmp_path / "boss") as context,
        browser(tmp_path / "other") as further,
        browser(tmp_path / "agent") as desk,
    ):
        await server.apply(SITE.format(trunk=TRUNK_HOST, port=trunk.port))
        await first.register()
        await second.register()
        other_agent = await server.client("1001", "first-Secret-1")
        await other_agent.post("/agents/1001/state", {"state": "break"})
        wall, second_wall, agents_page = context.pages[0], further.pages[0], desk.pages[0]
        faults = [watch(page) for page in (wall, second_wall, agents_page)]
        await sign_in(wall, server.web, "2001", "third-Secret-3")
        await sign_in(second_wall, server.web, "2002", "fourth-Secret-4")
        await sign_in(agents_page, server.web, "1002", "second-Secret-2")
        await agents_page.click(by_id("state-sign-in"))
        for page in (wall, second_wall):
            await page.goto(f"{server.web}/app/live")

        calls: dict[str, PhoneCall] = {}
        for number in (FIRST, SECOND, THIRD):
            calls[number] = await trunk.dial("02088886666", caller=number)
            speakers.says(calls[number], HERTZ[number])
            await expect(wall.locator(f'{by_id("waiting-caller")}[data-caller="{number}"]')).to_be_visible()

        # To the other queue: both walls have it there and no more here, and so has the desk of its agent.
        await choose(wall, f'[data-caller="{THIRD}"] {by_id("waiting-menu")}', "waiting-queue")
        await wall.locator(by_id("waiting-choice")).click()
        await given(wall, "service")
        for page in (wall, second_wall):
            await waits_in(page, "sales", FIRST, SECOND)
            await waits_in(page, "service", THIRD)
        of_service = agents_page.locator(".queues .queue").filter(has_text="售后")
        await expect(of_service).to_contain_text("1")
        await expect(agents_page.locator(".queues .queue").filter(has_text="销售")).to_contain_text("2")

        # The agent takes who came first. Whom the next one may be given to: not to somebody on break.
        await agents_page.click(by_id("state-ready"))
        talks = await picked_up(second)
        assert talks.number == FIRST
        await expect(wall.locator(row("1002"))).to_have_attribute("data-state", "talking")
        await choose(wall, f'[data-caller="{SECOND}"] {by_id("waiting-menu")}', "waiting-agent")
        await wall.locator(by_id("waiting-choice")).click()
        await expect(wall.locator(by_id("waiting-choice-1002"))).to_be_visible()
        await expect(wall.locator(by_id("waiting-choice-1001"))).to_have_count(0)
        await given(wall, "1002")

        # It is that agent's: the other one is ready, and gets a caller who comes later.
        await other_agent.post("/agents/1001/state", {"state": "ready"})
        for page in (wall, second_wall):
            await expect(page.locator(row("1001"))).to_have_attribute("data-state", "ready")
            await waits_in(page, "sales", SECOND)
        calls[LAST] = await trunk.dial("02088886666", caller=LAST)
        speakers.says(calls[LAST], HERTZ[LAST])
        others = await picked_up(first)
        assert others.number == LAST
        await hears(others, tones=(HERTZ[LAST],))
        await calls[FIRST].hang_up()
        await soon(talks.ended.wait())
        chosen = await soon(second.incoming.get())
        chosen.ring()
        assert chosen.number == SECOND
        for page in (wall, second_wall):
            await expect(page.locator(row("1002"))).to_have_attribute("data-state", "offered")
        shown = agents_page.locator(by_id("call-card")).locator(by_id("call-caller"))
        await expect(shown).to_have_attribute("data-number", SECOND)
        chosen.answer()
        speakers.says(chosen, AGENT)
        await hears(chosen, tones=(HERTZ[SECOND],), not_=(HERTZ[THIRD], HERTZ[LAST]))
        await hears(calls[SECOND], tones=(AGENT,))
        await hears(others, tones=(HERTZ[LAST],), not_=(HERTZ[SECOND], AGENT))
        for page in (wall, second_wall):
            await expect(page.locator(row("1002"))).to_have_attribute("data-state", "talking")
            await waits_in(page, "sales")

        # Whoever waits in the other queue is its agent's next one.
        await calls[SECOND].hang_up()
        last = await picked_up(second)
        assert last.number == THIRD
        await hears(last, tones=(HERTZ[THIRD],))
        for page in (wall, second_wall):
            await waits_in(page, "service")
        assert faults == [[], [], []]
        admin = await server.client()
        acts = [
            entry for entry in (await admin.get("/audit?who=2001"))["items"] if entry["what"] == "call.caller_moved"
        ]
        assert len(acts) == 2
        await speakers.stop()
    assert server.errors() == []
