"""Edited flows keep their comments: tables of what becomes of a text, and series of chance edits."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd import yamltext
from callcenterd.ivr import splice
from callcenterd.ivr.splice import CannotSplice, comments, new_text, same, spliced

PLAIN = """\
# the office's main flow

flow: main   # its name
title: '总机'
start: welcome
nodes:
  # said to everybody
  welcome: {say: "您好", next: menu}   # in a line

  menu:
    # the question
    menu: {say: '业务请按 1', timeout: 5}  # five seconds
    keys: {"1": sales, '2': leave, 0: operator}
    otherwise: operator # else

  sales: {queue: sales,  # many agents
    on_busy: leave,      # or not
    next: bye}
  operator:
    queue: sales
    # nobody there
    on_no_agents: leave
  leave: {voicemail: sales}
  # the end
  bye:
    say:
      - "再见"      # first
      # then
      - {money: "12.50"}
      - |
        两行
        文字
    interruptible: false
# after all
"""


def edit(text: str, change: Any, **renamed: str) -> str:
    wanted = json.loads(json.dumps(yamltext.parse(text, "x").data))
    change(wanted)
    return spliced(text, wanted, renamed)


def _set(*path: Any) -> Any:
    *to, key, value = path

    def change(wanted: Any) -> None:
        for step in to:
            wanted = wanted[step]
        wanted[key] = value

    return change


def _out(*path: Any) -> Any:
    *to, key = path

    def change(wanted: Any) -> None:
        for step in to:
            wanted = wanted[step]
        del wanted[key]

    return change


def test_what_is_not_changed_is_the_same_octet_for_octet() -> None:
    assert edit(PLAIN, lambda wanted: None) == PLAIN


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        pytest.param(_set("title", "前台"), "title: '总机'", "title: '前台'", id="a text keeps its quotes"),
        pytest.param(_set("title", "it's"), "title: '总机'", "title: 'it''s'", id="a quote in quotes"),
        pytest.param(_set("start", "menu"), "start: welcome", "start: menu", id="a plain word stays plain"),
        pytest.param(_set("start", "no"), "start: welcome", 'start: "no"', id="a word that is taken for another"),
        pytest.param(_set("nodes", "welcome", "next", "bye"), "next: menu}", "next: bye}", id="an exit"),
        pytest.param(_out("nodes", "welcome", "next"), '"您好", next: menu}', '"您好"}', id="the last in brackets"),
        pytest.param(_out("nodes", "welcome", "say"), 'say: "您好", next', "next", id="the first in brackets"),
        pytest.param(_set("nodes", "welcome", "x", 5), "next: menu}", "next: menu, x: 5}", id="added in brackets"),
        pytest.param(_set("nodes", "menu", "menu", "timeout", 7.5), "timeout: 5}", "timeout: 7.5}", id="a number"),
        pytest.param(_set("nodes", "menu", "keys", "1", "bye"), '"1": sales', '"1": bye', id="where a key leads"),
        pytest.param(_out("nodes", "menu", "keys", "0"), "leave, 0: operator}", "leave}", id="a key out"),
        pytest.param(
            _set("nodes", "operator", "next", "bye"),
            "    on_no_agents: leave\n",
            "    on_no_agents: leave\n    next: bye\n",
            id="an argument in a line of its own",
        ),
        pytest.param(
            _set("nodes", "sales", "next", None), "    next: bye}", "    next: null}", id="nothing instead of something"
        ),
        pytest.param(
            _out("nodes", "sales", "on_busy"), "    on_busy: leave,      # or not\n", "    # or not\n", id="in lines"
        ),
        pytest.param(
            _set("nodes", "bye", "say", 2, "一\n二\n"), "两行\n        文字", "一\n        二", id="lines of text"
        ),
        pytest.param(_out("nodes", "bye", "say", 0), '      - "再见"      # first\n', "", id="an item of a list"),
        pytest.param(
            _set("nodes", "bye", "interruptible", True), "interruptible: false", "interruptible: true", id="yes or no"
        ),
        pytest.param(
            _set("nodes", "leave", {"hangup": "normal"}), "{voicemail: sales}", "{hangup: normal}", id="another kind"
        ),
        pytest.param(
            _set("nodes", "new", {"say": "新", "next": "bye"}),
            "    interruptible: false\n",
            "    interruptible: false\n  new: {say: 新, next: bye}\n",
            id="a new node",
        ),
        pytest.param(_out("nodes", "leave"), "  leave: {voicemail: sales}\n", "", id="a node out; the comment stays"),
    ],
)
def test_a_change_replaces_its_own_text_only(change: Any, before: str, after: str) -> None:
    assert PLAIN.count(before) == 1
    assert edit(PLAIN, change) == PLAIN.replace(before, after)
    windows = PLAIN.replace("\n", "\r\n")
    assert edit(windows, change) == windows.replace(before.replace("\n", "\r\n"), after.replace("\n", "\r\n"))


def test_a_new_node_stands_after_the_one_before_it_and_is_in_lines_if_long() -> None:
    def change(wanted: Any) -> None:
        nodes = wanted["nodes"]
        menu = {
            "menu": {"say": "座席全忙，留言请按 1，预约回拨请按 2，继续等待请按 3"},
            "keys": {"1": "leave", "2": "bye"},
        }
        wanted["nodes"] = {"welcome": nodes.pop("welcome"), "offer": {**menu, "otherwise": "leave"}, **nodes}

    new = """\
  offer:
    menu: {say: "座席全忙，留言请按 1，预约回拨请按 2，继续等待请按 3"}
    keys: {"1": leave, "2": bye}
    otherwise: leave
