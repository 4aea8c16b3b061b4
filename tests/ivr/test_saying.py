"""Values in flows: what a caller hears of them, what the checker says of them, what is made before anybody calls."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callcenterd.errors import FaultyFile
from callcenterd.ivr import check, engine
from callcenterd.ivr.simulate import simulate
from callcenterd.ivr.spoken.values import vocabulary
from callcenterd.model.prompts import Speech, Word
from callcenterd.yamltext import parse
from tests.ivr.calls import ScriptedCall, flow_of

BALANCE = """
a:
  say:
    - 您的余额是
    - {money: "1202.05"}
    - ，来电号码
    - {digits: "{{ caller }}"}
    - {number: 12}
"""


async def heard(nodes: str, *, caller: str = "110", language: str = "zh-CN", keys: str = "") -> list[str]:
    call = ScriptedCall(keys, caller=caller, language=language)
    await engine.run(flow_of(nodes), call)
    return call.story


async def test_texts_and_values_are_heard_one_after_the_other_in_one_play() -> None:
    assert await heard(BALANCE) == [
        "plays 您的余额是 + 一千 + 二百 + 零 + 二 + 元 + 零 + 五 + 分 + ，来电号码 + 幺 + 幺 + 零 + 十二 until a key"
    ]


async def test_in_english_the_same_values_are_said_in_english() -> None:
    said = await heard('a: {say: [Your balance is, {money: "20", currency: USD}]}', language="en")
    assert said == ["plays Your balance is + twenty + dollars until a key"]


async def test_a_value_alone_needs_no_list() -> None:
    assert await heard('a: {say: {date: "2026-11-26"}}') == [
        "plays 二 + 零 + 二 + 六 + 年 + 十一月 + 二十六日 until a key"
    ]


async def test_a_menu_can_ask_with_values() -> None:
    said = await heard(
        'a: {menu: {say: [回拨号码, {digits: "{{ caller }}"}, 确认请按 1]}, keys: {"1": b}, otherwise: b}\n'
        "b: {say: 好}",
        keys="1",
    )
    assert said[0] == "asks 回拨号码 + 幺 + 幺 + 零 + 确认请按 1"


@pytest.mark.parametrize("caller", ["anonymous", ""])
async def test_a_variable_that_is_no_value_is_read_as_it_is(caller: str) -> None:
    call = ScriptedCall(caller=caller)
    await engine.run(flow_of('a: {say: [来电, {digits: "{{ caller }}"}]}'), call)
    assert call.story == [f"plays 来电 + {caller} until a key"]


def test_what_all_callers_hear_is_made_before_the_first_and_of_variables_every_word() -> None:
    made = flow_of(BALANCE).prompts("zh-CN")
    assert Speech("您的余额是", "zh-CN") in made
    assert {prompt.text for prompt in made if isinstance(prompt, Word)} == set(vocabulary("zh-CN"))
    fixed = flow_of("a: {say: [共, {number: 12}, 人]}").prompts("zh-CN")
    assert fixed == (Speech("共", "zh-CN"), Word("十二", "zh-CN"), Speech("人", "zh-CN"))


async def test_a_simulated_caller_hears_a_value_as_one_saying() -> None:
    at = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
    lines = await simulate(flow_of(BALANCE), [], at=at, language="zh-CN", caller="110")
    assert [line.partition("听到：")[2] for line in lines if "听到" in line] == [
        "您的余额是", "一千二百零二元零五分", "，来电号码", "幺幺零十二",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("say", "line", "reason"),
    [
        ("5", 5, "say: a text (in quotes) is wanted, not 5"),
        ("[]", 5, "at least 1"),
        ("\n      - 您好\n      - 5", 7, "say: a text (in quotes) is wanted, not 5"),
        ("\n      - {money: ten}", 6, 'say.money: an amount, such as 1234.50 is wanted, not "ten"'),
        ("\n      - 您好\n      - date: 26.11.2026", 7, "say.date: a date, such as 2026-11-26 is wanted"),
        ('\n      - {time: "25:00"}', 6, "say.time: a time of day, such as 14:30 is wanted"),
        ("\n      - {mony: '5'}", 6, "mony: is no key here; money is meant?"),
        ("\n      - {}", 6, "one of digits, number, money"),
        ("\n      - {money: '5', number: '6'}", 6, "one of digits, number, money"),
        ("\n      - {number: '5', currency: USD}", 6, "currency belongs to money"),
        ("\n      - {money: '5', currency: XXX}", 6, "CNY"),
        ("\n      - {money: '{{ balance }}'}", 6, "there is no variable balance"),
        ("\n      - {number: true}", 6, "say.number: a text (in quotes) is wanted, not true"),
    ],
)
def test_faults_are_told_with_the_line_of_the_item_and_what_is_wanted(say: str, line: int, reason: str) -> None:
    text = f"flow: x\nstart: a\nnodes:\n  a:\n    say: {say}\n"
    with pytest.raises(FaultyFile) as refused:
        check.parse(parse(text, "x.yaml"))
    faults = [(fault.line, fault.reason) for fault in refused.value.faults]
    assert any(at == line and reason in told for at, told in faults), faults
