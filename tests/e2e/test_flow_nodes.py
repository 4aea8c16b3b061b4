"""One real call with keys by RFC 4733 through the nodes of a flow: what each finds out is heard, tone by tone.

Every word of a digit, and every recording, has a tone of its own: what the caller hears says which way the flow
went and what stood in its variables.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest_asyncio
from aiohttp import web
from numpy.typing import NDArray

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.test_first_call import CALLER, NUMBER, ready, soon, stereo
from tests.e2e.test_transfer import they_hear_each_other
from tests.e2e.test_waiting import record
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

WORDS = {
    word: 500.0 + 150 * n for n, word in enumerate(("one", "two", "three", "four", "five", "six", "seven", "eight"))
}
NAMED = {"prompt_record": 2000.0, "thanks": 2200.0, "wrong_way": 2400.0}
OWN_VOICE, AGENTS_VOICE = 2600.0, 3000.0
LOUD = 5000
MAIN = """
flow: main
language: zh-CN
start: card
operator: wrong
on_error: wrong
nodes:
  card: {{collect: card, ask: 卡号, next: who, on_none: wrong}}
  who: {{lookup: number, next: english, on_none: wrong}}
  english: {{language: en, next: points}}
  points: {{set: {{points: "{{{{ 60 - 2 }}}}"}}, next: side}}
  side: {{subflow: side, gives: [side], next: owed}}
  owed: {{http: "http://127.0.0.1:{port}/owed?card={{{{ card }}}}", get: {{owed: data.0.owed}}, next: price}}
  price:
    sql: SELECT price FROM goods WHERE buyer = :name AND price < :most ORDER BY price DESC
    database: shop
    values: {{name: "{{{{ customer.name }}}}", most: 9}}
    get: {{price: price}}
    rows: goods
    next: way
    on_none: wrong
    on_failed: wrong
  way: {{branch: [{{when: "customer.level == 'gold' and goods == 2", next: values}}], otherwise: wrong}}
  values:
    say: [{{digits: "{{{{ card }}}}{{{{ owed }}}}{{{{ price }}}}{{{{ points }}}}{{{{ side }}}}"}}]
    next: speak
  speak: {{message: spoken, shortest: 1, review: "One or two?", next: judge, on_none: wrong}}
  judge: {{survey: {{helpful: "How was it?"}}, next: text, on_none: wrong}}
  text: {{sms: "{{{{ customer.name }}}}：卡号 {{{{ card }}}}", next: thanks, on_no_mobile: wrong}}
  thanks: {{play: thanks, next: person}}
  person: {{transfer: "queue:sales", on_failed: wrong}}
  wrong: {{play: wrong_way}}
"""
REST = """
flow: rest
language: zh-CN
start: hours
nodes:
  hours: {hours: always, next: menu, on_closed: wrong}
  menu:
    menu: {play: prompt_record, timeout: 20}
    keys: {"1": outside, "2": room, "3": again}
    otherwise: wrong
  outside: {dial: "13900139000", trunks: [gateway], record: true, next: thanks, on_failed: wrong}
  thanks: {play: thanks, next: menu}
  room: {conference: standing, tones: false, next: menu}
  again: {callback: sales, next: bye}
  bye: {hangup: busy}
  wrong: {play: wrong_way}
"""
REST_NUMBER = "02088886667"
REST_SITE = """
calendars:
  - {name: always, hours: {monday: ["00:00-24:00"], tuesday: ["00:00-24:00"], wednesday: ["00:00-24:00"],
     thursday: ["00:00-24:00"], friday: ["00:00-24:00"], saturday: ["00:00-24:00"], sunday: ["00:00-24:00"]}}
numbers:
  - {match: "02088886666", flow: main}
  - {match: "02088886667", flow: rest}
