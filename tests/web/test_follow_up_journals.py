"""Sheets and journals of follow-ups: a small history worked out by hand against the page, the PDF and the tables; who
has whose; and hostile texts."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.fields import NewField
from tests.kit.pdf import pages
from tests.kit.virtual import VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_journals import _TEAMS, HOSTILE, Page, had, shown, workbook
from tests.web.test_rooms import ask

JOURNAL = "/follow-ups/journal"
NOW = datetime.fromisoformat("2026-11-27T10:00:00+08:00")
HISTORY = (
    # When (Shanghai), whose, class, channel, gifts, result.
    ("2026-11-22T23:59:59", "1001", "after_use", "web", True, "satisfied"),  # Sunday of the week before
    ("2026-11-23T00:00:00", "1001", "after_use", "web", True, "satisfied"),
    ("2026-11-23T09:30:00", "1001", "before_use", "", None, "fair"),
    ("2026-11-24T18:00:00", "1002", "after_use", "newspaper", False, "declined"),
    ("2026-11-26T23:59:59", "1003", "after_use", "", None, "satisfied"),
    ("2026-11-27T00:00:00", "1001", "after_use", "web", True, "dissatisfied"),
    ("", "1002", "not_reached", "friend", None, ""),  # today, and nobody was reached
    ("", "1001", "before_use", "", None, ""),  # today, to be done
)
BY_CLASS = (
    # 报纸, 网络, 朋友介绍, 未填, 合计
    ("使用后", 1, 2, 0, 1, 4),
    ("使用前", 0, 0, 0, 2, 2),
    ("未接通", 0, 0, 1, 0, 1),
    ("合计", 1, 2, 1, 3, 7),
)
BY_RESULT = (("满意", 2), ("一般", 1), ("不满意", 1), ("不愿回访", 1), ("待回访", 1), ("未接通", 1), ("合计", 7))
BY_PERSON = (("张三 1001", 4), ("李四 1002", 2), ("王五 1003", 1), ("合计", 7))
"""By hand, of the seven that lie in the week."""


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock(NOW)) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def made(office: House, login: str, **known: Any) -> dict[str, Any]:
    status, said = await ask(office, login, "POST", "/follow-ups", {"category": "after_use"} | known)
    assert status == 201, said
    return dict(said)


@pytest.fixture
async def history(office: House) -> list[dict[str, Any]]:
    found = []
    for n, (at, login, category, channel, gifts, result) in enumerate(HISTORY):
        when = {"at": f"{at}+08:00"} if at else {}
        known = {"category": category, "channel": channel, "gifts_by_mail": gifts, "name": f"客户{n}"}
        found.append(await made(office, login, **known, **when, result=result))
    for _ in range(3):
        one = found[6]
        body = {"version": one["version"]}
        _, found[6] = await ask(office, "1002", "POST", f"/follow-ups/{one['id']}/not-reached", body)
    return found


async def test_a_week_has_the_totals_that_were_worked_out_by_hand(office: House, history: list[dict[str, Any]]) -> None:
    path = f"{JOURNAL}?period=week&day=2026-11-25"
    page = Page(await had(office, "chief", path))
    wanted = (
        (("回访类别", "报纸", "网络", "朋友介绍", "未填", "合计"), *BY_CLASS),
        (("回访结果", "件数"), *BY_RESULT),
        (("回访人", "件数"), *BY_PERSON),
    )
    for table, rows in zip(page.tables, wanted, strict=False):
        assert table == [[str(cell) for cell in row] for row in rows]
    assert "业务回访周志表" in page.text
    numbers = [one["number"] for one in history[1:]]
    assert [row[1] for row in page.tables[3][1:]] == numbers
    of = {row[1]: row for row in page.tables[3][1:]}
    assert of[history[1]["number"]][7:10] == ["是", "使用后", "满意"]
    assert of[history[6]["number"]][7:10] == ["", "未接通", "未接通"]

    book = workbook(await had(office, "chief", f"{path}&format=xlsx"))
    assert [tuple(row) for row in book["按类别和得知渠道合计"][1:]] == [*BY_CLASS]
    assert [tuple(row) for row in book["回访结果"][1:]] == [*BY_RESULT]
    assert [tuple(row) for row in book["回访人"][1:]] == [*BY_PERSON]
    assert [row[1] for row in book["业务回访周志表"][1:]] == numbers

    octets = await had(office, "chief", f"{path}&format=pdf")
    shown("follow-up-journal-zh", octets)
    text = "\n".join(pages(octets))
    for row in (*BY_CLASS, *BY_RESULT, *BY_PERSON):
        assert re.search(r"\s+".join(map(str, row)), text), row
    for form, encoding in (("csv", "utf-8-sig"), ("csv-gb18030", "gb18030")):
        octets = await had(office, "chief", f"{path}&format={form}")
        assert [line[1] for line in csv.reader(io.StringIO(octets.decode(encoding)))][1:] == numbers


@pytest.mark.parametrize(
    ("conditions", "title", "which"),
    [
        ("", "业务回访日志表", (5, 6, 7)),
        ("period=day&day=2026-11-23", "业务回访日志表", (1, 2)),
        ("period=month&day=2026-11-01", "业务回访月志表", tuple(range(8))),
        ("period=month&day=2026-11-01&category=after_use&channel=web", "业务回访月志表", (0, 1, 5)),
        ("period=month&day=2026-11-01&result=satisfied", "业务回访月志表", (0, 1, 4)),
        ("period=month&day=2026-11-01&owner=1002", "业务回访月志表", (3, 6)),
        ("period=day&day=2026-11-28", "业务回访日志表", ()),
    ],
)
async def test_periods_have_their_own(
    office: House, history: list[dict[str, Any]], conditions: str, title: str, which: tuple[int, ...]
) -> None:
    page = Page(await had(office, "chief", f"{JOURNAL}?{conditions}"))
    assert title in page.text
    rows = page.tables[3][1:] if len(page.tables) > 3 else []
    assert [row[1] for row in rows] == [history[n]["number"] for n in which]
    assert page.tables[0][-1][-1] == str(len(which))


async def test_a_leader_has_the_teams_journal_and_english_readers_theirs(
    office: House, history: list[dict[str, Any]]
) -> None:
    for login, which in (("lead", (1, 2, 5, 7)), ("1003", (3, 4, 6))):
        page = Page(await had(office, login, f"{JOURNAL}?period=week&day=2026-11-25"))
        assert [row[1] for row in page.tables[3][1:]] == [history[n]["number"] for n in which], login
    await had(office, "1001", f"/follow-ups/{history[3]['id']}/sheet", status=404)
    octets = await had(office, "chief", f"{JOURNAL}?period=week&day=2026-11-25&format=pdf&lang=en")
    shown("follow-up-journal-en", octets)
    text = "\n".join(pages(octets))
    for words in ("Weekly journal of follow-ups", "After use", "Not reached", "Dissatisfied", "Records (7)"):
        assert words in text, words


async def test_a_sheet_has_every_field(office: House) -> None:
    await office.office.store.fields.add(
        NewField(
            kind="follow_up",
            name="shop",
            type="text",
            chinese="门店",
            english="Shop",
            readers=("agent",),
            writers=("agent",),
        )
    )
    known = {"phone": "13800138000", "card": "6688", "name": "张三", "content": "第一行\n第二行"}
    one = await made(
        office,
        "1001",
        **known,
        sex="male",
        channel="web",
        gifts_by_mail=True,
        result="wants_more",
        fields={"shop": "一店"},
    )
    path = f"/follow-ups/{one['id']}/sheet"
    cells = [cell for table in Page(await had(office, "1001", path)).tables for row in table for cell in row]
    octets = await had(office, "1001", f"{path}?format=pdf")
    shown("follow-up-sheet-zh", octets)
    text = "\n".join(pages(octets)).replace("\n", " ")
    for words in (*known.values(), "男", "网络", "使用后", "有新需求", "是", "一店", one["number"], "2026-11-27 10:00"):
        assert words in cells, words
        assert words.replace("\n", " ") in text, words
    entries, _ = await office.office.store.audit.search(what="follow_up.printed")
    assert [(entry.who, entry.target) for entry in entries] == [("1001", f"follow_up/{one['id']}")] * 2


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_was_typed_is_text_on_every_print(office: House, text: str) -> None:
    names = ("phone", "card", "name", "content")
    one = await made(office, "root", **dict.fromkeys(names, text[:40]))
    for path in (f"/follow-ups/{one['id']}/sheet", JOURNAL):
        page = Page(await had(office, "root", path))
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert [tag for tag, _ in page.elements if tag in ("script", "img")] == ["script"], "our own, for the button"
        assert sum(cell == text for table in page.tables for row in table for cell in row) == len(names)
    rows = workbook(await had(office, "root", f"{JOURNAL}?format=xlsx"))["业务回访日志表"]
    assert sum(cell == text for cell in rows[1]) == len(names)
