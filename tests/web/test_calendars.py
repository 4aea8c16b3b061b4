"""What holds when, and a year's public holidays as a file (ACD-05)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientResponse

from tests.web.house import House

CHINA = Path(__file__).parents[2] / "calendars" / "china-2026.csv"
WEEK = {day: ["09:00-12:00", "13:00-18:00"] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")}


async def make(office: House, **more: Any) -> None:
    body = {"name": "office", "hours": WEEK, **more}
    made = await office.client.post("/api/v1/calendars", headers=await office.as_("root"), json=body)
    assert made.status == 201, await made.text()


async def at(office: House, time: str, login: str = "root", name: str = "office") -> ClientResponse:
    return await office.client.get(
        f"/api/v1/calendars/{name}/at", params={"time": time} if time else {}, headers=await office.as_(login)
    )


async def bring(office: House, octets: bytes, kind: str = "text/csv", name: str = "office") -> ClientResponse:
    headers = {**await office.as_("root"), "Content-Type": kind}
    return await office.client.post(f"/api/v1/calendars/{name}/days", data=octets, headers=headers)


async def test_what_happens_at_a_moment_is_told_with_why_and_until_when(office: House) -> None:
    await make(office)
    assert (await bring(office, CHINA.read_bytes())).status == 200
    queue = {"calendar": "office", "at_closing": "leave"}
    changed = await office.client.put("/api/v1/queues/sales", headers=await office.as_("root"), json=queue)
    assert changed.status == 200, await changed.text()
    assert await (await at(office, "2026-10-02T10:00:00+08:00")).json() == {
        "time": "2026-10-02T10:00:00+08:00",
        "zone": "Asia/Shanghai",
        "open": False,
        "why": "holiday",
        "name": "国庆节",
        "until": "2026-10-08T09:00:00+08:00",
        "queues": ["sales"],
    }
    worked = await (await at(office, "2026-10-10T02:00:00Z")).json()
    assert (worked["open"], worked["why"], worked["name"]) == (True, "make_up", "国庆节调休")
    assert worked["until"] == "2026-10-10T12:00:00+08:00"
    assert (await at(office, "")).status == 200  # now


@pytest.mark.parametrize(
    ("time", "status"), [("yesterday", 422), ("2026-10-02T10:00:00", 422), ("0001-01-01T00:00:00Z", 200)]
)
async def test_a_time_has_its_offset(office: House, time: str, status: int) -> None:
    await make(office, zone="America/New_York")
    assert (await at(office, time)).status == status


async def test_agents_do_not_ask_and_a_calendar_that_is_not_there_is_not_found(office: House) -> None:
    await make(office)
    assert (await at(office, "", login="1001")).status == 403
    assert (await at(office, "", name="other")).status == 404
    assert (await bring(office, CHINA.read_bytes(), name="other")).status == 404


async def test_a_year_is_brought_in_once_and_a_second_time_changes_nothing(office: House) -> None:
    await make(office)
    calendar = await (await bring(office, CHINA.read_bytes())).json()
    assert [day["first"] for day in calendar["holidays"]][:2] == ["2026-01-01", "2026-02-15"]
    assert len(calendar["make_up"]) == 6
    revision = office.board.site.revision
    assert await (await bring(office, CHINA.read_bytes())).json() == calendar
    assert office.board.site.revision == revision
    entries, _ = await office.office.store.audit.search(what="site.changed")
    assert len(entries) == 2


async def test_a_faulty_file_changes_nothing_and_says_each_line(office: House) -> None:
    await make(office, holidays=[{"first": "2026-10-01", "last": "2026-10-31", "name": "装修"}])
    revision = office.board.site.revision
    faulty = await bring(office, b"date,name,kind\n2026-13-01,x,off\n2026-10-01,x,on\n")
    assert faulty.status == 422
    faults = (await faulty.json())["error"]["faults"]
    assert [(fault["file"], fault["line"]) for fault in faults] == [("holidays.csv", 2), ("holidays.csv", 3)]
    overlapping = await bring(office, CHINA.read_bytes())
    assert overlapping.status == 422
    assert "2026-10-01" in (await overlapping.json())["error"]["fields"]["holidays"]
    assert (await bring(office, CHINA.read_bytes(), kind="image/png")).status == 415
    assert office.board.site.revision == revision


async def test_a_calendar_that_a_queue_keeps_is_not_taken_away(office: House) -> None:
    await make(office)
    root = await office.as_("root")
    await office.client.put("/api/v1/queues/sales", headers=root, json={"calendar": "office"})
    assert (await office.client.delete("/api/v1/calendars/office", headers=root)).status == 422
    await office.client.put("/api/v1/queues/sales", headers=root, json={"calendar": ""})
    assert (await office.client.delete("/api/v1/calendars/office", headers=root)).status == 204
