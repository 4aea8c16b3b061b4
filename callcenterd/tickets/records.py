"""What is alike in writing down records of any kind: whom they are with, what can be chosen, and the news of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from callcenterd.model import events
from callcenterd.model.appointments import Appointment, AppointmentFields
from callcenterd.model.complaints import Complaint, ComplaintFields
from callcenterd.model.consultations import Consultation, ConsultationFields
from callcenterd.model.customers import Customer
from callcenterd.model.fields import FieldKind
from callcenterd.model.follow_ups import FollowUp, FollowUpFields
from callcenterd.store.database import Store

F = TypeVar("F", ConsultationFields, ComplaintFields, FollowUpFields, AppointmentFields)

OLDEST = timedelta(days=366)
"""So far back somebody may write down what was not written down then."""
_WHOSE = ("phone", "card", "name", "sex")


def with_customer(new: F, customer: Customer) -> F:
    """Whom it is with is taken from the customer's card, where nothing of that is said."""
    new = replace(new, customer=customer.id)  # one that was merged into another is the other
    if any(getattr(new, name) for name in _WHOSE):
        return new
    phone = customer.phones[0] if customer.phones else ""
    return replace(new, phone=phone, card=customer.card, name=customer.name, sex=customer.sex)


async def offered(store: Store) -> dict[str, set[str]]:
    """What can be chosen now: the codes of each dictionary."""
    return {
        dictionary.name: {value.code for value in dictionary.values if not value.retired}
        for dictionary in await store.dictionaries.all()
    }


def news(
    kind: FieldKind, one: Consultation | Complaint | FollowUp | Appointment, by: str, at: datetime
) -> events.RecordSaved:
    """That it was written down, or is another now."""
    return events.RecordSaved(
        at=at,
        kind=kind,
        record=one.id,
        number=one.number,
        customer=one.customer,
        call=one.call,
        owner=one.owner,
        team=one.team,
        created_by=one.created_by,
        version=one.version,
        by=by,
    )
