"""A phone is gone without a word, in every state of its agent (N-59): while it rings, talks, holds, and in wrap-up; a
caller who waits, and an agent's page. baresip at the desks, over TCP: that it is gone is known at once by its
connection, and that it is heard no more by its sound.

All of it happens together, and then each is looked at. A phone that is frozen, or registered over UDP, is asked whether
it is there: tests/sip/test_conversation.py and tests/switchboard/test_faults_elsewhere.py, in virtual time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import pytest_asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_first_call import stereo
from tests.kit.baresip import Baresip
from tests.kit.lanes import sound_ports
from tests.kit.server import Client, RunningServer, span
from tests.kit.tones import level, tone

pytestmark = pytest.mark.asyncio(loop_scope="module")

TIMEOUT = 10
"""Seconds of silence that end a conversation here, and who waits."""
QUEUES = ("talk", "hold", "ring", "wrap", "page")
MEMBERS = {"talk": ["1001"], "hold": ["1002"], "ring": ["1003", "1004"], "wrap": ["1005"], "page": ["1006"]}
AGENTS = ("1001", "1002", "1003", "1004", "1005", "1006")
FOREIGN = ("1001", "1002", "1003", "1005")
CUSTOMER, AGENT = 400.0, 700.0
SECONDS = 25.0


@dataclass
class Day:
    """After the phones have vanished: the customers, and their calls by queue."""

    server: RunningServer
    trunk: Phone
    boss: Client
    customers: dict[str, PhoneCall]
    calls: dict[str, str]
    other: Phone
    paged: PhoneCall

    async def record(self, queue: str) -> dict[str, Any]:
        said: dict[str, Any] = await self.boss.until(
            f"/calls/{self.calls[queue]}", lambda said: said["ended_at"] is not None
        )
        return said

    async def state(self, agent: str, wanted: str) -> None:
        await self.boss.until(
            "/agents", lambda said: next(one for one in said["items"] if one["login"] == agent)["state"] == wanted
        )


def _site(port: int) -> str:
    numbers = "".join(f'  - {{match: "0208888000{n}", flow: {queue}}}\n' for n, queue in enumerate(QUEUES))
    users = "".join(
        f'  - {{login: "{one}", name: 座席{one}, role: agent, password: "first-Secret-1", extension: "{one}"}}\n'
        for one in AGENTS
    )
    extensions = "".join(f'  - {{number: "{one}", password: "phone-Secret-{one}"}}\n' for one in AGENTS)
    queues = "".join(
        f"  - {{name: {queue}, members: {members}, wrap_up: 4, ring: 6}}\n".replace("'", '"')
        for queue, members in MEMBERS.items()
    )
    return (
        f'trunks:\n  - {{name: gateway, host: {TRUNK_HOST}, port: {port}, allow: ["{TRUNK_HOST}"]}}\n'
        f"numbers:\n{numbers}users:\n{users}"
        '  - {login: "2001", name: 王班长, role: supervisor, password: "third-Secret-3"}\n'
        f"extensions:\n{extensions}queues:\n{queues}"
    )


async def _soon(waiting: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(waiting, SECONDS)


async def _hears(customer: PhoneCall) -> None:
    """The agent, for a while: there is something to be heard in the recording."""
    async with asyncio.timeout(SECONDS):
        while level(customer.talk.heard()[-4000:], AGENT) < 6000:
            await asyncio.sleep(0.05)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def day(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Day]:
    folder = tmp_path_factory.mktemp("vanishing")
    server = RunningServer(folder / "office")
    ports = span(sound_ports(200))
    server.configure(
        rtp={"address": "auto", "ports": ports, "timeout_seconds": TIMEOUT, "hold_timeout_seconds": TIMEOUT}
    )
    for queue in QUEUES:
        server.flow(queue, f"flow: {queue}\nlanguage: en\nstart: wait\nnodes:\n  wait: {{queue: {queue}}}\n")
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.end)
        trunk = await stack.enter_async_context(Phone(TRUNK_HOST, server.sip, "gateway"))
        await server.apply(_site(trunk.port))
        boss = await server.client("2001", "third-Secret-3")
        foreign = {
            number: await stack.enter_async_context(
                Baresip(
                    folder / number, f"127.0.0.1{number[3:]}", server.sip, number, f"phone-Secret-{number}",
                    says=tone(AGENT, 60.0), transport="tcp",
                )
            )
            for number in FOREIGN
        }  # fmt: skip
        own = [
            await stack.enter_async_context(
                Phone(f"127.0.0.1{number[3:]}", server.sip, number, password=f"phone-Secret-{number}")
            )
            for number in ("1004", "1006")
        ]
        for phone in own:
            await phone.register()
        pages = {login: await server.client(login, "first-Secret-1") for login in AGENTS}
        for login, page in pages.items():  # 1003 before 1004: idle longest
            await boss.until("/agents", lambda said, one=login: _of(said, one)["phone"])
            await page.post(f"/agents/{login}/state", {"state": "ready"})
        other, last = own
        customers = {
            queue: await trunk.dial(f"0208888000{n}", caller=f"1380000000{n}") for n, queue in enumerate(QUEUES)
        }
        for number in ("1001", "1002", "1005"):
            await foreign[number].wait_for("CALL_INCOMING")
            await foreign[number].command("accept")
        await foreign["1003"].wait_for("CALL_INCOMING")
        paged: PhoneCall = await _soon(last.incoming.get())
        paged.answer()
        lines = await boss.until(
            "/live", lambda said: sorted(line["state"] for line in said["lines"]) == ["ringing"] + 4 * ["talking"]
        )
        calls = {line["queue"]: line["call"] for line in lines["lines"]}
        says = [asyncio.create_task(call.talk.say(tone(CUSTOMER, 60.0))) for call in customers.values()]
        says.append(asyncio.create_task(paged.talk.say(tone(AGENT, 60.0))))
        waiting = await trunk.dial("02088880000", caller="13800000009")  # 1001 is in a call: they wait
        await _soon(waiting.answered.wait())
        customers["waiting"] = waiting
        await _hears(customers["hold"])
        await foreign["1002"].command("hold")
        lines = await boss.until("/live", lambda said: "held" in [line["state"] for line in said["lines"]])
        calls["waiting"] = next(line["call"] for line in lines["lines"] if line["call"] not in calls.values())
        await customers["wrap"].hang_up()
        await boss.until("/agents", lambda said: _of(said, "1005")["state"] == "wrap_up")
        await _hears(customers["talk"])

        for device in foreign.values():
            await device.vanish()
        waiting.talk.fall_silent()
        await pages["1006"].close()

        yield Day(server, trunk, boss, customers, calls, other, paged)
        for task in says:
            task.cancel()
        await asyncio.gather(*says, return_exceptions=True)
    assert server.errors() == []


def _of(said: Any, login: str) -> Any:
    return next(one for one in said["items"] if one["login"] == login)


async def test_while_it_rings_the_next_agent_is_rung_and_the_customer_hears_music_until_then(day: Day) -> None:
    customer = day.customers["ring"]
    taken = await _soon(day.other.incoming.get())
    assert np.abs(customer.talk.heard()[-4000:].astype(int)).max() > 300
    taken.answer()
    await _soon(taken.answered.wait())
    await taken.talk.say(tone(AGENT, 0.6))
    assert level(customer.talk.heard()[-4000:-1600], AGENT) > 3000
    await day.state("1003", "unreachable")
    await customer.hang_up()
    record = await day.record("ring")
    assert (record["agent"], record["outcome"]) == ("1004", "answered")


async def test_in_wrap_up_its_agent_is_offered_nothing_any_more(day: Day) -> None:
    await day.state("1005", "unreachable")
    caller = await day.trunk.dial("02088880003", caller="13800000010")
    await _soon(caller.answered.wait())
    own = {"caller": "13800000010", "state": "waiting"}
    await day.boss.until("/live", lambda said: any(line.items() >= own.items() for line in said["lines"]))
    await caller.hang_up()


async def test_without_a_page_the_agent_speaks_on_and_a_new_page_shows_the_customer(day: Day) -> None:
    await day.state("1006", "talking")
    assert level(day.customers["page"].talk.heard()[-4000:], AGENT) > 3000
    assert level(day.paged.talk.heard()[-4000:], CUSTOMER) > 3000
    async with await day.server.client("1006", "first-Secret-1") as page:
        assert (await page.get("/desk"))["pop"]["call"] == day.calls["page"]
    await day.paged.hang_up()
    await _soon(day.customers["page"].ended.wait())
    await day.state("1006", "ready")


@pytest.mark.parametrize(("queue", "agent"), [("talk", "1001"), ("hold", "1002")])
async def test_in_a_call_the_customer_is_let_go_as_soon_as_the_silence_says_so(
    day: Day, queue: str, agent: str
) -> None:
    await _soon(day.customers[queue].ended.wait())
    record = await day.record(queue)
    assert (record["outcome"], record["agent"], record["cause"]) == ("answered", agent, "media_timeout")
    assert [step["kind"] for step in record["story"]].count("call.ended") == 1
    await day.state(agent, "unreachable")
    left, right = stereo(await day.boss.recording(record["recording_id"]))
    assert abs(len(left) / 8000 - record["talk_seconds"]) < 0.5
    assert max(level(right[at : at + 800], AGENT) for at in range(0, 16000, 400)) > 3000
    assert TIMEOUT < record["talk_seconds"] < 2 * TIMEOUT + 8


async def test_on_hold_the_customer_heard_music_to_the_end(day: Day) -> None:
    await _soon(day.customers["hold"].ended.wait())
    assert np.abs(day.customers["hold"].talk.heard()[-16000:].astype(int)).max() > 300


async def test_a_caller_who_is_gone_while_waiting_waits_no_more(day: Day) -> None:
    await _soon(day.customers["waiting"].ended.wait())
    record = await day.record("waiting")
    assert (record["outcome"], record["agent"], record["cause"]) == ("abandoned", None, "media_timeout")


async def test_nothing_is_left_over(day: Day) -> None:
    await day.boss.until("/live", lambda said: said["lines"] == [])
    said = await day.boss.get("/calls")
    assert said["total"] == len(QUEUES) + 2
    assert all(one["ended_at"] is not None and one["outcome"] is not None for one in said["items"])
