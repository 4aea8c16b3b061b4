"""ICE as a server with known addresses does it: the lite side (RFC 8445 §2.5, §7.3), for all pages on one port.

Which page a datagram belongs to says its source address, and which addresses are a page's says a check that only the
page could have made: it knows the password that went to it over HTTPS. Everything else is dropped unanswered, a
ClientHello or sound from an address that has not proved itself above all. Sans-IO: octets and addresses go in,
answers and what they mean come out.
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, field

from aioice import stun

Address = tuple[str, int]

MOST_ADDRESSES = 16
"""Of one page: a machine with many networks checks a pair for each of them. One more takes the oldest one's place."""
_LETTERS = string.ascii_letters + string.digits
_SHORTEST = 20
"""Octets: the header of a STUN message (RFC 8489 §5)."""


@dataclass(eq=False, slots=True)
class Way:
    """How one page is reached. theirs: its fragment. best: the address that it chose; None until then.

    addresses: those that proved to be the page's, the one proved last at the end.
    """

    page: str
    fragment: str
    password: str
    theirs: str
    best: Address | None = None
    addresses: dict[Address, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """A page's check that was right. reply: goes back to where it came from."""

    way: Way
    reply: bytes


class Ways:
    """Every page's, found by fragment and by address."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._by_fragment: dict[str, Way] = {}
        self._by_address: dict[Address, Way] = {}

    def add(self, page: str, theirs: str) -> Way:
        way = Way(page, self._text(8), self._text(32), theirs)
        self._by_fragment[way.fragment] = way
        return way

    def remove(self, way: Way) -> None:
        self._by_fragment.pop(way.fragment, None)
        for address in way.addresses:
            if self._by_address.get(address) is way:
                del self._by_address[address]
        way.addresses.clear()

    def of(self, source: Address) -> Way | None:
        """Whose address it is. None: it is nobody's, and what comes from there is dropped."""
        return self._by_address.get(source)

    def check(self, octets: bytes, source: Address) -> Checked | None:
        """A STUN message. None: it is no check of a page of ours, and gets no answer (we are no one's mirror)."""
        try:
            message = stun.parse_message(octets)
        except ValueError:
            return None
        if message.message_class != stun.Class.REQUEST or message.message_method != stun.Method.BINDING:
            return None
        ours, colon, theirs = str(message.attributes.get("USERNAME", "")).partition(":")
        way = self._by_fragment.get(ours)
        if way is None or not colon or theirs != way.theirs:
            return None
        if not message.check_message_integrity(way.password.encode()):
            return None
        if "ICE-CONTROLLED" in message.attributes:  # we are lite: the page decides (§6.1.1)
            return Checked(way, self._reply(message, source, way, conflict=True))
        self._proved(way, source)
        if "USE-CANDIDATE" in message.attributes or way.best is None:
            way.best = source
        return Checked(way, self._reply(message, source, way))

    def _proved(self, way: Way, source: Address) -> None:
        other = self._by_address.get(source)
        if other is not None and other is not way:
            other.addresses.pop(source, None)
        way.addresses.pop(source, None)
        way.addresses[source] = None
        self._by_address[source] = way
        while len(way.addresses) > MOST_ADDRESSES:
            oldest = next(address for address in way.addresses if address != way.best)
            del way.addresses[oldest], self._by_address[oldest]

    def _reply(self, asked: stun.Message, source: Address, way: Way, *, conflict: bool = False) -> bytes:
        kind = stun.Class.ERROR if conflict else stun.Class.RESPONSE
        reply = stun.Message(stun.Method.BINDING, kind, transaction_id=asked.transaction_id)
        if conflict:
            reply.attributes["ERROR-CODE"] = (487, "Role Conflict")
        else:
            reply.attributes["XOR-MAPPED-ADDRESS"] = source
        reply.add_message_integrity(way.password.encode())
        return bytes(reply)

    def _text(self, length: int) -> str:
        return "".join(self._chance.choice(_LETTERS) for _ in range(length))


def is_stun(octets: bytes) -> bool:
    """RFC 7983 §7."""
    return len(octets) >= _SHORTEST and octets[0] < 4
