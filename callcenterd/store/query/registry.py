"""Every kind of record that can be asked for, as who asks sees it. A new kind has its line in `kinds_of`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import sqlalchemy as sa

from callcenterd.errors import Refused
from callcenterd.model.appointments import APPOINTMENT_STATES
from callcenterd.model.complaints import COMPLAINT_KINDS, MEANS
from callcenterd.model.customer_messages import MESSAGE_CHANNELS
from callcenterd.model.fields import CustomField
from callcenterd.model.follow_ups import FOLLOW_UP_STATES
from callcenterd.model.message_templates import TEMPLATE_LANGUAGES
from callcenterd.model.people import Role
from callcenterd.store.query import calls, customers, duties, phone_book, records
from callcenterd.store.query.custom import PREFIX, custom
from callcenterd.store.query.kinds import Field, Kind, Through, plain
from callcenterd.store.seen import complaints_seen
from callcenterd.store.tables.appointments import appointment_services, appointments
from callcenterd.store.tables.complaints import complaints
from callcenterd.store.tables.consultations import consultations
from callcenterd.store.tables.follow_ups import follow_ups


def kinds_of(region: str) -> Mapping[str, Kind]:
    """region: whose national numbers are meant."""
    business = (
        records.kind(
            "consultation",
            consultations,
            {"sex": "sex", "category": "consultation_category", "channel": "channel"},
            columns=("category", "channel"),
        ),
        records.kind(
            "complaint",
            complaints,
            {
                "sex": "sex",
                "type": "complaint_type",
                "aspects": "complaint_aspect",
                "satisfaction": "complaint_satisfaction",
            },
            codes={"kind": COMPLAINT_KINDS, "answer_by": MEANS, "means": MEANS},
            users=frozenset({"responsible"}),
            listed=frozenset({"aspects"}),
            hidden=frozenset({"workflow_id", "duty_id"}),
            sees=lambda sight: None if sight.complaints is None else complaints_seen(sight.complaints),
            columns=("kind", "type", "state", "due"),
        ),
        records.kind(
            "follow_up",
            follow_ups,
            {"sex": "sex", "category": "follow_up_category", "channel": "channel", "result": "follow_up_result"},
            codes={"state": FOLLOW_UP_STATES},
            users=frozenset({"done_by"}),
            hidden=frozenset({"duty_id", "rule_id", "most_tries", "again_minutes"}),
            columns=("category", "state", "result", "due"),
        ),
        _appointments(),
    )
    known = (customers.kind(region), calls.kind(), *business, duties.kind(), phone_book.kind())
    return {kind.name: _with_records(kind, business) for kind in known}


def _appointments() -> Kind:
    """A service is known by its Chinese name, which everybody reads who keeps such lists."""
    kind = records.kind(
        "appointment",
        appointments,
        {"sex": "sex"},
        codes={"state": APPOINTMENT_STATES, "remind_by": MESSAGE_CHANNELS, "language": TEMPLATE_LANGUAGES},
        users=frozenset({"person", "state_by"}),
        hidden=frozenset({"line", "service_id", "busy_until", "code", "moved_from", "moved_to"}),
        columns=("service", "state", "phone"),
    )
    its = appointment_services.c.id == appointments.c.service_id
    title = sa.select(appointment_services.c.chinese).where(its).correlate(appointments).scalar_subquery()
    return replace(kind, fields=(*kind.fields, plain("service", "text", title)))


def _with_records(kind: Kind, business: Sequence[Kind]) -> Kind:
    """Business records belong to customers and to calls."""
    theirs = {one.name: (ways[kind.name],) for one in business if kind.name in (ways := records.ways(one))}
    return replace(kind, related={**kind.related, **theirs})


def refused(path: str, why: str) -> Refused:
    return Refused("the query cannot be run as it is", {path: why})


class Known:
    """The kinds with the fields of the office's own that a role sees."""

    def __init__(self, kinds: Mapping[str, Kind], fields: Sequence[CustomField], role: Role) -> None:
        self._kinds = kinds
        self._fields: dict[str, dict[str, Field]] = {}
        for kind in kinds.values():
            own = [custom(field) for field in fields if field.kind == kind.custom and field.seen_by(role)]
            self._fields[kind.name] = {field.name: field for field in (*kind.fields, *own)}

    def kind(self, name: str, path: str) -> Kind:
        """Raises Refused."""
        if name not in self._kinds:
            raise refused(path, "there is no such kind of record")
        return self._kinds[name]

    def field(self, kind: Kind, name: str, path: str) -> Field:
        """Also of a parent, as "customer.level". Raises Refused."""
        parent, _, of_parent = name.rpartition(".")
        if not parent and (found := self._fields[kind.name].get(name)) is not None:
            return found
        of_parents = self._fields.get(parent, {}) if parent in kind.parents else {}
        if (found := of_parents.get(of_parent)) is not None and _single(found):
            return _through(kind, parent, found)
        raise refused(path, "there is no such field")

    def fields(self, kind: Kind) -> Iterator[Field]:
        """All that `field` finds: its own, then its parents'."""
        yield from self._fields[kind.name].values()
        for parent in (name for name in kind.parents if name in self._kinds):
            yield from (_through(kind, parent, one) for one in self._fields[parent].values() if _single(one))

    def related(self, kind: Kind) -> list[str]:
        return [name for name in kind.related if name in self._kinds]


def _single(field: Field) -> bool:
    return not field.several and field.type != "any_text"


def _through(kind: Kind, parent: str, field: Field) -> Field:
    through = Through(key=kind.parents[parent], kind=parent, field=field.name)
    return replace(field, name=f"{parent}.{field.name}", through=through)


__all__ = ["PREFIX", "Known", "kinds_of", "refused"]
