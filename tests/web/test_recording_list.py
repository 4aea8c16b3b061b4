"""The list of recordings, their tags and notes, and who may remove one (REC-02)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from callcenterd.model.ids import CallId, RecordingId
from tests.web.house import STAMP, House
from tests.web.test_roles import set_role
from tests.web.test_rooms import ask
from tests.web.test_teams import WAV


@pytest.fixture
async def recording(office: House) -> RecordingId:
    await office.keep_call("c1", agent="1001")
    return await keep(office, "c1")


async def keep(office: House, call: str) -> RecordingId:
    name = await office.keep_recording(call, WAV)
    await office.office.store.recordings.settle(name, "done")
    return name


async def trail(office: House, what: str) -> list[tuple[str, str, Any]]:
    found, _ = await office.office.store.audit.search(what=what)
    return [(entry.who, entry.target, dict(entry.details)) for entry in found]


async def test_a_list_says_what_is_known_and_takes_every_condition(office: House, recording: RecordingId) -> None:
    await office.keep_call("c2", agent="1003", queue="complaints", started_at=STAMP + timedelta(minutes=1))
    await keep(office, "c2")
    status, said = await ask(office, "boss", "GET", "/recordings")
    assert (status, said["total"], [one["id"] for one in said["items"]]) == (200, 2, ["c2-1", "c1-1"])
    assert said["items"][1] | {"started_at": ""} == {
        "id": "c1-1", "call_id": "c1", "started_at": "", "seconds": 1.0, "octets": len(WAV), "format": "wav",
        "complete": True, "direction": "inbound", "caller": "13800000001", "called": "02088886666", "queue": "sales",
        "agent": "1001", "customer_id": None, "customer": "", "outcome": "answered", "disposition": "", "note": "",
        "tags": [], "notes": 0,
    }  # fmt: skip
    for query, found in (
        ("agent=1003", ["c2-1"]),
        ("queue=sales", ["c1-1"]),
        ("least=0.5&most=2", ["c2-1", "c1-1"]),
        ("least=2", []),
        ("text=0000001&direction=inbound&outcome=answered", ["c2-1", "c1-1"]),
        ("since=2026-08-03T01:00:30Z", ["c2-1"]),
        ("tag=x", []),
        ("limit=1&offset=1", ["c1-1"]),
    ):
        status, said = await ask(office, "boss", "GET", f"/recordings?{query}")
        assert (status, [one["id"] for one in said["items"]]) == (200, found), query
    for wrong in ("least=-1", "most=nan", "limit=501", "offset=100001", "colour=red", "since=yesterday"):
        assert (await ask(office, "boss", "GET", f"/recordings?{wrong}"))[0] == 422, wrong
    assert (await ask(office, "1003", "GET", "/recordings"))[1]["total"] == 1, "an agent's own"
    await set_role(office, "agent", rights=[])
    assert (await ask(office, "1001", "GET", "/recordings"))[0] == 403


async def test_tags_are_kept_found_and_written_down(office: House, recording: RecordingId) -> None:
    path = f"/recordings/{recording}/tags"
    status, said = await ask(office, "1001", "PUT", path, {"tags": ["praise", "  老  客户 ", "praise"]})
    assert (status, said["items"]) == (200, ["praise", "老 客户"])
    assert (await ask(office, "boss", "GET", "/recordings?tag=praise"))[1]["total"] == 1
    assert (await ask(office, "boss", "GET", "/recordings/tags"))[1]["items"] == ["praise", "老 客户"]
    await ask(office, "boss", "PUT", path, {"tags": ["praise"]})
    await ask(office, "boss", "PUT", path, {"tags": ["praise"]})
    assert await trail(office, "recording.tagged") == [
        ("boss", "recording/c1-1", {"added": [], "removed": ["老 客户"]}),
        ("1001", "recording/c1-1", {"added": ["praise", "老 客户"], "removed": []}),
    ]
    for wrong in (
        {"tags": [""]},
        {"tags": ["x" * 41]},
        {"tags": [str(n) for n in range(21)]},
        {"tags": [1]},
        {"tags": ["  "]},
        {},
    ):
        assert (await ask(office, "boss", "PUT", path, wrong))[0] == 422, wrong
    await set_role(office, "agent", rights=["recording.play"])
    assert (await ask(office, "1001", "PUT", path, {"tags": []}))[0] == 403


async def test_a_note_is_removed_by_who_wrote_it_or_who_has_the_right(office: House, recording: RecordingId) -> None:
    path = f"/recordings/{recording}/notes"
    first = (await ask(office, "1001", "POST", path, {"second": 0.25, "text": " 开场好 "}))[1]
    assert (first["second"], first["text"], first["by"]) == (0.25, "开场好", "1001")
    status, late = await ask(office, "boss", "POST", path, {"second": 4000, "text": "结尾"})
    assert (status, late["second"]) == (201, 1.0), "no later than its end"
    assert [one["text"] for one in (await ask(office, "1001", "GET", path))[1]["items"]] == ["开场好", "结尾"]
    assert (await ask(office, "1001", "GET", "/recordings?notes=开场"))[1]["total"] == 1
    assert (await ask(office, "1001", "DELETE", f"{path}/{late['id']}"))[0] == 403
    assert (await ask(office, "boss", "DELETE", f"{path}/{first['id']}"))[0] == 204
    assert (await ask(office, "boss", "DELETE", f"{path}/{first['id']}"))[0] == 404
    assert (await ask(office, "boss", "DELETE", f"{path}/x"))[0] == 404
    (removed,) = await trail(office, "recording.note_removed")
    assert removed == ("boss", "recording/c1-1", {"note": first["id"], "by": "1001"})
    for wrong in ({"second": -1, "text": "x"}, {"second": 1, "text": " "}, {"second": 1, "text": "\x00"}):
        assert (await ask(office, "boss", "POST", path, wrong))[0] == 422, wrong


async def test_removal_takes_the_file_and_stays_in_story_and_trail(office: House, recording: RecordingId) -> None:
    (office.recordings / "2026/08/03/c1-1.peaks").write_bytes(b"x")
    path = f"/recordings/{recording}"
    assert (await ask(office, "boss", "POST", f"{path}/remove", {"reason": "客户要求"}))[0] == 403
    for wrong in ({}, {"reason": " "}, {"reason": "x" * 201}):
        assert (await ask(office, "chief", "POST", f"{path}/remove", wrong))[0] == 422
    status, made = await ask(office, "1001", "POST", "/complaints", {"type": "other", "reason": "x", "call": "c1"})
    assert status == 201
    status, said = await ask(office, "chief", "POST", f"{path}/remove", {"reason": "客户要求"})
    assert (status, made["number"] in said["error"]["message"]) == (409, True), "it may be needed there"
    await office.keep_call("c2", agent="1001", started_at=STAMP)
    other = await keep(office, "c2")
    assert (await ask(office, "chief", "POST", f"/recordings/{other}/remove", {"reason": "客户要求"}))[0] == 204
    for method, asked in (("GET", ""), ("GET", "/peaks"), ("GET", "/details"), ("GET", "/notes")):
        answer = await office.client.request(
            method, f"/api/v1/recordings/{other}{asked}", headers=await office.as_("root")
        )
        assert answer.status == 404, asked
    assert not (office.recordings / "2026/08/03/c2-1.wav").exists()
    assert (office.recordings / "2026/08/03/c1-1.wav").exists()
    await office.board.history.settled()
    (step,) = [step for step in await office.office.store.calls.story(CallId("c2")) if step.kind == "recording.removed"]
    assert step.details == {"recording": "c2-1", "by": "chief", "why": "客户要求"}
    (entry,) = await trail(office, "recording.removed")
    assert (entry[0], entry[1], entry[2]["reason"]) == ("chief", "recording/c2-1", "客户要求")
    assert [one["id"] for one in (await ask(office, "root", "GET", "/recordings"))[1]["items"]] == ["c1-1"]


async def test_a_file_that_the_disk_did_not_let_go_goes_at_the_next_look(office: House, recording: RecordingId) -> None:
    path = office.recordings / "2026/08/03/c1-1.wav"
    await office.office.store.recordings.remove(recording, "chief", "cut off before its file went", STAMP)
    assert path.exists()
    await office.office.archive.look()
    assert not path.exists()


async def test_a_picture_tells_of_a_part_of_silences_and_of_pauses(office: House, recording: RecordingId) -> None:
    calls, office_ = office.office.store.calls, office
    paused = {"recording": str(recording), "by": "1001"}
    await calls.append(CallId("c1"), STAMP + timedelta(seconds=0.2), "recording.paused", paused)
    await calls.append(CallId("c1"), STAMP + timedelta(seconds=0.6), "recording.resumed", paused)
    status, whole = await ask(office_, "1001", "GET", f"/recordings/{recording}/peaks")
    assert (status, whole["seconds"], whole["begin"], whole["end"], len(whole["left"])) == (200, 1.0, 0.0, 1.0, 20)
    assert whole["pauses"] == [{"begin": 0.2, "end": 0.6}]
    _, part = await ask(office_, "1001", "GET", f"/recordings/{recording}/peaks?begin=0.5&end=0.75")
    assert (part["begin"], part["end"], part["left"]) == (0.5, 0.75, whole["left"][10:15])
    assert (await ask(office_, "1001", "GET", f"/recordings/{recording}/peaks?begin=5&end=1"))[1]["end"] == 1.0
    for wrong in ("begin=-1", "end=nan", "begin=x"):
        assert (await ask(office_, "1001", "GET", f"/recordings/{recording}/peaks?{wrong}"))[0] == 422
