"""Campaigns on their page and at the desk: a supervisor makes one and fills its list, an agent takes the next customer,
dials and says what came of it, and the page shows it; a number that must not be called is refused (ACD-06)."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_campaign import OUT
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

PICTURES = os.environ.get("PICTURES")
"""A folder: pictures on the way are left there, for an eye."""
ROWS = "01380000001\t王一\t轿车\n01380000002，王二\n01380000003,王三\n119,某人\n01380000001,又是王一"


async def picture(page: Page, name: str) -> None:
    """In both languages."""
    if PICTURES:
        for language in ("en", "zh"):
            await page.evaluate(f"document.querySelector('[data-testid=lang-{language}]').click()")
            await page.screenshot(path=Path(PICTURES) / f"{name}-{language}.png")


async def test_a_list_is_made_on_its_page_and_called_from_the_desk(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    await server.apply(OUT)
    async with browser(tmp_path / "boss") as boss_context:
        boss = boss_context.pages[0]
        faults = watch(boss)
        await sign_in(boss, server.web, "2001", "third-Secret-3")

        # A number that must not be called.
        await boss.click(by_id("menu-campaigns"))
        await boss.click(by_id("strip-numbers"))
        await boss.fill(by_id("dnc-number"), "01380000003")
        await boss.fill(by_id("dnc-why"), "客户要求")
        await boss.keyboard.press("Enter")
        await expect(boss.locator(by_id("dnc-row"))).to_contain_text("客户要求")
        await picture(boss, "numbers")

        # A campaign, and its list as it was pasted.
        await boss.click(by_id("strip-campaigns"))
        await boss.click(by_id("campaign-new"))
        await boss.fill(by_id("campaign-name"), "春季回访")
        await boss.fill(by_id("campaign-hours"), "")
        await boss.click(by_id("campaign-meaning-3"))
        await boss.click(by_id("campaign-meaning-3-do_not_call"))
        await picture(boss, "form")
        await boss.click(by_id("campaign-save"))
        await expect(boss.locator(by_id("campaign-panel"))).to_have_attribute("data-state", "stopped")
        await boss.click(by_id("strip-entries"))
        await boss.click(by_id("entries-add"))
        await boss.fill(by_id("add-rows"), ROWS)
        await boss.click(by_id("add-send"))
        told = boss.locator(by_id("add-told"))
        await expect(told).to_have_attribute("data-added", "2")
        await expect(told).to_contain_text("第 4 行")
        await picture(boss, "add")
        await boss.keyboard.press("Escape")
        rows = boss.locator(by_id("entry-row"))
        await expect(rows).to_have_count(3)
        barred = boss.locator(by_id("entry-row") + "[data-state=do_not_call]")
        await expect(barred).to_contain_text("王三")
        await picture(boss, "entries")
    assert faults == []
    assert server.errors() == []
