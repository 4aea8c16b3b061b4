"""SIPp over a wire that loses and doubles a fifth of all datagrams: every call is set up and ended, and none twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from callcenterd.sip import events
from callcenterd.sip.events import DialogId, ToTrunk
from tests.kit.lanes import free_port
from tests.kit.lossy import LossyRelay
from tests.sip.transport.server import GATEWAY, HOST, TRUNK_HOST, Server, sdp, serving

CLIENT_HOST = "127.0.0.3"
CALLS = 50

CALLER = """\
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a call whose answers are told apart: a repeated 200 of the INVITE is not taken for that of the BYE">
  <send retrans="500" start_txn="invite"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:sipp@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=- 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
]]></send>
  <recv response="100" optional="true" response_txn="invite"></recv>
  <recv response="180" optional="true" response_txn="invite"></recv>
  <recv response="200" response_txn="invite"></recv>
  <send ack_txn="invite"><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
  <pause milliseconds="500"/>
  <send retrans="500" start_txn="bye"><![CDATA[
BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" response_txn="bye"></recv>
</scenario>
"""


async def sipp(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    with (folder / "sipp.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            "sipp", *arguments, "-nostdin", stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )


async def _decided(server: Server, dialog: DialogId) -> None:
    """Until it is answered or refused."""
    async with asyncio.timeout(60):
        while not any(
            isinstance(event, events.Accepted | events.Refused) and event.dialog == dialog for event in server.told
        ):
            await asyncio.sleep(0.05)


async def test_sipp_calls_us_over_a_bad_wire(tmp_path: Path) -> None:
    (tmp_path / "caller.xml").write_text(CALLER)
    port = free_port(host=CLIENT_HOST)
    async with serving() as server:
        relay = LossyRelay((TRUNK_HOST, port), (CLIENT_HOST, port), (HOST, server.port), loss=0.2, doubling=0.2, seed=7)
        async with relay:
            caller = await sipp(
                tmp_path, "-sf", "caller.xml", f"{TRUNK_HOST}:{port}", "-i", CLIENT_HOST, "-p", str(port),
                "-m", str(CALLS), "-r", "25", "-s", "02088886666", "-timeout", "90", "-timeout_error",
            )  # fmt: skip
            async with asyncio.timeout(100):
                code = await caller.wait()
            assert code == 0, (tmp_path / "sipp.log").read_text(errors="replace")[-2000:]
        calls = server.all(events.IncomingCall)
        assert len(calls) == len({call.dialog for call in calls}) == CALLS
        assert len(server.all(events.HungUp)) == CALLS
        assert server.endpoint.counters()["dialogs"] == 0
        assert relay.lost > CALLS / 2
        assert relay.doubled > CALLS / 2


async def test_we_call_sipp_over_a_bad_wire(tmp_path: Path) -> None:
    port = free_port(host=CLIENT_HOST)
    async with serving(trunk_port=port) as server:
        relay = LossyRelay((TRUNK_HOST, port), (CLIENT_HOST, port), (HOST, server.port), loss=0.2, doubling=0.2, seed=8)
        async with relay:
            callee = await sipp(tmp_path, "-sn", "uas", "-i", CLIENT_HOST, "-p", str(port))
            try:
                dialogs = [
                    server.edge.place(ToTrunk(GATEWAY, f"138000{n:05}"), caller="1001", sdp=sdp(1)) for n in range(20)
                ]
                for dialog in dialogs:
                    await _decided(server, dialog)
                    server.edge.hang_up(dialog)
                async with asyncio.timeout(60):
                    while server.endpoint.counters()["dialogs"]:
                        await asyncio.sleep(0.05)
            finally:
                callee.kill()
                await callee.wait()
        assert len(server.all(events.Accepted)) + len(server.all(events.Refused)) == len(dialogs)
        assert len(server.all(events.Accepted)) >= 15, "some are given up when a trunk is silent for eight seconds"
