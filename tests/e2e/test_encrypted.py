"""Encrypted sound (SRTP) with phones that nobody here wrote: over TLS and without, beside plain legs, recorded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenterd.demo.phone import Phone
from tests.e2e.test_first_call import _recorded, call_in, ready, soon, stereo
from tests.kit.baresip import Baresip
from tests.kit.certificates import Authority
from tests.kit.linphone import Linphone, has_default_route
from tests.kit.server import RunningServer
from tests.kit.tones import gaps, level, tone

READABLE = "keys of encrypted sound can be read on the way"


async def test_a_call_of_the_trunk_is_sealed_towards_the_phone_and_recorded(
    sealed: tuple[RunningServer, int, Authority, Phone], tmp_path: Path
) -> None:
    """The phone takes nothing but sealed sound, and so does its setting; the trunk speaks plain RTP."""
    server, port, authority, trunk = sealed
    await server.apply('extensions: [{number: "1001", encryption: required}]')
    phone = Baresip(
        tmp_path / "agent", "127.0.0.11", ("127.0.0.1", port), "1001", "phone-Secret-1",
        says=tone(1000, 20.0), transport="tls", believes=authority.ca, encryption="srtp-mand",
    )  # fmt: skip
    async with phone:
        await phone.registered()
        page = await ready(server, "1001", "first-Secret-1")
        caller = await call_in(trunk)
        await phone.wait_for("CALL_INCOMING")
        await phone.command("accept")
        await phone.wait_for("CALL_ESTABLISHED")
        await soon(caller.talk.say(tone(440, 4.0)))
        await caller.hang_up()
        await phone.wait_for("CALL_CLOSED")
        said = await page.until("/calls", lambda said: said["total"] == 1 and said["items"][0]["ended_at"] is not None)
        left, right = stereo(await _recorded(page, said["items"][0]["recording_id"]))
        await page.close()
    assert level(caller.talk.heard()[-16000:-4000], 1000) > 5000
    assert level(phone.heard()[8000:20000], 440) > 5000
    assert gaps(phone.heard()[8000:20000], 440, 4000) == []
    assert level(left[8000:20000], 440) > 5000
    assert level(right[8000:20000], 1000) > 5000
    log = server.log.read_text("utf-8")
    assert READABLE not in log
    assert "inline:" not in log
    assert server.errors() == []


@pytest.mark.parametrize("encryption", ["srtp-mand", "srtp"])
async def test_a_sealed_phone_speaks_with_a_plain_one(
    server: RunningServer, trunk: Phone, tmp_path: Path, encryption: str
) -> None:
    """Over UDP, where the keys can be read on the way: allowed, and the administrator is told once."""
    del trunk
    first = Baresip(
        tmp_path / "a", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(440, 20.0), encryption=encryption
    )
    second = Baresip(tmp_path / "b", "127.0.0.12", server.sip, "1002", "phone-Secret-2", says=tone(1000, 20.0))
    async with first, second:
        await first.registered()
        await second.registered()
        await first.command("dial", f"sip:1002@{server.sip[0]}:{server.sip[1]}")
        await second.wait_for("CALL_INCOMING")
        await second.command("accept")
        await first.wait_for("CALL_ESTABLISHED")
        await asyncio.sleep(3.0)
        await first.command("hold")
        await asyncio.sleep(1.0)
        await first.command("resume")
        await asyncio.sleep(3.0)
        await second.command("hangup")
        await first.wait_for("CALL_CLOSED")
        await second.wait_for("CALL_CLOSED")
    assert level(first.heard()[8000:16000], 1000) > 5000
    assert level(second.heard()[8000:16000], 440) > 5000
    assert level(second.heard()[-14000:-4000], 440) > 5000
    log = server.log.read_text("utf-8")
    assert log.count(READABLE) == 1
    assert "inline:" not in log
    assert server.errors() == []


async def test_two_phones_that_take_nothing_plain_speak_with_each_other(
    sealed: tuple[RunningServer, int, Authority, Phone], tmp_path: Path
) -> None:
    """Over TLS what they are rung with has keys even where their setting leaves it to them."""
    server, port, authority, _ = sealed
    first, second = (
        Baresip(
            tmp_path / number,
            f"127.0.0.1{number[-1]}",
            ("127.0.0.1", port),
            number,
            f"phone-Secret-{number[-1]}",
            says=tone(hertz, 20.0),
            transport="tls",
            believes=authority.ca,
            encryption="srtp",
        )
        for number, hertz in (("1001", 440), ("1002", 1000))
    )
    async with first, second:
        await first.registered()
        await second.registered()
        await first.command("dial", f"sip:1002@127.0.0.1:{port};transport=tls")
        await second.take_call(3.0)
        await first.shows("SRTP is Enabled")
        await second.shows("SRTP is Enabled")
        await first.wait_for("CALL_CLOSED")
    assert level(first.heard()[8000:16000], 1000) > 5000
    assert level(second.heard()[8000:16000], 440) > 5000
    assert server.errors() == []


async def test_a_phone_that_cannot_seal_has_no_call_where_that_is_required(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    del trunk
    await server.apply('extensions: [{number: "1001", encryption: required}]')
    phone = Baresip(tmp_path / "a", "127.0.0.11", server.sip, "1001", "phone-Secret-1", says=tone(440, 20.0))
    async with phone:
        await phone.registered()
        await phone.command("dial", f"sip:1002@{server.sip[0]}:{server.sip[1]}")
        closed = await phone.wait_for("CALL_CLOSED")
        assert "488" in closed["param"]
    assert "no encrypted sound (SRTP) in common" in server.log.read_text("utf-8")
    assert server.errors() == []


@pytest.mark.skipif(not has_default_route(), reason="linphone registers only where there is a default route")
async def test_linphone_seals_and_speaks_with_a_plain_baresip(
    server: RunningServer, trunk: Phone, tmp_path: Path
) -> None:
    del trunk
    first = Linphone(tmp_path / "a", server.sip, "1001", "phone-Secret-1", tone(440, 20.0), encryption="srtp")
    second = Baresip(tmp_path / "b", "127.0.0.12", server.sip, "1002", "phone-Secret-2", says=tone(1000, 20.0))
    async with first, second, await server.client() as admin:
        await admin.until("/extensions", lambda said: all(one["registered"] for one in said["items"]))
        await first.command(f"call sip:1002@{server.sip[0]}:{server.sip[1]}")
        await second.take_call(4.0)
        await asyncio.sleep(0.5)
    assert level(second.heard()[16000:24000], 440) > 5000
    assert level(first.heard()[16000:24000], 1000) > 5000
    assert READABLE in server.log.read_text("utf-8")
    assert server.errors() == []
