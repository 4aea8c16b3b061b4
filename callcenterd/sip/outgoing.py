"""A call of ours, from INVITE to its end (RFC 3261 §13.2).

An extension with several phones rings on all of them: an `Attempt` each, with a Call-ID of its own. The first 2xx
wins, the others are cancelled; one that answers all the same is acknowledged and hung up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from callcenterd.errors import LocalError
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Secret
from callcenterd.sip import events, reliable, session_timer
from callcenterd.sip import uri as uris
from callcenterd.sip.conversation import Conversation, as_reason
from callcenterd.sip.dialog import MAX_FORWARDS, Dialog, plain
from callcenterd.sip.digest import prove
from callcenterd.sip.events import DialogId
from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.identity import cause_of, number_of
from callcenterd.sip.matching import DialogKey
from callcenterd.sip.message import Headers, Message, Request, Response, encode
from callcenterd.sip.post import ALLOW, LARGEST_DATAGRAM, SDP, SUPPORTED, USER_AGENT, Account, Parcel, Post, sdp_of
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transaction import InviteClientTransaction, Told, Transaction, cancel_of
from callcenterd.sip.uri import SipUri

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
MOST_EARLY = 8
"""Early dialogs of one INVITE: proxies behind a trunk that fork further than that are on their own."""
UNHEARD = 8.0
"""Seconds in which a trunk says at least 100 to an INVITE: one that does not is dead, and callers wait (RFC 3263 §4.3
leaves the time to us; timer B alone would be 32)."""
MOST_MOVES = 3
"""Times that one INVITE is sent on by a 3xx of the trunk's own host."""


