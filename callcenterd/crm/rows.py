"""Rows of a file as customers' cards: which column is what, words of lists as their codes. Runs in the worker."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from callcenterd.crm.customer import FROM_DICTIONARIES, NO_MESSAGES, CardFields
from callcenterd.errors import Refused
from callcenterd.model.dictionaries import Dictionary, DictionaryValue
from callcenterd.model.fields import CustomField, FieldChoice, FieldValue, WrongValue, field_value
from callcenterd.model.imports import ReadRow
from callcenterd.model.people import Role
from callcenterd.worker import tables

FIELDS = tuple(name for name in CardFields.model_fields if name != "fields")
CUSTOM = "fields."
"""Before the name of a custom field."""
SEVERAL = ("phones", "channels", "tags")
"""Fields that hold several values: of several columns, or in one cell with signs between."""
_TITLES: Mapping[str, tuple[str, ...]] = {
    "name": ("姓名", "客户姓名", "名字", "客户", "name", "full name", "customer"),
    "phones": (
        "电话",
        "手机",
        "手机号",
        "手机号码",
        "电话号码",
        "联系电话",
        "固话",
        "phone",
        "phones",
        "mobile",
        "telephone",
        "tel",
    ),
    "card": ("卡号", "会员卡号", "card", "card number"),
    "sex": ("性别", "sex", "gender"),
    "company": ("公司", "单位", "公司名称", "company"),
    "address": ("地址", "联系地址", "address"),
    "email": ("邮箱", "电子邮箱", "电子邮件", "email", "e-mail"),
    "level": ("级别", "客户级别", "等级", "level"),
    "note": ("备注", "说明", "note", "notes", "remark"),
    "identity": ("身份", "identity"),
    "background": ("背景", "background"),
    "channels": ("渠道", "来源", "channel", "channels", "source"),
    "tags": ("标签", "tag", "tags"),
    "gifts_by_mail": ("邮寄礼物", "是否愿意接收邮寄的礼物", "gifts by mail"),
    "no_sms": ("不接收短信", "不发短信", "拒收短信", "no sms"),
    "no_email": ("不接收邮件", "不发邮件", "拒收邮件", "no e-mail", "no email"),
    "owner": ("负责人", "owner"),
    "team": ("部门", "班组", "team", "department"),
}
_YES = frozenset({"1", "是", "愿意", "yes", "y", "true", "√"})
_NO = frozenset({"0", "否", "不愿意", "no", "n", "false", "×"})
_BETWEEN = re.compile(r"[,，、;；/|\n]+")
MOST_REASON = 500


@dataclass(frozen=True, slots=True)
class Lists:
    """words: of each dictionary, its values' codes by whatever people call them, in small letters."""

    words: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, CustomField] = field(default_factory=dict)

    @classmethod
    def of(cls, dictionaries: Iterable[Dictionary], fields: Iterable[CustomField] = ()) -> Lists:
        words = {one.name: _words(one.values) for one in dictionaries}
        known = {CUSTOM + one.name: one for one in fields}
        own = {name: _words(one.choices) for name, one in known.items() if one.choices}
        shared = {name: words.get(one.dictionary, {}) for name, one in known.items() if one.dictionary}
        return cls({**words, **own, **shared}, known)


def _words(values: Iterable[DictionaryValue | FieldChoice]) -> dict[str, str]:
    return {
        word.casefold(): value.code
        for value in values
        if not value.retired
        for word in (value.english, value.chinese, value.code)
    }


def may_fill(one: CustomField, role: Role) -> bool:
    """References are left out: what they name would have to be looked for, row by row. Files hang on a record first."""
    return one.written_by(role) and one.type not in ("reference", "file")


