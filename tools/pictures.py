"""Takes the pictures of the documents anew: `python -m tools.pictures`, into docs/images.

An office of its own in a temporary folder, with scripted phones and calls, and what a browser shows of it.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Page

from callcenterd.demo.phone import Phone, PhoneCall
from callcenterd.worker import speech
from tests.kit.browser import browser, by_id, sign_in
from tests.kit.server import Client, RunningServer

IMAGES = Path(__file__).resolve().parent.parent / "docs/images"
PASSWORD = "Picture-Day-26"
AGENTS = {"1001": "张晓燕", "1002": "李国强", "1003": "陈静", "1004": "赵磊"}
CUSTOMERS = (
    {"name": "王秀兰", "phones": ["13800138000", "020 88880001"], "level": "gold", "sex": "female", "card": "8800-0217",
     "company": "华南园艺社", "address": "广州市天河区体育东路 12 号", "note": "喜欢下午联系"},
    {"name": "刘志明", "phones": ["13800138001"], "level": "normal", "company": "明达建材"},
)  # fmt: skip
FLOW = """\
flow: main
title: 总机
language: zh-CN
start: welcome
nodes:
  welcome: {say: "您好。", next: menu}
  menu:
    menu: {say: "业务咨询请按 1，售后服务请按 2。", timeout: 5}
    keys: {"1": sales, "2": service}
    otherwise: sales
  sales: {queue: sales}
  service: {queue: service}
"""
SITE = """\
trunks:
  - {{name: telecom, host: 127.0.0.2, port: {trunk}}}
  - {{name: gateway, host: 127.0.0.3, port: {other}, allow: ["127.0.0.4"]}}
numbers:
  - {{match: "02088886666", flow: main}}
  - {{match: "4008886666", flow: main}}
outbound:
  - {{match: "0.", trunks: [telecom, gateway], strip: 1}}
extensions:
{extensions}
users:
{users}
  - {{login: "2001", name: 王芳, role: supervisor, password: {password}}}
queues:
  - {{name: sales, title: 业务咨询, members: ["1001", "1002", "1003"], wrap_up: 1, ring: 60}}
  - {{name: service, title: 售后服务, strategy: ring_all, members: ["1002", "1004"], wrap_up: 300, ring: 60}}
"""
USUAL = """\
queues:
  - {name: sales, wrap_up: 15, ring: 20}
  - {name: service, wrap_up: 30, ring: 20}
