"""The texts that proposals [建议书] are made of, and the office's letterhead: kept by an administrator (CRM-04)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.model.proposal_texts import EXAMPLE
from callcenterd.model.proposals import (
    FIELDS,
    MOST_TEXT,
    Letterhead,
    ProposalLanguage,
    ProposalTemplate,
    ProposalWords,
)
from callcenterd.web.answers import VISIBLE, Asked, answer, read
from callcenterd.web.customers import number_in
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Title = Annotated[str, VISIBLE, Field(max_length=100, pattern=r"^[^\r\n\t]*$")]
Place = Annotated[str, VISIBLE, Field(max_length=200, pattern=r"^[^\r\n\t]*$")]
PaperText = Annotated[str, VISIBLE, Field(max_length=MOST_TEXT)]
Seen = Annotated[int, Field(ge=0, lt=1 << 62, description="The version that was read; with another one there is 409")]


@dataclass(frozen=True, slots=True)
class NamedField:
    """name: as it stands in braces. chinese, english: what it is."""

    name: str
    chinese: str
    english: str


@dataclass(frozen=True, slots=True)
class TemplateList:
    """fields: what may stand in braces in a text. most_text: signs of one. example: to begin a new one with."""

    items: list[ProposalTemplate]
    total: int
    fields: list[NamedField]
    most_text: int
    example: ProposalWords


@dataclass(frozen=True, slots=True)
class Shown:
    """html: what goes into a page; of a fixed few elements, without attributes but class and start."""

    html: str


TEMPLATE = TypeAdapter(ProposalTemplate)
TEMPLATES = TypeAdapter(TemplateList)
LETTERHEAD = TypeAdapter(Letterhead)
SHOWN = TypeAdapter(Shown)


class TemplateNew(Asked):
    """text_zh, text_en: Markdown (headings, lists, tables, emphasis) with fields in braces; one of them at least.
    retired: not offered for new proposals."""

    name_zh: Title
    name_en: Title
    text_zh: PaperText = ""
    text_en: PaperText = ""
    retired: bool = False

    def words(self) -> ProposalWords:
        given = {name: getattr(self, name) for name in TemplateNew.model_fields}
        return ProposalWords(**given | {name: given[name].strip() for name in ("name_zh", "name_en")})


class TemplateChange(TemplateNew):
    """The whole of it anew."""

    version: Seen


class SampleAsked(Asked):
    """A text as it would be on the office's paper, with examples in its fields."""

    language: ProposalLanguage
    text: PaperText
    title: Title = ""


class LetterheadAsked(Asked):
    """The whole of it anew."""

    version: Seen
    name_zh: Title = ""
    name_en: Title = ""
    address_zh: Place = ""
    address_en: Place = ""
    phone: Title = ""
    email: Title = ""


@routes.get("/api/v1/proposal-templates")
@right("proposal.write")
@shape(summary="The office's templates of proposals, and what their texts may name", answer=TEMPLATES)
async def list_proposal_templates(request: web.Request) -> web.StreamResponse:
    """200 all of them, retired ones too."""
    of = request.app[MODULES].proposals
    items, known = await of.templates(), {**FIELDS, **await of.custom()}
    named = [NamedField(name, *both) for name, both in known.items()]
    return answer(TEMPLATES, TemplateList(items, len(items), named, MOST_TEXT, EXAMPLE))


@routes.post("/api/v1/proposal-templates")
@right("proposal_template")
@shape(summary="A new template of proposals", body=TemplateNew, answer=TEMPLATE)
async def create_proposal_template(request: web.Request) -> web.StreamResponse:
    """201 the template · 409 there are 200 already · 422 fields, also for what is no field of such a text."""
    asked = await read(request, TemplateNew)
    added = await request.app[MODULES].proposals.add_template(asked.words(), signed_in(request).login)
    return answer(TEMPLATE, added, status=201)


@routes.put("/api/v1/proposal-templates/{id}")
@right("proposal_template")
@shape(summary="Change a template of proposals", body=TemplateChange, answer=TEMPLATE)
async def change_proposal_template(request: web.Request) -> web.StreamResponse:
    """200 the template now; proposals that were made of it stay as they are · 404 no such template · 409 somebody has
    changed it meanwhile ("now" has it as it is) · 422 fields."""
    asked, number = await read(request, TemplateChange), number_in(request, "proposal template")
    changed = await request.app[MODULES].proposals.change_template(
        number, asked.words(), asked.version, signed_in(request).login
    )
    return answer(TEMPLATE, changed)


@routes.post("/api/v1/proposal-templates/preview")
@right("proposal_template")
@shape(summary="How a text looks, with examples in its fields", body=SampleAsked, answer=SHOWN)
async def preview_proposal_template(request: web.Request) -> web.StreamResponse:
    """200 its HTML; nothing is kept · 422 fields, also for what is no field of such a text."""
    asked, of = await read(request, SampleAsked), request.app[MODULES].proposals
    paper = await of.sample(asked.text, asked.title, asked.language)
    return answer(SHOWN, Shown(await of.page(paper)))


@routes.post("/api/v1/proposal-templates/print")
@right("proposal_template")
@shape(summary="The same on the office's paper", body=SampleAsked, media="application/pdf")
async def print_proposal_template(request: web.Request) -> web.StreamResponse:
    """200 the PDF; nothing is kept · 422 as above."""
    asked, of = await read(request, SampleAsked), request.app[MODULES].proposals
    octets = await of.pdf(await of.sample(asked.text, asked.title, asked.language))
    return web.Response(
        body=octets,
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="proposal.pdf"'},
    )


@routes.get("/api/v1/letterhead")
@right("proposal.write")
@shape(summary="What stands for the office on its proposals", answer=LETTERHEAD)
async def get_letterhead(request: web.Request) -> web.StreamResponse:
    """200 it; version 0: nobody has written any yet."""
    return answer(LETTERHEAD, await request.app[MODULES].proposals.letterhead())


@routes.put("/api/v1/letterhead")
@right("proposal_template")
@shape(summary="Change what stands for the office on its proposals", body=LetterheadAsked, answer=LETTERHEAD)
async def put_letterhead(request: web.Request) -> web.StreamResponse:
    """200 it now · 409 somebody has changed it meanwhile ("now" has it as it is) · 422 fields."""
    asked = await read(request, LetterheadAsked)
    new = Letterhead(**{name: getattr(asked, name) for name in LetterheadAsked.model_fields})
    changed = await request.app[MODULES].proposals.put_letterhead(new, signed_in(request).login)
    return answer(LETTERHEAD, changed)