def guessed(titles: Sequence[str], fields: Iterable[CustomField] = ()) -> dict[int, str]:
    """Which columns are what, by their titles. fields: custom ones that may be filled."""
    own = {word.casefold(): CUSTOM + one.name for one in fields for word in (one.english, one.chinese, one.name)}
    found: dict[int, str] = {}
    for n, title in enumerate(titles):
        whole = title.strip().casefold()
        plain = whole.rstrip("0123456789 ") or whole
        name = own.get(whole) or next((one for one, words in _TITLES.items() if plain == one or plain in words), None)
        if name is not None and (name in SEVERAL or name not in found.values()):
            found[n] = name
    return found


def read_piece(lines: Path, at: int, most: int, columns: Mapping[int, str], lists: Lists) -> tuple[list[ReadRow], int]:
    """A piece of an unfolded table as cards, and where the next one begins."""
    rows, end = tables.piece(lines, at, most)
    return [read_row(number, cells, columns, lists) for number, cells in rows], end


def read_row(number: int, cells: Sequence[str], columns: Mapping[int, str], lists: Lists) -> ReadRow:
    """What is wrong in it is said by field; one fault leaves the whole row out."""
    given: dict[str, object] = {}
    custom: dict[str, FieldValue | None] = {}
    faults: dict[str, str] = {}
    for column, name in sorted(columns.items()):
        cell = cells[column] if column < len(cells) else ""
        if not cell:
            continue
        try:
            if name.startswith(CUSTOM):
                custom[name.removeprefix(CUSTOM)] = _custom(name, cell, lists)
            elif name in SEVERAL:
                before = given.get(name, ())
                assert isinstance(before, tuple)
                given[name] = (*before, *(_value(name, one, lists) for one in _parts(cell)))
            else:
                given[name] = _value(name, cell, lists)
        except (ValueError, WrongValue) as fault:
            faults.setdefault(name, str(fault))
    if not faults:
        try:
            card = replace(CardFields.read(given).card_of(), fields=custom)
            return ReadRow(number=number, card=card, given=tuple(given))
        except Refused as fault:
            faults = dict(fault.fields)
    return ReadRow(number=number, faults=faults, cells=tuple(cells))


def _parts(cell: str) -> list[str]:
    return [part for part in (one.strip() for one in _BETWEEN.split(cell)) if part]


def _value(name: str, text: str, lists: Lists) -> object:
    """Raises ValueError with what is wrong."""
    if name == "gifts_by_mail" or name in NO_MESSAGES:
        return _yes(text)
    dictionary = FROM_DICTIONARIES.get(name)
    return text if dictionary is None else _code(text, lists.words.get(dictionary, {}))


def _custom(name: str, text: str, lists: Lists) -> FieldValue | None:
    """Raises ValueError or WrongValue."""
    one = lists.fields.get(name)
    if one is None:  # it went between two pieces
        raise ValueError("there is no such field")
    words = lists.words.get(name, {})
    match one.type:
        case "number":
            return field_value(one, _number(text))
        case "yes_no":
            return _yes(text)
        case "choice":
            return _code(text, words)
        case "multi_choice":
            return field_value(one, [_code(part, words) for part in _parts(text)], set(words.values()))
        case _:
            return field_value(one, text.replace("/", "-") if one.type == "date" else text)


def _number(text: str) -> int | float:
    plain = text.replace(",", "").replace("，", "")
    try:
        return int(plain) if plain.lstrip("+-").isdigit() else float(plain)
    except ValueError:
        raise ValueError(f"{text[:40]} is no number") from None


def _yes(text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueError(f"{text[:40]} is neither yes nor no")
    return word in _YES


def _code(text: str, words: Mapping[str, str]) -> str:
    code = words.get(text.casefold())
    if code is None:
        raise ValueError(f"{text[:40]} is not in the list")
    return code


def reason_of(row: ReadRow) -> str:
    """One fault a line, each with its field before it."""
    return "\n".join(f"{name}: {why}" for name, why in row.faults.items())[:MOST_REASON]


def label(name: str, language: str) -> str:
    """What a field of the card is called in a file; a custom one is told by its name."""
    words = _TITLES.get(name, (name.removeprefix(CUSTOM),))
    return words[0] if language == "zh-CN" else next((word for word in words if word.isascii()), name)
