"""Two providers, of which one does not answer: the caller hears the other one."""

from __future__ import annotations

import asyncio

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.kit.server import RunningServer

SILENT_HOST = "127.0.0.5"
MORE = """
outbound:
  - {{match: "0.", trunks: [silent, gateway]}}
"""


async def test_a_call_goes_over_the_second_trunk_when_the_first_one_is_silent(
    server: RunningServer, trunk: Phone, phone: Phone
) -> None:
    """Nothing comes from the first one, not even 100: after eight seconds the second one is called. It has its own
    number, its own way of writing numbers and its own header for who calls."""
    text = SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port) + MORE.format()
    silent = f"  - {{name: silent, host: {SILENT_HOST}, port: {trunk.port}}}\n"
    gateway = f'allow: ["{TRUNK_HOST}"]'
    more = f'{gateway}, out_form: e164, caller: "02088886666", caller_id: pai, codecs: [PCMU], channels: 1'
    await server.apply(text.replace("trunks:\n", "trunks:\n" + silent).replace(gateway, more))
    loop = asyncio.get_running_loop()
    begun = loop.time()
    call = await phone.dial("013900001111")
    arrived = await asyncio.wait_for(trunk.incoming.get(), 15)
    assert 7.5 < loop.time() - begun < 10
    invite = arrived.invite
    assert invite.first.startswith("INVITE sip:+8613900001111@")
    assert "sip:02088886666@" in invite.get("p-asserted-identity")
    assert "RTP/AVP 0 " in invite.body
    arrived.answer()
    await asyncio.wait_for(call.answered.wait(), 10)
    late = await phone.dial("013900002222")  # the one channel is taken, and the other trunk says nothing
    await asyncio.wait_for(late.ended.wait(), 15)
    assert late.status == 503
    await call.hang_up()
    await asyncio.wait_for(arrived.ended.wait(), 10)
    assert server.errors() == []
