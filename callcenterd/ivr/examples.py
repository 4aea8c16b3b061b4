"""Ready flows: what lies in `examples` below the folder of the flows is not in service until it is copied.

What is copied keeps every comment, gets the office's own name, and brings the tests that stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from callcenterd import yamltext
from callcenterd.ivr import graph, shelf

FOLDER = "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """about: the comment at its head, in the words of who wrote it. tests: whether some stand beside it."""

    name: str
    title: str
    about: str
    nodes: int
    tests: bool


def read_all(folder: Path) -> tuple[Example, ...]:
    """Those without a fault, by name; none where there is no such folder. folder: of the office's flows."""
    place = folder / FOLDER
    if not place.is_dir():
        return ()
    reading = shelf.read_folder(place)
    texts = {file.path: file.text for file in reading.files}
    found = [
        Example(
            name=flow.name,
            title=flow.title,
            about=_about(texts[flow.file]),
            nodes=len(flow.nodes),
            tests=tests_of(Path(flow.file)).exists(),
        )
        for flow in reading.flows
    ]
    return tuple(sorted(found, key=lambda one: one.name))


def under_another_name(folder: Path, example: str, name: str, title: str) -> str:
    """An example's text as a flow of this name and title ("": its own). Raises FaultyFile."""
    text = yamltext.text_of(_file(folder, example))
    wanted = dict(yamltext.parse(text, example).data)
    wanted["flow"] = name
    if title:
        wanted["title"] = title
    return graph.changed(text, wanted, {}).text


def tests_text(folder: Path, example: str) -> str:
    """What stands beside an example; "": nothing. Raises FaultyFile."""
    tests = tests_of(_file(folder, example))
    return yamltext.text_of(tests) if tests.exists() else ""


def _file(folder: Path, example: str) -> Path:
    """example: one of those that `read_all` names."""
    reading = shelf.read_folder(folder / FOLDER)
    return next(Path(flow.file) for flow in reading.flows if flow.name == example)


def tests_of(flow: Path) -> Path:
    """Where the tests of a flow's file stand."""
    return flow.with_name(f"{flow.stem}{shelf.TESTS}{flow.suffix}")


def _about(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("# ").rstrip())
    return "\n".join(lines)[:500]
