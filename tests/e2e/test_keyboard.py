"""The whole of an agent's work by the keyboard alone, over real calls (AGT-01 to AGT-04, TEL-03).

The focus is followed key by key: it is always on something that can be seen and looks otherwise than without it, and it
is never lost when what had it goes away (a dialog, a button, a drawer).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import CALLER, call_in, soon
from tests.kit.browser import browser, by_id, watch
from tests.kit.server import RunningServer

MORE = """
outbound:
  - {match: "0.", trunks: [gateway], strip: 1}
dispositions:
  - {code: "1", title: 已解决, queues: [sales]}
  - {code: "2", title: 再联系, queues: [sales]}
"""
FOLLOWED = """
window.addEventListener('DOMContentLoaded', () => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important }')
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
})
let last = null
// How it looks with what surrounds it closely: a ring may be drawn around a field by the box that it lies in.
const look = (one) => {
    const parts = []
    for (let at = one, n = 0; at && at !== document.body && n < 4; at = at.parentElement, n++) parts.push(at)
    parts.push(...(one.parentElement?.children ?? []))
    return parts.map((part) => {
        const { outlineStyle, outlineWidth, boxShadow, borderColor, backgroundColor } = getComputedStyle(part)
        return [outlineStyle === 'none' ? '' : outlineWidth, boxShadow, borderColor, backgroundColor].join()
    }).join('|')
}
const area = (one) => {
    for (let at = one, n = 0; at && n < 3; at = at.parentElement, n++) {
        const { left, right, top, bottom, width, height } = at.getBoundingClientRect()
        if (width > 4 && height > 4) return { left, right, top, bottom }
    }
    return null
}
const named = (one) => one.outerHTML.replace(/\\s+/g, ' ').slice(0, 160)
const inSight = (one) => {
    const at = one && one.checkVisibility({ visibilityProperty: true }) && area(one)
    return at && at.right > 0 && at.bottom > 0 && at.left < innerWidth && at.top < innerHeight
}
const lost = () => !document.activeElement || document.activeElement === document.body
/** What is wrong with where the focus is now, and whether it was to be seen where it was before. patience: how often it
    is looked again, 20 ms apart: what goes away takes a moment to hand it on. */
window.followed = async (patience) => {
    const faults = []
    const later = () => new Promise((wake) => setTimeout(wake, 20))
    for (let n = 0; lost() && n < patience; n++) await later()
    if (lost()) return ['lost']
    for (let n = 0; !inSight(document.activeElement) && n < 25; n++) await later()
    const one = document.activeElement
    if (!inSight(one)) faults.push(`out of sight: ${named(one)}`)
    // A list that is open holds the ring of its field until it is closed. A dialog that has just opened is seen by
    // that, and holds the focus for a moment, until its first field has it.
    const opened = (what) => what.tabIndex < 0 && what.matches('.el-dialog, .el-drawer')
    const same = () =>
        last && last.one !== one && !opened(last.one) && last.one.checkVisibility() && look(last.one) === last.look
    for (let n = 0; same() && n < 25; n++) await later()
    if (same()) faults.push(`not to be seen: ${named(last.one)}`)
    last = { one, look: look(one) }
    return faults
}
"""
REACHED = """
(one) => document.activeElement.matches(one) || document.activeElement.closest('.el-select')?.matches(one)
"""
MOST_STEPS = 100


class Keys:
    """A person without a mouse. faults: where the focus was lost, or could not be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
            await self.follow(key)

    async def follow(self, after: str) -> None:
        """Where the focus is now; what goes away may take a moment to hand it on."""
        tabbed = "Tab" in after
        found = await self.page.evaluate("(patience) => window.followed(patience)", 0 if tabbed else 150)
        if found == ["lost"] and tabbed:  # the end of the page: from there one is at the browser's own bar
            await self.page.keyboard.press(after)
            found = await self.page.evaluate("window.followed(10)")
        self.faults += [f"{after}: {fault}" for fault in found]

    async def write(self, text: str) -> None:
        await self.page.keyboard.type(text)

    async def to(self, what: str, key: str = "Tab") -> None:
        """key again and again until the focus is there. what: a test id, or a selector."""
        selector = what if re.search(r"[\[. #]", what) else by_id(what)
        met: list[str] = []
        for _ in range(MOST_STEPS):
            met.append((await self.at())[:90])
            if await self.page.evaluate(REACHED, selector):
                return
            await self.press(key)
        raise AssertionError(f"{what} is not reached by {key}:\n" + "\n".join(met[:45]) + "\n".join(self.faults))

    async def at(self) -> str:
        return str(await self.page.evaluate("document.activeElement.outerHTML.slice(0, 300)"))


