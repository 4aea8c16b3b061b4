"""What is asked about business records, alike for every kind: bounded texts, numbers, versions, custom fields."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, Json

from callcenterd.model.fields import FieldAsked, FieldKind, FieldWanted
from callcenterd.web.answers import VISIBLE
from callcenterd.web.office import MODULES
from callcenterd.web.session import signed_in

Short = Annotated[str, VISIBLE, Field(max_length=40)]
Name = Annotated[str, VISIBLE, Field(max_length=64)]
"""A login, a team, a call: what the office names by a word."""
Line = Annotated[str, VISIBLE, Field(max_length=100)]
Text = Annotated[str, VISIBLE, Field(max_length=4000)]
Number = Annotated[int, Field(ge=1, lt=1 << 62)]
Version = Annotated[int, Field(ge=1, lt=1 << 62, description="The one that was read; with another one there is 409")]
FieldsWanted = Annotated[
    Json[Annotated[dict[Annotated[str, VISIBLE, Field(max_length=40)], FieldAsked], Field(max_length=10)]],
    Field(
        description='Of custom fields, as JSON: {"plan": "gold", "budget": [100, null]}; a text is found by its parts'
    ),
]


async def wanted_fields(request: web.Request, kind: FieldKind, asked: dict[str, FieldAsked]) -> tuple[FieldWanted, ...]:
    """What who asks wants of the custom fields of a kind. Raises Refused."""
    return await request.app[MODULES].fields.wanted(signed_in(request).role, kind, asked)
