"""Tables of the business rooms, a file a subject. Whoever brings one names it here, so that `metadata` has it."""

from callcenterd.store.tables import (
    attachments,
    audit,
    complaints,
    consultations,
    customer_messages,
    duties,
    evidence,
    fields,
    follow_ups,
    imports,
    merges,
    records,
    roles,
    saved_queries,
)

__all__ = [
    "attachments",
    "audit",
    "complaints",
    "consultations",
    "customer_messages",
    "duties",
    "evidence",
    "fields",
    "follow_ups",
    "imports",
    "merges",
    "records",
    "roles",
    "saved_queries",
]
