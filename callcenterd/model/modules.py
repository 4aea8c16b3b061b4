"""Parts of the system that an office may do without (ADM-02 [裁减系统功能]): what belongs to each. The only such table.

What is switched off keeps its data and shows none of it: no page, no address, no job, no node of a flow. Switched on
again, it goes on where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ModuleName = Literal[
    "consultations",
    "complaints",
    "follow_ups",
    "appointments",
    "customer_messages",
    "prepaid_cards",
    "proposals",
    "campaigns",
    "voicemail",
    "callbacks",
    "surveys",
    "conferences",
    "evidence",
    "feature_codes",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleParts:
    """chinese, english: what it is called. rights: that are of no use without it. addresses: beginnings of addresses of
    the API that ask for a right of another part. kinds: of records that it has. duties: kinds of duties that it owes.
    nodes: kinds of flow nodes that need it. uses: modules without which it does less, but does."""

    name: ModuleName
    chinese: str
    english: str
    rights: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    uses: tuple[ModuleName, ...] = ()


_MODULES = (
    ModuleParts(
        name="consultations",
        chinese="业务咨询",
        english="Consultations",
        rights=("consultation.read", "consultation.write"),
        kinds=("consultation",),
    ),
    ModuleParts(
        name="complaints",
        chinese="投诉建议",
        english="Complaints",
        rights=("complaint", "workflow"),
        kinds=("complaint",),
        duties=("complaint_step", "complaint_answer"),
        uses=("customer_messages", "evidence"),
    ),
    ModuleParts(
        name="follow_ups",
        chinese="业务回访",
        english="Follow-ups",
        rights=("follow_up.read", "follow_up.write", "follow_up.assign", "follow_up.rule"),
        addresses=("/api/v1/follow-ups",),
        kinds=("follow_up",),
        duties=("follow_up",),
    ),
    ModuleParts(
        name="appointments",
        chinese="预约服务",
        english="Appointments",
        rights=("appointment.read", "appointment.write", "appointment.service"),
        kinds=("appointment",),
        nodes=("book", "appointment", "cancel"),
        uses=("customer_messages",),
    ),
    ModuleParts(
        name="customer_messages",
        chinese="客户消息",
        english="Messages to customers",
        rights=("customer_message", "message_template.read", "message_template.write"),
        kinds=("message",),
        nodes=("sms",),
    ),
    ModuleParts(
        name="prepaid_cards",
        chinese="预付费卡",
        english="Prepaid cards",
        rights=("card.read", "card.block", "card.write", "card.post", "card.unlock"),
        kinds=("posting",),
        nodes=("card",),
    ),
    ModuleParts(
        name="proposals",
        chinese="建议书",
        english="Proposals",
        rights=("proposal.write", "proposal_template"),
        addresses=("/api/v1/customers/{id}/proposals",),
        kinds=("proposal",),
    ),
    ModuleParts(
        name="campaigns",
        chinese="外呼任务",
        english="Outbound campaigns",
        rights=("campaign", "campaign.preview"),
    ),
    ModuleParts(
        name="voicemail",
        chinese="语音留言",
        english="Voicemail",
        addresses=("/api/v1/voicemail",),
        kinds=("voicemail",),
        nodes=("voicemail",),
    ),
    ModuleParts(
        name="callbacks",
        chinese="预约回拨",
        english="Callbacks",
        addresses=("/api/v1/callbacks",),
        kinds=("callback",),
        nodes=("callback",),
    ),
    ModuleParts(
        name="surveys",
        chinese="满意度评价",
        english="Surveys",
        rights=("survey.read",),
        kinds=("survey",),
        nodes=("survey",),
    ),
    ModuleParts(
        name="conferences",
        chinese="电话会议室",
        english="Conference rooms",
        rights=("conference", "conference.moderate"),
        nodes=("conference",),
    ),
    ModuleParts(name="evidence", chinese="证据链", english="Evidence", rights=("evidence",)),
    ModuleParts(name="feature_codes", chinese="话机代码", english="Codes of phones"),
)
MODULES: Mapping[ModuleName, ModuleParts] = MappingProxyType({module.name: module for module in _MODULES})
_OF_RIGHT = {right: module.name for module in _MODULES for right in module.rights}
_OF_KIND = {kind: module.name for module in _MODULES for kind in module.kinds}
_OF_NODE = {node: module.name for module in _MODULES for node in module.nodes}
_SHARED: Mapping[str, tuple[ModuleName, ...]] = {"message.work": ("voicemail", "callbacks")}
"""Rights that several modules have in common: of no use without any of them."""


def of_right(right: str) -> tuple[ModuleName, ...]:
    """Any of these is enough for it to be of use; (): it is of no module."""
    module = _OF_RIGHT.get(right)
    return (module,) if module is not None else _SHARED.get(right, ())


def of_address(canonical: str) -> ModuleName | None:
    """canonical: an address of the API with its parts named, as /api/v1/voicemail/{id}."""
    return next(
        (module.name for module in _MODULES for begin in module.addresses if _is_under(canonical, begin)),
        None,
    )


def of_kind(kind: str) -> ModuleName | None:
    """Of a kind of record."""
    return _OF_KIND.get(kind)


def of_node(kind: str) -> ModuleName | None:
    """Of a kind of flow node."""
    return _OF_NODE.get(kind)


def _is_under(address: str, begin: str) -> bool:
    return address == begin or address.startswith(f"{begin}/")
