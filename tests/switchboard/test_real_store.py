"""The switchboard on a real database, in real time: what is told is kept, and found again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from callcenterd.clock import SystemClock
from callcenterd.model import events
from callcenterd.model.calls import CallFilter
from callcenterd.model.customers import CustomerCard
from callcenterd.model.fields import NewField
from callcenterd.model.ids import CallId
from callcenterd.store.database import Store
from tests.kit.database import with_tables
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, in_virtual_time, office

CALLER = "13800138000"


async def until(what: Callable[[], object]) -> None:
    """The loop runs until it is so; the test's own time limit is the bound."""
    while not what():
        await asyncio.sleep(0.001)


async def in_an_office(path: Path, story: Callable[[Office, Store], Awaitable[None]]) -> None:
    clock = SystemClock()
    store = await Store.open(path, clock=clock)
    try:
        async with office(store=store, clock=clock) as desk:
            await story(desk, store)
    finally:
        await store.close()


async def test_a_whole_call_is_kept_with_its_story_its_recording_and_its_note(tmp_path: Path) -> None:
    async def story(desk: Office, store: Store) -> None:
        known = await store.customers.create(CustomerCard(name="王女士", phones=("138 0013 8000",)), by="admin")
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await until(lambda: desk.line.ringing_numbers() == ["1001"])
        call, phone = desk.only_call(), desk.line.rung("1001")
        assert phone.caller_name == "王女士"
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.board.history.note(call, "要发票", known.id, "1001")
        desk.line.hangs_up(phone)
        await until(lambda: desk.told(events.CallEnded) and desk.told(events.RecordingFinished))
        await desk.board.history.settled()
        kept = await store.calls.get(call)
        assert (kept.outcome, kept.agent, kept.queue, kept.note) == ("answered", "1001", "sales", "要发票")
        assert kept.customer_id == known.id
        assert kept.answered_at is not None
        assert kept.ended_at is not None
        steps = [step.kind for step in await store.calls.story(call)]
        assert steps == [kind for kind in desk.story(call) if kind != "screen.pop"]
        (recording,) = await store.recordings.of_call(call)
        assert recording.complete
        assert kept.recording_id == recording.id

    await in_an_office(tmp_path / "office.db", story)


async def test_a_flow_finds_the_caller_and_decides_by_a_field_of_the_offices_own(tmp_path: Path) -> None:
    flow = """
flow: main
language: en
start: who
nodes:
  who: {lookup: number, next: plan}
  plan: {branch: [{when: "customer.fields.plan == 'gold'", next: person}], otherwise: no}
  person: {queue: sales}
  no: {hangup: closed}
"""
    clock = SystemClock()
    store = await Store.open(with_tables(tmp_path / "office.db"), clock=clock)
    try:
        plan = NewField(kind="customer", name="plan", type="text", chinese="套餐", english="Plan")
        await store.fields.add(plan)
        card = CustomerCard(name="王女士", phones=(CALLER,), fields={"plan": "gold"})
        await store.customers.create(card, "admin", "admin")
        async with office(flows=(flow,), store=store, clock=clock) as desk:
            await desk.sign_in("1001")
            desk.line.calls_in(CALLER, NUMBER)
            await until(lambda: desk.line.ringing_numbers() == ["1001"])
            desk.line.calls_in("13900139000", NUMBER)  # of whom nothing is known
            await until(lambda: desk.told(events.CallEnded))
            assert len(desk.told(events.CallerQueued)) == 1
    finally:
        await store.close()


async def test_what_was_open_at_a_crash_is_closed_as_interrupted_at_the_next_start(tmp_path: Path) -> None:
    call: list[CallId] = []

    async def crash(desk: Office, store: Store) -> None:
        desk.line.calls_in(CALLER, NUMBER)
        await until(lambda: desk.board.journeys)
        call.append(desk.only_call())
        await desk.board.history.settled()
        copy = tmp_path / "crashed.db"
        for ending in ("", "-wal"):
            (tmp_path / f"crashed.db{ending}").write_bytes((tmp_path / f"office.db{ending}").read_bytes())
        opened = await Store.open(copy, clock=SystemClock())
        try:
            assert await opened.calls.close_interrupted() == call
            assert (await opened.calls.get(call[0])).outcome == "interrupted"
        finally:
            await opened.close()

    await in_an_office(tmp_path / "office.db", crash)


async def test_who_was_signed_in_before_a_restart_is_so_after_it(tmp_path: Path) -> None:
    async def before(desk: Office, store: Store) -> None:
        await desk.sign_in("1001")
        await desk.board.desk.set_state("1001", "break", "lunch")

    async def after(desk: Office, store: Store) -> None:
        await desk.board.desk.restore()
        assert desk.state("1001") == "break lunch"

    await in_an_office(tmp_path / "office.db", before)
    await in_an_office(tmp_path / "office.db", after)


async def test_who_waits_for_the_history_does_not_wait_for_it_to_be_gathered(tmp_path: Path) -> None:
    """Forty pages ask for their call while facts come: each question once cost all of them the writer's patience."""
    clock = SystemClock()
    store = await Store.open(with_tables(tmp_path / "office.db"), clock=clock, gather_seconds=60.0)
    try:
        async with office(store=store, clock=clock) as desk:
            asking = []
            for n in range(40):
                at, call = clock.utc(), CallId(f"c{n}")
                desk.board.bus.publish(
                    events.CallStarted(at=at, call=call, direction="inbound", caller="1", caller_name="", called="2")
                )
                asking.append(asyncio.create_task(desk.board.history.settled()))
            assert all(await asyncio.gather(*asking))
            assert (await store.calls.search(CallFilter(), 100, 0))[1] == 40
            await desk.board.history.note(CallId("c7"), "要发票", None, "1001")
            assert (await store.calls.get(CallId("c7"))).note == "要发票"
    finally:
        await store.close()


async def test_every_call_of_a_burst_is_found_again_by_what_became_of_it(tmp_path: Path) -> None:
    async def story(desk: Office, store: Store) -> None:
        for n in range(30):
            caller = desk.line.calls_in(f"1390000{n:04}", STRAIGHT_NUMBER)
            await until(lambda: len(desk.told(events.CallerQueued)) == n + 1)  # noqa: B023  # awaited within the turn
            desk.line.hangs_up(caller)
        await desk.board.history.settled()
        found, total = await store.calls.search(CallFilter(outcome="abandoned"), 100, 0)
        assert total == 30
        assert len({record.id for record in found}) == 30

    await in_an_office(tmp_path / "office.db", story)


def test_the_kit_keeps_real_time_out_of_virtual_time() -> None:
    """A story in virtual time ends in a blink, whatever it waits for."""

    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.wait(3600)

    story()
