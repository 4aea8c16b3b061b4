"""SIPp as a foreign trunk: it plays a scenario of ours once and says by its exit code whether all came as written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tests.kit.lanes import free_port

SOUNDS = Path("/usr/share/sip-tester")
"""Debian's: a key each as RFC 4733 events (payload type 101), and eight seconds of speech in A-law."""

CALLER = """\
<?xml version="1.0" encoding="UTF-8" ?>
<scenario name="a caller who chooses by key, speaks and hangs up">
  <send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:{caller}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

v=0
o=user1 53655765 2353687637 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8 101
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-11
]]></send>
  <recv response="100" optional="true"></recv>
  <recv response="180" optional="true"></recv>
  <recv response="183" optional="true"></recv>
  <recv response="200" rtd="true"></recv>
  <send><![CDATA[
ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 1 ACK
Contact: <sip:{caller}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>
  <pause milliseconds="1000"/>
  <nop><action><exec play_pcap_audio="{sounds}/dtmf_2833_{key}.pcap"/></action></nop>
  <pause milliseconds="{wait}"/>
  <nop><action><exec play_pcap_audio="{sounds}/g711a.pcap"/></action></nop>
  <pause milliseconds="{talk}"/>
  <send retrans="500"><![CDATA[
BYE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:{caller}@[local_ip]:[local_port]>;tag=[pid]SIPpTag00[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
Call-ID: [call_id]
CSeq: 2 BYE
Contact: <sip:{caller}@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Length: 0

]]></send>
  <recv response="200" crlf="true"></recv>
</scenario>
"""


_SUBSCRIBE = """\
SUBSCRIBE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
From: <sip:{watcher}@[remote_ip]>;tag=[pid]lamp[call_number]
To: <sip:[service]@[remote_ip]>
Call-ID: [call_id]
CSeq: {sequence} SUBSCRIBE
Contact: <sip:{watcher}@[local_ip]:[local_port]>
Max-Forwards: 70
Event: dialog
Accept: application/dialog-info+xml
Expires: 600
{proof}Content-Length: 0
"""
_NOTIFIED = """\
  <recv request="NOTIFY" timeout="20000">
    <action>
      <ereg regexp="<state>{state}</state>" search_in="body" check_it="true" assign_to="{n}"/>
    </action>
  </recv>
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def lamp(watcher: str, password: str, states: Sequence[str]) -> str:
    """A scenario: a phone asks for a colleague's lamp (RFC 4235) and is told these states, one after the other.

    It asks twice without a proof: whoever does that is offered the one algorithm that SIPp knows.
    """
    asked = "".join(
        f'  <send retrans="500"><![CDATA[\n{_SUBSCRIBE.format(watcher=watcher, sequence=n, proof="")}\n]]></send>\n'
        f'  <recv response="401" auth="true"></recv>\n'
        for n in (1, 2)
    )
    proof = f"[authentication username={watcher} password={password}]\n"
    proved = _SUBSCRIBE.format(watcher=watcher, sequence=3, proof=proof)
    told = "".join(_NOTIFIED.format(state=state, n=n) for n, state in enumerate(states, start=1))
    names = ",".join(str(n) for n in range(1, len(states) + 1))
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="a lamp">\n{asked}'
        f'  <send retrans="500"><![CDATA[\n{proved}\n]]></send>\n  <recv response="200"></recv>\n{told}'
        f'  <Reference variables="{names}"/>\n</scenario>\n'
    )


_REGISTER = """\
REGISTER sip:[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
From: <sip:{number}@[remote_ip]>;tag=[pid]bind[call_number]
To: <sip:{number}@[remote_ip]>
Call-ID: [call_id]
CSeq: {sequence} REGISTER
Contact: <sip:{number}@[local_ip]:[local_port]>
Max-Forwards: 70
Expires: 600
{proof}Content-Length: 0
"""
_TELLS = "".join(
    f'      <ereg regexp=".*" search_in="hdr" header="{name}:" assign_to="{name.replace("-", "").lower()}"/>\n'
    for name in ("Via", "From", "To", "CSeq", "Call-ID")
)
_REPLY = """\
SIP/2.0 {status}
Via:[$via]
From:[$from]
To:[$to];tag=[pid]headset[call_number]
Call-ID:[$callid]
CSeq:[$cseq]
Contact: <sip:headset@[local_ip]:[local_port]>
{more}"""
_ECHO = """\
Content-Type: application/sdp
Content-Length: [len]

v=0
o=headset 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 8
a=rtpmap:8 PCMA/8000
"""
_YES = """\
  <send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""


def registers(number: str, password: str) -> str:
    """A scenario: a phone registers, to be called at the port that this is played from. It asks twice without a proof,
    as `lamp` does."""
    asked = "".join(
        f'  <send retrans="500"><![CDATA[\n{_REGISTER.format(number=number, sequence=n, proof="")}\n]]></send>\n'
        f'  <recv response="401" auth="true"></recv>\n'
        for n in (1, 2)
    )
    proof = f"[authentication username={number} password={password}]\n"
    proved = _REGISTER.format(number=number, sequence=3, proof=proof)
    return (
        f'<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="a phone registers">\n{asked}'
        f'  <send retrans="500"><![CDATA[\n{proved}\n]]></send>\n  <recv response="200"></recv>\n</scenario>\n'
    )


HEADSET = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<scenario name="a phone that picks up when it is told to">\n'
    f'  <recv request="INVITE">\n    <action>\n{_TELLS}    </action>\n  </recv>\n'
    f"  <send><![CDATA[\n{_REPLY.format(status='180 Ringing', more='Allow-Events: talk')}\nContent-Length: 0\n\n"
    "]]></send>\n"
    '  <recv request="NOTIFY">\n    <action>\n'
    '      <ereg regexp="talk" search_in="hdr" header="Event:" check_it="true" assign_to="event"/>\n'
    f"    </action>\n  </recv>\n{_YES}"
    f'  <send retrans="500"><![CDATA[\n{_REPLY.format(status="200 OK", more=_ECHO)}\n]]></send>\n'
    f'  <recv request="ACK"></recv>\n  <recv request="BYE"></recv>\n{_YES}'
    '  <Reference variables="event"/>\n</scenario>\n'
)
"""It rings, and says in its 180 that it knows "Event: talk"; a NOTIFY of that picks it up. What it hears it sends back
(`headset`)."""


