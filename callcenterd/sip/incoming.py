"""A call to us, from its INVITE to its end (RFC 3261 §13.3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from callcenterd.sip import events
from callcenterd.sip.conversation import Conversation
from callcenterd.sip.events import DialogId
from callcenterd.sip.message import Message, Request, reply_to
from callcenterd.sip.post import ALLOW, SDP, SUPPORTED, Parcel, Post, party_of
from callcenterd.sip.reliable import Reliable, wants_reliable
from callcenterd.sip.transaction import InviteServerTransaction, Told, Transaction


class _State(Enum):
    ARRIVING = auto()
    ANSWERED = auto()
    GONE = auto()


class Incoming:
    def __init__(
        self, post: Post, identity: DialogId, transaction: InviteServerTransaction, forget: Callable[[DialogId], None]
    ) -> None:
        """forget: told when the call is gone by the other side's doing. conversation is set by who makes both."""
        self.id = identity
        self.conversation: Conversation
        self._post = post
        self._transaction = transaction
        self._forget = forget
        self._state = _State.ARRIVING
        self._reliable = Reliable(transaction.request.cseq.number, post.chance, post.timers)
        self._then_rings: bytes | None = None  # early media that waits for a PRACK
        self._then_answers: bytes | None = None  # our 2xx that waits for it
        party_of(transaction).asker = self

    # ---- from our side; what comes too late changes nothing -------------------------------------------------

    def ring(self, sdp: bytes | None, now: float) -> None:
        """180, or 183 with early media; reliable where that is wanted (RFC 3262 §3)."""
        if self._state is not _State.ARRIVING or self._then_answers is not None:
            return
        if self._reliable.waits:
            self._then_rings = sdp or self._then_rings
            return
        invite, dialog = self._transaction.request, self.conversation.dialog
        response = reply_to(invite, 180 if sdp is None else 183, to_tag=dialog.local_tag)
        response.headers.copy_from(invite.headers, "Record-Route")
        response.headers.add("Contact", dialog.contact)
        response.headers.add("Allow", ALLOW)
        response.headers.add("Supported", SUPPORTED)
        if reliable := wants_reliable(invite, sdp=sdp is not None):
            self._reliable.stamp(response)
        if sdp is not None:
            response.headers.add("Content-Type", SDP)
            response.body = self.conversation.described = sdp
        sent = self._post.respond(self._transaction, response, now)
        if reliable:
            self.conversation.reliable = self._reliable
            self._reliable.sent(sent[0], now, with_sdp=sdp is not None)
            self._post.agenda.at(self._repeat, self._reliable.deadline())

    def accept(self, sdp: bytes, now: float) -> None:
        """200. It waits for the PRACK of early media (RFC 3262 §3)."""
        if self._state is not _State.ARRIVING:
            return
        if self._reliable.holds_success:
            self._then_answers = sdp
            return
        self._be_silent()
        self._state = _State.ANSWERED
        self.conversation.up = self.conversation.settled = True
        self.conversation.succeed(self._transaction, sdp, now)

    def refuse(self, status: int, phrase: str | None, now: float) -> None:
        if self._state is _State.ARRIVING:
            self._end(status, now, phrase)

    def hang_up(self, reason: str | None, now: float) -> None:
        if self._state is _State.ARRIVING:
            self._end(480, now)
        elif self._state is _State.ANSWERED:
            self._state = _State.GONE
            self.conversation.hang_up(reason, now)

    # ---- from theirs ----------------------------------------------------------------------------------------

    def cancelled(self, now: float, *, elsewhere: bool = False) -> None:
        """Their CANCEL, or a BYE before our answer (§15.1.2)."""
        self._end_by_them(487, now, elsewhere=elsewhere)

    def acknowledged(self, now: float) -> None:
        """A PRACK came: what waited for it follows."""
        self._post.agenda.forget(self._repeat)
        self.conversation.settled = self.conversation.settled or bool(self.conversation.described)
        if self._then_answers is not None:
            self.accept(self._then_answers, now)
        elif self._then_rings is not None:
            rings, self._then_rings = self._then_rings, None
            self.ring(rings, now)

    def ended(self, conversation: Conversation, reason: str, now: float) -> None:
        del conversation  # there is only one
        if self._state is _State.ARRIVING:
            self.cancelled(now)
        elif self._state is _State.ANSWERED:
            self._state = _State.GONE
            self._post.events.append(events.HungUp(self.id, reason))
            self._forget(self.id)

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        """An ACK on the INVITE's own branch, as some old phones send it. Lost refusals and answers mend themselves."""
        del transaction
        if what == "ack" and isinstance(message, Request):
            self.conversation.acknowledged(message, now)

    def _repeat(self, now: float) -> None:
        """No PRACK yet: once more, or, after 64·T1, the INVITE is refused (RFC 3262 §3)."""
        if self._reliable.given_up(now):
            self._end_by_them(504, now)
            return
        if (again := self._reliable.advance(now)) is not None:
            self._post.counts["repeated"] += 1
            self._post.parcels.append(Parcel(again.octets, party_of(self._transaction).flow))
        self._post.agenda.at(self._repeat, self._reliable.deadline())

    def _be_silent(self) -> None:
        self._reliable.stop()
        self._post.agenda.forget(self._repeat)

    def _end_by_them(self, status: int, now: float, *, elsewhere: bool = False) -> None:
        if self._state is _State.ARRIVING:
            self._end(status, now)
            self._post.events.append(events.Cancelled(self.id, elsewhere))
            self._forget(self.id)

    def _end(self, status: int, now: float, phrase: str | None = None) -> None:
        self._state = _State.GONE
        self._be_silent()
        self._post.answer(self._transaction, status, now, phrase=phrase, tag=self.conversation.dialog.local_tag)
        self.conversation.close()
