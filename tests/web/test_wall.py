"""The supervisor's wall: the day's figures, lines and customers' names on the stream, and what a supervisor does there
(SUP-01, SUP-02, TEL-06): each as far as the role and the teams of who asks go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC
from typing import Any

from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.people import Role
from callcenterd.switchboard.today import Today
from callcenterd.web.live import EVERY, LiveEvents
from tests.web.house import House
from tests.web.test_live import Listener, everything
from tests.web.test_queues import waits
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask

SALES = QueueName("sales")


async def until(what: Callable[[], object]) -> None:
    while not what():
        await asyncio.sleep(0.005)


async def test_a_customers_name_comes_with_the_call_to_who_may_see_the_customer(office: House) -> None:
    live = LiveEvents(office.board, office.office.bus)
    known = await office.office.store.customers.create(
        CustomerCard(name="王女士", phones=("13812345678",), level="gold", owner="boss"), by="root"
    )
    await set_role(office, "agent", scopes={"customer": "own"})
    await set_role(office, "manager", take=["customer.read"])
    roles: dict[str, Role] = {"boss": "supervisor", "chief": "manager", "1001": "agent", "1003": "agent"}
    pages = {login: Listener(office, live, login, role) for login, role in roles.items()}
    for page in pages.values():
        everything(page)
    call = await waits(office, "13812345678")
    await asyncio.sleep(EVERY * 3)
    topic = f"callers/{call}"
    seen: dict[str, Any] = {}
    for login, page in pages.items():
        for message in page.take():
            if message["type"] == "live.changed" and topic in message["data"]["changes"]:
                seen[login] = message["data"]["changes"][topic]
    assert seen == {"boss": {"call": call, "customers": [{"id": known.id, "name": "王女士", "level": "gold"}]}}
    office.board.finish(office.board.journeys[call], "caller", "normal")
    await asyncio.sleep(EVERY * 3)
    gone = [message["data"]["changes"] for message in pages["boss"].take() if message["type"] == "live.changed"]
    assert {topic: None} == {key: value for changes in gone for key, value in changes.items() if key == topic}
    live.stop()


async def test_figures_come_as_differences_of_what_changed(office: House) -> None:
    live = LiveEvents(office.board, office.office.bus)
    page = Listener(office, live, "boss", "supervisor")
    assert everything(page)["queues/sales"]["today"]["offered"] == 0
    call = await waits(office, "13900000000")
    await asyncio.sleep(EVERY * 2)
    office.board.finish(office.board.journeys[call], "caller", "normal")
    await asyncio.sleep(EVERY * 2)
    changed: dict[str, Any] = {}
    for message in page.take():
        if message["type"] == "live.changed":
            changed.update(message["data"]["changes"])
    today = changed["queues/sales"]["today"]
    assert (today["offered"], today["abandoned"], today["short"]) == (1, 1, 1)
    assert "queues/complaints" not in changed
    halves = [value for topic, value in changed.items() if topic.startswith("volume//")]
    assert sum(half["abandoned"] for half in halves) == 1
    assert changed["trunks/telecom"]["busy"] == 0
    live.stop()


async def test_a_restart_counts_the_same_day_from_what_is_kept(office: House) -> None:
    office.registers("1001")
    await office.board.desk.set_state("1001", "ready")
    call = office.comes()
    await until(lambda: office.sip.placed)
    office.rings()
    office.answers()
    lost = await waits(office, "13900000001")
    office.board.finish(office.board.journeys[lost], "caller", "normal")
    await office.board.desk.hang_up(call, "boss")
    await until(lambda: call not in office.board.journeys)
    full = await waits(office, "13900000002")
    await office.board.desk.hang_up(full, "boss")
    await office.board.history.settled()
    kept, before = office.office.store.today, office.board.today
    after = Today(office.office.bus, office.office.clock, UTC)  # as the house has it
    after.restore(await kept.visits(before.since), await kept.calls(before.since))
    assert before.queue(SALES, 20).offered == 3
    assert after.queue(SALES, 20) == before.queue(SALES, 20)
    assert after.halves() == before.halves()


async def test_who_asks_once_gets_the_lines_and_figures_that_are_theirs(office: House) -> None:
    call = await waits(office, "13812345678")
    _, boss = await ask(office, "boss", "GET", "/live")
    assert [trunk["name"] for trunk in boss["trunks"]] == ["telecom"]
    assert [line["number"] for line in boss["extensions"]] == ["1001", "1002", "1900"]
    assert {half["queue"] for half in boss["volume"]} == {None, "sales"}
    _, agent = await ask(office, "1001", "GET", "/live")
    assert (agent["trunks"], [line["number"] for line in agent["extensions"]]) == ([], ["1001"])
    assert {half["queue"] for half in agent["volume"]} == {"sales"}
    _, other = await ask(office, "1003", "GET", "/live")
    assert (other["extensions"], other["volume"], other["callers"]) == ([], [], [])
    assert CallId(boss["lines"][0]["call"]) == call


async def audited(office: House, what: str) -> list[tuple[str, str]]:
    entries, _ = await office.office.store.audit.search(what=what)
    return [(entry.who, entry.target) for entry in entries]


async def test_a_supervisor_moves_who_waits_and_it_is_audited(office: House) -> None:
    first, second = await waits(office, "13900000001"), await waits(office, "13900000002")
    path = f"/queues/sales/waiting/{second}/move"
    assert (await ask(office, "boss", "POST", path, {"place": "front"}))[0] == 204
    assert [call for call, _, _ in office.board.queueing.waiting(SALES)] == [second, first]
    for login, status in (("1001", 403), ("chief", 403)):
        assert (await ask(office, login, "POST", path, {"place": "up"}))[0] == status
    assert (await ask(office, "boss", "POST", path, {"queue": "complaints"}))[0] == 204
    assert [call for call, _, _ in office.board.queueing.waiting(QueueName("complaints"))] == [second]
    assert (await ask(office, "boss", "POST", path, {"place": "up"}))[0] == 404, "it waits there no more"
    office.registers("1001")
    status, said = await ask(office, "boss", "POST", f"/queues/sales/waiting/{first}/move", {"agent": "1001"})
    assert (status, "1001" in said["error"]["message"]) == (409, True)
    await office.board.desk.set_state("1002", "signed_out")
    assert await audited(office, "call.caller_moved") == [("boss", f"call/{second}")] * 2
    for wrong in ({}, {"place": "up", "queue": "sales"}, {"place": "down"}, {"agent": ""}, {"other": 1}):
        status, _ = await ask(office, "boss", "POST", f"/queues/sales/waiting/{first}/move", wrong)
        assert status == 422, wrong


async def test_a_chosen_agents_phone_rings_for_who_is_given_to_them(office: House) -> None:
    office.registers("1001", "1002")
    call = await waits(office, "13900000001")
    for login in ("1001", "1002"):
        await office.board.desk.set_state(login, "ready")
    await until(lambda: office.board.journeys[call].rung)
    (rung,) = office.board.journeys[call].rung
    other = "1002" if rung == "1001" else "1001"
    path = f"/queues/sales/waiting/{call}/move"
    assert (await ask(office, "boss", "POST", path, {"agent": other}))[0] == 204
    assert set(office.board.journeys[call].rung) == {other}


async def test_a_waiting_caller_is_hung_up_by_force_and_it_is_audited(office: House) -> None:
    call = await waits(office, "13900000001")
    assert (await ask(office, "chief", "POST", f"/calls/{call}/hang-up", {}))[0] == 403
    assert (await ask(office, "boss", "POST", f"/calls/{call}/hang-up", {}))[0] == 204
    assert call not in office.board.journeys
    assert await audited(office, "call.hang_up") == [("boss", f"call/{call}")]


async def test_thresholds_are_the_offices_and_queues_have_their_own_and_nobody_writes_over_another(
    office: House,
) -> None:
    live = LiveEvents(office.board, office.office.bus)
    page = Listener(office, live, "1001", "agent")
    _, said = await ask(office, "1003", "GET", "/thresholds")
    assert [one["queue"] for one in said["items"]] == [None]
    own = {"version": 0, "limits": {"waiting": {"warn": 1, "alarm": 2}, "longest": None}}
    status, kept = await ask(office, "boss", "PUT", "/thresholds/queues/sales", own)
    assert (status, kept["version"], kept["limits"]["waiting"]) == (200, 1, {"warn": 1, "alarm": 2})
    assert "thresholds.changed" in page.facts()
    assert [one["queue"] for one in (await ask(office, "1001", "GET", "/thresholds"))[1]["items"]] == [None, "sales"]
    assert [one["queue"] for one in (await ask(office, "1003", "GET", "/thresholds"))[1]["items"]] == [None]
    status, said = await ask(office, "root", "PUT", "/thresholds/queues/sales", own)
    assert (status, said["error"]["now"]["version"]) == (409, 1)
    assert (await ask(office, "chief", "PUT", "/thresholds/office", own))[0] == 403
    whole = {"version": 0, "limits": {"talk": {"warn": 60, "alarm": 90}, "service_level": {"warn": 0.8, "alarm": 0.5}}}
    assert (await ask(office, "boss", "PUT", "/thresholds/office", whole))[0] == 200
    for path, limits in (
        ("queues/sales", {"talk": {"warn": 1, "alarm": 2}}),
        ("office", {"talk": {"warn": 2, "alarm": 1}}),
        ("office", {"service_level": {"warn": 0.5, "alarm": 0.8}}),
        ("office", {"waiting": {"warn": -1, "alarm": 2}}),
        ("office", {"none": None}),
    ):
        status, _ = await ask(office, "boss", "PUT", f"/thresholds/{path}", {"version": 1, "limits": limits})
        assert status == 422, limits
    assert await audited(office, "thresholds.changed") == [("boss", "office"), ("boss", "queue/sales")]
    live.stop()
