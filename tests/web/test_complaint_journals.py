"""Sheets and journals of complaints: three of them worked out by hand, in the page, the PDF and the workbook."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.kit.pdf import pages
from tests.web.house import House
from tests.web.test_complaints import made, moved
from tests.web.test_journals import HOSTILE, NOW, Page, had, office, shown, workbook
from tests.web.test_rooms import ask

__all__ = ["office"]

JOURNAL = "/complaints/journal"
TOTALS: tuple[tuple[str, dict[str, int]], ...] = (
    ("类别", {"投诉": 2, "建议": 1, "合计": 3}),
    ("投诉类型", {"人员": 1, "产品": 1, "其他": 1, "合计": 3}),
    ("投诉方面", {"价格": 2, "效果": 1, "未填": 1}),
    ("状态", {"已登记": 1, "已结案": 2, "合计": 3}),
    ("处理部门", {"未派单": 1, "two": 2, "合计": 3}),
    ("是否成立", {"成立": 1, "不成立": 1, "未核定": 1, "合计": 3}),
    ("时限", {"按期": 1, "逾期": 1, "处理中": 1, "合计": 3}),
    ("满意度", {"满意": 1, "不满意": 1, "未填": 1, "合计": 3}),
)
"""By hand, of the three that lie in the week."""


async def told(office: House, one: dict[str, Any], satisfaction: str) -> None:
    """The customer has the answer, and is content or not."""
    path = f"/complaints/{one['id']}"
    _, now = await ask(office, "1001", "GET", path)
    body = {"version": now["complaint"]["version"], "means": "in_person", "text": "已说明"}
    assert (await ask(office, "1001", "POST", f"{path}/answer", body))[0] == 200
    assert (await moved(office, "chief", one, "close", satisfaction=satisfaction))[0] == 200


@pytest.fixture
async def history(office: House) -> list[dict[str, Any]]:
    """One that stands and took longer than its hour; one that does not stand; one that has just come; one of the week
    before."""
    late = await made(office, type="product", aspects=["price", "effect"], name="张三", reason="漏水", note="第一行")
    assert (await moved(office, "1001", late, "dispatch", team="two"))[0] == 200
    assert (await moved(office, "other", late, "stands", person="1002", minutes=60))[0] == 200
    office.office.clock.move(2 * 3600)  # type: ignore[attr-defined]
    assert (await moved(office, "1002", late, "handled", result="已换货"))[0] == 200
    await told(office, late, "satisfied")
    refused = await made(office, type="person", aspects=["price"], reason="态度")
    assert (await moved(office, "1001", refused, "dispatch", team="two"))[0] == 200
    assert (await moved(office, "other", refused, "does_not_stand", reason="查无此事"))[0] == 200
    await told(office, refused, "dissatisfied")
    new = await made(office, type="other", kind="suggestion", reason="早点开门")
    before = await made(office, type="other", at=(NOW - timedelta(days=7)).isoformat())
    return [late, refused, new, before]


async def test_a_week_has_the_totals_that_were_worked_out_by_hand(office: House, history: list[dict[str, Any]]) -> None:
    path = f"{JOURNAL}?period=week"
    page = Page(await had(office, "chief", path))
    assert "投诉建议反馈周志表" in page.text
    tables = {table[0][0]: {row[0]: int(row[1]) for row in table[1:]} for table in page.tables[:-1]}
    assert tables == dict(TOTALS)
    head, *rows = page.tables[-1]
    assert [row[1] for row in rows] == [one["number"] for one in history[:3]]
    at = {name: head.index(name) for name in ("投诉方面", "处理部门", "责任人", "状态", "是否成立", "时限", "满意度")}
    assert [{name: row[n] for name, n in at.items()} for row in rows[:1]] == [
        {
            "投诉方面": "价格、效果",
            "处理部门": "two",
            "责任人": "李四 1002",
            "状态": "已结案",
            "是否成立": "成立",
            "时限": "逾期",
            "满意度": "满意",
        }
    ]
    assert [row[at["时限"]] for row in rows] == ["逾期", "按期", "处理中"]

    book = workbook(await had(office, "chief", f"{path}&format=xlsx"))
    for title, counts in TOTALS:
        assert {row[0]: row[1] for row in book[title][1:]} == counts, title
    assert [row[1] for row in book["投诉建议反馈周志表"][1:]] == [one["number"] for one in history[:3]]

    octets = await had(office, "chief", f"{path}&format=pdf")
    shown("complaints-zh", octets)
    text = "\n".join(pages(octets))
    for _, counts in TOTALS:
        for name, count in counts.items():
            assert re.search(rf"{name}\s+{count}\b", text), name
    assert history[3]["number"] not in text


async def test_what_is_open_is_late_when_its_limit_is_over(office: House, history: list[dict[str, Any]]) -> None:
    office.office.clock.move(8 * 3600)  # type: ignore[attr-defined]
    page = Page(await had(office, "chief", f"{JOURNAL}?period=week"))
    assert [row[13] for row in page.tables[-1]] == ["时限", "逾期", "按期", "逾期"]
    sheet = Page(await had(office, "chief", f"/complaints/{history[2]['id']}/sheet"))
    assert "逾期" in [cell for table in sheet.tables for row in table for cell in row]


async def test_a_journal_has_what_one_may_see(office: House, history: list[dict[str, Any]]) -> None:
    for login, which in (
        ("lead", (0, 1, 2)),
        ("1001", (0, 1, 2)),
        ("other", (0, 1)),
        ("1003", (0, 1)),
        ("boss", (0, 1, 2)),
    ):
        page = Page(await had(office, login, f"{JOURNAL}?period=week"))
        assert [row[1] for row in page.tables[-1][1:]] == [history[n]["number"] for n in which], login
        assert page.tables[0][-1][-1] == str(len(which)), login
    assert (await ask(office, "1003", "GET", f"/complaints/{history[2]['id']}/sheet"))[0] == 404


async def test_a_sheet_tells_what_became_of_it_in_both_languages(office: House, history: list[dict[str, Any]]) -> None:
    path = f"/complaints/{history[0]['id']}/sheet"
    zh = await had(office, "chief", f"{path}?format=pdf")
    shown("complaint-sheet-zh", zh)
    text = "\n".join(pages(zh))
    for words in (
        "投诉建议反馈单",
        "张三",
        "漏水",
        "第一行",
        "已换货",
        "待核定 2026-11-27 10:00 · 张三 1001",
        "处理中 2026-11-27 10:00 · 别组 other",
        "成立",
        "当面",
    ):
        assert words in text, words
    en = await had(office, "chief", f"{path}?format=pdf&lang=en")
    shown("complaint-sheet-en", en)
    text = "\n".join(pages(en))
    for words in (
        "Complaint sheet",
        "Price, Effect",
        "Late",
        "Told otherwise",
        "To be reviewed",
        "Satisfied",
        "History",
    ):
        assert words in text, words


@pytest.mark.parametrize("text", HOSTILE[:3])
async def test_what_was_typed_is_text_on_every_print(office: House, text: str) -> None:
    one = await made(office, name=text, reason=text, note=text, project_number=text)
    for path, times in ((f"/complaints/{one['id']}/sheet", 4), (JOURNAL, 2)):
        page = Page(await had(office, "root", path))
        assert [tag for tag, _ in page.elements if tag in ("script", "img")] == ["script"], "our own, for the button"
        assert sum(cell == text for table in page.tables for row in table for cell in row) == times
