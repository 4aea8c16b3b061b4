"""A dialog of a call, from the first tag to the BYE: what either side may ask within it (RFC 3261 §12-15, RFC 3311).

The same for who called and who was called. What we ask anew ourselves is in renewal.py, how a phone hands its call on
in referral.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip import events, session_timer
from callcenterd.sip.dialog import Dialog
from callcenterd.sip.events import DialogId
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import literal
from callcenterd.sip.matching import AnyServer, DialogKey
from callcenterd.sip.message import Message, Request, Response, reply_to
from callcenterd.sip.post import ALLOW, SDP, SUPPORTED, Account, Parcel, Post, party_of, sdp_of
from callcenterd.sip.refer import Replaces
from callcenterd.sip.referral import Referral
from callcenterd.sip.reliable import Ordered, Reliable
from callcenterd.sip.renewal import Renewal
from callcenterd.sip.session_timer import Agreement, SessionTimer
from callcenterd.sip.syntax import quoted
from callcenterd.sip.transaction import InviteServerTransaction, Send, SuccessRepeater, Tell, Told, Transaction
from callcenterd.sip.uri import SipUri

_KEY = re.compile(
    rb"\s*(?:(?:Duration\s*=\s*[0-9]{0,6}\s*)?Signal\s*=\s*)?([0-9A-Da-d*#]|1[01])\s*(?:[\r\n].*)?",
    re.DOTALL | re.IGNORECASE,
)
_NAMED_KEYS = {"10": "*", "11": "#"}
_KEY_TYPES = ("application/dtmf-relay", "application/dtmf")


class Owner(Protocol):
    """The call that this dialog is of."""

    def ended(self, conversation: Conversation, reason: str, now: float) -> None:
        """The other side ended it, or a rule did. Not told after our own hang_up."""

    def acknowledged(self, now: float) -> None:
        """A PRACK came for our provisional answer: the next one may follow."""


class Conversation:
    """up: answered; before that it is early. Once `gone` it sends nothing more of itself.

    settled:   the first offer has its answer; only then may either side make another one (RFC 3311 §5.1).
    described: the last SDP that we sent. extension: whose registered phone is at the other end, if it is one.
    reliable:  our provisional answers that wait for a PRACK; set by who is called. ordered: theirs.
    """

    def __init__(
        self,
        post: Post,
        identity: DialogId,
        dialog: Dialog,
        owner: Owner,
        dialogs: dict[DialogKey, Conversation],
        *,
        pinned: bool,
        up: bool = False,
        ours: bool = False,
        extension: ExtensionNumber | None = None,
        account: Account | None = None,
        allows_update: bool = False,
    ) -> None:
        """dialogs: where it can be found by what messages say. pinned: requests go where theirs came from, whatever
        they say: a phone's own idea of its address may be wrong, or somebody else's. ours: our INVITE began it.
        account: for who challenges us within it."""
        self.id = identity
        self.dialog = dialog
        self.up = up
        self.gone = False
        self.settled = up
        self.described = b""
        self.extension = extension
        self.reliable: Reliable | None = None
        self.ordered = Ordered()
        self.renewal = Renewal(post, self, owns_call_id=ours, account=account, allows_update=allows_update)
        self._ours = ours
        self._session = SessionTimer()
        self._referral: Referral | None = None
        self._post = post
        self._owner = owner
        self._dialogs = dialogs
        self._pinned = pinned
        self._repeater: SuccessRepeater | None = None  # of a 2xx that waits for its ACK
        self._unacknowledged = 0  # its CSeq
        self._success_flow = dialog.flow
        self._offered: AnyServer | None = None  # a re-INVITE or UPDATE that waits for our side
        self._asking = False  # an OPTIONS is under way
        self._leaving: str | None = None  # a hang_up that waits for the ACK, with its reason
        dialogs[self.dialog.key] = self

    @property
    def told_no_more(self) -> bool:
        return self.gone or self._leaving is not None

    @property
    def may_offer(self) -> bool:
        """May we ask anew? Not while an offer of theirs, or our answer to it, is under way (§14.1)."""
        return self.up and not self.told_no_more and self._offered is None and self._repeater is None

    @property
    def waits_for_us(self) -> bool:
        """Does an offer of theirs wait for our side?"""
        return self._offered is not None

    @property
    def agreement(self) -> Agreement | None:
        return self._session.agreement

    # ---- from our side -------------------------------------------------------------------------------------

    def succeed(self, transaction: AnyServer, sdp: bytes, now: float) -> None:
        """200 with SDP: to the INVITE that began it, or to a new offer."""
        response = reply_to(transaction.request, 200, to_tag=self.dialog.local_tag)
        response.headers.copy_from(transaction.request.headers, "Record-Route")
        response.headers.add("Contact", self.dialog.contact)
        response.headers.add("Allow", ALLOW)
        response.headers.add("Supported", SUPPORTED)
        if transaction.request.method in ("INVITE", "UPDATE"):
            self._renewed(transaction.request, response, now)
        response.headers.add("Content-Type", SDP)
        response.body = self.described = sdp
        [sent] = self._post.respond(transaction, response, now)
        if isinstance(transaction, InviteServerTransaction):
            self._unacknowledged = transaction.request.cseq.number
            self._success_flow = party_of(transaction).flow
            self._repeater = SuccessRepeater(sent, now, self._post.timers)
            self._post.agenda.at(self._repeat, self._repeater.deadline())

    def accept_offer(self, sdp: bytes, now: float) -> None:
        if self._offered is not None and not self.gone:
            offered, self._offered = self._offered, None
            self.succeed(offered, sdp, now)
            self.renewal.go_on(now)

    def refuse_offer(self, status: int, now: float) -> None:
        if self._offered is not None and not self.gone:
            offered, self._offered = self._offered, None
            self._post.answer(offered, status, now)
            self.renewal.go_on(now)

    def tell_referral(self, status: int, now: float) -> None:
        """How far the REFER has come: 100 takes it on, 1xx is on the way, from 200 on it is decided."""
        if self._referral is not None and not self.gone and self._referral.progress(status, now):
            self._referral = None

    def agree(self, agreement: Agreement, now: float) -> None:
        """The session was refreshed (RFC 4028 §10)."""
        self._session.agree(agreement, now)
        self._post.agenda.at(self._session_due, self._session.deadline())

    def hang_up(self, reason: str | None, now: float) -> None:
        """BYE. One that was answered but not yet acknowledged gets it after the ACK (§15)."""
        if self.told_no_more:
            return
        self._leaving = reason or ""
        if self._repeater is None:
            self._say_goodbye(now)

    def ask_if_there(self, now: float) -> None:
        """OPTIONS (§11.1). Who does not answer it, or knows no such dialog, is in it no more (§12.2.1.2)."""
        if not self.up or self.told_no_more or self._asking:
            return
        self._asking = True
        flow = self.way()
        self._post.ask(self.dialog.request("OPTIONS", self._post.via(flow)), flow, self, now)

    def close(self) -> None:
        """Without a word: an early dialog whose INVITE came to nothing."""
        self.gone = True
        self._stop_repeating()
        self.renewal.stop()
        self._post.agenda.forget(self._session_due)
        if self._dialogs.get(self.dialog.key) is self:
            del self._dialogs[self.dialog.key]

    def way(self) -> Flow:
        """Where our requests go: where theirs came from, or the address that route set and Contact name (§8.1.2)."""
        flow, hop = self.dialog.flow, self.dialog.next_hop
        if self._pinned or not isinstance(hop, SipUri) or (address := literal(hop.host)) is None:
            return flow
        remote = (address, hop.port or 5060)
        if remote == flow.remote:
            return flow
        return Flow(flow.transport, remote, flow.local)

    # ---- from theirs ---------------------------------------------------------------------------------------

    def acknowledged(self, ack: Request, now: float) -> None:
        if self._repeater is None or ack.cseq.number != self._unacknowledged:
            return
        self._stop_repeating()
        if self._leaving is not None:
            self._say_goodbye(now)
        else:
            self._post.events.append(events.Acknowledged(self.id, sdp_of(ack)))
            self.renewal.go_on(now)

    def asked(self, request: Request, transaction: AnyServer, now: float) -> None:
        """A new request within the dialog. Whatever it is, it is answered now or its offer is handed on."""
        if not self.dialog.in_order(request):
            self._post.answer(transaction, 500, now)
            return
        match request.method:
            case "BYE":
                self._bye(transaction, now)
            case "INVITE":
                self._reinvite(request, transaction, now)
            case "UPDATE":
                self._update(request, transaction, now)
            case "PRACK":
                self._prack(request, transaction, now)
            case "REFER":
                self._refer(transaction, now)
            case "INFO":
                self._info(request, transaction, now)
            case "OPTIONS":
                self._options(request, transaction, now)
            case _:
                self._post.answer(transaction, 405, now)

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        """Of our BYE: whatever comes of it, the dialog is over (§15.1.1). Of their re-INVITE: an ACK on its branch."""
        if isinstance(transaction, AnyServer):
            if what == "ack" and isinstance(message, Request):
                self.acknowledged(message, now)
            return
        match transaction.request.method:
            case "BYE":
                if what != "answer" or self._final(transaction):
                    self.close()
            case "INVITE" | "UPDATE":
                self.renewal.told(transaction, what, message, now)
            case "NOTIFY":
                if self._referral is not None and (what != "answer" or self._final(transaction)):
                    self._referral.notified(isinstance(message, Response) and message.status < 300, now)
            case "OPTIONS":
                if what != "answer" or self._final(transaction):
                    self._asking = False
                    if not isinstance(message, Response) or message.status in (408, 481):
                        self.lost(events.NOT_THERE, now)
            case _:
                pass  # a PRACK: whether it arrived is seen by the answer that it was for

    def lost(self, why: str, now: float) -> None:
        """A dialog that broke a rule, or that nobody is in any more, ends with a BYE (§13.3.1.4, §12.2.1.2)."""
        was_told = self.told_no_more
        if not self.gone:
            self._leaving = self._leaving or ""
            self._say_goodbye(now)
        if not was_told:
            self._owner.ended(self, why, now)

    # ---- within --------------------------------------------------------------------------------------------

    @staticmethod
    def _final(transaction: Transaction) -> bool:
        return transaction.state.name in ("COMPLETED", "TERMINATED")

    def _bye(self, transaction: AnyServer, now: float) -> None:
        self._post.answer(transaction, 200, now)
        if self._offered is not None:
            self._post.answer(self._offered, 487, now)
            self._offered = None
        was_told = self.told_no_more
        self.close()
        if not was_told:
            self._owner.ended(self, "normal", now)

    def _reinvite(self, request: Request, transaction: AnyServer, now: float) -> None:
        if not self.up or self._repeater is not None or self.told_no_more or self.renewal.under_way:
            self._post.answer(transaction, 491, now)
        elif self._offered is not None:
            self._busy_with_offer(transaction, now)
        elif request.body and sdp_of(request) is None:
            self._no_sdp(transaction, now)
        elif session_timer.too_brief(request):
            self._too_brief(transaction, now)
        else:
            party_of(transaction).asker = self
            self._take_offer(request, transaction)

    def _update(self, request: Request, transaction: AnyServer, now: float) -> None:
        """RFC 3311 §5.2. Without SDP it only keeps the session alive or moves their Contact."""
        if request.body and sdp_of(request) is None:
            self._no_sdp(transaction, now)
        elif session_timer.too_brief(request):
            self._too_brief(transaction, now)
        elif not request.body:
            self.dialog.refresh(request.contacts)
            response = reply_to(request, 200, to_tag=self.dialog.local_tag)
            response.headers.add("Contact", self.dialog.contact)
            if self.up:
                self._renewed(request, response, now)
            self._post.respond(transaction, response, now)
        elif not self.up and not self.settled and not self._ours:
            self._busy_with_offer(transaction, now)  # their first offer still waits for our answer
        elif not self.settled or self._repeater is not None or self.told_no_more or self.renewal.offers:
            self._post.answer(transaction, 491, now)
        elif self._offered is not None:
            self._busy_with_offer(transaction, now)
        else:
            self._take_offer(request, transaction)

    def _prack(self, request: Request, transaction: AnyServer, now: float) -> None:
        """RFC 3262 §3. It may bring a new offer, once the first one is answered (§5)."""
        if self.reliable is None or not self.reliable.acknowledged_by(request):
            self._post.answer(transaction, 481, now)
            return
        if sdp_of(request) is not None and self._offered is None:
            self._take_offer(request, transaction)
        else:
            self._post.answer(transaction, 200, now)
        self._owner.acknowledged(now)

    def _refer(self, transaction: AnyServer, now: float) -> None:
        """Only of a phone that proved who it is, from where it speaks: else it would be a way to call at our cost."""
        if (
            self.extension is None
            or not self.up
            or self.told_no_more
            or party_of(transaction).flow.remote[0] != self.dialog.flow.remote[0]
        ):
            self._post.answer(transaction, 403, now)
        elif self._referral is not None:
            self._post.answer(transaction, 491, now)
        else:
            self._referral = Referral.begin(self._post, self, transaction, now)

    def finds(self, wanted: Replaces) -> Conversation | None:
        return named_by(wanted, self._dialogs)

    def _renewed(self, request: Request, response: Response, now: float) -> None:
        """Our 2xx says until when the session holds (RFC 4028 §9)."""
        agreement = session_timer.answered(request)
        response.headers.add("Session-Expires", agreement.header(asked=False))
        if agreement.said and not agreement.ours:
            response.headers.add("Require", "timer")
        self.agree(agreement, now)

    def _session_due(self, now: float) -> None:
        match self._session.due(now):
            case "refresh":
                self.renewal.refresh(now)
            case "over":
                self.lost("session expired", now)
            case None:
                self._post.agenda.at(self._session_due, self._session.deadline())

    def _too_brief(self, transaction: AnyServer, now: float) -> None:
        """RFC 4028 §6."""
        response = reply_to(transaction.request, 422, to_tag=self.dialog.local_tag)
        response.headers.add("Min-SE", str(session_timer.RULES.shortest))
        self._post.respond(transaction, response, now)

    def _take_offer(self, request: Request, transaction: AnyServer) -> None:
        self.dialog.refresh(request.contacts)
        self._offered = transaction
        self._post.events.append(events.Reoffered(self.id, sdp_of(request)))

    def _info(self, request: Request, transaction: AnyServer, now: float) -> None:
        if request.body and request.content_type not in _KEY_TYPES:
            self._post.answer(transaction, 415, now)
            return
        self._post.answer(transaction, 200, now)
        match = _KEY.fullmatch(request.body)
        if match is not None and not self.told_no_more:
            key = match[1].decode().upper()
            self._post.events.append(events.KeyByInfo(self.id, _NAMED_KEYS.get(key, key)))

    def _options(self, request: Request, transaction: AnyServer, now: float) -> None:
        response = reply_to(request, 200, to_tag=self.dialog.local_tag)
        response.headers.add("Allow", ALLOW)
        response.headers.add("Accept", SDP)
        self._post.respond(transaction, response, now)

    def _busy_with_offer(self, transaction: AnyServer, now: float) -> None:
        """A second offer before the first is answered (§14.2, RFC 3311 §5.2)."""
        response = reply_to(transaction.request, 500, to_tag=self.dialog.local_tag)
        response.headers.add("Retry-After", str(self._post.chance.randint(1, 10)))
        self._post.respond(transaction, response, now)

    def _no_sdp(self, transaction: AnyServer, now: float) -> None:
        response = reply_to(transaction.request, 415, to_tag=self.dialog.local_tag)
        response.headers.add("Accept", SDP)
        self._post.respond(transaction, response, now)

    def _repeat(self, now: float) -> None:
        if self._repeater is None:
            return
        for effect in self._repeater.advance(now):
            if isinstance(effect, Send):
                self._post.counts["repeated"] += 1
                self._post.parcels.append(Parcel(effect.octets, self._success_flow))
            elif isinstance(effect, Tell):
                self._repeater = None
                self.lost("no ACK", now)
                return
        self._post.agenda.at(self._repeat, self._repeater.deadline())

    def _say_goodbye(self, now: float) -> None:
        """The dialog stays findable until the BYE is answered: theirs may cross ours."""
        if self._offered is not None:
            self._post.answer(self._offered, 487, now)
            self._offered = None
        flow = self.way()
        bye = self.dialog.request("BYE", self._post.via(flow))
        if self._leaving:
            bye.headers.add("Reason", as_reason(self._leaving))
        self._post.ask(bye, flow, self, now)

    def _stop_repeating(self) -> None:
        if self._repeater is not None:
            self._repeater = None
            self._post.agenda.forget(self._repeat)


def named_by(wanted: Replaces, dialogs: Mapping[DialogKey, Conversation]) -> Conversation | None:
    """The dialog of ours that Replaces names, by either side's view of the tags: phones write both."""
    for local, remote in ((wanted.to_tag, wanted.from_tag), (wanted.from_tag, wanted.to_tag)):
        if (found := dialogs.get(DialogKey(wanted.call_id, local, remote))) is not None:
            return found
    return None


def as_reason(text: str) -> str:
    """A Reason header (RFC 3326) of one, or of plain words."""
    return text if text.startswith(("SIP;", "Q.850;")) else f"SIP;text={quoted(text)}"
