"""The table of seats in a browser (SUP-04): an extension is given to somebody, who is rung and speaks there; a seat is
changed for the moment; an extension is taken over from somebody, and set free. An agent has no such page."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Locator, Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_call_control import who
from tests.e2e.test_first_call import call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

SITE = """
users:
  - {login: "1003", name: 王五, role: agent, password: "fifth-Secret-5"}
extensions:
  - {number: "1004", password: "phone-Secret-4"}
  - {number: "1005", password: "phone-Secret-5"}
queues:
  - {name: sales, title: 销售, members: ["1003"], wrap_up: 0, ring: 60}
"""
OWN = 2
"""Which column the own extension is."""


def seat(page: Page, key: str) -> Locator:
    """Somebody's line, by their login; with "/" before it that of an extension that is nobody's."""
    return page.locator(f'{by_id("seat-row")}[data-seat="{key}"]')


async def opened(page: Page, login: str) -> Locator:
    await seat(page, login).locator(by_id("seat-set")).click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    return dialog


async def chosen(page: Page, field: str, number: str) -> None:
    await page.locator(by_id(field)).click()
    await page.locator(".el-select-dropdown__item").locator("visible=true").filter(has_text=number).click()


async def test_seats_are_given_changed_taken_over_and_set_free_from_the_table(  # noqa: PLR0915  # one day
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE)
    async with (
        Phone("127.0.0.14", server.sip, "1004", password="phone-Secret-4") as phone,
        Phone("127.0.0.15", server.sip, "1005", password="phone-Secret-5") as second_phone,
        browser(tmp_path / "boss") as context,
        browser(tmp_path / "agent") as other,
    ):
        await phone.register()
        await second_phone.register()
        admin = await server.client()
        page, desk = context.pages[0], other.pages[0]
        faults = [watch(page), watch(desk)]
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/live")
        await page.click(by_id("wall-seats"))
        await expect(seat(page, "1001")).to_contain_text("张三")
        await expect(seat(page, "1003")).to_contain_text("无")
        await expect(seat(page, "/1005")).to_contain_text("没有人")

        # Given: the one who had none signs in there without being asked where, is rung there, and speaks there.
        await opened(page, "1003")
        await chosen(page, "seat-extension", "1005")
        await page.click(by_id("seat-save"))
        await expect(seat(page, "1003")).to_contain_text("1005")
        await expect(seat(page, "/1005")).to_have_count(0)
        await sign_in(desk, server.web, "1003", "fifth-Secret-5")
        await desk.click(by_id("state-sign-in"))
        await desk.click(by_id("state-ready"))
        caller = await call_in(trunk)
        agent = await soon(second_phone.incoming.get())
        agent.ring()
        agent.answer()
        await who("2<c c<2", c=caller, _2=agent)
        await expect(seat(page, "1003")).to_contain_text("通话")
        await caller.hang_up()
        await soon(agent.ended.wait())

        # Changed for the moment: the own extension stays, and the next call rings at the other seat.
        await expect(seat(page, "1003")).to_contain_text("空闲")
        await opened(page, "1003")
        await chosen(page, "seat-move-to", "1004")
        await page.click(by_id("seat-move"))
        await expect(seat(page, "1003").locator("td.elsewhere")).to_have_text("1004")
        await expect(seat(page, "1003")).to_contain_text("1005")
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        agent.answer()
        await who("1<c c<1", c=caller, _1=agent)
        await caller.hang_up()
        await soon(agent.ended.wait())
        await desk.click(by_id("state-sign-out"))
        await expect(seat(page, "1003").locator("td.elsewhere")).to_have_count(0)

        # Taken over from its owner, who has none then; and set free.
        dialog = await opened(page, "1003")
        await chosen(page, "seat-extension", "1001")
        await expect(dialog.locator(by_id("seat-others"))).to_contain_text("张三")
        await page.click(by_id("seat-save"))
        await expect(seat(page, "1003").locator("td").nth(OWN)).to_have_text("1001")
        await expect(seat(page, "1001").locator("td").nth(OWN)).to_have_text("无")
        await expect(seat(page, "/1005")).to_be_visible()
        await opened(page, "1003")
        await page.locator(by_id("seat-extension")).hover()
        await page.locator(f"{by_id('seat-extension')} .el-select__clear").click()
        await page.click(by_id("seat-save"))
        await expect(seat(page, "1003").locator("td").nth(OWN)).to_have_text("无")
        await expect(seat(page, "/1001")).to_be_visible()
        trail = [one["target"] for one in (await admin.get("/audit?what=seat.set"))["items"]]
        assert trail == ["agent/1003"] * 3

        # An agent has neither the page's button nor its answers.
        await desk.goto(f"{server.web}/app/seats")
        await expect(desk.locator(by_id("seat-row"))).to_have_count(0)
        async with await server.client("1001", "first-Secret-1") as agent_client:
            assert (await agent_client.try_to("GET", "/seats"))[0] == 403
            put = {"json": {"extension": "1004", "was": None}}
            assert (await agent_client.try_to("PUT", "/seats/1001", **put))[0] == 403
        assert faults[0] == []
    assert server.errors() == []
