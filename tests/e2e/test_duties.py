"""Duties as people meet them: a promise made in a call, shown in the next one, warned of and done; a caller who was
lost, called by a click; and a server killed between the warning and the limit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, call_in, ready, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer

OUT = 'outbound:\n  - {match: "1.", trunks: [gateway]}\n'


def in_seconds(seconds: float) -> str:
    return (SystemClock().utc() + timedelta(seconds=seconds)).isoformat()


async def steps_of(client: Client, duty: int) -> list[str]:
    return [step["kind"] for step in (await client.get(f"/duties/{duty}"))["steps"]]


async def begin_work(page: Page, server: RunningServer) -> None:
    await sign_in(page, server.web, "1001", "first-Secret-1")
    await page.click(by_id("state-sign-in"))
    await page.click(by_id("state-ready"))
    await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲")


async def picture(page: Page, folder: Path, name: str) -> None:
    """For an eye, beside what is checked."""
    await page.screenshot(path=folder / f"{name}.png")


async def test_a_promise_is_made_in_a_call_shown_in_the_next_warned_of_and_done(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await begin_work(page, server)
        await promised_in_a_call(page, trunk, phone, tmp_path)
        client = await server.client("1001", "first-Secret-1")
        owed = await shown_in_the_next(page, trunk, phone, client, tmp_path)
        await warned_and_done(page, tmp_path)
        assert faults == []
    assert await steps_of(client, owed) == ["created", "called_in", "postponed", "warned", "overdue", "done"]
    now = (await client.get(f"/duties/{owed}"))["duty"]
    assert (now["state"], now["outcome"], now["closed_by"]) == ("done", "kept", "1001")
    await client.close()
    assert server.errors() == []


async def promised_in_a_call(page: Page, trunk: Phone, phone: Phone, folder: Path) -> None:
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await expect(page.locator(by_id("hang-up"))).to_be_visible()
    await page.click(by_id("promise"))
    await page.locator(by_id("promise-title")).fill("报价单")
    await picture(page, folder, "promise-dialog")
    await page.click(by_id("promise-h1"))
    await expect(page.locator(by_id("open-promise"))).to_contain_text("报价单")
    await caller.hang_up()
    await soon(agent.ended.wait())
    await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲", timeout=15_000)


async def shown_in_the_next(page: Page, trunk: Phone, phone: Phone, client: Client, folder: Path) -> int:
    """Before one says hello. Then it is put off to be due in some seconds; answers which duty it is."""
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.ring()
    await expect(page.locator(by_id("call-card"))).to_have_attribute("data-state", "ringing")
    await expect(page.locator(by_id("open-promise"))).to_contain_text("张三")
    await picture(page, folder, "pop-with-promise")
    agent.answer()
    await soon(caller.answered.wait())
    (owed,) = (await client.get("/duties?owner=me"))["items"]
    await client.until(f"/duties/{owed['id']}", lambda now: now["steps"][-1]["kind"] == "called_in")
    put_off = {"version": owed["version"], "due": in_seconds(12), "reason": "马上"}
    await client.post(f"/duties/{owed['id']}/postpone", put_off)
    await caller.hang_up()
    await soon(agent.ended.wait())
    return int(owed["id"])


async def warned_and_done(page: Page, folder: Path) -> None:
    """The last part by keys alone."""
    news = page.locator(".duty-news")
    await expect(news.filter(has_text="即将到期")).to_be_visible(timeout=20_000)
    await expect(page.locator(by_id("duties-badge"))).to_have_text("1")
    await expect(news.filter(has_text="已到期")).to_be_visible(timeout=20_000)
    await picture(page, folder, "news")
    await news.filter(has_text="已到期").click()
    await expect(page.locator(by_id("duty-panel"))).to_contain_text("逾期")
    await expect(page.locator(by_id("duty-row"))).to_have_attribute("data-late", "overdue")
    await picture(page, folder, "duties-overdue")
    await page.focus(by_id("duty-done"))
    await page.keyboard.press("Enter")
    await page.locator(by_id("duty-text")).fill("已报价")
    await picture(page, folder, "duty-done-form")
    await page.focus(by_id("duty-confirm"))
    await page.keyboard.press("Enter")
    await expect(page.locator(by_id("duty-panel"))).to_have_attribute("data-state", "done")
    await expect(page.locator(by_id("duties-badge"))).to_have_count(0)
    await picture(page, folder, "duty-is-done")


async def test_a_lost_caller_is_called_by_a_click_and_owed_nothing_more(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    await server.apply(OUT)
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await begin_work(page, server)
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        await caller.hang_up()
        await soon(agent.ended.wait())
        await page.click(by_id("menu-duties"))
        await page.locator(by_id("duties-whose")).get_by_text("无人领取").click()
        row = page.locator(by_id("duty-row"))
        await expect(row).to_contain_text("未接来电", timeout=15_000)
        await row.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(by_id("duty-panel"))).to_contain_text("销售")
        await picture(page, tmp_path, "lost-caller")
        await page.click(by_id("duty-dial"))
        own = await soon(phone.incoming.get())
        own.answer()
        customer = await soon(trunk.incoming.get())
        assert CALLER in customer.ours
        customer.ring()
        customer.answer()
        await expect(page.locator(by_id("duty-panel"))).to_have_attribute("data-state", "done", timeout=15_000)
        await expect(page.locator(by_id("duty-panel"))).to_contain_text("已联系上")
        await customer.hang_up()
        await soon(own.ended.wait())
        assert faults == []
    supervisor = await server.client("2001", "third-Secret-3")
    (lost,) = (await supervisor.get("/duties"))["items"]
    assert (lost["outcome"], lost["closed_by"], lost["owner"]) == ("reached", "1001", "1001")
    assert await steps_of(supervisor, lost["id"]) == ["created", "assigned", "done"]
    await supervisor.close()


async def test_a_server_killed_between_the_warning_and_the_limit_tells_each_once(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    client = await ready(server, "1001", "first-Secret-1")
    wanted: dict[str, Any] = {"kind": "task", "title": "寄合同", "due": in_seconds(8)}
    duty = (await client.post("/duties", wanted))["id"]
    await client.until(f"/duties/{duty}", lambda now: now["duty"]["stage"] == 1)
    await server.kill()
    await server.start()
    client = await server.client("1001", "first-Secret-1")
    await client.until(f"/duties/{duty}", lambda now: now["duty"]["stage"] == 2)
    await asyncio.sleep(1.0)
    assert await steps_of(client, duty) == ["created", "warned", "overdue"]
    await server.kill()
    await server.start()
    client = await server.client("1001", "first-Secret-1")
    await asyncio.sleep(1.0)
    assert await steps_of(client, duty) == ["created", "warned", "overdue"]
    await client.close()


async def test_the_pages_read_in_english(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    client = await server.client("1001", "first-Secret-1")
    for title, due in (("Send the contract", 3), ("Order paper", 90_000), ("Ask about the invoice", 400)):
        await client.post("/duties", {"kind": "task", "title": title, "due": in_seconds(due)})
    await client.close()
    await asyncio.sleep(3.5)
    async with browser(tmp_path / "agent", language="en") as context:
        page = context.pages[0]
        faults = watch(page)
        await context.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("menu-duties"))
        rows = page.locator(by_id("duty-row"))
        await expect(rows).to_have_count(3)
        await expect(rows.first).to_have_attribute("data-late", "overdue")
        await rows.first.click()
        await expect(page.locator(by_id("duty-panel"))).to_contain_text("Overdue")
        await picture(page, tmp_path, "duties-english")
        await page.click(by_id("duty-new"))
        await page.click(by_id("duty-save"))
        await expect(page.locator(".el-form-item__error")).to_have_count(1)
        await picture(page, tmp_path, "duty-form-english")
        await page.locator(by_id("duty-title")).fill("Water the plants")
        await page.click(by_id("duty-save"))
        await expect(rows).to_have_count(4)
        await page.get_by_role("tab", name="Promises kept").click()
        await expect(page.locator(by_id("kept-rate")).first).to_have_text("–")
        await picture(page, tmp_path, "kept-english")
        assert [fault for fault in faults if "422" not in fault] == []
