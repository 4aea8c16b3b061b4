"""A call of ours, from INVITE to its end (RFC 3261 §13.2).

An extension with several phones rings on all of them: an `Attempt` each, with a Call-ID of its own. The first 2xx
wins, the others are cancelled; one that answers all the same is acknowledged and hung up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callcenterd.errors import LocalError
from callcenterd.model.site import Secret
from callcenterd.sip import events
from callcenterd.sip.conversation import Conversation, as_reason
from callcenterd.sip.dialog import MAX_FORWARDS, Dialog
from callcenterd.sip.digest import prove
from callcenterd.sip.events import DialogId
from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.matching import DialogKey
from callcenterd.sip.message import Headers, Message, Request, Response
from callcenterd.sip.post import ALLOW, SDP, USER_AGENT, Parcel, Post, sdp_of
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transaction import InviteClientTransaction, Told, Transaction, cancel_of

ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'
MOST_EARLY = 8
"""Early dialogs of one INVITE: proxies behind a trunk that fork further than that are on their own."""


NO_PASSWORD = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One place that is to ring. pinned: its requests always go on this flow. password: for who challenges us there."""

    uri: str
    flow: Flow
    routes: tuple[str, ...] = ()
    pinned: bool = False
    username: str = ""
    password: Secret = NO_PASSWORD


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

    def accept_offer(self, sdp: bytes, now: float) -> None:
        if self.winner is not None:
            self.winner.accept_offer(sdp, now)

    def refuse_offer(self, status: int, now: float) -> None:
        if self.winner is not None:
            self.winner.refuse_offer(status, now)

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

    def failed(self, status: int, now: float) -> None:
        """One attempt came to nothing. 6xx speaks for all of them, else the last one decides (§16.7)."""
        self._statuses.append(status)
        if self.undecided and (status >= 600 or len(self._statuses) == len(self._attempts)):
            self.over = True
            self.post.events.append(events.Refused(self.id, _best(self._statuses)))
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
        self._from = str(from_.with_tag(self._post.token()))
        self._to = str(to)
        self._call_id = self._post.token()
        self._contact = self._post.contact(target.flow, _user_of(from_))
        self._sdp = sdp
        self._sequence = 0
        self._invite: Request
        self._transaction: InviteClientTransaction
        self._heard = False  # a provisional answer: only then may CANCEL be sent (§9.1)
        self._done = False
        self._cancelling: str | None = None
        self._proved = 0
        self._early: dict[str, Conversation] = {}
        self._acknowledged: dict[str, Parcel] = {}

    def start(self, now: float) -> None:
        self._ask(now, None)

    def cancel(self, reason: str | None, now: float) -> None:
        """Now, or as soon as they are heard. If they answer all the same, the answer is ended by BYE."""
        if self._done or self._cancelling is not None:
            return
        self._cancelling = reason or ""
        if self._heard:
            self._send_cancel(now)

    # ---- what comes back -----------------------------------------------------------------------------------

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        if transaction is not self._transaction:
            return  # our CANCEL, or an INVITE that was asked anew with a proof: nothing hangs on it any more
        if what == "answer" and isinstance(message, Response):
            self._answered(message, now)
        elif what == "timeout":
            self._fail(408, now)
        elif what == "transport_error":
            self._fail(503, now)

    def _answered(self, response: Response, now: float) -> None:
        if response.status < 200:
            self._provisional(response, now)
        elif response.status < 300:
            self._success(response, now)
        elif response.status not in (401, 407) or not self._prove(response, now):
            self._fail(response.status, now)

    def _provisional(self, response: Response, now: float) -> None:
        first, self._heard = not self._heard, True
        if self._cancelling is not None:
            if first:
                self._send_cancel(now)
            return
        tag = response.to.tag
        if response.status > 100 and tag and tag not in self._early and len(self._early) < MOST_EARLY:
            self._early[tag] = self._converse(response)
        if response.status in (180, 183):
            self._call.rings(sdp_of(response))

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
        conversation.up = True
        flow = conversation.way()
        ack = conversation.dialog.request("ACK", self._post.via(flow), sequence=self._invite.cseq.number)
        ack.headers.copy_from(self._invite.headers, "Authorization", "Proxy-Authorization")  # §22.1: as in the INVITE
        self._acknowledged[tag] = self._post.send(ack, flow)
        self._finish()
        self._call.answered(self, conversation, sdp_of(response), now)

    def _fail(self, status: int, now: float) -> None:
        if not self._done:
            self._finish()
            self._call.failed(status, now)

    def _finish(self) -> None:
        self._done = True
        self._post.agenda.forget(self._give_up)
        for conversation in self._early.values():
            conversation.close()
        self._early.clear()

    # ---- within --------------------------------------------------------------------------------------------

    def _ask(self, now: float, proof: tuple[str, str] | None) -> None:
        self._sequence += 1
        self._heard = False
        target = self._target
        headers = Headers(
            [
                ("Via", self._post.via(target.flow)),
                ("Max-Forwards", MAX_FORWARDS),
                *(("Route", route) for route in target.routes),
                ("From", self._from),
                ("To", self._to),
                ("Call-ID", self._call_id),
                ("CSeq", f"{self._sequence} INVITE"),
                ("Contact", self._contact),
                ("Allow", ALLOW),
                ("User-Agent", USER_AGENT),
                ("Content-Type", SDP),
            ]
        )
        if proof is not None:
            headers.add(*proof)
        self._invite = Request("INVITE", target.uri, headers, self._sdp)
        transaction = self._post.ask(self._invite, target.flow, self, now)
        assert isinstance(transaction, InviteClientTransaction)
        self._transaction = transaction

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
        for conversation in self._early.values():
            conversation.close()
        self._early.clear()
        self._ask(now, ("Authorization" if response.status == 401 else "Proxy-Authorization", str(proof)))
        return True

    def _converse(self, response: Response) -> Conversation:
        target = self._target
        dialog = Dialog.of_our_invite(self._invite, response, self._contact, target.flow)
        return Conversation(self._post, self._call.id, dialog, self._call, self._call.dialogs, pinned=target.pinned)

    def _send_cancel(self, now: float) -> None:
        cancel = cancel_of(self._invite)
        if self._cancelling:
            cancel.headers.add("Reason", as_reason(self._cancelling))
        try:
            self._post.ask(cancel, self._target.flow, self, now)
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