"""
    line = '  welcome: {say: "您好", next: menu}   # in a line\n'
    assert edit(PLAIN, change) == PLAIN.replace(line, line + new)


def test_a_node_gets_another_name_and_keeps_its_place() -> None:
    def change(wanted: Any) -> None:
        nodes = wanted["nodes"]
        nodes["bell"] = nodes.pop("leave")
        nodes["menu"]["keys"]["2"] = "bell"
        nodes["sales"]["on_busy"] = nodes["operator"]["on_no_agents"] = "bell"

    named = edit(PLAIN, change, leave="bell")
    assert named == PLAIN.replace("leave", "bell")


def test_two_nodes_change_their_names() -> None:
    text = "flow: a\nstart: x\nnodes:\n  x: {say: 1}  # one\n  w: {say: 2}  # two\n"
    wanted = {"flow": "a", "start": "x", "nodes": {"w": {"say": 1}, "x": {"say": 2}}}
    assert spliced(text, wanted, {"x": "w", "w": "x"}) == text.replace("  x", "  z").replace("  w", "  x").replace(
        "  z", "  w"
    )


def test_the_last_node_goes_and_one_comes_again() -> None:
    text = "flow: a\nstart: x\nnodes:   # all of them\n  # the first\n  x:\n    say: hi\n"
    empty = edit(text, _out("nodes", "x"))
    assert empty == "flow: a\nstart: x\nnodes: {}   # all of them\n  # the first\n"
    assert edit(empty, _set("nodes", "w", {"say": "hi"})).startswith("flow: a\nstart: x\nnodes: {w: {say: hi}}   #")


def test_a_file_without_a_line_end_at_its_end() -> None:
    text = "flow: a\nstart: x\nnodes:\n  x: {say: hi}"
    assert edit(text, _set("nodes", "w", {"say": "ho"})) == text + "\n  w: {say: ho}"


def test_a_flow_without_a_file_is_written_anew() -> None:
    wanted = {"flow": "a", "start": "x", "nodes": {"x": {"say": "hi", "next": "w"}, "w": {"hangup": "normal"}}}
    text = "flow: a\nstart: x\nnodes:\n  x: {say: hi, next: w}\n  w: {hangup: normal}\n"
    assert new_text(wanted) == text
    assert spliced("# only a comment", wanted) == "# only a comment\n" + text


@pytest.mark.parametrize(
    ("text", "change"),
    [
        pytest.param(
            "flow: a\nstart: x\nnodes:\n  x: &same {say: hi}\n  w: *same\n",
            _set("nodes", "x", "say", "ho"),
            id="a change that would change another node too",
        ),
        pytest.param(
            "flow: a\nstart: x\nnodes:\n  x: {say: &hi hi}\n  w: {say: *hi}\n",
            _out("nodes", "x"),
            id="what stands for another is taken out",
        ),
    ],
)
def test_what_cannot_be_done_without_a_loss_is_refused(text: str, change: Any) -> None:
    with pytest.raises(CannotSplice):
        edit(text, change)


def test_rows_change_places_with_what_stands_behind_them() -> None:
    text = (
        "flow: main\nstart: s\nnodes:\n  s:\n    survey:\n      # the questions\n      b: B?   # about b\n"
        '      c: "C?"\n      d: [x, {digits: "1"}]\n    next: v\n  v: {set: {a: 1, b: 2, c: 3}, next: e}  # set\n'
        '  e: {menu: {say: x}, keys: {"9": s, "1": v}, otherwise: s}\n'
    )

    def change(wanted: Any) -> None:
        questions = wanted["nodes"]["s"]["survey"]
        wanted["nodes"]["s"]["survey"] = {"d": questions["d"], "c": "Else?", "b": questions["b"]}
        wanted["nodes"]["v"]["set"] = {"c": 3, "a": 1, "b": 2}
        wanted["nodes"]["e"]["keys"] = {"1": "v", "9": "s"}  # as a browser sorts them: nobody's wish

    assert edit(text, change) == (
        "flow: main\nstart: s\nnodes:\n  s:\n    survey:\n      # the questions\n"
        '      d: [x, {digits: "1"}]\n      c: "Else?"\n      b: B?   # about b\n    next: v\n'
        '  v: {set: {c: 3, a: 1, b: 2}, next: e}  # set\n  e: {menu: {say: x}, keys: {"9": s, "1": v}, otherwise: s}\n'
    )


def test_comments_are_found_and_what_looks_like_one_is_not() -> None:
    text = 'a: "x # no"  # yes\nb: c#no\n#yes\nd: |  \n  # no\n'
    assert [words for _, words in comments(text)] == ["# yes", "#yes"]


# ---- chance -------------------------------------------------------------------------------------------------------

WORDS = (
    "您好",
    "a: b",
    "# no comment",
    "it's",
    "",
    " blank ",
    "1",
    "yes",
    "两行\n文字\n",
    "tab\there",
    "😀",
    'say "x"',
    "-",
    "{a",
)
OTHERS: tuple[Any, ...] = (5, 2.5, True, None, ["a", "b"], {"after": 60, "next": "x"}, -1)


class Chance:
    """A person at the editor who does anything."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.new = 0

    def text(self) -> str:
        return self.chance.choice(WORDS)

    def value(self) -> Any:
        return self.chance.choice(OTHERS) if self.chance.random() < 0.4 else self.text()

    def node(self, names: list[str]) -> dict[str, Any]:
        to = self.chance.choice(names)
        kinds: list[dict[str, Any]] = [
            {"say": self.text(), "next": to},
            {"menu": {"say": self.text(), "timeout": 3}, "keys": {"1": to, "#": to}, "otherwise": to},
            {"queue": "sales", "on_timeout": {"after": 60, "next": to}, "next": to},
            {"say": [self.text(), {"money": "1.5"}, self.text()]},
        ]
        return copy.deepcopy(self.chance.choice(kinds))

    def change(self, wanted: dict[str, Any]) -> tuple[dict[str, str], set[str]]:
        """One edit of the data. Answers the names that changed, and the nodes that were touched."""
        nodes, names = wanted["nodes"], list(wanted["nodes"])
        name = self.chance.choice(names) if names else ""
        match self.chance.randrange(6):
            case 0 if len(names) < 14:
                self.new += 1
                made = {f"new_{self.new}": self.node([*names, f"new_{self.new}"])}
                at = self.chance.randrange(len(names) + 1)
                wanted["nodes"] = {**{n: nodes[n] for n in names[:at]}, **made, **{n: nodes[n] for n in names[at:]}}
                return {}, set(made)
            case 1 if len(names) > 1:
                del nodes[name]
                return {}, {name}
            case 2 if names:
                self.new += 1
                other = f"名_{self.new}"
                wanted["nodes"] = {other if n == name else n: nodes[n] for n in names}
                touched = {n for n in names if _lead(nodes[n], name, other)}
                return {name: other}, {name, *touched}
            case 3:
                wanted[self.chance.choice(["title", "start", "operator", "language"])] = self.text()
                return {}, set()
            case _ if names:
                self._touch(nodes[name], names)
                return {}, {name}
        return {}, set()

    def _touch(self, value: Any, names: list[str]) -> None:
        if isinstance(value, list):
            at = self.chance.randrange(len(value) + 1)
            if self.chance.random() < 0.5 and len(value) > 1:
                del value[min(at, len(value) - 1)]
            else:
                value.insert(at, self.value())
            return
        within = [each for each in value.values() if isinstance(each, dict | list) and each]
        if within and self.chance.random() < 0.5:
            self._touch(self.chance.choice(within), names)
            return
        key = self.chance.choice([*value, "next", "on_busy", "3", "text"])
        if key in value and len(value) > 1 and self.chance.random() < 0.4:
            del value[key]
        else:
            value[key] = self.chance.choice(names) if self.chance.random() < 0.4 else self.value()


