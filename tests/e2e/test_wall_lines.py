"""Every outside and inside line on the wall, over real calls: dialling in, waiting, ringing, talking, held, dialling
out, inside, each with who calls whom and for how long; a trunk that is down, and a phone that is gone without a word
(TEL-06). Beside them the tickets as they go their way (SUP-01)."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from playwright.async_api import Locator, Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER, soon
from tests.kit.baresip import Baresip
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.provider import Provider, by_udp, says
from tests.kit.server import Client, RunningServer

OUTSIDE = "13900001111"
MORE = """
outbound:
  - {{match: "139.", trunks: [gateway]}}
trunks:
  - {{name: spare, host: {spare}, port: {port}, register: true, username: office, password: "a-Secret-4"}}
users:
  - {{login: "1003", name: 王五, role: agent, password: "fifth-Secret-5", extension: "1003"}}
extensions:
  - {{number: "1003", password: "phone-Secret-3"}}
"""
SPARE_HOST = "127.0.0.6"
SECONDS = re.compile(r"^\d+:\d\d$")
TICKS = """(cell) => new Promise((done) => {
  const before = cell.textContent
  new MutationObserver(() => cell.textContent !== before && done(true))
    .observe(cell, { childList: true, characterData: true, subtree: true })
})"""


@contextlib.asynccontextmanager
async def wall(server: RunningServer, folder: Path) -> AsyncIterator[Page]:
    """Of the supervisor; nothing may be wrong on it."""
    async with browser(folder / "boss") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/live")
        await expect(page.locator(by_id("live-queues"))).to_be_visible()
        yield page
        assert faults == []


def trunk_row(page: Page, name: str) -> Locator:
    return page.locator(f'{by_id("wall-trunk")}[data-trunk="{name}"]')


def phone_row(page: Page, number: str) -> Locator:
    return page.locator(f'{by_id("wall-extension")}[data-extension="{number}"]')


async def line(page: Page, state: str, word: str, *texts: str) -> Locator:
    """The one line is in that state, says so, names these, and counts its seconds."""
    await page.click(by_id("strip-lines"))
    row = page.locator(by_id("live-line"))
    await expect(row).to_have_count(1)
    await expect(row).to_have_attribute("data-state", state)
    for text in (word, *texts):
        await expect(row).to_contain_text(text)
    timer = row.get_by_role("timer")
    await expect(timer).to_have_text(SECONDS)
    await timer.evaluate(TICKS)
    return row


async def phone_is(page: Page, number: str, state: str, word: str, with_: str = "") -> None:
    await page.click(by_id("strip-trunks"))
    row = phone_row(page, number)
    await expect(row).to_have_attribute("data-state", state)
    await expect(row).to_contain_text(word)
    await expect(row.locator(by_id("extension-with"))).to_have_text(with_)
    await expect(row.locator(by_id("extension-for"))).to_have_text(SECONDS if with_ else "")


async def test_every_line_is_shown_as_it_is_from_the_first_ring_to_a_phone_that_is_gone(  # noqa: PLR0915  # one day
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    spare = Provider(SPARE_HOST, register=says(200, "Expires: 5"))
    async with by_udp(spare), wall(server, tmp_path) as page:
        await server.apply(MORE.format(spare=SPARE_HOST, port=spare.port))
        first = await server.client("1001", "first-Secret-1")
        await first.post("/agents/1001/state", {"state": "break"})
        await page.click(by_id("strip-trunks"))
        await expect(trunk_row(page, "gateway")).to_have_attribute("data-state", "up")
        await expect(trunk_row(page, "spare")).to_contain_text("已注册")
        for number in ("1001", "1002"):
            await phone_is(page, number, "free", "空闲")

        # In: the flow speaks, then the caller waits, then it rings, then they talk and one is put on hold.
        caller = await trunk.dial(NUMBER, caller=CALLER)
        await line(page, "flow", "自动语音", CALLER, NUMBER, "呼入 · gateway")
        await soon(caller.answered.wait())
        caller.talk.press("1")
        await line(page, "waiting", "排队", CALLER, NUMBER, "销售")
        await first.post("/agents/1001/state", {"state": "ready"})
        agent = await soon(phone.incoming.get())
        agent.ring()
        await line(page, "ringing", "振铃", CALLER, "张三")
        await phone_is(page, "1001", "ringing", "振铃", CALLER)
        agent.answer()
        row = await line(page, "talking", "通话", CALLER, "张三")
        call = await row.get_attribute("data-call")
        await phone_is(page, "1001", "talking", "通话", CALLER)
        await expect(trunk_row(page, "gateway").locator(by_id("trunk-busy"))).to_contain_text("占用 1")
        await first.post(f"/calls/{call}/hold", {})
        await line(page, "held", "保持", CALLER, "张三")
        await caller.hang_up()
        await soon(agent.ended.wait())
        await first.post("/agents/1001/state", {"state": "break"})

        # Out: dialled at the phone, rings there, talks.
        own = await second_phone.dial(OUTSIDE)
        customer = await soon(trunk.incoming.get())
        await line(page, "dialling", "外拨", "1002", OUTSIDE, "呼出 · gateway")
        await phone_is(page, "1002", "calling", "正在拨号", OUTSIDE)
        customer.ring()
        customer.answer()
        await soon(own.answered.wait())
        await line(page, "talking", "通话", "1002", OUTSIDE)
        await phone_is(page, "1002", "talking", "通话", OUTSIDE)
        await own.hang_up()
        await soon(customer.ended.wait())

        # Inside: each of both lines has the other one.
        own = await second_phone.dial("1001")
        colleague = await soon(phone.incoming.get())
        colleague.ring()
        await phone_is(page, "1001", "ringing", "振铃", "1002")
        await phone_is(page, "1002", "calling", "正在拨号", "1001")
        colleague.answer()
        await soon(own.answered.wait())
        await line(page, "talking", "通话", "1002", "1001", "内部")
        await phone_is(page, "1001", "talking", "通话", "1002")
        await own.hang_up()
        await soon(colleague.ended.wait())
        await expect(page.locator(by_id("live-line"))).to_have_count(0)

        # Out of order: a phone whose plug is pulled, and a provider that knows us no more.
        await phone_is(page, "1003", "offline", "未注册")
        says_nothing = np.zeros(8000, np.int16)
        async with Baresip(
            tmp_path / "1003", "127.0.0.13", server.sip, "1003", "phone-Secret-3", says_nothing, transport="tcp"
        ) as gone:
            await gone.registered()
            await phone_is(page, "1003", "free", "空闲")
            await gone.vanish()
            await phone_is(page, "1003", "offline", "未注册")
        spare.register = says(403)
        await expect(trunk_row(page, "spare")).to_have_attribute("data-state", "down", timeout=20_000)
        await expect(trunk_row(page, "spare")).to_contain_text("未注册")
        await expect(trunk_row(page, "gateway")).to_have_attribute("data-state", "up")
    assert server.errors() == []


TEAM = """
teams:
  - {name: service, title: 售后部, members: ["1001", "1002"], leaders: ["2001"]}
