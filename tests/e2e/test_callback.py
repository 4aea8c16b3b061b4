"""Busy callback on a started server: asked for by keys, dialled over the trunk, joined with the agent (ACD-04)."""

from __future__ import annotations

import asyncio

import numpy as np

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import CALLER, call_in, ready, soon
from tests.e2e.test_transfer import the_record, they_hear_each_other
from tests.kit.server import RunningServer
from tests.kit.speech import at_level, said

FLOW = "flow: main\nlanguage: zh-CN\nstart: ask\nnodes:\n  ask: {callback: sales}\n"
OUT = 'outbound:\n  - {match: "9.", trunks: [gateway], strip: 1}\n'


async def test_who_asked_by_keys_is_called_when_an_agent_is_free_also_after_a_crash(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    await server.apply(OUT)
    server.flow("main", FLOW)
    admin = await server.client()
    await admin.post("/flows/reload", {})
    supervisor = await server.client("2001", "third-Secret-3")
    caller = await call_in(trunk)
    await soon(caller.ended.wait())
    waits = await supervisor.until("/callbacks?undone=true", lambda now: now["total"] == 1)
    assert (waits["items"][0]["number"], waits["items"][0]["state"]) == (CALLER, "waiting")
    await server.kill()
    await server.start()
    await phone.register()
    await ready(server, "1001", "first-Secret-1")
    customer = await soon(trunk.incoming.get())
    customer.ring()
    customer.answer()
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    await soon(agent.answered.wait())
    await asyncio.sleep(0.3)
    await they_hear_each_other(customer, agent)
    supervisor = await server.client("2001", "third-Secret-3")
    done = await supervisor.until("/callbacks", lambda now: now["items"][0]["state"] == "done")
    assert done["items"][0]["done_by"] == "1001"
    await customer.hang_up()
    await soon(agent.ended.wait())
    (newest, *_) = (await supervisor.get("/calls"))["items"]
    record = await the_record(supervisor, newest["id"])
    assert (record["direction"], record["called"], record["agent"]) == ("outbound", CALLER, "1001")
    assert record["outcome"] == "answered"
    assert record["recording_id"] is not None
    assert server.errors() == []


async def test_a_machine_that_answers_gets_no_agent_and_a_person_does(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    await server.apply(OUT)
    server.flow("main", FLOW)
    admin = await server.client()
    await admin.post("/flows/reload", {})
    await ready(server, "1001", "first-Secret-1")
    caller = await call_in(trunk)
    await soon(caller.ended.wait())
    mailbox = await soon(trunk.incoming.get())
    mailbox.ring()
    mailbox.answer()
    greeting = at_level(said("您好，机主现在不方便接听您的电话，请在嘀声后留言。", "zh-CN"), -18)
    speaks = asyncio.ensure_future(mailbox.talk.say(greeting))
    await soon(mailbox.ended.wait())
    assert not speaks.done() or speaks.cancelled(), "it is not listened to to its end"
    assert phone.incoming.empty(), "no agent was rung for it"
    supervisor = await server.client("2001", "third-Secret-3")
    waits = await supervisor.until("/callbacks", lambda now: now["items"][0]["result"] == "machine")
    wish = waits["items"][0]
    assert (wish["state"], wish["tries"], wish["next_at"] is not None) == ("waiting", 1, True)
    await supervisor.put(f"/callbacks/{wish['id']}", {"state": "waiting", "assigned_to": "1001"})
    customer = await soon(trunk.incoming.get())
    customer.ring()
    customer.answer()
    await customer.talk.say(np.concatenate([np.zeros(4000, np.int16), at_level(said("喂？", "zh-CN"), -18)]))
    agent = await soon(phone.incoming.get())
    agent.ring()
    agent.answer()
    await soon(agent.answered.wait())
    await asyncio.sleep(0.3)
    await they_hear_each_other(customer, agent)
    await supervisor.until("/callbacks", lambda now: now["items"][0]["state"] == "done")
    tries = (await supervisor.get(f"/callbacks/{wish['id']}/tries"))["items"]
    assert [(one["result"], one["words"], one["agent"]) for one in tries] == [
        ("machine", "greeting", "1001"),
        ("served", "", "1001"),
    ]
    await customer.hang_up()
    await soon(agent.ended.wait())
    stories = [await the_record(supervisor, one["call"]) for one in tries]
    judged = [[step["details"] for step in story["story"] if step["kind"] == "call.picked_up_by"] for story in stories]
    assert [details["who"] for (details,) in judged] == ["machine", "human"]
    assert [story["outcome"] for story in stories] == ["no_answer", "answered"]
    assert stories[0]["recording_id"] is None, "a mailbox is no conversation"
    assert server.errors() == []
