"""Messages between colleagues, notices and announcements (AGT-03): who may read what, when, and who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.web.live import LiveEvents
from callcenterd.web.socket import STREAMS
from tests.web.house import House, cheap_passwords
from tests.web.test_live import Listener
from tests.web.test_rooms import ask

TEAMS = """
users:
  - {login: lead, name: 组长, role: supervisor}
teams:
  - {name: one, title: 一组, members: ["1001", "1002"], leaders: [lead]}
  - {name: two, members: ["1003"], leaders: [boss]}
"""


@pytest.fixture
async def teams(office: House) -> House:
    await site_file.apply_text(office.office.store, cheap_passwords(), TEAMS, "teams.yaml")
    await office.office.site_changed()
    return office


@pytest.fixture
def live(office: House) -> LiveEvents:
    return office.app[STREAMS].live


async def write(office: House, by: str, to: str, text: str, **more: Any) -> int:
    status, said = await ask(office, by, "POST", "/staff-messages", {"to": to, "text": text, **more})
    assert status == 201, said
    return int(said["id"])


async def notice(office: House, by: str, **asked: Any) -> dict[str, Any]:
    body = {"kind": "notice", "subject": "会议", "text": "明早八点", **asked}
    status, said = await ask(office, by, "POST", "/staff-notices", body)
    assert status == 201, said
    return dict(said)


async def unread(office: House, login: str) -> tuple[int, int, int]:
    _, said = await ask(office, login, "GET", "/staff-messages/unread")
    return said["messages"], said["notices"], said["announcements"]


async def heard(listener: Listener) -> list[tuple[str, dict[str, Any]]]:
    return [(one["type"], one["data"]) for one in listener.take() if one["type"].startswith(("staff.", "help."))]


async def test_a_message_comes_at_once_and_its_writer_sees_when_it_is_read(office: House, live: LiveEvents) -> None:
    mine, theirs = Listener(office, live, "1001", "agent"), Listener(office, live, "1002", "agent")
    other = Listener(office, live, "boss", "supervisor")
    number = await write(office, "1001", "1002", "在吗")
    assert await unread(office, "1002") == (1, 0, 0)
    ((kind, data),) = await heard(theirs)
    assert (kind, data["message"], data["by"], data["text"]) == ("staff.message", number, "1001", "在吗")
    assert [kind for kind, _ in await heard(mine)] == ["staff.message"], "their other windows"
    assert await heard(other) == []
    assert (await ask(office, "boss", "GET", f"/staff-messages/{number}"))[0] == 404
    assert (await ask(office, "root", "POST", f"/staff-messages/{number}/read"))[0] == 404
    assert (await ask(office, "1001", "GET", f"/staff-messages/{number}"))[1]["read_at"] is None
    status, said = await ask(office, "1002", "POST", f"/staff-messages/{number}/read")
    assert (status, said["read_at"] is not None) == (200, True)
    ((kind, data),) = await heard(mine)
    assert (kind, data["messages"], data["reader"]) == ("staff.read", [number], "1002")
    assert (await ask(office, "1001", "GET", f"/staff-messages/{number}"))[1]["read_at"] == said["read_at"]
    assert await unread(office, "1002") == (0, 0, 0)
    await ask(office, "1002", "POST", f"/staff-messages/{number}/read")
    assert await heard(mine) == [], "read once"
    _, said = await ask(office, "1001", "GET", "/conversations")
    assert [(one["login"], one["last"]["text"], one["unread"]) for one in said["items"]] == [("1002", "在吗", 0)]


async def test_a_message_that_a_page_sends_again_is_there_once(office: House) -> None:
    assert await write(office, "1001", "1002", "在吗", key="k") == await write(office, "1001", "1002", "在吗", key="k")
    assert (await ask(office, "1002", "GET", "/staff-messages?with=1001"))[1]["total"] == 1
    for to in ("1001", "nobody"):
        status, said = await ask(office, "1001", "POST", "/staff-messages", {"to": to, "text": "x"})
        assert (status, list(said["error"]["fields"])) == (422, ["to"])
    assert (await ask(office, "1001", "POST", "/staff-messages", {"to": "1002", "text": "  "}))[0] == 422


async def test_a_notice_goes_to_people_teams_and_roles_whom_one_oversees(teams: House, live: LiveEvents) -> None:
    hears = {login: Listener(teams, live, login, "agent") for login in ("1001", "1002", "1003")}
    made = await notice(teams, "lead", people=["1001"], teams=["one"], roles=["agent", "admin"], confirm=True)
    assert made["of"] == 2, "1001 and 1002; nobody of another team, whatever their role"
    told = {login: await heard(one) for login, one in hears.items()}
    assert [told[login][0][1]["to"] for login in ("1001", "1002")] == [["1001"], ["1002"]], "who else gets it"
    assert told["1003"] == []
    for wrong in ({"people": ["1003"]}, {"teams": ["two"]}, {"roles": ["nothing"]}, {}):
        body = {"kind": "notice", "subject": "x", "text": "x", **wrong}
        assert (await ask(teams, "lead", "POST", "/staff-notices", body))[0] == 422, wrong
    assert (await notice(teams, "chief", roles=["agent"]))["of"] == 3
    assert (await ask(teams, "1001", "POST", "/staff-notices", {}))[0] == 403
    _, said = await ask(teams, "lead", "GET", "/colleagues")
    assert {one["login"] for one in said["items"] if one["notify"]} == {"1001", "1002"}
    assert [one["title"] for one in said["teams"]] == ["一组"]
    _, said = await ask(teams, "1001", "GET", "/colleagues")
    assert (said["teams"], said["roles"], {one["notify"] for one in said["items"]}) == ([], [], {False})


async def test_the_writer_of_a_notice_sees_who_has_read_and_confirmed_it(teams: House) -> None:
    made = await notice(teams, "lead", teams=["one"], confirm=True)
    number = made["id"]
    assert (await ask(teams, "1001", "POST", f"/staff-messages/{number}/read"))[0] == 200
    assert await unread(teams, "1001") == (0, 1, 0), "it must be confirmed"
    assert (await ask(teams, "1001", "POST", f"/staff-messages/{number}/confirm"))[0] == 200
    assert await unread(teams, "1001") == (0, 0, 0)
    status, said = await ask(teams, "lead", "GET", f"/staff-messages/{number}/readers")
    assert status == 200
    times = {one["login"]: (one["read_at"] is not None, one["confirmed_at"] is not None) for one in said["items"]}
    assert times == {"1001": (True, True), "1002": (False, False)}
    assert [said["message"][name] for name in ("of", "read", "confirmed")] == [2, 1, 1]
    assert (await ask(teams, "1001", "GET", f"/staff-messages/{number}/readers"))[0] == 404
    assert (await ask(teams, "1001", "POST", f"/staff-messages/{number}/withdraw"))[0] == 404
    assert (await ask(teams, "lead", "POST", f"/staff-messages/{number}/withdraw"))[0] == 200
    assert await unread(teams, "1002") == (0, 0, 0)
    assert (await ask(teams, "1002", "GET", f"/staff-messages/{number}"))[0] == 404


async def test_an_announcement_is_for_all_from_when_it_is_up(office: House, live: LiveEvents) -> None:
    now = office.office.clock.utc()
    agent = Listener(office, live, "1001", "agent")
    made = await notice(office, "chief", kind="announcement", until=(now + timedelta(hours=1)).isoformat())
    assert [(kind, data["to"]) for kind, data in await heard(agent)] == [("staff.message", [])]
    assert await unread(office, "1001") == (0, 0, 1)
    assert await unread(office, "chief") == (0, 0, 0)
    _, said = await ask(office, "chief", "GET", f"/staff-messages/{made['id']}/readers")
    assert {one["login"] for one in said["items"]} == {"1001", "1002", "1003", "boss", "root"}
    later = {"since": (now + timedelta(hours=2)).isoformat(), "subject": "later"}
    await notice(office, "chief", kind="announcement", **later)
    ((kind, data),) = await heard(agent)
    assert (kind, "text" in data, "subject" in data) == ("staff.changed", False, False), "not before its time"
    _, said = await ask(office, "1001", "GET", "/staff-messages?kind=notices")
    assert [one["id"] for one in said["items"]] == [made["id"]]
    body = {"kind": "announcement", "subject": "x", "text": "x", "until": (now - timedelta(hours=1)).isoformat()}
    assert (await ask(office, "chief", "POST", "/staff-notices", body))[0] == 422


async def test_what_was_written_is_found_by_its_words_by_those_who_may_read_it(office: House) -> None:
    await write(office, "1001", "1002", "退款要经理签字")
    await notice(office, "boss", people=["1002"], subject="退款", text="流程改了")
    for login, found in (("1001", 1), ("1002", 2), ("boss", 1), ("1003", 0), ("root", 0)):
        assert (await ask(office, login, "GET", "/staff-messages?text=退款"))[1]["total"] == found, login
    _, said = await ask(office, "1002", "GET", "/staff-messages?text=退款&kind=notice&unread=true")
    assert [one["text"] for one in said["items"]] == ["流程改了"]


async def test_a_page_that_was_away_catches_up(office: House) -> None:
    first = await write(office, "1001", "1002", "一")
    for text in ("二", "三"):
        await write(office, "1001", "1002", text)
    _, said = await ask(office, "1002", "GET", "/staff-messages?with=1001&limit=2")
    assert ([one["text"] for one in said["items"]], said["total"]) == (["三", "二"], 3)
    older = said["items"][-1]["id"]
    _, said = await ask(office, "1002", "GET", f"/staff-messages?with=1001&limit=2&before={older}")
    assert ([one["id"] for one in said["items"]], said["total"]) == ([first], 3)
