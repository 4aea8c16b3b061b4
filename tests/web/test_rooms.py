"""Orders about who speaks with whom: rights, answers, and what agents are not told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from callcenterd.model.ids import CallId
from tests.web.house import House


@pytest.fixture
async def talking(office: House) -> CallId:
    """1001 speaks with a caller; the supervisor sits at 1002."""
    call = await talk(office)
    office.board.queueing.sits_at("boss", "1002")  # type: ignore[arg-type]  # an AgentId and an ExtensionNumber
    return call


async def talk(office: House) -> CallId:
    office.registers("1001", "1002")
    await office.board.desk.set_state("1001", "ready")
    call = office.comes()
    await settled()
    office.answers()
    await settled()
    return call


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0.005)


async def ask(office: House, login: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    headers = await office.as_(login)
    more: dict[str, Any] = {} if method in ("GET", "DELETE") else {"json": {} if body is None else body}
    answer = await office.client.request(method, f"/api/v1{path}", headers=headers, **more)
    return answer.status, None if answer.status == 204 else await answer.json()


async def test_a_supervisor_listens_changes_takes_over_and_the_agent_is_told_of_nothing(
    office: House, talking: CallId
) -> None:
    status, said = await ask(office, "boss", "POST", f"/calls/{talking}/listen", {"mode": "whisper"})
    assert status == 200
    assert (said["by"], said["mode"], said["agent"], said["since"]) == ("boss", "whisper", "1001", None)
    assert (await ask(office, "boss", "POST", f"/calls/{talking}/take-over"))[0] == 409, "the phone rings still"
    office.answers()
    status, said = await ask(office, "boss", "POST", f"/calls/{talking}/listen", {"mode": "barge"})
    assert (status, said["mode"], said["since"] is not None) == (200, "barge", True)
    status, said = await ask(office, "chief", "GET", "/listening")
    assert [one["by"] for one in said["items"]] == ["boss"]
    await office.board.history.settled()
    kinds = {
        login: [step["kind"] for step in (await ask(office, login, "GET", f"/calls/{talking}"))[1]["story"]]
        for login in ("1001", "boss")
    }
    assert "call.monitored" in kinds["boss"]
    assert "call.monitored" not in kinds["1001"]
    trail, total = await office.office.store.audit.search(what="call.monitored")
    assert (total, trail[0].who, trail[0].target) == (3, "boss", f"call/{talking}")
    assert (await ask(office, "boss", "POST", f"/calls/{talking}/take-over"))[0] == 204
    view = office.board.desk.view("1001")
    assert view is not None
    assert view.state == "wrap_up"
    assert (await ask(office, "boss", "DELETE", "/listening"))[0] == 404


async def test_who_may_only_listen_may_not_whisper_and_agents_may_neither(office: House, talking: CallId) -> None:
    office.board.queueing.sits_at("chief", "1002")  # type: ignore[arg-type]  # as above
    assert (await ask(office, "chief", "POST", f"/calls/{talking}/listen", {"mode": "whisper"}))[0] == 403
    assert (await ask(office, "1002", "POST", f"/calls/{talking}/listen"))[0] == 403
    assert (await ask(office, "chief", "POST", f"/calls/{talking}/listen"))[0] == 200
    assert (await ask(office, "chief", "POST", "/calls/none/listen"))[0] == 404
    assert (await ask(office, "boss", "POST", f"/calls/{talking}/listen", {"extension": "77"}))[0] == 404
    office.registers("1002", reachable=False)
    assert (await ask(office, "boss", "POST", f"/calls/{talking}/listen"))[0] == 409
    assert (await ask(office, "chief", "DELETE", "/listening"))[0] == 204


async def test_an_agent_holds_adds_mutes_and_parks_their_own_call_and_nobody_elses(
    office: House, talking: CallId
) -> None:
    for what in ("hold", "hold", "resume"):
        assert (await ask(office, "1001", "POST", f"/calls/{talking}/{what}"))[0] == 204
        assert (await ask(office, "1002", "POST", f"/calls/{talking}/{what}"))[0] == 403
        assert (await ask(office, "1003", "POST", f"/calls/{talking}/{what}"))[0] == 404, "not even seen"
    status, said = await ask(office, "1001", "GET", f"/calls/{talking}/parties")
    assert [(one["number"], one["agent"], one["caller"]) for one in said["items"]] == [
        ("13812345678", None, True),
        ("1001", "1001", False),
    ]
    parties = f"/calls/{talking}/parties"
    assert (await ask(office, "1001", "POST", parties, {"number": "77"}))[0] == 422
    assert (await ask(office, "1001", "POST", parties))[0] == 422
    assert (await ask(office, "1001", "POST", parties, {"agent": "nobody"}))[0] == 404
    assert (await ask(office, "1001", "POST", parties, {"agent": "1003"}))[0] == 409, "who has no phone"
    assert (await ask(office, "1001", "POST", parties, {"number": "1002"}))[0] == 204
    await settled()
    office.answers()
    await settled()
    status, said = await ask(office, "1001", "GET", parties)
    assert said["total"] == 3
    third = said["items"][2]["id"]
    assert (await ask(office, "1001", "POST", f"{parties}/{third}/mute", {"muted": True}))[0] == 204
    assert (await ask(office, "boss", "GET", parties))[1]["items"][2]["muted"] is True
    assert (await ask(office, "1001", "DELETE", f"{parties}/x"))[0] == 404
    assert (await ask(office, "1001", "DELETE", f"{parties}/{third}"))[0] == 204
    status, said = await ask(office, "1001", "POST", f"/calls/{talking}/park", {"slot": "99"})
    assert (status, "slot" in said["error"]["fields"]) == (422, True)
    assert await ask(office, "1001", "POST", f"/calls/{talking}/park") == (200, {"slot": "1"})
    status, said = await ask(office, "1002", "GET", "/parking")
    assert [(one["slot"], one["call"], one["by"]) for one in said["items"]] == [("1", talking, "1001")]
    assert (await ask(office, "1003", "GET", "/parking"))[1]["items"] == []
    assert (await ask(office, "1003", "POST", "/parking/1/fetch"))[0] == 404
    assert (await ask(office, "1001", "POST", "/parking/1/fetch"))[0] == 204
    assert (await ask(office, "boss", "POST", "/parking/1/fetch"))[0] == 409, "somebody does already"
    await settled()
    office.answers()
    await settled()
    assert (await ask(office, "boss", "GET", parties))[1]["total"] == 2


async def test_recording_by_hand_is_begun_by_who_speaks_and_ended_by_a_supervisor(
    office: House, talking: CallId
) -> None:
    start, stop = f"/calls/{talking}/recording/start", f"/calls/{talking}/recording/stop"
    assert (await ask(office, "boss", "POST", stop))[0] == 409
    assert (await ask(office, "1002", "POST", start))[0] == 403
    assert (await ask(office, "1001", "POST", start))[0] == 204
    assert (await ask(office, "1001", "POST", stop))[0] == 403
    assert (await ask(office, "boss", "POST", stop))[0] == 204
    assert (await ask(office, "boss", "POST", start))[0] == 204
    trail, _ = await office.office.store.audit.search(what="recording", target=f"call/{talking}")
    assert [(entry.who, entry.what) for entry in trail] == [
        ("boss", "recording.started"),
        ("boss", "recording.stopped"),
        ("1001", "recording.started"),
    ]


async def test_rooms_that_nobody_is_in_are_not_found(office: House) -> None:
    assert await ask(office, "boss", "GET", "/conferences") == (200, {"items": [], "total": 0})
    for method, path in (
        ("GET", "/conferences/weekly"),
        ("POST", "/conferences/weekly/end"),
        ("DELETE", "/conferences/weekly/members/c1"),
    ):
        assert (await ask(office, "boss", method, path))[0] == 404
    assert (await ask(office, "boss", "POST", "/conferences/weekly/members/c1/mute", {"muted": True}))[0] == 404
