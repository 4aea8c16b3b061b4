"""The network between pages and server is cut, and the server is killed behind it: the pages say so, come back by
themselves and show what is; what somebody has half typed is still there, and what was saved just then is there once.

It takes CUT_SECONDS (6); `CUT_SECONDS=60` is the whole minute, on a line that goes dead without a word.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Locator, Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import call_in, soon
from tests.kit.browser import browser, by_id, sign_in
from tests.kit.cable import Cable
from tests.kit.lanes import free_port
from tests.kit.server import RunningServer

SECONDS = float(os.environ.get("CUT_SECONDS", "6"))
SILENT = SECONDS > 45
"""A page says after half a minute that it hears nothing."""
PATIENCE = 45_000
"""Milliseconds: a page takes up to 15 seconds between two tries, on a machine that others share."""


@dataclass
class Form:
    """place: the page it is on. opens: what is clicked there. field: in which something is typed; after: what stands in
    it then. lists, named: where it is, once it is saved, by which field."""

    place: str
    opens: tuple[str, ...]
    field: str
    typed: str

    async def open(self, page: Page) -> Locator:
        for name in self.opens:
            await page.locator(by_id(name)).first.click()
        field = page.locator(by_id(self.field)).first
        await expect(field).to_be_visible(timeout=PATIENCE)
        return field


def forms(customer: int) -> dict[str, Form]:
    theirs = f"/app/customers/{customer}"
    return {
        "consultation": Form("/app/consultations", ("consultation-new",), "consultation-note", "咨询写到一半"),
        "complaint": Form("/app/complaints", ("complaint-new",), "complaint-reason", "投诉写到一半"),
        "follow-up": Form("/app/follow-ups", ("follow-up-new",), "follow-up-content", "回访写到一半"),
        "task": Form("/app/duties", ("duty-new",), "duty-note", "任务写到一半"),
        "customer": Form("/app/customers/new", (), "customer-name", "客户写到一半"),
        "known customer": Form(theirs, ("customer-edit",), "customer-name", "张三改到一半"),
        "appointment": Form(theirs, ("appointment-new-call",), "appointment-note", "预约写到一半"),
        "message": Form(theirs, ("write-message",), "write-text", "短信写到一半"),
        "proposal": Form(theirs, ("proposal-new",), "proposal-title", "建议书写到一半"),
    }


async def a_proposal_template(server: RunningServer) -> None:
    admin = await server.client()
    words = {"name_zh": "方案", "name_en": "Proposal", "text_zh": "尊敬的客户：", "text_en": "Dear customer,"}
    await admin.post("/proposal-templates", words)


async def opened(context: BrowserContext, web: str, wanted: dict[str, Form]) -> dict[str, Page]:
    """Each form on a page of its own, half filled in."""
    pages = {}
    for name, form in wanted.items():
        page = await context.new_page()
        await page.goto(web + form.place)
        field = await form.open(page)
        await field.fill(form.typed)
        pages[name] = page
    return pages


async def talk_to(page: Page, name: str) -> None:
    """The drawer of messages, at that colleague."""
    await page.locator(by_id("staff-bell")).click()
    await page.locator(by_id("staff-write-to")).click()
    await page.get_by_role("option", name=name).click()
    await expect(page.locator(by_id("staff-text"))).to_be_visible(timeout=PATIENCE)


async def say_so(pages: list[Page]) -> None:
    for page in pages:
        await expect(page.locator(by_id("connection-lost"))).to_contain_text("连接已断开", timeout=PATIENCE)
        await expect(page.locator(by_id("connection-lost"))).to_contain_text("留在这台电脑上")


async def are_back(pages: list[Page]) -> None:
    await pages[0].locator(by_id("connection-lost")).get_by_role("button").click()
    for page in pages:
        await expect(page.locator(by_id("connection-lost"))).to_have_count(0, timeout=PATIENCE)


async def by_and_by(met: Callable[[], Awaitable[bool]], what: str) -> None:
    async with asyncio.timeout(30):
        while not await met():
            await asyncio.sleep(0.2)
    assert await met(), what


async def shows_the_truth(server: RunningServer, desk: Page, wall: Page) -> None:
    """Agents, queues and lines on the wall, and the agent's own bar, are what the API says."""
    boss = await server.client("2001", "third-Secret-3")

    async def agree() -> bool:
        said = await boss.get("/live")
        agents = {one["login"]: one["state"] for one in said["agents"]}
        rows = await wall.locator(by_id("live-agent")).all()
        shown = {str(await row.get_attribute("data-agent")): await row.get_attribute("data-state") for row in rows}
        waiting = {one["name"]: str(len(one["waiting"])) for one in said["queues"]}
        queues = wall.locator(by_id("live-queue"))
        queued = {
            str(await row.get_attribute("data-queue")): (await row.locator(by_id("queue-waiting")).inner_text()).strip()
            for row in await queues.all()
        }
        lines = {str(await row.get_attribute("data-call")) for row in await wall.locator(by_id("live-line")).all()}
        own = await desk.locator(by_id("state-bar")).get_attribute("data-state")
        return (
            shown == agents
            and queued == waiting
            and lines == {one["call"] for one in said["lines"]}
            and own == agents["1001"]
        )

    await by_and_by(agree, "the pages show something else than the API says")


