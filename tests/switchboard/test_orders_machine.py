"""Orders of pages and acts of phones in any order: nothing breaks, nothing is left over, each call has one outcome."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.ids import CallId, FlowName, QueueName
from tests.kit.office import NUMBER, STRAIGHT_NUMBER, Office, office
from tests.kit.virtual import run
from tests.kit.wire import Dialog

AGENTS = ("1001", "1002", "1003")
NUMBERS = (*AGENTS, "1800", "013900000000", "013800000001", NUMBER, "*68", "77")
WAITS = (0.1, 2.0, 6.0, 16.0, 35.0)


class Story:
    """One office, and what a number decides: which of the things that there are."""

    def __init__(self, desk: Office) -> None:
        self.desk = desk
        self.done: list[str] = []

    # ---- which ------------------------------------------------------------------------------------------------

    def call(self, n: int) -> CallId:
        calls = list(self.desk.board.journeys)
        return calls[n % len(calls)] if calls else CallId("none")

    def spoken(self, n: int) -> CallId:
        """A call in which somebody speaks, mostly."""
        journeys = self.desk.board.journeys
        calls = [call for call, journey in journeys.items() if journey.joined_at is not None or n % 11 == 10]
        return calls[n % len(calls)] if calls else self.call(n)

    def asked(self, n: int) -> CallId:
        """A call about which somebody is asked, mostly."""
        calls = [call for call, journey in self.desk.board.journeys.items() if journey.consult is not None]
        return calls[n % len(calls)] if calls and n % 11 != 10 else self.call(n)

    def dialog(self, n: int, *states: str) -> Dialog | None:
        found = [one for one in self.desk.line.open() if one.state in states]
        return found[n % len(found)] if found else None

    # ---- phones -----------------------------------------------------------------------------------------------

    def comes(self, n: int) -> None:
        self.desk.line.calls_in(f"1380000{n:04}", (STRAIGHT_NUMBER, NUMBER)[n % 2])

    def phone_dials(self, n: int) -> None:
        me = AGENTS[n % 3]
        dialled = (*NUMBERS, "*8", f"*8{AGENTS[n // 5 % 3]}", "*881")[n // 3 % (len(NUMBERS) + 3)]
        self.desk.line.calls_in(me, dialled, extension=me)

    def rings(self, n: int) -> None:
        if (one := self.dialog(n, "placed", "ringing")) is not None:
            self.desk.line.rings(one)

    def picks_up(self, n: int) -> None:
        if (one := self.dialog(n, "placed", "ringing")) is not None:
            self.desk.line.picks_up(one)

    def newest_picks_up(self, _: int) -> None:
        if (one := self.dialog(-1, "placed", "ringing")) is not None:
            self.desk.line.picks_up(one)

    def declines(self, n: int) -> None:
        if (one := self.dialog(n, "placed", "ringing")) is not None:
            self.desk.line.declines(one, (486, 603, 480, 488, 503)[n % 5])

    def hangs_up(self, n: int) -> None:
        if (one := self.dialog(n, "arriving", "up")) is not None:
            self.desk.line.hangs_up(one)

    def holds(self, n: int) -> None:
        if (one := self.dialog(n // 2, "up")) is not None:
            self.desk.line.holds(one, ("sendonly", "sendrecv")[n % 2])

    def refers(self, n: int) -> None:
        one = self.dialog(n, "up")
        if one is not None and one.other in AGENTS:
            second = [other for other in self.desk.line.open() if other.other == one.other and other.up()]
            attended = n % 3 == 0 and len(second) > 1
            self.desk.line.refers(one, NUMBERS[n % len(NUMBERS)], second[-1] if attended else None)

    # ---- pages ------------------------------------------------------------------------------------------------

    async def dial_out(self, n: int) -> None:
        await self.desk.board.dial_out.begin(AGENTS[n % 3], NUMBERS[n // 3 % len(NUMBERS)])

    def hold(self, n: int) -> None:
        self.desk.board.desk.hold(self.spoken(n), None)

    def take_back(self, n: int) -> None:
        self.desk.board.desk.take_back(self.spoken(n), None)

    def mute(self, n: int) -> None:
        self.desk.board.desk.mute(self.spoken(n // 2), None, n % 2 == 0)

    def press(self, n: int) -> None:
        self.desk.board.desk.press(self.spoken(n), None, "1#")

    def consult(self, n: int) -> None:
        self.desk.board.consulting.begin(self.spoken(n), None, NUMBERS[n % len(NUMBERS)])

    async def ask(self, n: int) -> None:
        """Somebody is asked, and answers."""
        self.consult(n)
        await self.desk.settle()
        self.newest_picks_up(n)

    def consult_queue(self, n: int) -> None:
        queue = QueueName(("sales", "service")[n % 2])
        self.desk.board.consulting.begin_in_queue(self.spoken(n // 2), None, queue)

    async def ask_queue(self, n: int) -> None:
        """A queue is asked, and one of it answers."""
        self.consult_queue(n)
        await self.desk.settle()
        self.newest_picks_up(n)

    def toggle(self, n: int) -> None:
        self.desk.board.consulting.toggle(self.asked(n), None)

    def complete(self, n: int) -> None:
        self.desk.board.consulting.complete(self.asked(n), None)

    def confer(self, n: int) -> None:
        self.desk.board.consulting.confer(self.asked(n), None, "1001")

    def back(self, n: int) -> None:
        self.desk.board.consulting.back(self.asked(n), None)

    def send(self, n: int) -> None:
        self.desk.board.transfers.send(self.spoken(n), None, NUMBERS[n % len(NUMBERS)])

    def send_into_queue(self, n: int) -> None:
        self.desk.board.transfers.send_into_queue(self.spoken(n), None, QueueName(("sales", "service")[n % 2]))

    def send_into_flow(self, n: int) -> None:
        self.desk.board.transfers.send_into_flow(self.spoken(n), None, FlowName(("main", "straight")[n % 2]))

    def park(self, n: int) -> None:
        self.desk.board.parking.park(self.spoken(n))

    def fetch(self, n: int) -> None:
        self.desk.board.parking.fetch("1", AGENTS[n % 3])

    def add(self, n: int) -> None:
        self.desk.board.conferences.add(self.spoken(n), NUMBERS[n % len(NUMBERS)], "1001")

    def put_out(self, n: int) -> None:
        call = self.spoken(n)
        parties = self.desk.board.conferences.described(call)
        self.desk.board.conferences.put_out(call, parties[n % len(parties)].id, "1001")

    async def hang_up(self, n: int) -> None:
        await self.desk.board.desk.hang_up(self.call(n), AGENTS[n % 3])

    def pick_up(self, n: int) -> None:
        self.desk.board.pickup.begin(self.call(n), AGENTS[n % 3])

    def answer(self, n: int) -> None:
        self.desk.board.desk.answer(self.call(n), AGENTS[n % 3])

    def listen(self, n: int) -> None:
        mode: Any = ("listen", "whisper", "barge")[n % 3]
        self.desk.board.monitoring.begin(self.spoken(n), "1003", mode, may_barge=True, follow=n % 2 == 0)

    def take_over(self, n: int) -> None:
        self.desk.board.monitoring.take_over(self.spoken(n), "1003")

    def record(self, n: int) -> None:
        board = self.desk.board.desk
        (board.record if n % 2 else board.record_no_more)(self.spoken(n))

    async def state(self, n: int) -> None:
        await self.desk.board.desk.set_state(AGENTS[n % 3], ("ready", "break", "signed_out")[n // 3 % 3])

    async def wait(self, n: int) -> None:
        await self.desk.wait(WAITS[n % len(WAITS)])

    # ---- steps ------------------------------------------------------------------------------------------------

    async def step(self, name: str, n: int) -> None:
        act: Callable[[int], Any] = getattr(self, name)
        said = ""
        try:
            done = act(n)
            if inspect.isawaitable(done):
                await done
        except (NotFound, NotNow, Refused) as refusal:  # what a page is answered with 404, 409 or 422
            said = f": {refusal}"
        self.done.append(f"{name} {n}{said}")
        await self.desk.settle()
        self.check()

    def check(self) -> None:
        """Whoever hears somebody is in one conversation with them; who waits while another is asked hears neither."""
        of_leg = {leg.id: leg for call in self.desk.calls.live() for leg in call.legs}
        listening = {watch.leg.id for watch in self.desk.board.monitoring._watches.values()}
        for row in self.desk.sound.rows.values():
            for heard in row.hears:
                together = of_leg[row.leg].call is of_leg[heard].call
                assert together or {row.leg, heard} & listening, self.done
        for journey in self.desk.board.journeys.values():
            consult = journey.consult
            if consult is not None:
                waits = consult.leg if consult.with_caller else consult.caller
                assert waits is None or not self.desk.sound.rows[waits.id].hears, self.done
            assert not journey.ended
            assert all(leg.alive for leg in journey.others)

    async def end(self) -> None:
        """Everybody goes home."""
        for _ in range(200):
            for one in self.desk.line.open():
                if one.state in ("arriving", "up"):
                    self.desk.line.hangs_up(one)
                elif one.state in ("placed", "ringing"):
                    self.desk.line.declines(one, 480)
                await self.desk.settle()
            if not self.desk.board.journeys and not self.desk.line.open():
                break
            await self.desk.wait(1)
        await self.desk.wait(200)
        self.desk.nothing_is_left()
        ends = Counter(fact.call for fact in self.desk.told(events.CallEnded))
        starts = Counter(fact.call for fact in self.desk.told(events.CallStarted))
        assert ends == starts, "each call that began has one end"
        assert set(starts.values()) <= {1}
        begun = [fact.call for fact in self.desk.told(events.ConsultBegun)]
        assert Counter(fact.call for fact in self.desk.told(events.ConsultEnded)) == Counter(begun)
        for who in (*AGENTS, "all"):
            assert self.desk.board.outbound.limited(who) == 0, "no place in the limits is held"


ACTS = [name for name, of in vars(Story).items() if not name.startswith("_") and inspect.isfunction(of)]
ACTS = [name for name in ACTS if name not in ("call", "spoken", "asked", "dialog", "step", "check", "end")]
OFTEN = [
    "comes",
    *["newest_picks_up"] * 5,
    "picks_up",
    "rings",
    "wait",
    *["ask"] * 3,
    *["ask_queue"] * 2,
    "dial_out",
    "toggle",
    "complete",
    "confer",
]


async def told(steps: list[tuple[str, int]]) -> None:
    with structlog.testing.capture_logs(processors=[structlog.processors.format_exc_info]) as logged:
        async with office() as desk:
            story = Story(desk)
            await desk.sign_in(*AGENTS)
            desk.line.registers("1800")
            desk.line.obedient.add("1002")
            for name, n in steps:
                await story.step(name, n)
            try:
                await story.end()
            except AssertionError as fault:
                raise AssertionError(f"{fault}\nafter {story.done}") from fault
            faults = [line for line in logged if "exception" in line]
            assert faults == [], f"{faults[0]['exception']}\nafter {story.done}"
        await asyncio.sleep(0)


FOUND: list[list[tuple[str, int]]] = [
    # a supervisor listens to an agent who is alone for the moment: whoever is asked only rings
    [("comes", 12), ("picks_up", 22), ("consult", 37), ("listen", 35), ("picks_up", 13)],
    # who dialled leaves a conversation of three, and who was called is busy for ever
    [("dial_out", 5), ("newest_picks_up", 0), ("newest_picks_up", 0), ("add", 0), ("newest_picks_up", 0),
     ("hangs_up", 0)],
    # somebody is added to a call that is being handed on
    [("dial_out", 40), ("newest_picks_up", 0), ("picks_up", 38), ("consult", 36), ("complete", 3), ("add", 40),
     ("newest_picks_up", 40)],
]  # fmt: skip


@example(FOUND[0])
@example(FOUND[1])
@example(FOUND[2])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(ACTS + OFTEN), st.integers(0, 40)), min_size=10, max_size=40))
def test_any_orders_and_acts_leave_nothing_behind(steps: list[tuple[str, int]]) -> None:
    run(told(steps))
