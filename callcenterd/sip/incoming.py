"""A call to us, from its INVITE to its end (RFC 3261 §13.3)."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto

from callcenterd.sip import events
from callcenterd.sip.conversation import Conversation
from callcenterd.sip.events import DialogId
from callcenterd.sip.message import Message, Request, reply_to
from callcenterd.sip.post import SDP, Post, party_of
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
        party_of(transaction).asker = self

    # ---- from our side; what comes too late changes nothing -------------------------------------------------

    def ring(self, sdp: bytes | None, now: float) -> None:
        """180, or 183 with early media."""
        if self._state is not _State.ARRIVING:
            return
        dialog = self.conversation.dialog
        response = reply_to(self._transaction.request, 180 if sdp is None else 183, to_tag=dialog.local_tag)
        response.headers.copy_from(self._transaction.request.headers, "Record-Route")
        response.headers.add("Contact", dialog.contact)
        if sdp is not None:
            response.headers.add("Content-Type", SDP)
            response.body = sdp
        self._post.respond(self._transaction, response, now)

    def accept(self, sdp: bytes, now: float) -> None:
        if self._state is _State.ARRIVING:
            self._state = _State.ANSWERED
            self.conversation.up = True
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

    def cancelled(self, now: float) -> None:
        """Their CANCEL, or a BYE before our answer (§15.1.2)."""
        if self._state is _State.ARRIVING:
            self._end(487, now)
            self._post.events.append(events.Cancelled(self.id))
            self._forget(self.id)

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

    def _end(self, status: int, now: float, phrase: str | None = None) -> None:
        self._state = _State.GONE
        self._post.answer(self._transaction, status, now, phrase=phrase, tag=self.conversation.dialog.local_tag)
        self.conversation.close()
