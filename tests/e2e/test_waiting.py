"""What a waiting caller hears on a real line: music, the place, an answer that cuts it; a key that leads out; and the
old place after kill -9. What is said has tones in the place of words."""

from __future__ import annotations

import asyncio
import itertools
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest_asyncio
from numpy.typing import NDArray

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.kit.server import Client, RunningServer
from tests.kit.tones import level, tone

NUMBER = "02088886666"
MUSIC, PLACE, GREETING, AGENT = 440.0, 700.0, 1500.0, 1000.0
WAITING = (
    "queues:\n  - {name: sales, announce_position: every, announce_first: 1, announce_every: 20, place_back: 5,"
    ' exits: {"1": voicemail}}\n'
)
SECONDS = 20.0


def record(path: Path, hertz: float, seconds: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(tone(hertz, seconds).tobytes())


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    """Whoever calls waits at once."""
    running = RunningServer(tmp_path / "office")
    running.flow("main", "flow: main\nlanguage: en\nstart: sales\nnodes:\n  sales: {queue: sales}\n")
    spoken = ("queue_next", "exit_voicemail", "words/one")
    for name, hertz in (("music", MUSIC), *((name, PLACE) for name in spoken), ("voicemail", GREETING)):
        record(running.folder / f"prompts/{name}.wav", hertz, 2.0)
    await running.start()
    yield running
    await running.end()


@pytest_asyncio.fixture
async def supervisor(server: RunningServer, trunk: Phone) -> AsyncIterator[Client]:
    await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
    await server.apply(WAITING)
    async with await server.client("2001", "third-Secret-3") as client:
        yield client


async def comes(trunk: Phone, caller: str) -> PhoneCall:
    call = await trunk.dial(NUMBER, caller=caller)
    await asyncio.wait_for(call.answered.wait(), SECONDS)
    return call


async def hears(call: PhoneCall, hertz: float, seconds: float = SECONDS) -> None:
    """Now, in the last tenth of a second."""
    async with asyncio.timeout(seconds):
        while level(call.talk.heard()[-800:], hertz) < 3000:
            await asyncio.sleep(0.02)


def heard_in_turn(sound: NDArray[np.int16]) -> list[float]:
    """Which tone, in windows of 100 ms, each told once."""
    windows = (sound[at : at + 800] for at in range(0, len(sound) - 800, 800))
    loud = (next((hz for hz in (MUSIC, PLACE, GREETING, AGENT) if level(w, hz) > 5000), 0.0) for w in windows)
    return [hertz for hertz, _ in itertools.groupby(hertz for hertz in loud if hertz)]


async def order(supervisor: Client, callers: int) -> list[str]:
    """Who waits, when there are so many."""
    said = await supervisor.until("/queues/sales/waiting", lambda said: said["total"] == callers)
    return [item["caller"] for item in said["items"]]


async def test_a_caller_hears_music_and_the_place_leaves_by_a_key_and_an_answer_cuts_what_is_said_within_200_ms(
    server: RunningServer, trunk: Phone, phone: Phone, supervisor: Client
) -> None:
    caller = await comes(trunk, "13800138000")
    await hears(caller, PLACE)
    assert await order(supervisor, 1) == ["13800138000"]
    caller.talk.press("7")
    await asyncio.sleep(3)
    await hears(caller, MUSIC)
    await asyncio.sleep(0.4)
    assert await order(supervisor, 1) == ["13800138000"], "a key that leads nowhere is ignored"
    caller.talk.press("1")
    await hears(caller, GREETING)
    await asyncio.sleep(0.3)
    assert await order(supervisor, 0) == []
    assert heard_in_turn(caller.talk.heard())[:4] == [MUSIC, PLACE, MUSIC, GREETING]
    await caller.hang_up()

    async with await server.client("1001", "first-Secret-1") as agent_page:
        await agent_page.post("/agents/1001/state", {"state": "ready"})
        caller = await comes(trunk, "13800138001")
        agent = await asyncio.wait_for(phone.incoming.get(), SECONDS)
        agent.ring()
        await hears(caller, PLACE)
        await asyncio.sleep(0.3)
        answered = len(caller.talk.heard())
        agent.answer()
        await asyncio.gather(agent.talk.say(tone(AGENT, 1.5)), asyncio.sleep(1.2))
        sound = caller.talk.heard()
        loud = [level(sound[at : at + 160], PLACE) > 3000 for at in range(answered, len(sound) - 160, 160)]
        last_ms = 20 * (1 + max((n for n, heard in enumerate(loud) if heard), default=-1))
        assert last_ms <= 200, f"still heard {last_ms} ms after the answer"
        assert heard_in_turn(sound)[-1] == AGENT
        await caller.hang_up()
        await asyncio.wait_for(agent.ended.wait(), SECONDS)
    assert server.errors() == []


async def test_after_kill_9_those_who_waited_ring_again_and_stand_where_they_stood(
    server: RunningServer, trunk: Phone, supervisor: Client
) -> None:
    waited = [f"1380013800{n}" for n in range(4)]
    for caller in waited:
        await comes(trunk, caller)
        await asyncio.sleep(0.05)
    assert await order(supervisor, 4) == waited
    for item in (await supervisor.get("/queues/sales/waiting"))["items"]:
        await supervisor.get(f"/calls/{item['call']}")  # answers when the story until now is written
    await server.kill()
    await server.start()
    async with await server.client("2001", "third-Secret-3") as again:
        await comes(trunk, "13911112222")
        for caller in reversed(waited):
            await comes(trunk, caller)
        assert await order(again, 5) == [*waited, "13911112222"]
        said = await again.until("/calls", lambda said: said["total"] == 2, caller=waited[0])
        told = await again.get(f"/calls/{said['items'][0]['id']}")
        (back,) = [step for step in told["story"] if step["kind"] == "call.place_back"]
        assert back["details"]["earlier"] == said["items"][1]["id"]
        assert said["items"][1]["outcome"] == "interrupted"
    assert server.errors() == []
