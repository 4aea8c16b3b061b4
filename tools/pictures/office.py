"""The office of the pictures runs: its server, its phones, and the calls of one morning."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from callcenterd.clock import SystemClock
from callcenterd.demo.phone import Phone, PhoneCall
from callcenterd.worker import speech
from tests.kit.server import Client, RunningServer
from tools.pictures.scenery import (
    AGENTS,
    ANSWERED,
    ASKED,
    CUSTOMERS,
    FLOW,
    LEAVE,
    MAIN,
    PASSWORD,
    PROMISED,
    SITE,
    SUPERVISOR,
    TALKS,
)
from tools.pictures.words import Both, Language, said

HOUR = 10
"""It is always this hour of the morning in the office: its time zone is chosen so."""
TRUNKS = ("127.0.0.2", "127.0.0.3")


def zone_of_the_morning(now: datetime) -> str:
    """now: UTC. Some zone in which it is HOUR o'clock. (The signs of these names are turned round.)"""
    offset = (HOUR - now.hour + 12) % 24 - 12
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{-offset:+d}"


class Office:
    def __init__(
        self, language: Language, server: RunningServer, zone: str, trunk: Phone, phones: dict[str, Phone]
    ) -> None:
        self.language = language
        self.server = server
        self.zone = zone
        self.trunk = trunk
        self.phones = phones
        self.clients: dict[str, Client] = {}
        self.calls: list[str] = []
        """Ids of the conversations, in the order of TALKS."""
        self.customers: list[int] = []
        self.opened: dict[str, Any] = {}
        """By the name of a page: what is open on its picture."""
        self._up: list[PhoneCall] = []
        self._talking: list[asyncio.Task[None]] = []
        self._line: Any = None

    def said(self, value: Any) -> Any:
        return said(value, self.language)

    def at(self, days: int, hour: int, minute: int = 0) -> str:
        """So many days from today, at that time in the office."""
        today = SystemClock().utc().astimezone(ZoneInfo(self.zone))
        return (today.replace(hour=hour, minute=minute, second=0, microsecond=0) + timedelta(days=days)).isoformat()

    def numbers(self, customer: int) -> str:
        """Their main number, as a trunk shows it."""
        return str(self.said(CUSTOMERS[customer]["phones"])[0]).replace(" ", "")

    async def sign_in(self, stack: AsyncExitStack) -> None:
        for login in ("admin", SUPERVISOR, *AGENTS):
            self.clients[login] = await stack.enter_async_context(await self.server.client(login, PASSWORD))

    # ---- one call ----------------------------------------------------------------------------------------------

    async def state(self, login: str, state: str, reason: str = "") -> None:
        await self.clients[login].post(f"/agents/{login}/state", {"state": state, "reason": reason})

    async def is_in(self, login: str, *states: str) -> None:
        await self.clients[login].until("/desk", lambda said: said["agent"]["state"] in states)

    async def call(self, caller: str, key: str, called: Both = MAIN) -> PhoneCall:
        """From outside, with one key pressed in the menu."""
        call = await self.trunk.dial(self.said(called), caller=caller)
        await asyncio.wait_for(call.answered.wait(), 30)
        if key:
            await asyncio.sleep(1)
            call.talk.press(key)
        return call

    async def connect(self, caller: str, key: str, login: str) -> tuple[PhoneCall, PhoneCall]:
        """A caller speaks with that agent, who is the only one to be rung."""
        customer = await self.call(caller, key)
        agent = await self.rung(login)
        agent.answer()
        await self.is_in(login, "talking")
        return customer, agent

    async def rung(self, login: str) -> PhoneCall:
        agent: PhoneCall = await asyncio.wait_for(self.phones[login].incoming.get(), 30)
        agent.ring()
        await asyncio.sleep(1)
        return agent

    # ---- the morning -------------------------------------------------------------------------------------------

    async def have_a_morning(self) -> None:
        """Conversations with notes and recordings, a call out, a message, somebody who gave up waiting."""
        lines = [await asyncio.to_thread(speech.speak, self.said(text), self.language, "espeak-ng")
                 for text in (ASKED, ANSWERED, PROMISED)]  # fmt: skip
        self._line = lines[0]
        for n, (customer, key, login, disposition, note) in enumerate(TALKS):
            await self.state(login, "ready")
            await self.is_in(login, "ready")
            outside, inside = await self.connect(self.numbers(customer), key, login)
            desk = await self.clients[login].get("/desk")
            call = desk["pop"]["call"]
            self.calls.append(call)
            told = {"note": self.said(note), "customer_id": self.customers[customer]}
            await self.clients[login].put(f"/calls/{call}/note", told)
            await self._speak(outside, inside, lines if n in (0, len(TALKS) - 1) else lines[:1])
            await (outside if n % 3 else inside).hang_up()
            await self.is_in(login, "wrap_up", "ready")
            await self.clients[login].put(f"/calls/{call}/disposition", {"code": disposition})
            await self.state(login, "break", "meeting")
            if (await self.clients[login].get("/desk"))["agent"]["state"] == "wrap_up":
                await self.clients[login].post(f"/agents/{login}/wrap-up/end", {})
            await self.is_in(login, "break")
        for customer, seconds in ((4, 5), (3, 2)):
            gave_up = await self.call(self.numbers(customer), "1")
            await asyncio.sleep(seconds)
            await gave_up.hang_up()
        for customer in (2, 5):
            message = await self.call(self.numbers(customer), "", self.said(SITE["numbers"][2]["match"]))
            await asyncio.sleep(6)
            await message.talk.say(lines[0])
            await message.hang_up()

    async def be_busy(self) -> None:
        """Two talk, one wraps up, one is at a meal, one waits for calls, one is at home; two callers wait."""
        await self.state("1003", "break", "meal")
        for login, customer, key in (("1004", 4, "2"), ("1002", 1, "2"), ("1006", 2, "3")):
            await self.state(login, "ready")
            both = await self.connect(self.numbers(customer), key, login)
            self._up += both
            self.keep_talking(*both)
            if login == "1004":
                await self._up[0].hang_up()
                await self.is_in(login, "wrap_up")
        for customer in (5, 3):
            self._up.append(await self.call(self.numbers(customer), "2"))

    def keep_talking(self, outside: PhoneCall, inside: PhoneCall) -> None:
        """Until the office closes: nobody would be heard otherwise, and the wall says so."""
        for call in (outside, inside):
            self._talking.append(asyncio.create_task(self._go_on(call)))

    async def _go_on(self, call: PhoneCall) -> None:
        while not call.ended.is_set():
            await call.talk.say(self._line)

    async def close(self) -> None:
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _speak(self, outside: PhoneCall, inside: PhoneCall, lines: Sequence[Any]) -> None:
        await inside.talk.say(lines[-1][: len(lines[-1]) // 3])
        for n, line in enumerate(lines):
            await (inside if n else outside).talk.say(line)
        await outside.talk.say(lines[0][: len(lines[0]) // 3])


def _site(language: Language, trunks: Sequence[Phone]) -> str:
    telecom, gateway = (phone.port for phone in trunks)
    site = said(SITE, language)
    caller = said(MAIN, language)
    site["trunks"] = [
        {"name": "telecom", "host": TRUNKS[0], "port": telecom, "channels": 30, "caller": caller},
        {"name": "gateway", "host": TRUNKS[1], "port": gateway, "allow": ["127.0.0.4"], "channels": 8},
    ]
    return json.dumps(site, ensure_ascii=False)


@asynccontextmanager
async def opened(language: Language, room: Path) -> AsyncIterator[Office]:
    """The office with its people signed in, and with nothing in it yet."""
    async with AsyncExitStack() as stack:
        zone = zone_of_the_morning(SystemClock().utc())
        region, area = ("CN", "020") if language == "zh-CN" else ("GB", "020")
        server = RunningServer(
            room, timezone=zone, language=language, region=region, area_code=area, recordings={"format": "opus"}
        )
        server.flow("main", said(FLOW, language))
        server.flow("complaints", said(LEAVE, language))
        await server.start()
        stack.push_async_callback(server.end)
        trunks = [
            await stack.enter_async_context(Phone(host, server.sip, f"trunk-{n}")) for n, host in enumerate(TRUNKS)
        ]
        await server.apply(_site(language, trunks))
        phones = {}
        for n, login in enumerate((*AGENTS, SUPERVISOR), start=1):
            phones[login] = Phone(f"127.0.1.{n}", server.sip, login, password=PASSWORD)
            await stack.enter_async_context(phones[login])
            if login != "1005":  # whose phone is away
                await phones[login].register()
        office = Office(language, server, zone, trunks[0], phones)
        await office.sign_in(stack)
        stack.push_async_callback(office.close)
        yield office
