"""The table of seats and extensions (SUP-04): what each line says, who sees which, and who gives whom what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callcenterd import site as site_file
from callcenterd.model.ids import AgentId
from tests.web.house import House
from tests.web.test_rooms import ask

TEAMS = """
users:
  - {login: lead, name: 组长, role: supervisor}
  - {login: other, name: 别组, role: supervisor}
extensions:
  - {number: "1005", password: "phone-secret-3"}
teams:
  - {name: one, title: 一组, members: ["1001"], leaders: [lead]}
  - {name: two, members: ["1002", "1003"], leaders: [other]}
"""


@pytest.fixture
async def led(office: House) -> House:
    await site_file.apply_text(office.office.store, office.office.passwords, TEAMS, "teams.yaml")
    await office.office.site_changed()
    return office


async def table(office: House, login: str) -> dict[str, dict[str, Any]]:
    """By login, or by "free" and the number of what is nobody's."""
    status, said = await ask(office, login, "GET", "/seats")
    assert status == 200, said
    assert said["total"] == len(said["items"])
    return {line["login"] or f"free {line['number']}": line for line in said["items"]}


async def give(office: House, login: str, whom: str, extension: str | None, was: str | None, **more: Any) -> Any:
    return await ask(office, login, "PUT", f"/seats/{whom}", {"extension": extension, "was": was, **more})


async def audited(office: House) -> list[tuple[str, str, dict[str, Any]]]:
    entries, _ = await office.office.store.audit.search(what="seat.set")
    return [(entry.who, entry.target, dict(entry.details)) for entry in entries]


async def test_a_line_says_whose_phone_it_is_who_sits_there_and_how_far_away_it_is(led: House) -> None:
    lines = await table(led, "boss")
    one = lines["1001"]
    assert (one["name"], one["extension"], one["teams"], one["queues"]) == ("张三", "1001", ["一组"], ["sales"])
    assert (one["state"], one["sits_at"], one["number"], one["sitter"], one["taken"]) == (
        "signed_out",
        None,
        "1001",
        None,
        False,
    )
    assert (one["way"], one["settable"]) == ("phone", True)
    [phone] = one["phones"]
    assert (phone["device"], phone["source"], phone["latency_ms"]) == ("Deskphone 9", "127.0.0.4:5060", 12.5)
    assert (lines["1002"]["way"], lines["1002"]["phones"]) == ("none", [])
    assert (lines["free 1900"]["login"], lines["free 1900"]["way"], lines["free 1900"]["settable"]) == (
        None,
        "address",
        False,
    )
    assert (lines["1003"]["extension"], lines["1003"]["number"]) == (None, None)
    assert not lines["root"]["settable"], "an administrator has more than a supervisor"


async def test_who_sits_elsewhere_is_shown_there(led: House) -> None:
    led.registers("1005")
    status, _ = await ask(led, "1001", "POST", "/agents/1001/state", {"state": "break", "extension": "1005"})
    assert status == 200
    mine = await table(led, "lead")
    assert (mine["1001"]["sits_at"], mine["1001"]["number"], mine["1001"]["state"]) == ("1005", "1005", "break")
    assert (mine["free 1005"]["sitter"], mine["free 1005"]["taken"]) == ("1001", True)
    there = (await table(led, "other"))["free 1005"]
    assert (there["sitter"], there["taken"]) == (None, True), "that somebody sits there, but not who of another team"


async def test_who_leads_teams_sees_their_people_and_what_is_nobodys(led: House) -> None:
    assert set(await table(led, "lead")) == {"lead", "1001", "free 1005", "free 1900"}
    assert {"1001", "1002", "1003", "boss", "root", "lead", "other"} <= set(await table(led, "boss"))
    assert (await ask(led, "1001", "GET", "/seats"))[0] == 403


