"""A complaint as four people meet it: written down in a call, dispatched, reviewed, late, handled, answered by a call,
closed; and each of its states and times as the database has them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_clock_set import SERVER, Hand
from tests.e2e.test_first_call import CALLER, call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

OFFICE = """
outbound:
  - {match: "1.", trunks: [gateway]}
users:
  - {login: "3001", name: 赵经理, role: manager, password: "fourth-Secret-4"}
teams:
  - {name: service, title: 售后部, members: ["1002"], leaders: ["2001"]}
"""
LATE = timedelta(minutes=31)


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path / "clock")


@pytest.fixture
async def server(tmp_path_factory: pytest.TempPathFactory, hand: Hand) -> AsyncIterator[RunningServer]:
    """Its clock can be moved."""
    running = RunningServer(tmp_path_factory.mktemp("office"), program=("-c", SERVER.format(path=str(hand.file))))
    await running.start()
    yield running
    await running.end()


async def opens(page: Page, server: RunningServer, number: str) -> None:
    """From the list, by the keyboard."""
    await page.goto(f"{server.web}/app/complaints")
    row = page.locator(by_id("complaint-row")).filter(has_text="漏水")
    await row.focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(by_id("complaint-panel"))).to_have_attribute("data-number", number)


async def is_at(page: Page, state: str) -> None:
    await expect(page.locator(by_id("complaint-panel"))).to_have_attribute("data-state", state, timeout=20_000)


async def test_a_complaint_goes_its_way_by_four_people(
    server: RunningServer, trunk: Phone, phone: Phone, hand: Hand, tmp_path: Path
) -> None:
    await server.apply(OFFICE)
    faults: list[list[str]] = []
    async with browser(tmp_path / "agent") as agent:
        page = agent.pages[0]
        faults.append(watch(page))
        number = await written_down_in_a_call(page, server, trunk, phone, tmp_path)
        async with browser(tmp_path / "head") as context:
            faults.append(watch(context.pages[0]))
            await reviewed(context.pages[0], server, number, tmp_path)
        async with browser(tmp_path / "person") as context:
            faults.append(watch(context.pages[0]))
            await late_and_handled(context.pages[0], server, number, hand, tmp_path)
        await answered_by_a_call(page, trunk, phone, tmp_path)
    async with browser(tmp_path / "manager", language="en") as context:
        page = context.pages[0]
        faults.append(watch(page))
        await context.add_cookies([{"name": "callcenterd_language", "value": "en", "url": server.web}])
        await closed(page, server, number, tmp_path)
    # The browser itself tells of the two forms that were refused.
    assert [fault for each in faults for fault in each if "422" not in fault] == []
    as_the_database_has_it(server, number)
    assert server.errors() == []


async def written_down_in_a_call(page: Page, server: RunningServer, trunk: Phone, phone: Phone, folder: Path) -> str:
    await sign_in(page, server.web, "1001", "first-Secret-1")
    await page.click(by_id("state-sign-in"))
    await page.click(by_id("state-ready"))
    caller = await call_in(trunk)
    ringing = await soon(phone.incoming.get())
    ringing.answer()
    await expect(page.locator(by_id("hang-up"))).to_be_visible()
    await page.locator(by_id("call-card")).locator(by_id("complaint-new-call")).click()
    await expect(page.locator(by_id("complaint-phone"))).to_have_value(CALLER)
    await page.click(by_id("complaint-save"))
    await expect(page.locator(".el-form-item__error")).to_have_count(2)
    await page.click(by_id("complaint-type"))
    await page.click(by_id("complaint-type-product"))
    await page.locator(by_id("complaint-aspect-service")).click()
    await page.locator(by_id("complaint-reason")).fill("水箱漏水，两次没修好")
    await page.locator(by_id("complaint-name")).fill("张三")
    await page.screenshot(path=folder / "complaint-form.png")
    await page.click(by_id("complaint-save"))
    await is_at(page, "registered")
    number = await page.locator(by_id("complaint-panel")).get_attribute("data-number")
    assert number is not None
    assert number.startswith("TS")
    await page.click(by_id("complaint-move-dispatch"))
    await page.click(by_id("complaint-confirm"))
    await expect(page.locator(".el-form-item__error")).to_have_count(1)
    await page.click(by_id("complaint-team"))
    await page.click(by_id("complaint-team-service"))
    await page.screenshot(path=folder / "complaint-dispatch.png")
    await page.click(by_id("complaint-confirm"))
    await is_at(page, "review")
    await expect(page.locator(by_id("complaint-move-stands"))).to_have_count(0)
    await expect(page.locator(by_id("complaint-correct"))).to_have_count(0)
    await caller.hang_up()
    await soon(ringing.ended.wait())
    return number


async def reviewed(page: Page, server: RunningServer, number: str, folder: Path) -> None:
    await sign_in(page, server.web, "2001", "third-Secret-3")
    await opens(page, server, number)
    await page.click(by_id("complaint-correct"))
    await page.locator(by_id("complaint-project_number")).fill("P-77")
    await page.click(by_id("complaint-save"))
    await expect(page.locator(by_id("complaint-states"))).to_contain_text("更正")
    await page.click(by_id("complaint-move-stands"))
    await page.click(by_id("complaint-person"))
    await page.click(by_id("complaint-person-1002"))
    minutes = page.locator(by_id("complaint-minutes")).locator("input")
    await minutes.fill("30")
    await minutes.blur()
    await page.screenshot(path=folder / "complaint-review.png")
    await page.click(by_id("complaint-confirm"))
    await is_at(page, "in_progress")
    await expect(page.locator(by_id("complaint-standing"))).to_contain_text("李四")


async def late_and_handled(page: Page, server: RunningServer, number: str, hand: Hand, folder: Path) -> None:
    """The clock goes past the limit: the person is told on the page, and sees it in the list and on the board."""
    await sign_in(page, server.web, "1002", "second-Secret-2")
    await opens(page, server, number)
    hand.set(LATE)
    news = page.locator(".duty-news")
    await expect(news.filter(has_text="已到期").filter(has_text=number)).to_be_visible(timeout=45_000)
    await page.reload()  # the page's own clock follows the server's
    await expect(page.locator(by_id("complaint-panel"))).to_have_attribute("data-late", "overdue")
    await expect(page.locator(by_id("complaint-row"))).to_have_attribute("data-late", "overdue")
    await expect(page.locator(by_id("complaints-late"))).to_contain_text("1")
    await page.screenshot(path=folder / "complaint-late.png")
    await page.get_by_role("tab", name="看板").click()
    column = page.locator('.column[data-state="in_progress"]')
    await expect(column.locator(by_id("complaint-card"))).to_contain_text("水箱漏水")
    await page.screenshot(path=folder / "complaints-board.png")
    await page.click(by_id("complaint-move-handled"))
    await page.locator(by_id("complaint-result")).fill("已更换水箱并致歉")
    await page.click(by_id("complaint-confirm"))
    await is_at(page, "handled")
    await expect(page.locator(by_id("complaint-dial"))).to_have_count(0)


async def answered_by_a_call(page: Page, trunk: Phone, phone: Phone, folder: Path) -> None:
    """The duty says what to say and to whom; it is closed, and the complaint answered, when the customer picks up."""
    await is_at(page, "handled")
    await page.click(by_id("menu-duties"))
    row = page.locator(by_id("duty-row")).filter(has_text="漏水")
    await expect(row).to_contain_text("投诉回复")
    await row.click()
    await expect(page.locator(by_id("duty-panel"))).to_contain_text("已更换水箱并致歉")
    await expect(page.locator(by_id("duty-done"))).to_have_count(0)
    await page.screenshot(path=folder / "complaint-duty.png")
    await page.click(by_id("duty-open-record"))
    await page.click(by_id("complaint-dial"))
    own = await soon(phone.incoming.get())
    own.answer()
    customer = await soon(trunk.incoming.get())
    customer.ring()
    customer.answer()
    await is_at(page, "answered")
    await customer.hang_up()
    await soon(own.ended.wait())
    await page.screenshot(path=folder / "complaint-answered.png")


async def closed(page: Page, server: RunningServer, number: str, folder: Path) -> None:
    await sign_in(page, server.web, "3001", "fourth-Secret-4")
    await opens(page, server, number)
    await page.click(by_id("complaint-move-close"))
    await page.locator(by_id("complaint-satisfaction-satisfied")).click()
    await page.screenshot(path=folder / "complaint-close-english.png")
    await page.click(by_id("complaint-confirm"))
    await is_at(page, "closed")
    await expect(page.locator(by_id("complaint-states"))).to_contain_text("Close")
    await page.screenshot(path=folder / "complaint-closed-english.png", full_page=True)


def as_the_database_has_it(server: RunningServer, number: str) -> None:
    """Each state with who brought it there and when, in order; no duty left; what was told when late."""
    with closing(sqlite3.connect(server.folder / "var" / "callcenter.db")) as database:
        states = database.execute(
            "SELECT s.state, s.by, s.at, s.kind FROM complaint_states s JOIN complaints c ON c.id = s.complaint_id"
            " WHERE c.number = ? ORDER BY s.id",
            (number,),
        ).fetchall()
        record = database.execute(
            "SELECT state, state_at, stands, satisfaction, responsible, project_number, due FROM complaints"
            " WHERE number = ?",
            (number,),
        ).fetchone()
        steps = database.execute(
            "SELECT d.kind, s.kind, s.by FROM duty_steps s JOIN duties d ON d.id = s.duty_id"
            " WHERE d.title LIKE ? ORDER BY s.id",
            (f"{number}%",),
        ).fetchall()
        open_ones = database.execute("SELECT count(*) FROM duties WHERE state = 'open'").fetchone()
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            database.execute("UPDATE complaint_states SET at = '2000-01-01T00:00:00.000000+00:00'")
    assert [(state, by) for state, by, _, kind in states if kind != "corrected"] == [
        ("registered", "1001"),
        ("review", "1001"),
        ("in_progress", "2001"),
        ("handled", "1002"),
        ("answered", "1001"),
        ("closed", "3001"),
    ]
    times = [datetime.fromisoformat(at) for _, _, at, _ in states]
    assert times == sorted(times)
    by_state = {state: datetime.fromisoformat(at) for state, _, at, _ in states}
    assert by_state["handled"] - by_state["in_progress"] >= timedelta(minutes=30), "it was late"
    assert record == ("closed", states[-1][2], 1, "satisfied", "1002", "P-77", None)
    assert open_ones == (0,)
    told = [(step, by) for kind, step, by in steps if kind == "complaint_step" and by == "system"]
    assert told == [("overdue", "system"), ("escalated", "system")]
    assert [(step, by) for kind, step, by in steps if kind == "complaint_answer"] == [
        ("created", "1002"),
        ("done", "1001"),
    ]
