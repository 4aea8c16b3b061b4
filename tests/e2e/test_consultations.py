"""A consultation out of a call: written down on its pop, printed as a sheet, counted on its page, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import BrowserContext, Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.pdf import pages
from tests.kit.server import RunningServer

NOTE = '=1+1 <script>alert("x")</script>'


async def test_a_consultation_is_written_down_in_a_call_and_its_sheet_is_printed(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    card = {"name": "张三", "phones": [CALLER], "card": "6688", "sex": "male", "channels": ["friend"]}
    customer = (await admin.post("/customers", card))["id"]
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("state-sign-in"))
        await page.click(by_id("state-ready"))
        await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲")
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.answer()
        await expect(page.locator(by_id("hang-up"))).to_be_visible()
        await expect(page.locator(by_id("customer-shown"))).to_have_text("张三")
        await written_down(page, tmp_path)
        await printed(context, page, tmp_path)
        await caller.hang_up()
        await soon(agent.ended.wait())
        await listed(context, page, server, tmp_path)
        assert faults == []
    (one,) = (await admin.get("/consultations"))["items"]
    assert (one["customer"], one["phone"], one["card"], one["name"], one["sex"]) == (
        customer,
        CALLER,
        "6688",
        "张三",
        "male",
    )
    assert (one["category"], one["channel"], one["note"], one["owner"]) == ("use", "friend", NOTE, "1001")
    assert (await admin.get(f"/calls/{one['call']}"))["caller"] == CALLER
    await admin.close()
    assert server.errors() == []


async def written_down(page: Page, folder: Path) -> None:
    await page.click(by_id("consultation-new-call"))
    form = page.locator(by_id("consultation-form"))
    await expect(form.locator(by_id("consultation-name"))).to_have_value("张三")
    await form.locator(by_id("consultation-category")).click()
    await page.locator(by_id("consultation-category-use")).click()
    await form.locator(by_id("consultation-project_number")).fill("P-7")
    await form.locator(by_id("consultation-note")).fill(NOTE)
    await page.screenshot(path=folder / "form-zh-CN.png")
    await page.click(by_id("consultation-save"))
    await expect(page.locator(by_id("consultation-made"))).to_contain_text("ZX20")


async def printed(context: BrowserContext, page: Page, folder: Path) -> None:
    """The sheet opens beside the call; what was typed is text, and the PDF says the same."""
    async with context.expect_page() as opening:
        await page.click(by_id("consultation-sheet"))
    sheet = await opening.value
    faults = watch(sheet)
    article = sheet.locator("article.sheet")
    for words in ("业务咨询业务单", "张三", CALLER, "产品使用咨询", "朋友介绍", "P-7", NOTE):
        await expect(article).to_contain_text(words)
    await sheet.screenshot(path=folder / "sheet-zh-CN.png")
    async with sheet.expect_download() as saving:
        await sheet.click(by_id("as-PDF"))
    (text,) = pages(Path(await (await saving.value).path()).read_bytes())
    assert NOTE in text.replace("\n", " ")
    assert faults == []
    await sheet.close()
    await page.locator(by_id("consultation-made")).get_by_role("button").click()


async def in_the_address(context: BrowserContext, page: Page) -> None:
    """The conditions and the open record: a link shows the same, and the back button takes a condition back."""
    await page.locator(by_id("consultations-category")).click()
    await page.get_by_role("option", name="地址咨询").click()
    row = page.locator(by_id("consultation-row"))
    await expect(row).to_have_count(0)
    await expect(page).to_have_url(re.compile(r"/app/consultations/1[?]category=address$"))
    colleague = await context.new_page()
    await colleague.goto(page.url)
    await expect(colleague.locator(by_id("consultation-panel"))).to_contain_text(NOTE)
    await expect(colleague.locator(by_id("consultations-category"))).to_contain_text("地址咨询")
    await expect(colleague.locator(by_id("consultation-row"))).to_have_count(0)
    await colleague.close()
    await page.go_back()
    await expect(row).to_have_count(1)
    await expect(page.locator(by_id("consultation-panel"))).to_contain_text(NOTE)


async def listed(context: BrowserContext, page: Page, server: RunningServer, folder: Path) -> None:
    await page.click(by_id("menu-consultations"))
    row = page.locator(by_id("consultation-row"))
    await expect(row).to_have_count(1)
    await expect(page.locator(by_id("consultation-total"))).to_have_text("1")
    await row.click()
    await expect(page.locator(by_id("consultation-panel"))).to_contain_text(NOTE)
    await page.screenshot(path=folder / "page-zh-CN.png")
    await in_the_address(context, page)
    await page.click(by_id("lang-en"))
    await expect(page.locator("h1").first).to_have_text("Consultations")
    await page.screenshot(path=folder / "page-en.png")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.click(by_id("consultations-journal"))
    await page.click(by_id("journal-week"))
    await page.screenshot(path=folder / "journal-dialog-en.png")
    async with context.expect_page() as opening:
        await page.click(by_id("journal-as-page"))
    journal = await opening.value
    await expect(journal.locator("h1")).to_have_text("Weekly journal of consultations")
    await expect(journal.locator("table.totals tr.total")).to_have_text("Total11")
    await journal.screenshot(path=folder / "journal-en.png")
    await journal.close()
