"""How far away registered phones are: an OPTIONS now and then, and how long its answer took (RFC 3261 §11).

Whatever the answer says, it is one: there is a phone. Silence is shown and nothing else: the binding stands until it
runs out, since the phone may be asleep. As many are asked in a second as cost next to nothing; further ones come later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callcenterd.errors import LocalError
from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip.dialog import MAX_FORWARDS
from callcenterd.sip.message import Headers, Message, Request, Response
from callcenterd.sip.post import SDP, USER_AGENT, Post
from callcenterd.sip.registrar import Binding, Registrar
from callcenterd.sip.transaction import Told, Transaction
from callcenterd.sip.uri import SipUri

EVERY = 60.0
SPREAD = 0.1
"""Seconds between two questions, and the share by which chance makes it more or less: phones that were switched on
together are not asked together for ever."""
FIRST = (1.0, 5.0)
"""Seconds after it has registered."""
MOST_AT_ONCE = 20
PAUSE = 0.2
"""Questions of one moment, and the seconds until the next one: a hundred a second at most."""


class Qualify:
    def __init__(self, post: Post, registrar: Registrar) -> None:
        self._post = post
        self._registrar = registrar
        self._watched: dict[ExtensionNumber, dict[str, Distance]] = {}
        self._began, self._asked = float("-inf"), 0  # the present moment, and the questions in it

    def registered(self, extension: ExtensionNumber, bindings: Sequence[Binding], now: float) -> None:
        """The bindings of an extension as they stand now. One that is new is asked soon."""
        contacts = {str(binding.uri) for binding in bindings}
        watched = self._watched.setdefault(extension, {})
        for contact in watched.keys() - contacts:
            self._forget(watched[contact])
        for contact in contacts - watched.keys():
            distance = watched[contact] = Distance(self, extension, contact)
            self._post.agenda.at(distance.look, now + self._post.chance.uniform(*FIRST))
        if not watched:
            self._watched.pop(extension, None)

    def of(self, extension: ExtensionNumber, binding: Binding) -> Distance | None:
        return self._watched.get(extension, {}).get(str(binding.uri))

    def __len__(self) -> int:
        return sum(len(watched) for watched in self._watched.values())

    # ---- within --------------------------------------------------------------------------------------------

    def ask(self, distance: Distance, now: float) -> None:
        """From the one that is due. Without a binding there is nobody to ask any more."""
        bindings = self._registrar.bindings(distance.extension, now)
        binding = next((binding for binding in bindings if str(binding.uri) == distance.contact), None)
        if binding is None:
            self._forget(distance)
            return
        if now >= self._began + PAUSE:
            self._began, self._asked = now, 0
        if self._asked >= MOST_AT_ONCE:
            self._post.agenda.at(distance.look, self._began + PAUSE)
            return
        self._asked += 1
        self._post.agenda.at(distance.look, now + EVERY * self._post.chance.uniform(1 - SPREAD, 1 + SPREAD))
        try:
            request = self._options(binding)
        except LocalError:  # no address of ours faces it now
            distance.silent = True
            return
        self._post.ask(request, binding.flow, _Question(distance, now), now)

    def _forget(self, distance: Distance) -> None:
        self._post.agenda.forget(distance.look)
        watched = self._watched.get(distance.extension, {})
        watched.pop(distance.contact, None)
        if not watched:
            self._watched.pop(distance.extension, None)

    def _options(self, binding: Binding) -> Request:
        flow, uri = binding.flow, binding.uri
        target = SipUri(uri.scheme, uri.userinfo, uri.host, uri.port, uri.params)  # without what stands after "?"
        headers = Headers([("Via", self._post.via(flow)), ("Max-Forwards", MAX_FORWARDS), ("User-Agent", USER_AGENT)])
        for route in binding.path:
            headers.add("Route", route)
        headers.add("From", f"<sip:{self._post.place(flow)}>;tag={self._post.token()}")
        headers.add("To", f"<{target}>")
        headers.add("Call-ID", self._post.token())
        headers.add("CSeq", "1 OPTIONS")
        headers.add("Contact", self._post.contact(flow))
        headers.add("Accept", SDP)
        return Request("OPTIONS", str(target), headers)


@dataclass(eq=False, slots=True)
class Distance:
    """One phone's. latency: seconds of the last answer; None: none yet. silent: the last question had none."""

    qualify: Qualify
    extension: ExtensionNumber
    contact: str
    latency: float | None = None
    silent: bool = False

    def look(self, now: float) -> None:
        self.qualify.ask(self, now)


@dataclass(eq=False, slots=True)
class _Question:
    distance: Distance
    asked_at: float

    def told(self, transaction: Transaction, what: Told, message: Message | None, now: float) -> None:
        del transaction
        if what == "answer" and isinstance(message, Response):
            if message.status >= 200:
                self.distance.latency, self.distance.silent = now - self.asked_at, False
        elif what in ("timeout", "transport_error"):
            self.distance.silent = True
