"""Skills, ranks, weights, points that age, own agents, limits of a line, misses, and callers who are called back."""

from __future__ import annotations

import pytest

from callcenterd.errors import LocalError
from callcenterd.model.ids import AgentId, CallId
from tests.acd.hall import RETRY, Hall, queue, words

# ---- skills, ranks, weights -----------------------------------------------------------------------------


def test_only_who_has_the_queues_skills_is_asked() -> None:
    hall = Hall(queue(skills={"english": 3}), ready="1001 1002 1003", skills="1001 english 2, 1002 english 3")
    assert hall.enter(1, "x") == ["x>1002"]
    assert hall.enter(2, "y") == []


def test_a_caller_may_ask_for_more_than_the_queue() -> None:
    hall = Hall(ready="1001 1002", skills="1002 cantonese 5")
    assert hall.enter(1, "x", needs={"cantonese": 4}) == ["x>1002"]
    assert hall.enter(2, "y", needs={"cantonese": 4}) == []
    assert hall.why("y", 2).startswith("1 ahead; agents: 0 talking, 1 being rung")
    assert hall.enter(3, "z") == ["z>1001"], "who asks for nothing is not kept from the other one"


def test_nobody_who_is_signed_in_being_able_is_told() -> None:
    hall = Hall(ready="1001")
    hall.enter(1, "x", needs={"french": 2})
    assert hall.why("x", 2) == "no agent who is signed in has the skills: french 2"


def test_by_skills_the_best_is_asked_first_and_among_equals_who_is_idle_longest() -> None:
    known = "1001 english 3, 1002 english 9, 1003 english 9"
    hall = Hall(queue(strategy="skills", skills={"english": 1}), ready="1001 1003 1002", skills=known)
    assert [hall.enter(now, call) for now, call in enumerate("xyz")] == [["x>1003"], ["y>1002"], ["z>1001"]]


def test_skills_that_change_hold_at_once() -> None:
    hall = Hall(queue(skills={"english": 1}), ready="1001")
    assert hall.enter(1, "x") == []
    hall.skills = {hall.queues[0].members[0]: {"english": 1}}
    assert hall.configure(2, *hall.queues) == ["x>1001"]


def test_a_later_rank_is_asked_when_nobody_of_an_earlier_one_is_free() -> None:
    hall = Hall(queue(ranks={"1001": 2}), ready="1001 1002")
    assert hall.enter(1, "x") == ["x>1002"], "although 1001 is idle longer"
    assert hall.enter(2, "y") == ["y>1001"]


def test_who_serves_several_queues_takes_those_first_where_the_rank_is_lower() -> None:
    hall = Hall(queue("sales", "1001", ranks={"1001": 2}), queue("service", "1001"))
    hall.enter(1, "early", "sales")
    hall.enter(5, "own", "service")
    assert hall.want(6, "1001") == ["own>1001"]


def test_ring_all_rings_the_first_rank_and_who_of_it_comes_free_joins_in() -> None:
    hall = Hall(queue(strategy="ring_all", ranks={"1003": 2}), ready="1001 1003")
    assert hall.enter(1, "x") == ["x>1001"]
    assert hall.want(2, "1002") == ["x>1002"]


def test_by_weights_members_are_drawn_as_often() -> None:
    drawn = {"1001": 0, "1002": 0}
    hall = Hall(queue(members="1001 1002", strategy="random", weights={"1001": 3}, wrap_up=0), ready="1001 1002")
    for now in range(2000):
        (offer,) = hall.enter(now, "x")
        drawn[offer.partition(">")[2]] += 1
        hall.leave(now, "x")
    assert 0.70 < drawn["1001"] / 2000 < 0.80


# ---- priorities -----------------------------------------------------------------------------------------


def test_points_of_queue_and_caller_count_together() -> None:
    hall = Hall(queue("sales", "1001", priority=2), queue("service", "1001"))
    hall.enter(1, "a", "service", priority=1)
    hall.enter(2, "b", "sales")
    hall.enter(3, "c", "service", priority=3)
    assert hall.want(4, "1001") == ["c>1001"]
    hall.leave(5, "c")
    assert hall.why("a", 5) != ""
    hall.acd.leave("b", 6)  # type: ignore[arg-type]
    assert hall.acd.why_waiting("a", 7).key == "ringing"  # type: ignore[arg-type]


def test_where_points_age_nobody_is_overtaken_for_ever() -> None:
    hall = Hall(queue(members="1001", ageing=30))
    hall.enter(0, "plain")
    hall.enter(20, "gold", priority=1)
    hall.enter(40, "late_gold", priority=1)
    assert hall.line() == "gold plain late_gold", "a point is worth 30 seconds, not more"


# ---- own agents -----------------------------------------------------------------------------------------


def test_a_known_customer_is_given_back_to_the_own_agent() -> None:
    hall = Hall(queue(sticky="last"), ready="1001 1002")
    assert hall.enter(1, "x", prefers="1002") == ["x>1002"]


