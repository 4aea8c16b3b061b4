"""The four machines against the RFC's figures, their timers as ladders, and what they owe their user."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.errors import LocalError
from callcenterd.sip.message import Request, Response, encode
from callcenterd.sip.transaction import (
    Ended,
    Input,
    InviteClientTransaction,
    InviteServerTransaction,
    NonInviteClientTransaction,
    NonInviteServerTransaction,
    Send,
    State,
    SuccessRepeater,
    Table,
    Tell,
    Timers,
    acknowledgement,
    cancel_of,
)
from tests.kit.ladder import AnyTransaction, play
from tests.kit.messages import answer, request

# ---- the tables are the figures ----------------------------------------------------------------------------

# Each edge of a figure: from, what happens, to. Figures 5 to 8 of RFC 3261, two of them as RFC 6026 redrew them.
INVITE_CLIENT = """
    calling     timer_a             calling
    calling     timer_b             terminated
    calling     transport_error     terminated
    calling     provisional         proceeding
    calling     success             accepted
    calling     failure             completed
    proceeding  provisional         proceeding
    proceeding  success             accepted
    proceeding  failure             completed
    completed   failure             completed
    completed   transport_error     terminated
    completed   timer_d             terminated
    accepted    success             accepted
    accepted    timer_m             terminated
"""
NON_INVITE_CLIENT = """
    trying      timer_e             trying
    trying      timer_f             terminated
    trying      transport_error     terminated
    trying      provisional         proceeding
    trying      final               completed
    proceeding  timer_e             proceeding
    proceeding  timer_f             terminated
    proceeding  transport_error     terminated
    proceeding  provisional         proceeding
    proceeding  final               completed
    completed   timer_k             terminated
"""
INVITE_SERVER = """
    proceeding  request             proceeding
    proceeding  timer_trying        proceeding
    proceeding  provisional         proceeding
    proceeding  transport_error     proceeding
    proceeding  success             accepted
    proceeding  failure             completed
    accepted    request             accepted
    accepted    ack                 accepted
    accepted    success             accepted
    accepted    transport_error     accepted
    accepted    timer_l             terminated
    completed   request             completed
    completed   timer_g             completed
    completed   transport_error     completed
    completed   timer_h             terminated
    completed   ack                 confirmed
    confirmed   request             confirmed
    confirmed   ack                 confirmed
    confirmed   timer_i             terminated
"""
NON_INVITE_SERVER = """
    trying      request             trying
    trying      provisional         proceeding
    trying      final               completed
    proceeding  request             proceeding
    proceeding  provisional         proceeding
    proceeding  transport_error     terminated
    proceeding  final               completed
    completed   request             completed
    completed   transport_error     terminated
    completed   timer_j             terminated
"""


@pytest.mark.parametrize(
    ("table", "figure"),
    [
        pytest.param(InviteClientTransaction.TRANSITIONS, INVITE_CLIENT, id="INVITE client, figure 5 with RFC 6026"),
        pytest.param(NonInviteClientTransaction.TRANSITIONS, NON_INVITE_CLIENT, id="other client, RFC 3261 figure 6"),
        pytest.param(InviteServerTransaction.TRANSITIONS, INVITE_SERVER, id="INVITE server, figure 7 with RFC 6026"),
        pytest.param(NonInviteServerTransaction.TRANSITIONS, NON_INVITE_SERVER, id="other server, RFC 3261 figure 8"),
    ],
)
def test_the_table_has_the_edges_of_the_figure_and_no_other(table: Table, figure: str) -> None:
    edges = {(state.name.lower(), what.name.lower(), to.name.lower()) for (state, what), (to, _) in table.items()}
    assert edges == {tuple(line.split()) for line in figure.strip().splitlines()}


# ---- INVITE, we are called ---------------------------------------------------------------------------------


def test_a_refusal_is_repeated_until_the_caller_acknowledges() -> None:
    """RFC 3261 §17.2.1: timer G starts at T1 and doubles up to T2; ACK stops it."""
    play(
        InviteServerTransaction,
        #  s    caller        us          <== our user answers   <-- the transaction by itself
        """
          0.0   INVITE ----->
          0.1          <===== 486
          0.6          <----- 486         timer G = T1
          1.6          <----- 486         doubled
          1.7   ACK    ----->
         60.0   silence
        """,
    )


def test_a_refusal_that_nobody_acknowledges_is_repeated_every_t2_and_given_up_after_64_t1() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.0          <===== 404
          0.5          <----- 404
          1.5          <----- 404
          3.5          <----- 404
          7.5          <----- 404         now every T2
         11.5          <----- 404
         15.5          <----- 404
         19.5          <----- 404
         23.5          <----- 404
         27.5          <----- 404
         31.5          <----- 404
         32.0   tell ack_missing          timer H
         32.0   ended
         99.0   silence
        """,
    )


