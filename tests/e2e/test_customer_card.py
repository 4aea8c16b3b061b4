"""A customer's card in the browser: its lists are the office's own, and of two who change it nobody loses anything."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer


async def choose(page: Page, field: str, *words: str) -> None:
    """In a list of the form: open it, take each."""
    await page.locator(by_id(field)).click()
    for word in words:
        await page.get_by_role("option", name=word, exact=True).click()
    await page.keyboard.press("Escape")


async def test_a_new_tag_is_chosen_on_a_card_and_the_second_of_two_who_change_it_chooses(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    customer = (await admin.post("/customers", {"name": "张三", "level": "gold", "phones": ["13800138000"]}))["id"]
    async with browser(tmp_path / "administrator") as context, browser(tmp_path / "agent") as other:
        page, seen = context.pages[0], other.pages[0]
        faults = [watch(page), watch(seen)]
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/dictionaries")
        await page.locator(by_id("dictionary-tag")).click()
        await page.locator(by_id("value-new")).click()
        new = page.locator(by_id("value")).locator("input")
        await new.nth(0).fill("老客户")
        await new.nth(1).fill("Regular")
        await new.nth(1).blur()
        await expect(new.nth(2)).to_have_value("regular")
        await page.locator(by_id("values-save")).click()
        await expect(new.nth(2)).to_be_disabled()
        await page.locator(by_id("dictionary-channel")).click()
        await expect(page.locator(by_id("value"))).to_have_count(15)
        await page.screenshot(path=tmp_path / "lists-zh-CN.png")

        await other.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        await sign_in(seen, server.web, "1001", "first-Secret-1")
        for reader in (page, seen):
            await reader.goto(f"{server.web}/app/customers/{customer}")
            await reader.locator(by_id("customer-edit")).click()
        await choose(seen, "customer-tags", "Regular")
        await choose(seen, "customer-channels", "Bus body", "A friend")
        await choose(seen, "customer-gifts", "Willing")
        await choose(seen, "customer-level", "VIP")
        await seen.screenshot(path=tmp_path / "form-en.png", full_page=True)
        await seen.locator(by_id("customer-save")).click()
        await expect(seen.locator(by_id("customer-tag"))).to_have_text("Regular")
        await seen.screenshot(path=tmp_path / "card-en.png")

        await page.locator(by_id("customer-card")).fill("88001234")
        await choose(page, "customer-level", "银卡")
        await page.locator(by_id("customer-save")).click()
        dispute = page.locator(by_id("customer-dispute"))
        await expect(dispute).to_have_count(1)
        await expect(dispute).to_contain_text("用别人的：VIP")
        await page.screenshot(path=tmp_path / "conflict-zh-CN.png")
        await page.locator(by_id("keep-mine")).click()
        await page.locator(by_id("customer-save")).click()
        await expect(page.locator(by_id("customer-tag"))).to_have_text("老客户")
        await page.screenshot(path=tmp_path / "card-zh-CN.png")
        # The browser itself tells of the one answer that was no.
        assert [fault for one in faults for fault in one if "409" not in fault] == []
    kept = await admin.get(f"/customers/{customer}")
    assert (kept["level"], kept["card"], kept["version"]) == ("silver", "88001234", 3)
    assert (kept["tags"], kept["channels"], kept["gifts_by_mail"]) == (["regular"], ["bus", "friend"], True)
    assert server.errors() == []