def _lead(value: Any, old: str, new: str) -> bool:
    """Everything that leads to `old` leads to `new`. Was there anything?"""
    found = False
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if item == old:
            value[key], found = new, True
        elif isinstance(item, dict | list):
            found |= _lead(item, old, new)
    return found


class Read:
    """A text as a careful reader sees it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.data = json.loads(json.dumps(yamltext.parse(text, "x").data))
        top = splice.outline(text)
        nodes = splice.find(top, ("nodes",))
        assert nodes is not None
        spans = {str(entry.key): (entry.key_start, entry.end) for entry in nodes.value.entries}
        told = comments(text, top)
        self.comments = [words for _, words in told]
        self.nodes = {name: text[start:end] for name, (start, end) in spans.items()}
        self.outside = [
            words
            for at, words in told
            if not any(start <= at < end for start, end in spans.values())
            and not text[text.rfind("\n", 0, at) + 1 : at].strip(" ")
        ]
        """Comments in lines of their own that stand in no node."""


BRACKETS = """\
# one
flow: a
start: x
nodes: {
  # two
  x: {say: 1, next: y},  # three
  y: {say: [a, 'b']}
}
# four
"""

WIDE = """\
nodes:
    a:  # wide
        menu:
            say: hi
        # keys
        keys:
            1: b
            # two
            2: b
        otherwise: b
    b:
        say:
        - x
        - y  # last
flow: z
start: a
# end"""

STYLES = {"lines": PLAIN, "windows": PLAIN.replace("\n", "\r\n"), "brackets": BRACKETS, "wide": WIDE}


@pytest.mark.parametrize("style", STYLES)
@settings(max_examples=100)
@given(seed=st.integers(0, 1 << 32))
def test_chance_edits_keep_meaning_comments_and_all_other_text(style: str, seed: int) -> None:
    chance = Chance(seed)
    was = Read(STYLES[style])
    for _ in range(chance.chance.randrange(1, 8)):
        wanted = copy.deepcopy(was.data)
        renamed, touched = chance.change(wanted)
        now = Read(spliced(was.text, wanted, renamed))
        assert same(now.data, wanted)
        left = iter(now.comments)
        assert all(words in left for words in was.outside), "a comment outside is gone, or elsewhere"
        for name in was.nodes.keys() - touched:
            assert now.nodes[name] == was.nodes[name]
        was = now