"""
SIDE = 'flow: side\nstart: a\ntakes: [card]\nnodes:\n  a: {set: {side: "{{ card | int - 41 }}"}}\n'


@pytest_asyncio.fixture
async def asked() -> AsyncIterator[tuple[int, list[str]]]:
    """A business system: its port, and what it was asked."""
    queries: list[str] = []

    async def owed(request: web.Request) -> web.Response:
        queries.append(request.path_qs)
        return web.json_response({"data": [{"owed": 12}]})

    application = web.Application()
    application.router.add_get("/owed", owed)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1], queries
    await runner.cleanup()


@pytest_asyncio.fixture
async def server(tmp_path: Path, asked: tuple[int, list[str]]) -> AsyncIterator[RunningServer]:
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE goods (buyer TEXT, price INTEGER)")
        shop.executemany("INSERT INTO goods VALUES (?, ?)", [("张三", 3), ("张三", 1), ("张三", 90), ("李四", 8)])
    port = asked[0]
    business = {
        "hosts": [f"127.0.0.1:{port}"],
        "networks": ["127.0.0.0/8"],
        "databases": {"shop": f"sqlite:///{tmp_path}/shop.db"},
    }
    running = RunningServer(tmp_path / "office", business=business)
    running.flow("main", MAIN.format(port=port))
    running.flow("side", SIDE)
    running.flow("rest", REST)
    for name, hertz in {**{f"words/{word}": hertz for word, hertz in WORDS.items()}, **NAMED}.items():
        record(running.folder / f"prompts/{name}.wav", hertz, 0.3)
    await running.start()
    yield running
    await running.end()


def heard(sound: NDArray[np.int16], tones: Mapping[str, float]) -> list[str]:
    """Which tones sound, in windows of 50 ms, each told once."""
    windows = (sound[at : at + 400] for at in range(0, len(sound) - 400, 400))
    loud = (next((name for name, hertz in tones.items() if level(window, hertz) > LOUD), "") for window in windows)
    return [name for name, _ in itertools.groupby(loud) if name]


async def hears(call: PhoneCall, *wanted: str) -> None:
    """The last tones that are heard are those."""
    tones = {**WORDS, **NAMED, "own voice": OWN_VOICE, "agent": AGENTS_VOICE}
    found: list[str] = []
    try:
        async with asyncio.timeout(30):
            while (found := heard(call.talk.heard(), tones))[-len(wanted) :] != list(wanted):
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"{list(wanted)} are wanted, heard are {found}") from None


def closed(call: Mapping[str, Any]) -> list[str]:
    """The recordings of a call that are whole, in their order."""
    return [step["details"]["recording"] for step in call["story"] if step["kind"] == "recording.finished"]


async def test_a_call_goes_through_the_nodes_and_hears_what_they_found(
    server: RunningServer, trunk: Phone, phone: Phone, asked: tuple[int, list[str]]
) -> None:
    admin = await server.client()
    await admin.post("/customers", {"name": "张三", "level": "gold", "phones": [CALLER]})
    page = await ready(server, "1001", "first-Secret-1")
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    caller.talk.press("47#")
    digits = ["four", "seven", "one", "two", "three", "five", "eight", "six"]
    await hears(caller, *digits, "prompt_record")
    assert asked[1] == ["/owed?card=47"]

    (call,) = [line["call"] for line in (await admin.get("/live"))["lines"]]
    await admin.until(f"/calls/{call}", lambda said: "recording.started" in {step["kind"] for step in said["story"]})
    await caller.talk.say(tone(OWN_VOICE, 2.0))
    caller.talk.press("#")
    await hears(caller, *digits, "prompt_record", "own voice")
    caller.talk.press("14")
    await hears(caller, "own voice", "thanks")

    agent = await soon(phone.incoming.get())
    agent.answer()
    await soon(agent.answered.wait())
    pop = (await page.until("/desk", lambda said: said["pop"] is not None))["pop"]
    assert (pop["call"], pop["queue"]) == (call, "sales")
    await agent.talk.say(tone(AGENTS_VOICE, 1.0))
    await hears(caller, "thanks", "agent")
    await caller.hang_up()
    await soon(agent.ended.wait())

    history = await admin.until(f"/calls/{call}", lambda said: len(closed(said)) == 2)
    assert history["known"] == {"card": "47", "customer": "张三", "spoken": history["known"]["spoken"]}
    [sms] = (await admin.get("/customer-messages?channel=sms"))["items"]
    assert (sms["address"], sms["text"], sms["state"], sms["call"]) == (CALLER, "张三：卡号 47", "waiting", call)
    assert (sms["created_by"], sms["kind"], sms["record"]) == ("flow:main", "call", call)
    assert [(one["question"], one["score"]) for one in history["survey"]] == [("helpful", 4)]
    message, conversation = closed(history)
    assert history["recording_id"] == conversation
    left, _ = stereo(await admin.recording(message))
    assert max(level(left[at : at + 400], OWN_VOICE) for at in range(0, len(left) - 400, 400)) > LOUD
    _, right = stereo(await admin.recording(conversation))
    assert max(level(right[at : at + 400], AGENTS_VOICE) for at in range(0, len(right) - 400, 400)) > LOUD
    assert server.errors() == []


async def test_hours_an_outside_number_a_room_a_call_back_and_a_hang_up_are_reached_by_keys(
    server: RunningServer, trunk: Phone
) -> None:
    await server.apply(REST_SITE)
    admin = await server.client()
    caller = await trunk.dial(REST_NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    await hears(caller, "prompt_record")

    caller.talk.press("1")
    outside = await soon(trunk.incoming.get())
    assert "13900139000" in outside.invite.first
    outside.answer()
    await soon(outside.answered.wait())
    await asyncio.sleep(0.3)
    await they_hear_each_other(caller, outside)
    await outside.hang_up()
    await hears(caller, "thanks", "prompt_record")

    caller.talk.press("2")
    await admin.until("/conferences", lambda said: said["items"] and len(said["items"][0]["members"]) == 1)
    other = await trunk.dial(REST_NUMBER, caller="13900000002")
    await soon(other.answered.wait())
    await hears(other, "prompt_record")
    other.talk.press("2")
    await admin.until("/conferences", lambda said: said["items"] and len(said["items"][0]["members"]) == 2)
    await they_hear_each_other(caller, other)
    await caller.hang_up()
    await other.hang_up()

    again = await trunk.dial(REST_NUMBER, caller="13900000003")
    await soon(again.answered.wait())
    await hears(again, "prompt_record")
    again.talk.press("31")
    await soon(again.ended.wait())
    (waits,) = (await admin.until("/callbacks?undone=true", lambda said: said["total"] == 1))["items"]
    assert (waits["number"], waits["queue"]) == ("13900000003", "sales")
    assert server.errors() == []
