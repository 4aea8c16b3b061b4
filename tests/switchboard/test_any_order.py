"""Callers, phones, agents and the office's own changes in any order: whatever happens, no leg is left over, every call
has one outcome, and the agents' states agree with their phones. Virtual time, pretended SIP and sound."""

from __future__ import annotations

import contextlib
import dataclasses
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

import structlog
import structlog.testing

from callcenterd.calls.call import LegState
from callcenterd.errors import CallcenterdError
from callcenterd.media.facts import LegSilent
from callcenterd.model import events
from callcenterd.model.agents import WantedState
from callcenterd.model.calls import CallbackState
from callcenterd.model.ids import AgentId, CallId, FlowName, LegId, QueueName
from callcenterd.model.site import NumberRoute, QueueSettings, Site, Strategy
from callcenterd.sip.events import Accepted
from tests.kit.office import AGENTS, MAIN, NUMBER, STRAIGHT, STRAIGHT_NUMBER, Office, office, site
from tests.kit.virtual import run
from tests.kit.wire import Dialog, their_sdp

TIRED = """
flow: tired
language: zh-CN
start: sales
nodes:
  sales: {queue: sales, on_timeout: {after: 25, next: other}}
  other: {queue: service, on_timeout: {after: 25, next: bye}}
  bye: {hangup: all_busy}
"""
CODES = (
    "*71",
    "*72",
    "*731",
    "*74",
    "*751",
    "*76",
    "*77",
    "*70",
    "*8",
    "*81002",
    "*78",
    "*79",
    "*21*1003",
    "#21",
    "*68",
    "*69",
    "*66",
)
Deed = Callable[[], Awaitable[None] | None]


