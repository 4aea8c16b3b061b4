"""Records by what stands in their custom fields, as conditions of their lists."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from callcenterd.model.fields import FieldWanted
from callcenterd.store.hidden import has_word
from callcenterd.store.tables.fields import custom_values
from callcenterd.store.words import every_word, folded

_KEPT = custom_values.c
_COLUMNS = {"number": _KEPT.number, "yes_no": _KEPT.number, "date": _KEPT.day}


def having(record: sa.ColumnElement[int], wanted: Iterable[FieldWanted]) -> list[sa.ColumnElement[bool]]:
    """record: the key of the records' table. An index of `custom_values` begins with the field; each record of a page
    is looked up in it (decision 0036)."""
    return [
        sa.exists()
        .where(_KEPT.field_id == one.field.id, _KEPT.record_id == record, *_meets(one))
        .correlate(record.table)
        for one in wanted
    ]


def _meets(wanted: FieldWanted) -> list[sa.ColumnElement[bool]]:
    match wanted.field.type:
        case "text" | "long_text":
            column = _KEPT.key if wanted.field.type == "text" else _KEPT.words
            return [has_word(column, word) for word in every_word(folded(str(wanted.value)))]
        case "choice" | "multi_choice":
            return [_KEPT.key == wanted.value]
        case "reference" | "file":
            return [(_KEPT.key if wanted.field.target == "user" else _KEPT.ref) == wanted.value]
        case "yes_no":
            return [_KEPT.number == int(bool(wanted.value))]
        case "number" | "date":
            column = _COLUMNS[wanted.field.type]
            if wanted.value is not None:
                return [column == wanted.value]
            ends = ((wanted.least, column.__ge__), (wanted.most, column.__le__))
            return [compare(end) for end, compare in ends if end is not None]
