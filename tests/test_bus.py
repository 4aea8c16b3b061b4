from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callcenterd.bus import Bus
from callcenterd.model.events import CallNoted, CustomerSaved, Fact, SiteChanged
from callcenterd.model.ids import CallId, CustomerId

AT = datetime(2026, 11, 24, tzinfo=UTC)


def site(revision: int) -> SiteChanged:
    return SiteChanged(at=AT, revision=revision)


def test_a_listener_hears_its_kind_and_everything_if_it_asks_for_facts() -> None:
    bus, sites, all_facts = Bus(), list[Fact](), list[Fact]()
    bus.listen(SiteChanged, sites.append)
    bus.listen(Fact, all_facts.append)
    saved = CustomerSaved(at=AT, customer=CustomerId(1), by="admin")
    for fact in (site(1), saved, site(2)):
        bus.publish(fact)
    assert sites == [site(1), site(2)]
    assert all_facts == [site(1), saved, site(2)]


def test_listeners_hear_in_the_order_in_which_they_began_to() -> None:
    bus, heard = Bus(), list[str]()
    for name in ("first", "second"):
        bus.listen(Fact, lambda _, name=name: heard.append(name))  # type: ignore[misc]
    bus.publish(site(1))
    assert heard == ["first", "second"]


def test_a_listener_that_fails_is_logged_and_the_next_one_hears(capsys: pytest.CaptureFixture[str]) -> None:
    bus, heard = Bus(), list[Fact]()

    def broken(fact: Fact) -> None:
        raise ValueError("on purpose")

    bus.listen(Fact, broken)
    bus.listen(Fact, heard.append)
    bus.publish(site(1))
    assert heard == [site(1)]
    logged = capsys.readouterr()
    assert "listener failed" in logged.out + logged.err


def test_what_a_listener_publishes_comes_after_the_fact_that_is_being_told() -> None:
    bus, heard = Bus(), list[int]()

    def echo(fact: SiteChanged) -> None:
        if fact.revision < 3:
            bus.publish(site(fact.revision + 1))

    bus.listen(SiteChanged, echo)
    bus.listen(SiteChanged, lambda fact: heard.append(fact.revision))
    bus.publish(site(1))
    assert heard == [1, 2, 3]


def test_who_stopped_listening_hears_no_more_even_in_the_middle_of_a_fact() -> None:
    bus, heard = Bus(), list[Fact]()
    stop = bus.listen(Fact, heard.append)
    bus.publish(site(1))
    stop()
    stop()
    bus.publish(site(2))
    assert heard == [site(1)]


def test_a_listener_may_begin_and_stop_listening_while_it_is_told() -> None:
    bus, heard = Bus(), list[str]()

    def once(fact: Fact) -> None:
        heard.append("once")
        stop()
        bus.listen(Fact, lambda _: heard.append("later"))

    stop = bus.listen(Fact, once)
    bus.publish(site(1))
    assert heard == ["once"]
    bus.publish(CallNoted(at=AT, call=CallId("x"), customer=None, by="1001"))
    assert heard == ["once", "later"]


def test_after_a_listener_that_ends_the_program_the_bus_still_tells() -> None:
    """KeyboardInterrupt is not the bus's to keep."""
    bus, heard = Bus(), list[Fact]()

    def interrupted(fact: SiteChanged) -> None:
        if fact.revision == 1:
            raise KeyboardInterrupt

    bus.listen(SiteChanged, interrupted)
    bus.listen(Fact, heard.append)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(site(1))
    bus.publish(site(2))
    assert heard == [site(2)]