class Bustle:
    """Chance, with hands on everything that callers, phones, agents and the administrator can do."""

    def __init__(self, desk: Office, seed: int) -> None:
        self.desk = desk
        self.line = desk.line
        self.chance = random.Random(seed)
        self.done: list[str] = []
        self.codes: list[Dialog] = []
        """Of agents with the house itself: they may be offered a call meanwhile."""

    # ---- who there is -----------------------------------------------------------------------------------

    def dialogs(self, *states: str, phones: bool | None = None) -> list[Dialog]:
        """phones: only those with agents' phones, or only the others."""
        return [
            dialog
            for dialog in self.line.dialogs
            if dialog.state in states and (phones is None or (dialog.other in AGENTS) == phones)
        ]

    def rung(self) -> list[Dialog]:
        return [dialog for dialog in self.dialogs("placed", "ringing") if dialog.to is not None]

    # ---- what happens -----------------------------------------------------------------------------------

    def somebody_calls(self) -> None:
        self.line.calls_in(f"138{self.chance.randrange(10**8):08}", self.chance.choice((NUMBER, STRAIGHT_NUMBER, "95")))

    def caller_goes(self) -> None:
        if there := self.dialogs("arriving", "up", phones=False):
            self.line.hangs_up(self.chance.choice(there))

    def caller_presses_a_key(self) -> None:
        if self.desk.sound.rows:
            self.desk.sound.keys(self.chance.choice(list(self.desk.sound.rows)), self.chance.choice("112569*#"))

    def phone_rings(self) -> None:
        if rung := self.rung():
            self.line.rings(self.chance.choice(rung))

    def phone_answers(self) -> None:
        if rung := self.rung():
            self.line.picks_up(self.chance.choice(rung))

    def two_phones_answer(self) -> None:
        """Before anybody could be told: the 200s cross."""
        for dialog in self.rung()[:2]:
            if dialog.state != "over":
                self.line.picks_up(dialog)

    def phone_declines(self) -> None:
        if rung := self.rung():
            self.line.declines(self.chance.choice(rung), self.chance.choice((486, 603, 480, 408, 503, 404)))

    def phone_answers_too_late(self) -> None:
        """A 200 that the SIP room tells although the call was taken back."""
        if over := [dialog for dialog in self.line.dialogs if dialog.state == "over" and dialog.to is not None]:
            self.line.tell(Accepted(self.chance.choice(over[-5:]).id, their_sdp(7002)))

    def caller_and_phone_at_once(self) -> None:
        self.caller_goes()
        self.phone_answers()

    def agent_hangs_up(self) -> None:
        if there := self.dialogs("up", "arriving", phones=True):
            self.line.hangs_up(self.chance.choice(there))

    def agent_holds(self) -> None:
        if there := self.dialogs("up", phones=True):
            self.line.holds(self.chance.choice(there), self.chance.choice(("sendonly", "sendrecv")))

    def agent_hands_on(self) -> None:
        """REFER to anywhere, with or without a call that replaces it."""
        if there := self.dialogs("up", phones=True):
            dialog = self.chance.choice(there)
            own = [other for other in there if other.other == dialog.other and other is not dialog]
            others = [agent for agent in AGENTS if agent != dialog.other]
            to = self.chance.choice((*others, "013900000000", "1800", "777"))
            self.line.refers(dialog, to, self.chance.choice((None, *own)))

    def agent_dials(self) -> None:
        who = self.chance.choice(AGENTS)
        if who in self.line.phones:
            others = [agent for agent in AGENTS if agent != who]
            self.line.calls_in(who, self.chance.choice((*others, "013800000000", "1900", "777")), extension=who)

    async def colleagues_call_and_hand_back(self) -> None:
        """Whoever was called hands on who called to their own phone, which is then in the call twice."""
        one, other = self.chance.sample(AGENTS, 2)
        if {one, other} <= set(self.line.phones):
            self.line.calls_in(one, other, extension=one)
            await self.newest_picks_up(other)
            if there := [dialog for dialog in self.dialogs("up", phones=True) if dialog.other == other]:
                self.line.refers(there[-1], one, None)
                await self.newest_picks_up(one)

    async def newest_picks_up(self, agent: str) -> None:
        await self.desk.settle()
        rung = [dialog for dialog in self.rung() if dialog.other == agent]
        if rung and self.chance.random() < 0.9:
            self.line.picks_up(rung[-1])
            await self.desk.settle()

    async def a_call_is_picked_up_elsewhere(self) -> None:
        """By a code, while a phone rings for it; now and then both answer at once."""
        if rung := [dialog for dialog in self.rung() if dialog.other in AGENTS]:
            ringing = self.chance.choice(rung)
            who = self.chance.choice([agent for agent in AGENTS if agent != ringing.other])
            if who in self.line.phones:
                self.line.rings(ringing)
                self.line.calls_in(who, self.chance.choice(("*8", f"*8{ringing.other}")), extension=who)
                if self.chance.random() < 0.3 and ringing.state != "over":
                    self.line.picks_up(ringing)

    def phone_forwards(self) -> None:
        if rung := self.rung():
            moved_to = self.chance.choice((*AGENTS, "013900000000", "777"))
            self.line.declines(self.chance.choice(rung), 302, moved_to=moved_to)

    def a_line_falls_silent(self) -> None:
        """For so long that whoever waits there is gone; who talks is, if the other is silent too."""
        legs = [leg for call in self.desk.calls.live() for leg in call.legs if leg.state is LegState.UP]
        if legs:
            self.desk.calls.sounded(LegSilent(self.chance.choice(legs).id, 300))

    def phone_is_lost(self) -> None:
        self.line.is_lost(self.chance.choice(AGENTS))

    def phone_comes(self) -> None:
        self.line.registers(self.chance.choice(AGENTS))

    def line_breaks(self) -> None:
        """No sound, no answer to a re-INVITE: the SIP room ends the leg."""
        if there := self.dialogs("up"):
            self.line.hangs_up(self.chance.choice(there), "timeout")

    def signalling_starts_anew(self) -> None:
        """Every dialog is lost at once, and every phone registers again."""
        for dialog in self.dialogs("arriving", "up", "placed", "ringing"):
            if dialog.state in ("placed", "ringing"):
                self.line.declines(dialog, 503)
            elif dialog.state != "over":
                self.line.hangs_up(dialog, "timeout")
        for agent in AGENTS:
            self.line.is_lost(agent)
        self.line.registers(*AGENTS)

    async def agent_wants(self) -> None:
        state: WantedState = self.chance.choice(("ready", "ready", "ready", "ready", "ready", "break", "signed_out"))
        with contextlib.suppress(CallcenterdError):  # not without a phone
            await self.desk.board.desk.set_state(self.chance.choice(AGENTS), state, "lunch" if state == "break" else "")

    async def agent_ends_wrap_up(self) -> None:
        await self.desk.board.desk.end_wrap_up(self.chance.choice(AGENTS))

    async def supervisor_ends_a_call(self) -> None:
        if self.desk.board.journeys:
            call = self.chance.choice(list(self.desk.board.journeys))
            await self.desk.board.desk.hang_up(call, "boss", by_force=self.chance.random() < 0.5)

    async def a_page_orders(self) -> None:
        """Whatever a page may ask of a call, of any call: most of it is refused, and then changes nothing."""
        board, chance = self.desk.board, self.chance
        who, number = chance.choice(AGENTS), chance.choice((*AGENTS, "013900000000", "777"))
        call = self.a_call_to_order()
        parties = [leg.id for live in self.desk.calls.live() for leg in live.legs] or [LegId(0)]
        orders: Sequence[Callable[[], object]] = (
            lambda: board.consulting.begin(call, None, number),
            lambda: board.consulting.begin(call, None, number),
            lambda: board.consulting.toggle(call, None),
            lambda: board.consulting.complete(call, None),
            lambda: board.consulting.confer(call, None, who),
            lambda: board.consulting.back(call, None),
            lambda: board.transfers.send(call, None, number),
            lambda: board.transfers.send_into_flow(call, None, FlowName("tired")),
            lambda: board.transfers.send_into_queue(call, None, QueueName("service")),
            lambda: board.desk.hold(call, None),
            lambda: board.desk.take_back(call, None),
            lambda: board.desk.record(call),
            lambda: board.desk.record_no_more(call),
            lambda: board.desk.pause_recording(call, who),
            lambda: board.desk.resume_recording(call, who),
            lambda: board.parking.park(call),
            lambda: board.parking.fetch(chance.choice(board.parking.slots), who),
            lambda: board.conferences.add(call, number, who),
            lambda: board.conferences.put_out(call, chance.choice(parties), who),
            lambda: board.monitoring.begin(call, who, chance.choice(("listen", "whisper", "barge"))),
            lambda: board.monitoring.end(who),
            lambda: board.pickup.begin(call, who),
            lambda: board.monitoring.take_over(call, who),
        )
        asked = call in board.journeys and board.journeys[call].consult is not None
        with contextlib.suppress(CallcenterdError):
            chance.choice(orders[2:6] if asked and chance.random() < 0.7 else orders)()

    async def a_colleague_is_asked_and_answers(self) -> None:
        before = len(self.line.dialogs)
        with contextlib.suppress(CallcenterdError):
            self.desk.board.consulting.begin(self.a_call_to_order(), None, self.chance.choice(AGENTS))
        await self.desk.settle()
        for dialog in self.rung():
            if dialog.id > before and dialog.state != "over":
                self.line.picks_up(dialog)

    def a_call_to_order(self) -> CallId:
        """Mostly one in which people speak, and rather one in which a colleague is asked."""
        live = self.desk.board.journeys
        speaking = [call for call, journey in live.items() if journey.with_person is not None]
        asking = [call for call, journey in live.items() if journey.consult is not None]
        lots = (asking or speaking or [CallId("gone")], speaking or [CallId("gone")], [*live, CallId("gone")])
        return self.chance.choice(self.chance.choices(lots, (4, 4, 2))[0])

    async def somebody_wants_to_be_called_back(self) -> None:
        queue, number = self.chance.choice(("sales", "service")), f"0139{self.chance.randrange(4):08}"
        at = self.desk.board.clock.utc()
        await self.desk.memory.callbacks.add(CallId("earlier"), QueueName(queue), number, at, at)
        await self.desk.board.callbacks.look()

    async def somebody_marks_a_wish(self) -> None:
        if wishes := self.desk.memory.wishes:
            state: CallbackState = self.chance.choice(("done", "cancelled", "waiting"))
            await self.desk.board.callbacks.mark(self.chance.choice(list(wishes)), state, "1001")

    async def agent_calls_back_by_hand(self) -> None:
        open_ones = await self.desk.memory.callbacks.open_ones()
        if open_ones:
            with contextlib.suppress(CallcenterdError):
                await self.desk.board.callbacks.call_now(self.chance.choice(open_ones).id, self.chance.choice(AGENTS))

    async def agent_dials_by_a_click(self) -> None:
        with contextlib.suppress(CallcenterdError):
            await self.desk.board.dial_out.begin(
                self.chance.choice(AGENTS), self.chance.choice((*AGENTS, "013800000000", "777"))
            )

    def agent_dials_a_code(self) -> None:
        who = self.chance.choice(AGENTS)
        if who in self.line.phones:
            self.codes.append(self.line.calls_in(who, self.chance.choice(CODES), extension=who))

    def another_office(self) -> None:
        sales, service = site().queues
        members = tuple(map(AgentId, self.chance.sample(AGENTS, self.chance.randint(1, 3))))
        strategy: Strategy = self.chance.choice(("longest_idle", "ring_all", "round_robin"))
        sales = dataclasses.replace(
            sales,
            members=members,
            strategy=strategy,
            announce_position=self.chance.choice(("off", "every")),
            announce_first=2,
            announce_every=5,
            exits=self.chance.choice(({}, {"5": "voicemail", "6": "callback", "9": "tired"})),
            most_waiting=self.chance.choice((0, 3)),
            misses=self.chance.choice((0, 1, 2)),
            callback_first=self.chance.choice(("customer", "agent")),
            callback_retries=self.chance.choice(((), (10, 20))),
            sticky=self.chance.choice(("off", "last")),
        )
        self.desk.board.configure(office_of(sales, service))

    async def time_passes(self) -> None:
        await self.desk.wait(self.chance.choice((0.1, 1.0, 3.0, 11.0, 26.0)))

    # ---- the whole --------------------------------------------------------------------------------------

    async def goes_on(self, steps: int) -> None:
        deeds: Sequence[tuple[int, Deed]] = (
            (12, self.somebody_calls),
            (4, self.caller_goes),
            (6, self.caller_presses_a_key),
            (8, self.phone_rings),
            (20, self.phone_answers),
            (2, self.two_phones_answer),
            (4, self.phone_declines),
            (2, self.phone_answers_too_late),
            (2, self.caller_and_phone_at_once),
            (8, self.agent_hangs_up),
            (3, self.agent_holds),
            (3, self.agent_hands_on),
            (3, self.agent_dials),
            (3, self.colleagues_call_and_hand_back),
            (4, self.a_call_is_picked_up_elsewhere),
            (2, self.phone_forwards),
            (2, self.a_line_falls_silent),
            (2, self.phone_is_lost),
            (5, self.phone_comes),
            (1, self.line_breaks),
            (1, self.signalling_starts_anew),
            (9, self.agent_wants),
            (3, self.agent_ends_wrap_up),
            (1, self.supervisor_ends_a_call),
            (1, self.another_office),
            (16, self.a_page_orders),
            (7, self.a_colleague_is_asked_and_answers),
            (1, self.agent_dials_by_a_click),
            (2, self.agent_dials_a_code),
            (4, self.somebody_wants_to_be_called_back),
            (1, self.somebody_marks_a_wish),
            (1, self.agent_calls_back_by_hand),
            (10, self.time_passes),
        )
        for (deed,) in zip(self.chance.choices([d for _, d in deeds], [w for w, _ in deeds], k=steps), strict=True):
            await self.does(deed)
            if self.chance.random() < 0.8:
                await self.desk.settle()
                self.everything_agrees()

    async def does(self, deed: Deed) -> None:
        self.done.append(getattr(deed, "__name__", ""))
        waits = deed()
        if waits is not None:
            await waits

    async def everybody_goes_home(self) -> None:
        for wish in await self.desk.memory.callbacks.open_ones():
            await self.desk.board.callbacks.mark(wish.id, "cancelled", "boss")
        for agent in AGENTS:
            await self.desk.board.desk.set_state(agent, "signed_out")
        for _ in range(20):
            for dialog in self.dialogs("arriving", "up"):
                if dialog.state != "over":
                    self.line.hangs_up(dialog)
            for dialog in self.rung():
                if dialog.state != "over":
                    self.line.declines(dialog, 480)
            await self.desk.wait(60)

    # ---- what always holds ------------------------------------------------------------------------------

    def everything_agrees(self) -> None:
        """After everything that was begun has settled."""
        rung = Counter(dialog.other for dialog in self.rung())
        up = {dialog.other for dialog in self.dialogs("up", phones=True) if dialog not in self.codes}
        waiting = Counter(
            call
            for queue in self.desk.board.queueing.queue_names()
            for call, *_ in self.desk.board.queueing.waiting(queue)
        )
        assert not waiting or max(waiting.values()) == 1, "a call waits in one queue only"
        assert waiting.keys() <= self.desk.board.journeys.keys(), "who waits is on the line"
        for agent in AGENTS:
            state = self.desk.state(agent).split()[0]
            if state == "offered" and not self.is_kept_for_a_callback(agent):
                assert rung[agent] >= 1, f"{agent} is offered a call, and no phone rings"
            if state == "talking":
                assert self.line_has(agent), f"{agent} talks, and no call is at the phone"
            if agent in up:
                assert state == "talking", f"{agent} is {state}, and the phone is in a call"
        legs = [leg for call in self.desk.calls.live() for leg in call.legs if leg.alive]
        assert {leg.id for leg in legs} >= self.desk.sound.rows.keys(), "sound without a leg"
        assert {dialog.id for dialog in self.line.open()} == {leg.dialog for leg in legs if leg.dialog is not None}

    def is_kept_for_a_callback(self, agent: str) -> bool:
        """The customer is being dialled."""
        view = self.desk.board.desk.view(agent)
        journey = None if view is None or view.call is None else self.desk.board.journeys.get(view.call)
        return journey is not None and journey.called_back and any(dialog.other not in AGENTS for dialog in self.rung())

    def line_has(self, agent: str) -> bool:
        return any(dialog.other == agent and dialog.state != "over" for dialog in self.line.dialogs)

    def everything_is_told_once(self) -> None:
        began = Counter(fact.call for fact in self.desk.told(events.CallStarted))
        ended = Counter(fact.call for fact in self.desk.told(events.CallEnded))
        assert began == ended, "every call ends, once"
        assert set(began.values()) <= {1}
        entered = Counter((fact.call, fact.queue) for fact in self.desk.told(events.CallerQueued))
        left = Counter((fact.call, fact.queue) for fact in self.desk.told(events.CallerLeftQueue))
        assert entered == left, "every visit of a queue has one outcome"
        for call in began:
            kept = self.desk.memory.records[call]
            assert kept.ended_at is not None, call
            assert kept.outcome is not None, call
            self.story_is_whole(call)

    def story_is_whole(self, call: CallId) -> None:
        kinds = [kind for kind, _ in self.desk.memory.steps[call]]
        assert kinds[0] == "call.started"
        assert kinds.count("call.ended") == 1


