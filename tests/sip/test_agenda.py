"""One heap for thousands of timers: the earliest first, whatever was set anew or forgotten."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from callcenterd.sip.agenda import Agenda


def test_the_earliest_is_taken_first_and_equal_ones_in_their_order() -> None:
    agenda: Agenda[str] = Agenda()
    for item, due in (("c", 3.0), ("a", 1.0), ("b", 1.0), ("never", 99.0)):
        agenda.at(item, due)
    assert agenda.deadline() == 1.0
    assert agenda.take(0.9) is None
    assert [agenda.take(3.0) for _ in range(4)] == ["a", "b", "c", None]
    assert (len(agenda), agenda.deadline()) == (1, 99.0)


def test_an_item_has_one_time_the_last_that_was_set() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.at("a", 1.0)
    agenda.at("a", 5.0)
    assert agenda.deadline() == 5.0
    agenda.at("a", 2.0)
    assert agenda.take(2.0) == "a"
    assert agenda.take(9.0) is None


def test_what_is_forgotten_is_not_due() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.at("a", 1.0)
    agenda.at("b", 2.0)
    agenda.forget("a")
    agenda.at("b", None)
    agenda.forget("none such")
    assert (agenda.deadline(), agenda.take(9.0), len(agenda)) == (None, None, 0)


def test_a_time_that_is_set_once_more_costs_nothing() -> None:
    agenda: Agenda[str] = Agenda()
    agenda.at("a", 1.0)
    agenda.at("a", 1.0)
    assert agenda.kept == 1


def test_a_time_that_comes_back_is_due_once() -> None:
    agenda: Agenda[str] = Agenda()
    for due in (1.0, 2.0, 1.0):
        agenda.at("a", due)
    assert [agenda.take(9.0), agenda.take(9.0)] == ["a", None]


DEEDS = st.lists(
    st.tuples(st.sampled_from(["at", "forget", "take", "deadline"]), st.integers(0, 9), st.integers(0, 20)),
    max_size=200,
)


@given(DEEDS)
def test_it_does_what_a_plain_list_would(deeds: list[tuple[str, int, int]]) -> None:
    agenda: Agenda[int] = Agenda()
    plain: dict[int, tuple[float, int]] = {}
    order = itertools.count()
    for deed, item, number in deeds:
        due = float(number)
        if deed == "at":
            agenda.at(item, due)
            if plain.get(item, (None,))[0] != due:
                plain[item] = due, next(order)
        elif deed == "forget":
            agenda.forget(item)
            plain.pop(item, None)
        elif deed == "take":
            first = min(plain, key=lambda i: plain[i], default=None)
            if first is not None and plain[first][0] > due:
                first = None
            taken = agenda.take(due)
            # An item set back to an old time may go with its old place in the order: only the time is promised.
            assert (taken is None) == (first is None)
            if taken is not None and first is not None:
                assert plain[taken][0] == plain[first][0]
                del plain[taken]
        else:
            assert agenda.deadline() == min((at for at, _ in plain.values()), default=None)
        assert len(agenda) == len(plain)


def test_what_is_set_again_and_again_takes_no_room() -> None:
    """A timer that is moved with each message must not pile up."""
    agenda: Agenda[int] = Agenda()
    for n in range(200_000):
        agenda.at(n % 10, 1000.0 + n)
    assert len(agenda) == 10
    assert agenda.kept < 200
    for n in range(10):
        agenda.forget(n)
    assert agenda.kept < 100
