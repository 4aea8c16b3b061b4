"""Call control by orders from a page, on a started server with real SIP and sound: who hears whom (TEL-03, TEL-04)."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import numpy as np
from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import CALLER, _recorded, call_in, ready, soon, stereo
from tests.e2e.test_transfer import kinds, the_record
from tests.kit.baresip import Baresip
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import Client, RunningServer
from tests.kit.tones import Sound, level, tone

HERTZ = {"c": 617.0, "1": 1013.0, "2": 1627.0}
"""What the customer and the phones 1001 and 1002 say."""
SAYS, LISTENED = 0.7, 3200
OUTSIDE = '\noutbound:\n  - {match: "0.", trunks: [gateway], strip: 1}\n'


async def hearing(**calls: PhoneCall) -> str:
    """All speak at once; who hears whom, as "1<c": 1001 hears the customer. "~": something else is heard (music)."""
    names = {name.removeprefix("_"): call for name, call in calls.items()}
    await asyncio.gather(*(call.talk.say(tone(HERTZ[name], SAYS)) for name, call in names.items()))
    found = []
    for name, call in names.items():
        heard = call.talk.heard()[-LISTENED - 800 : -800]
        others = [other for other, hertz in HERTZ.items() if level(heard, hertz) > 3000]
        if not others and np.abs(heard.astype(int)).max() > 300:
            others = ["~"]
        found += [f"{name}<{other}" for other in others]
    return " ".join(sorted(found))


async def close(*clients: Client) -> None:
    for client in clients:
        await client.close()


async def who(expected: str, **calls: PhoneCall) -> None:
    """Who hears whom, at the latest after a few attempts: an order takes a moment until it is heard."""
    said = ""
    for _ in range(4):
        said = await hearing(**calls)
        if said == expected:
            return
    assert said == expected


def spoken(sound: Sound, name: str) -> float:
    """How loud somebody is where they are loudest."""
    return max(level(sound[at : at + 2000], HERTZ[name]) for at in range(0, len(sound), 2000))


async def test_ask_change_sides_ask_again_and_hand_on(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    page = await ready(server, "1001", "first-Secret-1")
    colleague = await server.client("1002", "second-Secret-2")
    supervisor = await server.client("2001", "third-Secret-3")
    customer = await page.post("/customers", {"name": "王小明", "phones": [CALLER]})
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    call = (await page.until("/desk", lambda said: said["pop"] is not None))["pop"]["call"]
    await who("1<c c<1", c=caller, _1=agent)
    await page.post(f"/calls/{call}/keys", {"keys": "42#"})

    await page.post(f"/calls/{call}/consult", {"number": "1002"})
    asked = await soon(second_phone.incoming.get())
    assert asked.number == "1001"
    asked.ring()
    await who("1<~ c<~", c=caller, _1=agent)  # ringback, music
    asked.answer()
    await who("1<2 2<1 c<~", c=caller, _1=agent, _2=asked)
    shown = await colleague.until("/desk", lambda said: said["pop"] is not None)
    assert (shown["pop"]["call"], shown["pop"]["customers"]) == (call, [customer["id"]])
    assert caller.talk.keys_heard == "42#"

    await page.post(f"/calls/{call}/toggle", {})
    await who("1<c 2<~ c<1", c=caller, _1=agent, _2=asked)
    await page.post(f"/calls/{call}/mute", {"muted": True})
    await who("1<c 2<~", c=caller, _1=agent, _2=asked)
    await page.post(f"/calls/{call}/mute", {"muted": False})
    await page.post(f"/calls/{call}/back", {})
    await soon(asked.ended.wait())
    await who("1<c c<1", c=caller, _1=agent)

    await page.post(f"/calls/{call}/consult", {"number": "1002"})
    asked = await soon(second_phone.incoming.get())
    asked.answer()
    await who("1<2 2<1 c<~", c=caller, _1=agent, _2=asked)
    await page.post(f"/calls/{call}/complete", {})
    await soon(agent.ended.wait())
    await who("2<c c<2", c=caller, _2=asked)
    assert (await page.try_to("POST", f"/calls/{call}/toggle", json={}))[0] == 403
    await asked.hang_up()
    await soon(caller.ended.wait())

    record = await the_record(supervisor, call)
    assert (record["agent"], record["outcome"]) == ("1002", "answered")
    steps = [kind for kind in kinds(record) if "consult" in kind or kind == "call.transferred"]
    begun = ["call.consult_begun", "call.consult_answered"]
    assert steps == [
        *begun, "call.consult_switched", "call.consult_ended", *begun, "call.consult_ended", "call.transferred",
    ]  # fmt: skip
    left, right = stereo(await _recorded(supervisor, record["recording_id"]))
    assert abs(len(left) / 8000 - record["talk_seconds"]) < 0.3, "one recording from the answer to the end"
    assert [spoken(right, name) > 3000 for name in "12"] == [True, True], "both agents are on the right side"
    assert [spoken(left, name) > 3000 for name in "c12"] == [True, False, False]
    assert server.errors() == []
    await close(page, colleague, supervisor)


async def test_dial_by_a_click_bring_three_together_and_hand_on_to_a_queue_and_a_flow(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port) + OUTSIDE)
    page = await ready(server, "1001", "first-Secret-1")
    colleague = await ready(server, "1002", "second-Secret-2")
    supervisor = await server.client("2001", "third-Secret-3")
    call = (await page.post("/calls", {"number": f"0{CALLER}"}))["call"]
    agent = await soon(phone.incoming.get())
    agent.ring()
    states = {one["login"]: one["state"] for one in (await supervisor.get("/agents"))["items"]}
    assert states["1001"] == "talking", "busy for the queues while the own phone rings"
    agent.answer()
    customer = await soon(trunk.incoming.get())
    customer.ring()
    await who("1<~", _1=agent)  # ringback
    customer.answer()
    await who("1<c c<1", c=customer, _1=agent)

    await page.post(f"/calls/{call}/consult", {"agent": "1002"})
    third = await soon(second_phone.incoming.get())
    third.answer()
    await who("1<2 2<1 c<~", c=customer, _1=agent, _2=third)
    await page.post(f"/calls/{call}/conference", {})
    await who("1<2 1<c 2<1 2<c c<1 c<2", c=customer, _1=agent, _2=third)
    await agent.hang_up()
    await who("2<c c<2", c=customer, _2=third)
    await page.until("/desk", lambda said: said["agent"]["state"] == "ready")

    await colleague.post(f"/calls/{call}/transfer", {"queue": "sales"})
    await soon(third.ended.wait())
    again = await soon(phone.incoming.get())
    await who("c<~", c=customer)  # music
    again.answer()
    await who("1<c c<1", c=customer, _1=again)
    await page.post(f"/calls/{call}/transfer", {"flow": "main"})
    await soon(again.ended.wait())
    await who("c<~", c=customer)  # the greeting
    await customer.hang_up()

    record = await the_record(supervisor, call)
    assert (record["direction"], record["called"], record["agent"], record["flow"]) == (
        "outbound", f"0{CALLER}", "1001", "main",
    )  # fmt: skip
    assert (record["outcome"], (await supervisor.get("/calls"))["total"]) == ("answered", 1)
    assert [step["details"]["number"] for step in record["story"] if step["kind"] == "call.transferred"] == [
        "1002", "sales", "main",
    ]  # fmt: skip
    for one in (await supervisor.get("/agents"))["items"]:
        assert one["state"] != "talking"
    assert server.errors() == []
    await close(page, colleague, supervisor)


async def test_baresip_dials_by_a_click_asks_and_hands_on(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port) + OUTSIDE)
    says = tone(HERTZ["1"], 60.0)
    async with Baresip(tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=says) as agent:
        await agent.registered()
        page = await server.client("1001", "first-Secret-1")
        call = (await page.post("/calls", {"number": f"0{CALLER}"}))["call"]
        await agent.wait_for("CALL_INCOMING")
        await agent.command("accept")
        customer = await soon(trunk.incoming.get())
        customer.answer()
        await who("c<1", c=customer)
        await page.post(f"/calls/{call}/consult", {"number": "1002"})
        asked = await soon(second_phone.incoming.get())
        asked.answer()
        await who("2<1 c<~", c=customer, _2=asked)
        await page.post(f"/calls/{call}/complete", {})
        await agent.wait_for("CALL_CLOSED")
        await who("2<c c<2", c=customer, _2=asked)
        await customer.hang_up()
        await soon(asked.ended.wait())
        await page.close()
    assert server.errors() == []


async def choose(page: Page, key: str, name: str, enter: str = "Enter") -> None:
    """From the keyboard alone: open the dialog, wait until the book is read, search, take."""
    await page.keyboard.press(key)
    await expect(page.locator(by_id("choose-text"))).to_be_focused()
    await page.keyboard.type(name)
    await page.locator('[id^="choice-"][aria-selected="true"]:not([aria-disabled="true"])').wait_for()
    await page.keyboard.press(enter)
    await page.locator(by_id("choose-text")).wait_for(state="detached")


async def test_every_control_from_the_page_and_its_keys(  # noqa: PLR0915  # one conversation from its pop to its end
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    owner = await ready(server, "1001", "first-Secret-1")
    colleague = await ready(server, "1002", "second-Secret-2")
    customer = await owner.post("/customers", {"name": "王小明", "phones": [CALLER]})
    await colleague.post("/agents/1002/state", {"state": "break"})  # asked, and offered nothing
    async with browser(tmp_path / "agent") as context, browser(tmp_path / "colleague") as other:
        page, second = context.pages[0], other.pages[0]
        faults = [watch(page), watch(second)]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await sign_in(second, server.web, "1002", "second-Secret-2")
        caller = await call_in(trunk)
        agent = await soon(phone.incoming.get())
        agent.ring()
        agent.answer()
        await expect(page.locator(by_id("control-hold"))).to_be_visible()
        await who("1<c c<1", c=caller, _1=agent)
        await page.locator(by_id("note")).fill("想改签到周五")  # and the keys work while it is typed

        await page.keyboard.press("Alt+h")
        await expect(page.locator(by_id(f"person-{CALLER}"))).to_have_attribute("data-state", "waiting")
        await who("c<~", c=caller, _1=agent)
        await page.keyboard.press("Alt+h")
        await who("1<c c<1", c=caller, _1=agent)
        await page.keyboard.press("Alt+m")
        await expect(page.locator(by_id("person-1001"))).to_have_attribute("data-muted", "true")
        await who("1<c", c=caller, _1=agent)
        await page.keyboard.press("Alt+m")
        await page.keyboard.press("Alt+k")
        await page.locator(by_id("key-pad")).wait_for()
        await page.keyboard.type("42#")
        await expect(page.locator(by_id("keys-pressed"))).to_have_text("42#")
        await page.keyboard.press("Alt+s")
        await expect(page.locator(by_id("recording-state"))).to_contain_text("已停录")
        await page.keyboard.press("Alt+s")
        await expect(page.locator(by_id("recording-state"))).to_contain_text("正在录音")

        await choose(page, "Alt+c", "1002")
        asked = await soon(second_phone.incoming.get())
        asked.ring()
        await expect(page.locator(by_id("person-1002"))).to_have_attribute("data-state", "ringing")
        asked.answer()
        await expect(page.locator(by_id("control-toggle"))).to_be_visible()
        await who("1<2 2<1 c<~", c=caller, _1=agent, _2=asked)
        assert caller.talk.keys_heard == "42#"
        await expect(second.locator(by_id("customer-shown"))).to_contain_text("王小明")
        await expect(second.locator(by_id("note"))).to_have_value("想改签到周五")
        await page.keyboard.press("Alt+g")
        await expect(page.locator(by_id("person-1002"))).to_have_attribute("data-state", "waiting")
        await who("1<c 2<~ c<1", c=caller, _1=agent, _2=asked)
        await page.keyboard.press("Alt+b")
        await soon(asked.ended.wait())
        await who("1<c c<1", c=caller, _1=agent)

        await choose(page, "Alt+t", "1002", "Control+Enter")  # consult first, from the transfer dialog
        asked = await soon(second_phone.incoming.get())
        asked.answer()
        await expect(page.locator(by_id("control-conference"))).to_be_visible()
        await page.keyboard.press("Alt+j")
        await expect(page.locator(by_id("person-1002"))).to_contain_text("听到")
        await who("1<2 1<c 2<1 2<c c<1 c<2", c=caller, _1=agent, _2=asked)
        await page.locator(by_id("person-1002")).get_by_role("button").last.click()
        await soon(asked.ended.wait())
        await who("1<c c<1", c=caller, _1=agent)

        await second.locator(by_id("note")).fill("想改签到周五\n同事：有座")
        await page.locator(by_id("note")).press_sequentially("，靠窗")
        await choose(page, "Alt+t", "1002")
        asked = await soon(second_phone.incoming.get())
        asked.answer()
        await soon(agent.ended.wait())
        await who("2<c c<2", c=caller, _2=asked)
        await expect(second.locator(by_id("control-hold"))).to_be_visible()
        await expect(second.locator(by_id("note"))).to_have_value(re.compile("有座"))
        await expect(second.locator(by_id("note"))).to_have_value(re.compile("靠窗"))
        await expect(second.locator(by_id("customer-shown"))).to_contain_text("王小明")
        await second.keyboard.press("Control+Alt+x")
        await soon(caller.ended.wait())
        # The browser itself names the one answer that says that both have written.
        assert [fault for fault in [*faults[0], *faults[1]] if "409 (Conflict)" not in fault] == []
    assert (await colleague.get("/calls"))["items"][0]["customer_id"] == customer["id"]
    assert server.errors() == []
    await close(owner, colleague)
