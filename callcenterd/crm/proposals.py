"""Proposals [建议书] (CRM-04): templates and letterhead of the office, and PDFs made of them for a customer.

What was made is kept as a file of the customer, by its hash, and never changed: who wants another text makes another
version. What is hidden from who makes it stands hidden in it: a proposal is no way to a number that one may not see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import tzinfo

from callcenterd.clock import Clock
from callcenterd.crm.attachments import Attachments
from callcenterd.crm.proposal_fields import Filling, examples
from callcenterd.errors import NotFound, Refused
from callcenterd.model.changes import audit_change
from callcenterd.model.customers import Customer
from callcenterd.model.proposals import (
    CUSTOM,
    Letterhead,
    NewProposal,
    PaperIsAnother,
    Proposal,
    ProposalLanguage,
    ProposalTemplate,
    ProposalWords,
    RecordSaid,
    named,
    unknown_fields,
)
from callcenterd.model.site import Site
from callcenterd.store.database import Store
from callcenterd.worker.pool import Worker
from callcenterd.worker.proposals import ProposalPaper, proposal_page, proposal_pdf

SECONDS = 60.0
"""For one print on a busy machine."""
Hide = Callable[[str, str], str]
"""A value and the field that it stands in → what of it who asks may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalWanted:
    """Of which template, in which language. title "": the template's name. text: instead of the template's. record:
    what it is about. after: the proposal of which this is the next version."""

    template: int
    language: ProposalLanguage
    title: str = ""
    text: str | None = None
    record: RecordSaid | None = None
    record_id: str = ""
    after: int | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """html: the body. text: with its fields in braces. empty: fields of the text that hold nothing."""

    title: str
    text: str
    html: str
    empty: list[str]