def test_trying_is_sent_by_itself_when_our_user_needs_more_than_200_ms() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.2          <----- 100
          0.5   INVITE ----->             lost, the caller thinks
          0.5          <----- 100
          0.8          <===== 180
          1.5   INVITE ----->
          1.5          <----- 180         the newest provisional answer
          9.0   silence
        """,
    )


def test_trying_is_not_sent_when_our_user_was_quicker() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.1   INVITE ----->             nothing to repeat yet
          0.1          <===== 180
          9.0   silence
        """,
    )


def test_after_a_2xx_the_invite_is_absorbed_and_its_repetition_left_to_our_user() -> None:
    """RFC 6026 §7.1: Accepted lasts for timer L; an ACK that matches goes up."""
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.1          <===== 200
          0.5   INVITE ----->             absorbed
          0.6          <===== 200         by our user
          0.7   ACK    ----->
          0.7   tell ack
          0.8   ACK    ----->
          0.8   tell ack
         32.1   ended                     timer L
         99.0   silence
        """,
    )


def test_the_ack_of_a_refusal_may_come_twice_within_t4() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.0          <===== 603
          0.1   ACK    ----->
          0.2   ACK    ----->
          0.3   INVITE ----->             late, absorbed
          5.1   ended                     timer I
         99.0   silence
        """,
    )


def test_over_a_reliable_transport_a_refusal_is_sent_once_and_its_ack_ends_it() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.0          <===== 486
          9.0   ACK    ----->
          9.0   ended                     timer I is 0
         99.0   silence
        """,
        reliable=True,
    )


def test_over_a_reliable_transport_a_missing_ack_still_ends_it() -> None:
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.0          <===== 486
         32.0   tell ack_missing
         32.0   ended
        """,
        reliable=True,
    )


def test_an_answer_that_could_not_be_sent_is_told_and_the_transaction_stays() -> None:
    """RFC 6026 §7.1: a transport error alone ends no INVITE server transaction."""
    play(
        InviteServerTransaction,
        """
          0.0   INVITE ----->
          0.1          <===== 486
          0.1   broken
          0.1   tell transport_error
          0.6          <----- 486
          0.7   ACK    ----->
          9.0   silence
        """,
    )


# ---- anything else, we are asked ---------------------------------------------------------------------------


def test_a_final_answer_is_repeated_for_each_repetition_of_the_request_for_64_t1() -> None:
    play(
        NonInviteServerTransaction,
        """
          0.0   BYE    ----->
          0.1   BYE    ----->             not answered yet: absorbed
          0.2          <===== 200
          0.5   BYE    ----->
          0.5          <----- 200
         31.0   BYE    ----->
         31.0          <----- 200
         32.2   ended                     timer J
         99.0   silence
        """,
    )


def test_a_provisional_answer_is_repeated_until_the_final_one() -> None:
    play(
        NonInviteServerTransaction,
        """
          0.0   UPDATE ----->
          0.2          <===== 100
          0.5   UPDATE ----->
          0.5          <----- 100
          0.6          <===== 200
          1.5   UPDATE ----->
          1.5          <----- 200
          9.0   silence
        """,
    )


def test_over_a_reliable_transport_the_final_answer_ends_it() -> None:
    play(
        NonInviteServerTransaction,
        """
          0.0   BYE    ----->
          0.2          <===== 200
          0.2   ended                     timer J is 0
        """,
        reliable=True,
    )


