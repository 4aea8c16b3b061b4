"""Foreign phones of every codec on both sides of a call: tones both ways, level and codec as the history tells them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenterd.demo.phone import Phone
from tests.kit.baresip import Baresip
from tests.kit.linphone import Linphone, has_default_route
from tests.kit.server import RunningServer
from tests.kit.tones import gaps, level, tone

NAMES = {"PCMA": "PCMA", "PCMU": "PCMU", "G722/16000": "G722", "opus/48000/2": "opus"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("G722/16000", "PCMA"),
        ("opus/48000/2", "PCMU"),
        ("G722/16000", "G722/16000"),
        ("opus/48000/2", "opus/48000/2"),
        ("opus/48000/2", "G722/16000"),
    ],
)
async def test_two_baresips_of_any_codec_speak_through_the_server(
    server: RunningServer, trunk: Phone, tmp_path: Path, one: str, other: str
) -> None:
    del trunk
    first = Baresip(tmp_path / "a", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(440, 20.0), codec=one)
    second = Baresip(
        tmp_path / "b", "127.0.0.12", server.sip, "1002", "phone-Secret-2", says=tone(1000, 20.0), codec=other
    )
    async with first, second:
        await first.registered()
        await second.registered()
        await first.command("dial", f"sip:1002@{server.sip[0]}:{server.sip[1]}")
        await second.take_call(4.0)
        await first.wait_for("CALL_CLOSED")
    page = await server.client("2001", "third-Secret-3")
    said = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
    told = await page.until(f"/calls/{said['items'][0]['id']}", lambda told: len(told.get("sound", [])) == 2)
    assert {leg["codec"] for leg in told["sound"]} == {NAMES[one], NAMES[other]}
    await page.close()
    for heard, hertz in ((first.heard(), 1000), (second.heard(), 440)):
        assert level(heard[8000:20000], hertz) > 6500
        assert len(gaps(heard[8000:20000], hertz, 5000)) <= 6, "wrong frames tear all 75 windows, a busy machine a few"
    assert server.errors() == []


@pytest.mark.skipif(not has_default_route(), reason="linphone registers only where there is a default route")
async def test_linphone_speaks_opus_with_a_baresip_of_g711(server: RunningServer, trunk: Phone, tmp_path: Path) -> None:
    """linphone offers Opus first; it is taken, since both can be served."""
    del trunk
    first = Linphone(tmp_path / "a", server.sip, "1001", "phone-Secret-1", tone(440, 20.0))
    second = Baresip(tmp_path / "b", "127.0.0.12", server.sip, "1002", "phone-Secret-2", says=tone(1000, 20.0))
    async with first, second, await server.client() as admin:
        await admin.until("/extensions", lambda said: all(one["registered"] for one in said["items"]))
        await first.command(f"call sip:1002@{server.sip[0]}:{server.sip[1]}")
        await second.take_call(4.0)
        await asyncio.sleep(0.5)
    assert level(second.heard()[16000:24000], 440) > 5000
    assert level(first.heard()[16000:24000], 1000) > 5000
    assert server.errors() == []
