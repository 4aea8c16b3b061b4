"""The sheet [投诉建议反馈单] and the journals [反馈日(周、月)志表] of complaints and suggestions (CMP-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from callcenterd.model.complaints import ComplaintFilter, ComplaintListed, ComplaintState, ComplaintTally
from callcenterd.model.customer_messages import CANCELLED, REFUSED, TOO_LATE
from callcenterd.model.fields import FieldKind, Values
from callcenterd.store.database import Store
from callcenterd.tickets.journals import Both, JournalColumn, Reader, named, tally
from callcenterd.tickets.record_prints import AT, CARD, NAME, NUMBER, PHONE, customer_part, given
from callcenterd.worker.journals import Line, Part
from callcenterd.worker.sheets import Table

KIND: Both = ("类别", "Kind")
TYPE: Both = ("投诉类型", "Type")
ASPECTS: Both = ("投诉方面", "Aspects")
PROJECT: Both = ("项目编号", "Project")
DEPARTMENT: Both = ("部门编号", "Department number")
PERSON: Both = ("人员编号", "Person number")
REASON: Both = ("原因", "Reason")
NOTE: Both = ("备注", "Note")
MAKER: Both = ("受理人", "Taken by")
TEAM: Both = ("处理部门", "Department")
RESPONSIBLE: Both = ("责任人", "Responsible")
STATE: Both = ("状态", "State")
STANDS: Both = ("是否成立", "Stands")
RESULT: Both = ("处理结果", "Result")
LATENESS: Both = ("时限", "Limit")
MEANS: Both = ("答复方式", "Answered by")
SATISFACTION: Both = ("满意度", "Satisfaction")
_KINDS: Mapping[str, Both] = {"complaint": ("投诉", "Complaint"), "suggestion": ("建议", "Suggestion")}
_STANDS: Mapping[str, Both] = {
    "yes": ("成立", "Stands"),
    "no": ("不成立", "Does not stand"),
    "": ("未核定", "Not decided"),
}
_LATENESS: Mapping[str, Both] = {
    "on_time": ("按期", "On time"),
    "late": ("逾期", "Late"),
    "open": ("处理中", "In progress"),
}
_MEANS: Mapping[str, Both] = {
    "call": ("电话", "Call"),
    "email": ("邮件", "E-mail"),
    "sms": ("短信", "SMS"),
    "in_person": ("当面", "Told otherwise"),
}
_REASONS: Mapping[str, Both] = {
    REFUSED["email"]: ("客户不接收邮件", "The customer wants no e-mail"),
    REFUSED["sms"]: ("客户不接收短信", "The customer wants no SMS"),
    TOO_LATE: ("没能按时发出", "It could not be sent in time"),
    CANCELLED: ("已在发件箱取消", "Cancelled in the outbox"),
}
"""Why an answer did not go out, in words of ours; what a mail server or a gateway says stays as it is."""
_NO_TEAM: Both = ("未派单", "Not dispatched")


def _stands(one: ComplaintListed) -> str:
    return {None: "", True: "yes", False: "no"}[one.complaint.stands]


def _from(words: Mapping[str, Both], code: str, reader: Reader) -> str:
    return reader.say(words[code]) if code in words else code


def _means(one: ComplaintListed) -> str:
    """The last of them: who was to be called may have been told otherwise."""
    said = (state.details.get("means", "") for state in reversed(one.states))
    return next(filter(None, said), one.complaint.means)


def _aspects(one: ComplaintListed, reader: Reader) -> str:
    between = "、" if reader.language == "zh-CN" else ", "
    return between.join(reader.word("complaint_aspect", code) for code in one.complaint.aspects)


@dataclass(frozen=True, slots=True)
class ComplaintJournal:
    """now: when limits are looked at. steps: what the states of all workflows are called, by code."""

    store: Store
    now: datetime
    steps: Mapping[str, Both]
    kind: FieldKind = "complaint"
    sheet: Both = ("投诉建议反馈单", "Complaint sheet")
    journal: Both = ("投诉建议反馈{}志表", "complaints and suggestions")

    @property
    def columns(self) -> Sequence[JournalColumn[ComplaintListed]]:
        return (
            JournalColumn(AT, lambda one, _: one.complaint.at, "moment", 22),
            JournalColumn(NUMBER, lambda one, _: one.complaint.number, width=22),
            JournalColumn(KIND, lambda one, reader: _from(_KINDS, one.complaint.kind, reader), width=13),
            JournalColumn(NAME, lambda one, _: one.complaint.name, width=12),
            JournalColumn(PHONE, lambda one, _: one.complaint.phone, width=16),
            JournalColumn(CARD, lambda one, _: one.complaint.card, width=12),
            JournalColumn(TYPE, lambda one, reader: reader.word("complaint_type", one.complaint.type), width=13),
            JournalColumn(ASPECTS, _aspects, width=13),
            JournalColumn(REASON, lambda one, _: one.complaint.reason, width=26),
            JournalColumn(TEAM, lambda one, _: one.complaint.team, width=14),
            JournalColumn(RESPONSIBLE, lambda one, reader: reader.person(one.complaint.responsible), width=14),
            JournalColumn(STATE, lambda one, reader: _from(self.steps, one.complaint.state, reader), width=14),
            JournalColumn(STANDS, lambda one, reader: _from(_STANDS, _stands(one), reader), width=12),
            JournalColumn(LATENESS, lambda one, reader: _from(_LATENESS, one.lateness, reader), width=11),
            JournalColumn(
                SATISFACTION,
                lambda one, reader: reader.word("complaint_satisfaction", one.complaint.satisfaction),
                width=14,
            ),
        )

    def parts(self, one: ComplaintListed, reader: Reader) -> Sequence[Part]:
        say, known = reader.say, one.complaint
        return (
            Part(
                "",
                (
                    Line(say(AT), known.at),
                    Line(say(NUMBER), known.number),
                    Line(say(MAKER), reader.person(known.created_by)),
                    Line(say(KIND), _from(_KINDS, known.kind, reader)),
                ),
            ),
            customer_part(known, reader),
            Part(
                say(("内容", "What it is about")),
                (
                    Line(say(TYPE), reader.word("complaint_type", known.type)),
                    Line(say(ASPECTS), _aspects(one, reader)),
                    Line(say(PROJECT), known.project_number),
                    Line(say(DEPARTMENT), known.department_number),
                    Line(say(PERSON), known.person_number),
                    Line(say(REASON), known.reason, wide=True),
                    Line(say(NOTE), known.note, wide=True, tall=True),
                ),
            ),
            Part(
                say(("处理", "Handling")),
                (
                    Line(say(STATE), _from(self.steps, known.state, reader)),
                    Line(say(LATENESS), _from(_LATENESS, one.lateness, reader)),
                    Line(say(TEAM), known.team),
                    Line(say(RESPONSIBLE), reader.person(known.responsible)),
                    Line(say(STANDS), _from(_STANDS, _stands(one), reader)),
                    Line(say(SATISFACTION), reader.word("complaint_satisfaction", known.satisfaction)),
                    Line(say(MEANS), _from(_MEANS, _means(one), reader)),
                    Line(say(RESULT), known.result, wide=True, tall=True),
                ),
            ),
            Part(say(("经过", "History")), tuple(self._step(state, reader) for state in one.states)),
        )

    def _step(self, state: ComplaintState, reader: Reader) -> Line:
        """When it came into which state, and by whom."""
        at = f"{state.at.astimezone(reader.zone):%Y-%m-%d %H:%M}"
        told = " · ".join(filter(None, (at, reader.person(state.by), _from(_REASONS, state.text, reader))))
        return Line(_from(self.steps, state.state, reader), told, wide=True)

    def number(self, one: ComplaintListed) -> str:
        return one.complaint.number

    def values(self, one: ComplaintListed) -> Values:
        return given(one.complaint.fields)

    async def following(self, chosen: ComplaintFilter, after: ComplaintListed | None) -> Sequence[ComplaintListed]:
        last = None if after is None else after.complaint
        return await self.store.complaint_tallies.following(chosen, last, self.now)

    async def totals(self, chosen: ComplaintFilter, reader: Reader) -> Sequence[Table]:
        found: list[Table] = []
        tallies: tuple[tuple[ComplaintTally, Both, str | Mapping[str, Both]], ...] = (
            ("kind", KIND, _KINDS),
            ("type", TYPE, "complaint_type"),
            ("aspects", ASPECTS, "complaint_aspect"),
            ("state", STATE, self.steps),
            ("team", TEAM, {}),
            ("stands", STANDS, _STANDS),
            ("lateness", LATENESS, _LATENESS),
            ("satisfaction", SATISFACTION, "complaint_satisfaction"),
        )
        for by, title, words in tallies:
            counts = await self.store.complaint_tallies.tally(chosen, by, self.now)
            if isinstance(words, str):
                rows = named(words, set(counts), reader)
            else:
                known = {"": _NO_TEAM, **words} if by == "team" else words
                codes = [code for code in known if code in counts]
                codes += sorted(code for code in counts if code not in known)
                rows = [(code, _from(known, code, reader)) for code in codes]
            found.append(tally(reader.say(title), reader.say(title), rows, counts, reader, sum_up=by != "aspects"))
        return found
