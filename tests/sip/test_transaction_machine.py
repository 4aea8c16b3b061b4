"""Two transaction layers over a wire that loses, doubles and reorders, with any course of requests, answers and time.

What RFC 3261 §17 owes its users whatever happens: a request reaches the other user once, its final answer comes back
once (each 2xx of an INVITE excepted, RFC 6026), states only change along the figures, and time ends all of it.
"""

from __future__ import annotations

import heapq
import itertools
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callcenterd.sip.matching import AnyServer, Transactions
from callcenterd.sip.message import Message, Request, Response, encode, parse
from callcenterd.sip.transaction import (
    Effect,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Send,
    State,
    Tell,
)
from tests.kit.messages import answer, request
from tests.sip.test_transaction import INVITE_CLIENT, INVITE_SERVER, NON_INVITE_CLIENT, NON_INVITE_SERVER

AnyTransaction = (
    InviteClientTransaction | InviteServerTransaction | NonInviteClientTransaction | NonInviteServerTransaction
)
FIGURES = {
    InviteClientTransaction: INVITE_CLIENT,
    NonInviteClientTransaction: NON_INVITE_CLIENT,
    InviteServerTransaction: INVITE_SERVER,
    NonInviteServerTransaction: NON_INVITE_SERVER,
}
LONG = 200.0
"""Seconds after which nothing may be left: 64·T1 of one side begins at the latest when that of the other ends."""


def _ways(figure: str) -> set[tuple[str, str]]:
    """Which state leads to which, in any number of steps."""
    edges = {(line.split()[0], line.split()[2]) for line in figure.strip().splitlines()}
    while further := {(a, d) for a, b in edges for c, d in edges if b == c} - edges:
        edges |= further
    return edges


WAYS = {kind: _ways(figure) for kind, figure in FIGURES.items()}


class Side:
    """One layer with what it told its user. requests: those it got, by branch. answers: told to who asked."""

    def __init__(self) -> None:
        self.layer = Transactions()
        self.requests: dict[str, AnyServer] = {}
        self.answers: dict[str, list[int]] = {}
        self.faults: dict[str, str] = {}
        self.given: dict[str, list[int]] = {}
        self.states: dict[AnyTransaction, State] = {}


