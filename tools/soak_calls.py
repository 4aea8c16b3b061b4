"""Calls for a long time that end in every state, then a look at what is left: `python -m tools.soak_calls MINUTES`.

A server of its own with a menu, a queue and agents' phones gets calls from a scripted trunk. Callers go while it
rings, in the greeting, in the queue, at the agent's ringing and in talk; agents answer, refuse, let it ring, hang up
or vanish without a word. When all is over nothing may be left of them: no leg, dialog, transaction, recording or open
file, no call without an end in the history, no error in the log. Ends with 1 and says what is left otherwise.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from bench.office import memory_mb, metrics
from callcenterd.clock import SystemClock
from callcenterd.demo.phone import NoAnswer, Phone, PhoneCall, Refusal
from tests.kit.server import PLAIN, Client, RunningServer
from tests.kit.tones import tone

TRUNK = "127.0.0.2"
RATE = 3.0
"""Calls a second."""
AGENTS = 12
SETTLED = 100.0
"""Seconds for what is left to end by the protocol's own timers: an INVITE that nobody answers takes longest."""
GAUGES = ("callcenterd_media_legs", "callcenterd_media_recordings", "callcenterd_sip_dialogs", "callcenterd_sip_calls")

FLOW = """\
flow: main
title: 总机
language: zh-CN
start: welcome
nodes:
  welcome: {say: "您好，欢迎致电。", next: menu}
  menu:
    menu: {say: "业务咨询请按 1，投诉请按 2。", timeout: 3, retries: 1}
    keys: {"1": sales, "2": leave}
    otherwise: sales
  sales: {queue: sales}
  leave: {voicemail: sales}
"""


def _site(trunk_port: int) -> str:
    logins = [str(1001 + n) for n in range(AGENTS)]
    return json.dumps(
        {
            "trunks": [{"name": "gateway", "host": TRUNK, "port": trunk_port, "allow": [TRUNK]}],
            "numbers": [{"match": "02088886666", "flow": "main"}],
            "users": [
                {"login": login, "name": login, "role": "agent", "password": f"Secret-of-{login}", "extension": login}
                for login in logins
            ],
            "extensions": [{"number": login, "password": f"phone-Secret-{login}"} for login in logins],
            "queues": [{"name": "sales", "members": logins, "wrap_up": 1, "ring": 6, "record": True}],
        }
    )


class Soak:
    def __init__(self, server: RunningServer, trunk: Phone, chance: random.Random) -> None:
        self._server, self._trunk, self._chance = server, trunk, chance
        self.done: Counter[str] = Counter()

    async def caller(self, number: str) -> None:
        """One caller, gone at a moment of chance: within the first ring, or up to 25 s later."""
        call = await self._trunk.dial("02088886666", caller=number)
        stays = self._chance.choice((0.0, 0.05, 0.5, 2.0, 5.0, 12.0, 25.0)) * self._chance.random()
        leaving = asyncio.ensure_future(asyncio.sleep(stays))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call.answered.wait(), stays)
        if call.answered.is_set() and stays > 1.0:
            call.talk.press(self._chance.choice("1112"))
            talking = asyncio.ensure_future(call.talk.say(tone(440, stays)))
            await asyncio.wait([leaving, asyncio.ensure_future(call.ended.wait())], return_when="FIRST_COMPLETED")
            talking.cancel()
        else:
            await leaving
        self.done["callers"] += 1
        await self._leave(call, "caller")

    async def agent(self, phone: Phone) -> None:
        while True:
            call = await phone.incoming.get()
            phone.own(self._serve(call))

    async def _serve(self, call: PhoneCall) -> None:
        act = self._chance.choices(("answer", "refuse", "ignore", "vanish"), (8, 1, 1, 1))[0]
        self.done[act] += 1
        if act == "refuse":
            call.refuse()
        elif act == "ignore":
            call.ring()
            await call.ended.wait()
        else:
            call.ring()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(call.ended.wait(), self._chance.random() * 4)
            if call.ended.is_set():
                return
            call.answer()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(call.ended.wait(), self._chance.random() * 10)
            if act == "vanish":
                call.talk.close()  # no sound any more, until the caller gives up
            else:
                await self._leave(call, "agent")

    async def _leave(self, call: PhoneCall, who: str) -> None:
        try:
            await call.hang_up()
        except (NoAnswer, Refusal, TimeoutError) as fault:
            self.done[f"{who} left without an answer: {fault}"] += 1


