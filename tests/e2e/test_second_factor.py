"""Somebody whose role must have a second factor sets one up in a browser, and signs in with it."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

LOGIN, PASSWORD = "2001", "third-Secret-3"


async def sets_up(page: Page, web: str, pictures: Path) -> list[str]:
    """As somebody who can do nothing else before. Answers the recovery codes."""
    await sign_in(page, web, LOGIN, PASSWORD)
    await expect(page.get_by_test_id("factor-state")).to_contain_text("必须使用双重验证")
    await expect(page.locator(by_id("menu-live"))).to_have_count(0)
    await page.get_by_test_id("factor-password").fill(PASSWORD)
    await page.get_by_test_id("factor-begin").click()
    key = (await page.get_by_test_id("factor-key").inner_text()).replace(" ", "")
    picture = page.get_by_test_id("factor-picture")
    assert await picture.evaluate("one => one.complete && one.naturalWidth > 100")
    await page.screenshot(path=pictures / "picture.png")
    await page.get_by_test_id("factor-proof").fill(pyotp.TOTP(key).now())
    await page.get_by_test_id("factor-prove").click()
    codes = re.findall(r"[a-z2-7]{4}(?:-[a-z2-7]{4}){5}", await page.get_by_test_id("factor-codes").inner_text())
    assert len(codes) == 8
    await page.screenshot(path=pictures / "codes.png")
    await page.get_by_test_id("factor-done").click()
    await expect(page.locator(by_id("menu-live"))).to_be_visible()
    await page.get_by_test_id("who").click()
    await page.get_by_test_id("factor-open").click()
    await expect(page.get_by_test_id("factor-state")).to_contain_text("8 个恢复码")
    await page.screenshot(path=pictures / "dialog.png")
    return list(codes)


async def test_a_second_factor_is_set_up_asked_for_and_reset(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    del trunk
    admin = await server.client()
    async with browser(tmp_path / "pages") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/roles")
        await page.get_by_test_id("factor-role-supervisor").check()
        await expect(page.get_by_test_id("factor-role-supervisor")).to_be_checked()
        await page.screenshot(path=tmp_path / "roles.png")
        await context.clear_cookies()
        codes = await sets_up(page, server.web, tmp_path)
        assert [fault for fault in faults if "401" not in fault and "403" not in fault] == []

        await context.clear_cookies()
        await page.goto(f"{server.web}/sign-in?lang=en")
        await page.fill('input[name="login"]', LOGIN)
        await page.fill('input[name="password"]', PASSWORD)
        await page.click('button[type="submit"]')
        await expect(page.locator('input[name="password"]')).to_have_count(0)
        await page.screenshot(path=tmp_path / "code.png")
        await page.fill('input[name="code"]', codes[0])
        await page.click('button[type="submit"]')
        await page.wait_for_url("**/app/**")
        await page.get_by_test_id("who").click()
        await page.get_by_test_id("factor-open").click()
        await expect(page.get_by_test_id("factor-state")).to_contain_text("7 recovery codes")
    assert (await admin.try_to("GET", "/second-factors"))[1] == {"roles": ["supervisor"], "logins": [LOGIN]}
    _, said = await server.command("reset-second-factor", LOGIN)
    assert "password alone" in said
    code, said = await server.command("reset-second-factor", LOGIN, ok=False)
    assert code != 0
    assert "no second factor" in said
    assert (await admin.try_to("GET", "/second-factors"))[1]["logins"] == []
    assert server.errors() == []
