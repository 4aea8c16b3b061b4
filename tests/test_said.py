"""Sentences about faults, told in two languages."""

from __future__ import annotations

import pickle
import re
import string

import pytest

from callcenterd import said
from callcenterd.said import TEXTS, Said


@pytest.mark.parametrize("code", TEXTS)
def test_both_languages_put_in_the_same_values(code: str) -> None:
    chinese, english = TEXTS[code]
    # A name that is written in both languages comes with both: each sentence takes its own.
    own = {"chinese": "name in its language", "english": "name in its language"}
    fields = [
        {own.get(name, name) for _, name, _, _ in string.Formatter().parse(text) if name} for text in (chinese, english)
    ]
    assert fields[0] == fields[1]
    assert re.search(r"[\u4e00-\u9fff]", chinese) or code in ("as_it_is", "listed"), "no Chinese"
    assert not re.search(r"[\u4e00-\u9fff]", english.replace("您好", "")), "no English"


def test_a_sentence_is_english_and_can_be_told_in_chinese_with_what_stands_in_it() -> None:
    fault = Said("no_node", at="main", name="b", help=Said("meant", near="bb"))
    assert fault == "main: there is no node b; bb is meant?"
    assert fault.told("en-GB") == fault
    assert fault.told("zh_CN") == "main：没有节点 b；是不是 bb？"
    assert Said("there_are", names=("a", "b")).told("zh") == "；有：a、b"


def test_it_comes_through_another_process_and_keeps_its_place() -> None:
    fault = Said("no_filter", at="x", offset=7, name="map", filters=("abs",))
    again = pickle.loads(pickle.dumps(fault))
    assert (again, again.told("zh"), again.offset) == (fault, fault.told("zh"), 7)


def test_a_sentence_that_is_none_of_ours_is_told_as_it_is() -> None:
    assert said.told("odd", "zh") == "odd"
    assert said.of("odd", "main").told("zh") == "main：odd"
    assert said.foreign(said.of("odd", "main")) == "odd"