def test_an_answer_that_could_not_be_sent_ends_it() -> None:
    play(
        NonInviteServerTransaction,
        """
          0.0   BYE    ----->
          0.2          <===== 200
          0.2   broken
          0.2   tell transport_error
          0.2   ended
        """,
    )


# ---- INVITE, we call ---------------------------------------------------------------------------------------


def test_an_invite_without_answer_is_repeated_seven_times_and_times_out_after_64_t1() -> None:
    """RFC 3261 §17.1.1.2: timer A doubles without limit, timer B ends it."""
    play(
        InviteClientTransaction,
        #  s    us            callee      ==> our user asks   --> the transaction by itself
        """
          0.0   INVITE =====>
          0.5   INVITE ----->
          1.5   INVITE ----->
          3.5   INVITE ----->
          7.5   INVITE ----->
         15.5   INVITE ----->
         31.5   INVITE ----->
         32.0   tell timeout
         32.0   ended
         99.0   silence
        """,
    )


def test_a_provisional_answer_stops_the_repetition_for_as_long_as_it_rings() -> None:
    play(
        InviteClientTransaction,
        """
          0.0   INVITE =====>
          0.5   INVITE ----->
          0.6          <----- 100
          0.6   tell answer 100
          2.0          <----- 180
          2.0   tell answer 180
        500.0   silence
        """,
    )


def test_a_refusal_is_acknowledged_each_time_it_comes_and_told_once() -> None:
    play(
        InviteClientTransaction,
        """
          0.0   INVITE =====>
          0.2          <----- 486
          0.2   ACK    ----->
          0.2   tell answer 486
          0.7          <----- 486
          0.7   ACK    ----->
         32.2   ended                     timer D
         33.0          <----- 486
         99.0   silence
        """,
    )


def test_each_2xx_goes_up_for_64_t1_and_its_ack_is_the_dialogs() -> None:
    """RFC 6026 §7.2: forks answer more than once."""
    play(
        InviteClientTransaction,
        """
          0.0   INVITE =====>
          0.1          <----- 180
          0.1   tell answer 180
          0.2          <----- 200
          0.2   tell answer 200
          0.7          <----- 200
          0.7   tell answer 200
          0.8          <----- 183         too late for that
          0.9          <----- 486         and for that
         32.2   ended                     timer M
         99.0   silence
        """,
    )


def test_over_a_reliable_transport_an_invite_goes_once() -> None:
    play(
        InviteClientTransaction,
        """
          0.0   INVITE =====>
         32.0   tell timeout
         32.0   ended
        """,
        reliable=True,
    )


def test_over_a_reliable_transport_a_refusal_ends_it_at_once() -> None:
    play(
        InviteClientTransaction,
        """
          0.0   INVITE =====>
          0.2          <----- 503
          0.2   ACK    ----->
          0.2   tell answer 503
          0.2   ended
        """,
        reliable=True,
    )


@pytest.mark.parametrize("kind", [InviteClientTransaction, NonInviteClientTransaction])
def test_a_request_that_could_not_be_sent_is_told_at_once(kind: AnyTransaction) -> None:
    method = "INVITE" if kind is InviteClientTransaction else "BYE"
    play(
        kind,
        f"""
          0.0   {method} =====>
          0.0   broken
          0.0   tell transport_error
          0.0   ended
         99.0   silence
        """,
    )


# ---- anything else, we ask ---------------------------------------------------------------------------------


def test_a_request_without_answer_is_repeated_every_t2_at_last_and_times_out_after_64_t1() -> None:
    play(
        NonInviteClientTransaction,
        """
          0.0   OPTIONS =====>
          0.5   OPTIONS ----->
          1.5   OPTIONS ----->
          3.5   OPTIONS ----->
          7.5   OPTIONS ----->
         11.5   OPTIONS ----->
         15.5   OPTIONS ----->
         19.5   OPTIONS ----->
         23.5   OPTIONS ----->
         27.5   OPTIONS ----->
         31.5   OPTIONS ----->
         32.0   tell timeout
         32.0   ended
         99.0   silence
        """,
    )


