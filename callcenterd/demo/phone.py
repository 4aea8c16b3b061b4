"""A scripted SIP phone, also a scripted trunk: for the demo and for tests, on one UDP socket.

It is written a second time, plainly, and shares nothing with `callcenterd.sip`: a mistake of the stack must not
meet itself. It does what a good phone does (RFC 3261 without forking): registers by digest, calls, answers, rings,
refuses, cancels, hangs up, holds, transfers, repeats requests and 2xx until they are answered. Times are the loop's.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callcenterd.demo.sound import Talk
from callcenterd.errors import LocalError

T1 = 0.5
_ANSWER_SECONDS = 32.0
_MEDIA = re.compile(r"^m=audio (\d+) RTP/AVP ([\d ]+)", re.M)
_ADDRESS = re.compile(r"^c=IN IP4 (\S+)", re.M)
_EVENTS = re.compile(r"^a=rtpmap:(\d+) telephone-event/8000", re.M)
_NAMES = {8: "PCMA", 0: "PCMU"}
_NUMBERS = {"PCMA": 8, "PCMU": 0}


class NoAnswer(LocalError):
    """A request of the phone was not answered."""


class Refusal(LocalError):
    """A request of the phone was refused. status: the answer's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status


@dataclass
class Said:
    """One SIP message, as lines. first: the start line. headers: in their order, names in lower case."""

    first: str
    headers: list[tuple[str, str]]
    body: str = ""

    @classmethod
    def read(cls, octets: bytes) -> Said:
        head, _, body = octets.decode("utf-8", "replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(first, [(name.strip().lower(), value.strip()) for name, _, value in pairs], body)

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.headers if known == name]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        """0: a request."""
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.get("cseq").split()[-1] if self.status else self.first.split()[0]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    def octets(self) -> bytes:
        body = self.body.encode()
        kept = [pair for pair in self.headers if pair[0] != "content-length"]
        lines = [self.first, *(f"{name.title()}: {value}" for name, value in kept), f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def user_of(header: str) -> str:
    """The user part of the address in a From, To or request line."""
    found = re.search(r"sips?:([^@;>\s]+)@", header)
    return found.group(1) if found else ""


def tag_of(header: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", header)
    return found.group(1) if found else ""


def uri_of(header: str) -> str:
    found = re.search(r"<([^>]+)>", header)
    return found.group(1) if found else header.partition(";")[0].strip()


@dataclass(eq=False)
class PhoneCall:
    """One call of the phone. ringing, answered and ended are done when that has happened.

    status: the last final answer to our INVITE. said: every message of the dialog that came, for tests.
    news: how far a transfer has come, each status as it was told.
    """

    phone: Phone
    identity: str
    ours: str
    theirs: str
    target: str
    talk: Talk
    outgoing: bool
    invite: Said
    routes: list[str] = field(default_factory=list)
    status: int = 0
    reason: str = ""
    said: list[Said] = field(default_factory=list)
    cseq: int = 1
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    version: int = 1
    news: asyncio.Queue[int] = field(default_factory=asyncio.Queue)
    provisional: asyncio.Event = field(default_factory=asyncio.Event)
    invite_branch: str = ""
    repeating: asyncio.Task[None] | None = None
    task: asyncio.Task[None] | None = None

    @property
    def number(self) -> str:
        """Who is at the other end."""
        return user_of(self.theirs)

    @property
    def name(self) -> str:
        """The name shown with the number."""
        found = re.match(r'\s*"((?:[^"\\]|\\.)*)"', self.theirs)
        return re.sub(r"\\(.)", r"\1", found.group(1)) if found else ""

    def ring(self) -> None:
        self.phone.reply(self.invite, 180, "Ringing", self)

    def answer(self) -> None:
        """Pick up. The 200 is repeated until the ACK comes."""
        self._hear(self.invite)
        self.answered.set()
        self.repeating = self.phone.own(self._repeat_answer())

    async def _repeat_answer(self) -> None:
        for wait in _waits():
            self.phone.reply(self.invite, 200, "OK", self, self.description())
            await asyncio.sleep(wait)
        self.end("no ACK")

    def refuse(self, status: int = 486, reason: str = "Busy Here") -> None:
        self.phone.reply(self.invite, status, reason, self)
        self.end("refused")

    async def hang_up(self) -> None:
        """BYE, CANCEL or a refusal, whatever the state asks for. Returns when the other side has agreed."""
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self.end("hung up")
            await self.request("BYE")
        elif self.outgoing:
            await self.phone.cancel(self)
        else:
            self.refuse(603, "Decline")

    async def hold(self, direction: str = "sendonly") -> Said:
        """A re-INVITE with this direction; "sendrecv" takes the call back."""
        self.version += 1
        answer = await self.request("INVITE", self.description(direction))
        self.phone.acknowledge(self, answer)
        return answer

    async def transfer(self, number: str, consult: PhoneCall | None = None) -> None:
        """REFER (RFC 3515): blind to a number, or attended to whom the phone speaks with in `consult` (RFC 3891).
        Returns when it is taken on; what comes of it is put into `news`. Raises Refusal, NoAnswer."""
        target = f"sip:{number}@{self.phone.server[0]}"
        if consult is not None:
            replaces = f"{consult.identity};to-tag={tag_of(consult.theirs)};from-tag={tag_of(consult.ours)}"
            target += "?Replaces=" + replaces.replace(";", "%3B").replace("=", "%3D").replace("@", "%40")
        headers = [("refer-to", f"<{target}>"), ("referred-by", f"<sip:{self.phone.number}@{self.phone.server[0]}>")]
        await self.request("REFER", headers=headers)

    async def request(self, method: str, body: str = "", headers: Sequence[tuple[str, str]] = ()) -> Said:
        """A request in the dialog. Raises NoAnswer or Refusal."""
        self.cseq += 1
        kind = [("content-type", "application/sdp")] if body and not headers else list(headers)
        return await self.phone.ask(self.phone.in_dialog(self, method, self.cseq, kind, body))

    def description(self, direction: str = "sendrecv") -> str:
        codecs = [_NAMES[self.talk.payload_type]] if not self.outgoing else list(self.phone.codecs)
        numbers = " ".join(str(_NUMBERS[codec]) for codec in codecs)
        lines = [
            "v=0",
            f"o=phone {self.talk.port} {self.version} IN IP4 {self.phone.host}",
            "s=-",
            f"c=IN IP4 {self.phone.host}",
            "t=0 0",
            f"m=audio {self.talk.port} RTP/AVP {numbers} 101",
            *(f"a=rtpmap:{_NUMBERS[codec]} {codec}/8000" for codec in codecs),
            "a=rtpmap:101 telephone-event/8000",
            f"a={direction}",
        ]
        return "".join(line + "\r\n" for line in lines)

    def hear(self, message: Said) -> None:
        self._hear(message)

    def _hear(self, message: Said) -> None:
        media, address = _MEDIA.search(message.body), _ADDRESS.search(message.body)
        if media is None or address is None:
            return
        known = [_NAMES[int(number)] for number in media.group(2).split() if int(number) in _NAMES]
        common = [codec for codec in known if codec in self.phone.codecs]
        events = _EVENTS.search(message.body)
        if common and address.group(1) != "0.0.0.0":  # noqa: S104  # compared, not bound to
            event = int(events.group(1)) if events else None
            self.talk.start((address.group(1), int(media.group(1))), common[0], event)

    def end(self, why: str) -> None:
        if not self.ended.is_set():
            self.reason = self.reason or why
            self.ended.set()
            self.talk.close()
            if self.repeating is not None:
                self.repeating.cancel()


class Phone(asyncio.DatagramProtocol):
    """number: its extension, or a trunk's name. server: where requests go. password: for digest, where asked."""

    def __init__(
        self,
        host: str,
        server: tuple[str, int],
        number: str,
        *,
        port: int = 0,
        password: str = "",
        codecs: Sequence[str] = ("PCMA", "PCMU"),
        chance: random.Random | None = None,
    ) -> None:
        self.host, self.server, self.number = host, server, number
        self.port = port
        self.codecs = tuple(codecs)
        self.incoming: asyncio.Queue[PhoneCall] = asyncio.Queue()
        self.calls: dict[str, PhoneCall] = {}
        self.others: list[Said] = []
        """Requests outside of calls that came: OPTIONS, REGISTER (a trunk's view)."""
        self._password = password
        self._chance = chance or random.Random()
        self._answers: dict[tuple[str, str], asyncio.Queue[Said]] = {}
        self._replies: dict[tuple[str, str], bytes] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._register_id = self._token()
        self._register_cseq = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.host, self.port))
        self.port = int(self._transport.get_extra_info("sockname")[1])

    async def close(self) -> None:
        for call in list(self.calls.values()):
            call.end("phone closed")
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()

    async def __aenter__(self) -> Phone:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ---- what a person does with it ---------------------------------------------------------------------

    async def register(self, expires: int = 3600) -> Said:
        """Raises Refusal, NoAnswer."""
        headers = [("contact", f"<sip:{self.number}@{self.host}:{self.port}>"), ("expires", str(expires))]
        for _ in range(2):
            self._register_cseq += 1
            me = f"<sip:{self.number}@{self.server[0]}>"
            request = self._request(
                "REGISTER", f"sip:{self.server[0]}", f"{me};tag={self._register_id[:8]}", me,
                self._register_id, self._register_cseq, headers,
            )  # fmt: skip
            try:
                return await self.ask(request)
            except Refusal as refusal:
                if refusal.status != 401 or headers[-1][0] == "authorization":
                    raise
                challenge = refusal.__cause__
                assert isinstance(challenge, _Answered)
                uri = f"sip:{self.server[0]}"
                headers.append(("authorization", self._proof(challenge.said.get("www-authenticate"), "REGISTER", uri)))
        raise AssertionError("a second challenge raises")

    async def subscribe(self, event: str, number: str, expires: int = 600) -> Said:
        """A lamp for that number; its NOTIFYs come into `others`. Raises Refusal, NoAnswer."""
        target, identity, tag = f"sip:{number}@{self.server[0]}", self._token(), self._token()[:10]
        headers = [("event", event), ("expires", str(expires)), ("contact", self._contact())]
        for cseq in (1, 2):
            me = f"<sip:{self.number}@{self.server[0]}>;tag={tag}"
            request = self._request("SUBSCRIBE", target, me, f"<{target}>", identity, cseq, headers)
            try:
                return await self.ask(request)
            except Refusal as refusal:
                if refusal.status != 401 or headers[-1][0] == "authorization":
                    raise
                challenge = refusal.__cause__
                assert isinstance(challenge, _Answered)
                proof = self._proof(challenge.said.get("www-authenticate"), "SUBSCRIBE", target)
                headers.append(("authorization", proof))
        raise AssertionError("a second challenge raises")

    async def dial(
        self, number: str, *, caller: str | None = None, name: str = "", headers: Sequence[tuple[str, str]] = ()
    ) -> PhoneCall:
        """Call a number; the call is on its way when this returns. caller: whom we show, for a trunk."""
        talk = Talk(self.codecs[0], self._chance)
        await talk.open(self.host)
        shown = f'"{name}" ' if name else ""
        ours = f"{shown}<sip:{caller or self.number}@{self.host}>;tag={self._token()[:10]}"
        target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        identity = self._token()
        call = PhoneCall(self, identity, ours, f"<{target}>", target, talk, outgoing=True, invite=Said("", []))
        call.invite = self._request(
            "INVITE", target, ours, call.theirs, identity, 1,
            [("contact", self._contact()), ("content-type", "application/sdp"), *headers], call.description(),
        )  # fmt: skip
        self.calls[identity] = call
        call.task = self.own(self._invite(call))
        return call

    async def cancel(self, call: PhoneCall) -> None:
        """The INVITE is taken back; returns when its end has come."""
        await asyncio.wait_for(call.provisional.wait(), _ANSWER_SECONDS)  # RFC 3261 §9.1: not before it
        if call.ended.is_set():
            return
        cancel = self._request(
            "CANCEL", call.target, call.ours, f"<{call.target}>", call.identity, call.invite.cseq, []
        )
        cancel.headers[0] = ("via", call.invite.get("via"))
        await self.ask(cancel)
        over = [self.own(call.ended.wait()), self.own(call.answered.wait())]
        await asyncio.wait(over, timeout=_ANSWER_SECONDS, return_when="FIRST_COMPLETED")
        for waiting in over:
            waiting.cancel()
        if call.answered.is_set():  # their 200 crossed our CANCEL (RFC 3261 §15)
            await call.hang_up()
        elif not call.ended.is_set():
            raise NoAnswer("the INVITE that was cancelled has no end")

    # ---- calling ----------------------------------------------------------------------------------------

    async def _invite(self, call: PhoneCall) -> None:
        """From INVITE to its final answer, with one answer to a challenge."""
        proved = False
        while True:
            answer = await self._final(call)
            if answer is None:
                call.end("no answer")
                return
            if answer.status in (401, 407) and self._password and not proved:
                proved = True
                which, mine = (
                    ("www-authenticate", "authorization")
                    if answer.status == 401
                    else ("proxy-authenticate", "proxy-authorization")
                )
                proof = self._proof(answer.get(which), "INVITE", call.target)
                call.cseq += 1
                call.invite = self._request(
                    "INVITE", call.target, call.ours, f"<{call.target}>", call.identity, call.cseq,
                    [("contact", self._contact()), ("content-type", "application/sdp"), (mine, proof)],
                    call.description(),
                )  # fmt: skip
                continue
            call.status = answer.status
            if answer.status >= 300:
                call.end(answer.first.partition(" ")[2])
            return

    async def _final(self, call: PhoneCall) -> Said | None:
        """Send the INVITE until something comes back, then wait for the end of it. ACKs what is no 2xx."""
        branch = _branch(call.invite)
        call.invite_branch = branch
        waiting = self._answers.setdefault((branch, "INVITE"), asyncio.Queue())
        waits = iter(_waits())
        try:
            while True:
                if not call.provisional.is_set():
                    self.send(call.invite)
                try:
                    wait = None if call.provisional.is_set() else next(waits)
                except StopIteration:
                    return None
                try:
                    answer = await asyncio.wait_for(waiting.get(), wait)
                except TimeoutError:
                    continue
                if answer.status < 200:
                    call.provisional.set()
                    if answer.status in (180, 183):
                        call.ringing.set()
                        call.hear(answer)
                    continue
                if answer.status >= 300:
                    self._ack_refusal(call, answer)
                else:
                    self._confirm(call, answer)
                return answer
        finally:
            del self._answers[branch, "INVITE"]

    def _ack_refusal(self, call: PhoneCall, answer: Said) -> None:
        ack = self._request("ACK", call.target, call.ours, answer.get("to"), call.identity, answer.cseq, [])
        ack.headers[0] = ("via", call.invite.get("via"))
        self.send(ack)
        self._replies[_branch(call.invite), "ACK"] = ack.octets()

    def _confirm(self, call: PhoneCall, answer: Said) -> None:
        call.theirs = answer.get("to")
        call.target = uri_of(answer.get("contact")) or call.target
        call.routes = list(reversed([route for line in answer.all("record-route") for route in line.split(",")]))
        call.hear(answer)
        self.acknowledge(call, answer)
        call.answered.set()

    def acknowledge(self, call: PhoneCall, answer: Said) -> None:
        """ACK of a 2xx: a transaction of its own, repeated for each 2xx that comes again."""
        self.send(self.in_dialog(call, "ACK", answer.cseq, [], ""))

    # ---- requests ---------------------------------------------------------------------------------------

    async def ask(self, request: Said) -> Said:
        """Send a request that is no INVITE (or one within a dialog) until it is answered.

        Raises NoAnswer, or Refusal with the answer as its cause.
        """
        key = (_branch(request), request.method)
        waiting = self._answers.setdefault(key, asyncio.Queue())
        try:
            for wait in _waits():
                self.send(request)
                try:
                    answer = await asyncio.wait_for(waiting.get(), wait)
                    while answer.status < 200:
                        answer = await asyncio.wait_for(waiting.get(), _ANSWER_SECONDS)
                except TimeoutError:
                    continue
                if answer.status >= 300:
                    raise Refusal(answer.status, answer.first.split(" ", 2)[-1]) from _Answered(answer)
                return answer
        finally:
            del self._answers[key]
        raise NoAnswer(f"{request.method} was not answered")

    def in_dialog(self, call: PhoneCall, method: str, cseq: int, headers: Sequence[tuple[str, str]], body: str) -> Said:
        more = [("route", route.strip()) for route in call.routes]
        return self._request(
            method, call.target, call.ours, call.theirs, call.identity, cseq,
            [*more, ("contact", self._contact()), *headers], body,
        )  # fmt: skip

    def _request(
        self,
        method: str,
        target: str,
        ours: str,
        theirs: str,
        identity: str,
        cseq: int,
        headers: Sequence[tuple[str, str]],
        body: str = "",
    ) -> Said:
        own = [
            ("via", f"SIP/2.0/UDP {self.host}:{self.port};branch=z9hG4bK{self._token()};rport"),
            ("max-forwards", "70"),
            ("from", ours),
            ("to", theirs),
            ("call-id", identity),
            ("cseq", f"{cseq} {method}"),
            ("user-agent", "callcenterd scripted phone"),
        ]
        return Said(f"{method} {target} SIP/2.0", [*own, *headers], body)

    def reply(self, request: Said, status: int, reason: str, call: PhoneCall | None = None, body: str = "") -> None:
        """An answer; the same one goes out again when the request is repeated."""
        to = request.get("to")
        if not tag_of(to):
            to += f";tag={tag_of(call.ours) if call is not None else self._token()[:10]}"
        headers = [(name, value) for name, value in request.headers if name in ("via", "record-route")]
        headers += [(name, request.get(name)) for name in ("from", "call-id", "cseq")]
        headers += [("to", to), ("contact", self._contact())]
        headers += [("content-type", "application/sdp")] if body else []
        answer = Said(f"SIP/2.0 {status} {reason}", headers, body)
        self._replies[_branch(request), request.method] = answer.octets()
        self.send(answer)

    def send(self, message: Said) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.octets(), self.server)

    # ---- what comes -------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002
        if not data.strip():
            return  # a keep-alive
        message = Said.read(data)
        call = self.calls.get(message.get("call-id"))
        if call is not None:
            call.said.append(message)
        if message.status:
            self._answer_came(message, call)
        elif (again := self._replies.get((_branch(message), message.method))) is not None:
            if self._transport is not None:
                self._transport.sendto(again, self.server)
        else:
            self._request_came(message, call)

    def error_received(self, exc: Exception) -> None:
        """The server is not there (any more): what was asked runs into its own time."""

    def _answer_came(self, answer: Said, call: PhoneCall | None) -> None:
        key = (_branch(answer), answer.method)
        if (waiting := self._answers.get(key)) is not None:
            waiting.put_nowait(answer)
        elif answer.method == "INVITE" and call is not None and 200 <= answer.status < 300:
            self.acknowledge(call, answer)
            if call.ended.is_set():  # it crossed our CANCEL
                call.cseq += 1
                self.send(self.in_dialog(call, "BYE", call.cseq, [], ""))
        elif (ack := self._replies.get((key[0], "ACK"))) is not None and self._transport is not None:
            self._transport.sendto(ack, self.server)

    def _request_came(self, request: Said, call: PhoneCall | None) -> None:
        match request.method:
            case "ACK":
                if call is not None and call.repeating is not None:
                    call.repeating.cancel()
            case "INVITE" if call is None:
                self.own(self._ring(request))
            case "INVITE" if call is not None and call.answered.is_set():
                call.hear(request)
                self.reply(request, 200, "OK", call, call.description())
            case "NOTIFY" if call is not None and request.body.startswith("SIP/2.0 "):
                self.reply(request, 200, "OK", call)
                call.news.put_nowait(int(request.body.split()[1]))
            case "BYE" if call is not None:
                self.reply(request, 200, "OK", call)
                call.reason = request.get("reason")
                call.end("hung up by the other side")
            case "CANCEL" if call is not None:
                self.reply(request, 200, "OK", call)
                self.reply(call.invite, 487, "Request Terminated", call)
                call.reason = request.get("reason")
                call.end("cancelled")
            case "BYE" | "CANCEL" | "INFO" | "UPDATE" if call is None:
                self.reply(request, 481, "Call/Transaction Does Not Exist")
            case _:
                self.others.append(request)
                self.reply(request, 200, "OK", call)

    async def _ring(self, invite: Said) -> None:
        talk = Talk(self.codecs[0], self._chance)
        await talk.open(self.host)
        ours = f"{invite.get('to')};tag={self._token()[:10]}"
        call = PhoneCall(
            self, invite.get("call-id"), ours, invite.get("from"), uri_of(invite.get("contact")), talk,
            outgoing=False, invite=invite,
            routes=[route for line in invite.all("record-route") for route in line.split(",")],
        )  # fmt: skip
        self.calls[call.identity] = call
        call.said.append(invite)
        self.reply(invite, 100, "Trying", call)
        await self.incoming.put(call)

    def own(self, work: object) -> asyncio.Task[None]:
        """A task of the phone's: cancelled at the latest when the phone is closed."""
        task: asyncio.Task[None] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # ---- within -----------------------------------------------------------------------------------------

    def _contact(self) -> str:
        return f"<sip:{self.number}@{self.host}:{self.port}>"

    def _token(self) -> str:
        return f"{self._chance.getrandbits(64):016x}"

    def _proof(self, challenge: str, method: str, uri: str) -> str:
        """RFC 2617 and 7616 with qop=auth, MD5 or SHA-256, whichever the challenge names."""
        asked = _parameters(challenge)
        algorithm = asked.get("algorithm", "MD5")
        digest = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

        def h(text: str) -> str:
            return digest(text.encode()).hexdigest()

        realm, nonce, cnonce = asked["realm"], asked["nonce"], self._token()
        response = h(
            f"{h(f'{self.number}:{realm}:{self._password}')}:{nonce}:00000001:{cnonce}:auth:{h(f'{method}:{uri}')}"
        )
        return (
            f'Digest username="{self.number}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
            f'algorithm={algorithm}, cnonce="{cnonce}", qop=auth, nc=00000001'
        )


class _Answered(Exception):
    """Carries the answer that a Refusal comes from."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.first)
        self.said = said


def _waits() -> Sequence[float]:
    """Seconds between repeats: T1, doubled up to 4 s, 64 times T1 in all (RFC 3261 §17.1)."""
    return [T1, 2 * T1, *[4.0] * 7]


def _branch(message: Said) -> str:
    found = re.search(r"branch=([^;,\s]+)", message.get("via"))
    return found.group(1) if found else ""


def _parameters(challenge: str) -> Mapping[str, str]:
    return {
        name.lower(): quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^,\s]+))', challenge)
    }
