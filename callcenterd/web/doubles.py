"""Doubles, merges and the recycle bin of customers (CRM-01)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.errors import NotFound
from callcenterd.model.bin import Binned, Doubles, Merge
from callcenterd.model.ids import CustomerId
from callcenterd.store.customers import CustomerChanged
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Asked, Conditions, Conflict, answer, conditions, nothing, read
from callcenterd.web.customers import CUSTOMER, customer_id, number_in, seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import customers_seen, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Version = Annotated[int, Field(ge=1, lt=1 << 31, description="The one that was seen; with another one there is 409.")]


@dataclass(frozen=True, slots=True)
class DoublesList:
    items: list[Doubles]
    total: int


@dataclass(frozen=True, slots=True)
class BinList:
    items: list[Binned]
    total: int


DOUBLES = TypeAdapter(DoublesList)
BIN = TypeAdapter(BinList)
MERGE = TypeAdapter(Merge)


class MergeAsked(Asked):
    """other: the customer who goes. take: fields whose value is to be the other's ("fields.NAME" for custom ones); what
    the one who stays lacks is taken anyway. Numbers, tags and channels of both are kept."""

    version: Version
    other: int = Field(ge=1, lt=1 << 62)
    other_version: Version
    take: tuple[Annotated[str, VISIBLE, Field(max_length=100)], ...] = Field((), max_length=200)


class RemoveAsked(Asked):
    version: Version
    reason: Annotated[str, VISIBLE] = Field(min_length=1, max_length=500)


class BinConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


def _as_seen(request: web.Request, found: list[Doubles]) -> list[Doubles]:
    """Of those whom who asks may see; of one alone there is nothing to say."""
    sight = customers_seen(request)
    if sight is None:
        return found
    seen = [replace(one, customers=tuple(known for known in one.customers if sight.sees(known))) for one in found]
    return [one for one in seen if len(one.customers) > 1]


@routes.get("/api/v1/customer_doubles")
@right("customer.merge")
@shape(summary="Customers who may be one and the same", answer=DOUBLES)
async def list_doubles(request: web.Request) -> web.StreamResponse:
    """200 groups of those who share a number, card, e-mail address, name and company, or name and a date; those who
    share most first, at most 100 groups of each reason."""
    found = _as_seen(request, await request.app[MODULES].bin.doubles(signed_in(request).role))
    return answer(DOUBLES, DoublesList(found, len(found)))


@routes.get("/api/v1/customers/{id}/doubles")
@right("customer.merge")
@shape(summary="Who may be the same as this customer", answer=DOUBLES)
async def list_doubles_of(request: web.Request) -> web.StreamResponse:
    """200 groups as above · 404 no such customer."""
    found = _as_seen(request, await request.app[MODULES].bin.doubles_of(customer_id(request), signed_in(request).role))
    return answer(DOUBLES, DoublesList(found, len(found)))


@routes.post("/api/v1/customers/{id}/merge")
@right("customer.merge")
@shape(summary="Make one customer of two: this one stays", body=MergeAsked, answer=MERGE)
async def merge_customers(request: web.Request) -> web.StreamResponse:
    """201 the merge, by whose id it can be undone · 404 one of them is not there · 409 one of them was changed since
    that version: `error.now` is that customer as they are · 422 fields, or both have more numbers than a card holds."""
    number, asked = customer_id(request), await read(request, MergeAsked)
    who = signed_in(request)
    await seen_customer(request, CustomerId(asked.other))
    try:
        merge = await request.app[MODULES].bin.merge(
            (number, asked.version), (CustomerId(asked.other), asked.other_version), asked.take, who.login
        )
    except CustomerChanged as fault:
        raise _conflict(fault) from None
    return answer(MERGE, merge, status=201)


@routes.post("/api/v1/customer_merges/{id}/undo")
@right("customer.merge")
@shape(summary="Undo a merge: both are there again", body=Nothing, answer=MERGE)
async def undo_merge(request: web.Request) -> web.StreamResponse:
    """200 the merge that was undone; what went over with it has gone back, and a card that was changed since stays
    as it is · 404 no such merge · 409 it cannot be undone any more."""
    await read(request, Nothing)
    number = number_in(request, "merge")
    try:
        await seen_customer(request, await request.app[OFFICE].store.merging.kept_of(number))
    except NotFound:
        raise NotFound("merge", number) from None
    undone = await request.app[MODULES].bin.undo(number, signed_in(request).login)
    return answer(MERGE, undone)


@routes.post("/api/v1/customers/{id}/remove")
@right("customer.remove")
@shape(summary="Put a customer into the recycle bin", body=RemoveAsked)
async def remove_customer(request: web.Request) -> web.StreamResponse:
    """204 nobody finds them any more · 404 no such customer · 409 somebody has changed them since that version:
    `error.now`."""
    number, asked = customer_id(request), await read(request, RemoveAsked)
    try:
        await request.app[MODULES].bin.remove(number, asked.version, signed_in(request).login, asked.reason)
    except CustomerChanged as fault:
        raise _conflict(fault) from None
    return nothing()


@routes.get("/api/v1/customer_bin")
@right("customer.bin")
@shape(summary="The recycle bin of customers", conditions=BinConditions, answer=BIN)
async def list_bin(request: web.Request) -> web.StreamResponse:
    """200 one page of who was removed or merged into another, the last first."""
    wanted = conditions(request, BinConditions)
    items, total = await request.app[MODULES].bin.page(wanted.limit, wanted.offset)
    return answer(BIN, BinList(items, total))


@routes.post("/api/v1/customer_bin/{id}/restore")
@right("customer.bin")
@shape(summary="Bring a customer back from the recycle bin", body=Nothing, answer=CUSTOMER)
async def restore_customer(request: web.Request) -> web.StreamResponse:
    """200 the customer · 404 they are not in the bin, or were merged: a merge is undone."""
    await read(request, Nothing)
    modules, number = request.app[MODULES], customer_id(request)
    await modules.bin.restore(number, signed_in(request).login)
    return answer(CUSTOMER, await modules.customers.get(number, signed_in(request).role))


@routes.delete("/api/v1/customer_bin/{id}")
@right("customer.bin")
@shape(summary="Erase a customer for good")
async def erase_customer(request: web.Request) -> web.StreamResponse:
    """204 nothing personal of them is left · 404 they are not in the bin."""
    await request.app[MODULES].bin.erase(customer_id(request), signed_in(request).login)
    return nothing()


def _conflict(fault: CustomerChanged) -> Conflict:
    conflict = Conflict("customer_changed")
    conflict.more = {"now": CUSTOMER.dump_python(fault.now, mode="json")}
    return conflict
