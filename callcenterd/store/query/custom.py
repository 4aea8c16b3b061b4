"""Fields of the office's own, to be asked for: their values stand in one table, see `tables.fields`."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from callcenterd.model.fields import CustomField
from callcenterd.store.query.kinds import Field, FieldType, Side
from callcenterd.store.tables.fields import custom_values

_KEPT = custom_values.c
_WHERE: dict[str, tuple[FieldType, sa.Column[Any]]] = {
    "text": ("text", _KEPT.key),
    "long_text": ("text", _KEPT.words),
    "number": ("number", _KEPT.number),
    "date": ("date", _KEPT.day),
    "choice": ("choice", _KEPT.key),
    "multi_choice": ("choice", _KEPT.key),
    "yes_no": ("yes_no", _KEPT.number),
    "file": ("number", _KEPT.ref),
}
PREFIX = "x_"
"""Before the name of a field of the office's own, so that it never is one of ours."""


def custom(field: CustomField) -> Field:
    if field.type == "reference":
        type_, column = ("user", _KEPT.key) if field.target == "user" else ("number", _KEPT.ref)
    else:
        type_, column = _WHERE[field.type]
    written = field.type in ("text", "long_text")
    return Field(
        name=PREFIX + field.name,
        type=type_,  # type: ignore[arg-type]  # one of them, in both cases
        column=column,
        shown=_KEPT.text if written else None,
        side=Side(
            owner=_KEPT.record_id,
            only=(_KEPT.kind == field.kind, _KEPT.field_id == field.id),
            order=_KEPT.position,
        ),
        several=field.type == "multi_choice",
        folded=written,
        dictionary=field.dictionary,
        choices=field.choices,
        chinese=field.chinese,
        english=field.english,
    )
