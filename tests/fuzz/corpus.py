"""The corpus of the targets: a file an input, in a folder a target, of our own making; and what an input costs.

`python -m tests.fuzz.corpus` writes the seeds below anew. What a run of the fuzzer found and was mended stays beside
them under a name of its own and is replayed for ever.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

CORPUS = Path(__file__).resolve().parent / "corpus"


def inputs(target: str) -> Iterator[Path]:
    yield from sorted((CORPUS / target).iterdir())


def cost(target: Callable[[bytes], None], octets: bytes, *, tries: int = 10, enough: float = 0.005) -> float:
    """CPU seconds of this thread for one input: the least of some tries, since all else only adds to it."""
    least = float("inf")
    for _ in range(tries):
        begun = time.thread_time()
        target(octets)
        least = min(least, time.thread_time() - begun)
        if least < enough:
            break
    return least


_HEAD = (
    "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bK{n};rport\r\nMax-Forwards: 70\r\n"
    'From: "张三" <sip:1001@callcenter.local>;tag=t{n}\r\nTo: <sip:9@callcenter.local>{to}\r\nCall-ID: c{n}\r\n'
)
_SDP = (
    "v=0\r\no=- 3 3 IN IP4 10.0.0.2\r\ns=-\r\nc=IN IP4 10.0.0.2\r\nb=AS:80\r\nt=0 0\r\na=sendrecv\r\n"
    "m=audio 4000 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
    "a=fmtp:101 0-16\r\na=ptime:20\r\na=mid:1\r\n"
)
_PROOF = (
    'Digest username="1001", realm="callcenter.local", nonce="NONCE", uri="sip:9@callcenter.local", '
    'response="0123456789abcdef0123456789abcdef", algorithm=MD5, qop=auth, nc=00000001, cnonce="abc", opaque="x\\"y"'
)


def _asked(
    method: str, *lines: str, body: str = "", n: int = 1, uri: str = "sip:9@callcenter.local", to: str = ""
) -> str:
    written = "".join(f"{line}\r\n" for line in lines)
    kind = "Content-Type: application/sdp\r\n" if body else ""
    head = _HEAD.format(n=n, to=to)
    return (
        f"{method} {uri} SIP/2.0\r\n{head}CSeq: {n} {method}\r\n{written}{kind}"
        f"Content-Length: {len(body.encode())}\r\n\r\n{body}"
    )


def _answered(status: str, method: str, *lines: str, body: str = "") -> str:
    written = "".join(f"{line}\r\n" for line in lines)
    head = _HEAD.format(n=1, to=";tag=theirs")
    return f"SIP/2.0 {status}\r\n{head}CSeq: 1 {method}\r\n{written}Content-Length: {len(body)}\r\n\r\n{body}"


_INVITE = _asked(
    "INVITE",
    'Contact: <sip:1001@10.0.0.2:5060;transport=udp;ob>;+sip.instance="<urn:uuid:0-1>"',
    "Record-Route: <sip:10.0.0.9;lr>, <sip:10.0.0.8;lr>",
    "P-Asserted-Identity: <sip:13800001111@10.0.0.2>, <tel:+8613800001111>",
    "Supported: 100rel, timer, replaces",
    "Session-Expires: 1800;refresher=uac",
    body=_SDP,
)
_MESSAGES = [
    _INVITE,
    _asked("INVITE", "Contact: <sip:a@10.0.0.2>", "Privacy: id", "Diversion: <sip:1@x>;reason=no-answer", n=2),
    _asked("REGISTER", "Contact: <sip:1001@10.0.0.3>;expires=60, <sip:1001@10.0.0.3:5062>;q=0.5", "Expires: 300"),
    _asked("REGISTER", "Contact: *", "Expires: 0", f"Authorization: {_PROOF}"),
    _asked("OPTIONS", "Accept: application/sdp, */*", "Require: nothing", "Proxy-Require: nothing"),
    _asked("CANCEL", "Reason: SIP;cause=200;text=\"Call completed elsewhere\""),
    _asked("ACK", to=";tag=ours"),
    _asked("BYE", "Reason: Q.850;cause=16", to=";tag=ours", n=3),
    _asked("INFO", "Content-Type: application/dtmf-relay", "X: y", to=";tag=ours", n=4),
    _asked("UPDATE", "Session-Expires: 90;refresher=uas", to=";tag=ours", n=5, body=_SDP),
    _asked("PRACK", "RAck: 1 1 INVITE", to=";tag=ours", n=6),
    _asked("REFER", "Refer-To: <sip:2@x?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", "Referred-By: <sip:1@x>", n=7),
    _asked("SUBSCRIBE", "Event: dialog;id=1", "Accept: application/dialog-info+xml", "Expires: 600", n=8),
    _asked("NOTIFY", "Event: refer", "Subscription-State: terminated;reason=noresource", n=9),
    _asked("MESSAGE", "Content-Type: text/plain", n=10),
    _answered("200 OK", "INVITE", "Contact: <sip:9@10.0.0.2>", "Content-Type: application/sdp", body=_SDP),
    _answered("183 正在呼叫", "INVITE", "RSeq: 1", "Require: 100rel"),
    _answered("401 ", "REGISTER", 'WWW-Authenticate: Digest realm="x, y", nonce="n", qop="auth,auth-int", stale=true'),
    _answered("302 Moved", "INVITE", "Contact: <sip:a@b>;q=0.7, <tel:+1>;q=0.1"),
    # What reads in two ways, and what is written as nobody writes it any more.
    "INVITE sip:a@b SIP/2.0\r\nv: SIP / 2.0 / UDP h;branch = z9hG4bKx,SIP/2.0/TCP [2001:db8::1]:5060;received=1.2.3.4"
    "\r\nf:\"a\\\"<\" <sip:a%41@b;x=y?h=v>;tag=1\r\nt  : sip:c@d;tag=2\r\ni:1\r\nCSeq:\r\n 1\r\n INVITE\r\nl:0\r\n\r\n",
    "OPTIONS sip:a SIP/2.0\nVia: SIP/2.0/UDP a\n\n",
    "BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello",
]  # fmt: skip


_SOUNDS = [  # which codec, how long, the packet; see the target
    b"\x00\xa0" + bytes(range(160)) + b"\x03\xf0" + bytes([0xFA, 0x36] * 240),  # G.722: 20 ms, 60 ms
    b"\x00\xa1" + bytes(161) + b"\x00\x00" + b"\x15\xff" + bytes(2040),
    # Opus: one frame of each mode, several of code 3 with and without padding, 120 ms, none, and what claims 180 ms.
    b"\x01\x10\x08" + bytes(range(15)) + b"\x01\x20\x78" + bytes(range(31)) + b"\x01\x14\xfc" + bytes(range(100, 119)),
    b"\x01\x08\x0b\x82\x02" + bytes(5) + b"\x01\x09\x0b\xc3\x02\x01\x01" + bytes(4) + b"\x01\x20\x1b\x02" + bytes(30),
    b"\x01\x01\x08" + b"\x01\x02\x0b\x00" + b"\x01\x20\x1b\x03" + bytes(30) + b"\x16\xff" + b"\xff" * 2040,
    # G.729: 20 ms, a description of noise, both, 120 ms; no length, lost, all ones.
    b"\x02\x14" + bytes(range(1, 21)) + b"\x02\x02\x80\x00" + b"\x02\x0c" + bytes(12) + b"\x02\x78" + bytes(range(120)),
    b"\x02\x0b" + bytes(11) + b"\x02\x14" + bytes(20) + b"\x02\x14" + b"\xff" * 20,
]  # fmt: skip


def seeds() -> Mapping[str, list[bytes]]:
    """By target. Each is one input."""
    messages = [text.encode() for text in _MESSAGES]
    return {
        "message": messages,
        "stream": [
            b"\x10\x20\x30\x40" + b"".join(messages[:3]),
            b"\x01\x01\x01\x01\r\n\r\n" + messages[4] + b"\r\n\r\n",
            b"\xff\xff\xff\xff" + messages[0].replace(b"Content-Length: ", b"Content-Length: 9"),
            b"\x02\x00\x00\x02" + messages[-2] + messages[4],
        ],
        "address": [
            text.encode()
            for text in (
                "sip:alice:secret@example.com:5060;transport=tcp;lr?Subject=x&Priority=urgent",
                "sips:+1;a=b@[::1]:9",
                "tel:+86-10-8888.6666;ext=1;phone-context=+86",
                '"A \\" B" <sip:a%00%2fb@c.d;p=q>;tag=x;y="z,;"',
                "Name <sip:a@b>;expires=60;q=0.5, <tel:911>",
                "SIP/2.0/WSS host.invalid:65535;branch=z9hG4bK1;rport",
                "SIP / 2.0 / UDP [fe80::1] ; ttl=1;maddr=224.0.0.1",
                "2147483647 INVITE",
                ';a;b=c;d="e\\\\f"',
                "urn:service:sos",
                "isbn:2983792873",
                'a,b,"c,d",<e,f>,,',
            )
        ],
        "description": [
            text.encode()
            for text in (
                _SDP,
                _SDP.replace("RTP/AVP", "RTP/SAVPF") + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=inactive\r\n",
                "v=0\no=- 1 1 IN IP6 ::1\ns=-\nt=0 0\nm=audio 0 RTP/AVP 0\nm=audio 9/2 RTP/AVP 0 8\nc=IN IP4 0.0.0.0\n",
                "v=0\r\ns=\r\nc=IN IP4 224.2.1.1/127\r\nm=image 5000 udptl t38\r\nm=audio 65535 RTP/AVPF 111 9\r\n"
                "a=rtpmap:111 opus/48000/2\r\na=rtpmap:9 G722/8000\r\na=sendonly\r\n",
            )
        ],
        "digest": [
            _PROOF.encode(),
            _PROOF.replace("MD5", "SHA-256").encode(),
            b'Digest realm="callcenter.local", nonce="n", qop="auth,x", algorithm=SHA-256, opaque="", stale=true',
            b'Digest realm="a",nonce="b",algorithm=MD5-sess',
            b"Basic YWxhZGRpbjpvcGVu",
        ],
        "room": ["\n~~\n".join(_MESSAGES[start : start + 3]).encode() for start in range(0, len(_MESSAGES), 3)]
        + ["\n~~\n".join([_INVITE, _MESSAGES[3], _INVITE, _MESSAGES[5], _MESSAGES[6], _MESSAGES[7]]).encode()],
        "sound": _SOUNDS,
    }


def write() -> int:
    """Write the seeds that are not there. Answers how many there are."""
    count = 0
    for target, some in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for octets in some:
            (folder / f"seed-{hashlib.sha256(octets).hexdigest()[:12]}").write_bytes(octets)
            count += 1
    return count


if __name__ == "__main__":
    print(write())
