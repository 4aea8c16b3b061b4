"""The page as a phone: in a real browser with a pretended microphone, against a real server, both ways measured."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.test_first_call import CALLER, call_in, ready, soon, stereo
from tests.kit.browser import LISTEN, browser, by_id, loudest_heard, microphone, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

SPOKEN, HEARD = 900.0, 440.0
"""Hertz: what the page's microphone and the caller say."""


async def switch_on(page: Page) -> None:
    await page.click(by_id("phone-open"))
    await page.locator(by_id("phone-switch")).click()
    await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "on", timeout=30_000)
    await page.keyboard.press("Escape")


async def open_desk(page: Page, server: RunningServer) -> None:
    await page.context.add_init_script(LISTEN)
    await sign_in(page, server.web, "1001", "first-Secret-1")


async def go_ready(page: Page) -> None:
    await page.click(by_id("state-sign-in"))
    await page.click(by_id("state-ready"))
    await expect(page.locator(by_id("state-word")).first).to_contain_text("空闲")


def loudest_second(sound: Any, hertz: float) -> float:
    """The tone's level in the 400 ms that have most of it."""
    return max(level(sound[at : at + 3200], hertz) for at in range(0, max(1, len(sound) - 3200), 800))


async def test_an_agent_with_no_phone_takes_a_call_from_the_queue_in_the_page(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        faults = watch(page)
        await open_desk(page, server)
        await switch_on(page)
        await go_ready(page)

        caller = await call_in(trunk)
        await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "ringing", timeout=15_000)
        await expect(page.locator(by_id("call-caller")).first).to_contain_text("138 0013 8000")
        await page.click(by_id("answer"))
        await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "talking")
        saying = asyncio.create_task(caller.talk.say(tone(HEARD, 4.0)))
        await asyncio.sleep(1.0)
        hertz, decibels = await loudest_heard(page, 1.5)
        assert abs(hertz - HEARD) < 12
        assert decibels > -40
        await saying
        assert loudest_second(caller.talk.heard()[-16000:], SPOKEN) > 2000

        await page.click(by_id("phone-hang-up"))
        await soon(caller.ended.wait())
        await expect(page.locator(by_id("phone-strip"))).to_have_count(0)
        client = await server.client()
        call = (await client.until("/calls", lambda said: said["items"] and said["items"][0]["ended_at"]))["items"][0]
        assert (call["outcome"], call["agent"], call["ended_by"], call["caller"]) == (
            "answered",
            "1001",
            "agent",
            CALLER,
        )
        kept = await client.recording(call["recording_id"])
        left, right = stereo(kept)
        assert loudest_second(left, HEARD) > 5000
        assert loudest_second(right, SPOKEN) > 2000
        await client.close()
        assert faults == []


async def in_talk(page: Page, trunk: Phone) -> PhoneCall:
    """A caller from the queue, answered in the page."""
    caller = await call_in(trunk)
    await page.click(by_id("answer"))
    await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "talking")
    return caller


async def says(caller: PhoneCall, page: Page) -> None:
    """What the caller says is heard in the page, and what the page's microphone hears at the caller."""
    saying = asyncio.create_task(caller.talk.say(tone(HEARD, 2.5)))
    await asyncio.sleep(0.7)
    hertz, decibels = await loudest_heard(page, 1.2)
    await saying
    assert abs(hertz - HEARD) < 12
    assert decibels > -40
    assert loudest_second(caller.talk.heard()[-12000:], SPOKEN) > 2000


async def test_a_page_that_is_loaded_anew_goes_on_with_its_call(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        await open_desk(page, server)
        await switch_on(page)
        await go_ready(page)
        caller = await in_talk(page, trunk)
        await page.reload()
        await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "on", timeout=30_000)
        await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "talking")
        await says(caller, page)

        # Hold, and back: the caller hears music meanwhile, and not the page.
        await page.click(by_id("phone-hold"))
        await expect(page.locator(by_id("phone-hold"))).to_have_attribute("aria-pressed", "true")
        await asyncio.sleep(0.6)
        before = len(caller.talk.heard())
        await asyncio.sleep(1.2)
        assert loudest_second(caller.talk.heard()[before:], SPOKEN) < 400
        await page.click(by_id("phone-hold"))
        await expect(page.locator(by_id("phone-hold"))).to_have_attribute("aria-pressed", "false")
        await page.click(by_id("phone-mute"))
        await asyncio.sleep(0.6)
        before = len(caller.talk.heard())
        await asyncio.sleep(1.0)
        assert loudest_second(caller.talk.heard()[before:], SPOKEN) < 100
        await page.click(by_id("phone-mute"))
        await says(caller, page)
        await caller.hang_up()
        await expect(page.locator(by_id("phone-strip"))).to_have_count(0)


