"""What `schema_fuzz` tells schemathesis: half of all addresses name something that there is."""

from __future__ import annotations

import random
from typing import Any

import schemathesis

NAMES = {
    "id": ("1", "2", "3"),
    "key": ("1001", "sales", "front", "feature_codes"),
    "login": ("1001",),
    "name": ("main", "source", "office"),
    "kind": ("customer", "consultation", "complaint", "call"),
    "language": ("zh-CN",),
    "number": ("1001", "1"),
    "type": ("service", "product"),
}
_chance = random.Random(7)


@schemathesis.hook
def map_path_parameters(  # context: schemathesis wants it there
    context: Any,  # noqa: ARG001
    path_parameters: dict[str, Any] | None,
) -> dict[str, Any] | None:
    if path_parameters is None:
        return None
    return {
        name: _chance.choice(NAMES[name]) if name in NAMES and _chance.random() < 0.5 else value
        for name, value in path_parameters.items()
    }


@schemathesis.serializer("audio/*")
def sound(context: Any, value: Any) -> bytes:  # noqa: ARG001  # as above
    """What is sent where a sound is wanted: any octets."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
