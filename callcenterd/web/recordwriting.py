"""What is written of a business record names other things: whoever writes it must see them."""

from __future__ import annotations

from typing import Protocol

from aiohttp import web

from callcenterd.model.fields import FieldKind, FieldsGiven
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.records import RecordFields
from callcenterd.web.calls import seen_call
from callcenterd.web.customers import seen_customer
from callcenterd.web.references import check_references


class RecordAsked(Protocol):
    """Of a body: the customer, and custom fields."""

    @property
    def customer(self) -> int | None: ...
    @property
    def fields(self) -> FieldsGiven: ...


class NewRecordAsked(RecordAsked, Protocol):
    @property
    def call(self) -> str | None: ...


async def check_new(request: web.Request, kind: FieldKind, asked: NewRecordAsked) -> None:
    """Raises NotFound for a call or a customer that there is not, or that who asks may not see; Refused for records
    that custom fields refer to."""
    if asked.call is not None:
        await seen_call(request, CallId(asked.call))
    if asked.customer is not None:
        await seen_customer(request, CustomerId(asked.customer))
    await check_references(request, kind, asked.fields)


async def check_change(request: web.Request, kind: FieldKind, asked: RecordAsked, before: RecordFields) -> None:
    """As `check_new`; what stood there before may stay, and of which call it is does not change."""
    if asked.customer is not None and asked.customer != before.customer:
        await seen_customer(request, CustomerId(asked.customer))
    await check_references(request, kind, asked.fields, before.fields)
