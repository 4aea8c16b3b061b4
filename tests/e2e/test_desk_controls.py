"""The desk's other controls in a browser, over real calls: record, park and fetch, bring in, complete, pick up, hand on
to an outside number, dial again, and a recording heard at the own phone. What each phone hears is measured (TEL-03)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import OFFICE, TRUNK_HOST
from tests.e2e.test_call_control import HERTZ, choose, close, who
from tests.e2e.test_first_call import call_in, ready, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level

SITE = (
    OFFICE
    + """outbound:
  - {{match: ".", trunks: [gateway]}}
queues:
  - {{name: sales, title: 销售, members: ["1001", "1002"], wrap_up: 0, ring: 20, record: false}}
"""
)
OUTSIDE = "13900000000"


async def picked_up(phone: Phone) -> PhoneCall:
    call: PhoneCall = await soon(phone.incoming.get())
    call.ring()
    call.answer()
    await soon(call.answered.wait())
    return call


async def hears(call: PhoneCall, *names: str) -> None:
    """Until each of them was heard, by their tones; sooner or later, in any order."""
    async with asyncio.timeout(20):
        while True:
            sound = call.talk.heard()
            parts = [sound[at : at + 1600] for at in range(0, len(sound) - 1600, 800)]
            if all(any(level(part, HERTZ[name]) > 1500 for part in parts) for name in names):
                return
            await asyncio.sleep(0.1)


async def test_the_other_controls_from_the_page(  # noqa: PLR0915  # a shift at one desk
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
    owner = await ready(server, "1001", "first-Secret-1")
    colleague = await ready(server, "1002", "second-Secret-2")
    await colleague.post("/agents/1002/state", {"state": "break"})
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        agent = await picked_up(phone)
        await expect(page.locator(by_id("recording-state"))).to_have_count(0)
        await page.locator(by_id("control-record")).click()
        await expect(page.locator(by_id("recording-state"))).to_contain_text("正在录音")
        await who("1<c c<1", c=caller, _1=agent)
        call = await page.locator(by_id("call-card")).get_attribute("data-call")

        # Parked: the customer hears music, and is fetched from the phone book.
        await page.keyboard.press("Alt+p")
        await soon(agent.ended.wait())
        await who("c<~", c=caller)
        await page.keyboard.press("Alt+l")
        await page.locator(by_id("fetch-1")).click()
        agent = await picked_up(phone)
        await expect(page.locator(by_id("parked-1"))).to_have_count(0)
        await who("1<c c<1", c=caller, _1=agent)

        # Brought in: all three hear each other; then a colleague is asked, and the call is theirs.
        await choose(page, "Alt+i", "1002")
        third = await picked_up(second_phone)
        await who("1<2 1<c 2<1 2<c c<1 c<2", c=caller, _1=agent, _2=third)
        await third.hang_up()
        await who("1<c c<1", c=caller, _1=agent)
        await choose(page, "Alt+c", "1002")
        third = await picked_up(second_phone)
        await expect(page.locator(by_id("control-complete"))).to_be_visible()
        await who("1<2 2<1 c<~", c=caller, _1=agent, _2=third)
        await page.keyboard.press("Alt+w")
        await soon(agent.ended.wait())
        await who("2<c c<2", c=caller, _2=third)
        await third.hang_up()
        await soon(caller.ended.wait())

        # What rings at a colleague is picked up here, and handed on to a number outside.
        await owner.post("/agents/1001/state", {"state": "break"})
        await colleague.post("/agents/1002/state", {"state": "ready"})
        caller = await call_in(trunk)
        rings = await soon(second_phone.incoming.get())
        rings.ring()
        await page.locator(by_id("pick-up-1002")).click()
        agent = await picked_up(phone)
        await soon(rings.ended.wait())
        await who("1<c c<1", c=caller, _1=agent)
        await choose(page, "Alt+t", OUTSIDE)
        outside = await picked_up(trunk)
        await soon(agent.ended.wait())
        await who("2<c c<2", c=caller, _2=outside)
        await caller.hang_up()
        await soon(outside.ended.wait())

        # Dialled again: the own phone first, then whoever it was.
        await page.locator(by_id("control-again")).click()
        agent = await picked_up(phone)
        customer = await picked_up(trunk)
        await who("1<c c<1", c=customer, _1=agent)
        await page.locator(by_id("hang-up")).click()
        await soon(customer.ended.wait())
        await soon(agent.ended.wait())

        # The first call's recording, at the own phone: both sides; a key ends it.
        await page.locator(by_id("strip-today")).click()
        await page.locator(f'{by_id("past-call")}[data-call="{call}"]').first.click()
        await page.locator(by_id("tab-recording")).click()
        await expect(page.locator(by_id("recording-lanes"))).to_be_visible()
        await page.locator(by_id("recording-replay")).click()
        replay = await picked_up(phone)
        await hears(replay, "c", "1")
        replay.talk.press("#")
        await soon(replay.ended.wait())
        assert faults == []
    assert (await owner.get("/calls"))["total"] == 3, "a replay is no call of the office"
    assert server.errors() == []
    await close(owner, colleague)
