"""Proposals, kinds of duties and their calendar in a browser: an administrator words a template and sets up a kind, an
agent makes a proposal and its next version, and goes through the days when duties are due by keys."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.pdf import pages
from tests.kit.server import RunningServer


async def in_english(page: Page, web: str) -> None:
    await page.context.add_cookies([{"name": "callcenterd_language", "value": "en", "url": web}])


async def fits(page: Page) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= 1366, "no scrolling sideways"


async def worded(page: Page, web: str, pictures: Path) -> None:
    """An administrator's letterhead and first template."""
    await page.goto(f"{web}/app/admin/proposals")
    await page.locator(by_id("letterhead")).click()
    await page.locator(by_id("letterhead-name_zh")).fill("晨光贸易有限公司")
    await page.locator(by_id("letterhead-phone")).fill("020-88886666")
    await page.screenshot(path=pictures / "letterhead-zh-CN.png")
    await page.locator(by_id("letterhead-save")).click()
    await expect(page.get_by_text("已保存")).to_be_visible()
    await page.locator(by_id("proposal-template-new")).click()
    await expect(page.locator(by_id("paper"))).to_contain_text("尊敬的张三")
    await page.screenshot(path=pictures / "templates-zh-CN.png")
    await page.locator(by_id("proposal-template-text")).fill("# {proposal.title}\n\n尊敬的**")
    await page.locator(by_id("field-customer.name")).click()
    await page.locator(by_id("proposal-template-text")).press("Control+End")
    await page.keyboard.type("**：{office.phone}")
    await expect(page.locator(by_id("paper"))).not_to_contain_text("合计")
    await expect(page.locator(f"{by_id('paper')} strong")).to_have_text("张三")
    await page.locator(by_id("proposal-template-save")).click()
    await expect(page.locator(by_id("proposal-template-row"))).to_have_count(1)


async def test_a_proposal_is_worded_made_and_made_again(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    admin = await server.client()
    customer = (await admin.post("/customers", {"name": "陈静 <b>", "phones": ["13912348000"]}))["id"]
    async with browser(tmp_path / "root") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await worded(page, server.web, tmp_path)
        await in_english(page, server.web)
        await page.goto(f"{server.web}/app/admin/proposals")
        await expect(page.locator(by_id("paper"))).to_be_visible()
        await fits(page)
        await page.screenshot(path=tmp_path / "templates-en.png")
        assert faults == []
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.goto(f"{server.web}/app/customers/{customer}")
        await page.locator(by_id("proposal-new")).click()
        await expect(page.locator(f"{by_id('paper')} strong")).to_have_text("陈静 <b>")
        await page.locator(by_id("proposal-edit")).click()
        await page.screenshot(path=tmp_path / "proposal-zh-CN.png")
        await page.locator(by_id("proposal-make")).click()
        await expect(page.locator(by_id("proposal"))).to_have_count(1)
        await expect(page.locator(f"{by_id('timeline-entry')}[data-kind=proposal]")).to_have_count(1)
        async with page.expect_download() as saving:
            await page.locator(by_id("proposal-save")).click()
        [text] = pages(Path(await (await saving.value).path()).read_bytes())
        assert "尊敬的陈静 <b>：020-88886666" in text
        assert "晨光贸易有限公司" in text
        await page.locator(by_id("proposal-next")).click()
        await page.locator(by_id("proposal-title")).fill("改后的方案")
        await expect(page.locator(by_id("paper"))).to_contain_text("改后的方案")
        await page.locator(by_id("proposal-make")).click()
        await expect(page.locator(by_id("proposal"))).to_have_count(2)
        await expect(page.locator(by_id("proposal")).first).to_contain_text("v2")
        await page.locator(by_id("timeline")).scroll_into_view_if_needed()
        await page.screenshot(path=tmp_path / "customer-zh-CN.png")
        await in_english(page, server.web)
        await page.goto(f"{server.web}/app/customers/{customer}")
        await page.locator(by_id("proposal-new")).click()
        await expect(page.locator(by_id("paper"))).to_be_visible()
        await page.screenshot(path=tmp_path / "proposal-en.png")
        assert faults == []
    assert server.errors() == []


async def set_up(page: Page, web: str, pictures: Path) -> None:
    """An administrator gives promises another name and less time."""
    await page.goto(f"{web}/app/admin/dutyKinds")
    await page.locator(by_id("duty-kind-promise")).click()
    await page.locator("#kind-limit").fill("45")
    await page.locator(by_id("kind-zh")).fill("约好回电")
    await page.locator(by_id("kind-escalate")).click()
    await page.locator(by_id("kind-save")).click()
    await expect(page.locator(by_id("duty-kind-promise"))).to_contain_text("约好回电 已改")
    await page.screenshot(path=pictures / "kinds-zh-CN.png")
    await in_english(page, web)
    await page.goto(f"{web}/app/admin/dutyKinds")
    await page.locator(by_id("duty-kind-follow_up")).click()
    await fits(page)
    await page.screenshot(path=pictures / "kinds-en.png")


async def test_a_kind_of_duties_is_set_up_and_their_calendar_is_gone_through(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin, now = await server.client(), SystemClock().utc()
    for n in range(1, 10):
        kind, due = ("task", "reminder", "promise")[n % 3], (now + timedelta(hours=n * 5)).isoformat()
        body = {"kind": kind, "title": f"寄样品 {n}", "number": "13912348000", "owner": "1001", "due": due}
        await admin.post("/duties", body)
    async with browser(tmp_path / "root") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await set_up(page, server.web, tmp_path)
        assert faults == []
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.goto(f"{server.web}/app/duties")
        await page.get_by_role("tab", name="日历").click()
        await page.get_by_role("radio", name="月").check(force=True)
        await expect(page.locator(f"{by_id('duty-calendar')}.month {by_id('calendar-duty')}").first).to_be_visible()
        await fits(page)
        await page.screenshot(path=tmp_path / "month-zh-CN.png")
        await page.locator("section.today .date").focus()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Enter")
        await expect(page.locator(f"{by_id('duty-calendar')} section")).to_have_count(1)
        await page.get_by_role("radio", name="周").check(force=True)
        await page.locator(by_id("calendar-duty")).first.click()
        await expect(page.locator(by_id("duty-panel"))).to_contain_text("寄样品")
        await page.screenshot(path=tmp_path / "week-zh-CN.png")
        await in_english(page, server.web)
        await page.goto(f"{server.web}/app/duties")
        await page.get_by_role("tab", name="Calendar").click()
        await expect(page.locator(by_id("calendar-duty")).first).to_be_visible()
        await page.locator(by_id("calendar-new")).last.click()
        await page.locator(by_id("duty-title")).fill("send it")
        await page.locator(by_id("duty-save")).click()
        await expect(page.locator(by_id("calendar-duty")).filter(has_text="send it")).to_have_count(1)
        await fits(page)
        await page.screenshot(path=tmp_path / "week-en.png")
        assert faults == []
    assert server.errors() == []
