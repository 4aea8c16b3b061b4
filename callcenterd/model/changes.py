"""What is another by a change, for the audit trail."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

UNTOLD = frozenset({"id", "version", "created_at", "created_by", "changed_at", "changed_by"})
"""Fields that say no more than the trail does by itself."""


def audit_change(before: object, after: object) -> dict[str, list[Any]]:
    """Of each field that is another: [before, after], as JSON data. Both: a dataclass or a mapping; None: nothing was
    there, or is any more. Custom fields have names like "fields.size"."""
    was, is_now = _fields(before), _fields(after)
    return {
        name: [was.get(name), is_now.get(name)]
        for name in sorted(was.keys() | is_now.keys())
        if name not in UNTOLD and was.get(name) != is_now.get(name)
    }


def _fields(record: object) -> dict[str, Any]:
    if record is None:
        return {}
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        known = {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
    elif isinstance(record, Mapping):
        known = dict(record)
    else:
        raise TypeError(f"{type(record).__name__} has no fields")
    custom = known.pop("fields", None) or {}
    known |= {f"fields.{name}": value for name, value in custom.items()}
    return {name: plain for name, value in known.items() if (plain := _plain(value)) not in (None, "", [])}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
