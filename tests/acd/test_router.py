"""Who is rung for which call, as a supervisor would tell it."""

from __future__ import annotations

import random

import pytest

from callcenterd.acd.router import GRACE, Acd, Offer, QueueMoved, Standing
from callcenterd.errors import LocalError, NotFound
from callcenterd.model.ids import AgentId, CallId, QueueName
from tests.acd.hall import RETRY, Hall, queue, words

# ---- who is next ----------------------------------------------------------------------------------------


def test_the_agent_who_is_free_longest_is_rung_at_once() -> None:
    hall = Hall(ready="1002 1001")
    assert hall.enter(5, "x") == ["x>1002"]
    assert hall.enter(6, "y") == ["y>1001"]


def test_who_finds_nobody_free_waits_and_is_connected_to_the_next_who_is() -> None:
    hall = Hall()
    assert hall.enter(1, "x") == []
    assert hall.line() == "x"
    assert hall.want(9, "1003") == ["x>1003"]
    assert hall.answers(12, "x", "1003") == ["x left answered 11"]
    assert hall.line() == ""


def test_callers_are_served_by_priority_then_by_entry_then_by_id() -> None:
    hall = Hall(queue(members="1001", wrap_up=0))
    for now, call, priority in ((1, "b", 0), (1, "a", 0), (2, "c", 0), (3, "vip", 5)):
        hall.enter(now, call, priority=priority)
    assert hall.line() == "vip a b c"
    served = [hall.want(4, "1001")]
    for now in range(5, 8):
        hall.answers(now, served[-1][0].partition(">")[0], "1001")
        served.append(hall.ends(now, "1001"))
    assert served == [["vip>1001"], ["a>1001"], ["b>1001"], ["c>1001"]]


def test_one_order_holds_across_queues() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1001"))
    hall.enter(1, "late", "sales", entered=None)
    hall.enter(2, "kept", "service", entered=0.5)
    assert hall.want(3, "1001") == ["kept>1001"]


def test_a_caller_whom_nobody_can_serve_does_not_block_the_next_one() -> None:
    hall = Hall(queue("empty_today", "1009"), queue("sales", "1001"))
    hall.enter(1, "x", "empty_today", priority=9)
    hall.enter(2, "y", "sales")
    assert hall.want(3, "1001") == ["y>1001"]
    assert hall.why("x", 3) == "no agent of the queue is signed in"


def test_a_heavy_queue_without_agents_takes_no_agent_and_no_turn_from_the_others() -> None:
    hall = Hall(queue("heavy", "1009"), queue("sales", "1001 1002", "ring_all"), queue("service", "1002"))
    for n in range(500):
        hall.enter(n / 1000, f"h{n}", "heavy", priority=n % 10)
    hall.want(1, "1001")
    hall.want(1, "1002")
    assert hall.enter(2, "x", "sales") == ["x>1001+1002"]
    assert hall.enter(3, "y", "service") == []
    assert hall.answers(4, "x", "1001") == ["x!1002 answered_elsewhere", "x left answered 2", "y>1002"]


def test_nobody_overtakes_whose_place_was_kept_and_the_wait_counts_from_coming_back() -> None:
    hall = Hall(queue(members="1001"))
    hall.enter(10, "new")
    hall.enter(20, "back", entered=5)
    assert hall.line() == "back new"
    assert hall.want(30, "1001") == ["back>1001"]
    assert hall.answers(32, "back", "1001") == ["back left answered 12"]


# ---- offers ---------------------------------------------------------------------------------------------


def test_no_answer_in_the_ring_time_goes_to_the_next_and_puts_the_first_on_break() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    hall.rings(11, "x", "1001")
    assert hall.until(60) == ["31: x!1001 no_answer", "31: x>1002", "56: x!1002 unreachable"]
    assert (hall.state("1001"), hall.state("1002")) == ("break no_answer", "break unreachable")
    assert hall.line() == "x"


def test_a_phone_that_never_says_that_it_rings_is_unreachable_after_some_grace() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    assert hall.acd.deadline() == 10 + 20 + GRACE
    assert hall.until(100) == [f"{30 + GRACE:g}: x!1001 unreachable"]
    assert hall.state("1001") == "break unreachable"
    assert hall.phone(200, "1001", True) == ["x>1001"], "its registering again ends that break"


def test_a_break_for_no_answer_is_ended_by_the_agent_only() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.declines(12, "x", "1001", "no_answer")
    assert hall.phone(13, "1001", True) == []
    assert hall.state("1001") == "break no_answer"
    assert hall.want(14, "1001") == ["x>1001"]


