"""Recordings found by anything, their tags and notes, their links, and what removing one takes with it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.calls import CallFilter, CallSight
from callcenterd.model.customers import CustomerCard
from callcenterd.model.dictionaries import DictionaryValue
from callcenterd.model.ids import AgentId, CallId, QueueName, RecordingId
from callcenterd.model.recordings import MOST_WRONG_PINS, NewLink, RecordingFilter
from callcenterd.store.database import Store
from tests.kit.virtual import START
from tests.store.rows import begin, call, recording

R = RecordingId
MINUTE = timedelta(minutes=1)


async def keep(store: Store, name: str, *, seconds: float = 60.0, at: int = 0, **known: Any) -> RecordingId:
    """A call with a recording that is whole. at: minutes after the start."""
    begun = START + at * MINUTE
    await begin(store, call(f"c-{name}", started_at=begun, **known))
    await store.recordings.begin(recording(name, f"c-{name}", started_at=begun))
    await store.recordings.finish(
        R(name), finished_at=begun + MINUTE, seconds=seconds, octets=1000, sha256="0" * 64, complete=True
    )
    await store.recordings.settle(R(name), "done")
    return R(name)


async def names(store: Store, wanted: RecordingFilter | None = None, **page: int) -> list[str]:
    items, total = await store.recordings.search.page(wanted or RecordingFilter(), **page)
    assert page or total == len(items)
    return [str(one.id) for one in items]


async def test_each_condition_finds_its_recordings_and_no_others(store: Store) -> None:
    customer = await store.customers.create(CustomerCard(name="张三", phones=("13900139000",)), "1001")
    await keep(store, "a", at=0, seconds=10.0, agent="1001", queue="sales", caller="13900139000", outcome="answered")
    await keep(store, "b", at=1, seconds=100.0, agent="1002", queue="sales", direction="outbound", disposition="ok")
    await keep(store, "c", at=2, seconds=1000.0, agent="1001", queue="complaints")
    await store.calls.note(CallId("c-a"), "要退款", customer.id)
    await begin(store, call("c-open"))
    await store.recordings.begin(recording("open", "c-open"))
    assert await names(store) == ["c", "b", "a"], "newest first, and none that is still being written"

    def of(**known: Any) -> RecordingFilter:
        return RecordingFilter(calls=CallFilter(**known))

    for wanted, found in (
        (of(agent=AgentId("1001")), ["c", "a"]),
        (of(queue=QueueName("sales")), ["b", "a"]),
        (of(direction="outbound"), ["b"]),
        (of(disposition="ok"), ["b"]),
        (of(outcome="answered"), ["a"]),
        (of(customer_id=customer.id), ["a"]),
        (of(caller="139 0013 9000"), ["a"]),
        (of(text="0013900"), ["a"]),
        (of(text="退款"), ["a"]),
        (of(text="张三"), ["a"]),
        (of(since=START + MINUTE, until=START + 2 * MINUTE), ["b"]),
        (of(sight=CallSight(agents=(AgentId("1002"),))), ["b"]),
        (RecordingFilter(least=50.0), ["c", "b"]),
        (RecordingFilter(least=50.0, most=500.0), ["b"]),
        (of(text="nobody"), []),
    ):
        assert await names(store, wanted) == found, wanted
    (shown,) = (await store.recordings.search.page(of(customer_id=customer.id)))[0]
    assert (shown.customer, shown.caller, shown.note, shown.seconds) == ("张三", "13900139000", "要退款", 10.0)
    assert (await store.recordings.search.page(RecordingFilter(), 2, 1))[1] == 3
    assert await names(store, None, limit=2, offset=1) == ["b", "a"]
    assert await names(store, None, limit=2, offset=7) == []
    assert await store.recordings.search.all_of(RecordingFilter(), 2) == ["c", "b"]
    mine = of(sight=CallSight(agents=(AgentId("1001"),)))
    assert [one.id for one in await store.recordings.search.these([R("a"), R("b"), R("x")], mine)] == ["a"]


async def test_tags_are_free_or_from_the_list_and_are_found(store: Store) -> None:
    name, other = await keep(store, "a"), await keep(store, "b", at=1)
    assert await store.recordings.marks.put_tags(name, ["praise", "老客户"], "1001", START) == []
    assert await store.recordings.marks.put_tags(other, ["praise"], "1001", START) == []
    assert await store.recordings.marks.tags(name) == ["praise", "老客户"]
    assert await names(store, RecordingFilter(tag="praise")) == ["b", "a"]
    assert await names(store, RecordingFilter(tag="老客户")) == ["a"]
    assert await store.recordings.marks.known_tags() == ["praise", "老客户"]
    assert await store.recordings.marks.put_tags(name, ["老客户"], "1002", START) == ["praise", "老客户"]
    assert await names(store, RecordingFilter(tag="praise")) == ["b"]
    (shown,) = await store.recordings.search.these([name], RecordingFilter())
    assert shown.tags == ("老客户",)
    kept = await store.dictionaries.put("recording_tag", [DictionaryValue(code="new", chinese="新", english="New")])
    assert [(value.code, value.retired) for value in kept.values] == [("new", False), ("praise", True)]
    with pytest.raises(NotFound):
        await store.recordings.marks.put_tags(R("x"), ["a"], "1001", START)
    with pytest.raises(NotNow, match="at most 20 tags"):
        await store.recordings.marks.put_tags(name, [str(n) for n in range(21)], "1001", START)


async def test_notes_stand_at_their_moments_are_found_and_stay_when_they_are_taken_away(
    store: Store, address: str | Path
) -> None:
    name = await keep(store, "a")
    await keep(store, "b", at=1)
    late = await store.recordings.marks.add_note(name, 41.5, "客户发火", "boss", START)
    await store.recordings.marks.add_note(name, 3.0, "Opening as it should be", "1001", START + MINUTE)
    assert [(one.second, one.by) for one in await store.recordings.marks.notes(name)] == [(3.0, "1001"), (41.5, "boss")]
    assert await names(store, RecordingFilter(notes="发火")) == ["a"]
    assert await names(store, RecordingFilter(notes="opening SHOULD")) == ["a"]
    assert await names(store, RecordingFilter(notes="opening 发火")) == [], "both words are to be in one note"
    (shown,) = await store.recordings.search.these([name], RecordingFilter())
    assert shown.notes == 2
    await store.recordings.marks.remove_note(name, late.id, "boss", START)
    assert await names(store, RecordingFilter(notes="发火")) == []
    for wrong in (late.id, 999, 2**70):
        with pytest.raises(NotFound):
            await store.recordings.marks.remove_note(name, wrong, "boss", START)
    with pytest.raises(NotFound):
        await store.recordings.marks.add_note(R("x"), 0.0, "x", "boss", START)
    if isinstance(address, Path):
        with sqlite3.connect(address) as database:
            kept = database.execute("SELECT text, removed_by FROM recording_notes WHERE removed_at IS NOT NULL")
            assert kept.fetchall() == [("客户发火", "boss")]


def link(name: RecordingId, **known: Any) -> NewLink:
    filled: dict[str, Any] = {"token": "t", "pin": "", "purpose": "律师", "most_plays": 2}
    return NewLink(recording=name, **(filled | {"expires_at": START + MINUTE} | known))


async def test_a_link_is_opened_as_often_as_was_said_until_it_ends(store: Store) -> None:
    links, name = store.recordings.links, await keep(store, "a")
    made = await links.add(link(name), "boss", START)
    assert (await links.known("t")) == (made, "")
    with pytest.raises(NotFound):
        await links.known("T")
    until = START + timedelta(hours=1)
    assert await links.open(made.id, "s1", START, until)
    assert await links.opened(made.id, "s1", START)
    assert not await links.opened(made.id, "s2", START)
    assert not await links.opened(made.id + 1, "s1", START)
    assert not await links.opened(made.id, "s1", START + MINUTE), "the link has expired, whoever listens"
    assert await links.made_by("boss", START) == [await links.get(made.id)]
    assert await links.open(made.id, "s2", START, until)
    assert not await links.open(made.id, "s3", START, until), "twice was said"
    assert (await links.get(made.id)).plays == 2
    assert await links.made_by(None, START) == []
    late = await links.add(link(name, token="u"), "boss", START)
    assert not await links.open(late.id, "s4", START + MINUTE, until)
    assert [one.id for one in await links.of([name])] == [late.id, made.id]


async def test_a_link_that_is_revoked_ends_for_who_listens(store: Store) -> None:
    links, name = store.recordings.links, await keep(store, "a")
    made = await links.add(link(name), "boss", START)
    assert await links.open(made.id, "s1", START, START + MINUTE)
    await links.revoke(made.id, "boss", START)
    assert not await links.opened(made.id, "s1", START)
    assert not await links.open(made.id, "s2", START, START + MINUTE)
    assert (await links.get(made.id)).revoked_by == "boss"


async def test_too_many_wrong_pins_end_a_link(store: Store) -> None:
    links, name = store.recordings.links, await keep(store, "a")
    made = await links.add(link(name, pin="hash"), "boss", START)
    assert made.pin
    ended = [await links.wrong_pin(made.id, START) for _ in range(MOST_WRONG_PINS)]
    assert ended == [False] * (MOST_WRONG_PINS - 1) + [True]
    assert not await links.open(made.id, "s", START, START + MINUTE)
    assert (await links.get(made.id)).revoked_by == "system"


async def test_what_is_removed_is_found_no_more_and_its_marks_and_links_go_with_it(store: Store) -> None:
    name = await keep(store, "a")
    await store.calls.change(CallId("c-a"), recording_id=name)
    await store.recordings.marks.put_tags(name, ["x"], "1001", START)
    await store.recordings.marks.add_note(name, 1.0, "x", "1001", START)
    made = await store.recordings.links.add(link(name), "boss", START)
    removed = await store.recordings.remove(name, "chief", "客户要求", START)
    assert removed.path == "2026/08/03/a.wav"
    assert await names(store) == []
    assert (await store.calls.get(CallId("c-a"))).recording_id is None
    assert (await store.recordings.get(name)).removed_at == START, "the row stays: the chain of evidence has it"
    assert (await store.recordings.links.get(made.id)).revoked_by == "chief"
    assert await store.recordings.marks.notes(name) == []
    assert await store.recordings.files_of("2026/08/03") == {"2026/08/03/a.wav": False}, "its file need not be there"
    assert [one.id for one in await store.recordings.to_unlink()] == ["a"]
    await store.recordings.unlinked(name)
    assert (await store.recordings.to_unlink(), await store.recordings.days()) == ([], [])
    with pytest.raises(NotFound):
        await store.recordings.remove(name, "chief", "again", START)


async def test_nothing_is_removed_while_it_is_finished_or_a_complaint_is_open(store: Store) -> None:
    await begin(store, call("c"))
    await store.recordings.begin(recording("r", "c"))
    with pytest.raises(NotNow, match="being finished"):
        await store.recordings.remove(R("r"), "chief", "x", START)
    await store.recordings.finish(R("r"), finished_at=START, seconds=1.0, octets=9, sha256="", complete=True)
    with pytest.raises(NotNow, match="being finished"):
        await store.recordings.remove(R("r"), "chief", "x", START)


async def test_downloads_belong_to_who_asked_for_them_and_expire(store: Store) -> None:
    batches = store.recordings.batches
    made = await batches.add("boss", START, 7)
    assert (made.state, made.total, made.done) == ("waiting", 7, 0)
    with pytest.raises(NotFound):
        await batches.get(made.id, "root")
    await batches.change(made.id, state="done", done=7, octets=99, expires_at=START + MINUTE)
    assert await batches.with_files() == {made.id}
    assert await batches.expired(START) == []
    assert await batches.expired(START + MINUTE) == [made.id]
    assert [one.state for one in await batches.of("boss")] == ["expired"]
    late = await batches.add("boss", START, 1)
    await batches.cut_off()
    assert ((await batches.get(late.id, "boss")).state, (await batches.get(late.id, "boss")).why) == (
        "failed",
        "stopped",
    )


async def test_a_page_is_found_by_the_indexes_of_calls(store: Store, address: str | Path) -> None:
    """No list is sorted whole, and no recording is looked at that is not of a call that was asked for."""
    for n in range(3):
        await keep(store, f"r{n}", at=n, agent="1001", queue="sales")
    if not isinstance(address, Path):
        return
    joined = "FROM calls JOIN recordings ON recordings.call_id = calls.id WHERE recordings.octets > 0"
    order = "ORDER BY calls.started_at DESC, calls.id DESC, recordings.id DESC LIMIT 10001"
    for condition, index in (
        ("calls.agent = '1001'", "ix_calls_agent_started_at"),
        ("calls.queue = 'sales'", "ix_calls_queue_started_at"),
        ("calls.started_at >= '2026'", "ix_calls_started_at"),
    ):
        with sqlite3.connect(address) as database:
            query = f"EXPLAIN QUERY PLAN SELECT recordings.id {joined} AND {condition} {order}"
            plan = "\n".join(row[3] for row in database.execute(query))
        assert index in plan, plan
        assert "ix_recordings_call_id (call_id=?)" in plan, plan
        assert "FOR ORDER BY" not in plan, plan
