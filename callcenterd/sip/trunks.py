"""What is sent to trunks without a call: OPTIONS for their health, REGISTER where they want one (RFC 3261 §10.2, §11).

When and what follows from `trunk.Line`; here it becomes messages, and their answers are told back.
"""

from __future__ import annotations

from dataclasses import dataclass

from callcenterd.errors import LocalError
from callcenterd.sip.dialog import MAX_FORWARDS
from callcenterd.sip.digest import prove
from callcenterd.sip.events import TrunkSeen
from callcenterd.sip.flow import Flow
from callcenterd.sip.identity import Who
from callcenterd.sip.message import PHRASES, Headers, Message, Request, Response
from callcenterd.sip.post import ALLOW, SDP, USER_AGENT, Post
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transaction import Told, Transaction
from callcenterd.sip.trunk import Line, Want
from callcenterd.sip.uri import SipUri

_LONGEST_MINIMUM = 86_400
"""Seconds: a registrar that wants longer registrations than a day is not followed."""


@dataclass(eq=False)
class _Account:
    """Our side of one trunk's registration: one Call-ID, counted upwards (§10.2.4)."""

    line: Line
    call_id: str
    tag: str
    sequence: int = 0


class Trunks:
    def __init__(self, post: Post, who: Who) -> None:
        self._post = post
        self._who = who
        self._accounts: dict[Line, _Account] = {}

    def look(self, now: float) -> None:
        """Send what is due, and come again when the next thing is."""
        lines = list(self._who.lines.values())
        for gone in self._accounts.keys() - set(lines):
            del self._accounts[gone]
        for line in lines:
            wanted, changed = line.due(now)
            self._tell(changed, line)
            for want in wanted:
                try:
                    self._send(want, line, now)
                except LocalError as fault:  # no way to that address now; asked again in time
                    self._refused(want, line, str(fault), now)
        self._come_again()

    def _come_again(self) -> None:
        due = min((line.deadline() for line in self._who.lines.values()), default=float("inf"))
        self._post.agenda.at(self.look, None if due == float("inf") else due)

    def _send(self, want: Want, line: Line, now: float) -> None:
        flow = self._post.flows_to(line.machines, line.trunk.host, now, first=line.home)[0]
        if want == "OPTIONS":
            request = options_to(self._post, line, flow)
            self._post.ask(request, flow, _Question(self, self._post, line, flow), now)
        else:
            account = self._accounts.setdefault(line, _Account(line, self._post.token(), self._post.token()))
            self.register(account, flow, None, now)

    def register(self, account: _Account, flow: Flow, proof: tuple[str, str] | None, now: float) -> None:
        account.sequence += 1
        request = register_at(self._post, account.line, flow, account.call_id, account.tag, account.sequence, proof)
        self._post.ask(request, flow, _Enrolment(self, self._post, account, flow, proof is not None), now)

    # ---- what came of it -----------------------------------------------------------------------------------

    def healthy(self, line: Line, status: int) -> None:
        self._tell(line.health_answered(status), line)
        self._come_again()

    def registered(self, line: Line, seconds: int, now: float) -> None:
        self._tell(line.registered(seconds, now), line)
        self._come_again()

    def refused(self, line: Line, why: str, now: float) -> None:
        self._refused("REGISTER", line, why, now)
        self._come_again()

    def too_brief(self, line: Line, seconds: int, now: float) -> None:
        line.ask_longer(seconds, now)
        self._come_again()

    def _refused(self, want: Want, line: Line, why: str, now: float) -> None:
        self._tell(line.unreachable(why, now) if want == "OPTIONS" else line.registration_refused(why, now), line)

    def _tell(self, changed: TrunkSeen | None, line: Line) -> None:
        """Of a trunk that has left the site meanwhile nobody wants to hear."""
        if changed is not None and self._who.lines.get(line.trunk.name) is line:
            self._post.events.append(changed)


@dataclass(eq=False)
class _Question:
    """One OPTIONS. That nobody answered, the line has seen long before the transaction gives up."""

    trunks: Trunks
    post: Post
    line: Line
    flow: Flow

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        del transaction
        if what == "answer" and isinstance(message, Response) and message.status >= 200:
            self.post.avoided.worked(self.flow)
            self.trunks.healthy(self.line, message.status)
        elif what in ("timeout", "transport_error"):
            self.post.avoided.failed(self.flow, now)


