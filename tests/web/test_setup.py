"""Setting an office up: how far it is, trunks that are tried, first calls step by step, and who was turned away."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from callcenterd.media.facts import LegEnded
from callcenterd.model.setup import FINDING_CODES, STEP_CODES, TEST_CALL_CODES, TURNED_AWAY
from callcenterd.sip import events as sip
from callcenterd.sip.probe import Probed
from tests.kit.wire import leg_sound
from tests.web.house import House, found, house

WORDS = ("webapp/src/locales/zh/setup.ts", "webapp/src/locales/en/setup.ts")


async def asks(office: House, path: str, method: str = "GET", body: object = None, login: str = "root") -> Any:
    answer = await office.client.request(method, f"/api/v1{path}", json=body, headers=await office.as_(login))
    assert answer.status < 300, await answer.text()
    return None if answer.status == 204 else await answer.json()


async def steps(office: House) -> dict[str, str]:
    """Of the newest call: each step's state, and why."""
    assert await office.board.history.settled()
    [newest, *_] = (await asks(office, "/setup/calls"))["items"]
    return {one["step"]: f"{one['state']} {one['code']}".strip() for one in newest["steps"]}


async def test_how_far_the_office_is(office: House) -> None:
    state = await asks(office, "/setup")
    assert (state["trunks"], state["numbers"], state["users"], state["queues"]) == (1, 1, 5, 2)
    assert state["timezone"] == "Asia/Shanghai"
    assert state["time"].endswith("+08:00")
    assert state["host"] == "127.0.0.1"
    assert state["own_password"] is False
    again = {"old": "right horse 7", "new": "battery staple 9"}
    answer = await office.client.post("/api/v1/session/password", json=again, headers=await office.as_("root"))
    assert answer.status == 204
    headers = {"Authorization": f"Bearer {await office.token('root', 'battery staple 9')}"}
    assert (await (await office.client.get("/api/v1/setup", headers=headers)).json())["own_password"] is True


async def test_the_time_zone_is_kept_for_the_next_start(office: House) -> None:
    async def put(name: object, login: str = "root") -> int:
        headers, body = await office.as_(login), {"timezone": name}
        return (await office.client.put("/api/v1/setup/timezone", json=body, headers=headers)).status

    async def told() -> tuple[str, str, str]:
        state = await asks(office, "/setup")
        return state["timezone"], state["timezone_next"], state["timezone_by"]

    assert await told() == ("Asia/Shanghai", "Asia/Shanghai", "nobody")
    for wrong in ("Asia/Nowhere", "../../etc/passwd", "/etc/localtime", "", "x" * 65, 8, None):
        assert await put(wrong) == 422
    assert await put("Asia/Urumqi", "boss") == 403
    assert await put("Asia/Urumqi") == 204
    assert await put("Asia/Urumqi") == 204
    assert await told() == ("Asia/Shanghai", "Asia/Urumqi", "page")
    trail, _ = await office.office.store.audit.search(what="office.timezone", target="office", limit=9)
    assert [entry.who for entry in trail] == ["root"], "the same again changes nothing"
    assert await put("Europe/Berlin") == 204
    assert await told() == ("Asia/Shanghai", "Europe/Berlin", "page")


async def test_a_time_zone_of_the_configuration_file_is_not_changed_by_a_page(tmp_path: Path) -> None:
    await found(tmp_path / "callcenter.db")
    async with house(tmp_path, timezone_fixed=True) as office:
        root = await office.as_("root")
        body = {"timezone": "Asia/Urumqi"}
        answer = await office.client.put("/api/v1/setup/timezone", json=body, headers=root)
        assert answer.status == 409
        state = await asks(office, "/setup")
        assert (state["timezone_next"], state["timezone_by"]) == ("Asia/Shanghai", "file")


