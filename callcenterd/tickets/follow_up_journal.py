"""The sheet [业务回访业务单] and the journals [业务回访日(周、月)志表] of follow-ups (FUP-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callcenterd.model.fields import FieldKind, Values
from callcenterd.model.follow_ups import FollowUp, FollowUpFilter
from callcenterd.store.database import Store
from callcenterd.tickets.journals import Both, JournalColumn, Reader, cross, named, tally
from callcenterd.tickets.record_prints import AT, CARD, CHANNEL, NAME, NUMBER, PHONE, SEX, TEAM, customer_part, given
from callcenterd.worker.journals import Line, Part
from callcenterd.worker.sheets import Table

CATEGORIES = "follow_up_category"
RESULTS = "follow_up_result"
CATEGORY: Both = ("回访类别", "Class")
GIFTS: Both = ("邮寄礼品", "Gifts by mail")
CONTENT: Both = ("回访内容", "Content")
RESULT: Both = ("回访结果", "Result")
TRIES: Both = ("未接通次数", "Tries in vain")
NEXT: Both = ("下次回访", "Next call")
DUE: Both = ("期限", "Due")
AGENT: Both = ("回访人", "Followed up by")
STATES: Mapping[str, Both] = {
    "open": ("待回访", "To be done"),
    "not_reached": ("未接通", "Not reached"),
    "cancelled": ("已取消", "Cancelled"),
}
"""Of those that have no result."""
_YES_NO: Mapping[bool, Both] = {True: ("是", "Yes"), False: ("否", "No")}


def _result(one: FollowUp, reader: Reader) -> str:
    return reader.say(STATES[one.state]) if one.state in STATES else reader.word(RESULTS, one.result)


def _gifts(one: FollowUp, reader: Reader) -> str:
    return "" if one.gifts_by_mail is None else reader.say(_YES_NO[one.gifts_by_mail])


@dataclass(frozen=True, slots=True)
class FollowUpJournal:
    store: Store
    kind: FieldKind = "follow_up"
    sheet: Both = ("业务回访业务单", "Follow-up sheet")
    journal: Both = ("业务回访{}志表", "follow-ups")
    columns: Sequence[JournalColumn[FollowUp]] = (
        JournalColumn(AT, lambda one, _: one.at, "moment", 22),
        JournalColumn(NUMBER, lambda one, _: one.number, width=22),
        JournalColumn(NAME, lambda one, _: one.name, width=12),
        JournalColumn(SEX, lambda one, reader: reader.word("sex", one.sex), width=8),
        JournalColumn(PHONE, lambda one, _: one.phone, width=16),
        JournalColumn(CARD, lambda one, _: one.card, width=14),
        JournalColumn(CHANNEL, lambda one, reader: reader.word("channel", one.channel), width=14),
        JournalColumn(GIFTS, _gifts, width=10),
        JournalColumn(CATEGORY, lambda one, reader: reader.word(CATEGORIES, one.category), width=12),
        JournalColumn(RESULT, _result, width=14),
        JournalColumn(AGENT, lambda one, reader: reader.person(one.owner), width=14),
        JournalColumn(CONTENT, lambda one, _: one.content, width=38),
    )

    def parts(self, one: FollowUp, reader: Reader) -> Sequence[Part]:
        say = reader.say
        return (
            Part(
                "",
                (
                    Line(say(AT), one.at),
                    Line(say(NUMBER), one.number),
                    Line(say(AGENT), reader.person(one.owner)),
                    Line(say(TEAM), one.team),
                ),
            ),
            customer_part(
                one,
                reader,
                Line(say(CHANNEL), reader.word("channel", one.channel)),
                Line(say(GIFTS), _gifts(one, reader)),
            ),
            Part(
                say(("回访", "Follow-up")),
                (
                    Line(say(CATEGORY), reader.word(CATEGORIES, one.category)),
                    Line(say(DUE), one.due),
                    Line(say(RESULT), _result(one, reader)),
                    Line(say(TRIES), one.tries),
                    Line(say(NEXT), one.next_call),
                    Line(say(CONTENT), one.content, wide=True, tall=True),
                ),
            ),
        )

    def number(self, one: FollowUp) -> str:
        return one.number

    def values(self, one: FollowUp) -> Values:
        return given(one.fields)

    async def following(self, chosen: FollowUpFilter, after: FollowUp | None) -> Sequence[FollowUp]:
        return await self.store.follow_ups.following(chosen, after)

    async def totals(self, chosen: FollowUpFilter, reader: Reader) -> Sequence[Table]:
        """By class and channel, by result (of what has none, by state), and by person."""
        store, say = self.store.follow_ups, reader.say
        pairs = {
            (one, other): count for (one, other), count in (await store.tally(chosen, "category", "channel")).items()
        }
        rows = named(CATEGORIES, {one for one, _ in pairs}, reader)
        columns = named("channel", {other for _, other in pairs}, reader)
        results = {one: count for (one,), count in (await store.tally(chosen, "result")).items()}
        of_results = named(RESULTS, set(results) - set(STATES), reader)
        of_states = [(state, say(both)) for state, both in STATES.items() if state in results]
        people = {one: count for (one,), count in (await store.tally(chosen, "owner")).items()}
        of_people = [(one, reader.person(one) or say(("未分配", "Nobody yet"))) for one in sorted(people)]
        by = ("按类别和得知渠道合计", "Totals by class and channel")
        return (
            cross(say(by), say(CATEGORY), rows, columns, pairs, reader),
            tally(say(RESULT), say(RESULT), [*of_results, *of_states], results, reader, sum_up=True),
            tally(say(AGENT), say(AGENT), of_people, people, reader, sum_up=True),
        )