async def test_a_page_dials_a_colleague_and_presses_keys_and_a_closed_page_is_no_phone(
    server: RunningServer, trunk: Phone, second_phone: Phone, tmp_path: Path
) -> None:
    del trunk
    async with browser(tmp_path / "agent", language="en", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        await open_desk(page, server)
        await page.click(by_id("lang-en"))
        await switch_on(page)
        await page.click(by_id("phone-open"))
        await page.locator(by_id("phone-number")).fill("10 99")
        await page.click(by_id("phone-dial"))
        await page.click(by_id("phone-open"))
        await expect(page.locator(by_id("phone-ended"))).to_contain_text("not known")

        await page.locator(by_id("phone-number")).fill("1002")
        await page.click(by_id("phone-dial"))
        colleague = await soon(second_phone.incoming.get())
        assert (colleague.number, colleague.name) == ("1001", "张三")
        colleague.ring()
        await expect(page.locator(by_id("phone-strip"))).to_contain_text("Rings there")
        colleague.answer()
        await expect(page.locator(by_id("phone-strip"))).to_have_attribute("data-state", "talking")
        await says(colleague, page)
        await page.click(by_id("phone-keypad"))
        await page.click(by_id("phone-key-5"))
        async with asyncio.timeout(10):
            while "5" not in colleague.talk.keys_heard:
                await asyncio.sleep(0.05)

        # Closed without a word, as a machine that is switched off: a phone whose plug was pulled.
        client = await server.client()
        await page.goto("about:blank")
        await soon(colleague.ended.wait())
        await client.until("/agents", lambda said: not next(a for a in said["items"] if a["login"] == "1001")["phone"])
        await client.close()


async def test_a_supervisor_without_a_phone_listens_whispers_barges_in_and_takes_over(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    desk = await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.answer()
    await asyncio.sleep(0.3)
    async with browser(tmp_path / "boss", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        faults = watch(page)
        await context.add_init_script(LISTEN)
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await switch_on(page)

        async def choose(mode: str) -> None:
            await page.click(by_id("listen-menu"))
            await page.click(by_id(f"listen-{mode}"))
            await expect(page.locator(by_id("listen-menu"))).to_have_attribute("data-mode", mode)
            await asyncio.sleep(0.6)

        async def hears_of_boss() -> tuple[float, float]:
            """How loud the supervisor's microphone is at the agent and at the caller."""
            at = len(agent.talk.heard()), len(caller.talk.heard())
            await asyncio.sleep(1.3)
            return (
                loudest_second(agent.talk.heard()[at[0] :], SPOKEN),
                loudest_second(caller.talk.heard()[at[1] :], SPOKEN),
            )

        await choose("listen")
        saying = asyncio.create_task(caller.talk.say(tone(HEARD, 2.0)))
        await asyncio.sleep(0.4)
        hertz, decibels = await loudest_heard(page, 1.2)
        assert abs(hertz - HEARD) < 12
        assert decibels > -45
        await saying
        at_agent, at_caller = await hears_of_boss()
        assert max(at_agent, at_caller) < 100
        await choose("whisper")
        at_agent, at_caller = await hears_of_boss()
        assert at_agent > 1500
        assert at_caller < 100
        await choose("barge")
        at_agent, at_caller = await hears_of_boss()
        assert min(at_agent, at_caller) > 1500
        await page.click(by_id("listen-menu"))
        await page.click(by_id("listen-take-over"))
        await soon(agent.ended.wait())
        await says(caller, page)
        await page.click(by_id("phone-hang-up"))
        await soon(caller.ended.wait())
        assert faults == []
    await desk.close()


async def test_a_browser_that_gives_no_microphone_says_what_to_do(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    del trunk
    flags = microphone(tmp_path / "said.wav", SPOKEN, allowed=False)
    async with browser(tmp_path / "agent", language="en", flags=flags) as context:
        page = context.pages[0]
        await sign_in(page, server.web, "1001", "first-Secret-1")
        await page.click(by_id("lang-en"))
        await page.click(by_id("phone-open"))
        await page.locator(by_id("phone-switch")).click()
        await expect(page.locator(by_id("phone-trouble"))).to_contain_text("refused the microphone", timeout=15_000)
        await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "off")


def gateway_of(server: RunningServer) -> int:
    """The process that ends WebRTC: a child of the server's, known by what it runs."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = folder.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == server.pid and b"webrtc.inside" in folder.joinpath("cmdline").read_bytes():
                return int(folder.name)
        except OSError:
            continue  # it ended while we looked
    raise AssertionError("no gateway is running")


async def test_a_killed_gateway_costs_a_page_seconds_and_not_its_call(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    async with browser(tmp_path / "agent", flags=microphone(tmp_path / "said.wav", SPOKEN)) as context:
        page = context.pages[0]
        await open_desk(page, server)
        await switch_on(page)
        await go_ready(page)
        caller = await in_talk(page, trunk)
        killed = gateway_of(server)
        os.kill(killed, signal.SIGKILL)
        await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "starting", timeout=5_000)
        await expect(page.locator(by_id("phone-open"))).to_have_attribute("data-power", "on", timeout=10_000)
        await says(caller, page)
        assert not caller.ended.is_set()
        assert gateway_of(server) != killed
        await caller.hang_up()
        await expect(page.locator(by_id("phone-strip"))).to_have_count(0)
