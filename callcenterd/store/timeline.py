"""The time line of a customer: the newest of each kind of thing, put in one order.

Each kind is asked for one page at most, by an index that has the customer's things in the order of time: so a page
costs the same whether it is of ten entries or of ten thousand. A kind is one function and one line in `SOURCES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from callcenterd.model.ids import CustomerId
from callcenterd.model.timeline import (
    TIMELINE_KINDS,
    TimelineEntry,
    TimelineKind,
    TimelinePlace,
    TimelineQuery,
    TimelineSight,
)
from callcenterd.store.calls import calls_seen
from callcenterd.store.columns import Plain
from callcenterd.store.engine import Database, bounded
from callcenterd.store.hidden import has_part
from callcenterd.store.schema import audit, callbacks, calls, cards, postings, survey_answers, voicemail
from callcenterd.store.seen import complaints_seen, duties_seen, messages_seen, records_seen
from callcenterd.store.tables.appointments import appointment_services, appointments
from callcenterd.store.tables.attachments import attachments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.customer_messages import customer_messages
from callcenterd.store.tables.duties import duties
from callcenterd.store.tables.follow_ups import follow_ups
from callcenterd.store.tables.proposals import proposals
from callcenterd.store.words import every_word

_ORDER = {kind: number for number, kind in enumerate(TIMELINE_KINDS)}
_EMPTY = sa.literal("", Plain)


@dataclass(frozen=True, slots=True)
class Source:
    """Things of one kind of some customers. at, key: their moment, and what tells two of one moment apart.

    by, text: of the entry. more: details by name. words: where a search looks. conditions: whose they are, and that
    who asks sees them. joined: from what they come.
    """

    at: sa.ColumnElement[Any]
    key: sa.ColumnElement[Any]
    by: sa.ColumnElement[Any]
    text: sa.ColumnElement[Any]
    more: Mapping[str, sa.ColumnElement[Any]]
    words: Sequence[sa.ColumnElement[Any]]
    conditions: Sequence[sa.ColumnElement[bool]]
    joined: sa.FromClause


class Timeline:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, customers: Sequence[CustomerId], query: TimelineQuery, limit: int = 50
    ) -> tuple[list[TimelineEntry], TimelinePlace | None]:
        """The newest entries after that place, at most 500; and the place where they end, if there are more.

        customers: one, and those that were merged into it.
        """
        limit = bounded(limit)
        found: list[TimelineEntry] = []
        for kind in query.kinds or TIMELINE_KINDS:
            readable = query.sight.kinds is None or kind in query.sight.kinds
            if readable and kind in SOURCES:
                source = SOURCES[kind](customers, query.sight)
                rows = await self._database.rows(_select(kind, source, query, limit + 1))
                found += [_entry(kind, row, source.more) for row in rows]
        # Rows of one kind are in their order already, and sorting keeps it.
        found.sort(key=lambda one: _ORDER[one.kind])
        found.sort(key=lambda one: one.at, reverse=True)
        page = found[:limit]
        if len(found) <= limit:
            return page, None
        last = page[-1]
        return page, TimelinePlace(last.at, last.kind, last.id)


def _select(kind: TimelineKind, source: Source, query: TimelineQuery, limit: int) -> sa.Select[Any]:
    details = [column.label(f"more_{name}") for name, column in source.more.items()]
    asked = sa.select(
        source.at.label("at"), source.key.label("id"), source.by.label("by"), source.text.label("text"), *details
    )
    asked = asked.select_from(source.joined).where(*source.conditions)
    for word in every_word(query.text):
        asked = asked.where(sa.or_(*(has_part(column, word) for column in source.words)))
    if query.after is not None:
        asked = asked.where(_after(kind, source, query.after))
    return asked.order_by(source.at.desc(), source.key.desc()).limit(limit)


def _after(kind: TimelineKind, source: Source, place: TimelinePlace) -> sa.ColumnElement[bool]:
    """Of the same moment those of later kinds are still to come, and of the same kind those behind it."""
    if _ORDER[kind] < _ORDER[place.kind]:
        return source.at < place.at
    if kind != place.kind:
        return source.at <= place.at
    key: str | int = place.id
    if not isinstance(source.key.type, Plain):
        key = int(place.id) if place.id.isascii() and place.id.isdigit() and len(place.id) <= 18 else 0
    return (source.at < place.at) | ((source.at == place.at) & (source.key < key))


def _entry(kind: TimelineKind, row: sa.Row[Any], more: Mapping[str, Any]) -> TimelineEntry:
    known = row._mapping
    details = {name: value for name in more if (value := known[f"more_{name}"]) not in (None, "")}
    details = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in details.items()}
    return TimelineEntry(at=row.at, kind=kind, id=str(row.id), by=row.by or "", text=row.text or "", details=details)


# ---- the kinds ----------------------------------------------------------------------------------------------


def _all(conditions: Sequence[sa.ColumnElement[bool] | None]) -> list[sa.ColumnElement[bool]]:
    return [one for one in conditions if one is not None]


def _calls(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    names = ("direction", "caller", "called", "queue", "outcome", "talk_seconds", "recording_id", "disposition")
    return Source(
        at=calls.c.started_at,
        key=calls.c.id,
        by=calls.c.agent,
        text=calls.c.note,
        more={name: calls.c[name] for name in names},
        words=(calls.c.words,),
        conditions=_all([calls.c.customer_id.in_(customers), None if sight.calls is None else calls_seen(sight.calls)]),
        joined=calls,
    )


def _voicemail(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    seen = None if sight.messages is None else messages_seen(sight.messages)
    return Source(
        at=voicemail.c.at,
        key=voicemail.c.id,
        by=voicemail.c.done_by,
        text=voicemail.c.note,
        more={
            "caller": voicemail.c.caller,
            "queue": voicemail.c.queue,
            "seconds": voicemail.c.seconds,
            "done": voicemail.c.done,
            "call": voicemail.c.call_id,
        },
        words=(voicemail.c.caller, voicemail.c.note),
        conditions=_all([calls.c.customer_id.in_(customers), seen]),
        joined=calls.join(voicemail, voicemail.c.call_id == calls.c.id),
    )


def _callbacks(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    seen = None
    if sight.calls is not None:
        seen = calls_seen(sight.calls) | callbacks.c.queue.in_(sight.calls.queues)
    return Source(
        at=callbacks.c.at,
        key=callbacks.c.id,
        by=callbacks.c.done_by,
        text=callbacks.c.note,
        more={
            "number": callbacks.c.number,
            "queue": callbacks.c.queue,
            "state": callbacks.c.state,
            "tries": callbacks.c.tries,
            "call": callbacks.c.call_id,
        },
        words=(callbacks.c.number, callbacks.c.note),
        conditions=_all([calls.c.customer_id.in_(customers), seen]),
        joined=calls.join(callbacks, callbacks.c.call_id == calls.c.id),
    )


def _surveys(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    seen = None
    if sight.surveys is not None:
        of_nobody = survey_answers.c.agent.is_(None) & survey_answers.c.queue.in_(sight.surveys.queues)
        seen = survey_answers.c.agent.in_(sight.surveys.agents) | of_nobody
    return Source(
        at=survey_answers.c.at,
        key=survey_answers.c.id,
        by=survey_answers.c.agent,
        text=survey_answers.c.question,
        more={"score": survey_answers.c.score, "most": survey_answers.c.most, "call": survey_answers.c.call_id},
        words=(survey_answers.c.question,),
        conditions=_all([calls.c.customer_id.in_(customers), seen]),
        joined=calls.join(survey_answers, survey_answers.c.call_id == calls.c.id),
    )


def _duties(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    names = ("kind", "state", "due", "outcome", "owner", "number")
    seen = None if sight.duties is None else duties_seen(sight.duties)
    return Source(
        at=duties.c.created_at,
        key=duties.c.id,
        by=duties.c.created_by,
        text=duties.c.title,
        more={name: duties.c[name] for name in names},
        words=(duties.c.words,),
        conditions=_all([duties.c.customer_id.in_(customers), seen]),
        joined=duties,
    )


def _complaints(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    names = ("number", "kind", "type", "state", "owner", "due")
    seen = None if sight.complaints is None else complaints_seen(sight.complaints)
    return Source(
        at=complaints.c.at,
        key=complaints.c.id,
        by=complaints.c.created_by,
        text=complaints.c.reason,
        more={name: complaints.c[name] for name in names},
        words=(complaints.c.words,),
        conditions=_all([complaints.c.customer_id.in_(customers), seen]),
        joined=complaints,
    )


def _messages(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    """That were written to the customer; what is about a record too."""
    names = ("channel", "address", "state", "purpose", "kind", "record")
    seen = None if sight.written is None else records_seen(sight.written, customer_messages)
    written = sa.case((customer_messages.c.subject != "", customer_messages.c.subject), else_=customer_messages.c.text)
    return Source(
        at=customer_messages.c.created_at,
        key=customer_messages.c.id,
        by=customer_messages.c.created_by,
        text=written,
        more={name: customer_messages.c[name] for name in names},
        words=tuple(customer_messages.c[name] for name in ("address", "subject", "text")),
        conditions=_all([customer_messages.c.customer_id.in_(customers), seen]),
        joined=customer_messages,
    )


def _postings(customers: Sequence[CustomerId], _: TimelineSight) -> Source:
    return Source(
        at=postings.c.at,
        key=postings.c.id,
        by=postings.c.by,
        text=postings.c.reason,
        more={
            "card": cards.c.number,
            "currency": cards.c.currency,
            "ledger": postings.c.ledger,
            "kind": postings.c.kind,
            "amount": postings.c.amount,
            "reference": postings.c.reference,
        },
        words=(cards.c.number, postings.c.reason, postings.c.reference),
        conditions=[cards.c.customer_id.in_(customers)],
        joined=cards.join(postings, postings.c.card_id == cards.c.id),
    )


def _files(customers: Sequence[CustomerId], _: TimelineSight) -> Source:
    of = [str(customer) for customer in customers]
    proposed = sa.select(proposals.c.id).where(proposals.c.attachment_id == attachments.c.id)  # tells of it by itself
    return Source(
        at=attachments.c.at,
        key=attachments.c.id,
        by=attachments.c.by,
        text=attachments.c.name,
        more={"octets": attachments.c.octets, "type": attachments.c.type},
        words=(attachments.c.name,),
        conditions=[attachments.c.kind == "customer", attachments.c.record.in_(of), ~proposed.exists()],
        joined=attachments,
    )


def _proposals(customers: Sequence[CustomerId], _: TimelineSight) -> Source:
    names = ("number", "version", "language")
    return Source(
        at=proposals.c.at,
        key=proposals.c.id,
        by=proposals.c.by,
        text=proposals.c.title,
        more={**{name: proposals.c[name] for name in names}, "attachment": proposals.c.attachment_id},
        words=(proposals.c.title, proposals.c.number),
        conditions=[proposals.c.customer_id.in_(customers)],
        joined=proposals,
    )


def _changes(customers: Sequence[CustomerId], _: TimelineSight) -> Source:
    """Of the card itself; what else the trail says of a customer stands here as a thing of its own."""
    of = [f"customer/{customer}" for customer in customers]
    return Source(
        at=audit.c.at,
        key=audit.c.id,
        by=audit.c.who,
        text=_EMPTY,
        more={"what": audit.c.what, "about": audit.c.details},
        words=(audit.c.who, audit.c.what),
        conditions=[audit.c.target.in_(of), audit.c.what.startswith("customer."), audit.c.what != "customer.seen"],
        joined=audit,
    )


def _records(
    kind: str, table: sa.Table, text: str, *details: str
) -> Callable[[Sequence[CustomerId], TimelineSight], Source]:
    """Business records (`tables.records`) of that kind. text: the column that says most. details: others to show."""

    def source(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
        own = sight.records.get(kind)
        seen = None if own is None else records_seen(own, table)
        return Source(
            at=table.c.at,
            key=table.c.id,
            by=table.c.owner,
            text=table.c[text],
            more={"number": table.c.number, **{name: table.c[name] for name in details}},
            words=(table.c.words,),
            conditions=_all([table.c.customer_id.in_(customers), seen]),
            joined=table,
        )

    return source


def _appointments(customers: Sequence[CustomerId], sight: TimelineSight) -> Source:
    """At the time that was booked: those that are to come stand before all."""
    own = sight.records.get("appointment")
    names = ("number", "state", "ends_at", "person")
    title = {"service": appointment_services.c.chinese, "service_english": appointment_services.c.english}
    return Source(
        at=appointments.c.at,
        key=appointments.c.id,
        by=appointments.c.owner,
        text=appointments.c.note,
        more={**title, **{name: appointments.c[name] for name in names}},
        words=(appointments.c.words, *title.values()),
        conditions=_all(
            [appointments.c.customer_id.in_(customers), None if own is None else records_seen(own, appointments)]
        ),
        joined=appointments.join(appointment_services, appointment_services.c.id == appointments.c.service_id),
    )


SOURCES: Mapping[TimelineKind, Callable[[Sequence[CustomerId], TimelineSight], Source]] = {
    "call": _calls,
    "voicemail": _voicemail,
    "callback": _callbacks,
    "survey": _surveys,
    "consultation": _records("consultation", consultations, "note", "category", "channel"),
    "complaint": _complaints,
    "follow_up": _records("follow_up", follow_ups, "content", "category", "state", "result", "due"),
    "appointment": _appointments,
    "duty": _duties,
    "message": _messages,
    "posting": _postings,
    "file": _files,
    "proposal": _proposals,
    "change": _changes,
}
