"""Tables of the business rooms, a file a subject. Whoever brings one names it here, so that `metadata` has it."""

from callcenterd.store.tables import (
    attachments,
    complaints,
    consultations,
    duties,
    evidence,
    fields,
    imports,
    merges,
    records,
    saved_queries,
)

__all__ = [
    "attachments",
    "complaints",
    "consultations",
    "duties",
    "evidence",
    "fields",
    "imports",
    "merges",
    "records",
    "saved_queries",
]
