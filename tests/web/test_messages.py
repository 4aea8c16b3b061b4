from __future__ import annotations

from callcenterd.model import events
from callcenterd.model.calls import CallbackTry
from callcenterd.model.ids import AgentId, CallId, QueueName
from tests.web.house import STAMP, House
from tests.web.test_rooms import settled

CALLER = "013900000000"


async def test_voicemail_is_seen_heard_and_marked_by_the_people_of_its_queue(office: House) -> None:
    await office.keep_call("c1", agent=None, outcome="voicemail")
    recording = await office.keep_recording("c1", b"RIFF....WAVE")
    message = await office.office.store.voicemail.add(
        CallId("c1"),
        QueueName("sales"),
        recording,
        "13800000001",
        STAMP,
    )
    mine, others = await office.as_("1001"), await office.as_("1003")
    listed = await (await office.client.get("/api/v1/voicemail?done=false", headers=mine)).json()
    assert [(one["id"], one["caller"], one["done"]) for one in listed["items"]] == [(message.id, "13800000001", False)]
    assert (await (await office.client.get("/api/v1/voicemail", headers=others)).json())["total"] == 0
    path = f"/api/v1/voicemail/{message.id}"
    assert (await office.client.put(path, json={"done": True}, headers=others)).status == 404
    told: list[events.VoicemailMarked] = []
    office.office.bus.listen(events.VoicemailMarked, told.append)
    marked = await (await office.client.put(path, json={"done": True}, headers=mine)).json()
    assert (marked["done"], marked["done_by"]) == (True, "1001")
    assert [(fact.message, fact.queue, fact.done, fact.by) for fact in told] == [(message.id, "sales", True, "1001")]
    assert (await (await office.client.get("/api/v1/voicemail?done=false", headers=mine)).json())["total"] == 0
    assert (await office.client.get(f"/api/v1/recordings/{recording}", headers=mine)).status == 200
    assert (await office.client.get(f"/api/v1/recordings/{recording}", headers=others)).status == 404


async def test_a_message_is_assigned_heard_noted_and_removed(office: House) -> None:
    await office.keep_call("c1", agent=None, queue=None, outcome="voicemail")
    recording = await office.keep_recording("c1", b"RIFF....WAVE")
    box = office.office.store.voicemail
    message = await box.add(CallId("c1"), QueueName("sales"), recording, "13800000001", STAMP, seconds=9.0)
    personal = await box.add(CallId("c1"), None, recording, "13800000001", STAMP, agent=AgentId("1003"))
    mine, others, boss = await office.as_("1001"), await office.as_("1003"), await office.as_("boss")
    told: list[events.VoicemailMarked] = []
    office.office.bus.listen(events.VoicemailMarked, told.append)
    path = f"/api/v1/voicemail/{message.id}"

    async def listed(headers: dict[str, str], conditions: str = "") -> list[int]:
        answered = await office.client.get(f"/api/v1/voicemail{conditions}", headers=headers)
        return [one["id"] for one in (await answered.json())["items"]]

    assert await listed(mine) == [message.id]
    assert await listed(others) == [personal.id]
    assert await listed(boss) == [personal.id, message.id]
    assert (await office.client.get(f"{path}/sound", headers=others)).status == 404
    sound = await office.client.get(f"{path}/sound", headers=mine)
    assert (sound.status, await sound.read()) == (200, b"RIFF....WAVE"), "also of a call that is nobody's"
    assert (await office.client.put(path, json={"assigned_to": "nobody"}, headers=mine)).status == 422
    assert (await office.client.put(path, json={"assigned_to": "1003"}, headers=others)).status == 404
    change = {"assigned_to": "1003", "note": "问发票", "heard": True}
    now = await (await office.client.put(path, json=change, headers=mine)).json()
    assert (now["assigned_to"], now["assigned_by"], now["note"], now["heard_by"]) == ("1003", "1001", "问发票", "1001")
    assert (now["done"], now["seconds"]) == (False, 9.0)
    assert [(fact.assigned_to, fact.heard, fact.done) for fact in told] == [("1003", True, False)]
    assert await listed(others, "?assigned=me") == [message.id]
    assert await listed(others, "?heard=false&done=false") == [personal.id]
    assert await listed(boss, "?assigned=nobody") == [personal.id]
    assert await listed(boss, "?agent=1003") == [personal.id]
    assert (await office.client.get(f"{path}/sound", headers=others)).status == 200
    counts = await (await office.client.get("/api/v1/voicemail/counts", headers=others)).json()
    assert [(one["agent"], one["unheard"], one["open"]) for one in counts["items"]] == [("1003", 1, 2)]
    assert (await office.client.put(path, json={}, headers=mine)).status == 200
    assert len(told) == 1, "nothing is another now"

    gone: list[events.VoicemailRemoved] = []
    office.office.bus.listen(events.VoicemailRemoved, gone.append)
    assert (await office.client.delete(path, headers=mine)).status == 403
    assert (await office.client.delete(path, headers=boss)).status == 204
    assert (await office.client.delete(path, headers=boss)).status == 404
    assert (await office.client.delete(f"/api/v1/voicemail/{personal.id}", headers=others)).status == 204
    assert [(fact.message, fact.assigned_to, fact.by) for fact in gone] == [
        (message.id, "1003", "boss"),
        (personal.id, "", "1003"),
    ]
    assert (await office.client.get(f"/api/v1/recordings/{recording}", headers=boss)).status == 200


