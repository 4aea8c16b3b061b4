"""Keeps the line numbers of docs/walk.md: each link names a thing, and leads to the line where it is defined.

`python tools/walk.py` writes them anew; `--check` only says which are not true (exit 1).
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "walk.md"
_LINK = re.compile(r"\[([\w./]+)\]\((?:\.\./)?([\w./-]+?)(?:#L(\d+))?\)")


def definitions(path: Path) -> dict[str, int]:
    """ "Class", "Class.method" and "function" → line."""
    found: dict[str, int] = {}
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found[node.name] = node.lineno
            if isinstance(node, ast.ClassDef):
                inside = (one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
                found |= {f"{node.name}.{one.name}": one.lineno for one in inside}
    return found


def faults(text: str) -> Iterator[str]:
    """Every link that does not lead to what it names."""
    for name, where, line in _LINK.findall(text):
        path = ROOT / where
        if not path.is_file():
            yield f"{name}: there is no file {where}"
        elif path.suffix == ".py":
            right = definitions(path).get(name)
            if right is None:
                yield f"{name} is not defined in {where}"
            elif line != str(right):
                yield f"{name} stands at line {right} of {where}, not at {line or 'none'}"


def renewed(text: str) -> str:
    def link(match: re.Match[str]) -> str:
        name, where, _ = match.groups()
        path = ROOT / where
        line = definitions(path).get(name) if path.suffix == ".py" and path.is_file() else None
        return f"[{name}](../{where}{'' if line is None else f'#L{line}'})"

    return _LINK.sub(link, text)


def main() -> int:
    text = PAGE.read_text("utf-8")
    if "--check" not in sys.argv[1:]:
        text = renewed(text)
        PAGE.write_text(text, "utf-8")
    wrong = list(faults(text))
    for fault in wrong:
        print(f"docs/walk.md: {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
