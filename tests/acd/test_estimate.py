"""How long a caller will still wait: the rule, its limits, and whether it came true."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.acd.estimate import MOST_SAMPLES, WINDOW, Accuracy, Estimates, minutes
from callcenterd.model.ids import CallId, QueueName

SALES, SERVICE = QueueName("sales"), QueueName("service")


def after(*seconds: float, queue: QueueName = SALES, now: float = 0.0) -> Estimates:
    """Conversations of so many seconds are over."""
    estimates = Estimates()
    for each in seconds:
        estimates.handled(queue, each, now)
    return estimates


def test_the_wait_is_the_place_times_the_handling_time_by_those_who_serve() -> None:
    estimates = after(100, 200, 150, 120, 180)
    assert estimates.handling_time(SALES, 1) == 150
    assert estimates.expected(SALES, 4, 3, 1) == 200
    assert estimates.to_announce(SALES, 4, 3, 1) == 4, "3 minutes 20 are told as 4"


@pytest.mark.parametrize(("seconds", "told"), [(30, 1), (60, 1), (60.1, 2), (120, 2), (3599, 60)])
def test_it_is_rounded_up_to_a_minute(seconds: float, told: int) -> None:
    assert minutes(seconds) == told
    assert after(*[seconds] * 5).to_announce(SALES, 1, 1, 0) == told


def test_less_than_half_a_minute_is_not_told() -> None:
    assert after(*[29.9] * 5).to_announce(SALES, 1, 1, 0) is None
    assert after(*[29.9] * 5).expected(SALES, 1, 1, 0) == pytest.approx(29.9), "pages may know it all the same"


def test_four_conversations_are_too_few_and_those_of_another_queue_do_not_count() -> None:
    estimates = after(100, 100, 100, 100)
    estimates.handled(SERVICE, 100, 0)
    assert estimates.to_announce(SALES, 1, 1, 0) is None
    estimates.handled(SALES, 100, 0)
    assert estimates.to_announce(SALES, 1, 1, 0) == 2


def test_where_nobody_serves_nothing_is_told() -> None:
    assert after(*[100] * 5).to_announce(SALES, 1, 0, 0) is None


def test_what_is_long_ago_does_not_count() -> None:
    estimates = after(*[100] * 5)
    assert estimates.handling_time(SALES, WINDOW) == 100
    assert estimates.handling_time(SALES, WINDOW + 1) is None


def test_of_many_the_last_ones_count_and_memory_is_bounded() -> None:
    estimates = after(*[100] * 1000, *[200] * MOST_SAMPLES)
    assert estimates.handling_time(SALES, 0) == 200


def test_what_was_told_is_compared_with_the_wait_that_came() -> None:
    estimates = Estimates()
    for n, waited in enumerate([60, 70, 80, 90, 100, 110, 120, 130, 140, 150]):
        call = CallId(f"call-{n}")
        estimates.told(call, SALES, 60, 1000)
        estimates.answered(call, 1000 + waited)
    assert estimates.accuracy(SALES) == Accuracy(told=10, mean=45, p90=80)
    assert estimates.accuracy(SERVICE) is None


def test_each_time_that_it_was_told_is_judged_by_itself() -> None:
    estimates = Estimates()
    call = CallId("call")
    estimates.told(call, SALES, 120, 0)
    estimates.told(call, SALES, 60, 90)
    estimates.answered(call, 150)
    assert estimates.accuracy(SALES) == Accuracy(told=2, mean=15, p90=30), "30 s early, and exactly right"


def test_who_went_away_says_nothing_of_how_true_it_was() -> None:
    estimates = Estimates()
    estimates.told(CallId("gone"), SALES, 60, 0)
    estimates.left(CallId("gone"))
    estimates.answered(CallId("gone"), 500)
    estimates.answered(CallId("never told"), 500)
    assert estimates.accuracy(SALES) is None


def test_who_was_told_in_one_queue_and_answered_from_another_is_judged_by_the_other() -> None:
    estimates = Estimates()
    estimates.told(CallId("call"), SALES, 60, 0)
    estimates.told(CallId("call"), SERVICE, 60, 10)
    estimates.answered(CallId("call"), 70)
    assert estimates.accuracy(SALES) is None
    assert estimates.accuracy(SERVICE) == Accuracy(told=1, mean=0, p90=0)


@given(
    st.lists(st.floats(1, 3600), min_size=5, max_size=50),
    st.integers(1, 200),
    st.integers(1, 50),
)
def test_further_back_or_with_fewer_agents_it_is_never_shorter(handled: list[float], place: int, serving: int) -> None:
    estimates = after(*handled)
    here = estimates.expected(SALES, place, serving, 0)
    assert here is not None
    assert (estimates.expected(SALES, place + 1, serving, 0) or 0) >= here
    assert (estimates.expected(SALES, place, serving + 1, 0) or 0) <= here
    told = estimates.to_announce(SALES, place, serving, 0)
    assert told is None if here < 30 else told is not None and 0 <= told * 60 - here < 60
