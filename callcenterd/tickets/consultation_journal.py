"""The sheet [业务咨询业务单] and the journals [业务咨询日(周、月)志表] of consultations (CON-02)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcenterd.model.consultations import Consultation, ConsultationFilter
from callcenterd.model.fields import FieldKind, Values
from callcenterd.store.database import Store
from callcenterd.tickets.journals import Both, JournalColumn, Reader, cross, named
from callcenterd.tickets.record_prints import AT, CARD, CHANNEL, NAME, NUMBER, PHONE, SEX, TEAM, customer_part, given
from callcenterd.worker.journals import Line, Part
from callcenterd.worker.sheets import Table

CATEGORIES = "consultation_category"
CATEGORY: Both = ("咨询类别", "Category")
PROJECT_TYPE: Both = ("项目类型", "Kind of project")
PROJECT_NUMBER: Both = ("项目编号", "Project number")
PRODUCT_NUMBER: Both = ("产品编号", "Product number")
AGENT: Both = ("受理人", "Taken by")
NOTE: Both = ("备注", "Note")


@dataclass(frozen=True, slots=True)
class ConsultationJournal:
    store: Store
    kind: FieldKind = "consultation"
    sheet: Both = ("业务咨询业务单", "Consultation sheet")
    journal: Both = ("业务咨询{}志表", "consultations")
    columns: Sequence[JournalColumn[Consultation]] = (
        JournalColumn(AT, lambda one, _: one.at, "moment", 22),
        JournalColumn(NUMBER, lambda one, _: one.number, width=22),
        JournalColumn(NAME, lambda one, _: one.name, width=12),
        JournalColumn(SEX, lambda one, reader: reader.word("sex", one.sex), width=8),
        JournalColumn(PHONE, lambda one, _: one.phone, width=16),
        JournalColumn(CARD, lambda one, _: one.card, width=14),
        JournalColumn(CATEGORY, lambda one, reader: reader.word(CATEGORIES, one.category), width=16),
        JournalColumn(PROJECT_TYPE, lambda one, _: one.project_type, width=14),
        JournalColumn(PROJECT_NUMBER, lambda one, _: one.project_number, width=14),
        JournalColumn(PRODUCT_NUMBER, lambda one, _: one.product_number, width=14),
        JournalColumn(CHANNEL, lambda one, reader: reader.word("channel", one.channel), width=16),
        JournalColumn(AGENT, lambda one, reader: reader.person(one.owner), width=14),
        JournalColumn(NOTE, lambda one, _: one.note, width=38),
    )

    def parts(self, one: Consultation, reader: Reader) -> Sequence[Part]:
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
            customer_part(one, reader),
            Part(
                say(("咨询内容", "What it was about")),
                (
                    Line(say(CATEGORY), reader.word(CATEGORIES, one.category)),
                    Line(say(CHANNEL), reader.word("channel", one.channel)),
                    Line(say(PROJECT_TYPE), one.project_type),
                    Line(say(PROJECT_NUMBER), one.project_number),
                    Line(say(PRODUCT_NUMBER), one.product_number),
                    Line(say(NOTE), one.note, wide=True, tall=True),
                ),
            ),
        )

    def number(self, one: Consultation) -> str:
        return one.number

    def values(self, one: Consultation) -> Values:
        return given(one.fields)

    async def following(self, chosen: ConsultationFilter, after: Consultation | None) -> Sequence[Consultation]:
        return await self.store.consultations.following(chosen, after)

    async def totals(self, chosen: ConsultationFilter, reader: Reader) -> Sequence[Table]:
        found = await self.store.consultations.counts(chosen)
        counts = {(one.category, one.channel): one.count for one in found}
        rows = named(CATEGORIES, {one.category for one in found}, reader)
        columns = named("channel", {one.channel for one in found}, reader)
        title = reader.say(("按类别和得知渠道合计", "Totals by category and channel"))
        return (cross(title, reader.say(CATEGORY), rows, columns, counts, reader),)
