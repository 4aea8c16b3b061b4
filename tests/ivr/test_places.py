"""Where a fault of a flow stands, to the column; in which language it is told; and what the office has not."""
# ruff: noqa: E501  # a table is read line by line

from __future__ import annotations

import ipaddress
import re
from pathlib import Path

import pytest

from callcenterd.errors import Fault, FaultyFile
from callcenterd.ivr import check, graph, naming
from callcenterd.ivr.graph import Office
from callcenterd.ivr.naming import Known
from callcenterd.model.site import QueueSettings, Site, Trunk
from callcenterd.yamltext import parse

HEAD = "flow: test\nstart: a\nnodes:\n"


def faults_of(text: str) -> tuple[Fault, ...]:
    try:
        return check.look(parse(text, "test.yaml")).faults
    except FaultyFile as refused:
        return refused.faults


@pytest.mark.parametrize(
    ("text", "marked", "part"),
    [
        pytest.param(HEAD + "  a: {say: x, next: nowhere}", "nowhere", "there is no node", id="an exit"),
        pytest.param(HEAD + "  a: {say: x, nxet: a}", "nxet", "is no key here", id="a key mistyped"),
        pytest.param(HEAD + "  a: {say: 5.5.5, interruptible: maybe}", "maybe", "true or false", id="a wrong value"),
        pytest.param(HEAD + "  a: {sya: x}", "sya", "say is meant?", id="a kind mistyped"),
        pytest.param(HEAD + "  a: {say: x, play: y}", "play: y", "one kind", id="a second kind"),
        pytest.param(HEAD + "  a:\n    menu: {say: x}\n    keys: {'1': a}", "a:\n    menu", "otherwise: is missing", id="what is missing"),
        pytest.param(HEAD + "  a: {say: x}\n  b: {say: y}", "b: {say", "nobody can come", id="a node out of reach"),
        pytest.param(HEAD + "  a: {say: x, next: a}", "a: {say", "no way out", id="a circle"),
        pytest.param(HEAD + "  a: {say: x}\n  a: {say: y}", "a: {say: y", "stands twice", id="a node twice"),
        pytest.param(HEAD + "  a: {say: [x}", "}", "lacks a comma", id="no YAML"),
        pytest.param(HEAD + "  a: {say: 'to {{ callre }}, please'}", "callre", "caller is meant?", id="an unknown variable in a text"),
        pytest.param(HEAD + '  a: {say: "to {{ caller | map }}"}', "map", "no filter", id="an unknown filter in a text"),
        pytest.param(HEAD + "  a: {say: 'to {{ caller caller }}'}", "caller }}", "cannot be understood", id="a template that is none"),
        pytest.param(HEAD + "  a: {say: 'to {{ caller }'}", "}'}", "cannot be understood", id="braces that do not close"),
        pytest.param(HEAD + "  a:\n    branch:\n      - {when: caller = 5, next: b}\n    otherwise: b\n  b: {hangup: x}", "= 5", "cannot be understood", id="a condition that is none"),
        pytest.param(HEAD + "  a:\n    branch:\n      - {when: called == callee, next: b}\n    otherwise: b\n  b: {hangup: x}", "callee", "there is no variable", id="an unknown variable in a condition"),
        pytest.param(HEAD + "  a: {say: '{{ caller.__class__ }}'}", "__class__", "begins with _", id="a name of Python's"),
        pytest.param("flow: x\nstart: b\nnodes: {a: {say: x}}", "b\n", "there is no node", id="the start"),
    ],
)  # fmt: skip
def test_a_fault_stands_where_its_cause_is(text: str, marked: str, part: str) -> None:
    """marked: what stands at the place that is told."""
    lines = text.splitlines(keepends=True)
    places = [
        "".join([lines[fault.line - 1][fault.column - 1 :], *lines[fault.line :]])
        for fault in faults_of(text)
        if part in fault.reason
    ]
    assert places, faults_of(text)
    assert any(place.startswith(marked) for place in places), places


def test_a_text_of_several_lines_has_its_fault_at_its_beginning() -> None:
    text = HEAD + "  a:\n    say: >\n      one\n      {{ nobody }}\n"
    (fault,) = faults_of(text)
    assert (fault.line, "no variable nobody" in fault.reason) == (5, True)


ALL_WRONG = """\
flow: test
title: 5
strat: a
start: a
nodes:
  a: {say: "{{ nobody }}", next: nowhere, interruptible: 1, extra: 1}
  b: {sya: x}
  c: {menu: {say: x, timeout: 0, retries: 99}, keys: {}, otherwise: a}
  d: {collect: X, ask: "", least: 5, most: 50}
  e: {http: "ftp://x", retries: 9, method: PUT, send: {a: [1]}}
  f: {conference: r, pin: "1", most: 1}
  g: {branch: [{next: a}, {when: "1 +", next: a}], otherwise: a}
  h: {say: [{money: much}, {digits: x, number: 5}, {currency: CNY}]}
  i: {transfer: nobody}
  j: {voicemail: "box:1"}
  k: {queue: sales, keys: {"10": a}, priority: 1000, skills: {a: 11}}
  l: {hangup: Good Bye, operator: maybe}
  m: {language: 中文}
  n: {play: ../x}
  o: hello
  p: {set: {x: [1], caller: 2}, next: a}
  q: {lookup: name}
"""