def test_a_break_that_the_agent_chose_outlives_the_phone() -> None:
    hall = Hall(ready="1001")
    hall.want(5, "1001", "break", "unreachable")
    hall.phone(6, "1001", False)
    hall.phone(7, "1001", True)
    assert hall.state("1001") == "break unreachable"


@pytest.mark.parametrize("reason", ["busy", "refused"])
def test_a_declined_call_is_not_offered_again_at_once_to_the_same_agent(reason: str) -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001")
    hall.enter(10, "x")
    assert hall.declines(11, "x", "1001", "busy" if reason == "busy" else "refused") == []
    assert hall.state("1001") == "ready"
    assert hall.why("x", 12) == f"free agent 1001 has just refused this call; tried again in {RETRY - 1:.0f} s"
    assert hall.enter(13, "y") == ["y>1001"], "another call is"
    assert hall.declines(14, "y", "1001", "busy") == []
    assert hall.want(15, "1002") == ["x>1002"], "another agent is asked at once"
    assert hall.until(30) == [f"{14 + RETRY:g}: y>1001"]


def test_a_declined_call_comes_back_to_the_only_agent_after_the_rest() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.declines(11, "x", "1001")
    assert hall.until(11 + RETRY) == [f"{11 + RETRY:g}: x>1001"]


def test_an_unreachable_phone_passes_the_call_on_at_once() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    assert hall.declines(10.1, "x", "1001", "unreachable") == ["x>1002"]
    assert hall.state("1001") == "break unreachable"


def test_a_phone_that_is_lost_while_it_rings_loses_the_offer_but_imposes_no_break() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    assert hall.phone(12, "1001", False) == ["x!1001 unreachable", "x>1002"]
    assert hall.state("1001") == "unreachable"
    hall.phone(15, "1001", True)
    assert hall.state("1001") == "ready"


@pytest.mark.parametrize(("state", "why"), [("break", "on_break"), ("signed_out", "signed_out")])
def test_who_goes_away_while_the_phone_rings_is_not_rung_on(state: str, why: str) -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    said = hall.want(12, "1001", "break" if state == "break" else "signed_out")
    assert said == [f"x!1001 {why}", "x>1002"]


def test_who_dials_while_the_phone_rings_is_in_a_call() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    assert hall.dials(12, "1001", "own") == ["x!1001 in_a_call", "x>1002"]
    assert hall.state("1001") == "talking"


def test_an_answer_that_comes_too_late_is_taken_back_and_costs_nothing() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.leave(12, "x")
    assert hall.answers(12.1, "x", "1001") == ["x!1001 late"]
    assert hall.state("1001") == "ready"
    assert hall.answers(13, "x", "nobody") == ["x!nobody late"]
    assert hall.declines(14, "x", "1001", "no_answer") == []
    assert hall.state("1001") == "ready", "nor does a decline of what is over"


def test_an_offer_that_came_to_nothing_does_not_cost_the_agent_the_turn() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001 1002")
    hall.enter(10, "x")
    hall.leave(15, "x")
    assert hall.enter(20, "y") == ["y>1001"]


def test_every_offer_says_why() -> None:
    hall = Hall(ready="1001 1002")
    offers = [d for d in hall.acd.enqueue(CallId("x"), QueueName("sales"), 10) if isinstance(d, Offer)]
    assert str(offers[0].why) == "sales: 1001 has been idle longest (10 s) of 2 free"


# ---- ringing all ----------------------------------------------------------------------------------------


def test_ring_all_rings_all_and_the_first_to_answer_has_it() -> None:
    hall = Hall(queue(strategy="ring_all"), ready="1002 1001 1003")
    assert hall.enter(10, "x") == ["x>1001+1002+1003"]
    assert hall.answers(12, "x", "1003") == [
        "x!1001 answered_elsewhere",
        "x!1002 answered_elsewhere",
        "x left answered 2",
    ]
    assert hall.answers(12.05, "x", "1001") == ["x!1001 late"]
    assert [hall.state(agent) for agent in ("1001", "1002", "1003")] == ["ready", "ready", "talking"]


def test_who_becomes_free_joins_in_where_all_are_rung_unless_another_caller_has_nobody() -> None:
    hall = Hall(queue("all", "1001 1002 1003", "ring_all"), queue("sales", "1003"), ready="1001")
    hall.enter(10, "x", "all")
    assert hall.want(12, "1002") == ["x>1002"]
    hall.enter(13, "y", "sales")
    assert hall.want(14, "1003") == ["y>1003"]


