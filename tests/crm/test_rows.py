"""Rows of files become cards: columns by their titles, words of lists, faults by field."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from callcenterd.crm import rows
from callcenterd.model.dictionaries import Dictionary, DictionaryValue
from callcenterd.model.fields import CustomField, FieldChoice, FieldId, FieldType
from callcenterd.model.imports import ReadRow

LISTS = rows.Lists.of(
    [
        Dictionary(
            name="level",
            values=(
                DictionaryValue(code="gold", chinese="金卡", english="Gold"),
                DictionaryValue(code="old", chinese="旧", english="Old", retired=True),
            ),
        ),
        Dictionary(name="channel", values=(DictionaryValue(code="web", chinese="网络", english="Web"),)),
    ]
)


def read(columns: dict[int, str], *cells: str) -> ReadRow:
    return rows.read_row(7, cells, columns, LISTS)


def test_columns_are_known_by_their_titles() -> None:
    titles = ("姓名", "手机号", "电话2", "备注", "金额", "姓名", " E-mail ", "来源")
    assert rows.guessed(titles) == {0: "name", 1: "phones", 2: "phones", 3: "note", 6: "email", 7: "channels"}


def test_a_row_is_a_card() -> None:
    columns = {0: "name", 1: "phones", 2: "phones", 3: "level", 4: "channels", 5: "gifts_by_mail", 6: "note"}
    row = read(columns, "张三", "138 0013 8000、010-62960000", "13900139000", "金卡", "网络；Web", "愿意", "两\n行")
    card = row.card
    assert (row.number, dict(row.faults)) == (7, {})
    assert (card.name, card.level, card.channels, card.gifts_by_mail) == ("张三", "gold", ("web",), True)
    assert card.phones == ("138 0013 8000", "010-62960000", "13900139000")
    assert row.given == ("name", "phones", "level", "channels", "gifts_by_mail", "note")


@pytest.mark.parametrize(
    ("columns", "cells", "faults"),
    [
        ({0: "name", 1: "level"}, ("张三", "白金"), {"level": "白金 is not in the list"}),
        ({0: "name", 1: "level"}, ("张三", "旧"), {"level": "旧 is not in the list"}),
        ({0: "name", 1: "phones"}, ("张三", "无"), {"phones": "无 is no telephone number"}),
        ({0: "name", 1: "email"}, ("张三", "x"), {"email": "an e-mail address has a name, an @ and a domain"}),
        ({0: "name", 1: "gifts_by_mail"}, ("张三", "也许"), {"gifts_by_mail": "也许 is neither yes nor no"}),
        ({0: "name", 1: "note"}, ("", "x"), {"name": "a card needs a name or a telephone number"}),
    ],
)
def test_what_is_wrong_is_said_by_field_and_the_cells_are_kept(
    columns: dict[int, str], cells: tuple[str, ...], faults: dict[str, str]
) -> None:
    row = read(columns, *cells)
    assert (dict(row.faults), row.cells) == (faults, cells)
    assert rows.reason_of(row)


def test_a_row_that_is_too_short_has_nothing_in_what_is_not_there() -> None:
    assert read({0: "name", 9: "card"}, "张三").card.name == "张三"


def custom(name: str, kind: FieldType, **more: Any) -> CustomField:
    return CustomField(
        id=FieldId(1), kind="customer", name=name, type=kind, chinese=f"自定{name}", english=name, position=0, **more
    )


def test_custom_fields_are_filled_by_their_types() -> None:
    own = (FieldChoice(code="a", chinese="甲", english="A"), FieldChoice(code="b", chinese="乙", english="B"))
    fields = [
        custom("since", "date"),
        custom("size", "number", places=1),
        custom("pick", "choice", dictionary="level"),
        custom("picks", "multi_choice", choices=own),
        custom("sure", "yes_no"),
        custom("text", "text"),
    ]
    lists = rows.Lists.of(
        [Dictionary(name="level", values=(DictionaryValue(code="g", chinese="金", english="G"),))], fields
    )
    assert rows.guessed(["自定since", "Size", "姓名"], fields) == {0: "fields.since", 1: "fields.size", 2: "name"}
    columns = {0: "name", **{n: f"fields.{one.name}" for n, one in enumerate(fields, start=1)}}
    row = rows.read_row(2, ("张三", "2026/01/02", "1,200.5", "金", "甲、b", "是", "x"), columns, lists)
    assert dict(row.card.fields) == {
        "since": date(2026, 1, 2), "size": 1200.5, "pick": "g", "picks": ("a", "b"), "sure": True, "text": "x",
    }  # fmt: skip
    row = rows.read_row(2, ("张三", "1月2日", "viel", "银", "丙", "也许", "x" * 201), columns, lists)
    assert set(row.faults) == {f"fields.{one.name}" for one in fields}
