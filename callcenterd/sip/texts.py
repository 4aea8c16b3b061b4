"""Short texts from one phone to another: MESSAGE (RFC 3428). Sans-IO.

Only between our own extensions, and only of who has proved to be one. Nothing is kept: who is not there is not reached.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from callcenterd.errors import LocalError, NotFound
from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.identity import number_of
from callcenterd.sip.matching import AnyServer
from callcenterd.sip.message import Headers, Message, Request, Response, reply_to
from callcenterd.sip.outgoing import Target
from callcenterd.sip.post import USER_AGENT, Post
from callcenterd.sip.transaction import Told, Transaction
from callcenterd.sip.uri import SipUri

LONGEST = 1300
"""Octets of a request with its text: it must fit into a datagram (§8)."""
KINDS = ("text/plain",)

Phones = Callable[[ExtensionNumber, float], Sequence[Target]]
"""Where an extension's phones are now. Raises NotFound, or LocalError if there is none."""


class Texts:
    def __init__(self, post: Post, domain: str, phones: Phones) -> None:
        self._post = post
        self._domain = domain
        self._phones = phones

    def arrived(self, transaction: AnyServer, sender: ExtensionNumber, now: float) -> None:
        """A text of `sender`, who has proved it. It is answered when a phone has taken it, or none has."""
        request = transaction.request
        if request.content_type not in KINDS:
            response = reply_to(request, 415, to_tag=self._post.token())
            response.headers.add("Accept", ", ".join(KINDS))
            self._post.respond(transaction, response, now)
        elif len(request.body) > LONGEST:
            self._post.answer(transaction, 413, now)
        elif request.max_forwards == 0:
            self._post.answer(transaction, 483, now)
        else:
            self._deliver(transaction, sender, now)

    def _deliver(self, transaction: AnyServer, sender: ExtensionNumber, now: float) -> None:
        number = ExtensionNumber(number_of(transaction.request.target))
        try:
            targets = self._phones(number, now)
        except NotFound:
            self._post.answer(transaction, 404, now)
            return
        except LocalError:
            self._post.answer(transaction, 480, now)
            return
        delivery = _Delivery(self._post, transaction, len(targets))
        for target in targets:
            self._post.ask(self._written(transaction.request, sender, number, target), target.flow, delivery, now)

    def _written(self, request: Request, sender: ExtensionNumber, to: ExtensionNumber, target: Target) -> Request:
        from_ = NameAddr("", SipUri.of(sender, self._domain)).with_tag(self._post.token())
        headers = Headers(
            [
                ("Via", self._post.via(target.flow)),
                ("Max-Forwards", str((request.max_forwards or 70) - 1)),
                *(("Route", route) for route in target.routes),
                ("From", str(from_)),
                ("To", str(NameAddr("", SipUri.of(to, self._domain)))),
                ("Call-ID", self._post.token()),
                ("CSeq", "1 MESSAGE"),
                ("User-Agent", USER_AGENT),
                ("Content-Type", request.headers.get("Content-Type") or KINDS[0]),
            ]
        )
        return Request("MESSAGE", target.uri, headers, request.body)


class _Delivery:
    """One text on its way to every phone of an extension: the first that takes it answers for all."""

    def __init__(self, post: Post, transaction: AnyServer, phones: int) -> None:
        self._post = post
        self._transaction = transaction
        self._left = phones
        self._answered = False

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        del transaction
        if what == "answer" and isinstance(message, Response):
            if message.status >= 200:
                self._final(message.status, now)
        elif what in ("timeout", "transport_error"):
            self._final(480, now)

    def _final(self, status: int, now: float) -> None:
        self._left -= 1
        if not self._answered and (status < 300 or self._left == 0):
            self._answered = True
            self._post.answer(self._transaction, 200 if status < 300 else 480, now)
