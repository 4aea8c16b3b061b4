"""Calls in and out, to be asked for."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from callcenterd.model.calls import DIRECTIONS, OUTCOMES
from callcenterd.store.calls import calls_seen
from callcenterd.store.customers import HERE
from callcenterd.store.query.kinds import Condition, Field, Kind, QuerySight, Side, Way, plain
from callcenterd.store.schema import call_parties, calls, customers, phones, survey_answers
from callcenterd.store.search import Words, of_calls


def _find(words: Sequence[str], sqlite: bool) -> list[Words]:
    return of_calls(words, [HERE], sqlite=sqlite)


def _seen(sight: QuerySight) -> Condition | None:
    return None if sight.calls is None else calls_seen(sight.calls)


def kind() -> Kind:
    c = calls.c
    of_phones = (
        Way(
            owner=calls.c.id,
            related=customers.c.id,
            source=sa.join(calls, phones, line == phones.c.number).join(
                customers, customers.c.id == phones.c.customer_id
            ),
        )
        for line in (c.caller_line, c.called_line)
    )
    return Kind(
        name="call",
        key=c.id,
        fields=(
            plain("anything", "any_text", c.words, find=_find),
            plain("direction", "choice", c.direction, codes=DIRECTIONS),
            plain("caller", "phone", c.caller_line, line=c.caller_line, shown=c.caller),
            plain("called", "phone", c.called_line, line=c.called_line, shown=c.called),
            plain("caller_name", "text", c.caller_name),
            plain("started_at", "moment", c.started_at),
            plain("answered_at", "moment", c.answered_at),
            plain("ended_at", "moment", c.ended_at),
            plain("outcome", "choice", c.outcome, codes=OUTCOMES),
            plain("disposition", "text", c.disposition),
            plain("queue", "text", c.queue),
            plain("agent", "user", c.agent),
            Field(
                name="agents",
                type="user",
                column=call_parties.c.name,
                side=Side(
                    owner=call_parties.c.call_id, only=(call_parties.c.kind == "agent",), order=call_parties.c.name
                ),
                several=True,
            ),
            plain("extension", "text", c.extension),
            plain("trunk", "text", c.trunk),
            plain("flow", "text", c.flow),
            plain("wait_seconds", "number", c.wait_seconds),
            plain("talk_seconds", "number", c.talk_seconds),
            plain("mos", "number", c.mos),
            plain("keys", "text", c["keys"]),
            plain("note", "text", c.note),
            plain("ended_by", "choice", c.ended_by, codes=("caller", "agent", "callee", "system")),
            plain("cause", "text", c.cause),
            Field(
                name="scores",
                type="number",
                column=survey_answers.c.score,
                side=Side(owner=survey_answers.c.call_id, order=survey_answers.c.id),
                several=True,
            ),
        ),
        parents={"customer": c.customer_id},
        related={
            "customer": (
                Way(
                    owner=c.id,
                    related=customers.c.id,
                    source=sa.join(calls, customers, customers.c.id == c.customer_id),
                ),
                *of_phones,
            )
        },
        seen=_seen,
        columns=("started_at", "direction", "caller", "called", "queue", "agent", "outcome", "talk_seconds"),
        order=("started_at",),
    )
