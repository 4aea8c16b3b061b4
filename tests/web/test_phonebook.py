"""The office's phone book: who can be rung, or be handed a call, and why others cannot (AGT-05)."""

from __future__ import annotations

from typing import Any

from callcenterd.model.ids import AgentId, ExtensionNumber
from tests.web.house import House
from tests.web.test_rooms import ask, talk


async def book(office: House, login: str = "1001") -> dict[tuple[str, str], dict[str, Any]]:
    status, said = await ask(office, login, "GET", "/phone-book")
    assert (status, said["total"]) == (200, len(said["items"]))
    return {(one["kind"], one["name"]): one for one in said["items"]}


async def test_it_says_who_is_free_and_who_can_be_rung(office: House) -> None:
    await talk(office)
    found = await book(office)
    mine = found["agent", "1001"]
    assert (mine["state"], mine["number"], mine["reachable"]) == ("talking", "1001", True)
    assert (found["agent", "1003"]["state"], found["agent", "1003"]["reachable"]) == ("signed_out", False)
    office.board.queueing.sits_at(AgentId("1002"), ExtensionNumber("1002"))
    await office.board.desk.set_state("1002", "ready")
    free = (await book(office, "1003"))["agent", "1002"]
    assert (free["state"], free["reachable"], free["since"] is not None) == ("ready", True, True), "of other teams, too"


async def test_a_queue_says_how_many_wait_and_whether_it_takes_anybody(office: House) -> None:
    await talk(office)
    found = await book(office)
    assert (found["queue", "sales"]["state"], found["queue", "sales"]["reachable"]) == ("open", True)
    assert (found["queue", "complaints"]["state"], found["queue", "complaints"]["reachable"]) == ("nobody", False)
    office.comes()
    sales = (await book(office))["queue", "sales"]
    assert (sales["waiting"], sales["free"]) == (1, 0)


async def test_flows_have_their_titles(office: House) -> None:
    found = await book(office)
    flow = found["flow", "main"]
    assert flow["title"]
    assert (flow["state"], flow["reachable"], flow["number"]) == ("open", True, "")
