"""Letters that were not delivered are seen, tried again and given up by who answers for them."""

from __future__ import annotations

import dataclasses

from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.site import Mailbox
from tests.web.house import STAMP, House


async def test_a_letter_that_failed_is_tried_again_or_given_up(office: House) -> None:
    store, clock = office.office.store, office.office.clock
    await office.keep_call("c1", agent=None, outcome="voicemail")
    recording = await office.keep_recording("c1", b"RIFF....WAVE")
    boss, agent = await office.as_("boss"), await office.as_("1001")
    site = await store.site.load()
    box = Mailbox(box="queue:sales", mail=("a@example.com", "b@example.com"))
    await store.site.save(dataclasses.replace(site, mailboxes=(box,)))
    await store.voicemail.add(CallId("c1"), QueueName("sales"), recording, "13800000001", STAMP)
    second, first = (await store.outbox.list())[0]
    await store.outbox.failed(first, "550 no such mailbox")

    async def states() -> list[str]:
        listed = await (await office.client.get("/api/v1/letters", headers=boss)).json()
        return [f"{one['address']} {one['state']} {one['why']}".rstrip() for one in listed["items"]]

    assert (await office.client.get("/api/v1/letters", headers=agent)).status == 403
    assert await states() == ["b@example.com waiting", "a@example.com failed 550 no such mailbox"]
    path = f"/api/v1/letters/{first.id}"
    assert (await office.client.post(f"/api/v1/letters/{second.id}/again", json={}, headers=boss)).status == 409
    assert (await office.client.post("/api/v1/letters/99/again", json={}, headers=boss)).status == 404
    assert (await office.client.post(f"{path}/again", json={}, headers=boss)).status == 200
    assert {letter.id for letter in await store.outbox.due(clock.utc())} >= {first.id}
    assert (await office.client.delete(path, headers=boss)).status == 204
    assert (await office.client.delete(path, headers=boss)).status == 404
    assert await states() == ["b@example.com waiting"]
