"""Sheets and journals of consultations: a small history worked out by hand against the page, the PDF and the workbook;
hostile texts in every field; who sees whose; and what is too much."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from callcenterd import site as site_file
from callcenterd.model.consultations import ConsultationFields
from callcenterd.model.fields import FieldType, NewField
from callcenterd.model.people import Role
from callcenterd.web.journals import MOST_ON_PAPER
from callcenterd.worker.sheets import CALCULATES
from tests.kit.pdf import inside, pages, picture
from tests.kit.virtual import VirtualClock
from tests.web.house import House, cheap_passwords, house
from tests.web.test_rooms import ask
from tests.web.test_teams import TEAMS

_TEAMS = "users:" + TEAMS.partition("users:")[2]
PICTURES = os.environ.get("PICTURES")
"""A folder: pictures of the prints are left there, for an eye."""
JOURNAL = "/consultations/journal"
NOW = datetime.fromisoformat("2026-11-27T10:00:00+08:00")
HISTORY = (
    # When (Shanghai), whose, category, channel.
    ("2026-11-22T23:59:59", "1001", "use", "web"),  # Sunday of the week before
    ("2026-11-23T00:00:00", "1001", "use", "web"),
    ("2026-11-23T09:30:00", "1001", "address", ""),
    ("2026-11-24T18:00:00", "1002", "use", "newspaper"),
    ("2026-11-26T23:59:59", "1003", "wrong_number", ""),
    ("2026-11-27T00:00:00", "1001", "use", "web"),
    ("2026-11-27T08:00:00", "1002", "use", "friend"),
)
WEEK = (
    # 报纸, 网络, 朋友介绍, 未填, 合计
    ("产品使用咨询", 1, 2, 1, 0, 4),
    ("地址咨询", 0, 0, 0, 1, 1),
    ("打错电话", 0, 0, 0, 1, 1),
    ("合计", 1, 2, 1, 2, 6),
)
"""By hand, of the six that lie in the week."""
HOSTILE = ("=1+1", "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "@SUM(A1)", "+1", "-1", "&lt;b&gt;")


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """In virtual time, with teams: 1001 is lead's, 1002 and 1003 are other's."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path, clock=VirtualClock(NOW)) as opened:
        kept = opened.office
        await site_file.apply_text(kept.store, cheap_passwords(), _TEAMS, "teams.yaml")
        await kept.site_changed()
        yield opened


async def made(office: House, login: str = "1001", **known: Any) -> dict[str, Any]:
    status, said = await ask(office, login, "POST", "/consultations", {"category": "use"} | known)
    assert status == 201, said
    return dict(said)


@pytest.fixture
async def history(office: House) -> list[dict[str, Any]]:
    return [
        await made(office, login, category=category, channel=channel, at=f"{at}+08:00", name=f"客户{n}")
        for n, (at, login, category, channel) in enumerate(HISTORY)
    ]


async def had(office: House, login: str, path: str, *, status: int = 200) -> bytes:
    answer = await office.client.get(f"/api/v1{path}", headers=await office.as_(login))
    octets = await answer.read()
    assert answer.status == status, octets[:500]
    return octets


class Page(HTMLParser):
    """The tables of a page as rows of texts, its text, and every element with its attributes."""

    def __init__(self, octets: bytes) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._cell = False
        self.feed(octets.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        self._cell = self._cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell:
            self.tables[-1][-1][-1] += data


def workbook(octets: bytes) -> dict[str, list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(octets))
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets}


def shown(name: str, octets: bytes) -> None:
    """Left for an eye."""
    if PICTURES:
        picture(octets, Path(PICTURES) / f"{name}.png")