def test_one_who_declines_in_ring_all_does_not_stop_the_others() -> None:
    hall = Hall(queue(strategy="ring_all"), ready="1001 1002")
    hall.enter(10, "x")
    assert hall.declines(11, "x", "1001", "refused") == []
    assert hall.answers(12, "x", "1002") == ["x left answered 2"]


# ---- other strategies -----------------------------------------------------------------------------------


def test_round_robin_goes_on_after_who_was_rung_last() -> None:
    hall = Hall(queue(strategy="round_robin", wrap_up=0), ready="1003 1002 1001")
    rung = []
    for n in range(4):
        rung += hall.enter(10 + n, f"x{n}")
        agent = rung[-1].partition(">")[2]
        hall.answers(10 + n, f"x{n}", agent)
        hall.ends(10 + n, agent)
    assert [word for word in rung if ">" in word] == ["x0>1001", "x1>1002", "x2>1003", "x3>1001"]


def test_fewest_calls_looks_back_one_shift() -> None:
    hall = Hall(queue(members="1001 1002", strategy="fewest_calls", wrap_up=0), ready="1001")
    hall.enter(10, "a")
    hall.answers(11, "a", "1001")
    hall.ends(20, "1001")
    hall.want(30, "1002")
    assert hall.enter(31, "b") == ["b>1002"]
    hall.answers(32, "b", "1002")
    hall.ends(40, "1002")
    assert hall.enter(20 + 8 * 3600 + 1, "c") == ["c>1001"], "the first call is forgotten by now"


def test_least_talk_counts_seconds() -> None:
    hall = Hall(queue(members="1001 1002", strategy="least_talk", wrap_up=0), ready="1001 1002")
    for call, agent, end in (("a", "1001", 100), ("b", "1002", 20)):
        assert hall.enter(10, call) == [f"{call}>{agent}"]
        hall.answers(10, call, agent)
        hall.ends(end, agent)
    assert hall.enter(200, "c") == ["c>1002"]


def test_chance_is_the_one_that_was_handed_in() -> None:
    def drawn(seed: int) -> list[str]:
        hall = Hall(queue(members="1 2 3 4 5", strategy="random"), ready="1 2 3 4 5", seed=seed)
        return [word for n in range(5) for word in hall.enter(n + 1, f"x{n}")]

    assert drawn(7) == drawn(7)
    assert len({tuple(drawn(seed)) for seed in range(20)}) > 10


# ---- after the conversation -----------------------------------------------------------------------------


def test_wrap_up_is_the_agents_in_every_queue_and_ends_by_itself() -> None:
    hall = Hall(queue("sales", "1001", wrap_up=30), queue("service", "1001", wrap_up=0), ready="1001")
    hall.enter(10, "x")
    hall.answers(12, "x", "1001")
    hall.enter(20, "y", "service")
    assert hall.ends(40, "1001") == []
    assert hall.state("1001") == "wrap_up"
    assert hall.until(90) == ["70: y>1001"]


def test_wrap_up_can_be_ended_by_the_agent() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.answers(12, "x", "1001")
    hall.enter(13, "y")
    hall.ends(40, "1001")
    assert hall.wraps(42, "1001") == ["y>1001"]
    assert hall.acd.deadline() == 42 + 20 + GRACE, "its timer went with it"


def test_a_break_asked_for_in_a_call_comes_after_wrap_up_and_a_sign_out_at_once() -> None:
    hall = Hall(ready="1001 1002")
    for call, agent, state in (("x", "1001", "break"), ("y", "1002", "signed_out")):
        hall.enter(10, call)
        hall.answers(11, call, agent)
        hall.want(12, agent, "break" if state == "break" else "signed_out", "lunch")
        assert hall.state(agent) == "talking"
        hall.ends(20, agent)
    assert (hall.state("1001"), hall.state("1002")) == ("wrap_up", "signed_out")
    hall.until(60)
    assert hall.state("1001") == "break lunch"


def test_a_phone_with_two_own_calls_is_free_after_the_second() -> None:
    hall = Hall(ready="1001")
    hall.dials(1, "1001", "a")
    hall.dials(2, "1001", "b")
    hall.enter(3, "x")
    assert hall.frees(4, "1001", "a") == []
    assert hall.state("1001") == "talking"
    assert hall.frees(5, "1001", "b") == ["x>1001"]


def test_a_late_timer_books_each_end_at_its_own_time_and_rings_as_of_now() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001 1002")
    for call, agent, end in (("a", "1001", 30), ("b", "1002", 20)):
        hall.enter(10, call)
        hall.answers(10, call, agent)
        hall.ends(end, agent)
    hall.enter(25, "x")
    offers = [d for d in hall.acd.advance(500) if isinstance(d, Offer)]
    assert [d.agents for d in offers] == [("1002",)], "free since 30, the other since 40"
    assert hall.acd.agent(AgentId("1001")).since == 40
    assert hall.acd.deadline() == 500 + 20 + GRACE


