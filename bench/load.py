"""The project's own SIP load: a provider that places calls and the far end that answers them, in a process of its own.

Load and server in one process would share one GIL and be measured together. Started as `python -m bench.load`; it
takes one order a line as JSON on its standard input and answers each with one line. It shares nothing with
`callcenterd.sip`, and knows no more of SIP than a load needs: lines are copied, not understood.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TRUNK_HOST, FAR_HOST = "127.0.0.2", "127.0.0.3"
T1 = 0.5
PATIENCE = 8.0
"""Seconds that calls get beyond the last INVITE before they count as lost."""


class Load:
    """The load's process, as a benchmark uses it. trunk_port, far_port: where its two ends are."""

    def __init__(self) -> None:
        root = Path(__file__).resolve().parent.parent
        command = [sys.executable, "-m", "bench.load"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root)
        ports = self._hear()
        self.trunk_port, self.far_port = int(ports["trunk"]), int(ports["far"])

    def set_up(self, server: tuple[str, int], calls: int, rate: float) -> dict[str, Any]:
        """Place that many calls, so many a second, and keep them. Answers {answered, refused, repeated, ms}: how many,
        how often an INVITE had to go out again, and the time from each INVITE to its 200, sorted."""
        return self._ask({"do": "set_up", "server": server, "calls": calls, "rate": rate})

    def hang_up(self, rate: float) -> dict[str, Any]:
        """Hang all of them up. Answers {ended, far_ended}: BYEs that were answered, BYEs that the far end got."""
        return self._ask({"do": "hang_up", "rate": rate})

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._hear()

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        said: dict[str, Any] = json.loads(self._process.stdout.readline())
        return said


# ---- the load's own process ------------------------------------------------------------------------------------


class Message:
    """One SIP message as its lines. Only what stands alone is looked up; Via lines are kept together."""

    def __init__(self, octets: bytes) -> None:
        head, _, self.body = octets.decode().partition("\r\n\r\n")
        self.first, *lines = head.split("\r\n")
        self.vias = [line for line in lines if line.startswith("Via:")]
        self._lines = lines

    def get(self, name: str) -> str:
        wanted = name + ": "
        return next((line[len(wanted) :] for line in self._lines if line.startswith(wanted)), "")

    def answer(self, status: str, *, to: str, more: Iterable[str] = (), body: str = "") -> bytes:
        return _written(
            f"SIP/2.0 {status}",
            [
                *self.vias,
                f"From: {self.get('From')}",
                f"To: {to}",
                f"Call-ID: {self.get('Call-ID')}",
                f"CSeq: {self.get('CSeq')}",
                *more,
            ],
            body,
        )


def _written(first: str, lines: Iterable[str], body: str = "") -> bytes:
    kind = ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([first, *lines, *kind, f"Content-Length: {len(body)}", "", body]).encode()


def _description(host: str, port: int) -> str:
    return (
        f"v=0\r\no=load 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
        "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    )


class _End(asyncio.DatagramProtocol):
    def __init__(self, host: str) -> None:
        self.host, self.port = host, 0
        self._transport: asyncio.DatagramTransport

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, 0))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    def send(self, octets: bytes, target: tuple[str, int]) -> None:
        self._transport.sendto(octets, target)

    def close(self) -> None:
        self._transport.close()

    def error_received(self, exc: Exception) -> None:
        """Nobody is there yet, or any more: the figures will say so."""


class FarEnd(_End):
    """Rings and answers every call at once."""

    def __init__(self) -> None:
        super().__init__(FAR_HOST)
        self.ended = 0
        self._calls = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith((b"SIP/2.0", b"ACK")) or not data.strip():
            return
        message = Message(data)
        to = message.get("To")
        if not data.startswith(b"INVITE"):
            self.ended += data.startswith(b"BYE")
            self.send(message.answer("200 OK", to=to), addr)
            return
        self._calls += 1
        to = f"{to};tag=far{self._calls}"
        contact = f"Contact: <sip:far@{self.host}:{self.port}>"
        self.send(message.answer("180 Ringing", to=to, more=[contact]), addr)
        body = _description(self.host, 10000 + 2 * (self._calls % 10000))
        self.send(message.answer("200 OK", to=to, more=[contact], body=body), addr)


@dataclass(eq=False, slots=True)
class _Placed:
    """One call of the trunk. sent: when its INVITE went; ms: until its 200, in milliseconds."""

    number: str
    identity: str
    invite: bytes
    sent: float
    heard: bool = False
    status: int = 0
    ms: float = 0.0
    to: str = ""
    target: str = ""
    ended: bool = False