"""


async def counts(page: Page, wanted: Mapping[str, int | None]) -> None:
    """What the wall says of each kind, without being loaded anew. None: it has no such line."""
    for name, number in wanted.items():
        row = page.locator(f'{by_id("wall-ticket")}[data-kind="{name}"]')
        if number is None:
            await expect(row).to_have_count(0, timeout=10_000)
        else:
            await expect(row.get_by_role("link").first).to_have_text(str(number), timeout=10_000)


async def move(client: Client, complaint: int, name: str, **more: Any) -> None:
    now = (await client.get(f"/complaints/{complaint}"))["complaint"]
    await client.post(f"/complaints/{complaint}/move", {"version": now["version"], "move": name, **more})


async def test_tickets_go_their_way_on_the_wall(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    del trunk
    await server.apply(TEAM)
    agent = await server.client("1001", "first-Secret-1")
    boss = await server.client("2001", "third-Secret-3")
    handler = await server.client("1002", "second-Secret-2")
    async with wall(server, tmp_path) as page:
        await page.click(by_id("strip-tickets"))
        await counts(page, {"complaint": 0, "consultations": 0, "follow-ups": 0, "duties": 0})
        who = {"phone": CALLER, "name": "王小明"}
        found = await agent.post("/complaints", {**who, "type": "product", "reason": "漏水"})
        await asyncio.gather(
            agent.post("/consultations", {**who, "category": "use"}),
            boss.post("/follow-ups", {**who, "category": "after_use"}),
        )
        await counts(page, {"complaint": None, "complaint-registered": 1, "consultations": 1, "follow-ups": 1})
        await move(agent, found["id"], "dispatch", team="service")
        await counts(page, {"complaint-registered": None, "complaint-review": 1})
        await move(boss, found["id"], "stands", person="1002", minutes=30)
        await counts(page, {"complaint-review": None, "complaint-in_progress": 1})

        # The number leads to what it counts.
        await page.locator(f'{by_id("wall-ticket")}[data-kind="complaint-in_progress"]').get_by_role("link").click()
        await expect(page.locator(by_id("complaint-row"))).to_contain_text("漏水")
        await page.go_back()
        await move(handler, found["id"], "handled", result="换了水箱")
        await counts(page, {"complaint-in_progress": None, "complaint-handled": 1})
    assert server.errors() == []
