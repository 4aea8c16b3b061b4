"""A broadcast from the wall: it goes to the agents that the wall shows, stands on their pages at once, and the
supervisor sees who has read it (AGT-03, SUP-01)."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

LONG = 15_000


async def people(page: Page, *names: str) -> None:
    """For whom it is, in the open dialog."""
    chosen = page.locator(by_id("notice-people"))
    await chosen.click()
    taken = page.locator(".el-select-dropdown__item.is-selected").locator("visible=true")
    await expect(taken).to_have_count(len(names))
    for n, name in enumerate(names):
        await expect(taken.nth(n)).to_contain_text(name)
    await chosen.press("Escape")


async def marks(page: Page, text: str) -> None:
    """Who has read it, in the supervisor's drawer beside the wall."""
    await expect(page.locator(by_id("notice-card"))).to_contain_text(text, timeout=LONG)


async def read(page: Page, subject: str) -> None:
    """From the bell, and marked as read there."""
    await page.click(by_id("staff-bell"))
    await page.locator(by_id("staff-drawer")).locator(by_id("strip-notices")).click()
    card = page.locator(by_id("notice-card"))
    await expect(card).to_contain_text(subject)
    await card.locator(by_id("notice-done")).click()
    await expect(page.locator(by_id("staff-count"))).to_have_count(0, timeout=LONG)
    await page.click(by_id("staff-close"))


async def test_a_broadcast_from_the_wall_stands_on_the_agents_pages_and_says_who_has_read_it(
    server: RunningServer, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    del phone, second_phone  # they are registered, and may be signed in at
    async with (
        browser(tmp_path / "boss") as context,
        browser(tmp_path / "first") as one,
        browser(tmp_path / "second") as other,
    ):
        wall, first, second = context.pages[0], one.pages[0], other.pages[0]
        faults = [watch(page) for page in (wall, first, second)]
        await sign_in(wall, server.web, "2001", "third-Secret-3")
        await sign_in(first, server.web, "1001", "first-Secret-1")
        await sign_in(second, server.web, "1002", "second-Secret-2")
        await wall.goto(f"{server.web}/app/live")
        for login, password in (("1001", "first-Secret-1"), ("1002", "second-Secret-2")):
            async with await server.client(login, password) as agent:
                await agent.post(f"/agents/{login}/state", {"state": "break"})
        await expect(wall.locator(by_id("live-agent"))).to_have_count(2)

        # For a queue's agents, when the wall shows only them.
        await wall.locator(by_id("wall-team")).click()
        await wall.get_by_role("option", name="投诉").click()
        await expect(wall.locator(by_id("live-agent"))).to_have_count(1)
        await wall.click(by_id("wall-broadcast"))
        await people(wall, "李四")
        await wall.locator(by_id("notice-form")).get_by_role("button", name="取消").click()
        await expect(wall.locator(by_id("notice-form"))).to_be_hidden()
        await wall.locator(by_id("wall-team")).hover()
        await wall.locator(f"{by_id('wall-team')} .el-select__clear").click()
        await expect(wall.locator(by_id("live-agent"))).to_have_count(2)

        # For both; what is typed stands on their pages, whatever they show.
        await first.click(by_id("menu-customers"))
        await wall.click(by_id("wall-broadcast"))
        await people(wall, "张三", "李四")
        await wall.locator(by_id("notice-subject")).fill("系统升级")
        await wall.locator(by_id("notice-text")).fill("十点起暂停开单五分钟")
        await wall.click(by_id("notice-give"))
        for page in (first, second):
            news = page.locator(".staff-news")
            await expect(news).to_contain_text("系统升级", timeout=LONG)
            await expect(news).to_contain_text("十点起暂停开单五分钟")
            await expect(page.locator(by_id("staff-count"))).to_have_text("1", timeout=LONG)
        await expect(wall.locator(by_id("notice-form"))).to_be_hidden()

        # Read marks come to the supervisor as they are made.
        await wall.click(by_id("staff-bell"))
        await wall.locator(by_id("staff-drawer")).locator(by_id("strip-notices")).click()
        await marks(wall, "0/2 人已读")
        await read(first, "系统升级")
        await marks(wall, "1/2 人已读")
        await read(second, "系统升级")
        await marks(wall, "2/2 人已读")
        assert faults == [[], [], []]
    assert server.errors() == []
