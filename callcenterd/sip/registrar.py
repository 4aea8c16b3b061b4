"""Where an extension can be reached now (RFC 3261 §10.3).

A binding is a Contact and the flow that its REGISTER came on. Calls go back on that flow, never to the address in
the Contact: behind NAT that one is wrong, and from a stranger's phone it could be anybody's. Sans-IO; who registers
has proved to be that extension before this is asked.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from callcenterd.errors import RemoteError
from callcenterd.model.ids import ExtensionNumber
from callcenterd.sip.flow import Flow
from callcenterd.sip.headers import NameAddr
from callcenterd.sip.uri import SipUri

MOST_BINDINGS = 10
"""Contacts of one extension. One more takes the place of the one that would expire first."""
SHORTEST = 60
LONGEST = 3600
USUAL = 3600
"""Seconds: what is granted at least and at most, and if they do not say."""


@dataclass(frozen=True, slots=True)
class Binding:
    """contact: as it was registered, without its own expires parameter. path: to be the route set (RFC 3327). since:
    when this phone registered first, as long as it was not started anew.
    """

    contact: NameAddr
    uri: SipUri
    flow: Flow
    expires_at: float
    call_id: str
    sequence: int
    user_agent: str = ""
    path: tuple[str, ...] = ()
    since: float = 0.0

    def seconds_left(self, now: float) -> int:
        return max(0, round(self.expires_at - now))


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One REGISTER, read. contacts None: "*", all of them. expires: of the header, for contacts without their own."""

    contacts: Sequence[NameAddr] | None
    expires: int | None
    call_id: str
    sequence: int
    flow: Flow
    user_agent: str = ""
    path: tuple[str, ...] = ()


class NotRegistered(RemoteError):
    """A REGISTER that changes nothing. status: 400 against the rules, 423 shorter than SHORTEST."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class Registrar:
    def __init__(self) -> None:
        self._bindings: dict[ExtensionNumber, list[Binding]] = {}
        self._due: list[tuple[float, ExtensionNumber]] = []  # a heap; an entry whose binding was renewed means nothing
        self._sources: Counter[str] = Counter()

    def register(self, extension: ExtensionNumber, asked: Registration, now: float) -> list[Binding]:
        """Take it whole or not at all (§10.3 step 7). Answers every binding that stands now, newest last.

        Raises NotRegistered. Without a Contact it is a question only.
        """
        kept = self.bindings(extension, now)
        if asked.contacts is None:
            if asked.expires != 0:
                raise NotRegistered(400, "Contact * with an expiry that is not 0")
            for old in kept:
                _in_order(old, asked)
            kept = []
        _at_most_one_flow(asked)
        for contact in asked.contacts or ():
            seconds = _granted(contact, asked)
            if not isinstance(contact.uri, SipUri):
                raise NotRegistered(400, "a Contact that is no sip address")
            since = now
            for old in [one for one in kept if _same_device(one, contact)]:
                _in_order(old, asked)
                kept.remove(old)
                since = min(since, old.since) if old.call_id == asked.call_id else since
            if seconds:
                kept.append(_bind(contact, contact.uri, asked, now + seconds, since))
        while len(kept) > MOST_BINDINGS:
            kept.remove(min(kept, key=lambda one: one.expires_at))
        self._keep(extension, kept)
        return kept

    def bindings(self, extension: ExtensionNumber, now: float) -> list[Binding]:
        return [binding for binding in self._bindings.get(extension, ()) if binding.expires_at > now]

    def all_of(self, extension: ExtensionNumber) -> list[Binding]:
        """Its bindings without a look at the time: at most one deadline old."""
        return list(self._bindings.get(extension, ()))

    def holds(self, flow: Flow) -> bool:
        """Is there a binding on this very flow?"""
        return any(binding.flow == flow for bindings in self._bindings.values() for binding in bindings)

    def extensions(self) -> list[ExtensionNumber]:
        """Those with a binding, in their order."""
        return sorted(self._bindings)

    def is_at(self, extension: str, flow: Flow, now: float) -> bool:
        """Does this extension's phone speak on this flow?"""
        return any(binding.flow == flow for binding in self.bindings(ExtensionNumber(extension), now))

    def knows(self, source: str) -> bool:
        """Is a phone registered from this IP address?"""
        return source in self._sources

    def keep_only(self, extensions: Collection[ExtensionNumber]) -> list[ExtensionNumber]:
        """The site changed. Answers whose bindings went with it."""
        gone = [extension for extension in self._bindings if extension not in extensions]
        for extension in gone:
            self._keep(extension, [])
        return gone

    def lost(self, connection: int) -> list[ExtensionNumber]:
        """A TCP connection is gone, and with it every binding on it. Answers whose last one that was."""
        gone = []
        for extension, bindings in list(self._bindings.items()):
            left = [binding for binding in bindings if binding.flow.connection != connection]
            if len(left) < len(bindings):
                self._keep(extension, left)
                if not left:
                    gone.append(extension)
        return gone

    def deadline(self) -> float | None:
        return self._due[0][0] if self._due else None

    def expire(self, now: float) -> list[ExtensionNumber]:
        """Answers whose last binding has run out."""
        gone = []
        while self._due and self._due[0][0] <= now:
            _, extension = heapq.heappop(self._due)
            if extension in self._bindings:
                self._keep(extension, self.bindings(extension, now))
                if extension not in self._bindings:
                    gone.append(extension)
        return gone

    def __len__(self) -> int:
        return sum(len(bindings) for bindings in self._bindings.values())

    def _keep(self, extension: ExtensionNumber, bindings: list[Binding]) -> None:
        known = self._bindings.pop(extension, [])
        for binding in bindings:
            self._sources[binding.flow.remote[0]] += 1
            if binding not in known:
                heapq.heappush(self._due, (binding.expires_at, extension))
        for binding in known:
            self._sources[binding.flow.remote[0]] -= 1
            if not self._sources[binding.flow.remote[0]]:
                del self._sources[binding.flow.remote[0]]
        if bindings:
            self._bindings[extension] = bindings


