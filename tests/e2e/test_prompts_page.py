"""Prompts with a whole server: uploaded in the page, read aloud, spoken into a phone; each is what callers hear."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER, soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import loudest, tone
from tests.worker.test_promptfiles import encoded
from tests.worker.test_promptfiles import tone as wave

FLOW = """
flow: main
title: 总机
language: zh-CN
start: hello
nodes:
  hello: {play: hello, text: 您好。, next: bye}
  bye: {hangup: normal}
"""
UPLOADED, SPOKEN = 700.0, 1300.0
DRAFT = by_id("prompt-draft")
ROW = f'{by_id("prompt-row")}[data-prompt="hello"]'


async def test_a_prompt_is_uploaded_spoken_into_a_phone_and_brought_back_and_callers_hear_each(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    server.flow("main", FLOW)
    admin = await server.client()
    await admin.post("/flows/reload", {})
    file = encoded(tmp_path / "欢迎 hello.mp3", wave(UPLOADED, 0.9, 0.02, 44100), "libmp3lame", 44100, "stereo")
    async with (
        Phone("127.0.0.4", server.sip, "1001", password="phone-Secret-1") as phone,
        browser(tmp_path / "admin", width=1500, height=900) as context,
    ):
        await phone.register()
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await page.goto(f"{server.web}/app/admin/prompts")
        await expect(page.locator(ROW)).to_contain_text("没有录音")
        assert await page.locator(f"{ROW} a").get_attribute("href") == "/app/flows/main"

        await page.locator(by_id("prompt-file")).set_input_files(file)
        await expect(page.locator(by_id("prompt-name"))).to_have_value("欢迎_hello")
        await kept(page)
        assert abs(await hears(trunk) - UPLOADED) < 20

        await read_aloud(page)
        await spoken(page, phone)
        await kept(page)
        assert abs(await hears(trunk) - SPOKEN) < 20

        await page.click(f"{ROW} {by_id('prompt-versions')}")
        await expect(page.locator(by_id("prompt-version"))).to_have_count(2)
        await page.click(by_id("prompt-bring-back"))
        await expect(page.locator(by_id("prompt-version")).last).to_contain_text("正在使用")
        assert abs(await hears(trunk) - UPLOADED) < 20

        await page.keyboard.press("Escape")
        await page.click(f"{ROW} {by_id('prompt-remove')}")
        await page.locator(".el-message-box__btns button").last.click()
        await expect(page.locator(by_id("prompt-refused"))).to_contain_text("流程 main (hello)")
        assert [fault for fault in faults if "409" not in fault] == []
    assert server.errors() == []


async def kept(page: Page) -> None:
    """The draft is listened to in the page, and is the prompt `hello` from now on."""
    await page.click(by_id("prompt-draft-play"))
    await plays(page)
    await page.locator(by_id("prompt-name")).fill("hello")
    await page.click(by_id("prompt-keep"))
    await expect(page.locator(DRAFT)).to_have_count(0)
    await expect(page.locator(ROW)).to_contain_text("dBFS")


async def plays(page: Page) -> None:
    """The browser can decode it, and has begun to."""
    audio = page.locator(by_id("prompt-audio"))
    element = await audio.element_handle()
    await page.wait_for_function("audio => audio.duration > 0.5 && audio.currentTime > 0", arg=element)


async def read_aloud(page: Page) -> None:
    await page.click(by_id("prompt-speech"))
    await page.locator(by_id("prompt-text")).fill("欢迎致电本公司")
    await page.click(by_id("prompt-preview"))
    await expect(page.locator(DRAFT)).to_have_attribute("data-state", "ready")
    await plays(page)
    await page.click(by_id("prompt-discard"))
    await expect(page.locator(DRAFT)).to_have_count(0)


async def spoken(page: Page, phone: Phone) -> None:
    """The phone rings, hears what to do and the beep, says a tone and presses #."""
    await page.click(by_id("prompt-phone"))
    await page.locator(by_id("prompt-extension")).fill("1001")
    await page.click(by_id("prompt-ring"))
    call = await soon(phone.incoming.get())
    await expect(page.locator(DRAFT)).to_have_attribute("data-state", "ringing")
    call.answer()
    await expect(page.locator(DRAFT)).to_have_attribute("data-state", "speaking")
    assert abs(loudest(call.talk.heard()[-12000:]) - 1000) < 20, "the beep was the last thing before"
    await call.talk.say(tone(SPOKEN, 0.9))
    call.talk.press("#")
    await expect(page.locator(DRAFT)).to_have_attribute("data-state", "ready")
    await call.hang_up()


async def hears(trunk: Phone) -> float:
    """What a caller hears of the flow, as the loudest tone in it."""
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    async with asyncio.timeout(20):
        await caller.ended.wait()
    return loudest(caller.talk.heard())
