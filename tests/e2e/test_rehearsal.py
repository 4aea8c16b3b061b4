"""A draft is heard at one's own phone, on a real server: RFC 4733 keys, sound found by content, and no call in the
history (IVR-06)."""

from __future__ import annotations

import asyncio

from callcenterd.demo.phone import Phone, PhoneCall
from tests.e2e.test_first_call import soon
from tests.e2e.test_waiting import record
from tests.kit.server import RunningServer
from tests.kit.tones import level

DRAFT = """
flow: draft
start: ask
nodes:
  ask: {menu: {play: high, timeout: 20}, keys: {"1": low}, otherwise: low}
  low: {play: low, next: person}
  person: {queue: sales}
"""


async def test_a_draft_is_walked_by_the_keys_of_ones_own_phone(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    del trunk
    for name, hertz in (("high", 1500.0), ("low", 500.0)):
        record(server.folder / f"prompts/{name}.wav", hertz, 0.4)
    admin = await server.client()
    await admin.post("/flow_rehearsal", {"text": DRAFT, "extension": "1001", "caller": "13900139000"})
    call = await soon(phone.incoming.get())
    call.answer()
    await soon(call.answered.wait())
    await heard(call, 1500.0)
    call.talk.press("1")
    await heard(call, 500.0)
    await soon(call.ended.wait())
    assert (await admin.get("/calls"))["total"] == 0
    assert server.errors() == []


async def heard(call: PhoneCall, hertz: float) -> None:
    """Until the tone was heard, for a tenth of a second."""
    async with asyncio.timeout(20):
        while True:
            sound = call.talk.heard()
            if any(level(sound[n : n + 800], hertz) > 1500 for n in range(0, len(sound) - 800, 400)):
                return
            await asyncio.sleep(0.1)
