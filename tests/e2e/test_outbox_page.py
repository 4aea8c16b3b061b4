"""Messages to customers in the browser: an administrator changes a text, an agent writes to a customer who has
an e-mail address and wants no SMS, and what they wrote waits in the outbox until somebody cancels it. The answer to a
complaint waits there too; stopped, it is owed as a call."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer


async def test_a_letter_is_written_from_a_text_and_waits_in_the_outbox(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    card = {"name": "陈静", "phones": ["13912348000"], "email": "chen@example.com", "no_sms": True}
    number = (await admin.post("/customers", card))["id"]
    complaint = await answered_by_sms(server, admin)
    async with browser(tmp_path / "root") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/templates")
        await page.locator(by_id("template-letter/email/zh-CN")).click()
        await page.locator(by_id("template-text")).fill("{name}，您好！")
        await page.locator(by_id("field-company")).click()
        await expect(page.locator(by_id("template-preview"))).to_contain_text("张三，您好！晨光贸易有限公司")
        await page.locator(by_id("template-save")).click()
        await expect(page.locator(by_id("template-save"))).to_be_disabled()
        await page.locator(by_id("template-call_us/sms/en")).click()
        await expect(page.locator(by_id("sms-count"))).to_have_attribute("data-segments", "1")
        await page.screenshot(path=tmp_path / "templates-zh-CN.png")

        await page.goto(f"{server.web}/app/customers/{number}")
        await page.locator(by_id("write-message")).click()
        await expect(page.locator(by_id("write-text"))).to_have_value("陈静，您好！")
        await page.screenshot(path=tmp_path / "write-zh-CN.png")
        await page.get_by_role("radio", name="短信").check(force=True)
        await expect(page.locator(by_id("write-refused"))).to_be_visible()
        await expect(page.locator(by_id("write-send"))).to_be_disabled()
        await page.get_by_role("radio", name="邮件").check(force=True)
        await expect(page.locator(by_id("write-refused"))).to_have_count(0)
        await page.locator(by_id("write-subject")).fill("报价")
        await page.locator(by_id("write-send")).click()
        await expect(page.get_by_text("已放入发件箱")).to_be_visible()

        await page.locator(by_id("customer-messages")).click()
        await expect(page.locator(by_id("outbox-row"))).to_have_count(1)
        await page.locator(by_id("outbox-row")).click()
        await expect(page.locator(by_id("message-panel"))).to_contain_text("陈静，您好！")
        await page.screenshot(path=tmp_path / "outbox-zh-CN.png")
        await page.locator(by_id("message-cancel")).click()
        await expect(page.locator(by_id("message-panel"))).to_have_attribute("data-state", "cancelled")

        await stopped(page, f"{server.web}/app/complaints/{complaint}", tmp_path)

        await context.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        shown = {
            f"complaints/{complaint}": "messages-about",
            "outbox": "outbox-row",
            "admin/templates": "template-preview",
            f"customers/{number}": "write-message",
        }
        for path, there in shown.items():
            await page.goto(f"{server.web}/app/{path}")
            await expect(page.locator(by_id(there)).first).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= 1366, "no scrolling sideways"
            await page.screenshot(path=tmp_path / f"{path.replace('/', '-')}-en.png")
        assert faults == []


async def answered_by_sms(server: RunningServer, admin: Client) -> int:
    """A complaint that does not stand, of somebody who wants to be told so by SMS. Answers its number."""
    await server.apply("teams:\n- {name: service, title: 售后部, members: ['1001'], leaders: []}\n")
    card = {"name": "李明", "phones": ["13800138000"]}
    customer = (await admin.post("/customers", card))["id"]
    new = {"customer": customer, "type": "product", "reason": "漏水", "answer_by": "sms"}
    one = await admin.post("/complaints", new)
    for move in ({"move": "dispatch", "team": "service"}, {"move": "does_not_stand", "reason": "已过保修期"}):
        now = await admin.post(f"/complaints/{one['id']}/move", {"version": one["version"], **move})
        one = now["complaint"]
    assert one["means"] == "sms"
    number: int = one["id"]
    return number


async def stopped(page: Page, at: str, tmp_path: Path) -> None:
    """A word of one's own goes with it; the answer is stopped, and somebody has to call."""
    await page.goto(at)
    await expect(page.locator(by_id("message-about"))).to_contain_text("还没有短信网关")
    await page.locator(by_id("write-message")).click()
    await expect(page.locator(by_id("write-text"))).to_have_value("李明，您好：")
    await page.locator(by_id("write-text")).fill("李明，您好：正在更换。")
    await page.locator(by_id("write-send")).click()
    await expect(page.locator(by_id("message-about"))).to_have_count(2)
    await page.screenshot(path=tmp_path / "complaint-zh-CN.png")
    await page.locator(by_id("message-about")).last.get_by_role("link").click()
    await page.locator(by_id("message-cancel")).click()
    await page.goto(at)
    history = page.locator(by_id("complaint-states"))
    await expect(history).to_contain_text("有人在发件箱取消了", timeout=20_000)
