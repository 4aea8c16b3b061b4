"""A member hears their balance on a real call, by card number and PIN, and is known to the agent who takes over.

What is said of amounts has a tone in the place of each word, so that it can be read from the sound.
"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.test_first_call import CALLER, NUMBER, ready, soon
from tests.e2e.test_waiting import record
from tests.kit.server import Client, RunningServer
from tests.kit.tones import level

FLOW = Path(__file__).parents[2] / "flows/examples/balance.yaml"
CARD, PIN = "88001234", "9753"
TONES = {word: 500.0 + 150 * n for n, word in enumerate(("一千", "二百", "三百", "零", "二", "五", "元", "分"))}
LOUD = 5000


async def a_member(server: RunningServer) -> tuple[Client, int, int]:
    """The administrator's page, the member, and another customer whose line is called from."""
    server.flow("main", FLOW.read_text("utf-8").replace("flow: balance", "flow: main", 1))
    for word, hertz in TONES.items():
        record(server.folder / f"prompts/words/{word}.wav", hertz, 0.3)
    admin = await server.client()
    await admin.post("/flows/reload", {})
    member = (await admin.post("/customers", {"name": "张三", "level": "gold"}))["id"]
    other = (await admin.post("/customers", {"name": "王小明", "phones": [CALLER]}))["id"]
    card = (await admin.post(f"/customers/{member}/cards", {"number": CARD, "pin": PIN}))["id"]
    for ledger, amount in (("money", 150000), ("money", -29795), ("points", 300)):
        kind = "recharge" if amount > 0 else "consumption"
        await admin.post(f"/cards/{card}/postings", {"ledger": ledger, "kind": kind, "amount": amount})
    return admin, member, other


def words_in(sound: NDArray[np.int16]) -> str:
    """Which word's tone sounds, in windows of 50 ms, each told once."""
    windows = (sound[at : at + 400] for at in range(0, len(sound) - 400, 400))
    loud = (next((word for word, hz in TONES.items() if level(window, hz) > LOUD), "") for window in windows)
    return "".join(word for word, _ in itertools.groupby(loud))


async def hears(call: PhoneCall, words: str) -> None:
    """In the sound, one after the other."""
    async with asyncio.timeout(30):
        while words not in words_in(call.talk.heard()):
            await asyncio.sleep(0.2)


async def test_a_member_hears_what_stands_on_the_card_and_the_agent_sees_who_it_is(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    admin, member, other = await a_member(server)
    page = await ready(server, "1001", "first-Secret-1")
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    caller.talk.press(f"1{CARD}#1357#{CARD}#{PIN}#")
    await hears(caller, "一千二百零二元零五分三百")
    caller.talk.press("0")
    agent = await soon(phone.incoming.get())
    agent.ring()
    pop = (await page.until("/desk", lambda said: said["pop"] is not None))["pop"]
    assert pop["customers"] == [member]
    assert other not in pop["customers"], "who has proven a card is not who else calls from that line"
    agent.answer()
    await soon(agent.answered.wait())
    await caller.hang_up()
    await soon(agent.ended.wait())
    history = await admin.until(f"/calls/{pop['call']}", lambda said: said["ended_at"] is not None)
    told = [step["details"] for step in history["story"] if step["kind"] == "call.known"]
    assert {one["name"]: one["value"] for one in told} == {"card": CARD, "customer": "张三"}
    assert PIN not in str(history)
    assert PIN not in str(pop)
    assert PIN not in server.log.read_text("utf-8")
    assert CARD not in server.log.read_text("utf-8")
    assert server.log.read_text("utf-8").count('"event": "card tried"') == 2, "the first PIN was wrong"
    [card] = (await admin.get(f"/customers/{member}/cards"))["items"]
    assert (card["money"], card["failed"]) == (120205, 0)
    assert server.errors() == []