"""
SAID = "您好，我上个月订的花架还没有收到，请帮我查一下。"
ANSWERED = "您好，请稍等，我马上帮您查一下订单。"


async def main(folder: Path) -> None:
    async with AsyncExitStack() as all_of_it:
        room = Path(all_of_it.enter_context(tempfile.TemporaryDirectory()))
        server = RunningServer(room / "office")
        server.flow("main", FLOW)
        await server.start()
        all_of_it.push_async_callback(server.end)
        trunk = await all_of_it.enter_async_context(Phone("127.0.0.2", server.sip, "telecom"))
        other = await all_of_it.enter_async_context(Phone("127.0.0.3", server.sip, "gateway"))
        await server.apply(_site(trunk.port, other.port))
        phones = {
            login: await all_of_it.enter_async_context(Phone(f"127.0.1.{n}", server.sip, login, password=PASSWORD))
            for n, login in enumerate(AGENTS, start=1)
        }
        clients = {}
        for login, phone in phones.items():
            await phone.register()
            clients[login] = await all_of_it.enter_async_context(await server.client(login, PASSWORD))
        office = _Office(server, trunk, phones, clients)
        await office.have_a_morning()
        await office.take_pictures(room, folder)


def _site(trunk: int, other: int) -> str:
    lines = {
        "extensions": [f'  - {{number: "{login}", password: {PASSWORD}}}' for login in AGENTS],
        "users": [
            f'  - {{login: "{login}", name: {name}, role: agent, password: {PASSWORD}, extension: "{login}"}}'
            for login, name in AGENTS.items()
        ],
    }
    return SITE.format(trunk=trunk, other=other, password=PASSWORD, **{k: "\n".join(v) for k, v in lines.items()})


class _Office:
    def __init__(
        self, server: RunningServer, trunk: Phone, phones: dict[str, Phone], clients: dict[str, Client]
    ) -> None:
        self._server = server
        self._trunk = trunk
        self._phones = phones
        self._clients = clients

    async def have_a_morning(self) -> None:
        """Calls for the history, one of them with a conversation in it."""
        first = self._clients["1001"]
        for card in CUSTOMERS:
            await first.post("/customers", card)
        await self._ready("1001")
        customer, _ = await self._talk("13800138000", "1", "1001", note="问花架的规格和价格，已报价 380 元。")
        said = await asyncio.to_thread(speech.speak, SAID, "zh-CN", "espeak-ng")
        answered = await asyncio.to_thread(speech.speak, ANSWERED, "zh-CN", "espeak-ng")
        await customer.hang_up()
        await self._state("1001", "ready")
        customer, agent = await self._talk(
            "13800138000", "1", "1001", note="花架未收到，查到明天上午送达，答应送到后回电。"
        )
        await agent.talk.say(answered)
        await customer.talk.say(said)
        await agent.talk.say(answered[: len(answered) // 2])
        await customer.hang_up()
        await self._state("1001", "ready")
        _, agent = await self._talk("13800138001", "1", "1001", note="要水泥砖样品，寄到公司。")
        await agent.hang_up()
        await self._state("1001", "ready")
        await first.post("/agents/1001/state", {"state": "break", "reason": "rest"})
        waiting = await self._call("13800138005", "1")
        await asyncio.sleep(4)
        await waiting.hang_up()

    async def take_pictures(self, room: Path, folder: Path) -> None:
        """One agent is rung, one talks, one is in wrap-up, one is on a break, and a caller waits."""
        await self._ready("1004")
        talked, _ = await self._talk("13800138003", "2", "1004", note="")
        await talked.hang_up()
        await self._state("1004", "wrap_up")
        await self._ready("1002")
        await self._talk("13800138002", "2", "1002", note="")
        await self._clients["1003"].post("/agents/1003/state", {"state": "break", "reason": "meal"})
        await self._call("13800138004", "2")
        async with browser(room / "agent", width=1366, height=768) as context:
            page = context.pages[0]
            await sign_in(page, self._server.web, "1001", PASSWORD)
            await page.click(by_id("state-ready"))
            await self._call("13800138000", "1")
            rung = await self._phones["1001"].incoming.get()
            rung.ring()
            await page.wait_for_selector(by_id("customer-shown"))
            await page.wait_for_selector(by_id("past-call"))
            await page.locator(by_id("note")).first.fill("问花架什么时候送到。")
            await page.wait_for_timeout(5000)  # it has rung a little
            await _shoot(page, folder / "agent.png")
            await page.click(by_id("menu-history"))
            row = page.locator(by_id("history-row"), has_text="花架未收到")
            await row.first.click()
            await page.wait_for_selector(by_id("recording-lanes"))
            await _shoot(page, folder / "history.png")
        async with browser(room / "supervisor", width=1366, height=768) as context:
            page = context.pages[0]
            await sign_in(page, self._server.web, "2001", PASSWORD)
            await page.wait_for_selector(by_id("live-line"))
            await _shoot(page, folder / "live.png")
        await self._server.apply(USUAL)
        async with browser(room / "admin", width=1366, height=768) as context:
            page = context.pages[0]
            await sign_in(page, self._server.web, "admin", self._server.admin_password)
            await page.goto(f"{self._server.web}/app/admin/queues")
            await page.wait_for_selector(by_id("thing-row"))
            await _shoot(page, folder / "admin.png")

    async def _ready(self, login: str) -> None:
        await self._clients[login].post(f"/agents/{login}/state", {"state": "ready"})

    async def _state(self, login: str, state: str) -> None:
        await self._clients[login].until("/desk", lambda said: said["agent"]["state"] == state)

    async def _call(self, caller: str, key: str) -> PhoneCall:
        call = await self._trunk.dial("02088886666", caller=caller)
        await asyncio.wait_for(call.answered.wait(), 30)
        await asyncio.sleep(1)
        call.talk.press(key)
        return call

    async def _talk(self, caller: str, key: str, login: str, *, note: str) -> tuple[PhoneCall, PhoneCall]:
        customer = await self._call(caller, key)
        agent = await asyncio.wait_for(self._phones[login].incoming.get(), 30)
        agent.ring()
        await asyncio.sleep(1)
        agent.answer()
        await self._state(login, "talking")
        if note:
            desk = await self._clients[login].get("/desk")
            told = {"note": note, "customer_id": next(iter(desk["pop"]["customers"]), None)}
            await self._clients[login].put(f"/calls/{desk['pop']['call']}/note", told)
        return customer, agent


async def _shoot(page: Page, path: Path) -> None:
    await page.wait_for_timeout(800)  # what moves in comes to rest
    await page.screenshot(path=path)


if __name__ == "__main__":
    images = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(images))
