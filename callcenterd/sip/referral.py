"""One REFER that a phone sent within its call, from the answer to the last NOTIFY (RFC 3515 §2.4).

The implicit subscription is told only the newest state: a phone wants to know what became of it, not how.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from callcenterd.sip import events
from callcenterd.sip.matching import AnyServer
from callcenterd.sip.message import reply_to
from callcenterd.sip.post import Post
from callcenterd.sip.refer import LASTS, Wish, fragment
from callcenterd.sip.syntax import MalformedMessage

if TYPE_CHECKING:
    from callcenterd.sip.conversation import Conversation


class Referral:
    def __init__(self, post: Post, conversation: Conversation, transaction: AnyServer, *, quiet: bool) -> None:
        self._post = post
        self._conversation = conversation
        self._unanswered: AnyServer | None = transaction
        self._quiet = quiet
        self._sequence = transaction.request.cseq.number
        self._next: int | None = None  # a state that is to be told when the NOTIFY before is answered
        self._notifying = False

    @classmethod
    def begin(cls, post: Post, conversation: Conversation, transaction: AnyServer, now: float) -> Self | None:
        """Hand the wish on. None: it cannot be one, and is answered."""
        try:
            wish = Wish.of(transaction.request)
        except MalformedMessage:
            post.answer(transaction, 400, now)
            return None
        replaced = None
        if wish.replaces is not None:
            replaced = conversation.finds(wish.replaces)
            if replaced is None or replaced is conversation:
                post.answer(transaction, 404, now)
                return None
            if replaced.extension != conversation.extension:
                post.answer(transaction, 403, now)  # nobody takes over the call of another
                return None
        post.events.append(
            events.Referred(conversation.id, wish.number, None if replaced is None else replaced.id, wish.by)
        )
        return cls(post, conversation, transaction, quiet=wish.quiet)

    def progress(self, status: int, now: float) -> bool:
        """Answers whether this was the last that there is to tell."""
        if self._unanswered is not None:
            transaction, self._unanswered = self._unanswered, None
            if status >= 300:
                self._post.answer(transaction, status, now, tag=self._conversation.dialog.local_tag)
                return True
            self._accept(transaction, now)
        if not self._quiet:
            self._next = status
            self._notify(now)
        return status >= 200

    def notified(self, went_well: bool, now: float) -> None:  # the one thing that is told
        """Our NOTIFY is answered, or never will be: then they do not want to know more."""
        self._notifying = False
        if not went_well:
            self._quiet = True
        elif self._next is not None:
            self._notify(now)

    def _accept(self, transaction: AnyServer, now: float) -> None:
        response = reply_to(transaction.request, 202, to_tag=self._conversation.dialog.local_tag)
        response.headers.add("Contact", self._conversation.dialog.contact)
        if self._quiet:
            response.headers.add("Refer-Sub", "false")  # RFC 4488 §4
        self._post.respond(transaction, response, now)

    def _notify(self, now: float) -> None:
        """The last one is not kept back: the call may be over before the one before is answered."""
        status = self._next
        if status is None or self._conversation.told_no_more or (self._notifying and status < 200):
            return
        self._next, self._notifying = None, True
        conversation = self._conversation
        flow = conversation.way()
        request = conversation.dialog.request("NOTIFY", self._post.via(flow))
        add = request.headers.add
        add("Contact", conversation.dialog.contact)
        add("Event", f"refer;id={self._sequence}")
        add("Subscription-State", f"active;expires={LASTS}" if status < 200 else "terminated;reason=noresource")
        add("Content-Type", "message/sipfrag;version=2.0")
        request.body = fragment(status)
        self._post.ask(request, flow, conversation, now)
