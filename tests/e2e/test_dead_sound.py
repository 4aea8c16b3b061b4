"""A call in which nobody sends any more ends though nobody hangs up; one side alone ends nothing and is told (R-30)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import _recorded, call_in, ready, soon, stereo
from tests.kit.lanes import sound_ports
from tests.kit.server import RunningServer, span
from tests.kit.tones import tone


@pytest.mark.parametrize("both", [True, False])
async def test_a_call_ends_when_neither_side_sends_and_not_for_one(tmp_path: Path, both: bool) -> None:
    server = RunningServer(tmp_path, rtp=sound_ports(100))
    server.configure(rtp={"address": "auto", "ports": span(sound_ports(100)), "timeout_seconds": 10})
    await server.start()
    try:
        async with (
            Phone(TRUNK_HOST, server.sip, "gateway") as trunk,
            Phone("127.0.0.11", server.sip, "1001", password="phone-Secret-1") as phone,
        ):
            await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port))
            await phone.register()
            page = await ready(server, "1001", "first-Secret-1")
            caller = await call_in(trunk)
            agent = await soon(phone.incoming.get())
            agent.answer()
            await asyncio.sleep(0.5)
            await asyncio.gather(caller.talk.say(tone(440, 1.0)), agent.talk.say(tone(1000, 1.0)))
            caller.talk.fall_silent()
            if both:
                agent.talk.fall_silent()
                async with asyncio.timeout(20):
                    await asyncio.gather(caller.ended.wait(), agent.ended.wait())
            else:
                speaking = asyncio.create_task(agent.talk.say(tone(1000, 30.0)))
                await page.until("/live", lambda said: any(line["one_way"] for line in said["lines"]), 15.0)
                await asyncio.sleep(4.0)
                assert not caller.ended.is_set()
                speaking.cancel()
                await asyncio.gather(speaking, return_exceptions=True)
                await caller.hang_up()
                await soon(agent.ended.wait())
            met = await page.until(
                "/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None
            )
            [record] = met["items"]
            assert (record["cause"] == "media_timeout") is both
            left, right = stereo(await _recorded(page, record["recording_id"]))
            assert len(left) == len(right)
            assert abs(len(left) / 8000 - record["talk_seconds"]) < 0.5, "the dead time is silence in the recording"
            await page.close()
        assert server.errors() == []
    finally:
        await server.end()