@pytest.mark.timeout(300 + 4 * SECONDS)  # eleven pages on a machine that others share
async def test_pages_outlive_a_cut_and_a_killed_server_and_nothing_typed_is_lost(  # noqa: PLR0915  # one evening
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    admin = await server.client()
    customer = (await admin.post("/customers", {"name": "张三", "phones": ["13911112222"]}))["id"]
    await a_proposal_template(server)
    await admin.post("/agents/1001/state", {"state": "ready"})
    wanted = forms(customer)
    async with (
        Cable(server.http_port, at=free_port(socket.SOCK_STREAM)) as cable,
        browser(tmp_path / "agent") as context,
        browser(tmp_path / "boss") as other,
    ):
        desk, wall = context.pages[0], other.pages[0]
        await sign_in(desk, cable.web, "1001", "first-Secret-1")
        await sign_in(wall, cable.web, "2001", "third-Secret-3")
        await desk.goto(f"{cable.web}/app/desk")
        await wall.goto(f"{cable.web}/app/live")
        await wall.locator(by_id("live-only-present")).click()  # who is signed out is shown too
        written = await opened(context, cable.web, wanted)
        await talk_to(wall, "张三")
        await wall.locator(by_id("staff-text")).fill("同事的消息写到一半")

        caller = await call_in(trunk)
        leg = await soon(phone.incoming.get())
        leg.ring()
        leg.answer()
        await expect(desk.locator(by_id("call-card"))).to_have_attribute("data-state", "talking", timeout=PATIENCE)
        await expect(wall.locator(f'{by_id("live-agent")}[data-agent="1001"]')).to_have_attribute(
            "data-state", "talking"
        )
        call = str(await desk.locator(by_id("call-card")).get_attribute("data-call"))
        note = desk.locator(by_id("note"))
        await note.fill("断网前写的，")
        pages = [desk, wall, *written.values()]

        over = asyncio.get_running_loop().time() + SECONDS
        if SILENT:
            cable.swallow()
        else:
            await cable.cut()
        await say_so(pages)
        await note.press_sequentially("断网时写的")
        await wall.locator(by_id("staff-text")).press_sequentially("，断网时又写")
        await desk.screenshot(path=tmp_path / "cut-desk.png")
        await written["consultation"].screenshot(path=tmp_path / "cut-form.png")

        # What the pages do not see: the call ends, the server is killed, somebody sets the agent on break, one waits.
        await caller.hang_up()
        await admin.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
        await server.kill()
        await server.start()
        admin = await server.client()
        await admin.post("/agents/1001/state", {"state": "break"})
        waits = await call_in(trunk, "2")
        await asyncio.sleep(max(0.0, over - asyncio.get_running_loop().time()))  # it is as long as it is

        await cable.mend()
        await are_back(pages)
        await shows_the_truth(server, desk, wall)
        await expect(desk.locator(by_id("state-bar"))).to_have_attribute("data-state", "break", timeout=PATIENCE)
        await expect(desk.locator(by_id("call-card"))).to_have_attribute("data-state", "ended", timeout=PATIENCE)
        await admin.until(f"/calls/{call}", lambda said: said["note"] == "断网前写的，断网时写的")
        for name, form in wanted.items():
            await expect(written[name].locator(by_id(form.field)).first).to_have_value(form.typed)
        await expect(wall.locator(by_id("staff-text"))).to_have_value("同事的消息写到一半，断网时又写")
        await waits.hang_up()

        await after_a_reload(written, wanted, tmp_path)
        await wall.reload()
        await talk_to(wall, "张三")
        await expect(wall.locator(by_id("staff-text"))).to_have_value(
            "同事的消息写到一半，断网时又写", timeout=PATIENCE
        )
        await saved_and_thrown_away(server, written, wanted)
    assert [one for one in server.errors() if one["level"] != "raw"] == []


async def after_a_reload(written: dict[str, Page], wanted: dict[str, Form], folder: Path) -> None:
    """What was half typed is there, with the word that it is a draft; the button that opens it says so before."""
    for name, form in wanted.items():
        page = written[name]
        await page.reload()
        for button in form.opens:
            await expect(page.locator(by_id(button)).first.locator(by_id("draft-mark"))).to_have_text(
                "草稿", timeout=PATIENCE
            )
        field = await form.open(page)
        await expect(field).to_have_value(form.typed, timeout=PATIENCE)
        await expect(page.locator(by_id("draft-note")).first).to_contain_text("还没有保存")
        await page.screenshot(path=folder / f"draft-{name.replace(' ', '-')}.png")


async def saved_and_thrown_away(server: RunningServer, written: dict[str, Page], wanted: dict[str, Form]) -> None:
    """Saved, a draft is one no more; thrown away, too."""
    admin = await server.client()
    page = written["task"]
    await page.locator(by_id("duty-title")).fill("断网后保存")
    await page.locator(by_id("duty-save")).click()
    tasks = await admin.until("/duties", lambda said: any(one["kind"] == "task" for one in said["items"]))
    assert [one["note"] for one in tasks["items"] if one["kind"] == "task"] == ["任务写到一半"]
    await expect(page.locator(by_id("duty-new")).locator(by_id("draft-mark"))).to_have_count(0)
    page = written["complaint"]
    await page.locator(by_id("draft-discard")).click()
    await expect(page.locator(by_id(wanted["complaint"].field))).to_have_value("")
    await page.reload()
    await expect(page.locator(by_id("complaint-new"))).to_be_visible(timeout=PATIENCE)
    await expect(page.locator(by_id("draft-mark"))).to_have_count(0)


async def test_what_was_saved_just_when_the_line_broke_is_there_once(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    """The request arrives and its answer does not; the server is killed; the agent presses Save once more."""
    admin = await server.client()
    async with (
        Cable(server.http_port, at=free_port(socket.SOCK_STREAM)) as cable,
        browser(tmp_path / "agent") as context,
    ):
        page = context.pages[0]
        await sign_in(page, cable.web, "1001", "first-Secret-1")
        await page.goto(f"{cable.web}/app/complaints")
        await page.locator(by_id("complaint-new")).click()
        await page.locator(by_id("complaint-type")).click()
        await page.get_by_role("option").locator("visible=true").first.click()
        await page.locator(by_id("complaint-reason")).fill("断网时提交的投诉")
        cable.swallow_answers()
        await page.locator(by_id("complaint-save")).click()
        await admin.until("/complaints", lambda said: said["total"] == 1)
        await cable.cut()
        await server.kill()
        await expect(page.locator(".el-message--error")).to_contain_text("连不上服务器", timeout=PATIENCE)
        await expect(page.locator(by_id("complaint-reason"))).to_have_value("断网时提交的投诉")
        await page.screenshot(path=tmp_path / "not-answered.png")
        await server.start()
        await cable.mend()
        await are_back([page])
        await page.locator(by_id("complaint-save")).click()
        await expect(page.locator(by_id("complaint-panel"))).to_be_visible(timeout=PATIENCE)
    admin = await server.client()
    kept: list[dict[str, Any]] = (await admin.get("/complaints"))["items"]
    assert [one["reason"] for one in kept] == ["断网时提交的投诉"]