def test_who_does_not_serve_the_queue_is_not_preferred() -> None:
    hall = Hall(queue("sales", "1001 1002"), queue("service", "1003"), ready="1001 1003")
    assert hall.enter(1, "x", prefers="1003") == ["x>1001"]


def test_for_a_busy_own_agent_one_waits_so_long_and_then_takes_anybody() -> None:
    hall = Hall(queue(sticky="last", sticky_wait=20), ready="1001 1002")
    hall.dials(1, "1002", "private")
    assert hall.enter(2, "x", prefers="1002") == []
    assert hall.why("x", 5) == "kept for agent 1002; others are asked in 17 s"
    assert hall.until(30) == ["22: x>1001"]


def test_one_does_not_wait_for_an_own_agent_who_is_not_there() -> None:
    hall = Hall(queue(sticky="last", sticky_wait=20), ready="1001")
    assert hall.enter(2, "x", prefers="1002") == ["x>1001"]


def test_an_own_agent_who_leaves_meanwhile_is_not_waited_for() -> None:
    hall = Hall(queue(sticky="last", sticky_wait=60), ready="1001 1002")
    hall.dials(1, "1002", "private")
    assert hall.enter(2, "x", prefers="1002") == []
    assert hall.want(5, "1002", "break", "lunch") == ["x>1001"]


# ---- limits, misses, wrap-up ----------------------------------------------------------------------------


def test_a_line_that_is_full_takes_nobody_but_whose_place_was_kept() -> None:
    hall = Hall(queue(most_waiting=2))
    hall.enter(1, "a")
    hall.enter(2, "b")
    assert hall.enter(3, "c") == ["c left full 0"]
    assert hall.enter(4, "d", entered=0.5) == []
    assert hall.line() == "d a b"


def test_so_many_misses_in_a_row_put_an_agent_on_break_and_it_ends_by_itself() -> None:
    hall = Hall(queue(members="1001", misses=2, miss_return=60, ring=10), ready="1001")
    assert hall.enter(0, "x") == ["x>1001"]
    hall.rings(0, "x", "1001")
    again = 10 + RETRY
    assert hall.until(again) == ["10: x!1001 no_answer", f"{again:g}: x>1001"]
    hall.rings(again, "x", "1001")
    assert hall.until(again + 10) == [f"{again + 10:g}: x!1001 no_answer"]
    assert hall.state("1001") == "break no_answer"
    assert hall.until(200)[0] == f"{again + 70:g}: x>1001"


def test_an_answer_makes_up_for_earlier_misses() -> None:
    hall = Hall(queue(members="1001", misses=2, wrap_up=0), ready="1001")
    for now in (0, 100, 200):
        assert hall.enter(now, f"x{now}") == [f"x{now}>1001"]
        hall.rings(now, f"x{now}", "1001")
        hall.until(now + 20)
        assert hall.until(now + 20 + RETRY) == [f"{now + 20 + RETRY:g}: x{now}>1001"]
        hall.answers(now + 21 + RETRY, f"x{now}", "1001")
        hall.ends(now + 50, "1001")
    assert hall.state("1001") == "ready"


def test_no_miss_puts_anybody_on_break_where_that_is_the_rule() -> None:
    hall = Hall(queue(members="1001", misses=0), ready="1001")
    hall.enter(0, "x")
    hall.rings(0, "x", "1001")
    hall.until(20)
    assert hall.state("1001") == "ready"


def test_a_wrap_up_may_be_prolonged() -> None:
    hall = Hall(queue(members="1001", wrap_up=10), ready="1001")
    hall.enter(0, "x")
    hall.answers(1, "x", "1001")
    hall.ends(20, "1001")
    hall.prolongs(25, "1001", 60)
    hall.enter(26, "y")
    assert hall.until(100) == ["90: y>1001"]


# ---- callers who are called back ------------------------------------------------------------------------


def test_who_is_to_be_called_back_keeps_the_place_and_an_agent_while_it_rings() -> None:
    hall = Hall(queue(members="1001 1002"))
    hall.enter(1, "wish", calls_back=True)
    hall.enter(2, "live")
    assert hall.line() == "wish live"
    assert hall.want(3, "1001") == ["wish~1001"]
    assert hall.state("1001") == "offered"
    assert hall.enter(4, "third") == []
    assert hall.connects(10, "wish") == []
    hall.rings(11, "wish", "1001")
    assert hall.answers(13, "wish", "1001") == ["wish left answered 3"]


def test_one_agent_is_kept_for_a_call_back_also_where_all_are_rung() -> None:
    hall = Hall(queue(strategy="ring_all"), ready="1001 1002")
    assert hall.enter(1, "wish", calls_back=True) == ["wish~1001"]
    assert hall.connects(5, "wish") == ["wish>1002"], "from now on a caller like any other"


