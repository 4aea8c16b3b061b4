"""What may be dialled over trunks: by number, by hour, by count."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.site import ALL, EACH, Limits, Site
from callcenterd.switchboard.limits import Forbidden, Outside, is_night

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NUMBER = "02088886666"


def refused(
    limits: list[Limits], *dialled: str, extension: str | None = "1001", local: datetime = NOON, region: str = "CN"
) -> str:
    """Whose limit and which; "" if the call may go."""
    try:
        with Outside(region).admit(Site(limits=tuple(limits)), extension, dialled or (NUMBER,), now=0.0, local=local):
            return ""
    except Forbidden as forbidden:
        return f"{forbidden.who} {forbidden.rule}"


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("13800138000", ""),
        ("02088886666", ""),
        ("+862088886666", ""),
        ("00862088886666", ""),
        ("95588", ""),
        ("110", ""),
        ("0044123456789", "international"),
        ("+44123456789", "international"),
        ("+4", "international"),
        ("00", "international"),
        ("00999999999999999", "international"),
        ("+85212345678", "international"),  # Hong Kong is dialled like another country
    ],
)
def test_without_a_word_other_countries_cannot_be_dialled(number: str, rule: str) -> None:
    assert refused([], number) == (f"1001 {rule}" if rule else "")


def test_premium_numbers_are_those_of_the_country() -> None:
    assert refused([], "09098790000", region="GB") == "1001 premium"
    assert refused([Limits(who=EACH, premium=True)], "09098790000", region="GB") == ""


@pytest.mark.parametrize(
    ("limits", "dialled", "wanted"),
    [
        pytest.param([Limits(who=EACH, international=True)], ("0044123456",), "", id="allowed to all"),
        pytest.param([Limits(who="1001", international=True)], ("0044123456",), "", id="allowed to this one"),
        pytest.param([Limits(who="1002", international=True)], ("0044123456",), "1001 international", id="to another"),
        pytest.param([Limits(who=EACH, permit=("0044.",))], ("0044123456",), "", id="a country permitted"),
        pytest.param([Limits(who=EACH, permit=("0044.",))], ("0033123456",), "1001 international", id="and no other"),
        pytest.param([Limits(who=EACH, forbid=("0900.",))], ("0900123456",), "1001 forbid", id="forbidden"),
        pytest.param([Limits(who=EACH, forbid=("0.",), permit=("020.",))], (NUMBER,), "", id="permitted goes first"),
        pytest.param([Limits(who=ALL, forbid=("0900.",))], ("0900123456",), "all forbid", id="to the office"),
        pytest.param(
            [Limits(who=EACH, forbid=("0900.",))], ("90900123456", "0900123456"), "1001 forbid", id="any form"
        ),
        pytest.param(
            [Limits(who=EACH, permit=("0044.",))], ("0044123456", "+44123456"), "", id="permitted in any form"
        ),
        pytest.param([], ("90044123456", "0044123456", "7#0044123456"), "1001 international", id="hidden by a prefix"),
        pytest.param([Limits(who=EACH, forbid=(".",), calls=1)], ("110",), "", id="an emergency call always goes"),
        pytest.param([Limits(who=ALL, forbid=(".",))], ("9119", "119"), "", id="however it is written"),
    ],
)
def test_numbers_that_are_refused(limits: list[Limits], dialled: tuple[str, ...], wanted: str) -> None:
    assert refused(limits, *dialled) == wanted


def test_a_flow_has_only_the_limits_of_the_office() -> None:
    limits = [Limits(who=EACH, calls=1, forbid=(".",)), Limits(who=ALL, forbid=("0900.",))]
    assert refused(limits, "0044123456", extension=None) == ""
    assert refused(limits, "0900123456", extension=None) == "all forbid"


@pytest.mark.parametrize(
    ("hours", "at", "night"),
    [
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "06:59", True),
        ("22:00-07:00", "07:00", False),
        ("22:00-07:00", "21:59", False),
        ("00:00-06:00", "00:00", True),
        ("12:00-13:00", "12:30", True),
        ("12:00-13:00", "13:00", False),
        ("", "03:00", False),
    ],
)
def test_the_night_goes_over_midnight(hours: str, at: str, night: bool) -> None:
    assert is_night(hours, time.fromisoformat(at)) is night
    local = datetime.combine(NOON.date(), time.fromisoformat(at))
    assert refused([Limits(who=EACH, night=hours)], local=local) == ("1001 night" if night else "")
    assert refused([Limits(who=EACH, night=hours)], "120", local=local) == "", "but for help"


def begin(outside: Outside, site: Site, extension: str, now: float) -> str:
    """A call that is over at once."""
    try:
        with outside.admit(site, extension, (NUMBER,), now=now, local=NOON):
            return ""
    except Forbidden as forbidden:
        return f"{forbidden.who} {forbidden.rule}"


def test_calls_in_a_minute_and_in_an_hour_are_counted_each_for_itself() -> None:
    site = Site(limits=(Limits(who=EACH, per_minute=2, per_hour=3),))
    outside = Outside("CN")
    assert [begin(outside, site, "1001", now) for now in (0.0, 1.0, 59.0)] == ["", "", "1001 per_minute"]
    assert begin(outside, site, "1002", 59.0) == "", "another extension is not affected"
    assert begin(outside, site, "1001", 61.5) == ""
    assert begin(outside, site, "1001", 3599.0) == "1001 per_hour"
    assert begin(outside, site, "1001", 3600.5) == "", "the first one is an hour old"


def test_two_hundred_calls_in_ten_minutes_stop_at_the_limit_and_others_go_on() -> None:
    """S-12: a stolen password."""
    site = Site(limits=(Limits(who=EACH, calls=2, per_minute=5, per_hour=20), Limits(who=ALL, per_hour=100)))
    outside = Outside("CN")
    went = [begin(outside, site, "1001", n * 3.0) for n in range(200)]
    assert went.count("") == 20
    assert begin(outside, site, "1002", 600.0) == ""


def test_a_call_that_is_refused_counts_for_nothing() -> None:
    site = Site(limits=(Limits(who=EACH, per_hour=1),))
    outside = Outside("CN")
    for _ in range(5):
        with pytest.raises(Forbidden), outside.admit(site, "1001", ("0044123456",), now=0.0, local=NOON):
            pass
    assert begin(outside, site, "1001", 0.0) == ""
    assert outside.up("1001") == outside.up(ALL) == 0


def test_the_shorter_of_two_longest_calls_holds() -> None:
    site = Site(limits=(Limits(who=EACH, longest=600), Limits(who=ALL, longest=3600)))
    for extension, longest in (("1001", 600), (None, 3600)):
        with Outside("CN").admit(site, extension, (NUMBER,), now=0.0, local=NOON) as seconds:
            assert seconds == longest
    with Outside("CN").admit(Site(), "1001", (NUMBER,), now=0.0, local=NOON) as seconds:
        assert seconds == 0.0


@given(
    st.lists(st.tuples(st.sampled_from(["1001", "1002", None]), st.booleans()), max_size=60),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_never_more_calls_at_once_than_allowed(steps: list[tuple[str | None, bool]], each: int, office: int) -> None:
    """Begun and ended in any order, by whomever; afterwards nothing is counted as up."""
    site = Site(limits=(Limits(who=EACH, calls=each), Limits(who=ALL, calls=office)))
    outside, up = Outside("CN"), list[tuple[str | None, contextlib.ExitStack]]()
    for extension, begins in steps:
        if not begins:
            if up:
                up.pop(0)[1].close()
            continue
        place = contextlib.ExitStack()
        own = sum(who == extension for who, _ in up)
        with contextlib.suppress(Forbidden):
            place.enter_context(outside.admit(site, extension, (NUMBER,), now=0.0, local=NOON))
            assert len(up) < office
            assert extension is None or own < each
            up.append((extension, place))
            continue
        assert len(up) == office or own == each, "it was refused for nothing"
    assert outside.up(ALL) == len(up)
    for _, place in up:
        place.close()
    assert (outside.up("1001"), outside.up("1002"), outside.up(ALL)) == (0, 0, 0)
