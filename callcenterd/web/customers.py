"""Customers: search, and their cards (CRM-01, CRM-03). The rules of a card are `crm.customer`'s."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeVar

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.crm.customer import CardChange, CardFields
from callcenterd.errors import NotFound
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CustomerId
from callcenterd.store.customers import CustomerChanged
from callcenterd.web.answers import VISIBLE, Conditions, Conflict, WrongFields, answer, conditions, read
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.once import once
from callcenterd.web.recordfields import FieldsWanted, wanted_fields
from callcenterd.web.references import check_references
from callcenterd.web.rights import customers_seen, right
from callcenterd.web.session import signed_in
from callcenterd.web.trail import note_once

routes = web.RouteTableDef()
C = TypeVar("C", bound=CardFields)


@dataclass(frozen=True, slots=True)
class CustomerList:
    items: list[Customer]
    total: int


CUSTOMER = TypeAdapter(Customer)
CUSTOMERS = TypeAdapter(CustomerList)


class CustomerConditions(Conditions):
    """q: parts of a name, number, card or company, or pinyin or its initials."""

    q: Annotated[str, VISIBLE] = Field("", max_length=100)
    fields: FieldsWanted = Field(default={})
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


@routes.get("/api/v1/customers")
@right("customer.read")
@shape(summary="Find customers", conditions=CustomerConditions, answer=CUSTOMERS)
async def list_customers(request: web.Request) -> web.StreamResponse:
    """200 one page of them, the best first; without q the newest first."""
    wanted = conditions(request, CustomerConditions)
    fields = await wanted_fields(request, "customer", wanted.fields)
    items, total = await request.app[MODULES].customers.search(
        wanted.q, wanted.limit, wanted.offset, signed_in(request).role, customers_seen(request), fields
    )
    return answer(CUSTOMERS, CustomerList(list(items), total))


@routes.post("/api/v1/customers")
@right("customer.write")
@shape(summary="A new customer", body=CardFields, answer=CUSTOMER)
@once
async def create_customer(request: web.Request) -> web.StreamResponse:
    """201 the customer with its number."""
    card = await _card(request, CardFields)
    who = signed_in(request)
    await check_references(request, "customer", card.fields)
    made = await request.app[MODULES].customers.create(card, who.login, who.role)
    return answer(CUSTOMER, made, status=201)


@routes.get("/api/v1/customers/{id}")
@right("customer.read")
@shape(summary="One customer", answer=CUSTOMER)
async def one_customer(request: web.Request) -> web.StreamResponse:
    """200 the customer · 404 no such customer."""
    customer = await seen_customer(request)
    await note_once(request, "customer.seen", f"customer/{customer.id}")
    return answer(CUSTOMER, customer)


@routes.put("/api/v1/customers/{id}")
@right("customer.write")
@shape(summary="Change a customer's card; what is not sent becomes empty", body=CardChange, answer=CUSTOMER)
async def change_customer(request: web.Request) -> web.StreamResponse:
    """200 the customer now · 404 no such customer · 409 somebody else has changed it since that version: `error.now` is
    the customer as it is; nothing was written."""
    number, who = customer_id(request), signed_in(request)
    card = await _card(request, CardChange)
    if card.fields:
        await check_references(request, "customer", card.fields, (await seen_customer(request)).fields)
    try:
        changed = await request.app[MODULES].customers.change(
            number, card, who.login, card.version, who.role, customers_seen(request)
        )
    except CustomerChanged as fault:
        conflict = Conflict("customer_changed")
        conflict.more = {"now": CUSTOMER.dump_python(fault.now, mode="json")}
        raise conflict from None
    return answer(CUSTOMER, changed)


async def seen_customer(request: web.Request, number: CustomerId | None = None) -> Customer:
    """That customer, else the one in the address. Raises NotFound, alike for one that who asks may not see."""
    if number is None:
        number = customer_id(request)
    return await request.app[MODULES].customers.get(number, signed_in(request).role, customers_seen(request))


async def _card(request: web.Request, kind: type[C]) -> C:
    try:
        return await read(request, kind)
    except WrongFields as fault:
        # What is wrong with the card as a whole is shown where one begins to fill it in.
        raise WrongFields({"name" if name == "body" else name: why for name, why in fault.fields.items()}) from None


def customer_id(request: web.Request) -> CustomerId:
    """The number in the address. Raises NotFound for what is none."""
    return CustomerId(number_in(request, "customer"))


def number_in(request: web.Request, kind: str) -> int:
    """The {id} of an address. Raises NotFound for what is no number: there is no such thing either."""
    text = request.match_info["id"]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(kind, text[:40])
    return int(text)
