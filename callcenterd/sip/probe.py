"""One trunk is asked, for who sets it up: is somebody there (OPTIONS, RFC 3261 §11), and are we registered (§10.2)?

What was answered is handed back as it was heard; what it means is the switchboard's to say (`trunktest`). Nothing of
what is in force is another by it but for the better: an answer counts as one to our own look (`trunk.Line`), a refusal
does not. The registration is one more for the same contact, so that a provider keeps the one it has (§10.3).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from callcenterd.errors import LocalError, NotFound
from callcenterd.model.ids import TrunkName
from callcenterd.sip.digest import prove
from callcenterd.sip.flow import Address, Flow
from callcenterd.sip.headers import Challenge, readable
from callcenterd.sip.identity import Who
from callcenterd.sip.locate import Machine
from callcenterd.sip.message import PHRASES, Message, Response
from callcenterd.sip.post import Post, party_of, sdp_of
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transaction import Told, Transaction
from callcenterd.sip.trunk import Line, Want
from callcenterd.sip.trunks import Trunks, options_to, register_at

WITHIN = 8.0
"""Seconds that a whole look takes at most: who has not answered by then is silent."""
_PORT_MOST = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of one question. outcome: "answer"; "silence"; or "unsent", and why.

    status, phrase: of the last answer; words: what they say more (Warning, Reason). seconds: until it came.
    realm: whose password is asked for; "": none is. proved: we have shown ours. provable: False: they ask for a proof
    that we cannot give (no account, or no algorithm that we know). stale: they say that our proof came too late.
    granted: seconds of the registration. seen: our address and port as they saw them (Via, RFC 3581), port 0: not said.
    sent_from: the address and port that we give for ours. date: their clock. sdp: what they can hear, if they say so.
    """

    outcome: Literal["answer", "silence", "unsent"]
    status: int = 0
    phrase: str = ""
    words: str = ""
    why: str = ""
    seconds: float = 0.0
    realm: str = ""
    proved: bool = False
    provable: bool = True
    stale: bool = False
    granted: int = 0
    seen: Address | None = None
    sent_from: Address = ("", 0)
    date: datetime | None = None
    sdp: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """flow: where it was asked; None: there is no way (fault says why). options, register: None: not asked."""

    flow: Flow | None
    fault: str = ""
    options: Heard | None = None
    register: Heard | None = None


class Probes:
    """Looks that are under way."""

    def __init__(self, post: Post, who: Who, trunks: Trunks) -> None:
        self._post = post
        self._who = who
        self._trunks = trunks

    def begin(self, name: TrunkName, machines: Sequence[Machine], told: Callable[[Probed], None], now: float) -> None:
        """Ask there now; told: once, in WITHIN seconds at most. Raises NotFound for a trunk that there is not."""
        line = self._who.lines.get(name)
        if line is None:
            raise NotFound("trunk", name)
        try:
            flow = self._post.flows_to(machines, line.trunk.host, now, first=line.home)[0]
        except LocalError as fault:
            told(Probed(flow=None, fault=str(fault)))
            return
        Probe(self._post, self._trunks, line, flow, told).begin(now)


