"""Custom fields: which there are, and how an administrator defines them. The rules are `crm.fields`'s."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from pydantic import TypeAdapter

from callcenterd.crm.fields import FieldChange, FieldOrder, NewFieldFields
from callcenterd.model.fields import CustomField, FieldId, FieldIsAnother, FieldKind
from callcenterd.web.answers import Conditions, Conflict, answer, conditions, nothing, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class FieldList:
    items: list[CustomField]
    total: int


FIELD = TypeAdapter(CustomField)
FIELDS = TypeAdapter(FieldList)


class FieldConditions(Conditions):
    """kind: only of records of this kind."""

    kind: FieldKind | None = None


@routes.get("/api/v1/custom-fields")
@right("field.read")
@shape(summary="The custom fields that one's role sees", conditions=FieldConditions, answer=FIELDS)
async def list_fields(request: web.Request) -> web.StreamResponse:
    """200 all of them in their order; retired ones too, since old records have them."""
    wanted = conditions(request, FieldConditions)
    found = list(await request.app[MODULES].fields.seen(signed_in(request).role, wanted.kind))
    return answer(FIELDS, FieldList(found, len(found)))


@routes.post("/api/v1/custom-fields")
@right("field.write")
@shape(summary="A new custom field", body=NewFieldFields, answer=FIELD)
async def create_field(request: web.Request) -> web.StreamResponse:
    """201 the field, as the last one of its kind · 409 there are too many · 422 fields, or its name is another's."""
    asked = await read(request, NewFieldFields)
    return answer(FIELD, await request.app[MODULES].fields.add(asked, signed_in(request).login), status=201)


@routes.put("/api/v1/custom-fields/order")
@right("field.write")
@shape(summary="The order in which forms and lists show the fields", body=FieldOrder, answer=FIELDS)
async def order_fields(request: web.Request) -> web.StreamResponse:
    """200 the fields of that kind in their new order."""
    asked = await read(request, FieldOrder)
    found = list(await request.app[MODULES].fields.order(asked, signed_in(request).login))
    return answer(FIELDS, FieldList(found, len(found)))


@routes.put("/api/v1/custom-fields/{id}")
@right("field.write")
@shape(summary="Change a custom field: the whole of what may be changed", body=FieldChange, answer=FIELD)
async def change_field(request: web.Request) -> web.StreamResponse:
    """200 the field now; a choice that was left out is gone, or retired at the end if a record has it · 404 no such
    field · 409 somebody else has changed it since that version: `error.now` is the field as it is."""
    asked = await read(request, FieldChange)
    field = FieldId(number_in(request, "field"))
    try:
        changed = await request.app[MODULES].fields.change(field, asked, signed_in(request).login)
    except FieldIsAnother as fault:
        conflict = Conflict("field_changed")
        conflict.more = {"now": FIELD.dump_python(fault.now, mode="json")}
        raise conflict from None
    return answer(FIELD, changed)


@routes.delete("/api/v1/custom-fields/{id}")
@right("field.write")
@shape(summary="Remove a custom field; one that records have values in is retired", answer=FIELD)
async def remove_field(request: web.Request) -> web.StreamResponse:
    """204 it is gone · 200 the field, which is retired now: records have values in it · 404 no such field."""
    field = FieldId(number_in(request, "field"))
    kept = await request.app[MODULES].fields.remove(field, signed_in(request).login)
    return nothing() if kept is None else answer(FIELD, kept)