def test_a_provisional_answer_slows_the_repetition_down_to_t2_and_timer_f_runs_on() -> None:
    """RFC 3261 §17.1.2.2: timer E keeps its time, and is T2 from then on."""
    play(
        NonInviteClientTransaction,
        """
          0.0   BYE    =====>
          0.5   BYE    ----->
          0.6          <----- 100
          0.6   tell answer 100
          1.5   BYE    ----->             as it was set
          5.5   BYE    ----->             every T2
          9.5   BYE    ----->
         13.5   BYE    ----->
         17.5   BYE    ----->
         21.5   BYE    ----->
         25.5   BYE    ----->
         29.5   BYE    ----->
         32.0   tell timeout              since the beginning
         32.0   ended
        """,
    )


def test_a_final_answer_that_comes_again_is_absorbed_for_t4() -> None:
    play(
        NonInviteClientTransaction,
        """
          0.0   BYE    =====>
          0.1          <----- 200
          0.1   tell answer 200
          0.5          <----- 200
          5.1   ended                     timer K
         99.0   silence
        """,
    )


def test_over_a_reliable_transport_nothing_is_repeated_and_nothing_lingers() -> None:
    play(
        NonInviteClientTransaction,
        """
          0.0   BYE    =====>
          9.0          <----- 100
          9.0   tell answer 100
         20.0          <----- 481
         20.0   tell answer 481
         20.0   ended
        """,
        reliable=True,
    )


# ---- our own user out of turn ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transaction", "first", "then"),
    [
        pytest.param(InviteServerTransaction(request(), 0.0), 486, 180, id="ringing after a refusal"),
        pytest.param(InviteServerTransaction(request(), 0.0), 486, 200, id="accepting after a refusal"),
        pytest.param(InviteServerTransaction(request(), 0.0), 200, 486, id="refusing after accepting"),
        pytest.param(InviteServerTransaction(request(), 0.0), 200, 180, id="ringing after accepting"),
        pytest.param(NonInviteServerTransaction(request("BYE"), 0.0), 200, 200, id="answering twice"),
    ],
)
def test_an_answer_out_of_turn_is_our_fault_and_changes_nothing(
    transaction: InviteServerTransaction | NonInviteServerTransaction, first: int, then: int
) -> None:
    transaction.respond(answer(transaction.request, first), 0.0)
    state, deadline, answered = transaction.state, transaction.deadline(), transaction.answered
    with pytest.raises(LocalError, match=f"cannot answer {then}"):
        transaction.respond(answer(transaction.request, then), 0.1)
    assert (transaction.state, transaction.deadline(), transaction.answered) == (state, deadline, answered)


def test_an_answer_that_cannot_be_written_changes_nothing() -> None:
    transaction = InviteServerTransaction(request(), 0.0)
    with pytest.raises(LocalError):
        transaction.respond(Response(486, "Busy\r\nX: y"), 0.0)
    assert transaction.state is State.PROCEEDING
    assert isinstance(transaction.respond(answer(transaction.request, 486), 0.0)[0], Send)


def test_a_timer_that_fires_late_catches_up_at_its_own_times() -> None:
    """The machine slept: what was missed is sent at once, but the next one is where it would have been."""
    transaction = NonInviteClientTransaction(request("OPTIONS"))
    transaction.start(0.0)
    assert len(transaction.advance(2.0)) == 2
    assert transaction.deadline() == 3.5


def test_no_timer_outlives_the_state_that_needs_it() -> None:
    """A thousand calls that ring wake nobody up."""
    ringing = InviteClientTransaction(request())
    ringing.start(0.0)
    ringing.receive(answer(ringing.request, 180), 0.1)
    assert ringing.deadline() is None
    accepted = InviteClientTransaction(request())
    accepted.start(0.0)
    accepted.receive(answer(accepted.request, 200), 0.1)
    assert accepted.deadline() == 32.1
    acknowledged = InviteServerTransaction(request(), 0.0)
    acknowledged.respond(answer(acknowledged.request, 486), 0.1)
    acknowledged.receive(request("ACK"), 0.2)
    assert acknowledged.deadline() == 5.2


def test_other_timers_can_be_asked_for() -> None:
    transaction = InviteClientTransaction(request(), timers=Timers(t1=0.01))
    transaction.start(0.0)
    assert transaction.deadline() == 0.01
    assert transaction.advance(0.64)[-2:] == [Tell("timeout"), Ended()]