async def test_a_week_has_the_totals_that_were_worked_out_by_hand(office: House, history: list[dict[str, Any]]) -> None:
    path = f"{JOURNAL}?period=week&day=2026-11-25"
    page = Page(await had(office, "chief", path))
    heads, *rows = page.tables[0]
    assert heads == ["咨询类别", "报纸", "网络", "朋友介绍", "未填", "合计"]
    assert rows == [[str(cell) for cell in row] for row in WEEK]
    assert "业务咨询周志表" in page.text
    assert "2026-11-23 – 2026-11-29" in page.text
    numbers = [one["number"] for one in history[1:]]
    assert [row[1] for row in page.tables[1][1:]] == numbers
    assert page.tables[1][1][0] == "2026-11-23 00:00"

    book = workbook(await had(office, "chief", f"{path}&format=xlsx"))
    assert list(book) == ["业务咨询周志表", "按类别和得知渠道合计"]
    assert [tuple(row) for row in book["按类别和得知渠道合计"][1:]] == [*WEEK]
    head, *rows = book["业务咨询周志表"]
    assert head[:3] == ["时间", "单号", "姓名"]
    assert [row[1] for row in rows] == numbers
    assert rows[0][0] == datetime.fromisoformat("2026-11-23T00:00:00")

    octets = await had(office, "chief", f"{path}&format=pdf")
    shown("journal-zh", octets)
    (text,) = pages(octets)
    for row in WEEK:
        assert re.search(r"\s+".join(map(str, row)), text), row
    assert all(number in text for number in numbers)
    assert history[0]["number"] not in text
    assert "第 1 页，共 1 页" in text

    lines = list(csv.reader(io.StringIO((await had(office, "chief", f"{path}&format=csv")).decode("utf-8-sig"))))
    assert [line[1] for line in lines[1:]] == numbers
    old = list(csv.reader(io.StringIO((await had(office, "chief", f"{path}&format=csv-gb18030")).decode("gb18030"))))
    assert old == lines


@pytest.mark.parametrize(
    ("conditions", "title", "which"),
    [
        ("", "业务咨询日志表", (5, 6)),
        ("period=day&day=2026-11-26", "业务咨询日志表", (4,)),
        ("period=month&day=2026-11-01", "业务咨询月志表", tuple(range(7))),
        ("period=other&day=2026-11-22&last=2026-11-23", "业务咨询志表", (0, 1, 2)),
        ("period=month&day=2026-11-01&category=use&channel=web", "业务咨询月志表", (0, 1, 5)),
        ("period=month&day=2026-11-01&agent=1002", "业务咨询月志表", (3, 6)),
        ("period=day&day=2026-11-28", "业务咨询日志表", ()),
    ],
)
async def test_periods_have_their_own(
    office: House, history: list[dict[str, Any]], conditions: str, title: str, which: tuple[int, ...]
) -> None:
    page = Page(await had(office, "chief", f"{JOURNAL}?{conditions}"))
    assert title in page.text
    rows = page.tables[1][1:] if len(page.tables) > 1 else []
    assert [row[1] for row in rows] == [history[n]["number"] for n in which]
    assert page.tables[0][-1][-1] == str(len(which))
    assert ("这段时间没有记录" in page.text) == (not which)


async def test_a_leader_has_the_teams_journal_and_an_agent_not_the_others(
    office: House, history: list[dict[str, Any]]
) -> None:
    for login, which in (("lead", (1, 2, 5)), ("1001", (1, 2, 5)), ("other", (3, 4, 6)), ("1003", (3, 4, 6))):
        page = Page(await had(office, login, f"{JOURNAL}?period=week&day=2026-11-25"))
        assert [row[1] for row in page.tables[1][1:]] == [history[n]["number"] for n in which], login
        assert page.tables[0][-1][-1] == "3", login
    await had(office, "1001", f"/consultations/{history[3]['id']}/sheet", status=404)
    await had(office, "1001", f"/consultations/{history[1]['id']}/sheet")


async def test_english_readers_have_english_prints(office: House, history: list[dict[str, Any]]) -> None:
    octets = await had(office, "chief", f"{JOURNAL}?period=week&day=2026-11-25&format=pdf&lang=en")
    shown("journal-en", octets)
    (text,) = pages(octets)
    for words in ("Weekly journal of consultations", "Use of a product", "Not said", "Page 1 of 1", "Records (6)"):
        assert words in text, words
    sheet = await had(office, "1001", f"/consultations/{history[1]['id']}/sheet?lang=en&format=pdf")
    shown("sheet-en", sheet)
    (text,) = pages(sheet)
    for words in ("Consultation sheet", "Use of a product", "Taken by", "Signed by", "Printed 2026-11-27 10:00 by"):
        assert words in text, words


