"""What a page or a program does with calls: who may, and what is answered."""

from __future__ import annotations

from typing import Any

import pytest

from callcenterd.model.ids import AgentId, CallId, ExtensionNumber
from tests.web.house import House
from tests.web.test_rooms import ask, settled, talk

NUMBER = "013900000000"


@pytest.fixture
async def talking(office: House) -> CallId:
    """1001 speaks with a caller."""
    return await talk(office)


async def test_one_dials_from_ones_own_phone_and_it_is_ones_own_call(office: House) -> None:
    office.registers("1001", "1002")
    status, said = await ask(office, "1001", "POST", "/calls", {"number": NUMBER})
    assert (status, office.sip.placed[-1][1]) == (200, "1001")
    call = said["call"]
    assert (await ask(office, "1001", "POST", "/calls", {"number": NUMBER}))[0] == 409, "one is in a call"
    office.answers()
    await settled()
    assert office.sip.placed[-1][1] == NUMBER
    assert (await ask(office, "1002", "POST", f"/calls/{call}/hang-up"))[0] == 404
    office.answers()
    await settled()
    assert (await ask(office, "1001", "POST", f"/calls/{call}/hold"))[0] == 204
    assert (await ask(office, "1001", "POST", f"/calls/{call}/hang-up"))[0] == 204
    await office.board.history.settled()
    status, said = await ask(office, "1001", "GET", f"/calls/{call}")
    assert (said["direction"], said["agent"], said["outcome"]) == ("outbound", "1001", "answered")
    assert office.board.journeys == {}


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "number"),
        ({"number": ""}, 422, "number"),
        ({"number": "77"}, 422, "number"),
        ({"number": NUMBER, "caller_id": "95588"}, 422, "caller_id"),
        ({"number": NUMBER, "extension": "77"}, 404, None),
        ({"number": NUMBER, "extension": "1002"}, 409, None),
    ],
)
async def test_what_cannot_be_dialled_says_why(office: House, body: dict[str, Any], status: int, field: str) -> None:
    office.registers("1001", "1002")
    got, said = await ask(office, "1001", "POST", "/calls", body)
    assert got == status
    if field:
        assert field in said["error"]["fields"]
    assert office.sip.placed == []


async def test_a_page_that_is_ones_phone_dials_and_hears_the_number_ring(office: House) -> None:
    connected = await office.office.page_phones.connect("1001", "an offer", ["127.0.0.1"])
    office.phones.page_up(connected.page)
    status, said = await ask(office, "1001", "POST", "/calls", {"number": NUMBER})
    await settled()
    assert status == 200
    assert [number for _, number in office.sip.placed] == [NUMBER], "the page has picked up by itself"
    assert office.phones.view("1001").state == "talking"
    assert (await ask(office, "1001", "POST", f"/calls/{CallId(said['call'])}/hang-up"))[0] == 204
    assert office.phones.view("1001").state == "ready"
    assert office.board.journeys == {}


# ---- asked about, handed on: by whom, and by nobody else -----------------------------------------------------


