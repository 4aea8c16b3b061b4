"""A ready flow is copied on the page and put on a number; a caller keys a card number, speaks with an agent whose page
shows it, and judges the conversation, which the history shows. What is
read aloud is not listened to."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, ready, soon
from tests.e2e.test_waiting import record
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer

NUMBER = "02088887779"
FLOW = """\
# 先问卡号，再进满意度评价 / the card first, and then the copied flow
flow: cards
language: zh-CN
start: card
nodes:
  card: {collect: card, ask: "卡号", least: 2, most: 2, next: judge, on_wrong: judge}
  judge: {subflow: judge}
"""


async def copy(page: Page, server: RunningServer) -> None:
    await page.goto(f"{server.web}/app/admin/flows")
    await page.click(by_id("flow-example-new"))
    await page.locator(f"{by_id('flow-example')}[data-example=survey]").click()
    await page.locator(by_id("example-name")).fill("judge")
    await page.click(by_id("example-make"))
    await expect(page.locator(by_id("flow-editor"))).to_be_visible()
    await expect(page.locator(f'{by_id("flow-node")}[data-node="judge_en"]')).to_have_count(1)


async def test_an_example_is_copied_walked_by_a_caller_and_what_they_said_is_shown(
    server: RunningServer, trunk: Phone, phone: Phone, tmp_path: Path
) -> None:
    shipped = Path(__file__).parents[2] / "flows" / "examples"
    (server.folder / "flows" / "examples").mkdir()
    for path in shipped.glob("survey*.yaml"):
        (server.folder / "flows" / "examples" / path.name).write_bytes(path.read_bytes())
    admin = await server.client()
    async with browser(tmp_path / "admin", width=1600, height=900) as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "admin", server.admin_password)
        await copy(page, server)
        assert faults == []
    assert (server.folder / "flows" / "judge.test.yaml").read_bytes() == (shipped / "survey.test.yaml").read_bytes()
    server.flow("cards", FLOW)
    await admin.post("/flows/reload", {})
    await admin.post("/numbers", {"match": NUMBER, "flow": "cards"})
    record(server.folder / "prompts" / "voicemail.wav", 700.0, 0.3)

    await ready(server, "1001", "first-Secret-1")
    async with browser(tmp_path / "agent") as context:
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "1001", "first-Secret-1")
        caller = await trunk.dial(NUMBER, caller=CALLER)
        await soon(caller.answered.wait())
        for key in "421":  # the card, and Chinese
            caller.talk.press(key)
            await asyncio.sleep(0.4)
        agent = await soon(phone.incoming.get())
        agent.ring()
        await expect(page.locator(f'{by_id("known-value")}[data-name="card"]')).to_have_text("42")
        agent.answer()
        await asyncio.sleep(1.0)
        await page.reload()
        await expect(page.locator(f'{by_id("known-value")}[data-name="card"]')).to_have_text("42")
        await agent.hang_up()
        await asyncio.sleep(0.5)
        for key in "54":
            caller.talk.press(key)
            await asyncio.sleep(0.4)
        await soon(caller.ended.wait())
        await page.goto(f"{server.web}/app/history")
        await expect(page.locator(by_id("survey-scores"))).to_have_text("5/5 4/5")
        await page.locator(by_id("history-row")).first.click()
        await expect(page.locator(f"{by_id('call-drawer')} {by_id('survey-scores')} li")).to_have_count(2)
        await expect(page.locator(f"{by_id('call-drawer')} {by_id('known-value')}")).to_have_text("42")
        assert faults == []
    said = await admin.get("/surveys?by=agent")
    assert [(one["question"], one["agent"], one["average"]) for one in said["figures"]] == [
        ("service", "1001", 5.0),
        ("solved", "1001", 4.0),
    ]
    assert server.errors() == []
