"""The history: a row from the call's start, its story, what people ask of it, and the end of what was cut off."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.errors import LocalError, NotFound
from callcenterd.model.calls import CallFilter, CallSight, NoteIsAnother, Step
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CallId, CustomerId, QueueName, RecordingId
from callcenterd.store.calls import INTERRUPTED
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from callcenterd.store.words import every_word, words_of
from tests.kit.virtual import START
from tests.store.rows import begin, call, leg_sound, recording

A = CallId("a")


def later(seconds: float) -> Any:
    return START + timedelta(seconds=seconds)


async def ids(store: Store, **wanted: Any) -> list[str]:
    items, total = await store.calls.search(CallFilter(**wanted), limit=100)
    assert total == len(items)
    return [record.id for record in items]


# ---- what happens -------------------------------------------------------------------------------------------


async def test_a_call_is_in_the_history_from_its_start(store: Store) -> None:
    record = call("a", caller_name="张三", trunk="telecom")
    await begin(store, record)
    assert await store.calls.get(A) == record


async def test_what_changes_is_kept_and_the_rest_stays(store: Store) -> None:
    await begin(store, call("a", trunk="telecom"))
    await store.calls.change(A, queue="sales", queued_at=later(5))
    await store.calls.change(A, answered_at=later(9), agent="1001", wait_seconds=4.0)
    await store.calls.change(A, ended_at=later(60), outcome="answered", ended_by="caller", talk_seconds=51.0)
    known = await store.calls.get(A)
    assert (known.trunk, known.queue, known.agent, known.outcome) == ("telecom", "sales", "1001", "answered")
    assert (known.queued_at, known.answered_at, known.ended_at) == (later(5), later(9), later(60))
    assert (known.wait_seconds, known.talk_seconds) == (4.0, 51.0)


@pytest.mark.parametrize("field", ["id", "caller", "note", "customer_id", "words", "colour", "note; DROP TABLE calls"])
async def test_only_what_may_change_is_changed(store: Store, field: str) -> None:
    await begin(store, call("a"))
    with pytest.raises(LocalError, match="cannot be changed"):
        await store.calls.change(A, **{field: "x"})


async def test_a_change_of_an_unknown_call_is_no_fault(store: Store) -> None:
    await store.calls.change(CallId("nobody"), queue="sales")
    await store.calls.heartbeat([CallId("nobody")], START)


async def test_an_unknown_call_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound, match="call nobody"):
        await store.calls.get(CallId("nobody"))


async def test_the_story_comes_back_in_the_order_in_which_it_was_told(store: Store) -> None:
    await begin(store, call("a"), call("b"))
    told = [
        Step(at=later(n // 2), kind=f"step.{n}", details={"队列": "销售", "n": n, "x": [None, 1.5]}) for n in range(9)
    ]
    await asyncio.gather(*(store.calls.append(A, step.at, step.kind, step.details) for step in told))
    assert await store.calls.story(A) == told
    assert await store.calls.story(CallId("b")) == []


async def test_facts_told_at_once_are_all_kept(store: Store) -> None:
    """As the history does it: begin, change and append one after the other, none waited for."""
    writes = []
    for number in range(60):
        name = CallId(f"c{number:02}")
        writes += [
            store.calls.begin(call(name)),
            store.calls.append(name, START, "call.started", {}),
            store.calls.change(name, flow="main"),
            store.calls.change(name, queue="sales", keys="1"),
            store.calls.heartbeat([name], later(1)),
        ]
    await asyncio.gather(*writes)
    items, total = await store.calls.search(limit=100)
    assert total == 60
    assert {(record.flow, record.queue, record.keys) for record in items} == {("main", "sales", "1")}


async def test_facts_told_together_are_kept_and_one_that_cannot_be_fails_alone(store: Store) -> None:
    async with store.together() as faults:
        await store.calls.begin(call("a"))
        await store.calls.append(CallId("nobody"), START, "call.started", {})
        await store.calls.append(A, START, "call.started", {})
        assert faults == []  # nobody has waited yet
    assert [type(fault) for fault in faults] == [CannotStore]
    assert [step.kind for step in await store.calls.story(A)] == ["call.started"]


async def test_what_another_task_tells_meanwhile_waits_for_itself(store: Store) -> None:
    other = asyncio.create_task(begin(store, call("a")))
    async with store.together() as faults:
        await other
        assert (await store.calls.get(A)).id == A
    assert faults == []


# ---- how it sounded -----------------------------------------------------------------------------------------


async def test_how_legs_sounded_is_kept_with_the_call_in_the_order_in_which_they_came(store: Store) -> None:
    await begin(store, call("a"), call("b"))
    there = {"lost_there": 7, "jitter_there_ms": 12.5, "round_trip_ms": 80.1, "mos_there": 4.1}
    agent = leg_sound(12, side="agent", number="1001", extension="1001", lost=25, over_talk_seconds=1.25, **there)
    caller = leg_sound(11, trunk="telecom", codec="opus", mos=None)
    await store.calls.keep_sound(A, agent)
    await store.calls.keep_sound(A, caller)
    assert await store.calls.sounds(A) == [caller, agent]
    assert await store.calls.sounds(CallId("b")) == []
    with pytest.raises(CannotStore):
        await store.calls.keep_sound(CallId("nobody"), caller)


async def test_calls_that_somebody_heard_badly_are_found(store: Store) -> None:
    await begin(store, *(call(name) for name in "abc"))
    await store.calls.change(A, mos=3.4)
    await store.calls.change(CallId("b"), mos=4.2)
    assert await ids(store, mos_below=3.6) == ["a"]
    assert await ids(store, mos_below=3.4) == []
    assert (await store.calls.get(A)).mos == 3.4
    assert (await store.calls.get(CallId("c"))).mos is None


# ---- notes --------------------------------------------------------------------------------------------------


async def test_a_note_and_a_customer_are_kept_with_the_call(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), by="1001")
    await begin(store, call("a"))
    await store.calls.note(A, "要求退货", customer.id)
    known = await store.calls.get(A)
    assert (known.note, known.customer_id) == ("要求退货", customer.id)
    await store.calls.note(A, "", None)
    known = await store.calls.get(A)
    assert (known.note, known.customer_id) == ("", None)


async def test_two_who_write_on_a_call_do_not_overwrite_each_other(store: Store) -> None:
    await begin(store, call("a"))
    await store.calls.note(A, "要求退货", None, "")
    with pytest.raises(NoteIsAnother) as refused:
        await store.calls.note(A, "已转技术部", None, "")
    assert refused.value.note == "要求退货"
    await store.calls.note(A, "要求退货", None, "")  # what stands there already, sent again
    await store.calls.note(A, "要求退货\n已转技术部", None, "要求退货")
    assert (await store.calls.get(A)).note == "要求退货\n已转技术部"


async def test_a_note_needs_a_call_and_a_customer_that_are_there(store: Store) -> None:
    with pytest.raises(NotFound, match="call nobody"):
        await store.calls.note(CallId("nobody"), "x", None)
    await begin(store, call("a"))
    for unknown in (4711, 10**30):
        with pytest.raises(NotFound, match="customer"):
            await store.calls.note(A, "x", CustomerId(unknown))
    assert (await store.calls.get(A)).note == ""


# ---- what is asked ------------------------------------------------------------------------------------------


async def test_the_newest_call_is_first_page_by_page(store: Store) -> None:
    await begin(store, *(call(f"c{n}", started_at=later(n // 2)) for n in range(7)))
    first, total = await store.calls.search(limit=3)
    second, _ = await store.calls.search(limit=3, offset=3)
    third, _ = await store.calls.search(limit=3, offset=6)
    beyond, still = await store.calls.search(limit=3, offset=7)
    assert [record.id for record in first + second + third] == ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]
    assert (total, beyond, still) == (7, [], 7)


@pytest.mark.parametrize(("limit", "offset"), [(-1, -1), (0, 0), (10**30, 0), (5, 10**30)])
async def test_pages_are_bounded_whatever_is_asked(store: Store, limit: int, offset: int) -> None:
    await begin(store, call("a"))
    items, total = await store.calls.search(limit=limit, offset=offset)
    assert len(items) <= 1
    assert total == 1


SOLD = (QueueName("sales"),)
ASKED: list[Any] = [
    pytest.param({}, "c b a", id="nothing asked: all"),
    pytest.param({"queue": "sales"}, "b a", id="a queue"),
    pytest.param({"agent": "1002"}, "b", id="an agent"),
    pytest.param({"outcome": "abandoned"}, "a", id="an outcome"),
    pytest.param({"direction": "outbound"}, "c", id="a direction"),
    pytest.param({"queue": "sales", "agent": "1002"}, "b", id="both hold"),
    pytest.param({"since": later(10)}, "c b", id="from a moment on"),
    pytest.param({"until": later(10)}, "a", id="before a moment"),
    pytest.param({"since": later(10), "until": later(20)}, "b", id="a span"),
    pytest.param({"caller": "01062960000"}, "a", id="a caller"),
    pytest.param({"caller": "+86 10 6296 0000"}, "a", id="the same line written otherwise"),
    pytest.param({"caller": "6296"}, "", id="a part of a number is another line"),
    pytest.param({"called": "(020) 8888-6666"}, "b a", id="a called number"),
    pytest.param({"text": "6296"}, "a", id="text: a part of a number"),
    pytest.param({"text": "010-6296 0000"}, "a", id="text: a number with its marks"),
    pytest.param({"text": "+861062960000"}, "a", id="text: a number in full"),
    pytest.param({"text": "退货"}, "b", id="text: two characters of a note"),
    pytest.param({"text": "货"}, "b", id="text: one character"),
    pytest.param({"text": "refund"}, "b", id="text: upper and lower case are one"),
    pytest.param({"text": "REFUND 退货"}, "b", id="text: both words"),
    pytest.param({"text": "refund 6296"}, "", id="text: both words in one call"),
    pytest.param({"text": "王五"}, "c", id="text: the line's name"),
    pytest.param({"text": "张三"}, "a", id="text: the customer's name"),
    pytest.param({"text": "zhangsan"}, "a", id="text: the customer's name in pinyin"),
    pytest.param({"text": "100%"}, "b", id="text: a sign of LIKE is a sign"),
    pytest.param({"text": "1_0%"}, "", id="text: and no pattern"),
    pytest.param({"text": "\\"}, "", id="text: a backslash"),
    pytest.param({"text": "' OR 1=1 --"}, "", id="text: no SQL"),
    pytest.param({"customer_id": 1}, "a", id="a customer"),
    pytest.param({"customer_id": 10**30}, "", id="a customer that cannot be"),
    pytest.param({"sight": CallSight(agents=(AgentId("1002"),))}, "b", id="own calls only"),
    pytest.param(
        {"sight": CallSight(agents=(AgentId("x"),), queues=(QueueName("sales"),))}, "b a", id="own queues' calls"
    ),
    pytest.param({"sight": CallSight(agents=(AgentId("x"),), queues=())}, "", id="nothing of one's own"),
    pytest.param({"sight": CallSight(agents=(AgentId("2002"), AgentId("y")))}, "c", id="an agent whose phone rang"),
    pytest.param({"sight": CallSight(agents=(AgentId("1001"), AgentId("1002")))}, "b a", id="those of several agents"),
    pytest.param({"sight": CallSight(agents=(), queues=(QueueName("repairs"),))}, "b", id="a queue it was in before"),
    pytest.param(
        {"sight": CallSight(agents=(), queues=SOLD, unanswered=True)}, "a", id="a queue's that nobody answered"
    ),
    pytest.param(
        {"sight": CallSight(agents=(), queues=SOLD, unanswered=True, calls=(CallId("c"),))},
        "c a",
        id="and some by name",
    ),
    pytest.param({"sight": CallSight(agents=(AgentId("1002"),)), "text": "6296"}, "", id="others' calls are not found"),
]


@pytest.mark.parametrize(("asked", "found"), ASKED)
async def test_calls_are_found_by(store: Store, asked: dict[str, Any], found: str) -> None:
    customer = await store.customers.create(CustomerCard(name="张三"), by="1001")
    assert customer.id == 1
    await begin(
        store,
        call("a", caller="01062960000", queue="sales", agent="1001", outcome="abandoned"),
        call("b", started_at=later(10), queue="sales", agent="1002", outcome="answered"),
        call("c", started_at=later(20), direction="outbound", caller="1001", called="110", caller_name="王五"),
    )
    await store.calls.keep_party(CallId("c"), "agent", "2002")
    await store.calls.keep_party(CallId("b"), "queue", "repairs")
    await store.calls.change(CallId("b"), answered_at=later(15))
    await store.calls.note(A, "", customer.id)
    await store.calls.note(CallId("b"), "退货 100% ＲＥＦＵＮＤ", None)
    assert await ids(store, **asked) == found.split()


async def test_what_a_note_said_before_is_not_found_any_more(store: Store) -> None:
    await begin(store, call("a"))
    await store.calls.note(A, "退货", None)
    await store.calls.note(A, "咨询", None)
    assert await ids(store, text="退货") == []
    assert await ids(store, text="咨询") == ["a"]


@given(st.text(min_size=1, max_size=30), st.data())
def test_every_part_of_a_text_without_spaces_finds_it(text: str, data: st.DataObject) -> None:
    words = every_word(text)
    kept = words_of(text)
    numbers = [word for word in words if any(sign.isdigit() for sign in word)]
    for word in set(words) - set(numbers):  # of a number the marks are dropped: see the calls' and customers' tests
        start = data.draw(st.integers(0, len(word) - 1))
        assert word[start:] in kept


# ---- after a crash ------------------------------------------------------------------------------------------


async def test_what_the_last_run_left_open_ends_at_its_last_heartbeat(store: Store) -> None:
    await begin(store, call("old", started_at=later(-9), ended_at=later(-5), outcome="answered"))
    await begin(store, call("flow"), call("waits", started_at=later(1)), call("talks", started_at=later(2)))
    await store.calls.change(CallId("waits"), queue="sales", queued_at=later(4))
    await store.calls.change(CallId("talks"), queue="sales", queued_at=later(5))
    await store.calls.change(CallId("talks"), answered_at=later(8), wait_seconds=3.25, agent="1001")
    for second in (10, 11, 12):
        live = ["waits", "talks"] if second < 12 else ["talks"]
        await store.calls.heartbeat([CallId(name) for name in live], later(second))

    assert await store.calls.close_interrupted() == ["flow", "waits", "talks"]

    flow, waits, talks = [await store.calls.get(CallId(name)) for name in ("flow", "waits", "talks")]
    assert {(c.outcome, c.ended_by, c.cause) for c in (flow, waits, talks)} == {("interrupted", "system", INTERRUPTED)}
    assert (flow.ended_at, flow.wait_seconds, flow.talk_seconds) == (START, None, None)
    assert (waits.ended_at, waits.wait_seconds, waits.talk_seconds) == (later(11), 7.0, None)
    assert (talks.ended_at, talks.wait_seconds, talks.talk_seconds) == (later(12), 3.25, 4.0)
    assert (await store.calls.get(CallId("old"))).outcome == "answered"
    assert [(step.at, step.kind) for step in await store.calls.story(CallId("talks"))] == [(later(12), "call.ended")]


async def test_closing_twice_closes_once(store: Store) -> None:
    await begin(store, call("a"))
    assert await store.calls.close_interrupted() == ["a"]
    assert await store.calls.close_interrupted() == []
    assert len(await store.calls.story(A)) == 1


async def test_recordings_of_interrupted_calls_end_with_them_and_are_still_to_be_repaired(store: Store) -> None:
    await begin(store, call("a"))
    await store.calls.change(A, answered_at=later(2))
    await store.recordings.begin(recording("a-1", "a", started_at=later(2)))
    await store.calls.heartbeat([A], later(9))
    await store.calls.close_interrupted()
    kept = await store.recordings.get(RecordingId("a-1"))
    assert (kept.finished_at, kept.seconds, kept.complete, kept.octets) == (later(9), 7.0, False, None)
    assert await store.recordings.open_ones() == [kept]


async def test_a_recording_left_open_by_a_call_that_ended_ends_with_it(store: Store) -> None:
    """The server was killed between the call's end and the recording's."""
    await begin(store, call("a"))
    await store.recordings.begin(recording("a-1", "a", started_at=later(2)))
    await store.calls.change(A, ended_at=later(5), outcome="answered")
    assert await store.calls.close_interrupted() == []
    assert (await store.recordings.get(RecordingId("a-1"))).finished_at == later(5)