async def test_a_trunk_is_tested_and_what_was_found_is_told_as_codes(office: House) -> None:
    said = await asks(office, "/trunks/telecom/test", "POST", {})
    assert said["ok"] is True
    assert [one["code"] for one in said["findings"] if one["verdict"] == "good"][:3] == [
        "reached",
        "says_ok",
        "registered",
    ]
    office.prober.probed = Probed(flow=None, fault="no way to 203.0.113.5")
    said = await asks(office, "/trunks/telecom/test", "POST", {})
    assert (said["ok"], said["findings"][-1]["code"]) == (False, "no_way")
    root = await office.as_("root")
    assert (await office.client.post("/api/v1/trunks/other/test", json={}, headers=root)).status == 404


async def test_a_test_call_goes_out_and_says_how_far_it_is(office: House) -> None:
    root = await office.as_("root")
    path = "/trunks/telecom/test-call"
    assert (await office.client.get(f"/api/v1{path}", headers=root)).status == 404
    begun = await asks(office, path, "POST", {"number": "138 1234-5678"})
    assert (begun["state"], begun["number"], begun["dialled"]) == ("dialling", "13812345678", "13812345678")
    again = await office.client.post(f"/api/v1{path}", json={"number": "13812345678"}, headers=root)
    assert again.status == 409
    [(dialog, number)] = office.sip.placed
    assert number == "13812345678"
    office.calls.signalled(sip.Progress(dialog, None))
    assert (await asks(office, path))["state"] == "ringing"
    office.calls.signalled(sip.Refused(dialog, 486, words="Busy Here"))
    over = await asks(office, path)
    assert (over["state"], over["code"], over["status"]) == ("refused", "busy", 486)
    calls = await asks(office, "/calls")
    assert calls["total"] == 0, "it is no call of the office"


@pytest.mark.parametrize(
    ("status", "code"),
    [(488, "no_codec"), (403, "caller_refused"), (404, "no_such_number"), (408, "no_reply"), (401, "account_refused")],
)
async def test_a_test_call_that_is_refused_says_why(office: House, status: int, code: str) -> None:
    await asks(office, "/trunks/telecom/test-call", "POST", {"number": "13812345678"})
    office.calls.signalled(sip.Refused(office.rung(), status))
    assert (await asks(office, "/trunks/telecom/test-call"))["code"] == code


@pytest.mark.parametrize(("packets", "code"), [(100, ""), (3, "no_sound")])
async def test_a_test_call_that_is_answered_says_whether_something_was_heard(
    office: House, packets: int, code: str
) -> None:
    await asks(office, "/trunks/telecom/test-call", "POST", {"number": "13812345678"})
    office.answers()
    assert (await asks(office, "/trunks/telecom/test-call"))["state"] == "answered"
    [leg] = [leg for call in office.calls.live() for leg in call.legs]
    office.calls.signalled(sip.HungUp(leg.dialog, ""))
    office.calls.sounded(LegEnded(leg.id, leg_sound(received=packets)))
    over = await asks(office, "/trunks/telecom/test-call")
    assert (over["state"], over["code"], over["heard"]) == ("over", code, not code)


@pytest.mark.parametrize("number", ["110", "12a4", "sip:a@b", "+", "1" * 40])
async def test_what_is_no_number_to_try_is_not_called(office: House, number: str) -> None:
    root = await office.as_("root")
    answer = await office.client.post("/api/v1/trunks/telecom/test-call", json={"number": number}, headers=root)
    assert answer.status == 422
    assert office.sip.placed == []


async def test_a_call_is_watched_from_its_arrival_to_the_history(office: House) -> None:
    assert await asks(office, "/setup/calls") == {"items": [], "total": 0}
    office.registers("1001")
    await asks(office, "/agents/1001/state", "POST", {"state": "ready"})
    office.comes()
    seen = await steps(office)
    assert (seen["arrived"], seen["greeted"], seen["queued"], seen["rang"]) == (
        "good",
        "skipped no_greeting",
        "good",
        "waiting",
    )
    office.rings()
    assert (await steps(office))["rang"] == "good"
    office.answers()
    seen = await steps(office)
    assert (seen["answered"], seen["recorded"], seen["kept"]) == ("good", "skipped recording_off", "waiting")
    [call] = office.board.journeys.values()
    office.board.finish(call, "caller", "")
    assert (await steps(office))["kept"] == "good"


