"""Duties, to be asked for."""

from __future__ import annotations

from collections.abc import Sequence

from callcenterd.model.duties import DUTY_STATES
from callcenterd.store.query.kinds import Condition, Kind, QuerySight, plain
from callcenterd.store.search import Words, in_words
from callcenterd.store.seen import duties_seen
from callcenterd.store.tables.duties import duties


def _find(words: Sequence[str], sqlite: bool) -> list[Words]:
    return in_words(duties, words, sqlite=sqlite)


def _seen(sight: QuerySight) -> Condition | None:
    return None if sight.duties is None else duties_seen(sight.duties)


def kind() -> Kind:
    c = duties.c
    return Kind(
        name="duty",
        key=c.id,
        fields=(
            plain("anything", "any_text", c.words, find=_find),
            plain("duty_kind", "text", c.kind),
            plain("title", "text", c.title),
            plain("state", "choice", c.state, codes=DUTY_STATES),
            plain("outcome", "text", c.outcome),
            plain("owner", "user", c.owner),
            plain("team", "text", c.team),
            plain("queue", "text", c.queue),
            plain("priority", "number", c.priority),
            plain("due", "moment", c.due),
            plain("first_due", "moment", c.first_due),
            plain("phone", "phone", c.line, line=c.line, shown=c.number),
            plain("note", "text", c.note),
            plain("created_at", "moment", c.created_at),
            plain("created_by", "user", c.created_by),
            plain("closed_at", "moment", c.closed_at),
            plain("closed_by", "user", c.closed_by),
            plain("number", "number", c.id),
        ),
        parents={"customer": c.customer_id},
        seen=_seen,
        columns=("title", "duty_kind", "owner", "due", "state", "outcome"),
    )
