"""Proposals [建议书] (CRM-04): the office's templates, its letterhead, and what was made of them for a customer.

A text has simple formatting (Markdown: headings, lists, tables, emphasis) and fields: a name in braces,
`{customer.name}`, and nothing else. What a field holds is text, whatever stands in it: it is neither formatted nor
looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.attachments import RecordKind
from callcenterd.model.ids import CustomerId

ProposalLanguage = Literal["zh-CN", "en"]
PROPOSAL_LANGUAGES: tuple[ProposalLanguage, ...] = get_args(ProposalLanguage)
PREFIX = "JY"
"""Of their numbers: JY20261127-0001."""
MOST_TEXT = 20_000
MOST_TEMPLATES = 200
CUSTOM = "customer.fields."
"""Before the name of a customer's custom field."""
FIELDS: Mapping[str, tuple[str, str]] = {
    "customer.name": ("姓名", "Name"),
    "customer.company": ("公司", "Company"),
    "customer.phone": ("电话", "Telephone"),
    "customer.email": ("电子邮件", "E-mail"),
    "customer.address": ("地址", "Address"),
    "customer.card": ("卡号", "Card"),
    "customer.sex": ("性别", "Sex"),
    "customer.level": ("级别", "Level"),
    "record.kind": ("记录种类", "Kind of record"),
    "record.number": ("记录单号", "Number of the record"),
    "record.date": ("记录日期", "Date of the record"),
    "record.text": ("记录内容", "Text of the record"),
    "office.name": ("本单位名称", "Our name"),
    "office.address": ("本单位地址", "Our address"),
    "office.phone": ("本单位电话", "Our telephone"),
    "office.email": ("本单位电子邮件", "Our e-mail"),
    "agent.name": ("经办人", "Who makes it"),
    "agent.login": ("经办人工号", "Their login"),
    "agent.extension": ("经办人分机", "Their extension"),
    "agent.team": ("经办人部门", "Their team"),
    "proposal.title": ("标题", "Title"),
    "proposal.number": ("编号", "Number"),
    "proposal.version": ("版本", "Version"),
    "date": ("日期", "Date"),
}
"""What a text may name, in Chinese and English; beside these a customer's custom fields (`CUSTOM`)."""
EXAMPLES: Mapping[str, tuple[str, str]] = {
    "customer.name": ("张三", "Jane Smith"),
    "customer.company": ("晨光贸易有限公司", "Morning Light Trading"),
    "customer.phone": ("138 0013 8000", "138 0013 8000"),
    "customer.email": ("zhangsan@example.com", "jane@example.com"),
    "customer.address": ("广州市天河路 1 号", "1 Tianhe Road, Guangzhou"),
    "customer.card": ("6688", "6688"),
    "customer.sex": ("女", "Female"),
    "customer.level": ("金卡", "Gold"),
    "record.kind": ("业务咨询", "Consultation"),
    "record.number": ("ZX20261127-0001", "ZX20261127-0001"),
    "record.date": ("2026年11月27日", "November 27, 2026"),
    "record.text": ("想了解全年的服务方案。", "Would like to know about a plan for the year."),
    "agent.name": ("李四", "Ann Lee"),
    "agent.login": ("1001", "1001"),
    "agent.extension": ("8001", "8001"),
    "agent.team": ("客服一组", "Team one"),
    "proposal.number": ("JY20261127-0001", "JY20261127-0001"),
    "proposal.version": ("1", "1"),
}
"""What a preview puts into the fields; what is missing here (the office itself, the date), it knows."""

_FIELD = re.compile(r"\{([a-z]+(?:\.[a-z][a-z0-9_]*)*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letterhead:
    """What stands for the office on its proposals, in both languages. version 0: nobody has written any yet."""

    name_zh: str = ""
    name_en: str = ""
    address_zh: str = ""
    address_en: str = ""
    phone: str = ""
    email: str = ""
    version: int = 0
    changed_at: datetime | None = None
    changed_by: str = ""

    def name(self, language: ProposalLanguage) -> str:
        """The other language's is better than none."""
        return (self.name_zh or self.name_en) if language == "zh-CN" else (self.name_en or self.name_zh)

    def address(self, language: ProposalLanguage) -> str:
        return (self.address_zh or self.address_en) if language == "zh-CN" else (self.address_en or self.address_zh)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalWords:
    """What an administrator writes of a template. A language without a text is not offered. retired: not offered any
    more."""

    name_zh: str
    name_en: str
    text_zh: str = ""
    text_en: str = ""
    retired: bool = False

    def name(self, language: ProposalLanguage) -> str:
        return self.name_zh if language == "zh-CN" else self.name_en

    def text(self, language: ProposalLanguage) -> str:
        return self.text_zh if language == "zh-CN" else self.text_en


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalTemplate(ProposalWords):
    """version: goes up with every change."""

    id: int
    version: int = 1
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProposal:
    """One version of a proposal. number: the same for all its versions; version: from 1.

    template, template_version: of what it was made; None: that is not there any more. kind, record: the record that it
    is about, "" and "" for none. text: as who made it left it, with its fields in braces. attachment: its PDF among the
    customer's files; None: somebody has removed it. sha256: of the PDF.
    """

    number: str
    version: int
    customer: CustomerId | None
    template: int | None
    template_version: int
    kind: RecordKind | Literal[""] = ""
    record: str = ""
    language: ProposalLanguage
    title: str
    text: str
    attachment: int | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(NewProposal):
    id: int
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSaid:
    """What a proposal may say of a record. customer: whose it is."""

    kind: RecordKind
    number: str
    at: datetime
    text: str
    customer: CustomerId | None


class PaperIsAnother(NotNow):
    """Somebody else has changed the template or the letterhead since it was read, or has made another version of the
    proposal. now: as it is; nothing was written over it."""

    def __init__(self, now: ProposalTemplate | Letterhead | Proposal) -> None:
        super().__init__("somebody has changed this text meanwhile")
        self.now = now


def named(text: str) -> list[str]:
    """The fields that a text names, each once, in their order."""
    return list(dict.fromkeys(_FIELD.findall(text)))


def unknown_fields(text: str, custom: frozenset[str]) -> list[str]:
    """What stands in braces, or is a brace alone, and is no field. custom: names of customers' custom fields."""
    known = FIELDS.keys() | {CUSTOM + name for name in custom}
    wrong = [name for name in named(text) if name not in known]
    left = _FIELD.sub("", text)
    return wrong + [sign for sign in "{}" if sign in left]


def fill(text: str, values: Mapping[str, str]) -> str:
    """A field that is not given is empty. What the fields hold is not looked at for braces."""

    def value(found: re.Match[str]) -> Any:
        return values.get(found[1], "")

    return _FIELD.sub(value, text)
