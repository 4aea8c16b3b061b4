"""Prepaid cards on the customer's page: a supervisor adds one and posts, an agent sees it and blocks it."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer


async def fill(page: Page, **texts: str) -> None:
    for name, text in texts.items():
        await page.get_by_test_id(name.replace("_", "-")).fill(text)


async def test_a_supervisor_adds_a_card_and_posts_and_an_agent_sees_it_at_once_and_blocks_it(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    customer = (await admin.post("/customers", {"name": "张三", "level": "gold", "phones": ["13800138000"]}))["id"]
    async with browser(tmp_path / "supervisor") as context, browser(tmp_path / "agent") as other:
        page, seen = context.pages[0], other.pages[0]
        faults = [watch(page), watch(seen)]
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/customers/{customer}")
        await page.locator(by_id("card-add")).click()
        await fill(page, new_card_number="8800 1234", new_card_pin="2468")
        await page.locator(by_id("new-card-save")).click()
        await expect(page.locator(by_id("card-money"))).to_have_text("¥0.00")
        await other.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        await sign_in(seen, server.web, "1001", "first-Secret-1")
        await seen.goto(f"{server.web}/app/customers/{customer}")
        await expect(seen.locator(by_id("card-money"))).to_have_text(re.compile("¥0.00"))
        await page.locator(by_id("card-recharge")).click()
        await fill(page, posting_amount="1200.50", posting_reference="R-7")
        await page.locator(by_id("posting-save")).click()
        await expect(page.locator(by_id("card-money"))).to_have_text("¥1,200.50")
        await expect(seen.locator(by_id("card-money"))).to_have_text(re.compile("1,200.50"))
        await page.locator(by_id("card-consumption")).click()
        await fill(page, posting_amount="1200.51", posting_reason="按摩")
        await page.locator(by_id("posting-save")).click()
        await expect(page.locator(by_id("posting-fault"))).to_contain_text("卡上余额不足")
        await fill(page, posting_amount="200.50")
        await page.locator(by_id("posting-save")).click()
        await expect(page.locator(by_id("card-money"))).to_have_text("¥1,000.00")
        await expect(seen.locator(by_id("card-recharge"))).to_have_count(0)
        await seen.locator(by_id("card-block")).click()
        await seen.get_by_role("dialog").get_by_role("button", name="Block").click()
        await expect(page.locator(by_id("card-unblock"))).to_be_visible()
        # The browser itself tells of the one answer that was no.
        assert [fault for one in faults for fault in one if "409" not in fault] == []
    [card] = (await admin.get(f"/customers/{customer}/cards"))["items"]
    assert (card["money"], card["state"]) == (100000, "blocked")
    assert server.errors() == []
