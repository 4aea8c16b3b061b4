"""The page about flows says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from callcenterd.ivr.node import Node, kinds
from callcenterd.ivr.reference import page

PAGE = Path(__file__).parents[2] / "docs" / "flows.md"


def test_the_page_is_the_one_that_the_nodes_draw() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m callcenterd.ivr.reference > docs/flows.md"


@pytest.mark.parametrize("kind", kinds().values(), ids=kinds())
def test_every_kind_stands_on_it_with_every_argument(kind: type[Node]) -> None:
    part = page().partition(f"## {kind.kind}\n")[2].partition("\n## ")[0]
    assert kind.help["zh-CN"] in part
    for argument in kind.model_fields:
        assert f"| `{argument}` |" in part
