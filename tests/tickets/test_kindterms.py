"""Kinds of duties as an administrator has them: in force at once, kept over a start, and what is wrong is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from callcenterd.errors import NotFound, Refused
from callcenterd.model.duties import Escalation
from callcenterd.model.duty_kinds import DutyKindIsAnother, DutyKindTerms
from callcenterd.store.database import Store
from callcenterd.tickets.kinds import KINDS
from callcenterd.tickets.kindterms import shipped
from callcenterd.tickets.ledger import Wanted
from tests.kit.database import address, clock, cluster, store
from tests.kit.virtual import START
from tests.tickets.test_ledger import CALLER, MINUTE, Office, office

__all__ = ["address", "clock", "cluster", "office", "store"]
TASK = shipped("task")


async def change(office: Office, name: str, **terms: Any) -> DutyKindTerms:
    return await office.kinds.change(replace(office.kinds.terms(name), **terms), "root")


async def test_a_change_is_in_force_for_the_next_duty_and_those_that_are_there_stay_as_they_are(office: Office) -> None:
    before = await office.ledger.create(Wanted(kind="promise", number=CALLER), "1001")
    assert (before.due - START, before.warn_minutes, len(before.escalations)) == (60 * MINUTE, 10, 1)
    handed_up = (Escalation(90, "manager"), Escalation(5, "person:boss"))
    kept = await change(office, "promise", limit=30, warn=15, escalations=handed_up)
    assert (kept.version, kept.changed_by, kept.escalations) == (1, "root", handed_up[::-1])
    after = await office.ledger.create(Wanted(kind="promise", number=CALLER), "1001")
    assert (after.due - START, after.warn_minutes, after.escalations) == (30 * MINUTE, 15, kept.escalations)
    assert (await office.store.duties.get(before.id)) == before
    assert await office.at(15) == ["warning 1001"]
    assert await office.at(35) == ["limit 1001", "escalation boss"]
    entries, _ = await office.store.audit.search(what="duty_kind.changed")
    assert [(entry.who, entry.target) for entry in entries] == [("root", "duty_kind/promise")]
    assert entries[0].changes["limit"] == (60, 30)


async def test_what_was_changed_is_there_after_a_start(office: Office) -> None:
    kept = await change(office, "task", limit=90, chinese="工作", english="Job")
    await office.restarts()
    assert office.kinds.terms("task") == kept
    assert (office.kinds["task"].limit, office.kinds["task"].chinese) == (90, "工作")
    assert office.kinds["task"].outcomes == KINDS["task"].outcomes
    assert list(office.kinds) == list(KINDS)
    assert office.kinds.terms("reminder") == shipped("reminder")


async def test_which_calls_close_a_kind_counts_at_once_for_those_that_are_there_too(office: Office) -> None:
    task = await office.ledger.create(Wanted(kind="task", title="合同", number=CALLER), "1001")
    promise = await office.ledger.create(Wanted(kind="promise", number=CALLER), "1001")
    await change(office, "promise", closes=None)
    await office.speaks("one", direction="outbound")
    assert {duty.id for duty in await office.owed(state="open")} == {task.id, promise.id}
    await change(office, "task", closes="reached")
    await office.speaks("two")
    assert {duty.id for duty in await office.owed(state="open")} == {task.id, promise.id}, "they rang"
    assert "called_in" in await office.steps(task)
    await office.speaks("three", direction="outbound")
    [done] = await office.owed(state="done")
    assert (done.id, done.outcome, done.closed_by) == (task.id, "done", "1002")


async def test_a_letter_calls_the_kind_as_it_is_called_now(office: Office) -> None:
    await change(office, "promise", chinese="回电")
    await office.ledger.create(Wanted(kind="promise", number=CALLER), "1001")
    await office.at(60)
    letters, _ = await office.store.outbox.list()
    assert {letter.subject for letter in letters} == {f"已到期：回电：{CALLER}"}


@pytest.mark.parametrize(
    ("name", "terms", "field"),
    [
        ("task", {"chinese": " "}, "chinese"),
        ("task", {"english": ""}, "english"),
        ("task", {"limit": 0, "warn": 0}, "limit"),
        ("task", {"limit": 10**9}, "limit"),
        ("task", {"limit": 20, "warn": 30}, "warn"),
        ("task", {"warn": -1}, "warn"),
        ("task", {"escalations": (Escalation(1, "person:nobody"),)}, "escalations"),
        ("task", {"escalations": (Escalation(1, "1001"),)}, "escalations"),
        ("task", {"escalations": (Escalation(-1, "leaders"),)}, "escalations"),
        ("task", {"escalations": (Escalation(1, "leaders"),) * 6}, "escalations"),
        ("task", {"by_people": True}, "by_people"),
        ("follow_up", {"closes": "reached"}, "closes"),
        ("complaint_answer", {"closes": None, "by_people": False}, "closes"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_field(
    office: Office, name: str, terms: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        await change(office, name, **terms)
    assert list(refused.value.fields) == [field]
    assert office.kinds.terms(name) == shipped(name)
    assert await office.store.duty_kinds.changed() == []


async def test_there_are_no_other_kinds(office: Office) -> None:
    with pytest.raises(NotFound):
        await office.kinds.change(replace(TASK, name="party"), "root")


async def test_the_second_of_two_is_told_in_both_databases(store: Store) -> None:
    one = await store.duty_kinds.put(replace(TASK, limit=90), TASK, "root", START)
    assert (one.version, one.limit) == (1, 90)
    with pytest.raises(DutyKindIsAnother) as told:
        await store.duty_kinds.put(replace(TASK, limit=30), TASK, "boss", START)
    assert told.value.now == one
    closes = replace(one, closes="spoken", by_people=True, escalations=(Escalation(5, "leaders"),))
    two = await store.duty_kinds.put(closes, TASK, "root", START)
    assert await store.duty_kinds.changed() == [two]
    assert (two.version, two.closes, two.escalations) == (2, "spoken", (Escalation(5, "leaders"),))
