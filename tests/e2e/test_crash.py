"""kill -9 in the middle of everything: callers waiting, callbacks and messages pending, agents in every state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest_asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from tests.kit.server import Client, RunningServer
from tests.kit.tones import tone

TRUNK_HOST = "127.0.0.2"
AGENTS = {
    "1001": "talking",
    "1002": "offered",
    "1003": "wrap_up",
    "1004": "break",
    "1005": "signed_out",
    "1006": "ready",
    "1007": "unreachable",
}
"""Each agent, and the state at the moment of the crash."""
WAITING, CALLBACKS = 10, 5
SALES, BACK, MESSAGE = "02088880001", "02088880002", "02088880003"

USER = '  - {{login: "{agent}", name: 座席{agent}, role: agent, password: "first-Secret-1", extension: "{agent}"}}\n'
SITE = """
trunks:
  - {{name: gateway, host: {host}, port: {port}, allow: ["{host}"]}}
numbers:
  - {{match: "02088880001", flow: sales}}
  - {{match: "02088880002", flow: back}}
  - {{match: "02088880003", flow: message}}
users:
{users}
  - {{login: boss, name: 班长, role: supervisor, password: "third-Secret-3"}}
extensions:
{extensions}
queues:
  - {{name: sales, members: ["1001", "1002", "1003", "1004"], wrap_up: 300, ring: 60, record: false}}
  - {{name: quiet, members: ["1006", "1007"], record: false}}
  - {{name: night, members: ["1005"], record: false}}
"""
FLOWS = {
    "sales": "flow: sales\nlanguage: zh-CN\nstart: sales\nnodes:\n  sales: {queue: sales}\n",
    "back": "flow: back\nlanguage: zh-CN\nstart: back\nnodes:\n  back: {callback: night}\n",
    "message": "flow: message\nlanguage: zh-CN\nstart: box\nnodes:\n  box: {voicemail: night, greeting: 请留言}\n",
}


class Office:
    """A server with its trunk and the agents' phones."""

    def __init__(self, server: RunningServer, trunk: Phone, phones: Mapping[str, Phone]) -> None:
        self.server = server
        self.trunk = trunk
        self.phones = phones
        self.callers: list[PhoneCall] = []

    async def calls(self, number: str) -> PhoneCall:
        caller = await self.trunk.dial(number, caller=f"1380000{len(self.callers):04}")
        self.callers.append(caller)
        await asyncio.wait_for(caller.answered.wait(), 20)
        return caller

    async def is_rung(self, agent: str) -> PhoneCall:
        return await asyncio.wait_for(self.phones[agent].incoming.get(), 20)


@pytest_asyncio.fixture
async def busy(tmp_path: Path) -> AsyncIterator[Office]:
    server = RunningServer(tmp_path / "office")
    for name, text in FLOWS.items():
        server.flow(name, text)
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.end)
        trunk = await stack.enter_async_context(Phone(TRUNK_HOST, server.sip, "gateway"))
        users = "".join(USER.format(agent=agent) for agent in AGENTS)
        extensions = "".join(f'  - {{number: "{agent}", password: "phone-Secret-1"}}\n' for agent in AGENTS)
        await server.apply(
            SITE.format(host=TRUNK_HOST, port=trunk.port, users=users.rstrip(), extensions=extensions.rstrip())
        )
        phones = {
            agent: await stack.enter_async_context(
                Phone(f"127.0.0.{20 + n}", server.sip, agent, password="phone-Secret-1")
            )
            for n, agent in enumerate(AGENTS)
        }
        await asyncio.gather(*(phone.register() for phone in phones.values()))
        yield Office(server, trunk, phones)


async def states(client: Client, met: Mapping[str, str], seconds: float = 20.0) -> None:
    """Wait until each of these agents is in that state."""

    def as_wanted(said: Any) -> bool:
        now = {one["login"]: one["state"] for one in said["items"]}
        return all(now[agent] == state for agent, state in met.items())

    await client.until("/agents", as_wanted, seconds)


