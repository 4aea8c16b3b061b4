"""Custom fields in the browser: an administrator adds some to customers, an agent fills in those of their role."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import FilePayload, Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer


async def choose(page: Page, field: str, word: str) -> None:
    await page.locator(field).click()
    await page.get_by_role("option", name=word, exact=True).click()


async def define(page: Page, chinese: str, english: str, type_: str) -> None:
    """The dialog is open afterwards."""
    await page.locator(by_id("field-new")).click()
    await page.locator(by_id("field-chinese")).fill(chinese)
    await page.locator(by_id("field-english")).fill(english)
    await page.locator(by_id("field-english")).blur()
    await choose(page, by_id("field-type"), type_)


async def save(page: Page, fields: int) -> None:
    await page.locator(by_id("field-save")).click()
    await expect(page.locator(by_id("field"))).to_have_count(fields)


async def define_five(page: Page, folder: Path) -> None:
    await define(page, "套餐", "Plan", "单选")
    await expect(page.locator(by_id("field-code"))).to_have_value("plan")
    for n, (chinese, english) in enumerate((("基础版", "Basic"), ("企业版", "Business"))):
        await page.locator(by_id("field-choice-new")).click()
        choice = page.locator(by_id("field-choice")).nth(n).locator("input")
        await choice.nth(0).fill(chinese)
        await choice.nth(1).fill(english)
        await choice.nth(1).blur()
    await page.locator(by_id("field-required")).click()
    await page.screenshot(path=folder / "field-zh-CN.png")
    await save(page, 1)
    await define(page, "合同到期", "Contract until", "日期")
    await save(page, 2)
    await define(page, "介绍人", "Introduced by", "关联")
    await choose(page, by_id("field-target"), "客户")
    await save(page, 3)
    await define(page, "信用额度", "Credit", "数字")
    await page.locator(".el-checkbox", has_text="座席").first.click()
    await save(page, 4)
    await define(page, "合同", "Contract", "文件")
    await save(page, 5)
    await page.locator(by_id("field-up")).nth(3).click()
    await expect(page.locator(by_id("field")).nth(2)).to_contain_text("信用额度")
    await page.screenshot(path=folder / "fields-zh-CN.png")


async def fill_in(seen: Page, folder: Path) -> None:
    custom = seen.locator(by_id("custom-field"))
    await expect(custom).to_have_count(4)  # no credit
    await seen.locator(by_id("customer-save")).click()
    await expect(custom.nth(0)).to_contain_text("Is missing")  # as the server says it
    await choose(seen, "[data-field=plan] .el-select", "Business")
    await seen.locator("[data-field=contract_until] input").fill("2027-03-31")
    await seen.locator("[data-field=introduced_by] input").fill("李")
    await choose(seen, "[data-field=introduced_by] .el-select", "李四 · 13900139000")
    file: FilePayload = {"name": "contract 2026.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4"}
    await seen.locator("[data-field=contract] input").set_input_files(file)
    await expect(seen.locator("[data-field=contract] a")).to_have_text("contract 2026.pdf")
    await seen.screenshot(path=folder / "form-en.png")
    await seen.locator(by_id("customer-save")).click()
    await expect(seen.locator(by_id("custom-fact"))).to_have_text(
        ["Business", "2027-03-31", "李四", "contract 2026.pdf"]
    )
    await seen.screenshot(path=folder / "card-en.png")


async def test_an_administrator_adds_fields_and_each_role_finds_its_own_on_the_card(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    friend = (await admin.post("/customers", {"name": "李四", "phones": ["13900139000"]}))["id"]
    customer = (await admin.post("/customers", {"name": "张三", "phones": ["13800138000"]}))["id"]
    async with browser(tmp_path / "administrator") as context, browser(tmp_path / "agent") as other:
        page, seen = context.pages[0], other.pages[0]
        faults = [watch(page), watch(seen)]
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/fields")
        await define_five(page, tmp_path)
        await other.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        await sign_in(seen, server.web, "1001", "first-Secret-1")
        await seen.goto(f"{server.web}/app/customers/{customer}")
        await seen.locator(by_id("customer-edit")).click()
        await fill_in(seen, tmp_path)
        await page.goto(f"{server.web}/app/customers/{customer}")
        await page.locator(by_id("customer-edit")).click()
        await page.locator("[data-field=credit] input").fill("5000")
        await page.screenshot(path=tmp_path / "form-zh-CN.png")
        await page.locator(by_id("customer-save")).click()
        await expect(page.locator(by_id("custom-fact"))).to_have_text(
            ["企业版", "2027-03-31", "5,000", "李四", "contract 2026.pdf"]
        )
        await page.screenshot(path=tmp_path / "card-zh-CN.png")
        await expect(seen.locator(by_id("custom-fact"))).to_have_count(4)  # the page has heard of it, and not what
        await page.goto(f"{server.web}/app/admin/fields?lang=en")
        assert [fault for one in faults for fault in one if "422" not in fault] == []
    kept = await admin.get(f"/customers/{customer}")
    assert kept["fields"] == {
        "plan": "business", "contract_until": "2027-03-31", "credit": 5000, "introduced_by": friend,
        "contract": (await admin.get(f"/attachments?kind=customer&record={customer}"))["items"][0]["id"],
    }  # fmt: skip
    assert server.errors() == []