# ---- leaving --------------------------------------------------------------------------------------------


def test_a_caller_who_leaves_takes_every_ringing_phone_along() -> None:
    hall = Hall(queue(strategy="ring_all"), ready="1001 1002")
    hall.enter(10, "x")
    assert hall.leave(13, "x") == ["x!1001 caller_left", "x!1002 caller_left", "x left abandoned 3"]
    assert hall.leave(14, "x") == []


def test_the_longest_wait_of_a_queue_ends_a_wait_even_while_a_phone_rings() -> None:
    hall = Hall(queue(max_wait=15), ready="1001")
    hall.enter(10, "x")
    hall.rings(11, "x", "1001")
    assert hall.until(100) == ["25: x!1001 caller_left", "25: x left timed_out 15"]
    assert hall.state("1001") == "ready"


def test_the_answer_ends_the_longest_wait() -> None:
    hall = Hall(queue(max_wait=15), ready="1001")
    hall.enter(10, "x")
    hall.answers(11, "x", "1001")
    assert hall.until(1000) == []


def test_the_same_call_may_wait_again_but_not_twice_at_once() -> None:
    hall = Hall()
    hall.enter(1, "x")
    with pytest.raises(LocalError, match="x waits already, in queue sales"):
        hall.enter(2, "x")
    hall.leave(3, "x")
    hall.enter(4, "x")
    assert hall.line() == "x"


# ---- another office -------------------------------------------------------------------------------------


def test_a_queue_that_is_removed_lets_its_callers_go() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1001"), ready="1001")
    hall.enter(10, "x", "sales")
    hall.enter(11, "y", "sales")
    hall.enter(12, "z", "service")
    assert hall.configure(15, queue("service", "1001")) == [
        "x!1001 queue_removed",
        "x left failed 5",
        "y left failed 4",
        "z>1001",
    ]


def test_a_queue_without_any_member_keeps_nobody() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1001"))
    hall.enter(10, "x", "sales")
    assert hall.configure(15, queue("sales", ""), queue("service", "1001")) == ["x left no_agent 5"]
    assert hall.enter(16, "y", "sales") == ["y left no_agent 0"]


def test_a_member_who_is_taken_from_a_queue_is_not_rung_on() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001")
    hall.enter(10, "x")
    assert hall.configure(12, queue(members="1002")) == ["x!1001 not_a_member"]
    assert hall.want(13, "1002") == ["x>1002"]


def test_an_agent_who_is_removed_finishes_the_call_and_is_forgotten() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001")
    hall.enter(10, "x")
    hall.answers(11, "x", "1001")
    del hall.agents[AgentId("1001")]
    hall.configure(12, queue(members="1001 1002"))
    assert hall.state("1001") == "talking"
    hall.ends(30, "1001")
    with pytest.raises(NotFound):
        hall.state("1001")
    assert hall.acd.deadline() is None


def test_an_agent_who_comes_back_during_the_call_is_kept() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.answers(11, "x", "1001")
    seat = hall.agents.pop(AgentId("1001"))
    hall.configure(12, queue())
    hall.agents[AgentId("1001")] = seat
    hall.configure(13, queue())
    hall.ends(30, "1001")
    assert hall.state("1001") == "signed_out"


def test_an_agent_who_changes_the_phone_is_unreachable_until_it_is_registered() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    hall.agents[AgentId("1001")] = "8888"
    assert hall.configure(11, queue()) == ["x!1001 unreachable", "x>1002"]
    assert hall.state("1001") == "unreachable"
    hall.phone(12, "1001", True)
    assert hall.state("1001") == "ready"


def test_the_same_office_again_changes_nothing_and_tells_nothing() -> None:
    hall = Hall(queue(max_wait=50), ready="1001")
    hall.enter(10, "x")
    hall.enter(11, "y")
    assert hall.acd.configure(hall.queues, hall.agents, 12) == []
    assert hall.until(60) == ["35: x!1001 unreachable", "60: x left timed_out 50"]


def test_another_longest_wait_holds_for_who_waits_already() -> None:
    hall = Hall(queue(max_wait=50))
    hall.enter(10, "x")
    hall.configure(20, queue(max_wait=15))
    assert hall.until(100) == ["25: x left timed_out 15"]


