"""Proposals [建议书] for a customer: made of the office's templates, each version a PDF among the customer's files.

Who may see the customer's files may see their proposals. The file itself goes out as any file of a record does
(`attachments`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter

from callcenterd.crm.proposals import Drafted, Hide, ProposalWanted
from callcenterd.errors import NotFound
from callcenterd.model.attachments import RecordKind
from callcenterd.model.customers import Customer
from callcenterd.model.proposals import Proposal, ProposalLanguage
from callcenterd.web.answers import VISIBLE, Asked, Conditions, WrongFields, answer, conditions, read
from callcenterd.web.customers import seen_customer
from callcenterd.web.describe import shape
from callcenterd.web.masking import MASK
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.once import once
from callcenterd.web.proposal_templates import PaperText, Title
from callcenterd.web.recordsight import number_of, seen_record
from callcenterd.web.rights import may_read, right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()

Number = Annotated[int, Field(ge=1, lt=1 << 62)]


@dataclass(frozen=True, slots=True)
class ProposalList:
    items: list[Proposal]
    total: int


PROPOSAL = TypeAdapter(Proposal)
PROPOSALS = TypeAdapter(ProposalList)
DRAFTED = TypeAdapter(Drafted)


class ProposalConditions(Conditions):
    limit: int = Field(50, ge=1, le=500)
    offset: int = Field(0, ge=0, le=10_000_000)


class DraftAsked(Asked):
    """title: without it the template's name. text: instead of the template's, with fields in braces. kind, record:
    what it is about ("complaint", "12")."""

    template: Number
    language: ProposalLanguage
    title: Title = ""
    text: PaperText | None = None
    kind: RecordKind | None = None
    record: Annotated[str, VISIBLE, Field(max_length=64)] = ""


class ProposalAsked(DraftAsked):
    """after: the id of the proposal of which this is the next version; it must be the last one."""

    after: Number | None = None


@routes.get("/api/v1/customers/{id}/proposals")
@right("attachment")
@shape(summary="Proposals made for a customer", conditions=ProposalConditions, answer=PROPOSALS)
async def list_proposals(request: web.Request) -> web.StreamResponse:
    """200 one page of all their versions, the newest first · 404 no such customer."""
    wanted, customer = conditions(request, ProposalConditions), await seen_customer(request)
    items, total = await request.app[OFFICE].store.proposals.of_customer(customer.id, wanted.limit, wanted.offset)
    return answer(PROPOSALS, ProposalList(items, total))


@routes.post("/api/v1/customers/{id}/proposals/preview")
@right("proposal.write")
@shape(summary="How a proposal for a customer would be", body=DraftAsked, answer=DRAFTED)
async def preview_proposal(request: web.Request) -> web.StreamResponse:
    """200 its text, its HTML, and which of its fields are empty; nothing is kept · 404 no such customer, template or
    record · 422 fields."""
    asked, customer = await read(request, DraftAsked), await seen_customer(request)
    wanted = await _wanted(request, asked, customer)
    drafted = await request.app[MODULES].proposals.draft(customer, wanted, signed_in(request).login, _hide(request))
    return answer(DRAFTED, drafted)


@routes.post("/api/v1/customers/{id}/proposals")
@right("proposal.write")
@shape(summary="Make a proposal for a customer, or its next version", body=ProposalAsked, answer=PROPOSAL)
@once
async def make_proposal(request: web.Request) -> web.StreamResponse:
    """201 the proposal; its PDF is one of the customer's files · 404 as above, or no such proposal of theirs · 409
    there is a later version ("now" has it), or the customer has 500 files already · 422 fields."""
    asked, customer = await read(request, ProposalAsked), await seen_customer(request)
    wanted = await _wanted(request, asked, customer)
    made = await request.app[MODULES].proposals.make(customer, wanted, signed_in(request).login, _hide(request))
    return answer(PROPOSAL, made, status=201)


async def _wanted(request: web.Request, asked: DraftAsked, customer: Customer) -> ProposalWanted:
    """Raises NotFound for a record that who asks may not see, WrongFields for one of somebody else."""
    record, number = None, ""
    if asked.kind is not None:
        if asked.kind in ("customer", "call") or not may_read(request, asked.kind):
            raise NotFound(asked.kind, asked.record[:40])
        number = await seen_record(request, asked.kind, asked.record)
        store = request.app[OFFICE].store
        record = await store.proposals.record(asked.kind, number_of(asked.kind, number))
        if record.customer != customer.id:
            raise WrongFields({"record": ("not_theirs", {})})
    return ProposalWanted(
        template=asked.template,
        language=asked.language,
        title=asked.title,
        text=asked.text,
        record=record,
        record_id=number,
        after=getattr(asked, "after", None),
    )


def _hide(request: web.Request) -> Hide:
    """What is hidden from who asks stands hidden in what they make."""
    mask = request.get(MASK)
    return (lambda value, _: value) if mask is None else mask.field