async def test_a_sheet_has_every_field_and_the_custom_ones_that_one_may_see(office: House) -> None:
    store = office.office.store
    agents: tuple[Role, ...] = ("agent",)
    fields: tuple[tuple[str, FieldType, tuple[Role, ...]], ...] = (
        ("shop", "text", agents),
        ("wants", "yes_no", agents),
        ("secret", "text", ()),
    )
    for name, type_, roles in fields:
        await store.fields.add(
            NewField(
                kind="consultation",
                name=name,
                type=type_,
                chinese=f"字段{name}",
                english=name,
                readers=roles,
                writers=roles,
            )
        )
    known = {
        "phone": "13800138000",
        "card": "6688",
        "name": "张三",
        "project_type": "养生",
        "project_number": "P-7",
        "product_number": "A100",
        "note": "第一行\n第二行",
    }
    one = await made(
        office, "root", **known, sex="male", channel="web", fields={"shop": "一店", "wants": True, "secret": "x9x"}
    )
    texts = [
        *known.values(),
        "男",
        "网络",
        "产品使用咨询",
        one["number"],
        "2026-11-27 10:00",
        "一店",
        "字段wants",
        "是",
    ]
    path = f"/consultations/{one['id']}/sheet"
    page = Page(await had(office, "root", path))
    cells = [cell for table in page.tables for row in table for cell in row]
    octets = await had(office, "root", f"{path}?format=pdf")
    shown("sheet-zh", octets)
    (text,) = pages(octets)
    for words in texts:
        assert words in cells, words
        assert words.replace("\n", " ") in text.replace("\n", " "), words
    assert "x9x" in text
    assert "x9x" not in Page(await had(office, "boss", path)).text
    entries, _ = await store.audit.search(what="consultation.printed")
    assert [(entry.who, entry.target, entry.details) for entry in entries][::-1] == [
        ("root", f"consultation/{one['id']}", {"format": "page"}),
        ("root", f"consultation/{one['id']}", {"format": "pdf"}),
        ("boss", f"consultation/{one['id']}", {"format": "page"}),
    ]


@pytest.mark.parametrize("text", HOSTILE)
async def test_what_was_typed_is_text_on_every_print(office: House, text: str) -> None:
    names = ("phone", "card", "name", "project_type", "project_number", "product_number", "note")
    one = await made(office, "root", **dict.fromkeys(names, text[:40]))
    for path in (f"/consultations/{one['id']}/sheet", JOURNAL):
        answer = await office.client.get(f"/api/v1{path}", headers=await office.as_("root"))
        page = Page(await answer.read())
        assert [tag for tag, _ in page.elements if tag in ("script", "img")] == ["script"], "our own, for the button"
        assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
        assert sum(cell == text for table in page.tables for row in table for cell in row) == len(names)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        octets = await had(office, "root", f"{path}?format=pdf")
        assert text.replace(" ", "") in "".join("".join(pages(octets)).split())
        assert b"/JavaScript" not in inside(octets)
        assert b"/URI" not in inside(octets)
    book = openpyxl.load_workbook(io.BytesIO(await had(office, "root", f"{JOURNAL}?format=xlsx")))
    cells = [cell for row in book.worksheets[0].iter_rows(min_row=2) for cell in row]
    assert sum(cell.value == text for cell in cells) == len(names)
    assert {cell.data_type for cell in cells if cell.value == text} == {"s"}
    lines = csv.reader(io.StringIO((await had(office, "root", f"{JOURNAL}?format=csv")).decode("utf-8-sig")))
    (line,) = list(lines)[1:]
    assert sum(cell.removeprefix("'") == text for cell in line) == len(names)
    assert not [cell for cell in line if cell[:1] in CALCULATES and cell]