class Wire(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.caller, self.callee = Side(), Side()
        self.under_way: list[tuple[float, int, Side, bytes]] = []
        self.order = itertools.count()
        self.chance = random.Random(1)  # a wire
        self.loss = self.doubling = self.jitter = 0.0
        self.asked: dict[str, str] = {}
        self.acks: dict[str, int] = {}

    # ---- what may happen -----------------------------------------------------------------------------------

    @rule(loss=st.sampled_from([0.0, 0.2, 0.6, 1.0]), doubling=st.sampled_from([0.0, 0.3]), jitter=st.floats(0, 3))
    def weather(self, loss: float, doubling: float, jitter: float) -> None:
        self.loss, self.doubling, self.jitter = loss, doubling, jitter

    @precondition(lambda self: len(self.asked) < 8)
    @rule(method=st.sampled_from(["INVITE", "BYE", "REGISTER"]))
    def ask(self, method: str) -> None:
        n = len(self.asked) + 1
        branch = f"z9hG4bK-{n}"
        self.asked[branch] = method
        made = request(method, branch=branch, call_id=f"{n}@wire", sequence=n)
        transaction, effects = self.caller.layer.send(made, self.now)
        self.caller.states[transaction] = transaction.state
        self._carry_out(self.caller, branch, effects)

    @precondition(lambda self: bool(self.callee.requests))
    @rule(which=st.integers(0, 7), status=st.sampled_from([100, 180, 200, 302, 486, 603]))
    def respond(self, which: int, status: int) -> None:
        branch, transaction = sorted(self.callee.requests.items())[which % len(self.callee.requests)]
        given = self.callee.given.setdefault(branch, [])
        if not transaction.ended and not any(earlier >= 200 for earlier in given):
            given.append(status)
            effects = self.callee.layer.respond(transaction, answer(transaction.request, status), self.now)
            self._carry_out(self.callee, branch, effects)

    @rule(seconds=st.floats(0.01, 40.0))
    def wait(self, seconds: float) -> None:
        self._run(seconds)

    # ---- what holds all the time ---------------------------------------------------------------------------

    @invariant()
    def states_follow_the_figures(self) -> None:
        for side in (self.caller, self.callee):
            for transaction, before in side.states.items():
                after = transaction.state
                if after is not before:
                    assert (before.name.lower(), after.name.lower()) in WAYS[type(transaction)]
                side.states[transaction] = after

    @invariant()
    def who_asked_is_told_one_end(self) -> None:
        for branch, told in self.caller.answers.items():
            finals = [status for status in told if status >= 200]
            assert len(finals) <= 1 or (self.asked[branch] == "INVITE" and set(finals) == {200}), told
            assert not (finals and branch in self.caller.faults)
            first = next((n for n, status in enumerate(told) if status >= 200), len(told))
            assert all(status >= 200 for status in told[first:]), "a provisional answer after the final one"
            assert set(told) <= {100, *self.callee.given.get(branch, [])}, "an answer that nobody gave"

    @invariant()
    def each_refusal_that_came_was_acknowledged(self) -> None:
        for branch, count in self.acks.items():
            assert self.asked[branch] == "INVITE"
            assert count >= 1

    def teardown(self) -> None:
        """The weather clears up, everybody answers, and time passes."""
        self.loss = self.doubling = self.jitter = 0.0
        self._run(40.0)
        for branch, transaction in sorted(self.callee.requests.items()):
            given = self.callee.given.setdefault(branch, [])
            if not transaction.ended and not any(status >= 200 for status in given):
                given.append(486)
                effects = self.callee.layer.respond(transaction, answer(transaction.request, 486), self.now)
                self._carry_out(self.callee, branch, effects)
        self._run(LONG)
        # Once an INVITE rings, its layer waits for ever: it is the core that repeats a 2xx, and that cancels.
        invites = [one for one in self.caller.states if isinstance(one, InviteClientTransaction)]
        ringing = [one for one in invites if one.state is State.PROCEEDING]
        for invite in ringing:
            self.caller.layer.abandon(invite)
        assert (len(self.caller.layer), len(self.callee.layer)) == (0, 0)
        for branch in self.asked:
            finals = [status for status in self.caller.answers.get(branch, []) if status >= 200]
            rang = any(one.request.via.branch == branch for one in ringing)
            assert finals or rang or self.caller.faults.get(branch) == "timeout", branch

    # ---- the wire ------------------------------------------------------------------------------------------

    def _run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            dues = [due for side in (self.caller, self.callee) if (due := side.layer.deadline()) is not None]
            if self.under_way:
                dues.append(self.under_way[0][0])
            if not dues or min(dues) > end:
                break
            self.now = max(self.now, min(dues))
            while self.under_way and self.under_way[0][0] <= self.now:
                _, _, side, octets = heapq.heappop(self.under_way)
                message = parse(octets)
                arrival = side.layer.receive(message, self.now)
                branch = message.via.branch
                assert arrival.kind in ("new", "known", "stray"), "a repetition taken for another way"
                if arrival.kind == "new":
                    assert side is self.callee
                    assert branch not in side.requests, "the same request told twice"
                    assert isinstance(arrival.transaction, AnyServer)
                    side.requests[branch] = arrival.transaction
                    side.states[arrival.transaction] = arrival.transaction.state
                self._carry_out(side, branch, arrival.effects)
                if isinstance(message, Response) and message.status >= 300 and message.cseq.method == "INVITE":
                    self._expect_ack(branch, arrival.kind, arrival.effects)
            for side in (self.caller, self.callee):
                for transaction, effects in side.layer.advance(self.now):
                    self._carry_out(side, transaction.request.via.branch, effects)
        self.now = end

    def _expect_ack(self, branch: str, kind: str, effects: list[Effect]) -> None:
        """§17.1.1.3: each time a refusal comes, and the transaction is there, an ACK goes."""
        acks = [
            effect.message
            for effect in effects
            if isinstance(effect, Send) and isinstance(effect.message, Request) and effect.message.method == "ACK"
        ]
        if kind == "known" and not any(status == 200 for status in self.caller.answers.get(branch, [])):
            assert len(acks) == 1
            assert acks[0].via.branch == branch
            self.acks[branch] = self.acks.get(branch, 0) + 1

    def _carry_out(self, side: Side, branch: str, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._put(self.callee if side is self.caller else self.caller, effect.message)
            elif isinstance(effect, Tell):
                if effect.what == "answer":
                    assert isinstance(effect.message, Response)
                    side.answers.setdefault(branch, []).append(effect.message.status)
                elif side is self.caller:
                    side.faults[branch] = effect.what

    def _put(self, side: Side, message: Message) -> None:
        for _ in range(1 + (self.chance.random() < self.doubling)):
            if self.chance.random() >= self.loss:
                arrives = self.now + 0.01 + self.chance.random() * self.jitter
                heapq.heappush(self.under_way, (arrives, next(self.order), side, encode(message)))


TestWire = Wire.TestCase
TestWire.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
