from __future__ import annotations

from callcenterd.model import events
from callcenterd.model.ids import CallId, QueueName
from tests.web.house import STAMP, House


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