async def headset(folder: Path, host: str, server: tuple[str, int], port: int) -> asyncio.subprocess.Process:
    """Such a phone, at this port, until it is ended. It answers what else it is asked (OPTIONS)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.xml"
    path.write_text(HEADSET)
    with (folder / "sipp.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            "sipp", f"{server[0]}:{server[1]}", "-sf", str(path), "-i", host, "-p", str(port), "-mi", host,
            "-mp", str(free_port(host=host) & ~1), "-rtp_echo", "-aa", "-t", "u1", "-nostdin",
            "-trace_err", "-error_file", str(folder / "errors"),
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip


async def play(
    folder: Path, scenario: str, host: str, server: tuple[str, int], service: str, *, port: int | None = None
) -> asyncio.subprocess.Process:
    """Play a scenario once from this address. port: its own; None: any. Exit code 0: all of it came as written."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "scenario.xml"
    path.write_text(scenario)
    with (folder / "sipp.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            "sipp", f"{server[0]}:{server[1]}", "-sf", str(path), "-s", service, "-m", "1", "-i", host,
            "-p", str(port or free_port(host=host)), "-t", "u1", "-timeout", "60", "-timeout_error", "-nostdin",
            "-trace_err", "-error_file", str(folder / "errors"),
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip


async def call(
    folder: Path,
    host: str,
    server: tuple[str, int],
    number: str,
    *,
    caller: str,
    key: str,
    wait: float,
    talk: float,
    transport: str = "u1",
) -> asyncio.subprocess.Process:
    """Begin one call from this address. wait: seconds between the key and the speech; talk: seconds of it.

    transport: "u1" UDP, "t1" TCP. Exit code 0: the whole scenario was played.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scenario = folder / "caller.xml"
    scenario.write_text(
        CALLER.format(caller=caller, key=key, sounds=SOUNDS, wait=round(wait * 1000), talk=round(talk * 1000))
    )
    with (folder / "sipp.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            "sipp", f"{server[0]}:{server[1]}", "-sf", str(scenario), "-s", number, "-m", "1", "-i", host,
            "-p", str(free_port(host=host)), "-mi", host, "-mp", str(free_port(host=host) & ~1), "-t", transport,
            "-timeout", "60", "-timeout_error", "-nostdin",
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
        )  # fmt: skip