class Trunk(_End):
    """The provider's side: it places the calls and ends them."""

    def __init__(self) -> None:
        super().__init__(TRUNK_HOST)
        self.server = ("", 0)
        self.repeated = 0
        self._placed = 0
        self._up: dict[str, _Placed] = {}

    async def set_up(self, calls: int, rate: float) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        begun, self.repeated = loop.time(), 0
        placed = []
        for n in range(calls):
            await asyncio.sleep(max(0.0, begun + n / rate - loop.time()))
            placed.append(self._invite())
        patience = loop.time() + PATIENCE
        while loop.time() < patience and not all(call.status for call in placed):  # noqa: ASYNC110  # of many calls
            await asyncio.sleep(0.05)
        answered = [call for call in placed if call.status == 200]
        return {
            "answered": len(answered),
            "refused": sum(call.status > 200 for call in placed),
            "repeated": self.repeated,
            "ms": sorted(round(call.ms, 3) for call in answered),
        }

    async def hang_up(self, rate: float) -> int:
        """Answers how many of them the server agreed to."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        calls = [call for call in self._up.values() if call.status == 200]
        for n, call in enumerate(calls):
            await asyncio.sleep(max(0.0, begun + n / rate - loop.time()))
            self.send(self._request(call, "BYE", 2, f"b{call.number}"), self.server)
        patience = loop.time() + PATIENCE
        while loop.time() < patience and not all(call.ended for call in calls):  # noqa: ASYNC110  # as above
            await asyncio.sleep(0.05)
        self._up.clear()
        return sum(call.ended for call in calls)

    def _invite(self) -> _Placed:
        self._placed += 1
        n = self._placed
        number = f"9{n:06}"
        body = _description(self.host, 10000 + 2 * (n % 10000))
        lines = [
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bKi{number};rport",
            "Max-Forwards: 70",
            f"From: <sip:138{n:08}@{self.host}>;tag=t{n}",
            f"To: <sip:{number}@{self.server[0]}>",
            f"Call-ID: load-{n}@{self.host}",
            "CSeq: 1 INVITE",
            f"Contact: <sip:load@{self.host}:{self.port}>",
            "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS",
            "User-Agent: load",
        ]
        invite = _written(f"INVITE sip:{number}@{self.server[0]}:{self.server[1]} SIP/2.0", lines, body)
        call = _Placed(number, f"load-{n}@{self.host}", invite, time.perf_counter())
        self._up[call.identity] = call
        self.send(invite, self.server)
        asyncio.get_running_loop().call_later(T1, self._again, call, T1)
        return call

    def _again(self, call: _Placed, waited: float) -> None:
        """RFC 3261 §17.1.1.2, until anything is heard."""
        if not call.heard and waited < PATIENCE:
            self.repeated += 1
            self.send(call.invite, self.server)
            asyncio.get_running_loop().call_later(2 * waited, self._again, call, 2 * waited)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        came = time.perf_counter()
        if data.startswith(b"ACK") or not data.strip():
            return
        message = Message(data)
        call = self._up.get(message.get("Call-ID"))
        if not data.startswith(b"SIP/2.0"):
            self.send(message.answer("200 OK", to=message.get("To")), addr)
            return
        if call is None:
            return
        call.heard = True
        status, cseq = int(message.first.split()[1]), message.get("CSeq")
        if cseq == "2 BYE":
            call.ended = True
        elif status >= 200:
            self._decided(call, message, status, came)

    def _decided(self, call: _Placed, message: Message, status: int, came: float) -> None:
        call.to = message.get("To")
        contact = message.get("Contact")
        call.target = contact.partition("<")[2].partition(">")[0] or f"sip:{self.server[0]}:{self.server[1]}"
        if not call.status:
            call.status, call.ms = status, 1000 * (came - call.sent)
        branch = f"a{call.number}" if status < 300 else f"i{call.number}"
        self.send(self._request(call, "ACK", 1, branch), self.server)

    def _request(self, call: _Placed, method: str, sequence: int, branch: str) -> bytes:
        n = int(call.number[1:])
        lines = [
            f"Via: SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{branch};rport",
            "Max-Forwards: 70",
            f"From: <sip:138{n:08}@{self.host}>;tag=t{n}",
            f"To: {call.to}",
            f"Call-ID: {call.identity}",
            f"CSeq: {sequence} {method}",
        ]
        return _written(f"{method} {call.target} SIP/2.0", lines)


async def load_main() -> None:
    trunk, far = Trunk(), FarEnd()
    await trunk.open()
    await far.open()
    _say({"trunk": trunk.port, "far": far.port})
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        if order["do"] == "set_up":
            trunk.server = tuple(order["server"])
            _say(await trunk.set_up(order["calls"], order["rate"]))
        else:
            far.ended = 0
            ended = await trunk.hang_up(order["rate"])
            _say({"ended": ended, "far_ended": far.ended})
    trunk.close()
    far.close()


def _say(what: dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(load_main())
