"""A ringing call is declined on the page, of a phone on the desk and of the page as a phone: the caller hears music
meanwhile and is given to the next agent, or waits on (TEL-03, AGT-02). What each of them hears is measured."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import OFFICE, TRUNK_HOST
from tests.e2e.test_call_control import close, who
from tests.e2e.test_first_call import call_in, ready, soon
from tests.e2e.test_page_phone import SPOKEN, go_ready, open_desk, switch_on
from tests.kit.browser import browser, by_id, microphone, sign_in, watch
from tests.kit.server import RunningServer

SITE = (
    OFFICE
    + """queues:
  - {{name: sales, title: 销售, strategy: longest_idle, members: ["1001", "1002"], wrap_up: 0, ring: 60, retry: 3}}
"""
)


async def test_a_call_declined_on_the_desk_rings_at_the_next_agent_and_waits_with_music_where_there_is_none(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
    first = await ready(server, "1001", "first-Secret-1")  # idle for longest: asked first
    second = await ready(server, "1002", "second-Secret-2")
    async with browser(tmp_path / "agent") as context, browser(tmp_path / "colleague") as other:
        page, colleague = context.pages[0], other.pages[0]
        faults = [watch(page), watch(colleague)]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await sign_in(colleague, server.web, "1002", "second-Secret-2")
        card, bar = page.locator(by_id("call-card")), page.locator(by_id("state-bar"))

        caller = await call_in(trunk)
        rings = await soon(phone.incoming.get())
        rings.ring()
        await expect(card).to_have_attribute("data-state", "ringing")
        await who("c<~", c=caller)
        await expect(page.locator(by_id("hang-up"))).to_contain_text("拒接")
        await page.locator(by_id("hang-up")).click()
        await soon(rings.ended.wait())
        goes_on = await soon(second_phone.incoming.get())
        goes_on.ring()
        await expect(card).to_have_attribute("data-state", "ended")
        await expect(card).to_contain_text("未接通")
        await expect(bar).to_have_attribute("data-state", "ready")  # a call was declined, and not the work
        await expect(colleague.locator(by_id("call-card"))).to_have_attribute("data-state", "ringing")
        await who("c<~", c=caller)
        goes_on.answer()
        await who("2<c c<2", c=caller, _2=goes_on)
        await expect(bar).to_have_attribute("data-state", "ready")

        # Nobody else is free now: the next caller waits with music, and the same agent is asked once more.
        waiting = await call_in(trunk)
        rings = await soon(phone.incoming.get())
        rings.ring()
        await page.locator(by_id("hang-up")).click()
        await soon(rings.ended.wait())
        await who("2<c c<2", c=caller, _2=goes_on)
        again = await soon(phone.incoming.get())
        again.ring()
        await who("c<~", c=waiting)
        again.answer()
        await who("1<c c<1", c=waiting, _1=again)
        await page.locator(by_id("hang-up")).click()
        await soon(waiting.ended.wait())
        await colleague.locator(by_id("hang-up")).click()
        await soon(caller.ended.wait())
        assert faults == [[], []]
    found = (await first.until("/calls", lambda said: all(call["ended_at"] for call in said["items"])))["items"]
    assert [(call["outcome"], call["agent"]) for call in found] == [("answered", "1001"), ("answered", "1002")]
    for call in found:
        kinds = [step["kind"] for step in (await first.get(f"/calls/{call['id']}"))["story"]]
        assert kinds.count("offer.declined") == 1
    assert server.errors() == []
    await close(first, second)


async def test_a_call_declined_in_the_page_as_a_phone_rings_at_the_next_agent(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
    async with browser(tmp_path / "agent", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        faults = watch(page)
        await open_desk(page, server)
        await switch_on(page)
        await go_ready(page)
        second = await ready(server, "1002", "second-Secret-2")
        caller = await call_in(trunk)
        await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "ringing", timeout=15_000)
        await expect(page.locator(by_id("phone-hang-up"))).to_contain_text("拒接")
        await page.locator(by_id("phone-hang-up")).click()
        goes_on = await soon(second_phone.incoming.get())
        goes_on.ring()
        await expect(page.locator(by_id("phone-strip"))).to_have_count(0)
        await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "on")
        await expect(page.locator(by_id("state-bar"))).to_have_attribute("data-state", "ready")
        await who("c<~", c=caller)
        goes_on.answer()
        await who("2<c c<2", c=caller, _2=goes_on)
        await caller.hang_up()
        await soon(goes_on.ended.wait())
        assert faults == []
    assert server.errors() == []
    await second.close()