def test_every_fault_is_told_at_once_and_in_the_language_of_who_reads() -> None:
    faults = faults_of(ALL_WRONG)
    assert len(faults) >= 30
    assert {fault.line for fault in faults} >= set(range(2, 4)) | set(range(6, 23)) - {6}
    for fault in faults:
        chinese = fault.reason.told("zh-CN")  # type: ignore[attr-defined]  # a Said
        assert re.search(r"[\u4e00-\u9fff]", chinese), f"no Chinese for {fault.reason!r}"
        assert " is wanted" not in chinese
        assert not re.search(r"\b(input|should|valid)\b", chinese.lower()), f"pydantic's own words: {chinese!r}"
        assert fault.column >= 1


OFFICE = Known(
    {
        **naming.of_site(
            Site(queues=(QueueSettings(name="sales"),), trunks=(Trunk(name="out", host="192.0.2.1"),))  # type: ignore[arg-type]
        ),
        "host": frozenset({"crm.example.com", "10.0.0.5:8080", "10.1.1.1"}),
        "secret": frozenset({"token"}),
        "flow": frozenset({"night"}),
    },
    (ipaddress.ip_network("10.0.0.0/24"),),
)


@pytest.mark.parametrize(
    ("node", "marked", "said"),
    [
        ("{queue: slaes}", "slaes", "没有技能组 slaes；是不是 sales？"),
        ("{queue: sales, agent: '1001'}", "'1001'", "没有座席 1001"),
        ("{callback: support}", "support", "没有技能组 support"),
        ("{voicemail: support}", "support", "没有技能组 support"),
        ("{voicemail: 'extension:8001'}", "'extension", "没有分机 8001"),
        ("{dial: '1', trunks: [out, other]}", "other", "没有中继 other"),
        ("{hours: office}", "office", "没有日历 office"),
        ("{branch: [{hours: office, next: b}], otherwise: b}", "office", "没有日历 office"),
        ("{transfer: 'queue:support'}", "'queue", "没有技能组 support"),
        ("{transfer: 'agent:1001'}", "'agent", "没有座席 1001"),
        ("{transfer: 'flow:day'}", "'flow", "没有流程 day"),
        ("{subflow: day}", "day", "没有流程 day"),
        ("{http: 'https://erp.example.com/x'}", "'https", "主机 erp.example.com 不在配置的 business.hosts 中"),
        ("{http: 'https://crm.example.com:8443/x'}", "'https", "主机 crm.example.com:8443 不在配置的 business.hosts 中"),
        ("{http: 'http://10.1.1.1/x'}", "'http", "10.1.1.1 是内部地址，不在配置的 business.networks 中"),
        ("{http: 'https://crm.example.com/x', secrets: {Authorization: tokne}}", "tokne", "没有密钥 tokne（business.secrets_file）；是不是 token？"),
    ],
)  # fmt: skip
def test_what_the_office_has_not_is_told_where_it_is_named(node: str, marked: str, said: str) -> None:
    text = HEAD + f"  a: {node}\n  b: {{hangup: normal}}\n"
    (fault,) = check.unknown_names(check.look(parse(text, "test.yaml")).part, OFFICE)
    assert text.splitlines()[fault.line - 1][fault.column - 1 :].startswith(marked)
    assert fault.reason.told("zh-CN").removeprefix("a：").startswith(said)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "node",
    [
        "{queue: sales}",
        "{voicemail: 'extension:{{ called }}'}",
        "{transfer: 'number:01062960000'}",
        "{http: 'http://10.0.0.5:8080/{{ caller }}'}",
        "{http: 'https://crm.example.com:443/x', secrets: {Authorization: token}}",
        "{conference: anything}",
        "{subflow: night}",
    ],
)
def test_what_is_there_or_only_known_in_the_call_is_no_fault(node: str) -> None:
    assert check.unknown_names(check.look(parse(HEAD + f"  a: {node}\n", "t")).part, OFFICE) == []


def test_a_name_is_also_told_of_a_flow_that_has_other_faults(tmp_path: Path) -> None:
    """All at once: who mends one fault after the other would meet the queue that is not there last."""
    text = HEAD + "  a: {queue: slaes, next: nowhere}\n  b: {sya: x}\n  c: {play: unheard}\n"
    seen = graph.look(text, "test.yaml", Office(OFFICE, tmp_path))
    assert [(fault.line, fault.node, fault.path, fault.warning) for fault in seen.faults] == [
        (4, "a", ("queue",), False),
        (4, "a", ("next",), False),
        (5, "b", ("sya",), False),
        (6, "c", ("play",), True),
    ]


def test_of_what_nothing_is_known_nothing_is_said() -> None:
    assert check.unknown_names(check.look(parse(HEAD + "  a: {queue: any}\n", "t")).part, Known()) == []