async def _keep_ready(clients: list[Client], logins: list[str]) -> None:
    """Who did not answer is on break: come back, as a person would."""
    while True:
        for client, login in zip(clients, logins, strict=True):
            await client.try_to("POST", f"/agents/{login}/state", json={"state": "ready"})
        await asyncio.sleep(5)


@contextlib.asynccontextmanager
async def _office(folder: Path, chance: random.Random) -> AsyncIterator[tuple[RunningServer, Phone, list[Phone]]]:
    server = RunningServer(folder, program=PLAIN, rtp=range(48_000, 50_000))  # beside tests and benchmarks
    server.flow("main", FLOW)
    await server.start()
    try:
        async with contextlib.AsyncExitStack() as stack:
            trunk = await stack.enter_async_context(Phone(TRUNK, server.sip, "gateway", chance=chance))
            await server.apply(_site(trunk.port))
            phones = []
            for n in range(AGENTS):
                number = str(1001 + n)
                phone = Phone(f"127.0.0.{20 + n}", server.sip, number, password=f"phone-Secret-{number}", chance=chance)
                phones.append(await stack.enter_async_context(phone))
                await phone.register()
            yield server, trunk, phones
    finally:
        await server.end()


def _files(server: RunningServer) -> int:
    return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))


async def soak(minutes: float) -> list[str]:
    """Answers what is left that should not be."""
    clock, chance = SystemClock(), random.Random()
    with tempfile.TemporaryDirectory() as folder:
        async with _office(Path(folder), chance) as (server, trunk, phones), contextlib.AsyncExitStack() as stack:
            logins = [phone.number for phone in phones]
            clients = [
                await stack.enter_async_context(await server.client(login, f"Secret-of-{login}")) for login in logins
            ]
            work = Soak(server, trunk, chance)
            served = [asyncio.ensure_future(work.agent(phone)) for phone in phones]
            keeping = asyncio.ensure_future(_keep_ready(clients, logins))
            begun, callers = clock.monotonic(), set[asyncio.Task[None]]()
            memory: list[float] = []
            files_before = 0
            while (passed := clock.monotonic() - begun) < minutes * 60:
                number = f"138{chance.randrange(10**8):08d}"
                task = asyncio.ensure_future(work.caller(number))
                callers.add(task)
                task.add_done_callback(callers.discard)
                if len(memory) < passed / 15:
                    memory.append(memory_mb(server.pid))
                    files_before = files_before or _files(server)
                    _say(f"{passed:.0f} s: {dict(work.done)}, {len(callers)} callers, {memory[-1]:.0f} MB")
                await asyncio.sleep(chance.expovariate(RATE))
            await asyncio.gather(*callers)
            for task in (keeping, *served):
                task.cancel()
            left = await _left(server, clock)
            memory.append(memory_mb(server.pid))
            async with await server.client() as admin:
                calls = await admin.get("/calls", limit=1)
                open_ones = await admin.get("/live")
            _say(f"{calls['total']} calls in the history; memory {memory[0]:.0f} → {memory[-1]:.0f} MB; ")
            _say(f"open files {_files(server)}; {dict(work.done)}")
            if open_ones["lines"]:
                left.append(f"{len(open_ones['lines'])} lines are still shown")
            if calls["total"] != work.done["callers"]:
                left.append(f"{work.done['callers']} callers, but {calls['total']} calls in the history")
            left += [f"log: {error}" for error in server.errors()[:5]]
            left += [f"{path.name} is not finished" for path in (Path(folder) / "var").rglob("*.part")]
    return left


async def _left(server: RunningServer, clock: SystemClock) -> list[str]:
    until = clock.monotonic() + SETTLED
    while True:
        now = await metrics(server)
        unknown = [name for name in GAUGES if name not in now]
        left = [f"{name}: {now[name]:.0f}" for name in GAUGES if now.get(name)]
        if unknown or not left or clock.monotonic() > until:
            return left + [f"no metric {name}" for name in unknown]
        await asyncio.sleep(1)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    leavings = asyncio.run(soak(float(sys.argv[1])))
    for leaving in leavings:
        _say(f"left: {leaving}")
    _say("something is left" if leavings else "nothing is left")
    raise SystemExit(1 if leavings else 0)
