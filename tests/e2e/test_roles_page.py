"""Roles and the audit trail in the browser: an administrator hides numbers from agents and takes rights away; the open
page of an agent follows, and what they did stands in the trail with what stood there before."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer


async def by_days(page: Page) -> None:
    """The two entries of the trail that are shown are not of years ago, and later than that."""
    for label, day, entries in (("到", "2020-01-02", 0), ("到", "", 2), ("从", "2020-01-02", 2)):
        await page.get_by_label(label, exact=True).fill(day)
        await page.get_by_label(label, exact=True).press("Enter")
        await expect(page.locator(by_id("audit-entry"))).to_have_count(entries)


async def test_an_administrator_hides_numbers_and_sees_who_changed_what(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    number = (await admin.post("/customers", {"name": "陈静", "phones": ["13912348000"], "company": "东风"}))["id"]
    async with browser(tmp_path / "root") as root, browser(tmp_path / "agent") as other:
        page, seen = root.pages[0], other.pages[0]
        faults = [watch(page), watch(seen)]
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/roles")
        await expect(page.locator(by_id("right-customer.write"))).to_be_checked()
        await page.locator(by_id("hide-phone")).check()
        await page.locator(by_id("right-duty")).uncheck()
        await page.screenshot(path=tmp_path / "roles-zh-CN.png")
        await page.locator(by_id("roles-save")).click()
        await expect(page.locator(by_id("roles-save"))).to_be_disabled()

        await sign_in(seen, server.web, "1001", "first-Secret-1")
        await seen.goto(f"{server.web}/app/customers/{number}")
        await expect(seen.get_by_text("139****8000").first).to_be_visible()
        await expect(seen.get_by_role("link", name="待办")).to_have_count(0)
        await page.locator(by_id("right-complaint")).uncheck()
        await page.locator(by_id("roles-save")).click()
        await expect(seen.get_by_role("link", name="投诉建议")).to_have_count(0)
        assert "13912348000" not in await seen.content()

        await page.goto(f"{server.web}/app/admin/audit")
        await page.locator(by_id("audit-what")).select_option("role.changed")
        await expect(page.locator(by_id("audit-entry"))).to_have_count(2)
        await page.locator(by_id("audit-what")).select_option("")
        await page.locator(by_id("audit-target")).fill(f"customer/{number}")
        await page.locator(by_id("audit-target")).blur()
        await expect(page.locator(by_id("audit-entry"))).to_have_count(2)
        await by_days(page)
        await expect(page.locator(by_id("audit-entry")).first).to_contain_text("查看了客户")
        await page.locator(by_id("audit-more")).last.click()
        await expect(page.locator(by_id("audit-changes"))).to_contain_text("13912348000")
        await page.screenshot(path=tmp_path / "audit-zh-CN.png")
        await page.goto(f"{server.web}/app/customers/{number}")
        await page.locator(by_id("record-history")).locator("summary").click()
        await expect(page.locator(by_id("record-history-entry"))).to_have_count(3)
        await expect(page.locator(by_id("record-history-entry")).last).to_contain_text("13912348000")
        await page.screenshot(path=tmp_path / "history-zh-CN.png")
        await root.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        for part in ("roles", "audit"):
            await page.goto(f"{server.web}/app/admin/{part}")
            await expect(page.locator(by_id("right-duty" if part == "roles" else "audit-list"))).to_be_visible()
            wide = await page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 1366, "no scrolling sideways"
            await page.screenshot(path=tmp_path / f"{part}-en.png")
        assert faults == [[], []]