async def test_an_extension_is_given_and_taken_and_it_is_in_force_at_once(led: House) -> None:
    led.registers("1005")
    status, line = await give(led, "other", "1003", "1005", None)
    assert (status, line["extension"], line["number"]) == (200, "1005", "1005")
    assert led.board.queueing.extension_of(AgentId("1003")) == "1005"
    status, line = await give(led, "other", "1003", None, "1005")
    assert (status, line["extension"]) == (200, None)
    assert led.board.queueing.extension_of(AgentId("1003")) is None
    assert await audited(led) == [
        ("other", "agent/1003", {"extension": None, "was": "1005"}),
        ("other", "agent/1003", {"extension": "1005", "was": None}),
    ]
    changes, _ = await led.office.store.audit.search(what="site.changed")
    assert [(entry.target, entry.details["changes"]) for entry in changes] == 2 * [
        ("user/1003", ["user 1003: extension"])
    ]


async def test_what_is_somebody_elses_is_refused_shared_or_taken(led: House) -> None:
    status, said = await give(led, "boss", "1003", "1002", None)
    assert (status, said["error"]["code"], said["error"]["others"]) == (409, "extension_of_others", ["1002"])
    assert (await table(led, "boss"))["1002"]["extension"] == "1002"
    status, line = await give(led, "boss", "1003", "1002", None, others="share")
    assert (status, line["extension"], line["sharing"]) == (200, "1002", ["1002"])
    status, line = await give(led, "boss", "1001", "1002", "1001", others="take")
    assert (status, line["extension"], line["sharing"]) == (200, "1002", [])
    lines = await table(led, "boss")
    assert [lines[login]["extension"] for login in ("1001", "1002")] == ["1002", None]
    assert (await audited(led))[0] == (
        "boss",
        "agent/1001",
        {"taken_from": ["1002", "1003"], "extension": "1002", "was": "1001"},
    )


async def test_two_who_change_at_once_do_not_overwrite_each_other(led: House) -> None:
    answers = await asyncio.gather(*(give(led, "boss", "1003", number, None) for number in ("1005", "1900")))
    assert sorted(status for status, _ in answers) == [200, 409]
    [refused] = [said["error"] for status, said in answers if status == 409]
    [kept] = [said for status, said in answers if status == 200]
    assert (refused["code"], refused["now"]["extension"]) == ("seat_changed", kept["extension"])
    assert len(await audited(led)) == 1


async def test_another_teams_people_and_extensions_are_not_there(led: House) -> None:
    assert (await give(led, "lead", "1002", "1005", "1002"))[0] == 404
    assert (await give(led, "lead", "nobody", "1005", None))[0] == 404
    for number in ("1002", "9999"):
        status, said = await give(led, "lead", "1001", number, "1001", others="take")
        assert (status, set(said["error"]["fields"])) == (422, {"extension"}), number
    assert (await give(led, "lead", "1001", "1005", "1001"))[0] == 200
    assert (await give(led, "chief", "1001", "1001", "1005"))[0] == 403
    assert (await give(led, "1001", "1001", "1001", "1005"))[0] == 403
    assert len(await audited(led)) == 1


async def test_who_has_more_rights_keeps_their_phone(led: House) -> None:
    assert (await give(led, "boss", "root", "1005", None))[0] == 403
    assert (await give(led, "root", "root", "1005", None))[0] == 200
    assert (await give(led, "boss", "1003", "1005", None, others="take"))[0] == 403, "an administrator's is not taken"
    assert (await table(led, "root"))["root"]["extension"] == "1005"


@pytest.mark.parametrize(
    "body",
    [{}, {"extension": "1001"}, {"extension": "", "was": None}, {"extension": 1, "was": None}, {"was": None}],
)
async def test_what_is_no_order_is_refused(led: House, body: dict[str, Any]) -> None:
    assert (await ask(led, "boss", "PUT", "/seats/1001", body))[0] == 422
    more = {"extension": "1005", "was": "1001", "password": "x"}
    assert (await ask(led, "boss", "PUT", "/seats/1001", more))[0] == 422
