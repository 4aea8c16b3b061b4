"""Clients that nobody here wrote: SIPp calls as the trunk, baresip answers as the agent's phone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from callcenterd.demo.phone import Phone
from tests.e2e.conftest import TRUNK_HOST
from tests.e2e.test_first_call import CALLER, NUMBER, _recorded, ready, stereo
from tests.kit import sipp
from tests.kit.baresip import Baresip
from tests.kit.server import RunningServer
from tests.kit.tones import level, tone


def loudness(sound: np.ndarray) -> float:
    return float(np.sqrt((sound.astype(np.float64) ** 2).mean())) if len(sound) else 0.0


@pytest.mark.parametrize("transport", ["u1", "t1"])
async def test_sipp_calls_and_baresip_answers(
    server: RunningServer, trunk: Phone, tmp_path: Path, transport: str
) -> None:
    """trunk: only its address matters; SIPp calls from there."""
    del trunk
    phone = Baresip(tmp_path / "agent", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(1000, 20.0))
    async with phone:
        await phone.registered()
        page = await ready(server, "1001", "first-Secret-1")
        caller = await sipp.call(
            tmp_path / "caller", TRUNK_HOST, server.sip, NUMBER,
            caller=CALLER, key="1", wait=4.0, talk=8.0, transport=transport,
        )  # fmt: skip
        incoming = await phone.wait_for("CALL_INCOMING")
        assert CALLER in incoming["peeruri"]
        await phone.command("accept")
        await phone.wait_for("CALL_ESTABLISHED")
        async with asyncio.timeout(60):
            assert await caller.wait() == 0, (tmp_path / "caller/sipp.log").read_text(errors="replace")[-2000:]
        await phone.wait_for("CALL_CLOSED")
        said = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
        [record] = said["items"]
        assert (record["caller"], record["outcome"], record["agent"], record["keys"]) == (
            CALLER,
            "answered",
            "1001",
            "1",
        )
        left, right = stereo(await _recorded(page, record["recording_id"]))
        assert level(right[16000:24000], 1000) > 5000
        assert loudness(left[-40000:]) > 300
        heard = phone.heard()
        assert loudness(heard[-40000:]) > 300
        await page.close()
    assert server.errors() == []


async def test_two_baresips_speak_through_the_server(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    """A phone dials another extension: both hear each other, undistorted."""
    del trunk
    first = Baresip(tmp_path / "a", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(440, 20.0))
    second = Baresip(tmp_path / "b", "127.0.0.12", server.sip, "1002", "phone-Secret-2", says=tone(1000, 20.0))
    async with first, second:
        await first.registered()
        await second.registered()
        await first.command("dial", f"sip:1002@{server.sip[0]}:{server.sip[1]}")
        await second.take_call(3.0)
        await first.wait_for("CALL_CLOSED")
    assert level(first.heard()[8000:16000], 1000) > 5000
    assert level(second.heard()[8000:16000], 440) > 5000
    assert server.errors() == []
