"""Recordings, agents' states, voicemail, callbacks and the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.agents import AgentStep
from callcenterd.model.bans import Ban
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName, RecordingId
from callcenterd.store.database import CannotStore, Store
from tests.kit.virtual import START
from tests.store.rows import begin, call, recording

A, R = CallId("a"), RecordingId("a-1")
SALES, REPAIRS = QueueName("sales"), QueueName("repairs")
ONE, TWO = AgentId("1001"), AgentId("1002")
MINUTE = timedelta(minutes=1)

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
    assert await store.voicemail.list(done=False) == ([message], 1)
    done = await store.voicemail.mark(message.id, True, "1001", START + MINUTE)
    assert (done.done, done.done_by, done.done_at) == (True, "1001", START + MINUTE)
    assert await store.voicemail.list(done=False) == ([], 0)
    assert await store.voicemail.get(message.id) == done
    assert await store.voicemail.mark(message.id, False, "1001", START) == message


async def test_messages_are_listed_by_queue_newest_first(store: Store) -> None:
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a"))
    added = [
        await store.voicemail.add(A, queue, R, "1", START + minute * MINUTE)
        for minute, queue in enumerate((SALES, REPAIRS, SALES, None))
    ]
    assert await store.voicemail.list(SALES) == ([added[2], added[0]], 2)
    assert await store.voicemail.list(limit=2, offset=1) == ([added[2], added[1]], 4)
    assert await store.voicemail.list(queues=(REPAIRS,)) == ([added[1]], 1)
    assert await store.voicemail.list(queues=()) == ([], 0)
    assert await store.voicemail.counts() == {SALES: (2, 0), REPAIRS: (1, 0)}, "not those that belong to no queue"
    await store.voicemail.mark(added[0].id, True, "1001", START)
    assert await store.voicemail.counts() == {SALES: (1, 1), REPAIRS: (1, 0)}


async def test_a_callback_goes_through_its_states(store: Store) -> None:
    await begin(store, call("a"))
    wish = await store.callbacks.add(A, SALES, "13900139000", START)
    assert (wish.state, wish.done_by) == ("waiting", "")
    assert await store.callbacks.list(SALES, "waiting") == ([wish], 1)
    await store.callbacks.mark(wish.id, "dialling", "1001", START + MINUTE)
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
