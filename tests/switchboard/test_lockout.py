from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from callcenterd.switchboard.lockout import MOST, Lockout, Patience

PAIR, SOURCE = Patience(free=5), Patience(free=20)


def failing(lockout: Lockout, times: int, *, login: str = "1001", source: str = "10.0.0.1", now: float = 0.0) -> float:
    """Tries one after the other without waiting; the wait that the last one was told."""
    return [lockout.begin(login, source, now) for _ in range(times)][-1]


def test_five_tries_are_free_then_each_waits_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    lockout, now, waits = Lockout(), 0.0, []
    for _ in range(16):
        wait = lockout.begin("1001", "10.0.0.1", now)
        if wait:
            waits.append(wait)
            now += wait
            assert lockout.begin("1001", "10.0.0.1", now) == 0.0
    assert waits == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0, 900.0, 900.0]


def test_a_try_that_is_locked_out_makes_nothing_longer() -> None:
    lockout = Lockout()
    assert failing(lockout, 6) == 5.0
    assert failing(lockout, 50, now=1.0) == 4.0


def test_a_hundred_tries_at_once_are_not_all_let_through() -> None:
    lockout = Lockout()
    let_through = sum(lockout.begin("1001", "10.0.0.1", 0.0) == 0.0 for _ in range(100))
    assert let_through == PAIR.free


def test_another_phone_of_the_same_person_is_not_locked_out() -> None:
    lockout = Lockout()
    assert failing(lockout, 6) > 0
    assert lockout.begin("1001", "10.0.0.2", 0.0) == 0.0


def test_one_source_may_not_go_through_all_logins() -> None:
    lockout = Lockout()
    let_through = sum(lockout.begin(str(n), "10.0.0.1", 0.0) == 0.0 for n in range(200))
    assert let_through == SOURCE.free


def test_the_right_password_begins_anew() -> None:
    lockout = Lockout()
    failing(lockout, 5)
    lockout.succeeded("1001", "10.0.0.1")
    assert failing(lockout, 5) == 0.0


def test_failures_are_forgotten_after_half_an_hour() -> None:
    lockout = Lockout()
    failing(lockout, 6)
    assert failing(lockout, 5, now=1801.0) == 0.0


def test_the_tables_are_bounded() -> None:
    lockout = Lockout(source=Patience(free=10**9))
    failing(lockout, 6, login="first")
    for n in range(MOST):
        lockout.begin(str(n), "10.0.0.1", 0.0)
    assert failing(lockout, 1, login="first") == 0.0  # the oldest was forgotten, not one more kept


@given(st.integers(0, 10_000))
def test_no_number_of_failures_waits_longer_than_the_longest(failures: int) -> None:
    assert 0.0 <= PAIR.wait(failures) <= PAIR.longest
    assert PAIR.wait(failures) <= PAIR.wait(failures + 1)
