"""Who hears whom on a started server, measured: every party sends a tone of its own, and is listened for (SUP-02,
TEL-03, TEL-05, IVR-02). What the middle of a steady tone looks like where somebody comes in is compared with the tone
itself: a click would show."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest_asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import CALLER, _recorded, call_in, ready, soon, stereo
from tests.kit.server import Client, RunningServer
from tests.kit.tones import level, tone

CUSTOMER, AGENT, BOSS, THIRD = 400.0, 700.0, 1000.0, 1300.0
TONES = (CUSTOMER, AGENT, BOSS, THIRD)
LOUD, SILENT = 1500.0, 150.0
SPOKEN = 3000
"""Peak of each tone: four of them together are not clipped."""
MEETING = """\
flow: meeting
language: zh-CN
start: room
nodes:
  room: {conference: weekly, tones: false}
"""


@pytest_asyncio.fixture
async def office(server: RunningServer) -> AsyncIterator[tuple[Phone, Phone, Phone]]:
    """A trunk, the agent's phone and the supervisor's, who sits at 1003."""
    server.flow("meeting", MEETING)
    async with Phone(TRUNK_HOST, server.sip, "gateway") as trunk:
        text = SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port)
        text = text.replace("numbers:\n", 'numbers:\n  - {match: "02088889999", flow: meeting}\n').replace(
            'password: "third-Secret-3"}', 'password: "third-Secret-3", extension: "1003"}'
        )
        text = text.replace("extensions:\n", 'extensions:\n  - {number: "1003", password: "phone-Secret-3"}\n')
        await server.apply(text)
        async with await server.client() as admin:
            await admin.post("/flows/reload", {})
        async with (
            Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as agent,
            Phone("127.0.0.13", server.sip, "1003", password="phone-Secret-3") as boss,
        ):
            await agent.register()
            await boss.register()
            yield trunk, agent, boss


@asynccontextmanager
async def speaking(parties: Mapping[float, PhoneCall]) -> AsyncIterator[None]:
    """Each says its tone, all the time."""
    tasks = [asyncio.create_task(call.talk.say(tone(hertz, 60.0, SPOKEN))) for hertz, call in parties.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)


async def who_is_heard(parties: Mapping[float, PhoneCall], among: Sequence[float] = TONES) -> dict[float, set[float]]:
    """For each party the tones that it hears now. A tone that is neither there nor not is a fault."""
    await asyncio.sleep(0.9)
    found: dict[float, set[float]] = {}
    for own, call in parties.items():
        heard = call.talk.heard()[-4000:]
        levels = {hertz: level(heard, hertz) for hertz in among}
        assert all(one > LOUD or one < SILENT for one in levels.values()), (own, levels)
        found[own] = {hertz for hertz, one in levels.items() if one > LOUD}
    return found


def steepest(sound: np.ndarray[Any, np.dtype[np.int16]]) -> float:
    """The largest second difference: a click is a step or a bend, and a tone has none beyond its own."""
    return float(np.abs(np.diff(sound.astype(np.float64), n=2)).max())


async def conversation(trunk: Phone, phone: Phone) -> tuple[PhoneCall, PhoneCall]:
    customer = await call_in(trunk)
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    await soon(agent.answered.wait())
    return customer, agent


async def picked_up(phone: Phone) -> PhoneCall:
    call: PhoneCall = await soon(phone.incoming.get())
    call.answer()
    await soon(call.answered.wait())
    return call


async def live_call(page: Client) -> str:
    return str((await page.until("/desk", lambda said: said["pop"] is not None))["pop"]["call"])


async def test_a_supervisor_listens_whispers_barges_in_and_takes_over(
    server: RunningServer, office: tuple[Phone, Phone, Phone]
) -> None:
    trunk, phone, desk_phone = office
    page, wall = await ready(server, "1001", "first-Secret-1"), await server.client("2001", "third-Secret-3")
    customer, agent = await conversation(trunk, phone)
    call = await live_call(page)
    await wall.post(f"/calls/{call}/listen", {})
    boss = await picked_up(desk_phone)
    assert any("answer-after=0" in said.get("call-info") for said in boss.said), "the phone is asked to pick up"
    parties = {CUSTOMER: customer, AGENT: agent, BOSS: boss}
    async with speaking(parties):
        assert await who_is_heard(parties) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}, BOSS: {CUSTOMER, AGENT}}
        boss.talk.press("5")
        assert await who_is_heard(parties) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER, BOSS}, BOSS: {CUSTOMER, AGENT}}
        await wall.post(f"/calls/{call}/listen", {"mode": "barge"})
        assert await who_is_heard(parties) == {
            CUSTOMER: {AGENT, BOSS},
            AGENT: {CUSTOMER, BOSS},
            BOSS: {CUSTOMER, AGENT},
        }
        await wall.post(f"/calls/{call}/listen", {"mode": "listen"})
        assert await who_is_heard(parties) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}, BOSS: {CUSTOMER, AGENT}}
        await wall.post(f"/calls/{call}/take-over", {})
        await soon(agent.ended.wait())
        del parties[AGENT]
        assert await who_is_heard(parties) == {CUSTOMER: {BOSS}, BOSS: {CUSTOMER}}
    await customer.hang_up()
    await soon(boss.ended.wait())
    record = await wall.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
    modes = [step["details"]["mode"] for step in record["story"] if step["kind"] == "call.monitored"]
    assert modes == ["listen", "listen", "whisper", "whisper", "barge", "barge", "listen", "listen"]
    assert (record["agent"], record["outcome"]) == ("2001", "answered")
    seen = await page.get(f"/calls/{call}")
    assert "call.monitored" not in [step["kind"] for step in seen["story"]]
    left, right = stereo(await _recorded(wall, record["recording_id"]))
    with_boss = [level(right[n : n + 4000], BOSS) > 1000 for n in range(0, len(right) - 4000, 4000)]
    assert max(level(left[n : n + 4000], BOSS) for n in range(0, len(left) - 4000, 4000)) < SILENT
    # Right is the agent alone, then a second of barging in, the agent alone again, and the supervisor to the end.
    changes = [with_boss[n] for n in range(len(with_boss)) if n == 0 or with_boss[n] != with_boss[n - 1]]
    assert changes in ([False, True, False, True], [False, True, False, True, False]), with_boss
    assert server.errors() == []
    await page.close()
    await wall.close()


async def test_nobody_hears_a_click_when_a_supervisor_comes_and_goes(
    server: RunningServer, office: tuple[Phone, Phone, Phone]
) -> None:
    """Low tones have gentle slopes: where one begins or ends in the middle, a step would stand out."""
    trunk, phone, desk_phone = office
    page, wall = await ready(server, "1001", "first-Secret-1"), await server.client("2001", "third-Secret-3")
    customer, agent = await conversation(trunk, phone)
    call = await live_call(page)
    await wall.post(f"/calls/{call}/listen", {})
    boss = await picked_up(desk_phone)
    low, lower = 170.0, 130.0  # no whole or half periods in a packet: a switch meets them anywhere
    async with speaking({low: agent, lower: boss}):
        await asyncio.sleep(1.0)
        begun = len(customer.talk.heard())
        for mode in ("barge", "listen") * 6:
            await wall.post(f"/calls/{call}/listen", {"mode": mode})
            await asyncio.sleep(0.23)
        heard = customer.talk.heard()[begun:]
    together = [level(heard[n : n + 1600], lower) > SPOKEN / 2 for n in range(0, len(heard) - 1600, 400)]
    assert any(together)
    assert not all(together), "the supervisor came and went"
    # Within a fade a sample may differ from its neighbours by as much as the tones rise from one to the next, and
    # A-law rounds each sample of this size by up to 64 (of the two tones together, by 128).
    slopes = sum(np.abs(np.diff(tone(hertz, 1.0, SPOKEN).astype(int))).max() for hertz in (low, lower))
    frames = [steepest(heard[n : n + 162]) for n in range(0, len(heard) - 162, 160)]
    bent = [one for one in frames if one > slopes + 4 * 128]
    assert len(bent) <= 1, f"of {len(frames)} frames: {sorted(bent)}"  # one packet of a busy machine may come late
    await customer.hang_up()
    assert server.errors() == []
    await page.close()
    await wall.close()


async def test_a_third_joins_and_the_agent_leaves(server: RunningServer, office: tuple[Phone, Phone, Phone]) -> None:
    trunk, phone, desk_phone = office
    page = await ready(server, "1001", "first-Secret-1")
    customer, agent = await conversation(trunk, phone)
    call = await live_call(page)
    await page.post(f"/calls/{call}/parties", {"number": "1003"})
    third = await picked_up(desk_phone)
    parties = {CUSTOMER: customer, AGENT: agent, THIRD: third}
    async with speaking(parties):
        assert await who_is_heard(parties) == {
            CUSTOMER: {AGENT, THIRD},
            AGENT: {CUSTOMER, THIRD},
            THIRD: {CUSTOMER, AGENT},
        }
        said = await page.get(f"/calls/{call}/parties")
        await page.post(f"/calls/{call}/parties/{said['items'][2]['id']}/mute", {"muted": True})
        assert await who_is_heard(parties) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}, THIRD: {CUSTOMER, AGENT}}
        await page.post(f"/calls/{call}/parties/{said['items'][2]['id']}/mute", {"muted": False})
        await page.post(f"/calls/{call}/hold", {})
        assert await who_is_heard({CUSTOMER: customer, THIRD: third}, [AGENT]) == {CUSTOMER: set(), THIRD: set()}
        await page.post(f"/calls/{call}/resume", {})
        await agent.hang_up()
        del parties[AGENT]
        assert await who_is_heard(parties) == {CUSTOMER: {THIRD}, THIRD: {CUSTOMER}}
    await third.hang_up()
    await soon(customer.ended.wait())
    assert server.errors() == []
    await page.close()


async def test_a_call_is_held_and_parked_from_the_page_and_fetched_by_a_phone(
    server: RunningServer, office: tuple[Phone, Phone, Phone]
) -> None:
    trunk, phone, other = office
    page, wall = await ready(server, "1001", "first-Secret-1"), await server.client("2001", "third-Secret-3")
    customer, agent = await conversation(trunk, phone)
    call = await live_call(page)
    async with speaking({CUSTOMER: customer, AGENT: agent}):
        await page.post(f"/calls/{call}/hold", {})
        await wall.until("/live", lambda said: said["lines"][0]["state"] == "held")
        parties = {CUSTOMER: customer, AGENT: agent}
        assert await who_is_heard(parties) == {CUSTOMER: set(), AGENT: set()}
        assert np.abs(customer.talk.heard()[-4000:].astype(int)).max() > 300, "music"
        await page.post(f"/calls/{call}/resume", {})
        assert await who_is_heard(parties) == {CUSTOMER: {AGENT}, AGENT: {CUSTOMER}}
        await other.subscribe("dialog", "*881")
        assert (await page.post(f"/calls/{call}/park", {}))["slot"] == "1"
        await soon(agent.ended.wait())
        async with asyncio.timeout(10):
            while not any("<state>confirmed</state>" in said.body for said in other.others):
                await asyncio.sleep(0.1)
        await wall.until("/live", lambda said: said["lines"][0]["state"] == "parked")
        fetched = await other.dial("*881")
        await soon(fetched.answered.wait())
        parties = {CUSTOMER: customer, BOSS: fetched}
        async with speaking({BOSS: fetched}):
            assert await who_is_heard(parties) == {CUSTOMER: {BOSS}, BOSS: {CUSTOMER}}
    await fetched.hang_up()
    await soon(customer.ended.wait())
    record = await wall.until(f"/calls/{call}", lambda said: said["ended_at"] is not None)
    kinds = [step["kind"] for step in record["story"]]
    assert kinds.index("call.parked") < kinds.index("call.fetched")
    assert record["caller"] == CALLER
    assert server.errors() == []
    await page.close()
    await wall.close()


async def test_eight_meet_in_a_room_and_each_hears_the_seven_others(
    server: RunningServer, office: tuple[Phone, Phone, Phone]
) -> None:
    trunk, *_ = office
    wall = await server.client("2001", "third-Secret-3")
    hertz = [300.0 + 200.0 * n for n in range(8)]
    parties: dict[float, PhoneCall] = {}
    for n, one in enumerate(hertz):
        parties[one] = await trunk.dial("02088889999", caller=f"1380000000{n}")
        await soon(parties[one].answered.wait())
    said = await wall.until("/conferences", lambda said: said["items"] and len(said["items"][0]["members"]) == 8)
    async with speaking(parties):
        everybody = set(hertz)
        assert await who_is_heard(parties, hertz) == {one: everybody - {one} for one in hertz}
        muted, gone = hertz[2], hertz[5]
        members = {member["number"]: member["call"] for member in said["items"][0]["members"]}
        await wall.post(f"/conferences/weekly/members/{members['13800000002']}/mute", {"muted": True})
        await parties.pop(gone).hang_up()
        everybody -= {gone}
        assert await who_is_heard(parties, hertz) == {one: everybody - {one, muted} for one in everybody}
        await wall.post("/conferences/weekly/end", {})
        for call in parties.values():
            await soon(call.ended.wait())
    assert (await wall.get("/conferences"))["items"] == []
    assert server.errors() == []
    await wall.close()