def test_who_is_not_reached_leaves_the_line_and_the_agent_is_to_blame_for_nothing() -> None:
    hall = Hall(queue(members="1001"), ready="1001")
    hall.enter(1, "wish", calls_back=True)
    assert hall.leave(20, "wish", "failed") == ["wish!1001 caller_left", "wish left failed 19"]
    assert hall.state("1001") == "ready"


def test_a_dial_of_which_nothing_is_heard_ends_by_itself() -> None:
    hall = Hall(queue(members="1001", callback_ring=30), ready="1001")
    hall.enter(0, "wish", calls_back=True)
    assert hall.until(60) == ["35: wish!1001 call_back_failed", "35: wish left failed 35"]
    assert hall.state("1001") == "ready"


def test_if_the_kept_agent_goes_another_is_kept() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001 1002")
    assert hall.enter(1, "wish", calls_back=True) == ["wish~1001"]
    assert hall.phone(5, "1001", False) == ["wish!1001 unreachable", "wish~1002"]


def test_who_is_to_be_called_back_waits_without_limit() -> None:
    hall = Hall(queue(members="1001", max_wait=60))
    hall.enter(0, "wish", calls_back=True)
    assert hall.until(3600) == []
    assert hall.connects(3600, "wish") == []


@pytest.mark.parametrize("reason", ["busy", "refused"])
def test_if_the_agent_does_not_take_it_then_the_customer_is_first_in_line(reason: str) -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001")
    hall.enter(1, "wish", calls_back=True)
    hall.connects(9, "wish")
    hall.enter(10, "other")
    assert hall.declines(11, "wish", "1001", reason) == ["other>1001"]  # type: ignore[arg-type]
    assert hall.want(12, "1002") == ["wish>1002"]


def test_who_is_called_back_and_then_waits_does_not_wait_longer_than_the_queue_lets() -> None:
    """The agent who was kept does not answer, and nobody else is there: the longest wait counts from the answer."""
    hall = Hall(queue(members="1001", ring=10, max_wait=30), ready="1001")
    assert hall.enter(1, "x", calls_back=True) == ["x~1001"]
    hall.connects(20, "x")
    hall.rings(20, "x", "1001")
    assert hall.until(100) == ["30: x!1001 no_answer", "50: x left timed_out 30"]


# ---- the watch ------------------------------------------------------------------------------------------


def test_the_watch_finds_a_caller_beside_a_free_agent_only_where_the_matcher_failed() -> None:
    hall = Hall(queue(members="1001 1002"), ready="1001")
    hall.enter(1, "x")
    hall.enter(2, "y")
    assert hall.acd.idle_beside(2) == []
    hall.declines(3, "x", "1001", "busy")
    assert hall.acd.idle_beside(3) == [], "1001 is rung for y, and rests for x"
    hall.acd._ready.clear()  # as if a note had got lost
    hall.want(4, "1002")
    hall.acd._ready.clear()
    hall.leave(5, "y")
    assert hall.acd.idle_beside(5) == []
    hall.declines(6, "x", "1002", "busy")
    broken = Hall(queue(members="1001"), ready="1001")
    broken.acd._ready.clear()
    broken.enter(1, "z")
    assert broken.acd.idle_beside(2) == [("z", "1001")]
    assert broken.why("z", 2) != ""


# ---- taken from whoever is rung (pickup) ----------------------------------------------------------------


def test_who_takes_a_call_that_rings_elsewhere_has_it_as_if_offered_and_nobody_has_a_miss() -> None:
    hall = Hall(queue(strategy="ring_all", misses=1), ready="1001 1002")
    assert hall.enter(10, "x") == ["x>1001+1002"]
    taken = words(hall.acd.taken(CallId("x"), AgentId("1003"), 14))
    assert sorted(taken) == ["x left answered 4", "x!1001 answered_elsewhere", "x!1002 answered_elsewhere"]
    assert [hall.state(agent) for agent in ("1001", "1002", "1003")] == ["ready", "ready", "talking"]
    hall.want(15, "1003")
    hall.ends(20, "1003")
    assert hall.state("1003") == "wrap_up"
    hall.until(31)
    assert hall.state("1003") == "ready"


def test_who_is_rung_and_takes_another_call_is_rung_no_more() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    hall.enter(11, "y")
    taken = words(hall.acd.taken(CallId("x"), AgentId("1002"), 12))
    assert taken == ["y!1002 in_a_call", "x!1001 answered_elsewhere", "x left answered 2", "y>1001"]


def test_who_is_in_a_conversation_of_a_queue_takes_no_second_one_as_offered() -> None:
    hall = Hall(ready="1001 1002")
    hall.enter(10, "x")
    hall.answers(11, "x", "1001")
    hall.enter(12, "y")
    with pytest.raises(LocalError):
        hall.acd.taken(CallId("y"), AgentId("1001"), 13)
    assert words(hall.acd.taken(CallId("gone"), AgentId("1002"), 13)) == []
    assert hall.state("1002") == "offered"
