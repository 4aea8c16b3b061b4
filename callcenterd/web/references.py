"""References of custom fields to other records: to write one, and to have it printed, one must see the record.

The pages read each record by its own address, which asks the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from callcenterd.errors import NotFound, Refused
from callcenterd.model.fields import CustomField, FieldKind, FieldsGiven, FieldTarget, FieldValue
from callcenterd.tickets.journals import Called
from callcenterd.web.office import OFFICE
from callcenterd.web.recordsight import seen_record
from callcenterd.web.rights import may_read
from callcenterd.web.session import signed_in


async def check_references(
    request: web.Request, kind: FieldKind, given: FieldsGiven, before: FieldsGiven | None = None
) -> None:
    """Raises Refused: of a record that one may not see it is said, as of any that there is not, that there is none.
    before: what stood there may stay, whoever wrote it."""
    faults: dict[str, str] = {}
    for field in await _references(request, kind):
        value = given.get(field.name)
        if not isinstance(value, int) or value == (before or {}).get(field.name):
            continue  # what is no number, the store refuses
        if not await _sees(request, field, value):
            faults[f"fields.{field.name}"] = f"there is no {field.target} {value}"
    if faults:
        raise Refused("the record cannot be kept as it is", faults)


async def called(request: web.Request, kind: FieldKind, values: FieldsGiven) -> Called:
    """The records that these values refer to, as far as who asks sees them."""
    fields = {field.name: field for field in await _references(request, kind)}
    found: dict[tuple[FieldTarget, int], str] = {}
    for name, value in values.items():
        field = fields.get(name)
        if field is None or not isinstance(value, int) or not await _sees(request, field, value):
            continue
        target = _record(field)
        name_of: Mapping[FieldValue, str] = await request.app[OFFICE].store.fields.called(target, [value])
        if value in name_of:
            found[target, value] = name_of[value]
    return found


async def _references(request: web.Request, kind: FieldKind) -> list[CustomField]:
    """Those to records that who asks sees."""
    role, known = signed_in(request).role, await request.app[OFFICE].store.fields.all(kind)
    return [one for one in known if one.type == "reference" and one.target != "user" and one.seen_by(role)]


def _record(field: CustomField) -> FieldTarget:
    assert field.target, "a reference says what it is to"
    return field.target


async def _sees(request: web.Request, field: CustomField, value: int) -> bool:
    target = _record(field)
    if target == "user" or not may_read(request, target):
        return False
    try:
        await seen_record(request, target, str(value))
    except NotFound:
        return False
    return True