@asynccontextmanager
async def seated(server: RunningServer, folder: Path, login: str, password: str) -> AsyncIterator[Keys]:
    """Signed in by keys, with the agent's page open."""
    async with browser(folder / login) as context:
        await context.add_init_script(FOLLOWED)
        page = context.pages[0]
        faults = watch(page)
        keys = Keys(page)
        await page.goto(f"{server.web}/sign-in")
        await keys.to('input[name="login"]')
        await keys.write(login)
        await keys.press("Tab")
        await keys.write(password)
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/app/**")
        await expect(page.locator(by_id("state-sign-in"))).to_be_visible()
        yield keys
        assert keys.faults == []
        assert faults == []


@pytest.mark.timeout(150)
async def test_an_agents_day_without_a_mouse(  # noqa: PLR0915  # one day
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    site = SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port).replace("wrap_up: 2", "wrap_up: 300")
    await server.apply(site + MORE)
    colleague = await server.client("1002", "second-Secret-2")
    await colleague.post("/agents/1002/state", {"state": "break"})  # asked, and offered nothing
    async with seated(server, tmp_path, "1001", "first-Secret-1") as keys:
        page = keys.page
        word = page.locator(by_id("state-bar"))

        # Signed in to the queues, ready; a call comes, and its card, note and consultation are written.
        await keys.to("state-sign-in")
        await keys.press("Enter")
        await expect(word).to_have_attribute("data-state", "break")
        await keys.press("F8")
        await expect(word).to_have_attribute("data-state", "ready")
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        agent.answer()
        await expect(page.locator(by_id("control-hold"))).to_be_visible()
        await keys.to("customer-name")
        await keys.write("王小明")
        await keys.to("customer-sex")
        await keys.press("Enter", "ArrowDown", "Enter")
        await keys.to("customer-save")
        await keys.press("Enter")
        await expect(page.locator(by_id("customer-shown"))).to_contain_text("王小明")
        await keys.press("F2")
        await keys.write("想改签到周五")
        await keys.press("Control+Enter")
        await expect(page.locator(by_id("note-state"))).to_contain_text("已保存")
        await keys.to("consultation-new-call", "Shift+Tab")
        await keys.press("Enter")
        await expect(page.locator(by_id("consultation-form"))).to_be_visible()
        await keys.to(f"{by_id('consultation-form')} *")  # the dialog has the focus by itself
        await keys.to("consultation-category")
        await keys.press("Enter", "ArrowDown", "Enter")
        await keys.to("consultation-note")
        await keys.write("问退票费")
        await keys.to("consultation-save")
        await keys.press("Enter")
        await expect(page.locator(by_id("consultation-made"))).to_be_visible()
        await keys.press("Escape")
        await expect(page.locator(by_id("consultation-made"))).to_be_hidden()
        await expect(page.locator(by_id("consultation-new-call"))).to_be_focused()

        # On hold and back, and handed on after a word with the colleague.
        await keys.press("Alt+h")
        await expect(page.locator(by_id(f"person-{CALLER}"))).to_have_attribute("data-state", "waiting")
        await keys.press("Alt+h")
        await expect(page.locator(by_id("call-people"))).to_have_count(0)
        await keys.press("Alt+t")
        await expect(page.locator(by_id("choose-text"))).to_be_focused()
        await keys.press("Escape")
        await expect(page.locator(by_id("choose-text"))).to_have_count(0)
        await keys.press("Alt+t")
        await keys.write("1002")
        await page.locator('[role="option"][aria-selected="true"]:not([aria-disabled="true"])').wait_for()
        await keys.press("Control+Enter")
        asked = await soon(second_phone.incoming.get())
        asked.answer()
        await expect(page.locator(by_id("control-complete"))).to_be_visible()
        await keys.press("Alt+w")
        await soon(agent.ended.wait())
        await expect(word).to_have_attribute("data-state", "wrap_up")
        await keys.to('[type="radio"]')
        await keys.press("Space", "ArrowDown")
        await expect(page.locator('[type="radio"]:checked')).to_have_count(1)
        wrapped_up = (await colleague.get("/calls"))["items"][0]["id"]
        await colleague.until(f"/calls/{wrapped_up}", lambda said: said["disposition"])
        await keys.press("F4")
        await expect(word).to_have_attribute("data-state", "ready")
        await asked.hang_up()
        await soon(caller.ended.wait())

        # The rest of the day in English: the keys are the same, and stand in the help.
        await keys.to("lang-en", "Shift+Tab")
        await keys.press("Enter", "?")
        help_ = page.locator(by_id("keys-help"))
        await expect(help_).to_contain_text("Keyboard shortcuts")
        for told in ("Alt+H", "Alt+N", "Alt+O", "Ctrl+Alt+X", "F8", "Next call on the desk"):
            await expect(help_).to_contain_text(told)
        await keys.press("Escape")
        await expect(help_).to_be_hidden()
        await expect(page.locator(by_id("lang-en"))).to_be_focused()
        second = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        agent.answer()
        await expect(page.locator(by_id("control-hold"))).to_be_visible()
        await keys.press("F2")
        await keys.write("again")
        await keys.press("Alt+h")
        await expect(page.locator(by_id(f"person-{CALLER}"))).to_have_attribute("data-state", "waiting")
        await keys.press("Alt+n")
        await expect(page.locator(by_id("call-card"))).to_have_attribute("data-state", "ended")
        await keys.press("Alt+n")
        await keys.press("Control+Alt+x")
        await soon(second.ended.wait())
        await expect(word).to_have_attribute("data-state", "wrap_up")
        await keys.press("F4")
        await expect(word).to_have_attribute("data-state", "ready")
        await keys.press("F9")
        await expect(word).to_have_attribute("data-state", "break")
        await keys.to("state-break", "Shift+Tab")
        await keys.press("Enter", "ArrowDown", "ArrowDown", "Enter")
        await expect(word).to_have_attribute("data-state", "break")

        # What was: the tab is closed, opened again out of today's list, and looked up in the history.
        await keys.to('[role="tab"][aria-keyshortcuts="Delete"]')
        await keys.press("Delete")
        await expect(page.locator('[role="tab"][aria-keyshortcuts="Delete"]')).to_have_count(1)
        await keys.to('[data-testid="own-calls"] [data-testid="past-call"]')
        await keys.press("Enter")
        await expect(page.locator(by_id("note"))).to_have_value("again")
        await keys.to("menu-history", "Shift+Tab")
        await keys.press("Enter")
        await keys.to("history-row")
        await keys.press("Enter")
        await expect(page.locator(by_id("call-drawer"))).to_contain_text("138 0013 8000")
        await keys.press("Tab", "Escape")
        await expect(page.locator(by_id("call-drawer"))).to_be_hidden()
        await expect(page.locator(by_id("history-row")).first).to_be_focused()

        # A word to the colleague, a call to them, and home.
        await keys.press("Alt+o")
        await keys.to("staff-write-to")
        await keys.write("1002")
        await keys.press("Enter")
        await expect(page.locator(by_id("staff-text"))).to_be_focused()
        await keys.write("午饭吗")
        await keys.press("Enter")
        await expect(page.locator(by_id("staff-message"))).to_contain_text("午饭吗")
        await keys.press("Escape")
        await expect(page.locator(by_id("staff-drawer"))).to_have_count(0)
        await expect(page.locator(by_id("history-row")).first).to_be_focused()
        await keys.to("menu-desk", "Shift+Tab")
        await keys.press("Enter", "Alt+l")
        await keys.write("1002")
        await keys.to("book-dial-1002")
        await keys.press("Enter")
        agent = await soon(phone.incoming.get())
        agent.answer()
        asked = await soon(second_phone.incoming.get())
        asked.answer()
        await expect(page.locator(by_id("control-hold"))).to_be_visible()
        await keys.press("Control+Alt+x")
        await soon(asked.ended.wait())
        await expect(word).to_have_attribute("data-state", "break")
        await keys.to("state-sign-out", "Shift+Tab")
        await keys.press("Enter")
        await expect(word).to_have_attribute("data-state", "signed_out")
        await keys.to("who", "Shift+Tab")
        await keys.press("Enter", "ArrowUp")
        await keys.to("leave", "ArrowUp")
        await page.keyboard.press("Enter")
        await expect(page.locator('input[name="password"]')).to_be_visible()
    assert server.errors() == []
    await colleague.close()
