"""The documents say what is there."""

from __future__ import annotations

import re
from pathlib import Path

from tools import walk

ROOT = Path(__file__).resolve().parent.parent
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def test_every_link_of_the_walk_leads_to_what_it_names() -> None:
    assert list(walk.faults(walk.PAGE.read_text("utf-8"))) == []


def test_every_link_between_documents_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    gone = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in _LINK.findall(page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert gone == []


def test_every_decision_has_its_number_once() -> None:
    numbers = [page.name[:4] for page in sorted((ROOT / "docs/decisions").glob("*.md"))]
    assert numbers == [f"{n:04d}" for n in range(1, len(numbers) + 1)]
