"""sip.parse: what reading and writing one INVITE costs; sip.transactions: what a request and its answers cost.

Every message is another one (branch, tags, call, numbers): no address is still kept from the last time. CPU of this
process, the best of many short rounds, since everything else on the machine can only add to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from callcenterd.sip.matching import AnyServer, Transactions
from callcenterd.sip.message import Request, encode, parse, reply_to
from callcenterd.sip.transaction import InviteServerTransaction, NonInviteServerTransaction

_SDP = """v=0
o=- 3984231 3984231 IN IP4 192.0.2.9
s=-
c=IN IP4 192.0.2.9
t=0 0
m=audio 30000 RTP/AVP 8 0 18 101
a=rtpmap:8 PCMA/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:18 G729/8000
a=fmtp:18 annexb=no
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
a=sendrecv
""".replace("\n", "\r\n")

_INVITE = """INVITE sip:02088886666@198.51.100.7:5060;user=phone SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bKPj{n:08x}-7e5c-4a1b-b5f3
Via: SIP/2.0/UDP 192.0.2.9:5060;received=192.0.2.9;branch=z9hG4bK{n:08x}
Record-Route: <sip:192.0.2.1;lr;did=a{n:x}>
Max-Forwards: 69
From: "Zhang San" <sip:1380013{n:06d}@192.0.2.9>;tag=as{n:08x}
To: <sip:02088886666@198.51.100.7>
Contact: <sip:1380013{n:06d}@192.0.2.9:5060;transport=udp>
Call-ID: 5b2f{n:08x}-6fd1-4f0a-9c3d-2b7a@192.0.2.9
CSeq: {n} INVITE
User-Agent: Gateway 5.2.1 (build 8812)
Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE, PRACK, MESSAGE
Accept: application/sdp, application/dtmf-relay
Supported: replaces, timer, path, histinfo
Session-Expires: 1800;refresher=uac
Min-SE: 90
P-Asserted-Identity: "Zhang San" <sip:+861380013{n:06d}@192.0.2.9;user=phone>
Privacy: none
P-Charging-Vector: icid-value={n:08x};icid-generated-at=192.0.2.9
Date: Thu, 06 Aug 2026 08:00:00 GMT
Content-Disposition: session;handling=required
Content-Type: application/sdp
Content-Length: {length}

{sdp}"""


def run_parse(messages: int = 100, rounds: int = 400) -> dict[str, Any]:
    """Read an INVITE, every header that a call needs, and write it. messages: of one round."""
    octets = [_written(n) for n in range(messages * rounds)]
    whole = _best_of(_read_and_write, octets, messages)
    parsed = _best_of(parse, octets, messages)
    return {
        "us_per_message": round(1e6 * whole / messages, 1),
        "us_parse_only": round(1e6 * parsed / messages, 1),
        "messages_per_second": round(messages / whole),
        "octets_per_message": len(octets[0]),
    }


def run_transactions(calls: int = 3000, rounds: int = 5) -> dict[str, Any]:
    """An INVITE, its repetition, 100, 180, 200; then BYE and 200; all of them alive at once, then all timers."""
    requests = [parse(_written(n)) for n in range(calls)]
    cost = _best(lambda: _carry([request for request in requests if isinstance(request, Request)]), rounds)
    return {"us_per_call": round(1e6 * cost / calls, 1), "alive": 2 * calls}


BENCHES: Mapping[str, Callable[..., dict[str, Any]]] = {"sip.parse": run_parse, "sip.transactions": run_transactions}


def _written(n: int) -> bytes:
    text = _INVITE.replace("\n", "\r\n")
    return text.format(n=n, sdp=_SDP, length=len(_SDP)).encode()


def _best_of(work: Callable[[bytes], object], octets: list[bytes], messages: int) -> float:
    """CPU seconds of the quickest round of so many messages; each round has its own."""
    costs = []
    for start in range(0, len(octets), messages):
        some = octets[start : start + messages]
        started = time.process_time()
        for message in some:
            work(message)
        costs.append(time.process_time() - started)
    return min(costs)


def _read_and_write(octets: bytes) -> bytes:
    message = parse(octets)
    _ = message.via, message.from_, message.to, message.call_id, message.cseq, message.contacts
    _ = message.record_routes, message.asserted, message.max_forwards, message.content_type, message.supported
    return encode(message)


def _carry(requests: list[Request]) -> None:
    table = Transactions()
    for n, invite in enumerate(requests):
        now = n / 1000
        called = table.receive(invite, now).transaction
        assert isinstance(called, InviteServerTransaction)
        _answer(table, called, now, 100, 180, 200)
        table.receive(invite, now)
        bye = Request("BYE", invite.uri, invite.headers.copy())
        bye.headers.set("CSeq", f"{n + 1} BYE")
        bye.headers.replace_first("Via", f"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK-bye-{n}")
        ended = table.receive(bye, now).transaction
        assert isinstance(ended, NonInviteServerTransaction)
        _answer(table, ended, now, 200)
        table.advance(now)
    while (due := table.deadline()) is not None:
        table.advance(due)
    assert len(table) == 0


def _answer(table: Transactions, transaction: AnyServer, now: float, *statuses: int) -> None:
    for status in statuses:
        table.respond(transaction, reply_to(transaction.request, status, to_tag="us"), now)


def _best(work: Callable[[], object], rounds: int) -> float:
    """CPU seconds of the quickest round."""
    costs = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        costs.append(time.process_time() - started)
    return min(costs)
