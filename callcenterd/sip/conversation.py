"""A dialog of a call, from the first tag to the BYE: what either side may ask within it (RFC 3261 §12-15, RFC 3311).

The same for who called and who was called. We offer no re-INVITE of our own yet, so there is no glare of ours.
"""

from __future__ import annotations

import re
from typing import Protocol

from callcenterd.sip import events
from callcenterd.sip.dialog import Dialog
from callcenterd.sip.events import DialogId
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import literal
from callcenterd.sip.matching import AnyServer, DialogKey
from callcenterd.sip.message import Message, Request, reply_to
from callcenterd.sip.post import ALLOW, SDP, Parcel, Post, party_of, sdp_of
from callcenterd.sip.syntax import quoted
from callcenterd.sip.transaction import InviteServerTransaction, Send, SuccessRepeater, Tell, Told, Transaction
from callcenterd.sip.uri import SipUri

_KEY = re.compile(rb"\s*(?:Signal\s*=\s*)?([0-9A-Da-d*#]|1[01])\s*(?:[\r\n].*)?", re.DOTALL | re.IGNORECASE)
_NAMED_KEYS = {"10": "*", "11": "#"}
_KEY_TYPES = ("application/dtmf-relay", "application/dtmf")


class Owner(Protocol):
    """The call that this dialog is of."""

    def ended(self, conversation: Conversation, reason: str, now: float) -> None:
        """The other side ended it, or a rule did. Not told after our own hang_up."""


class Conversation:
    """up: answered; before that it is early. Once `gone` it sends nothing more of itself."""

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
    ) -> None:
        """dialogs: where it can be found by what messages say. pinned: requests go where theirs came from, whatever
        they say: a phone's own idea of its address may be wrong, or somebody else's."""
        self.id = identity
        self.dialog = dialog
        self.up = up
        self.gone = False
        self._post = post
        self._owner = owner
        self._dialogs = dialogs
        self._pinned = pinned
        self._repeater: SuccessRepeater | None = None  # of a 2xx that waits for its ACK
        self._unacknowledged = 0  # its CSeq
        self._success_flow = dialog.flow
        self._offered: AnyServer | None = None  # a re-INVITE or UPDATE that waits for our side
        self._leaving: str | None = None  # a hang_up that waits for the ACK, with its reason
        dialogs[self.dialog.key] = self

    @property
    def told_no_more(self) -> bool:
        return self.gone or self._leaving is not None

    # ---- from our side -------------------------------------------------------------------------------------

    def succeed(self, transaction: AnyServer, sdp: bytes, now: float) -> None:
        """200 with SDP: to the INVITE that began it, or to a new offer."""
        response = reply_to(transaction.request, 200, to_tag=self.dialog.local_tag)
        response.headers.copy_from(transaction.request.headers, "Record-Route")
        response.headers.add("Contact", self.dialog.contact)
        response.headers.add("Allow", ALLOW)
        response.headers.add("Content-Type", SDP)
        response.body = sdp
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

    def refuse_offer(self, status: int, now: float) -> None:
        if self._offered is not None and not self.gone:
            offered, self._offered = self._offered, None
            self._post.answer(offered, status, now)

    def hang_up(self, reason: str | None, now: float) -> None:
        """BYE. One that was answered but not yet acknowledged gets it after the ACK (§15)."""
        if self.told_no_more:
            return
        self._leaving = reason or ""
        if self._repeater is None:
            self._say_goodbye(now)

    def close(self) -> None:
        """Without a word: an early dialog whose INVITE came to nothing."""
        self.gone = True
        self._stop_repeating()
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
            case "INFO":
                self._info(request, transaction, now)
            case "OPTIONS":
                self._options(request, transaction, now)
            case _:
                self._post.answer(transaction, 405, now)

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        """Of our BYE: whatever comes of it, the dialog is over (§15.1.1). Of their re-INVITE: an ACK on its branch."""
        if transaction.request.method == "BYE":
            if what != "answer" or self._final(transaction):
                self.close()
        elif what == "ack" and isinstance(message, Request):
            self.acknowledged(message, now)

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
        if not self.up or self._repeater is not None or self.told_no_more:
            self._post.answer(transaction, 491, now)
        elif self._offered is not None:
            self._busy_with_offer(transaction, now)
        elif request.body and sdp_of(request) is None:
            self._no_sdp(transaction, now)
        else:
            party_of(transaction).asker = self
            self._take_offer(request, transaction)

    def _update(self, request: Request, transaction: AnyServer, now: float) -> None:
        """RFC 3311 §5.2. Without SDP it only keeps the session alive or moves their Contact."""
        if request.body and sdp_of(request) is None:
            self._no_sdp(transaction, now)
        elif not request.body:
            self.dialog.refresh(request.contacts)
            response = reply_to(request, 200, to_tag=self.dialog.local_tag)
            response.headers.add("Contact", self.dialog.contact)
            self._post.respond(transaction, response, now)
        elif not self.up or self._repeater is not None or self.told_no_more:
            self._post.answer(transaction, 491, now)
        elif self._offered is not None:
            self._busy_with_offer(transaction, now)
        else:
            self._take_offer(request, transaction)

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
                self._lost("no ACK", now)
                return
        self._post.agenda.at(self._repeat, self._repeater.deadline())

    def _lost(self, why: str, now: float) -> None:
        """A dialog that broke a rule ends with a BYE (§13.3.1.4)."""
        was_told = self.told_no_more
        if not self.gone:
            self._leaving = self._leaving or ""
            self._say_goodbye(now)
        if not was_told:
            self._owner.ended(self, why, now)

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


def as_reason(text: str) -> str:
    """A Reason header (RFC 3326) of one, or of plain words."""
    return text if text.startswith(("SIP;", "Q.850;")) else f"SIP;text={quoted(text)}"
