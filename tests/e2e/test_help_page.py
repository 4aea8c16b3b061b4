"""An agent calls for help in a call, and a supervisor listens from the alert and writes (AGT-03, AGT-04): two people at
two browsers, a real call, and what the supervisor's phone hears."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import ready, soon
from tests.e2e.test_rooms import AGENT, BOSS, CUSTOMER, conversation, office, picked_up, speaking, who_is_heard
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

__all__ = ["office"]
SHOTS = os.environ.get("STAFF_SHOTS", "")
LONG = 20_000


async def test_an_agent_asks_for_help_and_a_supervisor_listens_from_the_alert(
    server: RunningServer, office: tuple[Phone, Phone, Phone], tmp_path: Path
) -> None:
    trunk, phone, boss = office
    supervisor = await server.client("2001", "third-Secret-3")
    await supervisor.post("/agents/2001/state", {"state": "break", "reason": "work", "extension": "1003"})
    async with browser(tmp_path / "agent") as first, browser(tmp_path / "lead") as second:
        mine, theirs = first.pages[0], second.pages[0]
        faults = [watch(page) for page in (mine, theirs)]
        await sign_in(mine, server.web, "1001", "first-Secret-1")
        await sign_in(theirs, server.web, "2001", "third-Secret-3")
        await theirs.click(by_id("menu-customers"))

        program = await ready(server, "1001", "first-Secret-1")
        caller, agent = await conversation(trunk, phone)
        await mine.click(by_id("help-ask"))
        request = theirs.locator(by_id("help-request"))
        await expect(request).to_contain_text("138 0013 8000", timeout=LONG)
        await expect(request).to_have_attribute("data-state", "open")

        if SHOTS:
            await theirs.screenshot(path=f"{SHOTS}/help.png")
        await request.locator(by_id("help-listen")).click()
        listening = await picked_up(boss)
        await expect(mine.locator(by_id("help-state"))).to_contain_text("王班长", timeout=LONG)
        parties = {CUSTOMER: caller, AGENT: agent, BOSS: listening}
        async with speaking(parties):
            heard = await who_is_heard(parties, (CUSTOMER, AGENT, BOSS))
            assert heard == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}, BOSS: {CUSTOMER, AGENT}}

        await request.locator(by_id("help-write")).click()
        text = theirs.locator(f"{by_id('staff-text')}").first
        await text.fill("先答应他，我来签字")
        await theirs.click(by_id("staff-send"))
        mark = theirs.locator(by_id("staff-mark"))
        await expect(mark).to_contain_text("未读", timeout=LONG)
        await expect(mine.locator(by_id("staff-count"))).to_have_text("1", timeout=LONG)
        await mine.click(by_id("staff-bell"))
        if SHOTS:
            await mine.screenshot(path=f"{SHOTS}/drawer.png")
        await mine.click(by_id("staff-conversation"))
        await expect(mine.locator(by_id("staff-message"))).to_contain_text("先答应他")
        await expect(mark).to_contain_text("已读", timeout=LONG)
        await expect(mine.locator(by_id("staff-count"))).to_have_count(0, timeout=LONG)
        if SHOTS:
            await mine.screenshot(path=f"{SHOTS}/talk.png")
            await theirs.screenshot(path=f"{SHOTS}/talk-lead.png")

        await request.locator(by_id("help-resolve")).click()
        await expect(request).to_have_count(0, timeout=LONG)
        await expect(mine.locator(by_id("help-ask"))).to_be_visible(timeout=LONG)
        await caller.hang_up()
        await soon(agent.ended.wait())
        assert faults == [[], []]
    await program.close()
    await supervisor.close()
