"""The time line of a customer (CRM-04): what was, newest first, as far as who asks may see it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter, ValidationError

from callcenterd.model.timeline import (
    TIMELINE_KINDS,
    TimelineEntry,
    TimelineKind,
    TimelinePlace,
    TimelineQuery,
    TimelineSight,
)
from callcenterd.web.answers import VISIBLE, Conditions, WrongFields, answer, conditions
from callcenterd.web.calls import call_sight
from callcenterd.web.customers import seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import may_read, right, sight_of
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """next: what `after` is for the page behind this one; null: this is the last one."""

    items: list[TimelineEntry]
    next: str | None


FIELDS = "fields."
"""What the trail calls a custom field begins with it."""
TIMELINE = TypeAdapter(TimelinePage)
_MOMENT = TypeAdapter(datetime)
_KIND: TypeAdapter[TimelineKind] = TypeAdapter(TimelineKind)


class TimelineConditions(Conditions):
    """kinds: with commas between them; none: all. text: words that an entry has. after: `next` of the page before."""

    kinds: Annotated[str, VISIBLE] = Field("", max_length=200)
    text: Annotated[str, VISIBLE] = Field("", max_length=100)
    after: Annotated[str, VISIBLE] = Field("", max_length=200)
    limit: int = Field(50, ge=1, le=200)


@routes.get("/api/v1/customers/{id}/timeline")
@right("customer.read")
@shape(summary="What was between a customer and the office", conditions=TimelineConditions, answer=TIMELINE)
async def timeline(request: web.Request) -> web.StreamResponse:
    """200 one page of it, newest first: calls, messages, records, duties, files, postings and changes of the card that
    one may see · 404 no such customer · 422 there is no such kind, or `after` is none of ours."""
    wanted, office = conditions(request, TimelineConditions), request.app[OFFICE]
    kinds = tuple(_kind(one) for one in wanted.kinds.split(",") if one)
    customer = await seen_customer(request)
    chosen = TimelineQuery(kinds=kinds, text=wanted.text, after=_place(wanted.after), sight=_sight(request))
    ids = [customer.id, *await office.store.merging.merged_into(customer.id)]
    items, place = await office.store.timeline.page(ids, chosen, wanted.limit)
    seen = await request.app[MODULES].fields.seen(signed_in(request).role, "customer")
    names = frozenset(FIELDS + field.name for field in seen)
    following = None if place is None else f"{place.at.isoformat()}~{place.kind}~{place.id}"
    return answer(TIMELINE, TimelinePage([_seen(one, names) for one in items], following))


def _seen(one: TimelineEntry, names: frozenset[str]) -> TimelineEntry:
    """A change of the card names those custom fields only that who asks sees. names: theirs."""
    about = one.details.get("about")
    if one.kind != "change" or not isinstance(about, dict) or not isinstance(about.get("fields"), list):
        return one
    told = [name for name in about["fields"] if not str(name).startswith(FIELDS) or name in names]
    return replace(one, details={**one.details, "about": {**about, "fields": told}})


def _sight(request: web.Request) -> TimelineSight:
    sight, site = sight_of(request), request.app[OFFICE].board.site
    return TimelineSight(
        calls=call_sight(request),
        messages=sight.of_messages(site),
        written=sight.of_records(site),
        duties=sight.of_duties(site),
        complaints=sight.of_complaints(site),
        surveys=sight.of_surveys(),
        records=sight.of_each_record(site),
        kinds=frozenset(kind for kind in TIMELINE_KINDS if may_read(request, kind)),
    )


def _kind(text: str) -> TimelineKind:
    try:
        return _KIND.validate_python(text)
    except ValidationError:
        raise WrongFields({"kinds": ("literal_error", {"expected": "call, duty …"})}) from None


def _place(text: str) -> TimelinePlace | None:
    if not text:
        return None
    try:
        at, kind, number = text.split("~", 2)
        moment = _MOMENT.validate_python(at)
        if moment.tzinfo is None:
            raise ValueError("a time without a zone")
        return TimelinePlace(moment, _KIND.validate_python(kind), number)
    except ValueError:  # pydantic's own is one too
        raise WrongFields({"after": ("value_error", {})}) from None