async def test_an_agent_asks_a_colleague_and_hands_the_own_call_on(office: House, talking: CallId) -> None:
    office.board.queueing.sits_at(AgentId("1002"), ExtensionNumber("1002"))
    call = f"/calls/{talking}"
    assert (await ask(office, "1001", "POST", f"{call}/toggle"))[0] == 409
    assert (await ask(office, "1001", "POST", f"{call}/consult", {"agent": "nobody"}))[0] == 404
    assert (await ask(office, "1001", "POST", f"{call}/consult", {"agent": "1003"}))[0] == 409, "who has no phone"
    assert (await ask(office, "1001", "POST", f"{call}/consult", {"number": "77"}))[0] == 422
    assert (await ask(office, "1001", "POST", f"{call}/consult", {"number": "1002", "agent": "1002"}))[0] == 422
    assert (await ask(office, "1001", "POST", f"{call}/consult", {"agent": "1002"}))[0] == 204
    assert (await ask(office, "1001", "POST", f"{call}/toggle"))[0] == 409, "it rings still"
    office.rings()
    _, said = await ask(office, "1002", "GET", "/live")
    assert said["lines"][0]["consult"] == {
        "number": "1002", "queue": None, "agent": None, "state": "ringing",
    }  # fmt: skip
    office.answers()
    await settled()
    for order in ("toggle", "complete", "conference", "back"):
        assert (await ask(office, "1002", "POST", f"{call}/{order}"))[0] == 409, "who is asked has no say in it"
    assert (await ask(office, "1001", "POST", f"{call}/toggle"))[0] == 204
    assert (await ask(office, "1001", "POST", f"{call}/complete"))[0] == 204
    states = {login: office.board.desk.view(login) for login in ("1001", "1002")}
    assert [view and view.state for view in states.values()] == ["wrap_up", "talking"]
    assert (await ask(office, "1001", "POST", f"{call}/transfer", {"number": NUMBER}))[0] == 403, "no longer one's own"
    assert (await ask(office, "1002", "POST", f"{call}/hang-up"))[0] == 204
    await office.board.history.settled()
    _, said = await ask(office, "boss", "GET", call)
    told = [(step["kind"], step["details"].get("by")) for step in said["story"] if "consult" in step["kind"]]
    assert told == [
        ("call.consult_begun", "1001"),
        ("call.consult_answered", "1001"),
        ("call.consult_switched", "1001"),
        ("call.consult_ended", "1001"),
    ]
    assert all(step["at"] for step in said["story"])


ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("transfer", {"number": "1002"}),
    ("transfer", {"queue": "complaints"}),
    ("transfer", {"flow": "main"}),
    ("consult", {"number": "1002"}),
    ("consult", {"queue": "complaints"}),
    ("toggle", {}),
    ("complete", {}),
    ("conference", {}),
    ("back", {}),
    ("answer", {}),
    ("mute", {"muted": True}),
    ("keys", {"keys": "1#"}),
]


@pytest.mark.parametrize(("order", "body"), ORDERS)
async def test_nobody_gives_orders_about_somebody_elses_call_but_who_may_for_any(
    office: House, talking: CallId, order: str, body: dict[str, Any]
) -> None:
    path = f"/calls/{talking}/{order}"
    assert (await ask(office, "1002", "POST", path, body))[0] == 403, "seen, since it is of the own queue"
    assert (await ask(office, "1003", "POST", path, body))[0] == 404, "not even seen"
    assert (await ask(office, "chief", "POST", path, body))[0] == 403, "a manager sees and does nothing"
    assert office.board.journeys[talking].state == "talking"
    status, _ = await ask(office, "boss", "POST", path, body)
    assert status == (409 if order in ("toggle", "complete", "conference", "answer") or "queue" in body else 204)
    trail, _ = await office.office.store.audit.search(what=f"call.{order}", target=f"call/{talking}")
    assert [entry.who for entry in trail] == (["boss"] if status == 204 else [])
    assert (await ask(office, "1001", "POST", "/calls/none/" + order, body))[0] == 404


async def test_a_transfer_goes_to_exactly_one_place(office: House, talking: CallId) -> None:
    path = f"/calls/{talking}/transfer"
    for body, status in (
        ({}, 422),
        ({"number": "1002", "queue": "sales"}, 422),
        ({"number": "77"}, 422),
        ({"queue": "nothing"}, 404),
        ({"flow": "nothing"}, 404),
        ({"agent": "nobody"}, 404),
        ({"queue": "complaints"}, 409),
    ):
        assert (await ask(office, "1001", "POST", path, body))[0] == status, body
    await office.board.desk.set_state("1002", "ready", extension="1002")
    assert (await ask(office, "1001", "POST", path, {"queue": "sales"}))[0] == 204
    await settled()
    assert office.sip.placed[-1][1] == "1002"
    assert office.board.journeys[talking].queue == "sales"