# ---- whatever happens --------------------------------------------------------------------------------------

SERVERS = [InviteServerTransaction, NonInviteServerTransaction]
CLIENTS = [InviteClientTransaction, NonInviteClientTransaction]
DEEDS = st.lists(st.tuples(st.floats(0, 40), st.sampled_from(["INVITE", "ACK", "BYE", 100, 180, 200, 486, "broken"])))


@given(st.sampled_from(SERVERS), st.booleans(), DEEDS)
def test_a_server_transaction_ends_once_whatever_happens(
    kind: type[InviteServerTransaction] | type[NonInviteServerTransaction],
    reliable: bool,
    deeds: list[tuple[float, str | int]],
) -> None:
    now, ends = 0.0, 0
    transaction = kind(request("INVITE" if kind is InviteServerTransaction else "BYE"), now, reliable=reliable)
    for wait, deed in [*deeds, (0.0, 486)]:
        now += wait
        effects = transaction.advance(now)
        if isinstance(deed, int):
            try:
                effects += transaction.respond(answer(transaction.request, deed), now)
            except LocalError:
                assert deed == 486 or transaction.state is not State.TRYING
        elif deed == "broken":
            effects += transaction.transport_failed(now)
        else:
            effects += transaction.receive(request(deed), now)
        ends += effects.count(Ended())
        assert (transaction.deadline() or now + 1) > now
    while (due := transaction.deadline()) is not None:
        ends += transaction.advance(due).count(Ended())
    assert ends == 1
    assert transaction.ended


@given(st.sampled_from(CLIENTS), st.booleans(), DEEDS)
def test_a_client_transaction_tells_one_end_whatever_happens(
    kind: type[InviteClientTransaction] | type[NonInviteClientTransaction],
    reliable: bool,
    deeds: list[tuple[float, str | int]],
) -> None:
    """It ends once; and before, our user is told one final answer, or one fault, or each 2xx of an INVITE."""
    now = 0.0
    transaction = kind(request("INVITE" if kind is InviteClientTransaction else "BYE"), reliable=reliable)
    told = transaction.start(now)
    for wait, deed in [*deeds, (0.0, 486)]:
        now += wait
        told += transaction.advance(now)
        if isinstance(deed, int):
            told += transaction.receive(answer(transaction.request, deed), now)
        elif deed == "broken":
            told += transaction.transport_failed(now)
    while (due := transaction.deadline()) is not None:
        told += transaction.advance(due)
    assert told.count(Ended()) == 1
    assert told[-1] == Ended()
    finals = [
        tell.message.status
        for tell in told
        if isinstance(tell, Tell) and isinstance(tell.message, Response) and tell.message.status >= 200
    ]
    faults = [tell for tell in told if isinstance(tell, Tell) and tell.what in ("timeout", "transport_error")]
    assert finals or faults
    assert len(finals) <= 1 or (kind is InviteClientTransaction and set(finals) == {200})
    assert Tell("timeout") not in faults or not finals


@given(st.integers(0, 99), st.sampled_from(sorted(Input, key=lambda i: i.name)))
def test_an_ended_transaction_does_nothing_more(status: int, stimulus: Input) -> None:
    transaction = InviteClientTransaction(request())
    transaction.start(0.0)
    transaction.transport_failed(0.0)
    assert transaction.receive(answer(transaction.request, 100 + status * 6), 1.0) == []
    assert transaction.advance(1000.0) == []
    assert (State.TERMINATED, stimulus) not in InviteClientTransaction.TRANSITIONS


# ---- what the core does itself -----------------------------------------------------------------------------


def _accepted() -> Send:
    transaction = InviteServerTransaction(request(), 0.0)
    sent = transaction.respond(answer(transaction.request, 200), 0.0)[0]
    assert isinstance(sent, Send)
    return sent


