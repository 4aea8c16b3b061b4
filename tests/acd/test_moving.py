"""A supervisor with who waits: ahead, to another queue, to a chosen agent."""

from __future__ import annotations

import pytest

from callcenterd.acd.router import GIVEN
from callcenterd.errors import LocalError, NotFound
from callcenterd.model.ids import AgentId, CallId, QueueName
from tests.acd.hall import Hall, queue, words

X, Y, Z = CallId("x"), CallId("y"), CallId("z")
SALES, SERVICE = QueueName("sales"), QueueName("service")


def three(*queues: object, **how: str) -> Hall:
    """Three wait, x the longest; nobody is ready."""
    hall = Hall(*queues, **how)  # type: ignore[arg-type]
    for now, call in enumerate("xyz", start=1):
        assert hall.enter(now, call) == []
    return hall


def order(hall: Hall, name: QueueName = SALES) -> list[str]:
    return [caller.call for caller in hall.acd.waiting(name)]


def test_a_caller_goes_one_place_ahead_or_before_all_and_keeps_the_time_that_was_waited() -> None:
    hall = three()
    hall.acd.put_ahead(Z, 10)
    assert order(hall) == ["x", "z", "y"]
    assert hall.acd.position(Z) == 2
    hall.acd.put_ahead(Y, 11, of_all=True)
    assert order(hall) == ["y", "x", "z"]
    assert {caller.call: caller.since for caller in hall.acd.waiting(SALES)} == {"x": 1, "y": 2, "z": 3}
    hall.acd.put_ahead(Y, 12)
    assert order(hall) == ["y", "x", "z"], "who is first stays so"
    assert hall.want(13, "1001") == ["y>1001"]
    with pytest.raises(NotFound):
        hall.acd.put_ahead(CallId("gone"), 14)


def test_who_is_put_before_a_caller_of_higher_priority_goes_before_that_one() -> None:
    hall = Hall()
    hall.acd.enqueue(X, SALES, 1, priority=5)
    hall.enter(2, "y")
    hall.acd.put_ahead(Y, 3)
    assert hall.want(4, "1001") == ["y>1001"]


def test_who_is_moved_to_another_queue_stands_there_by_the_time_that_was_waited() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1002", max_wait=30))
    hall.enter(1, "x", "sales")
    hall.enter(2, "y", "service")
    assert words(hall.acd.requeue(X, SERVICE, 10)) == ["x left left 9"]
    assert (order(hall), order(hall, SERVICE)) == ([], ["x", "y"])
    assert hall.want(11, "1002") == ["x>1002"]
    assert "x left timed_out 30" in words(hall.acd.advance(40)), "the other queue's limit counts from the move"


def test_a_phone_that_rang_for_who_is_moved_stops_and_one_that_is_free_there_rings() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1002"), ready="1001 1002")
    assert hall.enter(1, "x", "sales") == ["x>1001"]
    assert words(hall.acd.requeue(X, SERVICE, 3)) == ["x!1001 moved", "x left left 2", "x>1002"]


def test_what_cannot_be_moved_changes_nothing() -> None:
    hall = Hall(queue("sales", "1001"), queue("service", "1002"), queue("empty", ""))
    hall.enter(1, "x", "sales")
    for to, fault in ((SALES, LocalError), (QueueName("empty"), LocalError), (QueueName("none"), NotFound)):
        with pytest.raises(fault):
            hall.acd.requeue(X, to, 2)
    assert order(hall) == ["x"]


def test_who_is_given_to_an_agent_is_their_next_call_before_all_others() -> None:
    hall = Hall(ready="1001")
    assert hall.enter(1, "a") == ["a>1001"]
    hall.acd.answered(CallId("a"), AgentId("1001"), 2)
    hall.enter(3, "x")
    hall.enter(4, "y")
    hall.acd.give_to(Y, AgentId("1001"), 5)
    assert hall.want(6, "1002") == ["x>1002"], "others are free for others"
    hall.acd.talk_ended(AgentId("1001"), 7)
    assert words(hall.acd.end_wrap_up(AgentId("1001"), 8)) == ["y>1001"]


def test_after_a_while_others_are_asked_for_them_too() -> None:
    hall = Hall(ready="1001")
    hall.enter(1, "a")
    hall.acd.answered(CallId("a"), AgentId("1001"), 2)
    hall.enter(3, "x")
    hall.acd.give_to(X, AgentId("1001"), 5)
    assert hall.want(6, "1002") == []
    assert hall.why("x", 6).startswith("waits for agent 1001") or "1001" in hall.why("x", 6)
    assert words(hall.acd.advance(5 + GIVEN)) == ["x>1002"]
    assert hall.acd.idle_beside(5 + GIVEN) == []


def test_other_phones_stop_ringing_and_the_chosen_one_rings_although_it_was_refused_there_before() -> None:
    hall = Hall(ready="1001 1002")
    assert hall.enter(1, "x") == ["x>1001"]
    assert words(hall.acd.declined(X, AgentId("1001"), "refused", 2)) == ["x>1002"]
    assert words(hall.acd.give_to(X, AgentId("1001"), 3)) == ["x!1002 moved", "x>1001"]


def test_nobody_is_given_to_who_takes_no_calls_of_that_queue_now() -> None:
    hall = three(queue("sales", "1001 1002", skills={"english": 1}), queue("service", "1003"), skills="1001 english 1")
    for agent in ("1001", "1002", "1003"):
        with pytest.raises(LocalError):
            hall.acd.give_to(X, AgentId(agent), 5)
    hall.acd.want(AgentId("1002"), "ready", "", 6)
    with pytest.raises(LocalError):
        hall.acd.give_to(X, AgentId("1002"), 7)
    with pytest.raises(NotFound):
        hall.acd.give_to(X, AgentId("4711"), 8)
