"""A flow's text as the editor sees it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from callcenterd.errors import FaultyFile, Refused
from callcenterd.ivr.graph import changed, difference, look, shown_kinds, walked
from callcenterd.ivr.node import kinds

TEXT = """\
# the main number
flow: main
start: menu
nodes:
  menu:
    menu: {say: "业务请按 1"}   # short
    keys: {"1": sales, "2": nowhere}
    otherwise: sales
  sales: {queue: sales, on_timeout: {after: 60, next: bye}}
  bye: {hangup: normal}
  lost: {sya: "x"}
"""


def test_nodes_are_told_with_their_exits_and_faults_with_their_place() -> None:
    seen = look(TEXT)
    assert seen.name == "main"
    assert [(node.name, node.kind, node.line, node.column, node.ends) for node in seen.nodes] == [
        ("menu", "menu", 5, 3, False),
        ("sales", "queue", 9, 3, True),
        ("bye", "hangup", 10, 3, True),
        ("lost", None, 11, 3, None),
    ]
    exits = {(node.name, ".".join(each.path)): each.to for node in seen.nodes for each in node.exits}
    assert exits == {
        ("menu", "keys.1"): "sales",
        ("menu", "keys.2"): "nowhere",
        ("menu", "otherwise"): "sales",
        ("sales", "on_timeout.next"): "bye",
    }
    assert [(fault.line, fault.column, fault.node) for fault in seen.faults] == [(7, 29, "menu"), (11, 10, "lost")]


def test_a_node_with_a_fault_keeps_the_exits_that_can_be_read() -> None:
    seen = look(TEXT.replace("after: 60", "after: soon").replace("otherwise: sales", "otherwise: sales\n    wrong: 1"))
    exits = {(node.name, ".".join(each.path)): each.to for node in seen.nodes for each in node.exits}
    assert (exits["sales", "on_timeout.next"], exits["menu", "keys.1"]) == ("bye", "sales")


@pytest.mark.parametrize(
    "text", ["", "flow: [", "a: 1\na: 2\n", "- list\n", "nodes: {a: {say: x}}\n", "\x00", "nodes: 5"]
)
def test_whatever_stands_there_is_looked_at(text: str) -> None:
    seen = look(text)
    assert seen.faults
    assert all(fault.line >= 1 and fault.column >= 1 for fault in seen.faults)


def test_a_change_comes_back_as_text_with_its_comments_and_faults() -> None:
    wanted = look(TEXT).data
    assert wanted is not None
    del wanted["nodes"]["lost"]
    wanted["nodes"]["menu"]["keys"]["2"] = "bye"
    after = changed(TEXT, wanted, {})
    assert after.faults == ()
    assert after.text == TEXT.replace("nowhere", "bye").replace('  lost: {sya: "x"}\n', "")


def test_every_kind_says_where_its_exits_are_and_what_its_arguments_are() -> None:
    shown = {kind.kind: kind for kind in shown_kinds()}
    assert shown.keys() == kinds().keys()
    assert set(shown["menu"].exits) == {("keys", "*"), ("otherwise",), ("on_error",)}
    assert ("branch", "*", "next") in shown["branch"].exits
    assert ("on_timeout", "next") in shown["queue"].exits
    assert ("keys", "*") in shown["queue"].exits
    for kind in shown.values():
        assert kind.help["zh-CN"]
        assert kind.help["en"]
        assert kind.kind in kind.fields["properties"]


def test_two_texts_differ_by_line_and_by_node() -> None:
    after = (
        TEXT.replace("nowhere", "bye")
        .replace("  bye: {hangup: normal}\n", "  end: {hangup: normal}\n")
        .replace("flow: main", "flow: main\ntitle: 总机")
    )
    told = difference(TEXT, after)
    assert (told.added, told.changed, told.removed, told.head) == (("end",), ("menu",), ("bye",), ("title",))
    assert "-  bye: {hangup: normal}\n+  end: {hangup: normal}" in told.unified
    assert difference(TEXT, TEXT + "# a comment\n").changed == ()
    assert difference(TEXT, "flow: [").readable is False
    assert difference(TEXT, TEXT).unified == ""


NOON = datetime(2026, 10, 1, 4, tzinfo=UTC)


def test_a_text_is_walked_without_a_phone() -> None:
    whole = TEXT.replace("nowhere", "bye").replace('  lost: {sya: "x"}\n', "")

    def walk(text: str, keys: str) -> list[str]:
        return walked(text, keys, at=NOON, language="en", caller="1", called="2", agents="free", hours="open")

    assert walk(whole, "2")[-1].endswith("hung up (normal)")
    with pytest.raises(FaultyFile):
        walk(TEXT, "2")
    with pytest.raises(Refused):
        walk(whole, "x")
