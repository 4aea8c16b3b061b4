"""What templates and conditions can do; and all that they cannot."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.ivr import expression
from callcenterd.ivr.expression import CannotFill, Plain

VARIABLES: dict[str, Plain] = {
    "caller": "13800138000",
    "customer": {"name": "张三", "level": "gold", "items": "own"},
    "points": 1500,
    "balance": 12.5,
    "orders": [{"number": "A1"}, {"number": "A2"}],
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("您好", "您好"),
        ("{{ caller }}", "13800138000"),
        ("{{ customer.name }}，{{ points + 1 }} 分", "张三，1501 分"),
        ("{{ customer['level'] }}", "gold"),
        ("{{ orders[1].number }}", "A2"),
        ("{{ orders | length }}", "2"),
        ("{{ points / 3 }}", "500"),
        ("{{ customer.items }}", "own"),
        ("{{ missing | default('x') }}", "x"),
        ("{{ 'yes' if points > 1000 else 'no' }}", "yes"),
        ("{{ none }}", ""),
        ("a } b", "a } b"),
    ],
)
def test_a_template_is_filled(text: str, filled: str) -> None:
    assert expression.fill(expression.template(text), VARIABLES) == filled


def test_what_is_keyed_is_read_digit_by_digit_and_what_is_counted_is_a_number() -> None:
    assert expression.fill("{{ caller }}", VARIABLES, "spoken") == " ".join("13800138000")
    assert expression.fill("{{ points }}", VARIABLES, "spoken") == "1500"
    assert expression.fill("?q={{ q }}", {"q": "a&b=1/../x 中"}, "url") == "?q=a%26b%3D1%2F..%2Fx%20%E4%B8%AD"


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("customer.level == 'gold' and points >= 1500", True),
        ("caller in ['10086', '13800138000']", True),
        ("missing is defined", False),
        ("not (balance < 10 or points < 10)", True),
        ("points is odd", False),
    ],
)
def test_a_condition_holds_or_not(text: str, true: bool) -> None:
    assert expression.is_true(expression.condition(text), VARIABLES) is true


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{% for i in range(10**9) %}x{% endfor %}", "for cannot stand here"),
        ("{% set x = 1 %}", "assign cannot stand here"),
        ("{% include '/etc/passwd' %}", "include cannot stand here"),
        ("{{ range(9) }}", "call cannot stand here"),
        ("{{ ''.__class__.__mro__ }}", "begins with _"),
        ("{{ self }}{{ caller.format(x) }}", "call cannot stand here"),
        ("{{ 2 ** 9 }}", "pow cannot stand here"),
        ("{{ caller | attr('x') }}", "no filter attr|No filter"),
        ("{{ orders | map('upper') }}", "no filter|No filter"),
        ("{{ caller is callable }}", "no test|No test"),
        ("{{ caller", "cannot be understood"),
        ("{{ }}", "cannot be understood"),
        ("{{ " + "(" * 300 + "1" + ")" * 300 + " + " + "+".join("1" * 90) + " }}", "nested too deep|at most"),
        ("{{ 99999999999999999999 }}", "too large a number"),
        ("{" * 1001, "at most 1000"),
    ],
)
def test_what_is_more_than_a_value_is_refused_when_a_file_is_read(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        expression.template(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ missing }}",
        "{{ customer.missing }}",
        "{{ customer.keys }}",
        "{{ customer['__class__'] }}",
        "{{ caller.upper }}",
        "{{ orders[5] }}",
        "{{ 'x' * 1000000 }}",
        "{{ '%1000000d' % 1 }}",
        "{{ 1 / 0 }}",
        "{{ 999999999 * 999999999 }}",
        "{{ caller > 1 }}",
        "{{ orders + orders }}",
    ],
)
def test_what_cannot_be_had_is_a_fault_and_never_an_object_of_ours(text: str) -> None:
    with pytest.raises(CannotFill):
        expression.fill(expression.template(text), VARIABLES)


def test_the_longest_template_with_the_largest_values_is_done_at_once_and_is_refused() -> None:
    text = expression.template("{{ " + " ~ ".join(["a"] * 240) + " }}")
    since = time.process_time()
    with pytest.raises(CannotFill, match="more than 4000"):
        expression.fill(text, {"a": "x" * 4000})
    assert time.process_time() - since < 1


def test_the_names_that_are_needed_are_known_and_those_with_a_default_are_not_needed() -> None:
    assert expression.names(expression.template("{{ a.b + c }} {{ d | default(1) }} {{ e is defined }}")) == {"a", "c"}
    assert expression.names(expression.condition("a == 1 and b")) == {"a", "b"}


@given(st.text(alphabet="{}%# ()[].'|~+-*/<=abx01_\n", max_size=60))
def test_whatever_stands_in_a_template_it_is_filled_or_refused(text: str) -> None:
    try:
        checked = expression.template(text)
    except ValueError:
        return
    with contextlib.suppress(CannotFill):
        assert isinstance(expression.fill(checked, {"a": "x", "b": [1]}), str)