async def test_files_are_saved_and_never_shown_within_a_page(office: House, history: list[dict[str, Any]]) -> None:
    for form, ending in (("pdf", "pdf"), ("xlsx", "xlsx"), ("csv", "csv"), ("csv-gb18030", "csv")):
        answer = await office.client.get(
            f"/api/v1{JOURNAL}?period=week&format={form}", headers=await office.as_("chief")
        )
        assert answer.headers["Content-Disposition"] == (
            f'attachment; filename="consultations-2026-11-23-2026-11-29.{ending}"'
        )
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    entries, _ = await office.office.store.audit.search(what="consultation.exported")
    assert entries[-1].details == {"first": "2026-11-23", "last": "2026-11-29", "format": "pdf"}


async def test_more_than_fits_on_paper_is_refused_and_goes_into_a_table(office: House) -> None:
    store = office.office.store
    for n in range(MOST_ON_PAPER + 1):
        at = NOW - timedelta(seconds=n)
        known: dict[str, Any] = {"owner": "1001", "team": "", "by": "1001", "now": NOW, "day": NOW.date()}
        await store.consultations.add(ConsultationFields(category="use"), at=at, **known)
    for form in ("page", "pdf"):
        status, said = await ask(office, "root", "GET", f"{JOURNAL}?format={form}")
        assert status == 422, form
        assert said["error"]["fields"]["period"] == f"最多打印 {MOST_ON_PAPER} 条记录，请选较短的时间"
    rows = next(iter(workbook(await had(office, "root", f"{JOURNAL}?format=xlsx")).values()))
    assert len(rows) == MOST_ON_PAPER + 2


@pytest.mark.parametrize(
    "conditions",
    [
        "period=year",
        "day=x",
        "day=1999-12-31",
        "day=9999-12-31",
        "format=exe",
        "period=other&day=2026-01-01&last=2028-01-01",
        "period=other&day=2026-01-02&last=2026-01-01",
        "since=x",
        "day=2026-01-01&day=2026-01-02",
    ],
)
async def test_what_is_no_journal_is_refused(office: House, conditions: str) -> None:
    status, _ = await ask(office, "root", "GET", f"{JOURNAL}?{conditions}")
    assert status == 422


async def test_tables_have_the_custom_fields_that_one_may_see_and_paper_has_none(office: House) -> None:
    store = office.office.store
    kinds: tuple[tuple[str, FieldType, tuple[Role, ...]], ...] = (
        ("budget", "number", ("agent",)),
        ("until", "date", ("agent",)),
        ("wants", "yes_no", ("agent",)),
        ("shop", "text", ("agent",)),
        ("secret", "text", ()),
    )
    for name, type_, roles in kinds:
        field = NewField(kind="consultation", name=name, type=type_, chinese=f"字段{name}", english=name,
                         readers=roles, writers=roles)  # fmt: skip
        await store.fields.add(field)
    values = {"budget": 12, "until": "2026-12-01", "wants": True, "shop": "=1+1", "secret": "x9x"}
    await made(office, "root", fields=values)
    await made(office, "1001", fields={"budget": -3})
    head, *rows = workbook(await had(office, "chief", f"{JOURNAL}?format=xlsx"))["业务咨询日志表"]
    assert not [title for title in head if "字段" in str(title)], "a manager sees none of them"
    head, *rows = workbook(await had(office, "root", f"{JOURNAL}?format=xlsx"))["业务咨询日志表"]
    assert head[-5:] == ["字段budget", "字段until", "字段wants", "字段shop", "字段secret"]
    assert [row[-5:] for row in rows] == [
        [12, datetime.fromisoformat("2026-12-01"), "是", "=1+1", "x9x"],
        [-3, None, None, None, None],
    ]
    lines = list(csv.reader(io.StringIO((await had(office, "1001", f"{JOURNAL}?format=csv")).decode("utf-8-sig"))))
    assert lines[0][-4:] == ["字段budget", "字段until", "字段wants", "字段shop"]
    assert [line[-4:] for line in lines[1:]] == [["-3", "", "", ""]], "one's own, and no secret"
    page = Page(await had(office, "root", JOURNAL))
    assert "字段budget" not in page.text
