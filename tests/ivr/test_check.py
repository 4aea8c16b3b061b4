"""What is wrong with a flow, with file and line; and that nothing else is said to be."""
# ruff: noqa: E501  # a table is read line by line

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import check, engine
from callcenterd.ivr.flow import Flow
from callcenterd.ivr.node import kinds
from callcenterd.yamltext import parse
from tests.ivr.calls import ScriptedCall, flow_of

ROOT = Path(__file__).parents[2]

CONTRACT = """\
flow: main
title: 总机
language: zh-CN
start: welcome
nodes:
  welcome: {play: welcome, next: menu}
  menu:
    menu: {say: "业务咨询请按 1，投诉建议请按 2，人工服务请按 0", timeout: 5, retries: 2}
    keys: {"1": sales, "2": complaint, "0": operator}
    otherwise: operator
  sales: {queue: sales, on_busy: offer, on_timeout: {after: 60, next: offer}}
  offer:
    menu: {say: "座席全忙，留言请按 1，预约回拨请按 2，继续等待请按 3"}
    keys: {"1": leave, "2": call_me, "3": sales}
    otherwise: leave
  leave: {voicemail: sales}
  call_me: {callback: sales}
  complaint: {queue: complaints}
  operator: {queue: sales}
"""


def test_the_example_of_the_contract_is_a_flow() -> None:
    flow = check.parse(parse(CONTRACT, "main.yaml"))
    assert (flow.name, flow.title, flow.language, flow.start, flow.operator) == (
        "main", "总机", "zh-CN", "welcome", "operator",
    )  # fmt: skip
    assert flow.lines == {
        "welcome": 6, "menu": 7, "sales": 11, "offer": 12, "leave": 16, "call_me": 17, "complaint": 18, "operator": 19,
    }  # fmt: skip
    assert {node.kind for node in flow.nodes.values()} == {"play", "menu", "queue", "voicemail", "callback"}


def test_a_dial_node_alone_is_a_flow() -> None:
    assert flow_of('out: {dial: "{{ called }}", trunks: [out], record: true}').nodes["out"].kind == "dial"  # type: ignore[index]


def test_the_flow_that_ships_is_one_and_needs_no_recording() -> None:
    flow = check.read(ROOT / "flows" / "main.yaml")
    assert check.missing_prompts(flow, ROOT / "prompts", "zh-CN") == []


HEAD = "flow: test\nstart: a\nnodes:\n"


def faults_of(text: str) -> list[tuple[int, str]]:
    faults: tuple[Fault, ...] = ()
    try:
        check.parse(parse(text, "test.yaml"))
    except FaultyFile as refused:
        faults = refused.faults
    assert all(fault.file == "test.yaml" for fault in faults)
    return [(fault.line, fault.reason) for fault in faults]


