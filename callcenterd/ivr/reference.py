"""docs/flows.md, drawn from the nodes: `python -m callcenterd.ivr.reference` prints it, a test keeps it current."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from callcenterd.ivr import texts
from callcenterd.ivr.engine import LONGEST, MAX_ALONE, MAX_DEPTH, MAX_NODES, MAX_UNATTENDED
from callcenterd.ivr.expression import FILTERS, TESTS
from callcenterd.ivr.flow import Head
from callcenterd.ivr.node import PLUG_INS, VARIABLES, Node, kinds
from callcenterd.ivr.spoken import values
from callcenterd.model.cards import CURRENCIES

_EXAMPLES: Mapping[values.Kind, str] = {
    "digits": "13800138000",
    "number": "-10250.5",
    "money": "1202.05",
    "date": "2026-11-26",
    "time": "14:05",
    "duration": "3725",
    "ordinal": "21",
}

_OPENING = f"""\
# Call flows · 流程文件

Drawn from the nodes by `python -m callcenterd.ivr.reference`; a test keeps it current.

A flow is a YAML file in the `flows` folder. It has a head and nodes. A node is one key that names its kind, with that
kind's arguments, and the names of the nodes to go to. `flows/main.yaml` is an example that works.

The head: {{head}}.

- `callcenterd check` tells every fault with file, line, column and what to do. SIGHUP (or the page) puts changed files
  into service; a file with a fault is refused and its old version goes on; calls keep the version that they began with.
- `callcenterd simulate main --keys 1,2` tells what a caller hears who presses 1, then 2 (`1,,2`: nothing in between).
- Tests of a flow stand beside it in `NAME.test.yaml`; `check` walks them and tells of what is not as expected:
  `tests: [{{name: …, given: {{caller: …, at: …, agents: free, hours: open, customers: […], cards: […],
  people: […], answers: {{NODE: …}}, results: {{NODE: busy}}}}, keys: "1,2", expect: […], never: […]}}]`.
  Each text of `expect` must be in a line of what `simulate` tells, in that order. `answers` pretends what business
  systems say to the node of that name (`timeout`, `failed`, or JSON; of a database its rows, `[{{balance: 5}}]`;
  at a node `message`, the seconds that the caller speaks).
- Where an exit is not named, the flow ends there, and with it the call.
- In texts and numbers there may stand {{variables}}, and what nodes have set (`set`, `collect`, …).
  Numbers are read digit by digit, and dialled as they are.
- Between the braces, and in conditions (`when`, there without braces), there may stand what Jinja calls expressions:
  `customer.level == "gold"`, `total * 2 > 100 and not (card is undefined)`, `name | default("")`.
  Filters are {{filters}};
  tests are {{tests}}. There is nothing else: no loops, no calls. `check` tells of names that nothing sets.
- Where a node fails (a business system does not answer, a variable is not there) the flow goes to the node's
  `on_error`, or to that of the head, or to the operator; `error` then says why.
- `takes` in the head names variables that a flow which calls this one (`subflow`) must have set.
- Key 0 leads to the node that the head names as `operator`, or else to the node that is called `operator`, from every
  node; not where a menu uses 0 itself, where it belongs to a longer number, or where a node says `operator: false`.
  A 0 keyed ahead, into words that a key skips, is for the first node after them that asks for keys; where none comes
  before something that takes time or the end, it leads to the operator.
- A flow that walks {MAX_UNATTENDED} nodes or {MAX_ALONE:g} seconds without the caller doing anything (a queue and a
  conversation do not count), or {MAX_NODES} nodes in all, is stopped. Flows call each other at most {MAX_DEPTH} deep.
  Whatever the caller does, {LONGEST / 60:g} minutes in flows (`flow_minutes` in the configuration; a queue and a
  conversation do not count) lead to the operator, and {MAX_ALONE:g} seconds more, or no operator, end the call.
- Kinds of nodes can be added by a package: an entry point of the group `{PLUG_INS}` names the module or class.
  One that cannot be loaded is named in the log and by `check`; all else goes on without it.
