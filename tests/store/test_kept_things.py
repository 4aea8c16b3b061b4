"""Recordings, agents' states, voicemail, callbacks and the audit trail."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.agents import AgentStep
from callcenterd.model.bans import Ban
from callcenterd.model.calls import CallbackCount, CallbackTry
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.model.voicemail import Begun, Box, MessageFilter, MessageSight
from callcenterd.store.database import CannotStore, Store
from tests.kit.virtual import START
from tests.store.rows import begin, call, recording

A, R = CallId("a"), RecordingId("a-1")
SALES, REPAIRS = QueueName("sales"), QueueName("repairs")
ONE, TWO = AgentId("1001"), AgentId("1002")
MINUTE = timedelta(minutes=1)
OPEN = MessageFilter(done=False)


def seen_by(login: str, *queues: QueueName) -> MessageFilter:
    return MessageFilter(sight=MessageSight(agents=(AgentId(login),), queues=queues))


async def counted(store: Store, login: str = "") -> list[str]:
    """Each box: unheard/open/done."""
    counts = await store.voicemail.counts(seen_by(login).sight if login else None)
    return sorted(f"{Box.of(c.queue, c.agent, c.extension)} {c.unheard}/{c.open}/{c.done}" for c in counts)


# ---- recordings ---------------------------------------------------------------------------------------------


async def test_a_recording_is_known_from_its_start_and_measured_at_its_end(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    assert await store.recordings.open_ones() == [recording("a-1", "a")]
    await store.recordings.finish(
        R, finished_at=START + MINUTE, seconds=60.0, octets=960_058, sha256="ab" * 32, complete=True
    )
    known = await store.recordings.get(R)
    assert (known.seconds, known.octets, known.sha256, known.complete) == (60.0, 960_058, "ab" * 32, True)
    assert await store.recordings.open_ones() == []


async def test_a_recording_of_which_nothing_is_left_is_not_open_for_ever(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    await store.recordings.finish(R, finished_at=START, seconds=0.0, octets=0, sha256="", complete=False)
    assert await store.recordings.open_ones() == []


async def test_recordings_of_a_call_come_in_their_order(store: Store) -> None:
    await begin(store, call("a"), call("b"))
    await store.recordings.begin(recording("a-2", "a", started_at=START + MINUTE))
    await store.recordings.begin(recording("a-1", "a"))
    assert [kept.id for kept in await store.recordings.of_call(A)] == ["a-1", "a-2"]
    assert await store.recordings.of_call(CallId("b")) == []


async def test_a_recording_needs_its_call(store: Store) -> None:
    with pytest.raises(CannotStore):
        await store.recordings.begin(recording("x-1", "x"))
    with pytest.raises(NotFound, match="recording x-1"):
        await store.recordings.get(RecordingId("x-1"))


# ---- agents -------------------------------------------------------------------------------------------------


async def test_an_agents_states_come_back_in_their_order(store: Store) -> None:
    for minute, state in enumerate(("ready", "talking", "wrap_up", "ready", "break")):
        await store.agents.append(ONE, state, "午餐" if state == "break" else "", START + minute * MINUTE)  # type: ignore[arg-type]
        await store.agents.append(TWO, "ready", "", START + minute * MINUTE)
    kept = await store.agents.history(ONE, START + MINUTE, START + 4 * MINUTE)
    assert [step.state for step in kept] == ["talking", "wrap_up", "ready"]
    last = await store.agents.history(ONE, START + 4 * MINUTE, START + 9 * MINUTE)
    assert last == [AgentStep(at=START + 4 * MINUTE, agent=ONE, state="break", reason="午餐")]


async def test_what_an_agent_wants_is_the_last_thing_asked_for(store: Store) -> None:
    await store.agents.keep_wanted(ONE, "ready", "", ExtensionNumber("1001"))
    await store.agents.keep_wanted(TWO, "signed_out", "", None)
    await store.agents.keep_wanted(ONE, "break", "午餐", ExtensionNumber("1009"))
    assert await store.agents.wanted() == {ONE: ("break", "午餐", "1009"), TWO: ("signed_out", "", None)}


# ---- voicemail and callbacks ----------------------------------------------------------------------------------


async def test_a_message_waits_until_somebody_dealt_with_it(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    message = await store.voicemail.add(A, SALES, R, "13800138000", START)
    assert await store.voicemail.list(OPEN) == ([message], 1)
    done = await store.voicemail.mark(message.id, True, "1001", START + MINUTE)
    assert (done.done, done.done_by, done.done_at) == (True, "1001", START + MINUTE)
    assert await store.voicemail.list(OPEN) == ([], 0)
    assert await store.voicemail.get(message.id) == done
    assert await store.voicemail.mark(message.id, False, "1001", START) == message


async def test_messages_are_listed_by_queue_newest_first(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    added = [
        await store.voicemail.add(A, queue, R, "1", START + minute * MINUTE)
        for minute, queue in enumerate((SALES, REPAIRS, SALES, None))
    ]
    assert await store.voicemail.list(MessageFilter(queue=SALES)) == ([added[2], added[0]], 2)
    assert await store.voicemail.list(limit=2, offset=1) == ([added[2], added[1]], 4)
    assert await store.voicemail.list(seen_by("x", REPAIRS)) == ([added[1]], 1)
    assert await store.voicemail.list(seen_by("x")) == ([], 0)
    assert await counted(store) == ["queue:repairs 1/1/0", "queue:sales 2/2/0"], "not those that belong to no queue"
    await store.voicemail.mark(added[0].id, True, "1001", START)
    assert await counted(store) == ["queue:repairs 1/1/0", "queue:sales 1/1/1"]


async def test_a_message_of_ones_own_box_or_assigned_to_one_is_ones_own(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    personal = await store.voicemail.add(A, None, R, "1", START, agent=ONE, seconds=4.5)
    of_phone = await store.voicemail.add(A, None, R, "1", START, extension=ExtensionNumber("8001"))
    of_sales = await store.voicemail.add(A, SALES, R, "1", START)
    assert await store.voicemail.list(seen_by("1001")) == ([personal], 1)
    assert (personal.queue, personal.agent, personal.seconds) == (None, ONE, 4.5)
    assigned = await store.voicemail.change(of_sales.id, "1001", START, assigned_to="1002", note="问发票")
    assert (assigned.assigned_to, assigned.assigned_by, assigned.note) == ("1002", "1001", "问发票")
    assert await store.voicemail.list(seen_by("1002")) == ([assigned], 1)
    assert await store.voicemail.list(MessageFilter(assigned="")) == ([of_phone, personal], 2)
    assert await counted(store) == ["agent:1001 1/1/0", "agent:1002 1/1/0", "extension:8001 1/1/0"]
    assert await counted(store, "1002") == ["agent:1002 1/1/0"]
    assert await store.voicemail.waiting_in(Box("queue", "sales")) == 1, "it still takes room there"
    free = await store.voicemail.change(of_sales.id, "1001", START, assigned_to="")
    assert (free.assigned_to, free.assigned_by, free.assigned_at) == ("", "", None)
    assert await store.voicemail.remove(personal.id) == personal
    assert (await store.voicemail.list())[1] == 2
    with pytest.raises(NotFound, match="voicemail"):
        await store.voicemail.remove(personal.id)


async def test_who_heard_a_message_first_stays_who_heard_it(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    message = await store.voicemail.add(A, SALES, R, "1", START)
    heard = await store.voicemail.change(message.id, "1001", START + MINUTE, heard=True)
    assert (heard.heard_by, heard.heard_at) == ("1001", START + MINUTE)
    assert await store.voicemail.change(message.id, "1002", START, heard=True) == heard
    assert await store.voicemail.list(MessageFilter(heard=False)) == ([], 0)
    assert await counted(store) == ["queue:sales 0/1/0"]
    assert await store.voicemail.change(message.id, "1002", START, heard=False) == message


async def test_what_is_being_spoken_is_known_until_it_is_a_message_or_none(store: Store) -> None:
    await begin(store, call("a"))
    for n in (1, 2):
        await store.recordings.begin(recording(f"a-{n}", "a"))
    begun = [
        Begun(recording_id=RecordingId(f"a-{n}"), call=A, box=box, caller="1", at=START + n * MINUTE)
        for n, box in enumerate((Box("queue", "sales"), Box("agent", "1001")), start=1)
    ]
    for one in begun:
        await store.voicemail.begin(one)
    assert await store.voicemail.begun() == begun
    await store.voicemail.add(A, SALES, R, "1", START)
    assert await store.voicemail.begun() == begun[1:]
    await store.voicemail.drop(RecordingId("a-2"))
    assert await store.voicemail.begun() == []


async def test_every_try_of_a_callback_is_kept_with_what_came_of_it(store: Store) -> None:
    await begin(store, call("a"))
    wish = await store.callbacks.add(A, SALES, "13900139000", START)
    first = CallbackTry(
        callback=wish.id, at=START, number=wish.number, result="switched_off", by="system", call=CallId("b"),
        agent="1001", status=480, cause=20, words="absent",
    )  # fmt: skip
    second = replace(first, at=START + MINUTE, result="machine", call=CallId("c"), words="beep")
    await store.callbacks.mark(wish.id, "waiting", "system", START, tries=1, result="switched_off", tried=first)
    await store.callbacks.mark(wish.id, "failed", "system", START, tries=2, result="machine", tried=second)
    kept = await store.callbacks.tries(wish.id)
    assert [replace(one, id=0) for one in kept] == [first, second]
    assert await store.callbacks.tries(wish.id + 1) == []
    assert (await store.callbacks.list(call=CallId("b")))[1] == 1
    assert (await store.callbacks.list(call=A))[1] == 0, "the call that it was asked for in is not one that it made"
    lost = replace(first, callback=wish.id + 1)
    with pytest.raises(CannotStore):
        await store.callbacks.mark(wish.id, "done", "1001", START, tried=lost)
    assert (await store.callbacks.get(wish.id)).state == "failed", "both or neither"


async def test_a_failed_callback_is_somebodys_affair(store: Store) -> None:
    await begin(store, call("a"))
    wish = await store.callbacks.add(A, SALES, "13900139000", START)
    other = await store.callbacks.add(A, REPAIRS, "13900139001", START)
    await store.callbacks.mark(wish.id, "failed", "system", START)
    assert await store.callbacks.counts() == [CallbackCount(REPAIRS, 1, 0, 0), CallbackCount(SALES, 0, 1, 1)]
    assert await store.callbacks.counts((REPAIRS,)) == [CallbackCount(REPAIRS, 1, 0, 0)]
    given = await store.callbacks.change(wish.id, "2001", START + MINUTE, assigned_to="1002", note="mornings")
    assert (given.assigned_to, given.assigned_by, given.assigned_at) == ("1002", "2001", START + MINUTE)
    same = await store.callbacks.change(wish.id, "1002", START + 2 * MINUTE, assigned_to="1002")
    assert same == given, "who gave it stays who did"
    assert await store.callbacks.counts((SALES,)) == [CallbackCount(SALES, 0, 1, 0)]
    assert await store.callbacks.list(queues=(REPAIRS,), mine=("1002",)) == ([other, given], 2)
    assert await store.callbacks.list(queues=(REPAIRS,)) == ([other], 1)
    assert await store.callbacks.list(assigned="1002") == ([given], 1)
    assert await store.callbacks.list(assigned="") == ([other], 1)
    await store.callbacks.mark(wish.id, "done", "1002", START)
    assert (await store.callbacks.get(wish.id)).note == "mornings"
    with pytest.raises(NotFound):
        await store.callbacks.change(99, "2001", START, note="x")


async def test_a_callback_goes_through_its_states(store: Store) -> None:
    await begin(store, call("a"))
    wish = await store.callbacks.add(A, SALES, "13900139000", START)
    assert (wish.state, wish.done_by) == ("waiting", "")
    assert await store.callbacks.list(SALES, "waiting") == ([wish], 1)
    again = await store.callbacks.add(A, SALES, "+86 139 0013 9000", START + MINUTE)
    assert again == wish, "the same number for the same queue is one wish, however it is written"
    assert await store.callbacks.open_ones(SALES, "013900139000") == [wish]
    assert await store.callbacks.open_ones(REPAIRS) == []
    late = START + 3 * MINUTE
    tried = await store.callbacks.mark(wish.id, "waiting", "system", START, tries=1, next_at=late, result="busy")
    assert (tried.tries, tried.next_at, tried.result) == (1, late, "busy")
    await store.callbacks.mark(wish.id, "dialling", "1001", START + MINUTE)
    assert [one.state for one in await store.callbacks.open_ones(SALES)] == ["dialling"]
    assert (await store.callbacks.list(undone=True))[1] == 1
    failed = await store.callbacks.mark(wish.id, "failed", "system", START + MINUTE)
    assert await store.callbacks.list(undone=True) == ([failed], 1), "somebody has to see to it"
    assert await store.callbacks.open_ones() == [], "but it is not dialled any more"
    done = await store.callbacks.mark(wish.id, "done", "1001", START + 2 * MINUTE)
    assert (done.state, done.done_by, done.changed_at) == ("done", "1001", START + 2 * MINUTE)
    assert await store.callbacks.get(wish.id) == done
    assert await store.callbacks.list(state="waiting") == ([], 0)
    assert await store.callbacks.list(queues=(REPAIRS,)) == ([], 0)


@pytest.mark.parametrize("number", [1, -1, 10**30])
async def test_what_is_not_there_is_not_found(store: Store, number: int) -> None:
    with pytest.raises(NotFound, match="voicemail"):
        await store.voicemail.get(number)
    with pytest.raises(NotFound, match="voicemail"):
        await store.voicemail.mark(number, True, "1001", START)
    with pytest.raises(NotFound, match="callback"):
        await store.callbacks.get(number)
    with pytest.raises(NotFound, match="callback"):
        await store.callbacks.mark(number, "done", "1001", START)


async def test_messages_and_callbacks_need_their_call(store: Store) -> None:
    with pytest.raises(CannotStore):
        await store.voicemail.add(A, SALES, R, "1", START)
    with pytest.raises(CannotStore):
        await store.callbacks.add(A, SALES, "1", START)


# ---- the audit trail ------------------------------------------------------------------------------------------


async def test_the_trail_is_searched_by_who_what_whom_and_when(store: Store) -> None:
    trail = [
        ("1001", "customer.created", "customer/1"),
        ("1002", "customer.changed", "customer/1"),
        ("admin", "site.applied", "site"),
    ]
    for minute, (who, what, target) in enumerate(trail):
        await store.audit.append(START + minute * MINUTE, who, what, target, {"字段": ["name"]})

    async def found(**asked: object) -> list[str]:
        items, total = await store.audit.search(**asked)  # type: ignore[arg-type]
        assert total == len(items)
        return [entry.what for entry in items]

    assert await found() == ["site.applied", "customer.changed", "customer.created"]
    assert await found(who="1001") == ["customer.created"]
    assert await found(what="customer") == ["customer.changed", "customer.created"]
    assert await found(what="custom") == []
    assert await found(target="site") == ["site.applied"]
    assert await found(since=START + MINUTE, until=START + 2 * MINUTE) == ["customer.changed"]
    assert (await store.audit.search())[0][0].details == {"字段": ["name"]}


# ---- bans ---------------------------------------------------------------------------------------------------


def ban(address: str, *, after: timedelta = timedelta(0), seconds: int = 30, times: int = 1) -> Ban:
    since = START + after
    return Ban(address=address, since=since, until=since + timedelta(seconds=seconds), times=times, why="passwords")


async def test_a_ban_is_remembered_until_an_hour_after_its_end(store: Store) -> None:
    await store.bans.keep(ban("203.0.113.66"))
    await store.bans.keep(ban("203.0.113.67", after=MINUTE))
    end = START + timedelta(seconds=30)
    assert [one.address for one in await store.bans.remembered(START)] == ["203.0.113.66", "203.0.113.67"]
    assert await store.bans.remembered(end + 59 * MINUTE) == [ban("203.0.113.66"), ban("203.0.113.67", after=MINUTE)]
    assert await store.bans.remembered(end + 60 * MINUTE) == [ban("203.0.113.67", after=MINUTE)]


async def test_a_new_ban_of_an_address_takes_the_place_of_the_old_one(store: Store) -> None:
    await store.bans.keep(ban("203.0.113.66"))
    longer = ban("203.0.113.66", after=MINUTE, seconds=60, times=2)
    await store.bans.keep(longer)
    assert await store.bans.remembered(START) == [longer]
    await store.bans.remove("203.0.113.66")
    await store.bans.remove("203.0.113.66")
    assert await store.bans.remembered(START) == []


# ---- forwarding ---------------------------------------------------------------------------------------------


async def test_forwarding_is_kept_replaced_and_forgotten(store: Store) -> None:
    rule = Forwarding(extension=ExtensionNumber("1001"), do_not_disturb=True, busy="1002", ring=12.5)
    other = Forwarding(extension=ExtensionNumber("1002"), always="013900139000")
    for one in (other, rule, replace(rule, busy="")):
        await store.forwarding.keep(one)
    assert await store.forwarding.all() == [replace(rule, busy=""), other]
    await store.forwarding.keep(Forwarding(extension=ExtensionNumber("1001")))
    assert await store.forwarding.all() == [other]


async def test_the_steps_of_a_time_begin_with_the_one_that_held_then(store: Store) -> None:
    for minute, state in enumerate(("ready", "break", "ready")):
        await store.agents.append(ONE, state, "", START + minute * MINUTE)  # type: ignore[arg-type]
    found = await store.agents.history_with_start(ONE, START + 1.5 * MINUTE, START + 9 * MINUTE)
    assert [step.state for step in found] == ["break", "ready"]
    assert [step.state for step in await store.agents.history_with_start(ONE, START, START + MINUTE)] == ["ready"]
    assert await store.agents.history_with_start(TWO, START, START + 9 * MINUTE) == []


async def test_states_end_with_the_run_that_knew_of_them(store: Store) -> None:
    assert await store.agents.close_interrupted(START) == []
    await store.agents.append(ONE, "ready", "", START)
    await store.agents.append(TWO, "break", "meal", START)
    await store.agents.append(TWO, "signed_out", "", START + MINUTE)
    await store.agents.alive(START + 5 * MINUTE)
    assert await store.agents.close_interrupted(START + 90 * MINUTE) == [ONE]
    assert await store.agents.close_interrupted(START + 99 * MINUTE) == []
    steps = await store.agents.history(ONE, START, START + 99 * MINUTE)
    assert [(step.at, step.state) for step in steps] == [(START, "ready"), (START + 5 * MINUTE, "signed_out")]
    await store.agents.append(ONE, "ready", "", START + 91 * MINUTE)
    assert await store.agents.close_interrupted(START + 99 * MINUTE) == [ONE], "died before its first sign of life"
    last = (await store.agents.history(ONE, START, START + 99 * MINUTE))[-1]
    assert (last.at, last.state) == (START + 91 * MINUTE, "signed_out")
