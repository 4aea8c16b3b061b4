"""Messages with a whole server: silence ends one, kill -9 in the middle of one loses nothing, both go out by e-mail.

One server for all of it: it has to be started twice in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from callcenterd.demo.phone import Phone, PhoneCall
from tests.channels.test_mail import Server, serving
from tests.e2e.conftest import SITE, TRUNK_HOST
from tests.e2e.test_first_call import CALLER, NUMBER, soon, stereo
from tests.kit.server import RunningServer
from tests.kit.speech import CHINESE, RATE, Sound, said
from tests.kit.tones import level, tone

FLOW = """
flow: main
language: zh-CN
start: leave
nodes:
  leave: {voicemail: sales, greeting: 请讲, limit: 60}
"""
BOX = """
mailboxes:
  - {box: "queue:sales", mail: [one@example.com], silence: 2}
"""


async def test_a_message_cut_off_by_kill_9_is_kept_and_each_is_mailed_once(tmp_path: Path) -> None:
    post = Server()
    post.answers = ["451 not now"]
    async with serving(post) as port:
        mail = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "office@example.com"}
        server = RunningServer(tmp_path / "office", mail=mail)
        server.flow("main", FLOW)
        await server.start()
        try:
            async with Phone(TRUNK_HOST, server.sip, "gateway") as trunk:
                await server.apply(SITE.format(trunk=TRUNK_HOST, trunk_port=trunk.port) + BOX)
                await _before(server, trunk)
            await server.kill()
            assert post.taken == []
            _due_now(server.folder / "var" / "callcenter.db")
            await server.start()
            await _after(server)
            assert [one.rcpt_tos for one in post.taken] == [["one@example.com"]] * 2
            assert {one.mail_from for one in post.taken} == {"office@example.com"}
        finally:
            await server.end()


async def _before(server: RunningServer, trunk: Phone) -> None:
    """One message whose letter was refused for now, and one that is being spoken."""
    speech = said(CHINESE[1], "zh-CN")
    async with await server.client() as admin:
        first = await _spoken(trunk, speech)
        told = await admin.until("/letters", lambda told: told["total"] and told["items"][0]["why"] == "451 not now")
        assert told["items"][0]["state"] == "waiting"
        (message,) = (await admin.get("/voicemail"))["items"]
        assert len(speech) / RATE < message["seconds"] < len(speech) / RATE + 8, "silence has ended it"
        await first.hang_up()
        await _spoken(trunk, tone(600, 4.0))
        assert (await admin.get("/voicemail"))["total"] == 1


async def _spoken(trunk: Phone, sound: Sound) -> PhoneCall:
    """A caller who has said a message, and has not hung up."""
    caller = await trunk.dial(NUMBER, caller=CALLER)
    await soon(caller.answered.wait())
    await asyncio.sleep(2.5)
    await caller.talk.say(sound)
    return caller


async def _after(server: RunningServer) -> None:
    async with await server.client() as admin:
        message, _ = (await admin.until("/voicemail", lambda told: told["total"] == 2))["items"]
        assert (message["caller"], message["queue"], message["heard_by"]) == (CALLER, "sales", "")
        status, octets = await admin.try_to("GET", f"/voicemail/{message['id']}/sound")
        assert status == 200
        left, _ = stereo(octets)
        assert max(level(left[n : n + 8000], 600) for n in range(0, len(left) - 8000, 4000)) > 6500
        await admin.until("/letters", lambda told: {one["state"] for one in told["items"]} == {"sent"})
        story = (await admin.get(f"/calls/{message['call']}"))["story"]
        assert "voicemail.left" in [step["kind"] for step in story]


def _due_now(database: Path) -> None:
    """A minute passes."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE outbox SET next_at = created_at")
        connection.commit()