@dataclass(eq=False)
class _Enrolment:
    """One REGISTER of ours."""

    trunks: Trunks
    post: Post
    account: _Account
    flow: Flow
    proved: bool

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        line = self.account.line
        if what in ("timeout", "transport_error") or (isinstance(message, Response) and message.status == 503):
            self.post.avoided.failed(self.flow, now)  # the next try goes to another of its machines (RFC 3263 §4.3)
            line.home = None
        if what != "answer" or not isinstance(message, Response):
            self.trunks.refused(line, "no answer" if what == "timeout" else "cannot be sent", now)
        elif 200 <= message.status < 300:
            self._registered(message, transaction.request, now)
        elif message.status in (401, 407) and (proof := self._proof(message, transaction.request)) is not None:
            name = "Authorization" if message.status == 401 else "Proxy-Authorization"
            self.trunks.register(self.account, self.flow, (name, proof), now)
        elif message.status == 423 and line.registration < (message.min_expires or 0) <= _LONGEST_MINIMUM:
            self.trunks.too_brief(line, message.min_expires or 0, now)
        elif message.status >= 300:
            self.trunks.refused(line, f"{message.status} {PHRASES.get(message.status, '')}".strip(), now)

    def _registered(self, response: Response, request: Request, now: float) -> None:
        """How long: our Contact's expires, else the header's, else what we asked for (§10.2.4)."""
        line = self.account.line
        [ours] = request.contacts
        mine = [contact for contact in response.contacts if contact.uri.same_as(ours.uri)]
        line.home = self.flow
        self.post.avoided.worked(self.flow)
        granted = mine[0].expires if mine and mine[0].expires is not None else response.expires
        self.trunks.registered(line, max(30, granted if granted is not None else line.registration), now)

    def _proof(self, response: Response, request: Request) -> str | None:
        """Once; once more if our nonce was stale, which a first proof cannot be."""
        trunk = self.account.line.trunk
        try:
            challenges = response.challenges
        except MalformedMessage:
            return None
        if self.proved or not trunk.username:
            return None
        proof = prove(
            challenges,
            username=trunk.username,
            password=trunk.password,
            method="REGISTER",
            uri=request.uri,
            chance=self.post.chance,
        )
        return None if proof is None else str(proof)


def options_to(post: Post, line: Line, flow: Flow) -> Request:
    """Are you there (§11)?"""
    target = str(_host_of(line))
    request = _request("OPTIONS", target, post.via(flow))
    add = request.headers.add
    add("From", f"<sip:{post.place(flow)}>;tag={post.token()}")
    add("To", f"<{target}>")
    add("Call-ID", post.token())
    add("CSeq", "1 OPTIONS")
    add("Contact", post.contact(flow))
    add("Accept", SDP)
    return request


def register_at(
    post: Post, line: Line, flow: Flow, call_id: str, tag: str, sequence: int, proof: tuple[str, str] | None
) -> Request:
    """Send our calls here (§10.2). proof: a header's name and value, once we were asked for it."""
    address = SipUri.of(line.trunk.username, line.trunk.host)
    request = _request("REGISTER", str(_host_of(line)), post.via(flow))
    add = request.headers.add
    add("From", f"<{address}>;tag={tag}")
    add("To", f"<{address}>")
    add("Call-ID", call_id)
    add("CSeq", f"{sequence} REGISTER")
    add("Contact", post.contact(flow, SipUri.of(line.trunk.username, "x").userinfo or ""))
    add("Expires", str(line.registration))
    if proof is not None:
        add(*proof)
    return request


def _host_of(line: Line) -> SipUri:
    trunk = line.trunk
    return SipUri("sip", None, trunk.host, trunk.port if trunk.port != 5060 else None)


def _request(method: str, uri: str, via: str) -> Request:
    headers = Headers([("Via", via), ("Max-Forwards", MAX_FORWARDS), ("Allow", ALLOW), ("User-Agent", USER_AGENT)])
    return Request(method, uri, headers)