async def fill(office: Office, admin: Client) -> None:
    """Everybody into their state, and everything that may be pending; ten callers wait in the end."""
    await admin.post("/agents/1004/state", {"state": "break", "reason": "meal"})
    for agent in ("1006", "1007"):
        await admin.post(f"/agents/{agent}/state", {"state": "ready"})
    await office.phones["1007"].register(expires=0)
    for agent in ("1001", "1003", "1002"):
        await admin.post(f"/agents/{agent}/state", {"state": "ready"})
        await office.calls(SALES)
        rung = await office.is_rung(agent)
        rung.ring()
        if agent != "1002":
            rung.answer()
            await states(admin, {agent: "talking"})
        if agent == "1003":
            await rung.hang_up()
    for _ in range(WAITING):
        await office.calls(SALES)
    wishes = [await office.calls(BACK) for _ in range(CALLBACKS)]
    message = await office.calls(MESSAGE)
    for wish in wishes:
        wish.talk.press("1")
    await admin.until("/callbacks", lambda said: said["total"] == CALLBACKS)
    await asyncio.sleep(2)
    await message.talk.say(tone(440, 3.0))
    await message.hang_up()
    await admin.until("/voicemail", lambda said: said["total"] == 1)
    await states(admin, AGENTS)


async def test_after_kill_9_wishes_messages_and_agents_stand_and_every_call_has_its_end(busy: Office) -> None:
    admin = await busy.server.client()
    await fill(busy, admin)
    wishes, messages = (await admin.get("/callbacks"))["items"], (await admin.get("/voicemail"))["items"]
    await asyncio.sleep(1.5)  # what is a second old is on the disk
    before = {one["id"]: one for one in (await admin.get("/calls", limit=100))["items"]}
    await busy.server.kill()
    await admin.close()

    await busy.server.start()
    admin = await busy.server.client("boss", "third-Secret-3")
    assert (await admin.get("/callbacks"))["items"] == wishes
    assert (await admin.get("/voicemail"))["items"] == messages
    status, sound = await admin.try_to("GET", f"/voicemail/{messages[0]['id']}/sound")
    assert status == 200
    assert len(sound) > 16000, "a second at the least"

    # agents: who was on break or signed out is; who was ready only needs a phone
    as_they_were = dict.fromkeys(AGENTS, "ready") | {"1004": "break", "1005": "signed_out"}
    now = {one["login"]: (one["state"], one["reason"]) for one in (await admin.get("/agents"))["items"]}
    assert now["1004"] == ("break", "meal")
    assert {state for state, _ in now.values()} <= {"break", "signed_out", "unreachable", "ready"}
    await asyncio.gather(*(phone.register() for phone in busy.phones.values()))
    await states(admin, as_they_were)

    # the history: nothing is missing, nothing is open
    after = {one["id"]: one for one in (await admin.get("/calls", limit=100))["items"]}
    assert after.keys() == before.keys()
    assert all(one["ended_at"] for one in after.values())
    cut_off = [call for call, one in after.items() if one["outcome"] == "interrupted"]
    open_before = [call for call, one in before.items() if one["ended_at"] is None]
    assert sorted(cut_off) == sorted(open_before)
    assert len(cut_off) >= WAITING + 2
    for call in cut_off:
        told = await admin.get(f"/calls/{call}")
        kinds = [step["kind"] for step in told["story"]]
        assert kinds[0] == "call.started"
        assert kinds.count("call.ended") == 1 == kinds[::-1].index("call.ended") + 1
        assert told["queue"] == "sales"
        assert "call.queued" in kinds
        assert told["wait_seconds"] > 0 or told["talk_seconds"] > 0

    # and the line works
    caller = await busy.calls(SALES)
    rung = await asyncio.wait_for(first_rung(busy), 20)
    rung.answer()
    await admin.until("/calls", lambda said: said["items"][0]["answered_at"] is not None)
    await rung.hang_up()
    await asyncio.wait_for(caller.ended.wait(), 20)
    assert busy.server.errors() == []
    await admin.close()


async def first_rung(office: Office) -> PhoneCall:
    """Whoever of the agents is rung next; what rang before the crash is forgotten."""
    waits = [asyncio.ensure_future(phone.incoming.get()) for phone in office.phones.values()]
    done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    return done.pop().result()
