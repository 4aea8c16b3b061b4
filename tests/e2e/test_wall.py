"""The supervisor's wall in a browser, over real calls: who waits is moved, agents are set ready and signed out, a
conversation is listened to, whispered into, barged into, taken over and ended. What each phone hears is measured
(SUP-01, SUP-02)."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import Page, expect

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_first_call import soon
from tests.kit.browser import browser, by_id, sign_in, watch
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

SITE = """
trunks:
  - {{name: gateway, host: {trunk}, port: {port}, allow: ["{trunk}"], channels: 30}}
numbers:
  - {{match: "02088886666", flow: sales}}
users:
  - {{login: "1001", name: 张三, role: agent, password: "first-Secret-1", extension: "1001"}}
  - {{login: "1002", name: 李四, role: agent, password: "second-Secret-2", extension: "1002"}}
  - {{login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3", extension: "1003"}}
extensions:
  - {{number: "1001", password: "phone-Secret-1"}}
  - {{number: "1002", password: "phone-Secret-2"}}
  - {{number: "1003", password: "phone-Secret-3"}}
queues:
  - {{name: sales, title: 销售, members: ["1001"], wrap_up: 0, ring: 20}}
  - {{name: service, title: 售后, members: ["1002"], wrap_up: 0, ring: 20}}
"""
FLOW = "flow: sales\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n"
FIRST, SECOND, THIRD = "13800000001", "13800000002", "13800000003"
CUSTOMER, AGENT, BOSS = 400.0, 700.0, 1300.0
HEARD, SILENT = 800.0, 150.0
SECONDS = 0.4
ACTS = {
    "call.caller_moved",
    "call.monitored",
    "call.take_over",
    "call.hang_up",
    "recording.stopped",
    "recording.started",
    "agent.forced",
}
"""What stands in the audit trail afterwards."""


async def hears(call: PhoneCall, *, tones: tuple[float, ...], not_: tuple[float, ...] = ()) -> None:
    """Waits until the last moments of what it hears have these tones and none of the others."""
    async with asyncio.timeout(15):
        while True:
            await asyncio.sleep(0.1)
            sound = call.talk.heard()[-int(8000 * SECONDS) :]
            loud = all(level(sound, hertz) > HEARD for hertz in tones)
            if len(sound) >= 8000 * SECONDS and loud and all(level(sound, hertz) < SILENT for hertz in not_):
                return


class Speakers:
    """Who says a tone of their own, from when they are told to until the call is over."""

    def __init__(self) -> None:
        self._saying: list[asyncio.Task[None]] = []

    def says(self, call: PhoneCall, hertz: float) -> None:
        self._saying.append(asyncio.create_task(call.talk.say(tone(hertz, 60.0, 3000))))

    async def stop(self) -> None:
        for task in self._saying:
            task.cancel()
        await asyncio.gather(*self._saying, return_exceptions=True)


async def choose(page: Page, menu: str, item: str, *, sure: bool = False) -> None:
    """menu: where its button is."""
    await page.locator(menu).click()
    shown = page.locator(by_id(item)).locator("visible=true")
    await shown.click()
    await expect(shown).to_have_count(0)  # the next menu has the same names in it
    if sure:
        await page.locator(".el-message-box__btns .el-button--primary").click()


async def picked_up(phone: Phone) -> PhoneCall:
    call: PhoneCall = await soon(phone.incoming.get())
    call.ring()
    call.answer()
    await soon(call.answered.wait())
    return call


async def test_every_act_of_the_wall_is_done_from_the_page_and_heard_at_the_phones(  # noqa: PLR0915  # one shift
    tmp_path: Path,
) -> None:
    server = RunningServer(tmp_path / "office")
    server.flow("sales", FLOW)
    await server.start()
    speakers = Speakers()
    async with (
        Phone(TRUNK_HOST, server.sip, "gateway") as trunk,
        Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as first,
        Phone("127.0.0.12", server.sip, "1002", password="phone-Secret-2") as second,
        Phone("127.0.0.13", server.sip, "1003", password="phone-Secret-3") as own,
        browser(tmp_path / "boss") as context,
    ):
        await server.apply(SITE.format(trunk=TRUNK_HOST, port=trunk.port))
        for phone in (first, second, own):
            await phone.register()
        client = await server.client("1001", "first-Secret-1")
        await client.post("/agents/1001/state", {"state": "break"})
        page = context.pages[0]
        faults = watch(page)
        await sign_in(page, server.web, "2001", "third-Secret-3")
        await page.goto(f"{server.web}/app/live")

        # Three wait: the second goes before the first, the first to another queue, the third is hung up.
        calls = {}
        for number in (FIRST, SECOND, THIRD):
            calls[number] = await trunk.dial("02088886666", caller=number)
            speakers.says(calls[number], CUSTOMER)
            await expect(page.locator(f'{by_id("waiting-caller")}[data-caller="{number}"]')).to_be_visible()
        await choose(page, f'[data-caller="{SECOND}"] {by_id("waiting-menu")}', "waiting-front")
        rows = page.locator(by_id("waiting-caller"))
        await expect(rows.first).to_have_attribute("data-caller", SECOND)
        await choose(page, f'[data-caller="{FIRST}"] {by_id("waiting-menu")}', "waiting-queue")
        await page.locator(by_id("waiting-choice")).click()
        await page.locator(by_id("waiting-choice-service")).click()
        await page.click(by_id("waiting-move"))
        await expect(page.locator(f'tbody:has([data-queue="service"]) {by_id("waiting-caller")}')).to_have_attribute(
            "data-caller", FIRST
        )

        await choose(page, f'[data-caller="{THIRD}"] {by_id("waiting-menu")}', "waiting-hang-up", sure=True)
        await soon(calls[THIRD].ended.wait())
        await expect(rows).to_have_count(2)

        # Whoever is on break is set ready, and gets who was put first.
        row = f'{by_id("live-agent")}[data-agent="1001"]'
        await choose(page, f"{row} {by_id('agent-menu')}", "agent-act-ready")
        agent = await picked_up(first)
        assert agent.number == SECOND
        speakers.says(agent, AGENT)
        await expect(page.locator(row)).to_have_attribute("data-state", "talking")
        await hears(agent, tones=(CUSTOMER,))

        # As tiles: the same menu; the own phone is rung, and hears both, and nobody hears it but whom it speaks to.
        await page.locator(by_id("wall-tiles")).locator("xpath=ancestor-or-self::label").click()
        menu = f'{by_id("wall-agent-tile")}[data-agent="1001"] {by_id("agent-menu")}'
        await choose(page, menu, "agent-listen-listen")
        boss = await picked_up(own)
        speakers.says(boss, BOSS)
        customer = calls[SECOND]
        await hears(boss, tones=(CUSTOMER, AGENT))
        await hears(customer, tones=(AGENT,), not_=(BOSS,))
        await hears(agent, tones=(CUSTOMER,), not_=(BOSS,))
        await choose(page, menu, "agent-listen-whisper")
        await hears(agent, tones=(CUSTOMER, BOSS))
        await hears(customer, tones=(AGENT,), not_=(BOSS,))
        await choose(page, menu, "agent-listen-barge")
        await hears(customer, tones=(AGENT, BOSS))
        await choose(page, menu, "agent-act-record-stop")
        await choose(page, menu, "agent-act-record")
        await choose(page, menu, "agent-listen-take-over")
        await soon(agent.ended.wait())
        await hears(customer, tones=(BOSS,), not_=(AGENT,))
        await hears(boss, tones=(CUSTOMER,), not_=(AGENT,))
        await boss.hang_up()
        await soon(customer.ended.wait())
        await choose(page, menu, "agent-act-break")
        await expect(page.locator(f'{by_id("wall-agent-tile")}[data-agent="1001"]')).to_have_attribute(
            "data-state", "break"
        )

        # The other one is answered in the other queue, and the call is ended by force from its line.
        desk = await server.client("1002", "second-Secret-2")
        await desk.post("/agents/1002/state", {"state": "ready"})
        other = await picked_up(second)
        assert other.number == FIRST
        await hears(other, tones=(CUSTOMER,))
        await choose(
            page, f'{by_id("live-line")}[data-state="talking"] {by_id("listen-menu")}', "act-hang-up", sure=True
        )
        await soon(other.ended.wait())
        await soon(calls[FIRST].ended.wait())
        tile = f'{by_id("wall-agent-tile")}[data-agent="1002"]'
        await choose(page, f"{tile} {by_id('agent-menu')}", "agent-act-sign-out", sure=True)
        await expect(page.locator(tile)).to_have_count(0)

        # The day's figures, as the wall has them.
        sales = page.locator(by_id("live-queue")).and_(page.locator('[data-queue="sales"]'))
        await expect(sales.locator(by_id("queue-answered"))).to_have_text("1")
        await page.click(by_id("strip-volume"))
        await expect(page.locator(by_id("volume-inbound"))).to_have_text("3")
        await page.click(by_id("strip-trunks"))
        await expect(page.locator(by_id("trunk-busy"))).to_contain_text("空闲 30")
        await page.click(by_id("strip-tickets"))
        await expect(page.locator(f'{by_id("wall-ticket")}[data-kind="duties"]')).to_be_visible()
        assert faults == []
        admin = await server.client()
        trail = (await admin.get("/audit?who=2001"))["items"]
        assert {entry["what"] for entry in trail} >= ACTS
        await speakers.stop()
    await server.end()
    assert server.errors() == []