class Probe:
    def __init__(self, post: Post, trunks: Trunks, line: Line, flow: Flow, told: Callable[[Probed], None]) -> None:
        self._post, self._trunks, self._line, self._flow, self._told = post, trunks, line, flow, told
        self._heard: dict[Want, Heard] = {}
        self._waiting: set[Want] = set()
        self._over = False
        self._call_id, self._tag, self._sequence = post.token(), post.token(), 0
        self._began: dict[Want, float] = {}

    def begin(self, now: float) -> None:
        self._waiting = {"OPTIONS", "REGISTER"} if self._line.trunk.register else {"OPTIONS"}
        self._post.agenda.at(self._late, now + WITHIN)
        for want in sorted(self._waiting):
            self._began[want] = now
        self._ask_options(now)
        if self._line.trunk.register:
            self._ask_registration(None, "", now)

    def _ask_options(self, now: float) -> None:
        request = options_to(self._post, self._line, self._flow)
        self._post.ask(request, self._flow, _Question(self, "OPTIONS"), now)

    def _ask_registration(self, proof: tuple[str, str] | None, realm: str, now: float) -> None:
        self._sequence += 1
        request = register_at(self._post, self._line, self._flow, self._call_id, self._tag, self._sequence, proof)
        self._post.ask(request, self._flow, _Question(self, "REGISTER", realm, proof is not None), now)

    # ---- what came of it -----------------------------------------------------------------------------------

    def answered(self, question: _Question, response: Response, now: float) -> None:
        if question.want not in self._waiting:
            return
        challenges = _challenges(response)
        stale = any((one.get("stale") or "").lower() == "true" for one in challenges)
        provable = True
        if question.want == "REGISTER" and response.status in (401, 407) and (not question.proved):
            proof = self._proof(challenges, response)
            if proof is not None:
                self._ask_registration(proof, _realm(challenges), now)
                return
            provable = False
        if question.want == "REGISTER" and response.status == 423 and self._sequence <= 2:
            self._line.ask_longer(max(self._line.registration, min(response.min_expires or 0, 86_400)), now)
            self._ask_registration(None, "", now)
            return
        asked_from = self._post.local_host(self._flow), self._flow.local[1]
        self._settle(
            question.want,
            Heard(
                outcome="answer",
                status=response.status,
                phrase=readable(response.reason or PHRASES.get(response.status, "")),
                words=_words(response),
                seconds=round(now - self._began[question.want], 3),
                realm=_realm(challenges) or question.realm,
                proved=question.proved,
                provable=provable,
                stale=stale,
                granted=_granted(response) if response.status < 300 else 0,
                seen=_seen(response),
                sent_from=asked_from,
                date=_date(response),
                sdp=sdp_of(response),
            ),
            now,
        )
        if question.want == "OPTIONS":
            self._trunks.healthy(self._line, response.status)
        elif response.status < 300:
            self._line.home = self._flow
            granted = _granted(response)
            self._trunks.registered(self._line, max(30, granted or self._line.registration), now)

    def failed(self, question: _Question, why: str, now: float) -> None:
        """why: "" if nobody answered."""
        if question.want in self._waiting:
            heard = Heard(outcome="unsent" if why else "silence", why=why, realm=question.realm, proved=question.proved)
            self._settle(question.want, heard, now)

    def _settle(self, want: Want, heard: Heard, now: float) -> None:
        self._heard[want] = heard
        self._waiting.discard(want)
        if not self._waiting:
            self._end(now)

    def _late(self, now: float) -> None:
        for want in self._waiting:
            self._heard[want] = Heard(outcome="silence")
        self._waiting.clear()
        self._end(now)

    def _end(self, now: float) -> None:
        del now
        if not self._over:
            self._over = True
            self._post.agenda.forget(self._late)
            self._told(
                Probed(flow=self._flow, options=self._heard.get("OPTIONS"), register=self._heard.get("REGISTER"))
            )

    def _proof(self, challenges: Sequence[Challenge], response: Response) -> tuple[str, str] | None:
        trunk = self._line.trunk
        if not trunk.username:
            return None
        proof = prove(
            challenges,
            username=trunk.username,
            password=trunk.password,
            method="REGISTER",
            uri=f"sip:{trunk.host}" if trunk.port == 5060 else f"sip:{trunk.host}:{trunk.port}",
            chance=self._post.chance,
        )
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        return None if proof is None else (name, str(proof))


@dataclass(eq=False, slots=True)
class _Question:
    probe: Probe
    want: Want
    realm: str = ""
    proved: bool = False

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        if what == "answer" and isinstance(message, Response):
            if message.status >= 200:
                self.probe.answered(self, message, now)
        elif what in ("timeout", "transport_error"):
            self.probe.failed(self, "" if what == "timeout" else party_of(transaction).why or "cannot be sent", now)


def _challenges(response: Response) -> Sequence[Challenge]:
    try:
        return response.challenges if response.status in (401, 407) else ()
    except MalformedMessage:
        return ()


def _realm(challenges: Sequence[Challenge]) -> str:
    return readable(next((realm for one in challenges if (realm := one.get("realm"))), ""))


def _words(response: Response) -> str:
    """What a person there wrote about it (RFC 3261 §20.43, RFC 3326)."""
    return readable("; ".join([*response.headers.values("Warning"), *response.headers.values("Reason")]), 200)


def _granted(response: Response) -> int:
    """Of our contact, else of the whole answer (§10.2.4). 0: it does not say."""
    expires = [contact.expires for contact in response.contacts if contact.expires is not None]
    return max(expires) if expires else response.expires or 0


def _seen(response: Response) -> Address | None:
    """How our request came to them: what they wrote into our Via (RFC 3261 §18.2.1, RFC 3581 §4)."""
    params = response.via.params
    received, port = params.get("received"), params.get("rport") or ""
    if not received and not port:
        return None
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    return readable(received or "", 64), number if number <= _PORT_MOST else 0


def _date(response: Response) -> datetime | None:
    try:
        date = parsedate_to_datetime(response.headers.get("Date") or "")
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
