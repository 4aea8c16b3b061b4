"""Campaigns on their page and at the desk: a supervisor makes one and fills its list, an agent takes the next customer,
dials and says what came of it, and the page shows it; a number that must not be called is refused (ACD-06)."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Locator, Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_axe import AXE, LOOK
from tests.e2e.test_campaign import OUT
from tests.e2e.test_first_call import ready, soon
from tests.e2e.test_transfer import they_hear_each_other
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.walking import QUIET

PICTURES = os.environ.get("PICTURES")
"""A folder: pictures on the way are left there, for an eye."""
ROWS = "01380000001\t王一\t轿车\n01380000002，王二\n01380000003,王三\n119,某人\n01380000001,又是王一"


async def look(page: Page, name: str) -> None:
    """axe finds nothing serious on what is open now, dialogs and parts among it; a picture in both languages."""
    await page.evaluate(AXE.read_text("utf-8"))
    assert await page.evaluate(LOOK, {"axe": True, "dark": False}) == [], name
    if PICTURES:
        for language in ("en", "zh"):
            await page.evaluate(f"document.querySelector('[data-testid=lang-{language}]').click()")
            await page.screenshot(path=Path(PICTURES) / f"{name}-{language}.png")


async def test_a_list_is_made_on_its_page_and_called_from_the_desk(  # noqa: PLR0915  # a day of a campaign
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    await server.apply(OUT)
    agent = await ready(server, "1001", "first-Secret-1")
    await agent.post("/agents/1001/state", {"state": "break"})
    async with browser(tmp_path / "boss") as boss_context, browser(tmp_path / "agent") as agent_context:
        boss, desk = boss_context.pages[0], agent_context.pages[0]
        for context in (boss_context, agent_context):
            await context.add_init_script(QUIET)
        faults = [watch(boss), watch(desk)]
        await sign_in(boss, server.web, "2001", "third-Secret-3")
        await sign_in(desk, server.web, "1001", "first-Secret-1")
        await expect(desk.locator(by_id("state-bar"))).to_have_attribute("data-state", "break")
        await expect(desk.locator(by_id("next-customer"))).to_have_count(0)

        # A number that must not be called.
        await boss.click(by_id("menu-campaigns"))
        await boss.click(by_id("strip-numbers"))
        await boss.fill(by_id("dnc-number"), "01380000003")
        await boss.fill(by_id("dnc-why"), "客户要求")
        await boss.keyboard.press("Enter")
        await expect(boss.locator(by_id("dnc-row"))).to_contain_text("客户要求")
        await look(boss, "numbers")

        # A campaign, and its list as it was pasted.
        await boss.click(by_id("strip-campaigns"))
        await boss.click(by_id("campaign-new"))
        await boss.fill(by_id("campaign-name"), "春季回访")
        await boss.fill(by_id("campaign-hours"), "")
        await boss.click(by_id("campaign-meaning-3"))
        await boss.click(by_id("campaign-meaning-3-do_not_call"))
        await look(boss, "form")
        await boss.click(by_id("campaign-save"))
        panel = boss.locator(by_id("campaign-panel"))
        await expect(panel).to_have_attribute("data-state", "stopped")
        await boss.click(by_id("strip-entries"))
        await boss.click(by_id("entries-add"))
        await boss.fill(by_id("add-rows"), ROWS)
        await boss.click(by_id("add-send"))
        told = boss.locator(by_id("add-told"))
        await expect(told).to_have_attribute("data-added", "2")
        await expect(told).to_contain_text("第 4 行")
        await look(boss, "add")
        await boss.keyboard.press("Escape")
        await expect(boss.locator(by_id("entry-row"))).to_have_count(3)
        await expect(entry(boss, "do_not_call")).to_contain_text("王三")
        await look(boss, "entries")

        # It starts: the agent's desk says so, and who is on a break is shown the first one by a key.
        await boss.click(by_id("campaign-start"))
        await expect(panel).to_have_attribute("data-state", "running")
        await expect(desk.locator(by_id("next-customer"))).to_contain_text("春季回访")
        await look(desk, "desk-idle")
        await desk.keyboard.press("Alt+u")
        await expect(desk.locator(by_id("preview-shown"))).to_contain_text("王一")
        await expect(desk.locator(by_id("preview-fields"))).to_contain_text("轿车")
        await expect(desk.locator(by_id("state-word"))).to_have_text("预览外呼")
        await expect(panel.locator(by_id("campaign-doing"))).to_have_attribute("data-doing", "calling")
        await look(desk, "desk-preview")

        # Dialled: the own phone rings first; then the customer's, and they talk.
        await desk.keyboard.press("Alt+y")
        own = await soon(phone.incoming.get())
        own.ring()
        own.answer()
        customer = await soon(trunk.incoming.get())
        customer.ring()
        customer.answer()
        await soon(own.answered.wait())
        await they_hear_each_other(customer, own)
        await expect(desk.locator(by_id("preview-panel"))).to_have_count(0)
        await expect(desk.locator(by_id("call-card"))).to_have_attribute("data-state", "talking")
        await expect(desk.locator(by_id("call-card"))).to_contain_text("王一")
        await expect(desk.locator(by_id("known-value"))).to_have_text("轿车")
        await look(desk, "desk-call")
        await desk.click(by_id("disposition-3"))
        await expect(desk.locator(by_id("disposition-3"))).to_be_checked()
        await customer.hang_up()
        await soon(own.ended.wait())

        # The next one comes by itself, and is not to be called at all.
        await expect(desk.locator(by_id("preview-panel"))).to_contain_text("王二")
        await desk.keyboard.press("Alt+q")
        await expect(desk.locator(by_id("skip-send"))).to_be_focused()
        await look(desk, "desk-skip")
        await desk.keyboard.press("Enter")
        await expect(desk.locator(by_id("preview-shown"))).to_have_count(0)

        # The page says what came of it, without being asked; nobody else was called.
        await expect(entry(boss, "skipped")).to_contain_text("王二")
        await expect(panel).to_have_attribute("data-state", "finished", timeout=20_000)  # it looks every five seconds
        await expect(entry(boss, "do_not_call")).to_have_count(2)
        await boss.click(by_id("entry-row") + " >> nth=0")
        await expect(boss.locator(by_id("attempt-row"))).to_contain_text("张三")
        await look(boss, "entry")
        await boss.keyboard.press("Escape")
        await boss.click(by_id("strip-plan"))
        await expect(boss.locator(by_id("campaign-plan"))).to_contain_text("不要再打: 加入勿扰名单")
        await look(boss, "plan")
        await boss.click(by_id("strip-results"))
        await expect(boss.locator(by_id("figure-answered"))).to_have_text("1")
        await expect(boss.locator(by_id("came-dispositions-3"))).to_contain_text("不要再打")
        await expect(boss.locator(by_id("came-agent-1001"))).to_contain_text("1")
        await look(boss, "results")
        async with boss.expect_download() as saved:
            await boss.click(by_id("campaign-results-file"))
        text = (await (await saved.value).path()).read_text("utf-8-sig")
        assert [line.split(",")[3] for line in text.splitlines()] == ["state", "do_not_call", "skipped", "do_not_call"]
        assert trunk.incoming.empty()
        assert faults == [[], []]
    assert server.errors() == []


def entry(page: Page, state: str) -> Locator:
    return page.locator(f"{by_id('entry-row')}[data-state={state}]")
