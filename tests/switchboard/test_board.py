"""What concerns all calls: listeners that fail, a store that fails, the end of the server, hundreds of calls."""

from __future__ import annotations

import asyncio
import contextlib
import random
from datetime import timedelta
from typing import cast

import pytest

from callcenterd.errors import NotNow
from callcenterd.model import events
from callcenterd.model.agents import WantedState
from callcenterd.model.calls import CallRecord
from callcenterd.model.ids import CallId, TrunkName
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from tests.kit.office import AGENTS, NUMBER, STRAIGHT_NUMBER, MemoryStore, Office, in_virtual_time, office
from tests.kit.virtual import START

CALLER = "13800138000"
WANTED: tuple[WantedState, ...] = ("ready", "break", "signed_out")


@in_virtual_time
async def test_a_listener_that_raises_harms_no_call() -> None:
    async with office() as desk:

        def broken(fact: events.Fact) -> None:
            raise RuntimeError(f"cannot hear {fact}")

        desk.board.bus.listen(events.Fact, broken)
        await desk.sign_in("1001")
        caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.joined()
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.told(events.CallEnded)[0].outcome == "answered"


@pytest.mark.parametrize("what", ["begin", "change", "append"])
def test_a_store_that_fails_harms_no_call_and_is_counted(what: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            desk.memory.fail.add(what)
            await desk.sign_in("1001")
            caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
            await desk.settle()
            desk.line.picks_up(desk.line.rung("1001"))
            await desk.settle()
            assert desk.joined()
            desk.line.hangs_up(caller)
            await desk.settle()
            assert desk.board.counters()["history_failed_total"] >= 1
            assert desk.board.counters()["history_backlog"] == 0

    story()


@in_virtual_time
async def test_every_live_call_gets_a_heartbeat_each_second() -> None:
    async with office() as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(5.5)
        call = desk.only_call()
        assert desk.memory.beats[call] == START + timedelta(seconds=5)


@in_virtual_time
async def test_settled_means_that_everything_told_before_is_kept() -> None:
    async with office() as desk:
        desk.line.calls_in(CALLER, NUMBER)
        call = desk.only_call()
        await desk.board.history.settled()
        assert call in desk.memory.records


def slow_store(monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryStore, asyncio.Event]:
    """A store that keeps no call before the event, as a locked or full database does."""
    store, writable = MemoryStore(), asyncio.Event()
    begin = store.calls.begin

    async def begin_later(record: CallRecord) -> None:
        await writable.wait()
        await begin(record)

    monkeypatch.setattr(store.calls, "begin", begin_later)
    return store, writable


@in_virtual_time
async def test_who_waits_for_a_database_that_cannot_be_written_is_told_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, writable = slow_store(monkeypatch)
    async with office(store=cast("Store", store)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        call = desk.only_call()
        await desk.wait(60)
        assert not await desk.board.history.settled()
        with pytest.raises(CannotStore):
            await desk.board.history.note(call, "要发票", None, "1001")
        writable.set()
        assert await desk.board.history.settled()
        assert (desk.memory.records[call].flow, desk.board.history.failed) == ("main", 0)


@in_virtual_time
async def test_a_database_that_cannot_be_written_does_not_keep_the_server_from_stopping(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, _ = slow_store(monkeypatch)
    async with office(store=cast("Store", store)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(1)
        began = desk.board.clock.monotonic()
        await desk.board.stop()
        assert desk.board.clock.monotonic() - began < 30.0


@in_virtual_time
async def test_the_end_of_the_server_ends_every_call_and_writes_it_down_with_its_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1001"))
        desk.line.calls_in("13900000000", STRAIGHT_NUMBER)
        desk.line.calls_in("13900000001", NUMBER)
        desk.line.calls_in("1001", "1900", extension="1800")
        await desk.wait(10)
        await desk.board.stop()
        assert desk.line.open() == []
        assert {record.caller: (record.outcome, record.cause) for record in desk.memory.records.values()} == {
            CALLER: ("answered", "shutdown"),
            "13900000000": ("no_answer", "shutdown"),
            "13900000001": ("flow", "shutdown"),
            "1001": ("no_answer", "shutdown"),
        }
        assert [kept.complete for kept in desk.memory.kept_recordings.values()] == [True]


@in_virtual_time
async def test_what_is_told_after_the_end_is_still_written() -> None:
    """The media room closes a recording at its own pace, it may be after everything else."""
    async with office() as desk:
        await desk.board.stop()
        desk.board.bus.publish(
            events.CallStarted(
                at=START, call=CallId("late"), direction="inbound", caller=CALLER, caller_name="", called=NUMBER
            )
        )
        await desk.board.history.settled()
        assert CallId("late") in desk.memory.records


@in_virtual_time
async def test_a_trunks_health_is_told() -> None:
    async with office() as desk:
        desk.board.trunk(TrunkName("gateway"), "down", "408")
        assert [(fact.trunk, fact.state, fact.why) for fact in desk.told(events.TrunkChanged)] == [
            ("gateway", "down", "408")
        ]


@in_virtual_time
async def test_a_recording_that_is_not_complete_is_told_as_that() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.sound.whole = False
        desk.line.hangs_up(phone)
        await desk.settle()
        (kept,) = desk.memory.kept_recordings.values()
        assert not kept.complete


class MadHour:
    """Whatever callers, agents and phones can do, at whatever moment."""

    def __init__(self, desk: Office, chance: random.Random) -> None:
        self._desk = desk
        self._chance = chance

    async def pass_by(self, deeds: int) -> None:
        for _ in range(deeds):
            await self._desk.wait(self._chance.expovariate(1 / 5))
            deed = self._chance.choices(
                (self.call, self.dial, self.want, self.lose_a_phone, self.press, self.act), (4, 1, 2, 1, 1, 6)
            )[0]
            await deed()
        for dialog in self._desk.line.open():
            if dialog.to is None and not dialog.over():
                self._desk.line.hangs_up(dialog)
                await self._desk.settle()

    async def call(self) -> None:
        number = self._chance.choice((NUMBER, STRAIGHT_NUMBER, "95588"))
        self._desk.line.calls_in(f"138{self._chance.randrange(10**8):08}", number)

    async def dial(self) -> None:
        agent = self._chance.choice(AGENTS)
        self._desk.line.calls_in(agent, self._chance.choice(("1002", "1900", "0139", "#")), extension=agent)

    async def want(self) -> None:
        agent, state = self._chance.choice(AGENTS), self._chance.choice(WANTED)
        with contextlib.suppress(NotNow):
            await self._desk.board.desk.set_state(agent, state)
        if self._chance.random() < 0.5:
            await self._desk.board.desk.end_wrap_up(agent)

    async def lose_a_phone(self) -> None:
        agent = self._chance.choice(AGENTS)
        self._desk.line.is_lost(agent)
        await self._desk.wait(self._chance.random() * 3)
        self._desk.line.registers(agent)
        await self._desk.board.desk.set_state(agent, "ready")

    async def press(self) -> None:
        if self._desk.sound.rows:
            self._desk.sound.keys(self._chance.choice(list(self._desk.sound.rows)), self._chance.choice("12#9"))

    async def act(self) -> None:
        """One dialog's other side does what it may."""
        line = self._desk.line
        if not line.open():
            return
        dialog = self._chance.choice(line.open())
        if dialog.state in ("placed", "ringing"):
            match self._chance.randrange(4):
                case 0:
                    line.rings(dialog)
                case 1 | 2:
                    line.picks_up(dialog)
                case _:
                    line.declines(dialog, self._chance.choice((486, 480, 603, 503, 408, 500)))
        else:
            line.hangs_up(dialog)


@pytest.mark.parametrize("seed", range(5))
def test_hundreds_of_calls_with_everything_that_can_happen_leave_nothing_behind(seed: int) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in(*AGENTS)
            await MadHour(desk, random.Random(seed)).pass_by(600)
            await desk.wait(60)
            desk.nothing_is_left()
            started = [fact.call for fact in desk.told(events.CallStarted)]
            ended = [fact.call for fact in desk.told(events.CallEnded)]
            assert len(started) > 100
            assert sorted(started) == sorted(ended)
            assert len(set(ended)) == len(ended), "each call ends once"
            entered = [fact.call for fact in desk.told(events.CallerQueued)]
            left = [fact.call for fact in desk.told(events.CallerLeftQueue)]
            assert sorted(entered) == sorted(left), "each visit of a queue ends in exactly one way"
            outcomes = {record.outcome for record in desk.memory.records.values()}
            assert {"answered", "abandoned", "failed", "flow"} <= outcomes
            assert None not in outcomes
            assert desk.board.history.failed == 0

    story()


@in_virtual_time
async def test_everything_is_told_in_the_order_in_which_it_happened() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.wait(1)
        times = [fact.at for fact in desk.facts]
        assert times == sorted(times)