async def test_a_queue_is_asked_and_has_the_call_from_whoever_of_it_picked_up(office: House, talking: CallId) -> None:
    path = f"/calls/{talking}"
    for body, status in (
        ({}, 422),
        ({"number": "1002", "queue": "sales"}, 422),
        ({"queue": "nothing"}, 404),
        ({"queue": "sales"}, 409),
    ):
        assert (await ask(office, "1001", "POST", f"{path}/consult", body))[0] == status, body
    await office.board.desk.set_state("1002", "ready", extension="1002")
    assert (await ask(office, "1001", "POST", f"{path}/consult", {"queue": "sales"}))[0] == 204
    await settled()
    assert office.sip.placed[-1][1] == "1002"
    office.rings()
    _, said = await ask(office, "1001", "GET", "/live")
    assert said["lines"][0]["consult"] == {"number": "sales", "queue": "sales", "agent": None, "state": "ringing"}
    assert next(one for one in said["queues"] if one["name"] == "sales")["waiting"] == [], "it is no customer"
    office.answers()
    await settled()
    assert (await ask(office, "1001", "POST", f"{path}/complete"))[0] == 204
    assert office.board.journeys[talking].with_agent == "1002"
    await office.board.history.settled()
    _, said = await ask(office, "boss", "GET", path)
    begun = next(step for step in said["story"] if step["kind"] == "call.consult_begun")
    assert (begun["details"]["queue"], begun["details"]["by"]) == ("sales", "1001")


async def test_who_hangs_up_what_only_rings_declines_it_and_the_caller_waits_on(office: House) -> None:
    office.registers("1001", "1002")
    await office.board.desk.set_state("1001", "ready")
    call = office.comes()
    await settled()
    office.rings()
    assert (await ask(office, "1001", "POST", f"/calls/{call}/hang-up"))[0] == 204
    await settled()
    assert office.board.journeys[call].state == "waiting"
    assert office.rung() in office.sip.over
    await office.board.desk.set_state("1002", "ready", extension="1002")
    await settled()
    assert office.sip.placed[-1][1] == "1002"


async def test_a_page_that_is_ones_phone_is_told_to_pick_up_and_a_phone_that_cannot_be_is_not(office: House) -> None:
    connected = await office.office.page_phones.connect("1001", "an offer", ["127.0.0.1"])
    office.phones.page_up(connected.page)
    office.registers("1002")
    for login, status in (("1001", 204), ("1002", 409)):
        await office.board.desk.set_state(login, "ready", extension=login)
        call = office.comes()
        await settled()
        assert office.board.desk.takes_part(login, call)
        assert (await ask(office, login, "POST", f"/calls/{call}/answer"))[0] == status
    assert office.phones.view("1001").state == "talking"


async def test_what_rings_at_a_colleague_of_ones_queues_is_taken_and_nothing_else(office: House) -> None:
    office.registers("1001", "1002")
    office.board.queueing.sits_at(AgentId("1002"), ExtensionNumber("1002"))
    await office.board.desk.set_state("1001", "ready")
    call = office.comes()
    await settled()
    path = f"/calls/{call}/pick-up"
    assert (await ask(office, "1003", "POST", path))[0] == 404, "of a queue that is not theirs"
    assert (await ask(office, "1001", "POST", path))[0] == 409, "at whose own phone it rings"
    assert (await ask(office, "1002", "POST", path))[0] == 204
    assert office.sip.placed[-1][1] == "1002"
    office.answers()
    await settled()
    assert office.board.desk.takes_part("1002", call)
    assert not office.board.desk.takes_part("1001", call)
    assert (await ask(office, "1002", "POST", path))[0] == 409
    assert (await ask(office, "1002", "POST", f"/calls/{call}/mute", {"muted": True}))[0] == 204
    assert (await ask(office, "1002", "POST", f"/calls/{call}/keys", {"keys": "12x"}))[0] == 422
    assert (await ask(office, "1002", "POST", f"/calls/{call}/hang-up"))[0] == 204
