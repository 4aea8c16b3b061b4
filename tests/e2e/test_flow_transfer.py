"""The node `transfer` on a real line: a phone that does not answer leads to its exit, the next one is spoken with, and
the flow goes on after the conversation. What a flow says has tones in the place of words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, NUMBER, soon
from tests.e2e.test_waiting import record
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone

ASK, SORRY, BYE, TALK, CALLERS = 500.0, 700.0, 900.0, 1000.0, 440.0
FLOW = """
flow: main
language: en
start: ask
nodes:
  ask: {collect: order, ask: "Your order, please.", least: 2, most: 2, next: first, on_wrong: bye}
  first: {transfer: "extension:1001", timeout: 1.5, next: bye, on_failed: sorry}
  sorry: {play: sorry, next: second}
  second: {transfer: "extension:1002", timeout: 10, next: bye, on_failed: end}
  bye: {play: bye, next: end}
  end: {hangup: normal}
"""


@pytest_asyncio.fixture
async def server(tmp_path: Path) -> AsyncIterator[RunningServer]:
    running = RunningServer(tmp_path / "office")
    running.flow("main", FLOW)
    for name, hertz in (("sorry", SORRY), ("bye", BYE)):
        record(running.folder / f"prompts/{name}.wav", hertz, 0.6)
    await running.start()
    yield running
    await running.end()


async def test_who_does_not_answer_leads_to_the_exit_and_after_the_conversation_the_flow_goes_on(
    server: RunningServer, trunk: Phone, phone: Phone, second_phone: Phone
) -> None:
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    caller.talk.press("4")
    await asyncio.sleep(0.3)
    caller.talk.press("2")
    unanswered = await soon(phone.incoming.get())
    unanswered.ring()
    assert unanswered.number.endswith(CALLER)
    await soon(unanswered.ended.wait())

    colleague = await soon(second_phone.incoming.get())
    assert level(caller.talk.heard()[-4800:], SORRY) > 2000, "the exit was walked: its words were heard"
    colleague.ring()
    colleague.answer()
    await asyncio.sleep(0.3)
    await asyncio.gather(caller.talk.say(tone(CALLERS, 1.0)), colleague.talk.say(tone(TALK, 1.0)))
    await asyncio.sleep(0.2)
    assert level(colleague.talk.heard()[-8000:], CALLERS) > 3000
    assert level(caller.talk.heard()[-8000:], TALK) > 3000

    await colleague.hang_up()
    await soon(caller.ended.wait())
    assert level(caller.talk.heard()[-6400:], BYE) > 2000, "the flow went on after the conversation"
    async with await server.client("2001", "third-Secret-3") as supervisor:
        (call,) = (await supervisor.until("/calls", lambda said: said["items"][0]["ended_at"]))["items"]
        assert (call["outcome"], call["caller"], call["extension"]) == ("answered", CALLER, None)
        assert call["known"] == {"order": "42"}
        story = (await supervisor.get(f"/calls/{call['id']}"))["story"]
    steps = [step["kind"] for step in story]
    assert steps.count("call.answered") == 1
    assert server.errors() == []
