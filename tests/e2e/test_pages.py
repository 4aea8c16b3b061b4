"""The first call as the people at the pages see it: in a real browser, against a real server and real phones."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from aiohttp import ClientError
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer
from tests.kit.tones import tone


async def reads(page: Page, selector: str, text: str) -> None:
    await expect(page.locator(selector).first).to_contain_text(text, timeout=15_000)


async def test_an_agent_takes_a_call_of_an_unknown_number(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("state-sign-in"))
        await page.click(by_id("state-ready"))
        await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲")

        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        await reads(page, by_id("call-caller"), "138 0013 8000")
        first_phone = page.locator(by_id("customer-phone-0")).first
        assert CALLER in (await first_phone.input_value()).replace(" ", "")
        await page.locator(by_id("note")).first.fill("问产品怎么用")
        await page.locator(by_id("customer-name")).first.fill("王小明")
        await page.click(by_id("customer-save"))
        await reads(page, by_id("customer-shown"), "王小明")

        agent.answer()
        await expect(page.locator(by_id("state-word")).first).to_contain_text("通话")
        await asyncio.gather(caller.talk.say(tone(440, 2.0)), agent.talk.say(tone(1000, 2.0)))
        await caller.hang_up()
        await soon(agent.ended.wait())
        await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲", timeout=15_000)
        assert await page.locator(by_id("note")).first.input_value() == "问产品怎么用"

        await page.click(by_id("menu-history"))
        await page.locator(by_id("history-row")).first.click()
        await reads(page, by_id("call-drawer"), "138 0013 8000")
        assert await page.locator(by_id("drawer-note")).first.input_value() == "问产品怎么用"
        audio = page.locator(by_id("recording-audio")).first
        await expect(audio).to_be_attached()
        played = await audio.evaluate(
            """async (audio) => {
                audio.muted = true
                await audio.play()
                await new Promise((done) => { audio.ontimeupdate = () => audio.currentTime > 0.5 && done() })
                return [audio.duration, audio.error && audio.error.message]
            }"""
        )
        assert 1.5 < played[0] < 8.0
        assert played[1] is None
        assert faults == []


async def test_the_second_call_pops_the_customer_and_the_past_call(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    await admin.post("/customers", {"name": "王小明", "phones": [CALLER]})
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("state-sign-in"))
        await page.click(by_id("state-ready"))
        for _ in range(2):
            caller = await call_in(trunk)
            agent = await soon(phone.incoming.get())
            agent.ring()
            await reads(page, by_id("customer-shown"), "王小明")
            agent.answer()
            await soon(caller.answered.wait())
            await asyncio.sleep(0.5)
            await caller.hang_up()
            await soon(agent.ended.wait())
            await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲", timeout=15_000)
        await reads(page, by_id("past-call"), "已接听")
        assert faults == []
    await admin.close()


async def statuses_until_200(client: Client) -> set[int]:
    """What a program is answered that asks all the time. A server that does not listen gives no status."""
    statuses: set[int] = set()
    while 200 not in statuses:
        with contextlib.suppress(ClientError):
            statuses.add((await client.try_to("GET", "/session"))[0])
        await asyncio.sleep(0.005)
    return statuses


async def test_a_page_opened_in_mid_call_and_a_server_that_was_killed(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    """What was typed stays; the page comes back by itself and shows what is."""
    client = await server.client("1001", "first-Secret-1")
    await client.post("/agents/1001/state", {"state": "ready"})
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await soon(caller.answered.wait())
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await reads(page, by_id("call-caller"), "138 0013 8000")
        await page.locator(by_id("note")).first.fill("说到一半")
        await expect(page.locator(by_id("note-state")).first).to_contain_text("已保存", timeout=15_000)
        await server.kill()
        await expect(page.locator(by_id("connection-lost")).first).to_be_visible(timeout=15_000)
        assert await page.locator(by_id("note")).first.input_value() == "说到一半"
        asking = asyncio.create_task(statuses_until_200(client))
        await server.start()
        assert await soon(asking) == {200}, "told while the office was loaded that nobody is signed in"
        await expect(page.locator(by_id("connection-lost"))).to_have_count(0, timeout=40_000)
        await page.click(by_id("menu-history"))
        await reads(page, by_id("history-row"), "中断")
    await client.close()


async def test_an_administrator_sees_what_was_applied(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    del trunk
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.click(by_id("menu-admin"))
        for part, text in (
            ("trunks", "gateway"),
            ("numbers", "02088886666"),
            ("users", "张三"),
            ("extensions", "1001"),
            ("queues", "销售"),
        ):
            await page.click(by_id(f"admin-{part}"))
            await reads(page, by_id(f"things-{part}"), text)
        await page.click(by_id("admin-flows"))
        await reads(page, by_id("flows"), "main")
        await page.click(by_id("lang-en"))
        await reads(page, "h1", "Administration")
        assert faults == []


async def test_an_administrator_keeps_a_calendar(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    del trunk
    china = Path(__file__).parents[2] / "calendars" / "china-2026.csv"
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/calendars")
        await page.click(by_id("calendar-new"))
        await page.locator(".el-message-box input").fill("office")
        await page.locator(".el-message-box .el-button--primary").click()
        await expect(page.locator(by_id("calendar-monday"))).to_have_value("09:00-12:00 13:00-18:00")
        await page.set_input_files(by_id("calendar-file"), china)
        await expect(page.locator(by_id("holiday"))).to_have_count(7)
        await expect(page.locator(by_id("make-up"))).to_have_count(6)
        await page.fill(by_id("calendar-saturday"), "9：00-12：00")
        await page.click(by_id("calendar-save"))
        await expect(page.locator(by_id("calendar-saturday"))).to_have_value("09:00-12:00")
        await page.fill(by_id("calendar-time"), "2026-10-03T10:00")
        await page.click(by_id("calendar-ask"))
        await reads(page, by_id("calendar-answer"), "国庆节")
        await reads(page, by_id("calendar-answer"), "2026-10-08")
        await page.click(by_id("lang-en"))
        await reads(page, by_id("calendars"), "Make-up working days")
        assert faults == []


async def test_an_administrator_makes_a_team_and_its_leader_sees_nobody_else(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    del trunk
    leader = await server.client("2001", "third-Secret-3")
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/teams")
        await page.click(by_id("thing-new"))
        await page.fill(by_id("thing-name"), "day")
        await page.fill(by_id("thing-title"), "日班")
        for field, person in (("members", "1001 张三"), ("leaders", "2001 王班长")):
            await page.click(by_id(f"thing-{field}"))
            await page.locator(".el-select-dropdown__item", has_text=person).last.click()
            await page.keyboard.press("Tab")
            await expect(page.locator(".el-select-dropdown:visible")).to_have_count(0)
        await page.click(by_id("thing-save"))
        for text in ("日班", "1001 张三", "2001 王班长"):
            await reads(page, by_id("things-teams"), text)
        await page.click(by_id("lang-en"))
        await reads(page, by_id("things-teams"), "Leaders")
        assert faults == []
    seen = await leader.get("/agents")
    assert [agent["login"] for agent in seen["items"]] == ["1001", "2001"]
    await leader.close()


async def test_pages_refuse_who_may_not(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    del trunk
    async with browser(tmp_path / "agent", language="en") as context:
        page = context.pages[0]
        await page.goto(f"{server.web}/app/admin/users")
        await page.wait_for_url("**/sign-in**")
        await sign_in(page, server.web, "1001", "first-Secret-1")
        assert await page.locator(by_id("menu-admin")).count() == 0
        answer = await page.request.get(f"{server.web}/api/v1/users")
        assert answer.status == 403
