"""The chain of evidence (NEW-06): how far it is, whether everything agrees with it, and packs to hand out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import Field, TypeAdapter, model_validator
from pydantic_core import PydanticCustomError

from callcenterd.model.evidence import Anchor, Link
from callcenterd.tickets.evidence import Checked
from callcenterd.web.agents import Nothing
from callcenterd.web.answers import VISIBLE, Conditions, answer, conditions, read
from callcenterd.web.describe import shape
from callcenterd.web.office import MODULES, OFFICE
from callcenterd.web.rights import right
from callcenterd.web.session import signed_in

routes = web.RouteTableDef()
DAYS = 31
PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceNow:
    """head: the last link; null: there is none yet. anchors: the last link of each of the last 31 days that had any:
    written down elsewhere they prove everything before them."""

    head: Link | None
    anchors: Sequence[Anchor]
    checked: Checked


EVIDENCE = TypeAdapter(EvidenceNow)
CHECKED = TypeAdapter(Checked)


class PackConditions(Conditions):
    """About a call, a duty, a customer or a complaint: one of them."""

    call: Annotated[str, VISIBLE] = Field("", max_length=64)
    duty: int | None = Field(None, ge=1, lt=2**63)
    customer: int | None = Field(None, ge=1, lt=2**63)
    complaint: int | None = Field(None, ge=1, lt=2**63)

    @model_validator(mode="after")
    def _one(self) -> PackConditions:
        if sum(bool(one) for one in (self.call, self.duty, self.customer, self.complaint)) != 1:
            raise PydanticCustomError("one_of_these", "one of call, duty, customer and complaint is wanted")
        return self


@routes.get("/api/v1/evidence")
@right("evidence")
@shape(summary="The chain of evidence: its head, anchors, and how the last check ended", answer=EVIDENCE)
async def evidence_now(request: web.Request) -> web.StreamResponse:
    """200 how it stands."""
    office = request.app[OFFICE]
    anchors = await office.store.evidence.anchors(DAYS, office.clock.utc())
    now = EvidenceNow(
        head=await office.store.evidence.head(), anchors=anchors, checked=request.app[MODULES].evidence.checked
    )
    return answer(EVIDENCE, now)


@routes.post("/api/v1/evidence/check")
@right("evidence")
@shape(summary="Go along the whole chain: does every record agree with it?", body=Nothing, answer=CHECKED)
async def check_evidence(request: web.Request) -> web.StreamResponse:
    """200 what was found: the first hundred places that do not agree."""
    await read(request, Nothing)
    return answer(CHECKED, await request.app[MODULES].evidence.check())


@routes.get("/api/v1/evidence/pack")
@right("evidence")
@shape(
    summary="A pack of evidence about a call, a duty, a customer or a complaint, with recordings and a verifier",
    conditions=PackConditions,
    media="application/zip",
)
async def evidence_pack(request: web.Request) -> web.StreamResponse:
    """200 a ZIP; unpacked, `python3 verify.py` checks it · 404 nothing of it is in the chain · 422 fields."""
    wanted = conditions(request, PackConditions)
    path = await request.app[MODULES].evidence.pack(
        signed_in(request).login,
        call=wanted.call or None,
        duty=wanted.duty,
        customer=wanted.customer,
        complaint=wanted.complaint,
    )
    try:
        answered = web.StreamResponse()
        answered.content_type = "application/zip"
        answered.content_length = path.stat().st_size
        name = f"{wanted.call or wanted.duty or wanted.customer or wanted.complaint}"
        safe = "".join(sign for sign in name if sign.isascii() and (sign.isalnum() or sign in "-_"))
        answered.headers["Content-Disposition"] = f'attachment; filename="evidence-{safe}.zip"'
        await answered.prepare(request)
        with path.open("rb") as file:
            while piece := file.read(PIECE):
                await answered.write(piece)
        await answered.write_eof()
        return answered
    finally:
        path.unlink(missing_ok=True)
