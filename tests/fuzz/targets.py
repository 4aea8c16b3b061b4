"""What octets of a stranger meet first, each as a target: octets in, nothing out, no exception but a broken promise.

A target reads the octets as its part of the server would, and holds what came of them to what that part promises: it
raises its own kind of error and no other, what it wrote can be read again and says the same, how a stream was cut makes
no difference. The corpus beside this file is of our own making; see `corpus.py`.
"""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from callcenterd.errors import LocalError
from callcenterd.media import sdp
from callcenterd.media.codecs import frames
from callcenterd.media.sdes import OurKeys
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events, uri
from callcenterd.sip.digest import Guard, prove, response_of
from callcenterd.sip.endpoint import Endpoint
from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import Challenge, Credentials, CSeq, NameAddr, Via, parse_params, split
from callcenterd.sip.message import (
    MAX_HEAD,
    MAX_LINES,
    MAX_OCTETS,
    Message,
    Request,
    Response,
    StreamParser,
    encode,
    parse,
    reply_to,
)
from callcenterd.sip.syntax import MalformedMessage

LONGEST_INPUT = 65536
"""Octets. No message and no description is read beyond that."""

MOST_SECONDS = 0.020
"""CPU of one input, whatever it holds: one tick of the audio."""

_TYPED = (
    "via", "vias", "from_", "to", "call_id", "cseq", "contacts", "contact_is_star", "routes", "record_routes",
    "asserted", "expires", "min_expires", "max_forwards", "content_type", "require", "supported", "allow",
    "authorizations", "challenges",
)  # fmt: skip

_REFUSED = contextlib.suppress(MalformedMessage)


def message(octets: bytes) -> None:
    """One datagram: read, every header asked for, written, read again."""
    try:
        read = parse(octets)
    except MalformedMessage as fault:
        if fault.request is not None:
            encode(reply_to(fault.request, fault.status, to_tag="ours"))
        return
    for name in _TYPED:
        with _REFUSED:
            getattr(read, name)
    written = encode(read)
    if len(written) - len(read.body) <= MAX_HEAD and len(read.headers) < MAX_LINES and len(written) <= MAX_OCTETS:
        assert _said(parse(written)) == _said(read)  # else it has grown too long by a Content-Length
    if isinstance(read, Request):
        read.stamp_source("192.0.2.1", 5060)
        encode(reply_to(read, 200, to_tag="ours"))
        assert read.via.params.has("received") or read.via.host == "192.0.2.1"


def stream(octets: bytes) -> None:
    """A connection: the first octets say where it is cut, the rest comes in those pieces and once whole."""
    cuts, sent = octets[:4], octets[4:]
    whole, pieces = StreamParser(), StreamParser()
    at_once = [_item(one) for one in whole.feed(sent)]
    in_pieces: list[object] = []
    start = 0
    for piece in (*cuts, len(sent)):
        in_pieces += [_item(one) for one in pieces.feed(sent[start : start + piece])]
        start += piece
    # A run of pings is one question; cut in two it is two.
    assert [kind for kind, _ in itertools.groupby(at_once)] == [kind for kind, _ in itertools.groupby(in_pieces)]
    assert (whole.broken, whole.waiting) == (pieces.broken, pieces.waiting)


def address(octets: bytes) -> None:
    """Addresses, lists, parameters, Via and CSeq: what is read is written back so that it reads the same."""
    text = octets[:MAX_HEAD].decode(errors="surrogateescape")
    with _REFUSED:
        found = uri.parse(text)
        assert uri.parse(str(found)) == found
        assert found.same_as(found)
        _ = found.user
    for kind in (Via, NameAddr, CSeq):
        with _REFUSED:
            value: Any = kind.parse(text)
            assert kind.parse(str(value)) == value
    with _REFUSED:
        assert ",".join(split(text, "list")).count('"') <= text.count('"')
    with _REFUSED:
        params = parse_params(text, "parameters")
        assert parse_params(str(params), "parameters") == params
    if text.isprintable():  # what is no UTF-8 stays escaped
        assert uri.unescaped(uri.escaped(text)) == text


def description(octets: bytes) -> None:
    """A session description: read, answered; our answer can be read and has as many sections."""
    terms = sdp.Terms(
        ("PCMA", "PCMU", "G722", "opus"), taken=("G729",), sealing="answered", keys=OurKeys(random.Random(len(octets)))
    )
    try:
        offered = sdp.parse(octets)
    except sdp.MalformedSdp:
        return
    with contextlib.suppress(sdp.NoCommonCodec):
        sdp.agree(terms, offered)
    try:
        written, agreed = sdp.answer(offered, "192.0.2.1", 30000, terms, session_id=1)
    except sdp.NoCommonCodec:
        return
    answer = sdp.parse(written)
    assert len(answer.media) == len(offered.media)
    assert answer.audio is not None
    assert agreed.remote[1] > 0
    assert agreed.audio.codec != "G729"
    assert agreed.audio.ptime in range(10, 61, 10)


_NAME, _PASSWORD, _REALM = "1001", Secret("geheim"), "callcenter.local"


