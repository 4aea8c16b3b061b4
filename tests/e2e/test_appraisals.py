"""A real call is recorded; a supervisor scores it at its waveform, the agent disputes, the administrator corrects."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import call_in, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import tone


async def test_a_supervisor_scores_a_recorded_call_the_agent_disputes_and_it_is_corrected(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    call = await recorded(server, trunk, phone)
    async with browser(tmp_path / "supervisor") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/history/{call}")
        await page.click(by_id("appraise"))
        await page.click(by_id("appraise-1"))
        page.on("dialog", lambda asked: asyncio.ensure_future(asked.accept()))
        await scored(page)
        await pictures(page, tmp_path, "score")
        assert [one for one in faults if "422" not in one] == [], "the comment that was missing is refused"
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.goto(f"{server.web}/app/quality")
        await page.click(by_id("appraisal-row"))
        await expect(page.locator(by_id("appraisal-score"))).to_contain_text("93.75")
        await page.fill(f"{by_id('appraisal-text')} textarea, textarea{by_id('appraisal-text')}", "当时已经核对了身份")
        await page.click(by_id("appraisal-dispute"))
        await expect(page.locator(by_id("appraisal"))).to_have_attribute("data-state", "disputed")
        await pictures(page, tmp_path, "agent")
        assert faults == []
    async with browser(tmp_path / "admin") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/quality")
        await page.click(by_id("appraisal-row"))
        await page.fill(f"{by_id('appraisal-text')} textarea, textarea{by_id('appraisal-text')}", "听了，确实核对了")
        await page.click(by_id("appraisal-correct"))
        await page.check(by_id("answer-tone-5"))
        await page.click(by_id("appraisal-corrected"))
        await expect(page.locator(by_id("appraisal-score"))).to_contain_text("100.00")
        await expect(page.locator(by_id("score-before"))).to_contain_text("93.75")
        await page.click(by_id("quality-results"))
        await expect(page.locator(by_id("results-table"))).to_contain_text("100.00")
        for part in ("results", "plans", "templates", "calibrations"):
            await page.click(by_id(f"quality-{part}"))
            await page.wait_for_load_state("networkidle")
            await pictures(page, tmp_path, part)
        assert faults == []
    assert server.errors() == []


async def recorded(server: RunningServer, trunk: Phone, phone: Phone) -> str:
    """A conversation of some seconds; answers its call when the recording can be played."""
    async with await server.client("1001", "first-Secret-1") as agent:
        await agent.post("/agents/1001/state", {"state": "ready"})
        caller = await call_in(trunk)
        answered = await soon(phone.incoming.get())
        answered.answer()
        await soon(caller.answered.wait())
        speaking = asyncio.ensure_future(caller.talk.say(tone(440, 3.0)))
        await asyncio.sleep(3.0)
        await caller.hang_up()
        await soon(answered.ended.wait())
        speaking.cancel()

        def over(said: Any) -> bool:
            return bool(said["items"]) and said["items"][0]["ended_at"] is not None and bool(said["items"][0]["agent"])

        listed = await agent.until("/calls", over)
        name = listed["items"][0]["id"]
        await agent.until(
            f"/calls/{name}", lambda said: any(step["kind"] == "recording.finished" for step in said["story"])
        )
        return str(name)


async def scored(page: Page) -> None:
    """All that the scorecard asks, with a comment where few points were given, and a mark where one listened."""
    await expect(page.locator(by_id("scorecard"))).to_be_visible()
    await expect(page.locator(by_id("recording-lanes"))).to_be_visible()
    for question in ("greeting", "identity", "listening", "hold", "respect", "secrecy", "agreed", "farewell"):
        await page.check(by_id(f"answer-{question}-5"))
    for question in ("need", "solved", "record"):
        await page.check(by_id(f"answer-{question}-10"))
    await page.locator(by_id("question-knowledge")).locator("input").first.fill("15")
    await page.check(by_id("answer-tone-0"))
    await page.evaluate("document.querySelector('[data-testid=recording-audio]').currentTime = 1.5")
    await page.click(by_id("appraisal-submit"))
    await expect(page.locator(by_id("question-tone")).get_by_role("alert")).to_be_visible()
    await page.fill(f"input{by_id('comment-tone')}, {by_id('comment-tone')} input", "语速太快")
    await page.click(by_id("mark-tone"))
    await expect(page.locator(by_id("marked-tone"))).to_be_visible()
    await page.keyboard.press("Control+s")
    await expect(page.locator(by_id("appraisal"))).to_have_attribute("data-state", "open")
    await page.click(by_id("appraisal-submit"))
    await expect(page.locator(by_id("appraisal"))).to_have_attribute("data-state", "submitted")


async def pictures(page: Page, folder: Path, name: str) -> None:
    await page.screenshot(path=folder / f"{name}-zh.png")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing runs out of the page"
    await page.get_by_text("English", exact=True).first.click()
    await page.screenshot(path=folder / f"{name}-en.png")
    await page.get_by_text("中文", exact=True).first.click()