"""


def page() -> str:
    """docs/flows.md."""
    head = ", ".join(f"`{name}`" for name in Head.model_fields if name != "nodes")
    variables = ", ".join(f"`{{{{ {name} }}}}`" for name in VARIABLES)
    parts = [_OPENING.replace("{head}", head).replace("{variables}", variables)]
    parts[0] = parts[0].replace("{filters}", ", ".join(FILTERS)).replace("{tests}", ", ".join(TESTS))
    parts += [_kind(kind) for kind in kinds().values()]
    parts += [_values(), _house()]
    return "\n".join(parts)


def _kind(kind: type[Node]) -> str:
    lines = [f"## {kind.kind}", "", f"{kind.help['zh-CN']} {kind.help['en']}", ""]
    if told := inspect.getdoc(kind):
        lines += [told, ""]
    lines += ["| argument | what | if not given |", "| --- | --- | --- |"]
    lines += _rows(kind.model_json_schema())
    return "\n".join(lines) + "\n"


def _rows(schema: Mapping[str, Any]) -> Iterator[str]:
    """A row for each argument, and below it those of the group of keys that it is."""
    wanted = set(schema.get("required", ()))
    for name, field in schema["properties"].items():
        one = next((part for part in field.get("anyOf", [field]) if part.get("type") != "null"), field)
        default = "needed" if name in wanted else _shown(field.get("default"))
        group = schema.get("$defs", {}).get(str(one.get("$ref", "")).rpartition("/")[2])
        yield f"| `{name}` | {'a group of keys' if group else _what(name, one)} | {default} |"
        if group:
            for row in _rows(group):
                yield row.replace("| `", f"| `{name}.", 1)


def _what(name: str, field: Mapping[str, Any]) -> str:
    if name in {"next", "otherwise"} or name.startswith("on_"):
        return "the name of a node"
    if name in {"say", "ask", "again", "filler"}:
        return "a text, or a list of texts and values"
    if name == "keys":
        return "keys (0-9, *, #), each with the name of a node"
    if name in _WORDS:
        return _WORDS[name]
    match field.get("type"):
        case "string":
            return f"text, up to {field['maxLength']} characters" if "maxLength" in field else "text"
        case "number":
            return f"seconds, up to {field['maximum']:g}"
        case "integer":
            return f"{field['minimum']} to {field['maximum']}"
        case "boolean":
            return "true or false"
        case "array":
            return "a list of names"
        case "object":
            return "names, each with a whole number"
        case kind:
            raise ValueError(f"argument {name}: no words for {kind}")


_WORDS = {
    "set": "names, each with a value",
    "branch": "a list of cases",
    "takes": "a list of names",
    "send": "names, each with a value",
    "get": "variables, each with the way to its value",
    "headers": "names, each with a text",
    "secrets": "names, each with the name of a secret",
    "survey": "names, each with a question as in say",
    "lookup": "`number` or `card`",
    "method": "`GET` or `POST`",
    "terminator": "`#`, `*` or nothing",
}


def _shown(default: object) -> str:
    if not default and isinstance(default, dict):
        return "–"
    match default:
        case None | []:
            return "–"
        case bool():
            return str(default).lower()
        case _:
            return f"{default}"


def _values() -> str:
    lines = [
        "## Values that are read aloud · 按规则读出的数值",
        "",
        "In a list under `say` each item is a text, or one of these with a value; the value may be a variable.",
        f"`currency` may stand beside `money`: {', '.join(CURRENCIES)}; without it yuan are meant.",
        "",
        "| kind | what is wanted | for example | 中文 | English |",
        "| --- | --- | --- | --- | --- |",
    ]
    for kind, example in _EXAMPLES.items():
        chinese = "".join(values.words(kind, example, "zh-CN"))
        english = " ".join(values.words(kind, example, "en"))
        lines.append(f'| `{kind}` | {values.WANTED[kind]} | `{{{kind}: "{example}"}}` | {chinese} | {english} |')
    lines += [
        "",
        "Each word is made once and kept. An office may record the words itself, under `prompts/LANGUAGE/words/`:",
        "`三百.wav`, `three_hundred.wav` (`_` where the word has a blank or a dot). A variable that is no value of its",
        "kind is read as it is. The words are:",
        "",
        f"- 中文: {'、'.join(values.vocabulary('zh-CN'))}",
        f"- English: {', '.join(values.vocabulary('en'))}",
    ]
    return "\n".join(lines) + "\n"


def _house() -> str:
    lines = [
        "## What the house says by itself",
        "",
        "A recording of that name under `prompts/` is heard instead.",
        "",
        "| name | 中文 | English |",
        "| --- | --- | --- |",
    ]
    lines += [f"| `{name}` | {chinese} | {english} |" for name, (chinese, english) in texts.TEXTS.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(page())