NO_PASSWORD = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that is to ring. pinned: its requests always go on this flow. password: for who challenges us there.

    others: ways to the same place, to be tried in this order if the first one does not work (RFC 3263 §4.3).
    extension: whose phone it is, if it is one of ours. more: header lines that only this place is told.
    """

    uri: str
    flow: Flow
    others: tuple[Flow, ...] = ()
    routes: tuple[str, ...] = ()
    pinned: bool = False
    username: str = ""
    password: Secret = NO_PASSWORD
    extension: ExtensionNumber | None = None
    more: tuple[tuple[str, str], ...] = ()


class Outgoing:
    """over: nothing of it is told any more; attempts may still be on their way out."""

    def __init__(
        self,
        post: Post,
        identity: DialogId,
        dialogs: dict[DialogKey, Conversation],
        forget: Callable[[DialogId], None],
    ) -> None:
        self.id = identity
        self.post = post
        self.dialogs = dialogs
        self.over = False
        self.winner: Conversation | None = None
        self._forget = forget
        self._attempts: list[Attempt] = []
        self._statuses: list[int] = []
        self._why: dict[int, tuple[int, str]] = {}  # status → the cause and the words that came with it first
        self._moved_to = ""

    def start(self, targets: Sequence[Target], *, from_: NameAddr, to: NameAddr, sdp: bytes, now: float) -> None:
        self._attempts = [Attempt(self, target, from_, to, sdp) for target in targets]
        for attempt in self._attempts:
            attempt.start(now)

    def hang_up(self, reason: str | None, now: float) -> None:
        """CANCEL what rings, BYE what talks."""
        self.over = True
        if self.winner is not None:
            self.winner.hang_up(reason, now)
        self._cancel(reason, now)

    def pick_up(self, now: float) -> bool:
        """One of the phones that ring is told to answer. False: none of them can be told."""
        return self.undecided and any(attempt.pick_up(now) for attempt in self._attempts)

    @property
    def can_be_told(self) -> bool:
        """Is one of the phones that ring one that takes an order to answer?"""
        return self.undecided and any(attempt.can_be_told for attempt in self._attempts)

    @property
    def offered(self) -> Conversation | None:
        """Whose offer waits for our side: the winner's, or before that an early dialog's (RFC 3311)."""
        early = (one for attempt in self._attempts for one in attempt.early if one.waits_for_us)
        return self.winner or next(early, None)

    def acknowledged(self, now: float) -> None:
        """A PRACK is for who is called to get; we sent no reliable answer."""

    # ---- from the attempts ---------------------------------------------------------------------------------

    @property
    def undecided(self) -> bool:
        return not self.over and self.winner is None

    def rings(self, answer: bytes | None) -> None:
        if self.undecided:
            self.post.events.append(events.Progress(self.id, answer))

    def answered(self, attempt: Attempt, conversation: Conversation, answer: bytes | None, now: float) -> None:
        """A 2xx, acknowledged already. Only the first one of all is wanted."""
        if not self.undecided:
            conversation.hang_up(ELSEWHERE if self.winner is not None else None, now)
            return
        self.winner = conversation
        self.post.events.append(events.Accepted(self.id, answer))
        self._cancel(ELSEWHERE, now, but=attempt)

    def failed(self, status: int, now: float, *, moved_to: str = "", why: tuple[int, str] = (0, "")) -> None:
        """One attempt came to nothing. 6xx speaks for all of them, else the last one decides (§16.7). why: the cause of
        the network behind, and words."""
        self._statuses.append(status)
        self._why.setdefault(status, why)
        self._moved_to = self._moved_to or moved_to
        if self.undecided and (status >= 600 or len(self._statuses) == len(self._attempts)):
            self.over = True
            best = _best(self._statuses)
            self.post.events.append(events.Refused(self.id, best, self._moved_to, *self._why[best]))
            self._forget(self.id)
            self._cancel(None, now)

    def ended(self, conversation: Conversation, reason: str, now: float) -> None:
        del now
        if conversation is self.winner and not self.over:
            self.over = True
            self.post.events.append(events.HungUp(self.id, reason))
            self._forget(self.id)

    def _cancel(self, reason: str | None, now: float, but: Attempt | None = None) -> None:
        for attempt in self._attempts:
            if attempt is not but:
                attempt.cancel(reason, now)


class Attempt:
    """One INVITE to one place, with what forks behind it."""

    def __init__(self, call: Outgoing, target: Target, from_: NameAddr, to: NameAddr, sdp: bytes) -> None:
        self._call = call
        self._post = call.post
        self._target = target
        self._flow = target.flow
        self._left = list(target.others)
        self._from = str(from_.with_tag(self._post.token()))
        self._to = str(to)
        self._call_id = self._post.token()
        self._user = _user_of(from_)
        self._contact = ""
        self._sdp = sdp
        self._sequence = 0
        self._invite: Request
        self._transaction: InviteClientTransaction
        self._heard = False  # a provisional answer: only then may CANCEL be sent (§9.1)
        self._done = False
        self._cancelling: str | None = None
        self._proved = 0
        self._interval = session_timer.RULES.expires
        self._places = {target.uri}  # where a 3xx has sent this INVITE
        self._early: dict[str, Conversation] = {}
        self._listens = ""  # the tag of a phone that rings and takes orders to answer
        self._acknowledged: dict[str, Parcel] = {}

    @property
    def early(self) -> Iterable[Conversation]:
        return self._early.values()

    def start(self, now: float) -> None:
        self._ask(now, None)

    def cancel(self, reason: str | None, now: float) -> None:
        """Now, or as soon as they are heard. If they answer all the same, the answer is ended by BYE."""
        if self._done or self._cancelling is not None:
            return
        self._cancelling = reason or ""
        if self._heard:
            self._send_cancel(now)

    def pick_up(self, now: float) -> bool:
        """NOTIFY with "Event: talk" in the early dialog, as BroadSoft, Yealink, Polycom and Grandstream phones know it;
        who does says so in Allow-Events of the 180. What they answer changes nothing: they pick up, or ring on."""
        conversation = self._early.get(self._listens)
        if conversation is None or not self.can_be_told:
            return False
        flow = conversation.way()
        notify = conversation.dialog.request("NOTIFY", self._post.via(flow))
        notify.headers.add("Event", "talk")
        notify.headers.add("Subscription-State", "active")
        self._post.ask(notify, flow, conversation, now)
        return True

    @property
    def can_be_told(self) -> bool:
        """It rings, and takes an order to answer."""
        return self._listens in self._early and not self._done and self._cancelling is None

    # ---- what comes back -----------------------------------------------------------------------------------

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        if transaction is not self._transaction:
            return  # our CANCEL, or an INVITE that was asked anew with a proof: nothing hangs on it any more
        if what == "answer" and isinstance(message, Response):
            self._answered(message, now)
        elif what == "timeout":
            self._try_elsewhere(408, now)
        elif what == "transport_error":
            self._try_elsewhere(503, now)

    def _answered(self, response: Response, now: float) -> None:
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._success(response, now)
        elif response.status == 503:
            self._try_elsewhere(503, now, why=cause_of(response))
        elif response.status == 422 and self._ask_longer(response, now):
            return
        elif 300 <= response.status < 400:
            self._moved(response, now)
        elif response.status not in (401, 407) or not self._prove(response, now):
            self._fail(response.status, now, why=cause_of(response))

    def _provisional(self, response: Response, now: float) -> None:
        first, self._heard = not self._heard, True
        if self._cancelling is not None:
            if first:
                self._send_cancel(now)
            return
        tag = response.to.tag
        if response.status > 100 and tag and tag not in self._early and len(self._early) < MOST_EARLY:
            self._early[tag] = self._converse(response)
        if tag and any(event.strip().lower() == "talk" for event in response.headers.values("Allow-Events")):
            self._listens = tag
        number = reliable.number_of(response)
        if number is not None and not self._acknowledge(number, response, now):
            return
        if response.status in (180, 183):
            self._call.rings(sdp_of(response))

    def _acknowledge(self, number: int, response: Response, now: float) -> bool:
        """PRACK (RFC 3262 §4). False: it was heard already, or one before it is missing."""
        conversation = self._early.get(response.to.tag or "")
        if conversation is None or not conversation.ordered.takes(number):
            return False
        conversation.settled = conversation.settled or sdp_of(response) is not None
        flow = conversation.way()
        prack = conversation.dialog.request("PRACK", self._post.via(flow))
        prack.headers.add("RAck", f"{number} {response.cseq.number} INVITE")
        self._post.ask(prack, flow, conversation, now)
        return True

    def _moved(self, response: Response, now: float) -> None:
        """3xx (§8.1.3.4). A trunk may send us on within its own host; a phone only says the number that it forwards to,
        which is routed like any number. A stranger's address is never called."""
        target, contact = self._target, next(iter(response.contacts), None)
        uri = None if contact is None else contact.uri
        if target.extension is not None:
            self._fail(response.status, now, moved_to="" if uri is None else number_of(uri))
            return
        here = uris.parse(target.uri)
        if (
            self._cancelling is None
            and isinstance(uri, SipUri)
            and isinstance(here, SipUri)
            and uri.host.lower() in (here.host.lower(), self._flow.remote[0])
            and str(uri := plain(uri)) not in self._places
            and len(self._places) <= MOST_MOVES
        ):
            self._places.add(str(uri))
            self._target = replace(target, uri=str(uri))
            self._close_early()
            self._ask(now, None)
        else:
            self._fail(response.status, now)

    def _ask_longer(self, response: Response, now: float) -> bool:
        """422: they want to be asked less often (RFC 4028 §7.3). Once: who then wants more still is refused."""
        shortest = session_timer.shortest_of(response.headers)
        if shortest <= self._interval or self._interval != session_timer.RULES.expires or self._cancelling is not None:
            return False
        self._interval = shortest
        self._close_early()
        self._ask(now, None)
        return True

    def _success(self, response: Response, now: float) -> None:
        """Each 2xx is acknowledged each time it comes, whoever sent it (§13.2.2.4)."""
        tag = response.to.tag or ""
        if (again := self._acknowledged.get(tag)) is not None:
            self._post.parcels.append(again)
            return
        if len(self._acknowledged) > MOST_EARLY:
            return
        conversation = self._early.pop(tag, None)
        if conversation is None:
            conversation = self._converse(response)
        else:
            conversation.dialog.confirm(response)
        conversation.up = conversation.settled = True
        conversation.renewal.allows_update = "UPDATE" in response.allow
        conversation.agree(session_timer.agreed(response, self._interval), now)
        flow = conversation.way()
        ack = conversation.dialog.request("ACK", self._post.via(flow), sequence=self._invite.cseq.number)
        ack.headers.copy_from(self._invite.headers, "Authorization", "Proxy-Authorization")  # §22.1: as in the INVITE
        self._acknowledged[tag] = self._post.send(ack, flow)
        self._finish()
        self._call.answered(self, conversation, sdp_of(response), now)

    def _try_elsewhere(self, status: int, now: float, *, why: tuple[int, str] = (0, "")) -> None:
        """This way does not work, or nobody is left there: the next one gets the INVITE, if there is one (RFC 3263
        §4.3). What rang already is not tried elsewhere: somebody's phone would ring twice."""
        if not self._target.pinned:
            self._post.avoided.failed(self._flow, now)
        if self._done or self._early or self._cancelling is not None or not self._left:
            self._fail(status, now, why=why)
            return
        self._flow = self._left.pop(0)
        self._proved = 0
        self._ask(now, None)

    def _fail(self, status: int, now: float, *, moved_to: str = "", why: tuple[int, str] = (0, "")) -> None:
        if not self._done:
            self._finish()
            self._call.failed(status, now, moved_to=moved_to, why=why)

    def _finish(self) -> None:
        self._done = True
        self._post.agenda.forget(self._give_up)
        self._post.agenda.forget(self._unheard)
        self._close_early()

    def _close_early(self) -> None:
        for conversation in self._early.values():
            conversation.close()
        self._early.clear()

    # ---- within --------------------------------------------------------------------------------------------

    def _ask(self, now: float, proof: tuple[str, str] | None) -> None:
        self._sequence += 1
        self._heard = False
        self._invite = self._written(proof)
        if not self._target.pinned and len(encode(self._invite)) > LARGEST_DATAGRAM:
            stream = self._post.over_tcp(self._flow, now)
            if stream is not None:
                self._left.insert(0, self._flow)  # if they refuse TCP, a datagram has to do (RFC 3261 §18.1.1)
                self._flow = stream
                self._invite = self._written(proof)
        transaction = self._post.ask(self._invite, self._flow, self, now)
        assert isinstance(transaction, InviteClientTransaction)
        self._transaction = transaction
        if not self._target.pinned and not transaction.ended:
            self._post.agenda.at(self._unheard, now + UNHEARD)

    def _unheard(self, now: float) -> None:
        if not self._heard and not self._done:
            self._post.transactions.abandon(self._transaction)
            self._try_elsewhere(408, now)

    def _written(self, proof: tuple[str, str] | None) -> Request:
        target = self._target
        self._contact = self._post.contact(self._flow, self._user, secure=target.uri.startswith("sips:"))
        headers = Headers(
            [
                ("Via", self._post.via(self._flow)),
                ("Max-Forwards", MAX_FORWARDS),
                *(("Route", route) for route in target.routes),
                ("From", self._from),
                ("To", self._to),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._sequence} INVITE"),
                ("Contact", self._contact),
                ("Allow", ALLOW),
                ("Supported", SUPPORTED),
                ("Session-Expires", str(self._interval)),
                ("User-Agent", USER_AGENT),
                ("Content-Type", SDP),
            ]
        )
        if self._interval > session_timer.RULES.expires:
            headers.add("Min-SE", str(self._interval))
        for name, value in target.more:
            headers.add(name, value)
        if proof is not None:
            headers.add(*proof)
        return Request("INVITE", target.uri, headers, self._sdp)

    def _prove(self, response: Response, now: float) -> bool:
        """Answer a challenge, once and once more if the nonce was stale; only a trunk's that gave us a password."""
        target = self._target
        if not target.username or self._cancelling is not None:
            return False
        try:
            challenges = response.challenges
        except MalformedMessage:
            return False
        stale = any((challenge.get("stale") or "").lower() == "true" for challenge in challenges)
        if self._proved > (1 if stale else 0):
            return False
        self._proved += 1
        proof = prove(
            challenges,
            username=target.username,
            password=target.password,
            method="INVITE",
            uri=target.uri,
            chance=self._post.chance,
        )
        if proof is None:
            return False
        self._close_early()
        self._ask(now, ("Authorization" if response.status == 401 else "Proxy-Authorization", str(proof)))
        return True

    def _converse(self, response: Response) -> Conversation:
        target = self._target
        dialog = Dialog.of_our_invite(self._invite, response, self._contact, self._flow)
        conversation = Conversation(
            self._post,
            self._call.id,
            dialog,
            self._call,
            self._call.dialogs,
            pinned=target.pinned,
            ours=True,
            extension=target.extension if target.pinned else None,
            account=Account(target.username, target.password) if target.username else None,
        )
        conversation.described = self._sdp
        return conversation

    def _send_cancel(self, now: float) -> None:
        cancel = cancel_of(self._invite)
        if self._cancelling:
            cancel.headers.add("Reason", as_reason(self._cancelling))
        try:
            self._post.ask(cancel, self._flow, self, now)
        except LocalError:
            return  # it was sent already
        self._post.agenda.at(self._give_up, now + self._post.timers.patience)

    def _give_up(self, now: float) -> None:
        """Nobody ended the INVITE that was cancelled: it is forgotten all the same (§9.1)."""
        self._post.transactions.abandon(self._transaction)
        self._fail(487, now)


def _user_of(address: NameAddr) -> str:
    """The user part of our From, as it stands in a URI: it lets a trunk see whose Contact it is."""
    text = str(address.uri).partition(":")[2]
    return text.partition("@")[0] if "@" in text else ""


def _best(statuses: Sequence[int]) -> int:
    """Which refusal of several to tell (§16.7 step 6): a 6xx, else the lowest class; 408 and 503 say least."""
    return min(statuses, key=lambda status: (status < 600, status in (408, 503), status // 100, status))
