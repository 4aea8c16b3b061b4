"""Our own requests that renew what was agreed: re-INVITE (RFC 3261 §14) and UPDATE (RFC 3311), for a new offer or to
refresh the session (RFC 4028 §7).

One at a time; what cannot be asked now waits until the other side's offer is answered and acknowledged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from callcenterd.sip import events, session_timer
from callcenterd.sip.digest import prove
from callcenterd.sip.headers import seconds
from callcenterd.sip.message import Message, Request, Response
from callcenterd.sip.post import ALLOW, SDP, SUPPORTED, Account, Parcel, Post, sdp_of
from callcenterd.sip.session_timer import RULES
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.transaction import Told, Transaction

if TYPE_CHECKING:
    from callcenterd.sip.conversation import Conversation

MOST_TRIES = 8
"""Times that one renewal is asked for, if it is always put off: then it has failed."""


@dataclass(frozen=True, slots=True)
class _Question:
    """offer: new SDP that our side wants; None: only the session is to go on."""

    transaction: Transaction
    method: str
    offer: bytes | None


class Renewal:
    def __init__(
        self,
        post: Post,
        conversation: Conversation,
        *,
        owns_call_id: bool,
        account: Account | None,
        allows_update: bool,
    ) -> None:
        """owns_call_id: we began the dialog: after a glare we wait longer (RFC 3261 §14.1)."""
        self.allows_update = allows_update
        self._post = post
        self._conversation = conversation
        self._owns_call_id = owns_call_id
        self._account = account
        self._offer: bytes | None = None
        self._refresh = False
        self._question: _Question | None = None
        self._put_off = False
        self._tries = 0
        self._proved = False
        self._acknowledged: tuple[Transaction, Parcel] | None = None
        self._interval = RULES.expires

    @property
    def under_way(self) -> bool:
        """Their INVITE now is a glare: 491 (§14.2)."""
        return self._question is not None

    @property
    def offers(self) -> bool:
        """Does SDP of ours wait for its answer? Then an offer of theirs is a glare (RFC 3311 §5.2)."""
        return self._question is not None and (self._question.offer is not None or self._question.method == "INVITE")

    def offer(self, sdp: bytes, now: float) -> None:
        """The newest offer is the one that counts."""
        self._offer, self._tries = sdp, 0
        self.go_on(now)

    def refresh(self, now: float) -> None:
        self._refresh, self._tries = True, 0
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Ask what is wanted, if it can be asked now."""
        wanted = self._offer is not None or self._refresh
        if wanted and self._question is None and not self._put_off and self._conversation.may_offer:
            self._proved = False
            self._ask(self._offer, now)

    def stop(self) -> None:
        """The dialog is over. A question that is under way ends by itself, or is given up."""
        self._offer, self._refresh = None, False
        self._post.agenda.forget(self._after_glare)

    # ---- asking ----------------------------------------------------------------------------------------------

    def _ask(self, offer: bytes | None, now: float, proof: tuple[str, str] | None = None) -> None:
        conversation = self._conversation
        method = "UPDATE" if offer is None and self.allows_update else "INVITE"
        sdp = offer or (conversation.described if method == "INVITE" else b"")
        flow = conversation.way()
        request = conversation.dialog.request(method, self._post.via(flow))
        add = request.headers.add
        add("Contact", conversation.dialog.contact)
        add("Allow", ALLOW)
        add("Supported", SUPPORTED)
        agreement = conversation.agreement
        interval = max(self._interval, agreement.interval if agreement is not None else 0)
        role = "" if agreement is None else f";refresher={'uac' if agreement.ours else 'uas'}"
        add("Session-Expires", f"{interval}{role}")
        if interval > RULES.expires:
            add("Min-SE", str(interval))
        if proof is not None:
            add(*proof)
        if sdp:
            add("Content-Type", SDP)
            request.body = sdp
        self._tries += 1
        # Before it is sent: what cannot be sent is told at once.
        transaction = self._post.ask(request, flow, conversation, now)
        if not transaction.ended:
            self._question = _Question(transaction, method, offer)
            self._post.agenda.at(self._give_up, now + 2 * self._post.timers.patience)

    def _give_up(self, now: float) -> None:
        """Only provisional answers: nobody would end the INVITE."""
        if self._question is not None:
            self._post.transactions.abandon(self._question.transaction)
            self._lose("no answer to a new offer", now)

    # ---- answers ---------------------------------------------------------------------------------------------

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        if self._acknowledged is not None and transaction is self._acknowledged[0]:
            if what == "answer":
                self._post.parcels.append(self._acknowledged[1])  # the 2xx came again: so does its ACK
            return
        if self._question is None or transaction is not self._question.transaction:
            if what == "transport_error" and self._question is None:
                self._lose("cannot be sent", now)
            return
        if what == "answer" and isinstance(message, Response):
            if message.status >= 200:
                self._answered(self._question, message, now)
        elif what in ("timeout", "transport_error"):
            self._lose("no answer", now)

    def _answered(self, question: _Question, response: Response, now: float) -> None:
        status = response.status
        if status < 300:
            self._succeeded(question, response, now)
        elif status in (408, 481):  # §12.2.1.2: they know nothing of this dialog
            self._lose("not known there any more", now)
        elif status in (401, 407) and (proof := self._proof(question, response)) is not None:
            self._ended()
            self._ask(question.offer, now, proof)
        elif self._tries >= MOST_TRIES:
            self._failed(question, status, now)
        elif status == 422:
            self._interval = max(session_timer.shortest_of(response.headers), self._interval)
            self._ended()
            self.go_on(now)
        elif status == 491 or (status == 500 and response.headers.has("Retry-After")):
            self._ended()
            self._put_off = True
            self._post.agenda.at(self._after_glare, now + self._pause(response))
        elif question.method == "UPDATE":  # not done there after all
            self.allows_update = False
            self._ended()
            self.go_on(now)
        else:
            self._failed(question, status, now)

    def _succeeded(self, question: _Question, response: Response, now: float) -> None:
        conversation = self._conversation
        conversation.dialog.refresh(response.contacts)
        if question.method == "INVITE":
            flow = conversation.way()
            ack = conversation.dialog.request("ACK", self._post.via(flow), sequence=response.cseq.number)
            ack.headers.copy_from(question.transaction.request.headers, "Authorization", "Proxy-Authorization")
            self._acknowledged = question.transaction, self._post.send(ack, flow)
        self._ended()
        self._refresh = False
        if question.offer is not None and self._offer is question.offer:
            self._offer = None
        if conversation.told_no_more:
            return
        conversation.agree(session_timer.agreed(response, self._interval), now)
        if question.offer is not None:
            conversation.described = question.offer
        if (answer := sdp_of(response)) is not None:
            self._post.events.append(events.Reanswered(conversation.id, answer))
        elif question.offer is not None:
            self._post.events.append(events.OfferRefused(conversation.id, 488))
        self.go_on(now)

    def _failed(self, question: _Question, status: int, now: float) -> None:
        """They said no: all stays as it was (§14.1). They are there: a session goes on."""
        self._ended()
        self._refresh = False
        if question.offer is not None and self._offer is question.offer:
            self._offer = None
        if self._conversation.told_no_more:
            return
        if (agreement := self._conversation.agreement) is not None:
            self._conversation.agree(agreement, now)
        if question.offer is not None:
            self._post.events.append(events.OfferRefused(self._conversation.id, status))
        self.go_on(now)

    def _lose(self, why: str, now: float) -> None:
        self._ended()
        self.stop()
        self._conversation.lost(why, now)

    def _ended(self) -> None:
        self._question = None
        self._post.agenda.forget(self._give_up)

    def _pause(self, response: Response) -> float:
        """§14.1: the two sides wait for different times, in units of 10 ms."""
        asked = seconds((response.headers.get("Retry-After") or "").partition(";")[0].strip())
        if response.status == 500 and asked is not None:
            return float(min(asked, 10))
        chance = self._post.chance
        return (chance.randint(210, 400) if self._owns_call_id else chance.randint(0, 200)) / 100

    def _after_glare(self, now: float) -> None:
        self._put_off = False
        self.go_on(now)

    def _proof(self, question: _Question, response: Response) -> tuple[str, str] | None:
        """Only for who gave us a password, and once for a renewal."""
        if self._account is None or self._proved or self._conversation.told_no_more:
            return None
        try:
            challenges = response.challenges
        except MalformedMessage:
            return None
        self._proved = True
        request = question.transaction.request
        assert isinstance(request, Request)
        proof = prove(
            challenges,
            username=self._account.username,
            password=self._account.password,
            method=request.method,
            uri=request.uri,
            chance=self._post.chance,
        )
        name = "Authorization" if response.status == 401 else "Proxy-Authorization"
        return None if proof is None else (name, str(proof))