def test_a_2xx_is_repeated_by_the_core_until_the_ack() -> None:
    """RFC 3261 §13.3.1.4: T1, doubling up to T2, over any transport."""
    sent = _accepted()
    repeater = SuccessRepeater(sent, 0.0)
    assert repeater.deadline() == 0.5
    assert repeater.advance(0.4) == []
    assert repeater.advance(0.5) == [sent]
    assert repeater.deadline() == 1.5
    assert repeater.advance(3.5) == [sent, sent]
    repeater.acknowledge()
    repeater.acknowledge()
    assert repeater.deadline() is None
    assert repeater.advance(99.0) == []


def test_a_2xx_that_nobody_acknowledges_is_given_up_after_64_t1() -> None:
    sent = _accepted()
    repeater = SuccessRepeater(sent, 0.0)
    assert repeater.advance(31.9) == [sent] * 10
    assert repeater.deadline() == 32.0
    assert repeater.advance(32.0) == [Tell("ack_missing")]
    assert repeater.deadline() is None
    assert repeater.advance(99.0) == []


# ---- requests that belong to an INVITE ---------------------------------------------------------------------


def _invite_with_routes() -> Request:
    invite = request(branch="z9hG4bK-x", sequence=7)
    invite.headers.prepend("Via", "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-top")
    invite.headers.add("Route", "<sip:192.0.2.7;lr>")
    invite.headers.add("Route", "<sip:192.0.2.8;lr>")
    invite.headers.add("Contact", "<sip:me@192.0.2.1>")
    invite.body = b"v=0"
    return invite


def test_the_ack_of_a_refusal_says_what_the_invite_said_with_the_refusals_to() -> None:
    """RFC 3261 §17.1.1.3, the example there in other words."""
    invite = _invite_with_routes()
    ack = acknowledgement(invite, answer(invite, 486, tag="busy"))
    assert (ack.method, ack.uri, ack.body) == ("ACK", invite.uri, b"")
    assert [str(via) for via in ack.vias] == ["SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK-top"]
    assert ack.to.tag == "busy"
    assert ack.from_ == invite.from_
    assert ack.call_id == invite.call_id
    assert str(ack.cseq) == "7 ACK"
    assert [str(route.uri) for route in ack.routes] == ["sip:192.0.2.7;lr", "sip:192.0.2.8;lr"]
    assert ack.max_forwards == 70
    assert not ack.headers.has("Contact")


def test_a_cancel_says_what_the_invite_said() -> None:
    """RFC 3261 §9.1: one Via, the same branch, the same To without a tag."""
    invite = _invite_with_routes()
    cancel = cancel_of(invite)
    assert (cancel.method, cancel.uri, cancel.body) == ("CANCEL", invite.uri, b"")
    assert [via.branch for via in cancel.vias] == ["z9hG4bK-top"]
    assert cancel.to == invite.to
    assert str(cancel.cseq) == "7 CANCEL"
    assert len(cancel.routes) == 2


def test_what_is_sent_is_written_once_and_repeated_octet_for_octet() -> None:
    transaction = NonInviteClientTransaction(request("OPTIONS"))
    first = transaction.start(0.0)[0]
    assert isinstance(first, Send)
    assert first.octets == encode(transaction.request)
    transaction.request.headers.add("X-Later", "changed by somebody")
    assert transaction.advance(0.5) == [first]


# ---- the drawings themselves -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "drawing",
    [
        pytest.param("0.0 INVITE ----->\n 0.1 <===== 486\n 0.7 <----- 486\n 0.8 silence", id="at another time"),
        pytest.param("0.0 INVITE ----->\n 0.1 <===== 486\n 0.8 silence", id="sent but not drawn"),
        pytest.param("0.0 INVITE ----->\n 0.1 <===== 486\n 0.6 <----- 486\n 0.9 <----- 486", id="drawn but not sent"),
        pytest.param("0.0 INVITE ----->\n 0.1 <===== 200\n 99.0 tell ack_missing", id="drawn but not told"),
        pytest.param("0.0 INVITE ----->\n 0.1 <===== 200\n 9.0 ended", id="ended at another time"),
    ],
)
def test_a_ladder_that_differs_from_what_happened_shows_both(drawing: str) -> None:
    with pytest.raises(AssertionError, match=r"drawn:(.|\n)*happened:"):
        play(InviteServerTransaction, drawing)