def _granted(contact: NameAddr, asked: Registration) -> int:
    """Seconds. 0 takes the binding away."""
    seconds = contact.expires if contact.expires is not None else asked.expires
    if seconds is None:
        return USUAL
    if 0 < seconds < SHORTEST:
        raise NotRegistered(423, f"{seconds} s is too short")
    return min(seconds, LONGEST)


def _same_device(old: Binding, contact: NameAddr) -> bool:
    """The same Contact (§10.3), or the same instance of a phone that restarted elsewhere (RFC 5626 §4.1). Only the
    flows that a phone numbers itself stand side by side (§6)."""
    instance = contact.params.get("+sip.instance")
    if instance is not None and instance == old.contact.params.get("+sip.instance"):
        before, now = old.contact.params.get("reg-id"), contact.params.get("reg-id")
        return before is None or now is None or before == now
    return old.uri.same_as(contact.uri)


def _at_most_one_flow(asked: Registration) -> None:
    """RFC 5626 §6: this REGISTER came on one flow, and so it can number only one."""
    lasting = [contact for contact in asked.contacts or () if contact.expires != 0]
    if len(lasting) > 1 and any(contact.params.has("reg-id") for contact in lasting):
        raise NotRegistered(400, "more than one Contact with a reg-id")


def one_of_each(bindings: Sequence[Binding]) -> list[list[Binding]]:
    """The bindings of an extension by phone, each phone's newest way first: a phone with several ways is rung on one
    of them (RFC 5626 §5.3). bindings: newest last."""
    phones: dict[object, list[Binding]] = {}
    for number, binding in enumerate(reversed(bindings)):
        phones.setdefault(binding.contact.params.get("+sip.instance") or number, []).append(binding)
    return list(reversed(phones.values()))


def _in_order(old: Binding, asked: Registration) -> None:
    if old.call_id == asked.call_id and asked.sequence <= old.sequence:
        raise NotRegistered(400, f"CSeq {asked.sequence} after {old.sequence}")


def _bind(contact: NameAddr, uri: SipUri, asked: Registration, expires_at: float, since: float) -> Binding:
    plain = NameAddr(contact.display, uri, contact.params.without("expires"))
    return Binding(
        plain, uri, asked.flow, expires_at, asked.call_id, asked.sequence, asked.user_agent, asked.path, since
    )
