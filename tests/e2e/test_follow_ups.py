"""Follow-ups from the rule to the statistics: an administrator sets a rule and draws; an agent sees whom, rings them by
a real phone, enters what came of it and the next call; and it is counted. In both languages."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer

MORE = """
outbound:
  - {match: "1.", trunks: [gateway]}
teams:
  - {name: care, title: 客服, members: ["1001"]}
"""


async def picture(page: Page, folder: Path, name: str) -> None:
    """For an eye, beside what is checked."""
    await page.screenshot(path=folder / f"{name}.png")


def today() -> date:
    return SystemClock().utc().astimezone(ZoneInfo("Asia/Shanghai")).date()


async def test_a_rule_draws_an_agent_rings_and_enters_the_result_and_it_is_counted(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    await server.apply(MORE)
    admin = await server.client()
    field = {"kind": "customer", "name": "used", "type": "date", "chinese": "使用日期", "english": "Used on"}
    await admin.post("/custom-fields", field)
    for n, (name, days, level) in enumerate((("张三", 7, "gold"), ("李四", 7, "silver"), ("王五", 3, "gold"))):
        used = (today() - timedelta(days=days)).isoformat()
        number = CALLER if n == 0 else f"1390000000{n}"
        card = {"name": name, "phones": [number], "level": level, "fields": {"used": used}, "channels": ["friend"]}
        await admin.post("/customers", card)
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await rule_is_made_and_draws(page, server, tmp_path)
        assert faults == []
    await counted_by_the_server(admin)
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("state-sign-in"))
        await page.click(by_id("state-ready"))
        await rung_from_the_list(page, trunk, phone, tmp_path)
        await statistics(page, tmp_path)
        assert faults == []
    items = (await admin.get("/follow-ups"))["items"]
    owed = [one for one in items if one["state"] == "open"]
    [done] = [one for one in items if one["state"] == "done"]
    assert (done["name"], done["result"], done["done_by"], done["content"]) == ("张三", "satisfied", "1001", "很满意")
    assert done["gifts_by_mail"] is True
    assert (await admin.get(f"/calls/{done['call']}"))["called"].endswith(CALLER)
    assert [(one["name"], one["owner"], one["next_call"] == done["next_call"]) for one in owed] == [
        ("张三", "1001", True)
    ]
    await admin.close()
    assert server.errors() == []


async def rule_is_made_and_draws(page: Page, server: RunningServer, folder: Path) -> None:
    await page.goto(f"{server.web}/app/admin/followUpRules")
    await expect(page.locator(by_id("follow-up-rules"))).to_contain_text("还没有规则")
    await page.click(by_id("rule-new"))
    form = page.locator(by_id("rule-form"))
    await form.locator(by_id("rule-chinese")).fill("使用后七天")
    await form.locator(by_id("rule-english")).fill("A week after use")
    await form.locator(by_id("rule-category")).click()
    await page.locator(by_id("rule-category-after_use")).click()
    await form.locator(by_id("rule-on")).click()
    await form.locator(by_id("rule-date")).click()
    await page.locator(by_id("rule-date-x_used")).click()
    await page.click(by_id("rule-try"))
    preview = page.locator(by_id("rule-preview"))
    await expect(preview).to_contain_text("符合 2 人，抽取 2 人")
    await form.get_by_text("自定条件").click()
    await form.locator(by_id("condition-field")).click()
    await page.get_by_role("option", name="客户级别").click()
    await form.locator(by_id("condition-codes")).click()
    await page.get_by_role("option", name="金卡").click()
    await page.keyboard.press("Escape")
    await form.locator(by_id("rule-content")).fill("问使用情况")
    await page.click(by_id("rule-try"))
    await expect(preview).to_contain_text("符合 1 人，抽取 1 人")
    await expect(page.locator(by_id("preview-row"))).to_contain_text("张三")
    await picture(page, folder, "rule-zh-CN")
    await page.click(by_id("rule-save"))
    row = page.locator(by_id("rule-row"))
    await expect(row).to_contain_text("使用日期后 7 天")
    await page.click(by_id("rule-draw"))
    await page.get_by_role("button", name="是", exact=True).click()
    await expect(row).to_contain_text("已抽取 1 人")
    await picture(page, folder, "rules-zh-CN")
    await page.click(by_id("lang-en"))
    await expect(row).to_contain_text("7 days after: Used on")
    await page.click(by_id("rule-log"))
    await expect(page.locator(by_id("drawing-row"))).to_have_count(1)
    await picture(page, folder, "log-en")


async def counted_by_the_server(admin: Client) -> None:
    [told] = (await admin.get("/follow-up-rules"))["items"]
    assert (told["last"]["found"], told["last"]["drawn"], told["last"]["by"]) == (1, 1, "admin")


async def rung_from_the_list(page: Page, trunk: Phone, phone: Phone, folder: Path) -> None:
    await page.click(by_id("menu-follow-ups"))
    row = page.locator(by_id("follow-up-row"))
    await expect(row).to_have_count(1)
    await expect(row).to_contain_text("张三")
    await row.focus()
    await page.keyboard.press("Enter")
    panel = page.locator(by_id("follow_up-panel"))
    await expect(panel).to_contain_text("问使用情况")
    await expect(panel).to_contain_text("使用后七天")
    await picture(page, folder, "list-zh-CN")
    await page.click(by_id("follow-up-dial"))
    own = await soon(phone.incoming.get())
    own.answer()
    customer = await soon(trunk.incoming.get())
    assert CALLER in customer.ours
    customer.ring()
    customer.answer()
    await page.locator(by_id("follow-up-result-satisfied")).click()
    await page.locator(by_id("follow-up-came-content")).fill("很满意")
    await page.locator(by_id("follow-up-gifts-yes")).click()
    wanted = (today() + timedelta(days=5)).isoformat()
    time = page.get_by_role("combobox", name="客户要求再打")
    await time.fill(f"{wanted} 10:30")
    await time.press("Enter")
    await picture(page, folder, "result-zh-CN")
    await page.click(by_id("follow-up-confirm"))
    await expect(panel).to_have_attribute("data-state", "done")
    await expect(panel).to_contain_text("满意")
    await customer.hang_up()
    await soon(own.ended.wait())
    await expect(row).to_have_count(1)  # the next one, that the customer was promised
    await row.click()
    await expect(page.locator(by_id("follow-up-next"))).to_have_text(f"{wanted} 10:30")
    await picture(page, folder, "next-zh-CN")


async def statistics(page: Page, folder: Path) -> None:
    await page.get_by_role("tab", name="统计").click()
    await expect(page.locator(by_id("statistics-total"))).to_have_text("1")
    await expect(page.locator(by_id("statistics-row"))).to_contain_text("张三")
    await picture(page, folder, "statistics-zh-CN")
    async with page.expect_download() as saving:
        await page.click(by_id("statistics-xlsx"))
    assert (await saving.value).suggested_filename == "follow-ups-by-person.xlsx"
    await page.click(by_id("lang-en"))
    await expect(page.locator("h1").first).to_have_text("Follow-ups")
    await picture(page, folder, "statistics-en")
    await page.get_by_role("tab", name="List").click()
    await picture(page, folder, "list-en")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