async def test_who_left_a_message_is_called_back_from_ones_own_phone(office: House) -> None:
    await office.keep_call("c1", agent=None, outcome="voicemail")
    recording = await office.keep_recording("c1", b"RIFF....WAVE")
    box = office.office.store.voicemail
    message = await box.add(CallId("c1"), QueueName("sales"), recording, CALLER, STAMP)
    withheld = await box.add(CallId("c1"), QueueName("sales"), recording, "", STAMP)
    mine, others = await office.as_("1001"), await office.as_("1003")
    path = f"/api/v1/voicemail/{message.id}/call-back"
    assert (await office.client.post(path, json={}, headers=mine)).status == 409, "no phone"
    office.registers("1001", "1003")
    assert (await office.client.post(path, json={}, headers=others)).status == 404
    nobody = f"/api/v1/voicemail/{withheld.id}/call-back"
    assert (await office.client.post(nobody, json={}, headers=mine)).status == 422, "nobody knows who it was"
    assert office.sip.placed == []
    answered = await office.client.post(path, json={}, headers=mine)
    assert answered.status == 200
    assert office.sip.placed[-1][1] == "1001"
    office.answers()
    await settled()
    assert office.sip.placed[-1][1] == CALLER
    assert (await box.get(message.id)).assigned_to == "1001"
    call = (await answered.json())["call"]
    assert (await office.client.post(f"/api/v1/calls/{call}/hang-up", json={}, headers=mine)).status in (204, 409)


async def test_callbacks_are_worked_by_the_people_of_their_queue(office: House) -> None:
    await office.keep_call("c1", agent=None, outcome="callback")
    wish = await office.office.store.callbacks.add(CallId("c1"), QueueName("complaints"), "13800000001", STAMP)
    mine, others = await office.as_("1003"), await office.as_("1001")
    assert (await (await office.client.get("/api/v1/callbacks", headers=others)).json())["total"] == 0
    path = f"/api/v1/callbacks/{wish.id}"
    assert (await office.client.put(path, json={"state": "done"}, headers=others)).status == 404
    assert (await office.client.put(path, json={"state": "finished"}, headers=mine)).status == 422
    assert (await office.client.put("/api/v1/callbacks/99", json={"state": "done"}, headers=mine)).status == 404
    marked = await (await office.client.put(path, json={"state": "done"}, headers=mine)).json()
    assert (marked["state"], marked["done_by"]) == ("done", "1003")
    waiting = await office.client.get("/api/v1/callbacks?state=waiting&queue=complaints", headers=mine)
    assert (await waiting.json())["items"] == []