@pytest.mark.parametrize(
    ("text", "line", "part"),
    [
        pytest.param("", 1, "begins with flow:", id="an empty file"),
        pytest.param("- a\n- b", 1, "begins with flow:", id="a list"),
        pytest.param("start: a\nnodes: {a: {say: x}}", 1, "flow: is missing", id="no name"),
        pytest.param("flow: x\nnodes: {a: {say: x}}", 1, "start: is missing", id="no start"),
        pytest.param("flow: x\nstart: a", 1, "nodes: is missing", id="no nodes"),
        pytest.param("flow: x\nstart: a\nnodes: {}", 3, "at least one node", id="not one node"),
        pytest.param("flow: x\nstart: a\nnodes: [a]", 3, "group of keys", id="nodes as a list"),
        pytest.param("flow: ../x\nstart: a\nnodes: {a: {say: x}}", 1, "a name of letters", id="a name that is a path"),
        pytest.param("flow: x\nlanguage: 中文\nstart: a\nnodes: {a: {say: x}}", 2, "zh-CN or en", id="no language"),
        pytest.param("flow: x\nstrat: a\nstart: a\nnodes: {a: {say: x}}", 2, "start is meant?", id="a key mistyped"),
        pytest.param("flow: x\nstart: b\nnodes: {a: {say: x}}", 2, "there is no node b", id="a start that is not there"),
        pytest.param("flow: x\nstart: a\noperator: c\nnodes: {a: {say: x}}", 3, "there is no node c", id="an operator that is not there"),
        pytest.param(HEAD + "  a: {say: x}\n  a: {say: y}", 5, "stands twice, first in line 4", id="a node twice"),
        pytest.param(HEAD + "  a: {say: [x}", 4, "lacks a comma or its closing bracket", id="not YAML"),
        pytest.param(HEAD + "  a: hello", 4, "a node is a group of keys", id="a node that is a text"),
        pytest.param(HEAD + "  a:\n    next: a", 4, "no kind of node is named", id="a node without a kind"),
        pytest.param(HEAD + "  a: {sya: x}", 4, "sya is no kind of node; say is meant?", id="a kind mistyped"),
        pytest.param(HEAD + "  a:\n    say: x\n    play: y", 6, "one kind", id="a node of two kinds"),
        pytest.param(HEAD + "  a:\n    say: x\n    text: y", 6, "text: is no key here", id="an argument of another kind"),
        pytest.param(HEAD + "  a: {say: 5}", 4, "a text (in quotes) is wanted, not 5", id="a number for a text"),
        pytest.param(HEAD + "  a: {say: ''}", 4, "at least 1 character", id="nothing to say"),
        pytest.param(HEAD + "  a: {say: '{{ pin }}'}", 4, "there is no variable pin; there are called, caller", id="an unknown variable"),
        pytest.param(HEAD + "  a: {say: '{{ caller }'}", 4, "cannot be understood: unexpected", id="braces that do not close"),
        pytest.param(HEAD + "  a: {play: ../x}", 4, "name of a prompt", id="a prompt outside its folder"),
        pytest.param(HEAD + "  a: {hangup: Good Bye}", 4, "one word of small letters", id="a cause of two words"),
        pytest.param(HEAD + "  a: {say: x, next: b}", 4, "next: there is no node b", id="an exit into nothing"),
        pytest.param(HEAD + "  a: {say: x, next: wecome}\n  welcome: {say: x}", 4, "welcome is meant?", id="an exit mistyped"),
        pytest.param(HEAD + "  a: {say: x}\n  b: {say: y}", 5, "nobody can come to b", id="a node that nothing leads to"),
        pytest.param(HEAD + "  a: {say: x, next: b}\n  b: {say: y, next: a}", 4, "no way out", id="a circle"),
        pytest.param(HEAD + "  a: {say: x, next: a}", 4, "no way out", id="a node that follows itself"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys: {1: a, 2: a}\n    otherwise: a", 4, "no way out", id="a menu without a way out"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys: {}\n    otherwise: b\n  b: {say: y}", 6, "at least 1", id="a menu without keys"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys:\n      '1': b\n      '10': b\n    otherwise: b\n  b: {say: y}", 8, "10 is no key", id="a key that is none"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys:\n      '1': b\n      '2': c\n    otherwise: b\n  b: {say: y}", 8, "keys.2: there is no node c", id="a key that leads nowhere"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys: {'1': b}\n  b: {say: y}", 4, "otherwise: is missing", id="a menu without otherwise"),
        pytest.param(HEAD + "  a:\n    menu: {timeout: 5}\n    keys: {'1': b}\n    otherwise: b\n  b: {say: y}", 5, "say or play is wanted", id="a menu that asks nothing"),
        pytest.param(HEAD + "  a:\n    menu: {say: x, text: y}\n    keys: {'1': b}\n    otherwise: b\n  b: {say: y}", 5, "text belongs to play", id="a text for what is read anyhow"),
        pytest.param(HEAD + "  a:\n    menu: {say: x, timeout: 0}\n    keys: {'1': b}\n    otherwise: b\n  b: {say: y}", 5, "more than 0", id="no time for a key"),
        pytest.param(HEAD + "  a:\n    menu: {say: x, retries: true}\n    keys: {'1': b}\n    otherwise: b\n  b: {say: y}", 5, "whole number", id="true is no number"),
        pytest.param(HEAD + "  a: {queue: sales, on_timeout: 60}", 4, "group of keys", id="a limit without its exit"),
        pytest.param(HEAD + "  a: {queue: sales, on_timeout: {after: 60, next: b}}", 4, "on_timeout.next: there is no node b", id="a limit that leads nowhere"),
        pytest.param(HEAD + "  a: {dial: '1', trunks: out}", 4, "a list is wanted", id="a trunk that is no list"),
        pytest.param(HEAD + "  a: {dial: '1', record: 1}", 4, "true or false", id="1 is not true"),
        pytest.param(HEAD + "  'a b': {say: x}\n  a: {say: y}", 4, "is no name for a node", id="a name with a space"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line_and_what_to_do(text: str, line: int, part: str) -> None:
    found = faults_of(text)
    assert any(at == line and part in reason for at, reason in found), found


def test_all_faults_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = HEAD + "  a: {sya: x}\n  b: {say: 5}\n  c: {say: x, next: d}\n  e: {hangup: NO}\ntitel: x"
    assert [line for line, _ in faults_of(text)] == [4, 5, 6, 7, 8]


def test_one_fault_brings_no_others_that_are_none() -> None:
    """A node that cannot be read may lead anywhere: nothing is said about what then seems out of reach."""
    assert len(faults_of(HEAD + "  a: {sya: x, next: b}\n  b: {say: y}")) == 1
    assert len(faults_of(HEAD + "  a: {say: x, next: bb}\n  b: {say: y}")) == 1


def test_the_operator_can_be_reached_by_key_0_alone() -> None:
    assert faults_of(HEAD + "  a: {say: x}\n  operator: {queue: sales}") == []


def test_prompts_that_are_neither_recorded_nor_written_are_told(tmp_path: Path) -> None:
    flow = flow_of("a: {play: news, next: b}\nb: {play: welcome, next: c}\nc: {queue: q, music: jazz}")
    assert [
        (fault.line, fault.reason.partition(" in ")[0]) for fault in check.missing_prompts(flow, tmp_path, "en")
    ] == [
        (5, "a: there is no recording news"),
        (7, "c: there is no music jazz"),
    ]
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "jazz.mp3").touch()
    (tmp_path / "news.wav").touch()
    assert check.missing_prompts(flow, tmp_path, "en") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=20,
)
FIELDS = sorted({field for kind in kinds().values() for field in kind.model_fields})
NAMES = st.sampled_from(["a", "b", "c", "operator"])
VALUES = (
    NAMES
    | st.sampled_from(["{{ caller }}", "{{ x }}", 1, 2.5, True, None, ["a"], {"after": 1, "next": "a"}, {"say": "x"}])
    | st.dictionaries(st.sampled_from("0123#x"), NAMES, max_size=3)
    | JSON
)
NODES = st.one_of(
    st.fixed_dictionaries({"say": NAMES}, optional={"next": NAMES}),
    st.fixed_dictionaries({"queue": NAMES}, optional={"next": NAMES, "on_busy": NAMES, "on_no_agents": NAMES}),
    st.fixed_dictionaries({"dial": NAMES}, optional={"next": NAMES, "on_busy": NAMES, "on_failed": NAMES}),
    st.fixed_dictionaries(
        {
            "menu": st.fixed_dictionaries({"say": NAMES}, optional={"retries": st.integers(0, 2)}),
            "keys": st.dictionaries(st.sampled_from("012#"), NAMES, min_size=1, max_size=3),
            "otherwise": NAMES,
        }
    ),
    st.fixed_dictionaries({"voicemail": NAMES}, optional={"next": NAMES}),
    st.just({"hangup": "normal"}),
)
FLOWS = st.fixed_dictionaries(
    {"flow": st.just("x"), "start": NAMES, "nodes": st.dictionaries(NAMES, NODES, min_size=1, max_size=4)}
)


def checked(data: Any) -> Flow | None:
    """A flow, or None where it is refused; anything else that is raised fails the test."""
    try:
        return check.parse(parse(json.dumps(data), "x.yaml"))
    except FaultyFile as refused:
        faults = refused.faults
    assert faults
    assert all(fault.line >= 1 and fault.reason for fault in faults)
    return None


@given(JSON)
@settings(deadline=None)
def test_nothing_that_yaml_can_say_does_more_than_be_refused(data: Any) -> None:
    checked(data)
    checked({"flow": "x", "start": "a", "nodes": data})
    checked({"flow": "x", "start": "a", "nodes": {"a": data}})


@given(st.dictionaries(NAMES, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4), max_size=4))
@settings(deadline=None)
def test_no_arguments_do_more_than_be_refused(nodes: dict[str, Any]) -> None:
    checked({"flow": "x", "start": "a", "nodes": nodes})


@given(
    FLOWS,
    st.lists(st.sampled_from(["0", "1", "2", "#", None]), max_size=30),
    st.lists(st.sampled_from(["served", "timed_out", "no_agents", "busy"]), max_size=30),
)
@settings(deadline=None, max_examples=300)
async def test_a_checked_flow_can_be_walked_whatever_the_caller_does(
    data: Any, keys: list[str | None], queue: list[Any]
) -> None:
    """It comes to its end, or is stopped; no exit is missing, and no call hangs."""
    flow = checked(data)
    if flow is None:
        return
    call = ScriptedCall(keys, queue=queue)
    with contextlib.suppress(engine.FlowStuck):
        await engine.run(flow, call)
    assert len(call.walked) <= engine.MAX_NODES
