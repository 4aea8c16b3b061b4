"""Dial by name: whom keys mean, and what a caller hears who keys them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.ivr.directory import MOST_READINGS, Person, find, ways
from tests.ivr.calls import ScriptedCall, walk

HOUSE = [
    Person("张三", "1001"),
    Person("章单", "1002"),
    Person("Anna Smith", "1003"),
    Person("李四 (Sam)", "1004"),
    Person("吕布", "1005"),
    Person("王芳", "1006"),
    Person("王芳", "1007"),
    Person("Jörg", "1008"),
    Person("欧阳锋", "1009"),
]


@pytest.mark.parametrize(
    ("digits", "meant"),
    [
        pytest.param("97", "1001 1002", id="zs: the first letters of the pinyin, in every reading of a character"),
        pytest.param("93", "1002 1006 1007", id="zd: the other reading; and wf"),
        pytest.param("9426472", "1001", id="zhangsa: the beginning of the whole pinyin"),
        pytest.param("69", "1009", id="oy: the first letters of a name of three"),
        pytest.param("582", "1005", id="lvb: ü is on 8, as u and v are"),
        pytest.param("93263", "", id="wangf is not wanfd"),
        pytest.param("92643", "1006 1007", id="two people of one name"),
        pytest.param("2662", "1003", id="anna"),
        pytest.param("76484", "1003", id="smith: the last name first"),
        pytest.param("764842662", "1003", id="smithanna"),
        pytest.param("266276484", "1003", id="annasmith"),
        pytest.param("27", "1003", id="as: initials"),
        pytest.param("72", "1003 1004", id="sa: initials of one, the beginning of the other"),
        pytest.param("726", "1004", id="the English name beside the Chinese one"),
        pytest.param("5674", "1008", id="jorg: without its dots"),
        pytest.param("99", "", id="nobody"),
        pytest.param("", "", id="nothing keyed"),
        pytest.param("10", "", id="keys without letters"),
    ],
)
def test_keys_mean_people(digits: str, meant: str) -> None:
    assert {one.extension for one in find(HOUSE, digits)} == set(meant.split())


def test_each_is_found_once_in_the_order_of_names() -> None:
    twice = [Person("b", "2"), Person("a", "1"), Person("b", "2")]
    assert find(twice, "2") == [Person("a", "1"), Person("b", "2")]


@given(st.text(max_size=60), st.text("23456789", min_size=1, max_size=5))
def test_no_name_is_too_much(name: str, digits: str) -> None:
    assert find([Person(name, "1")], digits) in ([], [Person(name, "1")])
    assert all(set(way) <= set("23456789") for way in ways(name))


def test_a_name_of_many_readings_costs_no_more_than_is_bounded() -> None:
    assert len(ways("单" * 30)) <= 2 * MOST_READINGS


NODES = """
a: {directory: wanted, next: d, on_none: n, on_unknown: u}
d: {dial: "{{ wanted }}"}
n: {hangup: none}
u: {hangup: unknown}
operator: {hangup: person}
"""


async def after(keys: Iterable[str | None], house: list[Person] = HOUSE, language: str = "zh-CN") -> ScriptedCall:
    call = ScriptedCall(keys, language=language)
    call.house = house
    return await walk(NODES, call)


async def test_the_only_one_is_named_and_called() -> None:
    call = await after([*"9426472#"])
    assert call.story == [
        "asks <directory>",
        "plays <directory_found> + 张三 until a key",
        "dials 1001 over [] record=False 60 s as None",
    ]
    assert call.told == {"wanted": "张三 1001"}


async def test_of_several_the_names_are_read_and_a_key_chooses() -> None:
    call = await after([*"97#", "2"])
    assert call.story[1] == "asks 张三 + <directory_press> + 一 + 章单 + <directory_press> + 二"
    assert call.story[-1].startswith("dials 1002")
    assert call.noted == "2"


async def test_two_of_one_name_are_told_apart_by_their_extensions() -> None:
    call = await after([*"92643#", "1"])
    assert call.story[1].startswith("asks 王芳 + 幺 + 零 + 零 + 六 + <directory_press> + 一 + 王芳 + ")
    assert call.story[-1].startswith("dials 1006")


@pytest.mark.parametrize(
    ("keys", "end"),
    [
        pytest.param([*"99#", *"2662#"], "dials 1003", id="nobody: asked again"),
        pytest.param([*"2#", *"99#", *"99#"], "hangs up: unknown", id="too short and nobody, three times"),
        pytest.param([None, None, None], "hangs up: none", id="nothing"),
        pytest.param([*"97#", "3", *"97#", None, *"97#", "1"], "dials 1001", id="a wrong choice and none: asked again"),
        pytest.param([*"99*2662#"], "dials 1003", id="star begins anew"),
        pytest.param(["2", "6", "6", None], "dials 1003", id="a pause ends it"),
        pytest.param(["0", None], "hangs up: person", id="0 alone"),
        pytest.param([*"97#", "0"], "hangs up: person", id="0 instead of a choice"),
    ],
)
async def test_whatever_is_keyed_leads_somewhere(keys: list[str | None], end: str) -> None:
    assert (await after(keys)).story[-1].startswith(end)


async def test_of_more_than_nine_more_letters_are_asked_for() -> None:
    crowd = [Person(f"Ann {letter}", str(n)) for n, letter in enumerate("abcdefghij")]
    call = await after([*"266#", *"2664#", "2"], crowd)
    assert "plays <directory_many> until a key" in call.story
    assert call.story[-2].startswith("asks Ann g + <directory_press> + 一 + Ann h")


async def test_english_callers_hear_english_and_chinese_names_in_chinese() -> None:
    call = await after([*"97#", "1"], language="en")
    assert call.story[1] == "asks 张三 + <directory_press> + one + 章单 + <directory_press> + two"