class Proposals:
    """site: as it is now. zone: the office's. worker: sets the type."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        site: Callable[[], Site],
        zone: tzinfo,
        attachments: Attachments,
        worker: Worker,
    ) -> None:
        self._store = store
        self._clock = clock
        self._site = site
        self._zone = zone
        self._attachments = attachments
        self._worker = worker

    # ---- what the office keeps --------------------------------------------------------------------------

    async def letterhead(self) -> Letterhead:
        return await self._store.proposals.letterhead()

    async def put_letterhead(self, new: Letterhead, by: str) -> Letterhead:
        """new.version: the one that was read. Raises PaperIsAnother."""
        before, now = await self._store.proposals.letterhead(), self._clock.utc()
        after = await self._store.proposals.put_letterhead(new, by, now)
        await self._trail(by, "letterhead.changed", "letterhead", before, after)
        return after

    async def templates(self) -> list[ProposalTemplate]:
        return await self._store.proposals.templates()

    async def add_template(self, words: ProposalWords, by: str) -> ProposalTemplate:
        """Raises Refused with its fields, NotNow."""
        await self._check(words)
        added = await self._store.proposals.add_template(words, by, self._clock.utc())
        await self._trail(by, "proposal_template.created", f"proposal_template/{added.id}", None, added)
        return added

    async def change_template(self, number: int, words: ProposalWords, version: int, by: str) -> ProposalTemplate:
        """version: the one that was read. Raises Refused with its fields, NotFound, PaperIsAnother."""
        await self._check(words)
        before, after = await self._store.proposals.change_template(number, words, version, by, self._clock.utc())
        await self._trail(by, "proposal_template.changed", f"proposal_template/{number}", before, after)
        return after

    async def custom(self) -> dict[str, tuple[str, str]]:
        """Fields of customers that a text may name beside `FIELDS`; their names in Chinese and English."""
        known = await self._store.fields.all("customer")
        return {CUSTOM + one.name: (one.chinese, one.english) for one in known if one.type != "file"}

    async def _check(self, words: ProposalWords) -> None:
        faults = {name: "is missing" for name in ("name_zh", "name_en") if not getattr(words, name).strip()}
        if not (words.text_zh.strip() or words.text_en.strip()):
            faults["text_zh"] = "is missing"
        for name in ("text_zh", "text_en"):
            if why := await self._wrong(getattr(words, name)):
                faults[name] = why
        if faults:
            raise Refused("the text cannot be kept as it is", faults)

    async def _wrong(self, text: str) -> str:
        """What cannot stand in a text; "": nothing."""
        custom = frozenset(name.removeprefix(CUSTOM) for name in await self.custom())
        unknown = unknown_fields(text, custom)
        return f"{unknown[0][:60]} is no field of this text" if unknown else ""

    # ---- a look at a template ---------------------------------------------------------------------------

    async def sample(self, text: str, title: str, language: ProposalLanguage) -> ProposalPaper:
        """The text with examples in its fields, on the office's paper. Raises Refused."""
        if why := await self._wrong(text):
            raise Refused("the text cannot be kept as it is", {"text": why})
        letterhead = await self._store.proposals.letterhead()
        today = self._clock.utc().astimezone(self._zone).date()
        values = examples(language, letterhead, today, await self.custom()) | {"proposal.title": title}
        return _paper(text, title, language, letterhead, values)

    async def page(self, paper: ProposalPaper) -> str:
        return await self._worker.run(proposal_page, paper.text, paper.values, timeout=SECONDS)

    async def pdf(self, paper: ProposalPaper) -> bytes:
        return await self._worker.run(proposal_pdf, paper, timeout=SECONDS)

    # ---- proposals --------------------------------------------------------------------------------------

    async def draft(self, customer: Customer, wanted: ProposalWanted, by: str, hide: Hide) -> Drafted:
        """How it would be; nothing is kept. Raises Refused with its fields, NotFound."""
        paper = await self._written(customer, wanted, by, hide, "", 1)
        return Drafted(
            title=paper.title,
            text=paper.text,
            html=await self.page(paper),
            # It has no number yet, and will have one.
            empty=[name for name in named(paper.text) if not paper.values.get(name) and name != "proposal.number"],
        )

    async def make(self, customer: Customer, wanted: ProposalWanted, by: str, hide: Hide) -> Proposal:
        """customer: as who asks may see it. by: a login.

        Raises Refused with its fields, NotFound, PaperIsAnother: of the proposal there is a later version; what
        `Attachments.put` raises, and JobFailed.
        """
        template = await self._store.proposals.template(wanted.template)
        number, version = await self._numbered(customer, wanted)
        paper = await self._written(customer, wanted, by, hide, number, version)
        octets = await self.pdf(paper)
        name = f"{paper.title} {number} v{version}.pdf"
        kept = await self._attachments.put("customer", str(customer.id), name, octets, by)
        new = NewProposal(
            number=number,
            version=version,
            customer=customer.id,
            template=template.id,
            template_version=template.version,
            kind="" if wanted.record is None else wanted.record.kind,
            record=wanted.record_id,
            language=wanted.language,
            title=paper.title,
            text=paper.text,
            attachment=kept.id,
            sha256=kept.sha256,
        )
        try:
            made = await self._store.proposals.add(new, by, self._clock.utc())
        except PaperIsAnother:
            await self._attachments.remove(kept.id, by)
            raise
        details = {"proposal": number, "version": version, "template": template.id, "sha256": kept.sha256}
        await self._store.audit.append(made.at, by, "proposal.made", f"customer/{customer.id}", details)
        return made

    async def _numbered(self, customer: Customer, wanted: ProposalWanted) -> tuple[str, int]:
        """Number and version of the next one. Raises NotFound, PaperIsAnother."""
        if wanted.after is None:
            today = self._clock.utc().astimezone(self._zone).date()
            return await self._store.proposals.next_number(today), 1
        before = await self._store.proposals.get(wanted.after)
        if before.customer != customer.id:
            raise NotFound("proposal", wanted.after)
        last = await self._store.proposals.last(before.number)
        if last is not None and last.id != before.id:
            raise PaperIsAnother(last)
        return before.number, before.version + 1

    async def _written(
        self, customer: Customer, wanted: ProposalWanted, by: str, hide: Hide, number: str, version: int
    ) -> ProposalPaper:
        template, language = await self._store.proposals.template(wanted.template), wanted.language
        text = template.text(language) if wanted.text is None else wanted.text
        if not text.strip():
            where = "language" if wanted.text is None else "text"
            raise Refused("the text cannot be kept as it is", {where: "is missing"})
        if why := await self._wrong(text):
            raise Refused("the text cannot be kept as it is", {"text": why})
        letterhead = await self._store.proposals.letterhead()
        filling = Filling(
            language=language,
            zone=self._zone,
            dictionaries=await self._store.dictionaries.all(),
            fields=await self._store.fields.all("customer"),
            site=self._site(),
            letterhead=letterhead,
            hide=hide,
        )
        title = hide(" ".join((wanted.title or template.name(language)).split()), "title")
        values = {
            **filling.customer(customer),
            **filling.record(wanted.record),
            **filling.office(self._clock.utc()),
            **filling.agent(by),
            "proposal.title": title,
            "proposal.number": number,
            "proposal.version": str(version),
        }
        return _paper(hide(text, "text"), title, language, letterhead, values)

    async def _trail(
        self,
        by: str,
        what: str,
        target: str,
        before: ProposalTemplate | Letterhead | None,
        after: ProposalTemplate | Letterhead,
    ) -> None:
        changes = audit_change(None if before is None else asdict(before), asdict(after))
        details = {"fields": sorted(changes), "version": after.version}
        await self._store.audit.append(self._clock.utc(), by, what, target, details, changes)


def _paper(
    text: str, title: str, language: ProposalLanguage, letterhead: Letterhead, values: Mapping[str, str]
) -> ProposalPaper:
    number, version = values.get("proposal.number", ""), values.get("proposal.version", "")
    beside = (letterhead.address(language), letterhead.phone, letterhead.email)
    return ProposalPaper(
        language=language,
        title=title,
        text=text,
        values=values,
        head=letterhead.name(language),
        head_right=f"{number} v{version}" if number else "",
        foot="  ".join(one for one in beside if one),
    )
