"""The pages of the system itself, on a real server: how it is, its disk, its log as it grows, and whose work it is."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

PARTS = ("health", "storage", "log", "licences")
PICTURES = os.environ.get("PICTURES")


async def pictured(page: Page, name: str, folder: Path) -> None:
    await page.screenshot(path=Path(PICTURES or folder) / f"{name}.png")


async def test_an_administrator_sees_how_the_server_is(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    async with browser(tmp_path / "root") as root:
        page = root.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)

        await page.click(by_id("menu-admin"))
        await page.click(by_id("admin-health"))
        # Not sound and loop: a machine that others keep busy makes them late, and that is said.
        for name in ("calls", "database", "events", "workers", "disk", "recordings", "mail"):
            await expect(page.locator(by_id(f"check-{name}"))).to_have_attribute("data-state", "ok")
        await expect(page.locator(by_id("check-web_certificate"))).to_have_attribute("data-state", "off")
        await expect(page.locator(by_id("check-phones"))).to_contain_text("已注册 0 部")
        async with Phone("127.0.0.3", server.sip, "1001", password="phone-Secret-1") as phone:
            await phone.register()
            await expect(page.locator(by_id("check-phones"))).to_contain_text("已注册 1 部")  # by itself
            await pictured(page, "health-zh", tmp_path)

        await page.click(by_id("admin-storage"))
        await expect(page.locator(by_id("storage-database"))).to_contain_text("MiB")
        await expect(page.locator(by_id("storage-recordings"))).to_be_visible()
        await expect(page.locator(by_id("disk"))).to_have_count(1)
        await pictured(page, "storage-zh", tmp_path)

        await page.click(by_id("admin-log"))
        await expect(page.locator(by_id("log-since"))).to_contain_text("2000")
        async with await server.client("1001", "first-Secret-1") as agent:
            assert (await agent.try_to("GET", "/system/log"))[0] == 403
        refused = page.locator(by_id("log-line")).filter(has_text="right=system")
        await expect(refused).to_contain_text("not allowed")  # it comes by itself
        await pictured(page, "log-zh", tmp_path)
        await page.fill(by_id("log-text"), "right=system")
        await page.press(by_id("log-text"), "Enter")
        await expect(page.locator(by_id("log-line"))).to_have_count(1)
        async with page.expect_download() as downloading:
            await page.click(by_id("log-download"))
        text = Path(await (await downloading.value).path()).read_text("utf-8")
        assert "web: not allowed" in text
        assert len(text.splitlines()) == 1
        for secret in (server.admin_password, "first-Secret-1", "phone-Secret-1"):
            assert secret not in server.log.read_text("utf-8")

        await page.click(by_id("admin-licences"))
        await page.fill(by_id("licences-text"), "vue-router")
        row = page.locator(by_id("licence"))
        await expect(row).to_contain_text("MIT")
        await page.fill(by_id("licences-text"), "")
        await expect(row.filter(has=page.get_by_text("SQLAlchemy", exact=True))).to_be_visible()
        await pictured(page, "licences-zh", tmp_path)

        await page.click(by_id("lang-en"))
        for part in PARTS:
            await page.click(by_id(f"admin-{part}"))
            await expect(page.locator(f"{by_id(part)} table").first).to_be_visible()
            await pictured(page, f"{part}-en", tmp_path)
        assert faults == []
    assert server.errors() == []
