"""An appointment is booked on the page, moved by its customer in a call, and cancelled in another, by its code."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer

FLOW = Path(__file__).parents[2] / "flows/examples/appointment.yaml"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


async def an_office(server: RunningServer) -> Client:
    """With one service, and the ready flow on its number."""
    server.flow("main", FLOW.read_text("utf-8").replace("flow: appointment", "flow: main", 1))
    admin = await server.client()
    await admin.post("/flows/reload", {})
    hours = {day: ["09:00-12:00"] for day in DAYS}
    terms = {"chinese": "上门维修", "english": "Repair visit", "minutes": 60, "hours": hours, "reminders": [24, 2]}
    await admin.post("/appointment-services", {"name": "repair", "notice": 60, **terms})
    return admin


async def says(server: RunningServer, trunk: Phone, keys: str) -> None:
    """A call that keys this and stays until the flow lets it go."""
    call = await trunk.dial(NUMBER, caller=CALLER)
    await soon(call.answered.wait())
    call.talk.press(keys)
    await soon(call.ended.wait())


async def test_a_customer_moves_and_cancels_by_telephone_what_an_agent_has_booked(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    admin = await an_office(server)
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        code = await book(page, tmp_path)
        [first] = (await admin.get("/appointments"))["items"]
        assert (first["name"], first["phone"], first["code"], first["owner"]) == ("张三", CALLER, code, "1001")

        await says(server, trunk, f"12{code}1111")
        await expect(page.locator(by_id("appointment-state"))).to_have_text("已改期")
        await page.click(by_id("appointment-moved_to"))
        await expect(page.locator(by_id("appointment-state"))).to_have_text("已预约")
        await expect(page.locator(by_id("appointment-code"))).to_have_text(code)
        moved = next(one for one in (await admin.get("/appointments"))["items"] if one["state"] == "booked")
        assert (moved["moved_from"], moved["state_by"]) == (first["id"], "flow:main")
        assert moved["at"] != first["at"]

        await says(server, trunk, f"12{code}21")
        await expect(page.locator(by_id("appointment-state"))).to_have_text("已取消")
        await page.screenshot(path=tmp_path / "cancelled.png")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert faults == []
    told = (await admin.get("/customer-messages?kind=appointment&limit=50"))["items"]
    waiting = [message["text"] for message in told if message["state"] == "waiting"]
    assert len(waiting) == 1, "nobody is reminded of what is cancelled"
    assert "已取消" in waiting[0]
    calls = (await admin.get("/calls"))["items"]
    histories = [await admin.get(f"/calls/{one['id']}") for one in calls]
    assert all(code not in str(history) for history in histories), "the code is nobody else's"
    assert code not in server.log.read_text("utf-8")
    await admin.close()
    assert server.errors() == []


async def book(page: Page, folder: Path) -> str:
    """Tomorrow's first free place, from the calendar. Answers its code."""
    await page.click(by_id("menu-appointments"))
    await page.click(by_id("appointments-day"))
    await page.click(by_id("appointments-later"))
    await page.click(by_id("appointments-later"))
    free = page.locator(by_id("calendar-free"))
    await expect(free).to_have_count(3)
    await free.last.click()
    form = page.locator(by_id("appointment-form"))
    await expect(form.locator(".times .el-radio-button")).to_have_count(3)
    await form.locator(by_id("appointment-name")).fill("张三")
    await form.locator(by_id("appointment-phone")).fill(CALLER)
    await page.screenshot(path=folder / "form.png")
    await page.click(by_id("appointment-save"))
    await expect(page.locator(by_id("appointment-state"))).to_have_text("已预约")
    await expect(page.locator(by_id("calendar-appointment"))).to_have_count(1)
    await page.screenshot(path=folder / "booked.png")
    return (await page.locator(by_id("appointment-code")).inner_text()).strip()
