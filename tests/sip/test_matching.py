"""Which message belongs where; and a table of all transactions that forgets what is over and has a bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.errors import LocalError
from callcenterd.sip.matching import (
    AnyServer,
    DialogKey,
    Transactions,
    client_key,
    dialog_key,
    server_key,
)
from callcenterd.sip.message import Message, Request, reply_to
from callcenterd.sip.transaction import (
    Effect,
    Ended,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Send,
    State,
    Tell,
    cancel_of,
)
from tests.kit.messages import answer, request


def sent(effects: list[Effect]) -> list[str]:
    messages = [effect.message for effect in effects if isinstance(effect, Send)]
    return [message.method if isinstance(message, Request) else str(message.status) for message in messages]


def arrived(table: Transactions, asked: Request, now: float = 0.0) -> AnyServer:
    """A new request; its transaction."""
    arrival = table.receive(asked, now)
    assert arrival.kind == "new"
    assert isinstance(arrival.transaction, InviteServerTransaction | NonInviteServerTransaction)
    return arrival.transaction


def run_out(table: Transactions) -> list[Effect]:
    """Everything that time brings, until nothing is due any more."""
    effects: list[Effect] = []
    while (due := table.deadline()) is not None:
        for _, some in table.advance(due):
            effects += some
    return effects


# ---- keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(request(), request(call_id="x", sequence=9), True, id="the branch alone names it"),
        pytest.param(request(), request(branch="z9hG4bK-2"), False, id="another branch"),
        pytest.param(request(), request(sent_by="192.0.2.2:5060"), False, id="the same branch of another host"),
        pytest.param(request(), request(sent_by="192.0.2.1:5061"), False, id="the same branch of another port"),
        pytest.param(request(sent_by="Host.A"), request(sent_by="host.a"), True, id="hosts in any case"),
        pytest.param(request(), request("ACK"), True, id="the ACK of a refusal"),
        pytest.param(request(), request("CANCEL"), False, id="a CANCEL is a transaction of its own"),
        pytest.param(request(), request("BYE"), False, id="another method"),
        pytest.param(request(branch=None), request(branch=None), True, id="RFC 2543: all the same"),
        pytest.param(request(branch="old-1"), request(branch="old-1"), True, id="RFC 2543 with a branch"),
        pytest.param(request(branch="1"), request(branch="2"), False, id="RFC 2543: another Via"),
        pytest.param(request(branch=None), request(branch=None, sequence=2), False, id="RFC 2543: another CSeq"),
        pytest.param(request(branch=None), request(branch=None, call_id="x"), False, id="RFC 2543: another call"),
        pytest.param(request(branch=None), request(branch=None, from_tag="x"), False, id="RFC 2543: another caller"),
        pytest.param(request(branch=None), request(branch=None, uri="sip:x@y"), False, id="RFC 2543: another target"),
        pytest.param(request(branch=None), request("ACK", branch=None), True, id="RFC 2543: the ACK"),
        # A bare cookie names nothing (RFC 4475 §3.2.1).
        pytest.param(request(branch="z9hG4bK"), request(branch="z9hG4bK", call_id="x"), False, id="the bare cookie"),
    ],
)
def test_which_requests_are_one_transaction(one: Request, other: Request, same: bool) -> None:
    assert (server_key(one) == server_key(other)) == same


def test_an_answer_belongs_to_the_request_with_its_branch_and_method() -> None:
    asked = request("BYE")
    assert client_key(answer(asked, 200)) == client_key(asked)
    assert client_key(answer(asked, 200)) != client_key(request("INVITE"))


def test_a_dialog_has_one_key_seen_from_our_end() -> None:
    """RFC 3261 §12: their request names us in To, their answer names us in From."""
    assert dialog_key(request("BYE", to_tag="us", from_tag="them")) == DialogKey("a1b2@192.0.2.1", "us", "them")
    assert dialog_key(answer(request("BYE", to_tag="them", from_tag="us"), 200)) == DialogKey(
        "a1b2@192.0.2.1", "us", "them"
    )
    assert dialog_key(request(from_tag=None)) == DialogKey("a1b2@192.0.2.1", "", "")


# ---- off the wire ------------------------------------------------------------------------------------------


def test_an_invite_and_its_repetitions_are_one_call() -> None:
    """Another stack made three calls of one INVITE that was repeated twice."""
    table = Transactions()
    begun = arrived(table, request())
    assert table.receive(request(), 0.1).kind == "known"
    table.respond(begun, answer(begun.request, 180), 0.15)
    again = table.receive(request(), 0.5)
    assert (again.kind, again.transaction, sent(again.effects)) == ("known", begun, ["180"])
    assert len(table) == 1


def test_each_repetition_of_an_options_is_answered() -> None:
    """Another stack answered only the first one."""
    table = Transactions()
    begun = arrived(table, request("OPTIONS"))
    assert sent(table.respond(begun, answer(begun.request, 200), 0.0)) == ["200"]
    assert [sent(table.receive(request("OPTIONS"), at).effects) for at in (0.5, 1.5)] == [["200"], ["200"]]


def test_the_ack_of_a_refusal_ends_there_and_that_of_a_2xx_is_the_dialogs() -> None:
    table = Transactions()
    refused = arrived(table, request(branch="z9hG4bK-a"))
    table.respond(refused, answer(refused.request, 486), 0.0)
    assert table.receive(request("ACK", branch="z9hG4bK-a", to_tag="callee"), 0.1).effects == []
    assert refused.state is State.CONFIRMED
    accepted = arrived(table, request(branch="z9hG4bK-b", call_id="x"))
    table.respond(accepted, answer(accepted.request, 200), 0.0)
    assert table.receive(request("ACK", branch="z9hG4bK-c", call_id="x", to_tag="callee"), 0.1).kind == "stray"


def test_the_ack_of_a_2xx_with_the_branch_of_the_invite_is_told() -> None:
    """Some phones send it so; it is no other ACK for that."""
    table = Transactions()
    begun = arrived(table, request())
    table.respond(begun, answer(begun.request, 200), 0.0)
    ack = request("ACK", to_tag="callee")
    assert table.receive(ack, 0.1).effects == [Tell("ack", ack)]


def test_an_rfc_2543_caller_is_acknowledged_by_what_it_says() -> None:
    table = Transactions()
    begun = arrived(table, request(branch=None))
    assert table.receive(request(branch=None), 0.1).kind == "known"
    table.respond(begun, answer(begun.request, 404, tag="mine"), 0.2)
    assert table.receive(request("ACK", branch=None, to_tag="another"), 0.3).kind == "stray"
    states = [begun.state]
    assert table.receive(request("ACK", branch=None, to_tag="mine"), 0.3).kind == "known"
    assert [*states, begun.state] == [State.COMPLETED, State.CONFIRMED]


def test_an_ack_before_any_answer_changes_nothing() -> None:
    table = Transactions()
    for branch in ("z9hG4bK-1", None):
        begun = arrived(table, request(branch=branch, call_id=str(branch)))
        table.receive(request("ACK", branch=branch, call_id=str(branch)), 0.1)
        assert begun.state is State.PROCEEDING


def test_a_cancel_finds_its_invite_and_no_other() -> None:
    table = Transactions()
    begun = arrived(table, request())
    assert table.invite_of(cancel_of(begun.request)) is begun
    assert table.invite_of(request("CANCEL", branch="z9hG4bK-other")) is None
    assert table.receive(cancel_of(begun.request), 0.1).kind == "new"
    old = arrived(table, request(branch=None, call_id="old"))
    assert table.invite_of(request("CANCEL", branch=None, call_id="old")) is old
    bye = arrived(table, request("BYE", branch="z9hG4bK-bye", to_tag="x"))
    assert bye.request.method == "BYE"
    assert table.invite_of(request("CANCEL", branch="z9hG4bK-bye")) is None


def test_the_same_request_on_two_ways_is_merged() -> None:
    """RFC 3261 §8.2.2.2: without a To tag, the same From tag, Call-ID and CSeq, but another branch: 482."""
    table = Transactions()
    begun = arrived(table, request(branch="z9hG4bK-a"))
    merged = table.receive(request(branch="z9hG4bK-b"), 0.1)
    assert merged.kind == "merged"
    assert isinstance(merged.transaction, InviteServerTransaction)
    assert sent(table.respond(merged.transaction, answer(merged.transaction.request, 482), 0.1)) == ["482"]
    assert begun.state is State.PROCEEDING
    # The next try of the same caller (with a proof, say), and a request inside a dialog, are no copies.
    assert table.receive(request(branch="z9hG4bK-c", sequence=2), 0.2).kind == "new"
    assert table.receive(request("BYE", branch="z9hG4bK-d", to_tag="t"), 0.2).kind == "new"
    assert table.receive(request("BYE", branch="z9hG4bK-e", to_tag="t"), 0.2).kind == "new"
    run_out(table)
    table.respond(begun, answer(begun.request, 486), 50.0)
    run_out(table)
    assert table.receive(request(branch="z9hG4bK-f"), 200.0).kind == "new"


def test_an_answer_to_nothing_is_stray() -> None:
    table = Transactions()
    assert table.receive(answer(request(), 200), 0.0).kind == "stray"
    begun, _ = table.send(request("OPTIONS"), 0.0)
    assert table.receive(answer(request("BYE"), 200), 0.1).kind == "stray"
    assert table.receive(answer(begun.request, 200), 0.1).effects == [Tell("answer", answer(begun.request, 200))]


def test_a_full_table_begins_nothing_more_and_goes_on_with_what_it_has() -> None:
    table = Transactions(room=3)
    begun = [arrived(table, request(branch=f"z9hG4bK-{n}", call_id=str(n))) for n in range(3)]
    assert table.receive(request(branch="z9hG4bK-3", call_id="3"), 0.1).kind == "full"
    assert table.receive(request(branch="z9hG4bK-1", call_id="1"), 0.1).kind == "known"
    table.send(request("BYE"), 0.1)
    table.respond(begun[0], answer(begun[0].request, 486), 0.2)
    table.receive(request("ACK", branch="z9hG4bK-0", call_id="0"), 0.3)
    table.advance(5.3)
    assert begun[0].ended
    assert table.receive(request(branch="z9hG4bK-3", call_id="3"), 5.4).kind == "new"


def test_a_request_that_was_written_into_is_still_forgotten() -> None:
    """The source is stamped into the Via of the request by whoever has received it."""
    table = Transactions()
    begun = arrived(table, request("OPTIONS", branch=None))
    begun.request.stamp_source("203.0.113.1", 9)
    begun.request.headers.set("CSeq", "77 OPTIONS")
    table.respond(begun, reply_to(begun.request, 200, to_tag="x"), 0.0)
    run_out(table)
    assert len(table) == 0
    assert table.receive(request("OPTIONS", branch=None), 99.0).kind == "new"


# ---- from our user -----------------------------------------------------------------------------------------


def test_what_we_send_is_invite_or_not() -> None:
    table = Transactions()
    invite, effects = table.send(request(), 0.0, peer="there")
    assert (type(invite), sent(effects), invite.peer) == (InviteClientTransaction, ["INVITE"], "there")
    bye, _ = table.send(request("BYE"), 0.0)
    assert type(bye) is NonInviteClientTransaction
    assert len(table) == 2


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(request("ACK", branch="z9hG4bK-ack"), id="an ACK has no transaction"),
        pytest.param(request(), id="a branch in use"),
        pytest.param(request(branch="x"), id="no branch of RFC 3261"),
        pytest.param(request(branch="z9hG4bK"), id="the bare cookie"),
        pytest.param(request(uri="sip:x\ud800@y", branch="z9hG4bK-x"), id="what cannot be written"),
    ],
)
def test_what_cannot_be_sent_is_our_fault_and_leaves_nothing(wrong: Request) -> None:
    table = Transactions()
    table.send(request(), 0.0)
    with pytest.raises(LocalError):
        table.send(wrong, 0.0)
    assert len(table) == 1


def test_what_happens_to_a_transaction_that_is_over_happens_to_nobody() -> None:
    table = Transactions()
    begun, _ = table.send(request("BYE"), 0.0)
    assert table.transport_failed(begun, 0.0) == [Tell("transport_error"), Ended()]
    assert table.transport_failed(begun, 0.1) == []
    assert (len(table), table.deadline()) == (0, None)


# ---- time --------------------------------------------------------------------------------------------------


def test_the_earliest_of_all_timers_is_the_deadline() -> None:
    table = Transactions()
    assert table.deadline() is None
    table.send(request("BYE", branch="z9hG4bK-a"), 10.0)
    table.send(request("BYE", branch="z9hG4bK-b"), 9.9)
    arrived(table, request(branch="z9hG4bK-c"), 10.25)
    assert table.deadline() == 10.4
    happened = table.advance(10.5)
    assert [sent(effects) for _, effects in happened] == [["BYE"], ["100"], ["BYE"]]
    assert table.deadline() == 11.4


def test_thousands_end_and_leave_nothing() -> None:
    table = Transactions()
    for n in range(2000):
        begun = arrived(table, request("OPTIONS", branch=f"z9hG4bK-{n}", call_id=str(n)), n / 1000)
        table.respond(begun, answer(begun.request, 200), n / 1000)
        table.send(request("OPTIONS", branch=f"z9hG4bK-{n}", call_id=str(n)), n / 1000)
    assert len(table) == 4000
    effects = run_out(table)
    assert effects.count(Ended()) == 4000
    assert effects.count(Tell("timeout")) == 2000
    assert (len(table), table.deadline()) == (0, None)


MESSAGES: list[Message] = [
    request(method, branch=branch, to_tag=tag)
    for method in ("INVITE", "ACK", "CANCEL", "BYE")
    for branch in ("z9hG4bK-1", "z9hG4bK-2", None)
    for tag in (None, "callee")
]
MESSAGES += [
    answer(asked, status) for asked in (request(), request("BYE")) for status in (100, 180, 200, 486) if asked.method
]


@given(
    st.lists(st.tuples(st.floats(0, 20), st.sampled_from(MESSAGES), st.sampled_from([None, 180, 200, 486]))),
    st.booleans(),
)
def test_whatever_comes_the_table_is_empty_when_all_time_has_passed(
    happening: list[tuple[float, Message, int | None]], reliable: bool
) -> None:
    """Each message, and perhaps an answer of ours to it; and two requests of ours that they may be answering."""
    table = Transactions(room=5)
    now, begun, ended = 0.0, 0, 0
    for asked in (request(), request("BYE")):
        _, effects = table.send(asked, now, reliable=reliable)
        begun += 1
        ended += effects.count(Ended())
    open_ones: list[AnyServer] = []
    for wait, message, status in happening:
        now += wait
        ended += sum(effects.count(Ended()) for _, effects in table.advance(now))
        arrival = table.receive(message, now, reliable=reliable)
        ended += arrival.effects.count(Ended())
        if arrival.kind in ("new", "merged"):
            begun += 1
            assert isinstance(arrival.transaction, InviteServerTransaction | NonInviteServerTransaction)
            open_ones.append(arrival.transaction)
        if status is not None and open_ones:
            transaction = open_ones[-1]
            try:
                ended += table.respond(transaction, answer(transaction.request, status), now).count(Ended())
            except LocalError:
                assert transaction.state not in (State.TRYING, State.PROCEEDING)
        assert (table.deadline() or now + 1) > now
    for transaction in open_ones:
        if transaction.state in (State.TRYING, State.PROCEEDING):
            ended += table.respond(transaction, answer(transaction.request, 500), now).count(Ended())
    # An INVITE of ours that rings has no timer: its end is its user's to ask for, by a CANCEL and its 487.
    ended += table.receive(answer(request(), 487), now).effects.count(Ended())
    ended += run_out(table).count(Ended())
    assert (len(table), ended) == (0, begun)