async def test_a_callback_is_assigned_and_every_try_can_be_read(office: House) -> None:
    await office.keep_call("c1", agent=None, outcome="callback")
    kept = office.office.store.callbacks
    wish = await kept.add(CallId("c1"), QueueName("complaints"), "13800000001", STAMP)
    tried = CallbackTry(
        callback=wish.id, at=STAMP, number=wish.number, result="no_such_number", by="system", call=CallId("c2"),
        status=404, cause=1, words="not in use",
    )  # fmt: skip
    await kept.mark(wish.id, "failed", "system", STAMP, tries=1, result="no_such_number", tried=tried)
    mine, others, boss = await office.as_("1003"), await office.as_("1001"), await office.as_("boss")
    path = f"/api/v1/callbacks/{wish.id}"
    counts = await (await office.client.get("/api/v1/callbacks/counts", headers=mine)).json()
    assert counts["items"] == [{"queue": "complaints", "waiting": 0, "failed": 1, "unowned": 1}]
    assert (await (await office.client.get("/api/v1/callbacks/counts", headers=others)).json())["items"] == []
    assert (await office.client.get(f"{path}/tries", headers=others)).status == 404
    read = await (await office.client.get(f"{path}/tries", headers=mine)).json()
    assert read["total"] == 1
    assert (read["items"][0]["result"], read["items"][0]["cause"], read["items"][0]["call"]) == (
        "no_such_number", 1, "c2",
    )  # fmt: skip
    assert (await office.client.put(path, json={"assigned_to": "nobody"}, headers=boss)).status == 422
    both = await office.client.put(path, json={"state": "done", "result": "served"}, headers=boss)
    assert both.status == 422
    given = await office.client.put(path, json={"assigned_to": "1001", "note": "mornings"}, headers=boss)
    assert (await given.json())["assigned_by"] == "boss"
    seen = await (await office.client.get("/api/v1/callbacks?assigned=me", headers=others)).json()
    assert [item["id"] for item in seen["items"]] == [wish.id], "although it is of another queue"
    assert (await office.client.get(f"{path}/tries", headers=others)).status == 200
    found = await (await office.client.get("/api/v1/callbacks?call=c2", headers=boss)).json()
    assert [item["note"] for item in found["items"]] == ["mornings"]
    assert (await (await office.client.get("/api/v1/callbacks?assigned=nobody", headers=boss)).json())["total"] == 0


async def test_who_spoke_says_what_came_of_a_callback(office: House) -> None:
    await office.keep_call("c1", agent=None, outcome="callback")
    kept = office.office.store.callbacks
    wish = await kept.add(CallId("c1"), QueueName("complaints"), "13800000001", STAMP)
    mine, path = await office.as_("1003"), f"/api/v1/callbacks/{wish.id}"
    assert (await office.client.put(path, json={"result": "no idea"}, headers=mine)).status == 422
    busy = await (await office.client.put(path, json={"result": "busy"}, headers=mine)).json()
    assert (busy["state"], busy["tries"], busy["next_at"] is not None) == ("waiting", 1, True)
    wrong = await (await office.client.put(path, json={"result": "wrong_number"}, headers=mine)).json()
    assert (wrong["state"], wrong["result"], wrong["done_by"]) == ("cancelled", "wrong_number", "1003")
    assert (await office.client.put(path, json={"state": "waiting"}, headers=mine)).status == 409
    assert (await office.client.post(f"{path}/call", json={}, headers=mine)).status == 409
    undone = await (await office.client.get("/api/v1/callbacks?undone=true", headers=mine)).json()
    assert undone["total"] == 0, "closed"
    told = await (await office.client.get(f"{path}/tries", headers=mine)).json()
    assert [item["result"] for item in told["items"]] == ["busy", "wrong_number"]
