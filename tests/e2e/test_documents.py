"""A customer's documents in a browser: files are dropped, shown and saved; the time line tells what was."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from playwright.async_api import expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer


def picture() -> bytes:
    """A small PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + b"".join(bytes((x * 4, y * 4, 160)) for x in range(64)) for y in range(64))
    head = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def test_files_are_attached_shown_saved_and_told_by_the_time_line(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    card = {"name": "赵六", "phones": ["13800138000"], "company": "宏达贸易"}
    customer = (await admin.post("/customers", card))["id"]
    await admin.post("/duties", {"kind": "task", "title": "寄样品", "customer": customer})
    (tmp_path / "照片.png").write_bytes(picture())
    (tmp_path / "page.html").write_bytes(b"<script>alert(1)</script>")
    for language in ("zh-CN", "en"):
        async with browser(tmp_path / language, language=language) as context:
            page = context.pages[0]
            faults = watch(page)
            await context.add_cookies([{"name": "callcenterd_language", "value": language, "url": server.web}])
            await sign_in(page, server.web, "1001", "first-Secret-1")
            await page.goto(f"{server.web}/app/customers/{customer}")
            await page.get_by_test_id("attach-files").set_input_files([tmp_path / "照片.png", tmp_path / "page.html"])
            await expect(page.locator(by_id("attachment"))).to_have_count(2 if language == "zh-CN" else 4)
            await expect(page.locator(f"{by_id('timeline-entry')}[data-kind=file]")).to_have_count(
                2 if language == "zh-CN" else 4
            )
            await page.locator(by_id("attachment-show")).first.click()
            shown = page.locator(by_id("attachment-picture"))
            await expect(shown).to_be_visible()
            assert await shown.evaluate("one => one.naturalWidth") == 64
            await page.keyboard.press("Escape")
            async with page.expect_download() as saving:
                await page.locator(by_id("attachment-save")).first.click()
            assert (await saving.value).suggested_filename in ("page.html", "照片.png")
            assert faults == []
    assert server.errors() == []


async def test_doubles_are_compared_merged_and_lie_in_the_bin(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    first = {"name": "张三", "phones": ["13800138000"], "level": "gold"}
    second = {"name": "张叁", "phones": ["13800138000", "02088886666"], "level": "vip", "company": "宏达贸易"}
    _kept, gone = [(await admin.post("/customers", card))["id"] for card in (first, second)]
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/customers/{gone}")
        await page.get_by_test_id("open-doubles").click()
        await page.get_by_test_id("double-compare").click()
        await page.locator(f"{by_id('merge-field')}[data-field=level] input[value=gone]").check()
        await page.get_by_test_id("merge-now").click()
        await expect(page.get_by_test_id("doubles")).to_contain_text("没有发现重复的客户")
        await page.keyboard.press("Escape")
        await expect(page.locator(by_id("customer-row"))).to_have_count(1)
        await expect(page.locator(by_id("customer-card-panel"))).to_contain_text("宏达贸易")
        await page.get_by_test_id("open-bin").click()
        await page.get_by_test_id("bin-undo").click()
        await expect(page.get_by_text("回收站是空的")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.locator(by_id("customer-row"))).to_have_count(2)
        assert faults == []
    assert (await admin.get(f"/customers/{gone}"))["level"] == "vip"
    assert server.errors() == []