def digest(octets: bytes) -> None:
    """A proof and a challenge. Nobody is proven who does not know the password; a challenge is proved or refused."""
    text = octets[:MAX_HEAD].translate(None, b"\r\n").decode(errors="surrogateescape")  # a header has one line
    chance = random.Random(1)
    guard = Guard(_REALM, chance)
    # A nonce of ours lets what came get as far as the password.
    nonce = Challenge.parse(guard.challenges(1.0)[0]).get("nonce") or ""
    with _REFUSED:
        proof = Credentials.parse(text.replace("NONCE", nonce))
        _ = guard.named([proof]), guard.answers([proof])
        judged = guard.judge([proof], "INVITE", "sip:9@callcenter.local", _password_of, 2.0)
        if judged.verdict.name == "PROVEN":
            assert (proof.get("response") or "").lower() == response_of(proof, _NAME, _PASSWORD, "INVITE")
    with _REFUSED:
        challenge = Challenge.parse(text)
        answered = prove(
            [challenge], username=_NAME, password=_PASSWORD, method="INVITE", uri="sip:9@callcenter.local",
            chance=chance,
        )  # fmt: skip
        if answered is not None:
            assert Credentials.parse(str(answered)) == answered
            encode(_request_with("Authorization", str(answered)))


def sound(octets: bytes) -> None:
    """Packets of G.722, Opus and G.729, each with an octet before it that says which and one that says how long it is.

    Each is answered with whole 10 ms, at most 120, and so is a gap before it.
    """
    decoders = {codec: frames.decoder(codec) for codec in frames.CODED}
    for _ in range(8):
        if len(octets) < 2:
            break
        decoder = decoders[frames.CODED[octets[0] % len(frames.CODED)]]
        length = octets[1] * (1 + octets[0] // len(frames.CODED) % 8)  # up to 2,040
        payload, octets = octets[2 : 2 + length], octets[2 + length :]
        assert decoder.conceal(payload).shape == (160,)
        heard = decoder.decode(payload)
        assert len(heard) in range(80, 961, 80)
        assert heard.dtype == np.int16
    for decoder in decoders.values():
        decoder.close()


def room(octets: bytes) -> None:
    """A whole server: datagrams of a stranger, of a trunk and of a phone's address, parted by a line of their own.

    Nothing escapes, nothing is sent to anybody who did not ask, and the next one who asks is answered. A repeated
    branch is answered where it came from first (RFC 3261 §17.2.3).
    """
    server = _server()
    now = 1.0
    asked: set[str] = set()
    for number, datagram in enumerate(octets.split(b"\n~~\n")[:8]):
        source = _SOURCES[number % len(_SOURCES)]
        now += 0.1
        asked.add(source)
        server.endpoint.receive(datagram, Flow("UDP", (source, 5060), _HERE), now)
        assert {parcel.flow.remote[0] for parcel in server.endpoint.parcels()} <= asked
        server.endpoint.tell_events()
        for dialog in server.arrived:
            server.endpoint.ring(dialog, now=now)
            server.endpoint.accept(dialog, _ANSWER, now=now)
        server.arrived.clear()
        server.endpoint.parcels()
    server.endpoint.advance(now + 40.0)
    server.endpoint.parcels()
    server.endpoint.receive(_CANARY, Flow("UDP", ("10.9.9.9", 5060), _HERE), now + 40.0)
    assert [parcel.octets[:11] for parcel in server.endpoint.parcels()] == [b"SIP/2.0 200"]


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "message": message,
    "stream": stream,
    "address": address,
    "description": description,
    "digest": digest,
    "room": room,
    "sound": sound,
}


# ---- within ------------------------------------------------------------------------------------------------

_HERE = ("10.0.0.1", 5060)
_TRUNK, _PHONE, _STRANGER = "10.0.0.2", "10.0.0.3", "10.0.0.66"
_SOURCES = (_TRUNK, _PHONE, _STRANGER)
_ANSWER = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n"
_CANARY = (
    b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKcanary\r\nFrom: <sip:c@x>;tag=c\r\n"
    b"To: <sip:x>\r\nCall-ID: canary\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


class _Server:
    """An endpoint with a trunk, a registering phone and a device at a fixed address, and the calls that arrived."""

    def __init__(self) -> None:
        self.arrived: list[events.DialogId] = []
        self.endpoint = Endpoint(domain=_REALM, chance=random.Random(1), tell=self._hear, facing=lambda _: _HERE[0])
        self.endpoint.listening([("UDP", _HERE)])
        self.endpoint.configure(
            Site(
                trunks=(Trunk(name=TrunkName("out"), host=_TRUNK),),
                extensions=(
                    Extension(number=ExtensionNumber(_NAME), password=_PASSWORD),
                    Extension(number=ExtensionNumber("1002"), password=_PASSWORD, contact=f"sip:1002@{_PHONE}"),
                ),
            ),
            0.0,
        )
        self.endpoint.parcels()
        self.endpoint.tell_events()

    def _hear(self, event: events.SipEvent) -> None:
        if isinstance(event, events.IncomingCall):
            self.arrived.append(event.dialog)
        elif isinstance(event, events.Reoffered):
            with contextlib.suppress(LocalError):
                self.endpoint.accept_offer(event.dialog, _ANSWER, now=1.0)


def _server() -> _Server:
    return _Server()


def _password_of(name: str) -> Secret | None:
    return _PASSWORD if name == _NAME else None


def _request_with(name: str, value: str) -> Request:
    made = Request("INVITE", "sip:9@callcenter.local")
    made.headers.add(name, value)
    return made


def _said(read: Message) -> tuple[object, ...]:
    """All that a message says. An empty reason may have become the usual one."""
    start = (read.method, read.uri) if isinstance(read, Request) else (read.status,)
    return (*start, [line for line in read.headers if line[0].lower() not in ("content-length", "l")], read.body)


def _item(one: object) -> object:
    """An item off a stream, so that two can be compared."""
    if isinstance(one, MalformedMessage):
        return one.part, one.status, str(one)
    return _said(one) if isinstance(one, Request | Response) else type(one)
