"""Statistics of follow-ups over the API: what one may see, late ones and tries, and as a workbook."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl

from tests.kit.virtual import START
from tests.web.house import House
from tests.web.test_follow_ups import made, move, office, order
from tests.web.test_rooms import ask

__all__ = ["office"]


async def test_what_was_done_is_counted_with_late_ones_and_tries(office: House) -> None:
    one = await made(office, due=(START + timedelta(hours=1)).isoformat())
    two = await made(office, "1002", category="before_use")
    one = await order(office, "1001", one, "not-reached")
    move(office, 30 * 3600)
    await order(office, "1001", one, "done", result="satisfied")
    await order(office, "1002", two, "done", result="fair")
    move(office, 1)

    async def counted(login: str, conditions: str) -> Any:
        status, said = await ask(office, login, "GET", f"/follow-ups/statistics?{conditions}")
        assert status == 200, said
        return [(row["key"], row["across"], row["done"], row["late"], row["tries"]) for row in said["items"]], said

    items, said = await counted("chief", "by=person&across=result")
    assert items == [("1001", "satisfied", 1, 1, 1), ("1002", "fair", 1, 0, 0)]
    assert (said["total"], said["late"], said["tries"]) == (2, 1, 1)
    assert (await counted("chief", "by=day"))[0] == [("2026-08-04", "", 2, 1, 1)]
    assert (await counted("chief", "by=category&category=before_use"))[0] == [("before_use", "", 1, 0, 0)]
    assert (await counted("1001", "by=person"))[0] == [("1001", "", 1, 1, 1)], "and nothing of another team's"
    assert (await counted("chief", "until=2026-08-03T00:00:00Z"))[0] == []
    for wrong in ("by=colour", "since=2026-08-03T00:00:00Z&until=2026-08-01T00:00:00Z", "across=x"):
        assert (await ask(office, "chief", "GET", f"/follow-ups/statistics?{wrong}"))[0] == 422


async def test_they_are_a_workbook_in_the_readers_language(office: House) -> None:
    one = await made(office)
    await order(office, "1001", one, "done", result="satisfied")
    move(office, 60)
    headers = await office.as_("chief")
    path = "/api/v1/follow-ups/statistics/export?by=person&across=result"
    answered = await office.client.get(path, headers=headers | {"Accept-Language": "zh-CN"})
    assert answered.status == 200
    book = openpyxl.load_workbook(io.BytesIO(await answered.read()))
    first, second = book.worksheets
    assert [[cell.value for cell in row] for row in first.rows] == [
        ["回访人", "完成", "其中逾期", "未接通次数"],
        ["张三 1001", 1, 0, 0],
        ["合计", 1, 0, 0],
    ]
    assert [[cell.value for cell in row] for row in second.rows][:2] == [
        ["回访人", "满意", "合计"],
        ["张三 1001", 1, 1],
    ]
    answered = await office.client.get(path, headers=headers | {"Accept-Language": "en"})
    book = openpyxl.load_workbook(io.BytesIO(await answered.read()))
    assert [cell.value for cell in next(book.worksheets[0].rows)] == ["Followed up by", "Done", "Late", "Tries in vain"]
    entries, _ = await office.office.store.audit.search(what="follow_up.exported")
    assert [(entry.who, entry.details["by"]) for entry in entries] == [("chief", "person")] * 2
