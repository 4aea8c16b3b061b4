"""docs/flows.md, drawn from the nodes: `python -m callcenterd.ivr.reference` prints it, a test keeps it current."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from callcenterd.ivr import texts
from callcenterd.ivr.engine import MAX_NODES, MAX_UNATTENDED
from callcenterd.ivr.flow import Head
from callcenterd.ivr.node import VARIABLES, Node, kinds

_OPENING = f"""\
# Call flows · 流程文件

Drawn from the nodes by `python -m callcenterd.ivr.reference`; a test keeps it current.

A flow is a YAML file in the `flows` folder. It has a head and nodes. A node is one key that names its kind, with that
kind's arguments, and the names of the nodes to go to. `flows/main.yaml` is an example that works.

The head: {{head}}.

- `callcenterd check` tells every fault with file, line and what to do. SIGHUP (or the page) puts changed files into
  service; a file with a fault is refused and its old version goes on; calls keep the version that they began with.
- `callcenterd simulate main --keys 1,2` tells what a caller hears who presses 1, then 2 (`1,,2`: nothing in between).
- Where an exit is not named, the flow ends there, and with it the call.
- In texts and numbers there may stand {{variables}}.
  Numbers are read digit by digit, and dialled as they are.
- Key 0 leads to the node that the head names as `operator`, or else to the node that is called `operator`, from every
  menu that does not use 0 itself.
- A flow that walks {MAX_UNATTENDED} nodes without the caller doing anything, or {MAX_NODES} in all, is stopped.
"""


def page() -> str:
    """docs/flows.md."""
    head = ", ".join(f"`{name}`" for name in Head.model_fields if name != "nodes")
    variables = ", ".join(f"`{{{{ {name} }}}}`" for name in VARIABLES)
    parts = [_OPENING.replace("{head}", head).replace("{variables}", variables)]
    parts += [_kind(kind) for kind in kinds().values()]
    parts.append(_house())
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
    if name == "keys":
        return "keys (0-9, *, #), each with the name of a node"
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
        case kind:
            raise ValueError(f"argument {name}: no words for {kind}")


def _shown(default: object) -> str:
    match default:
        case None | []:
            return "–"
        case bool():
            return str(default).lower()
        case _:
            return f"{default}"


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
