"""Proposals as they are kept, in both databases: the second of two is told, versions, merged and erased customers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.attachments import NewAttachment
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CustomerId
from callcenterd.model.proposals import Letterhead, NewProposal, PaperIsAnother, Proposal, ProposalWords
from callcenterd.model.timeline import TimelineQuery
from callcenterd.store.database import Store
from tests.kit.virtual import START

DAY = date(2026, 8, 3)
HOUR = timedelta(hours=1)
WORDS = ProposalWords(name_zh="方案", name_en="Plan", text_zh="# {proposal.title}")


async def somebody(store: Store, name: str = "张三") -> CustomerId:
    return (await store.customers.create(CustomerCard(name=name), "1001")).id


async def made(store: Store, customer: CustomerId, at: Any = START, **known: Any) -> Proposal:
    file = NewAttachment(
        kind="customer", record=str(customer), name="p.pdf", octets=9, type="application/pdf", sha256="ab"
    )
    kept = await store.attachments.add(file, "1001", at)
    new = NewProposal(
        number=known.pop("number", "JY20260803-0001"),
        version=known.pop("version", 1),
        customer=customer,
        template=None,
        template_version=1,
        language="zh-CN",
        title="全年方案",
        text="您好，{customer.name}",
        attachment=kept.id,
        sha256=kept.sha256,
        **known,
    )
    return await store.proposals.add(new, "1001", at)


async def test_a_template_and_the_letterhead_are_not_written_over_by_the_second_of_two(store: Store) -> None:
    template = await store.proposals.add_template(WORDS, "root", START)
    assert (template.version, template.retired, template.text_en) == (1, False, "")
    before, after = await store.proposals.change_template(template.id, replace(WORDS, retired=True), 1, "root", START)
    assert (before, after.version, after.retired) == (template, 2, True)
    with pytest.raises(PaperIsAnother) as told:
        await store.proposals.change_template(template.id, WORDS, 1, "boss", START)
    assert told.value.now == after
    assert await store.proposals.templates() == [after] == [await store.proposals.template(template.id)]
    with pytest.raises(NotFound):
        await store.proposals.change_template(99, WORDS, 1, "root", START)
    assert await store.proposals.letterhead() == Letterhead()
    one = await store.proposals.put_letterhead(Letterhead(name_zh="晨光"), "root", START)
    two = await store.proposals.put_letterhead(replace(one, phone="020-88886666"), "root", START)
    with pytest.raises(PaperIsAnother) as told:
        await store.proposals.put_letterhead(one, "boss", START)
    assert told.value.now == two == await store.proposals.letterhead()
    assert (two.version, two.name_zh) == (2, "晨光")


async def test_versions_of_a_proposal_are_each_there_once(store: Store) -> None:
    customer = await somebody(store)
    assert [await store.proposals.next_number(DAY) for _ in range(2)] == ["JY20260803-0001", "JY20260803-0002"]
    first = await made(store, customer)
    second = await made(store, customer, START + HOUR, version=2)
    for version in (1, 2):
        with pytest.raises(PaperIsAnother) as told:
            await made(store, customer, version=version)
        assert told.value.now == second
    assert await store.proposals.last("JY20260803-0001") == second
    assert await store.proposals.last("JY20260803-0002") is None
    assert await store.proposals.of_customer(customer) == ([second, first], 2)
    assert await store.proposals.of_customer(customer, 1, 1) == ([first], 2)
    with pytest.raises(NotFound):
        await store.proposals.get(99)


async def test_the_time_line_tells_of_a_proposal_once_and_of_its_file_not_again(store: Store) -> None:
    customer = await somebody(store)
    one = await made(store, customer)
    entries, _ = await store.timeline.page([customer], TimelineQuery(kinds=("file", "proposal")))
    assert [(entry.kind, entry.id, entry.text, entry.details) for entry in entries] == [
        (
            "proposal",
            str(one.id),
            "全年方案",
            {"number": "JY20260803-0001", "version": 1, "language": "zh-CN", "attachment": one.attachment},
        )
    ]
    assert one.attachment is not None
    await store.attachments.remove(one.attachment)
    assert (await store.proposals.get(one.id)).attachment is None, "that it was made stays"


async def test_a_proposal_goes_over_with_its_customer_and_is_forgotten_with_them(store: Store) -> None:
    kept, gone = await somebody(store, "张三"), await somebody(store, "张三丰")
    one = await made(store, gone)
    await store.merging.merge((kept, 1), (gone, 1), lambda stays, _: stays, "boss", START)
    assert (await store.proposals.get(one.id)).customer == kept
    assert (await store.attachments.of("customer", str(kept)))[0].id == one.attachment
    customer = await store.customers.get(kept)
    await store.bin.remove(kept, customer.version, "boss", "gone")
    await store.bin.erase(kept, "root")
    erased = await store.proposals.get(one.id)
    assert (erased.title, erased.text, erased.attachment, erased.number) == ("", "", None, one.number)


async def test_what_a_proposal_may_say_of_a_record(store: Store) -> None:
    customer = await somebody(store)
    written = ConsultationFields(customer=customer, category="use", note="全年方案？")
    new = await store.consultations.add(written, at=START, owner="1001", team="", by="1001", now=START, day=DAY)
    said = await store.proposals.record("consultation", new.id)
    assert (said.kind, said.number, said.at, said.text) == ("consultation", new.number, START, "全年方案？")
    assert said.customer == customer
    for kind in ("consultation", "complaint", "follow_up"):
        with pytest.raises(NotFound):
            await store.proposals.record(kind, 99)
    for kind in ("customer", "call"):
        with pytest.raises(NotFound):
            await store.proposals.record(kind, 1)  # type: ignore[arg-type]  # as above
