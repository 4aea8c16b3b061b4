"""Every kind of node and each of its arguments has a name on the editor's page, in both languages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from callcenterd.ivr.node import kinds

LOCALES = Path(__file__).resolve().parents[2] / "webapp" / "src" / "locales"


def names(language: str, group: str) -> set[str]:
    """Keys of `flow.kind` or `flow.field`."""
    text = (LOCALES / f"{language}.ts").read_text(encoding="utf-8")
    flow = text[text.rindex("    kind: {\n") :]
    return set(
        re.findall(r"^      (\w+):", flow.split(f"    {group}: {{\n", 1)[1].split("\n    },", 1)[0], re.MULTILINE)
    )


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_kind_and_argument_of_a_node_has_a_name_on_the_page(language: str) -> None:
    assert kinds().keys() - names(language, "kind") == set()
    assert {field for kind in kinds().values() for field in kind.model_fields} - names(language, "field") == set()