def test_a_longest_wait_that_is_over_as_it_comes_into_force_ends_the_wait_then_and_not_before() -> None:
    hall = Hall(queue())
    for call in ("x", "y"):
        hall.enter(0, call)
    assert hall.want(42, "1001") == ["x>1001"]
    assert hall.configure(43, queue(max_wait=30)) == [
        "x!1001 caller_left", "x left timed_out 43", "y left timed_out 43",
    ]  # fmt: skip
    assert hall.acd.agent(AgentId("1001")).since == 43


def test_a_timer_that_is_told_late_ends_no_state_before_it_began() -> None:
    hall = Hall(queue(max_wait=30), ready="1001")
    hall.want(0, "1001", "break")
    hall.enter(0, "x")
    assert hall.want(30.01, "1001") == ["x>1001"], "the thirty seconds are over, but nobody has told it yet"
    assert words(hall.acd.advance(30.02)) == ["x!1001 caller_left", "x left timed_out 30"]
    assert hall.acd.agent(AgentId("1001")).since == 30.01


# ---- what is told ---------------------------------------------------------------------------------------


def test_each_change_is_told_once_and_only_if_something_changed() -> None:
    hall = Hall(ready="1001")
    told = hall.acd.enqueue(CallId("x"), QueueName("sales"), 10)
    assert told[1:] == [Standing(AgentId("1001")), QueueMoved(QueueName("sales"))]
    assert hall.acd.want(AgentId("1002"), "signed_out", "", 11) == []
    assert hall.acd.talk_ended(AgentId("1001"), 12) == []
    assert hall.acd.ringing(CallId("x"), AgentId("1001"), 12) == [Standing(AgentId("1001"))]
    assert hall.acd.ringing(CallId("x"), AgentId("1001"), 13) == [], "a second 180 does not lengthen the ring time"


def test_a_standing_tells_since_when_until_when_and_for_which_call() -> None:
    hall = Hall(ready="1001")
    hall.enter(10, "x")
    hall.rings(12, "x", "1001")
    standing = hall.acd.agent(AgentId("1001"))
    assert (standing.state, standing.since, standing.until, standing.call) == ("offered", 10, 32, "x")
    hall.answers(15, "x", "1001")
    standing = hall.acd.agent(AgentId("1001"))
    assert (standing.state, standing.since, standing.until, standing.call) == ("talking", 15, None, "x")
    hall.ends(60, "1001")
    standing = hall.acd.agent(AgentId("1001"))
    assert (standing.state, standing.since, standing.until, standing.call) == ("wrap_up", 60, 70, "x")


@pytest.mark.parametrize(
    ("steps", "why"),
    [
        pytest.param("", "no agent of the queue is signed in", id="nobody signed in"),
        pytest.param("1001=ready 1001-", "the phones of all 1 agents are not registered", id="no phone"),
        pytest.param(
            "1001=ready 1002=break",
            "agent 1001 is being rung",
            id="rung",
        ),
        pytest.param(
            "1002=break 1003=ready 1003-",
            "0 ahead; agents: 0 talking, 0 being rung, 0 in wrap-up, 1 on break, 1 without a phone",
            id="busy",
        ),
    ],
)
def test_a_wait_explains_itself(steps: str, why: str) -> None:
    hall = Hall()
    for step in steps.split():
        agent, state = step[:4], step[5:]
        if step[4] == "-":
            hall.phone(1, agent, False)
        else:
            hall.want(1, agent, "ready" if state == "ready" else "break")
    hall.enter(2, "x")
    assert hall.why("x", 3) == why


def test_staffed_counts_who_is_signed_in() -> None:
    hall = Hall(ready="1001 1002")
    hall.want(1, "1002", "break")
    assert hall.acd.staffed(QueueName("sales")) == 2
    assert hall.acd.staffed(QueueName("nowhere")) == 0


def test_what_does_not_exist_is_refused_and_changes_nothing() -> None:
    hall = Hall(ready="1001")
    before = hall.acd.agent(AgentId("1001"))
    for ask in (
        lambda: hall.want(1, "9999"),
        lambda: hall.enter(1, "x", "nowhere"),
        lambda: hall.wraps(1, "9999"),
        lambda: hall.dials(1, "9999", "x"),
        lambda: hall.phone(1, "9999", True),
        lambda: hall.why("x", 1),
    ):
        with pytest.raises(NotFound):
            ask()
    assert hall.acd.agent(AgentId("1001")) == before
    assert hall.ends(2, "9999") == hall.frees(2, "9999", "x") == []


def test_an_empty_office_is_an_office() -> None:
    acd = Acd(random.Random(1))
    assert acd.configure((), {}, 0) == []
    assert acd.advance(10) == []
    assert acd.deadline() is None
    assert acd.waiting(QueueName("sales")) == ()