def office_of(*queues: QueueSettings) -> Site:
    of = site()
    tired = NumberRoute(match="95", flow=FlowName("tired"))
    return dataclasses.replace(of, numbers=(*of.numbers, tired), queues=queues or of.queues)


HAPPENED = {
    events.CallAnswered,
    events.CallForwarded,
    events.CallHeld,
    events.CallPickedUp,
    events.CallTransferred,
    events.CallbackChanged,
    events.ConsultBegun,
    events.TransferFailed,
    events.OfferDeclined,
    events.OfferWithdrawn,
    events.RecordingFinished,
}
LEFT = {"answered", "abandoned", "timed_out"}


def test_whatever_happens_in_whatever_order_nothing_is_left_over() -> None:
    facts: list[events.Fact] = []
    for seed in range(25):
        run(play(seed, facts))
    assert {type(fact) for fact in facts} >= HAPPENED, "or else it was too quiet"
    assert {fact.reason for fact in facts if isinstance(fact, events.CallerLeftQueue)} >= LEFT


async def play(seed: int, facts: list[events.Fact], steps: int = 150) -> None:
    with structlog.testing.capture_logs() as said:
        async with office(office_of(), flows=(MAIN, STRAIGHT, TIRED), seed=seed) as desk:
            desk.board.callbacks.start()
            await desk.sign_in(*AGENTS)
            bustle = Bustle(desk, seed)
            try:
                await bustle.goes_on(steps)
                await bustle.everybody_goes_home()
                bustle.everything_is_told_once()
                desk.nothing_is_left()
            except BaseException:
                print(f"seed {seed}, the last of it:", *bustle.done[-25:])
                raise
            facts += desk.facts
    faults = [line for line in said if line["log_level"] in ("error", "critical")]
    assert not faults, f"seed {seed}: a fault of ours that was only logged"