async def test_nobody_ready_is_said_while_the_caller_waits(office: House) -> None:
    await asks(office, "/setup/calls")
    office.comes()
    assert (await steps(office))["rang"] == "waiting not_signed_in"
    office.registers("1001")
    await asks(office, "/agents/1001/state", "POST", {"state": "break", "reason": "rest"})
    assert (await steps(office))["rang"] == "waiting on_break"


async def test_a_number_without_a_flow_is_named(office: House) -> None:
    await asks(office, "/setup/calls")
    with pytest.raises(ValueError, match="unpack"):  # it is over at once: there is none to be handed back
        office.comes(called="02099999999")
    seen = await steps(office)
    assert (seen["arrived"], seen["greeted"], seen["kept"]) == ("good", "bad number_unknown", "good")
    [one] = (await asks(office, "/setup/calls"))["items"]
    assert (one["called"], one["trunk"], one["ended"]) == ("02099999999", "telecom", True)


async def test_calls_are_only_remembered_while_somebody_watches_and_not_many(office: House) -> None:
    office.comes()
    assert await asks(office, "/setup/calls") == {"items": [], "total": 0}
    for n in range(8):
        office.comes(caller=f"1380000000{n}")
    callers = [one["caller"] for one in (await asks(office, "/setup/calls"))["items"]]
    assert callers == [f"1380000000{n}" for n in (7, 6, 5, 4, 3)]


async def test_who_was_turned_away_is_listed(office: House) -> None:
    now = office.office.clock.monotonic()
    for _ in range(2):
        office.prober.strange.turned_away("192.0.2.9", "UDP", "REGISTER", "8001", "", "wrong_password", now)
    office.prober.strange.turned_away("192.0.2.8", "UDP", "INVITE", "138", "0208888", "not_a_trunk", now)
    items = (await asks(office, "/setup/turned-away"))["items"]
    assert [(one["source"], one["why"], one["times"], one["called"]) for one in items] == [
        ("192.0.2.8", "not_a_trunk", 1, "0208888"),
        ("192.0.2.9", "wrong_password", 2, ""),
    ]


async def test_a_first_flow_is_made_and_in_service_and_none_is_written_over(office: House) -> None:
    root = await office.as_("root")
    asked = {"name": "reception", "title": "总机", "greeting": '您好 "甲" {乙}。', "queue": "sales", "way": "menu"}
    await asks(office, "/calendars", "POST", {"name": "office", "hours": {"monday": ["09:00-18:00"]}})
    made = await office.client.post("/api/v1/setup/flow", json={**asked, "calendar": "office"}, headers=root)
    assert made.status == 201, await made.text()
    flow = office.office.flows.get(cast(Any, "reception"))
    assert flow is not None
    assert set(flow.nodes) == {"open", "closed", "welcome", "menu", "person", "busy", "leave"}
    again = await office.client.post("/api/v1/setup/flow", json=asked, headers=root)
    assert again.status == 409
    other = await office.client.post(
        "/api/v1/setup/flow", json={**asked, "name": "second", "queue": "nobody"}, headers=root
    )
    assert other.status == 422


@pytest.mark.parametrize("path", WORDS)
def test_every_code_has_its_sentence_in_both_languages(path: str) -> None:
    """A code without one would be shown as it is."""
    with open(path, encoding="utf-8") as file:  # noqa: PTH123  # from the project's folder, where tests run
        text = file.read()
    for code in sorted(FINDING_CODES | STEP_CODES | TEST_CALL_CODES | TURNED_AWAY):
        assert f"    {code}:" in text, code
