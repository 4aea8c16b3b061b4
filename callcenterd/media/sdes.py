"""Keys of sealed sound in SDP: a=crypto (SDES, RFC 4568), and what they are for (RFC 3711, 6188, 7714).

Keys are secrets: they print as ***, and no error of ours repeats a line that holds one. They are as safe as the
signalling that carries them: over TLS nobody but the two ends and us reads them.
"""

from __future__ import annotations

import base64
import binascii
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from callcenterd.errors import RemoteError

Suite = Literal[
    "AES_CM_128_HMAC_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32",
    "AES_256_CM_HMAC_SHA1_80",
    "AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM",
]


class Sizes(NamedTuple):
    """Octets of a master key, of its salt, and of the tag that a packet of sound carries."""

    key: int
    salt: int
    tag: int


SUITES: Mapping[Suite, Sizes] = {
    "AES_CM_128_HMAC_SHA1_80": Sizes(16, 14, 10),
    "AES_CM_128_HMAC_SHA1_32": Sizes(16, 14, 4),
    "AES_256_CM_HMAC_SHA1_80": Sizes(32, 14, 10),
    "AEAD_AES_128_GCM": Sizes(16, 12, 16),
    "AEAD_AES_256_GCM": Sizes(32, 12, 16),
}
OFFERED: tuple[Suite, ...] = ("AES_CM_128_HMAC_SHA1_80", "AES_256_CM_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""What we offer, the one that every phone has first; the others are taken when they offer them."""

_NAMES: Mapping[str, Suite] = {
    **{suite: suite for suite in SUITES},
    "AES_CM_256_HMAC_SHA1_80": "AES_256_CM_HMAC_SHA1_80",  # its name before RFC 6188, which phones still write
}
_TAG = re.compile(r"[0-9]{1,9}")
_LIFETIME = re.compile(r"2\^([0-9]{1,2})|([0-9]{1,15})")
_SHORTEST_LIFE = 2**20
"""Packets: at 50 a second almost six hours. Keys are not changed within a call because they are used up."""
_MOST_LINES = 32


class Key(bytes):
    """A master key and its salt, one after the other. Prints as ***."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "***"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Seal:
    """How a leg's packets are sealed. ours: what we seal with; theirs: what they do."""

    suite: Suite
    ours: Key
    theirs: Key


class UnusableKey(RemoteError):
    """A crypto attribute that cannot be used. Says why, never what key it held."""


@dataclass(frozen=True, slots=True)
class Crypto:
    """One a=crypto line that we can use. name: the suite as they wrote it, which an answer repeats."""

    tag: int
    suite: Suite
    name: str
    key: Key

    @classmethod
    def parse(cls, value: str) -> Crypto:
        """value: what follows `crypto:`. Raises UnusableKey.

        Refused: several keys or a master key identifier (nobody sends them to a phone, and to take the wrong one
        would be silence), a key for fewer packets than a call may have, and every session parameter that takes
        protection away or that we do not know (RFC 4568 §6.3: such a line must not be used).
        """
        words = value.split()
        if len(words) < 3 or not _TAG.fullmatch(words[0]):
            raise UnusableKey("a crypto attribute without tag, suite and key")
        tag, name, keys, *parameters = words
        suite = _NAMES.get(name.upper())
        if suite is None:
            raise UnusableKey(f"crypto suite {name[:40]!r} is not known")
        for parameter in parameters:
            if not parameter.startswith("-") and not parameter.upper().startswith("WSH="):
                raise UnusableKey(f"crypto session parameter {parameter[:24]!r} is not taken")
        return cls(int(tag), suite, name, _key(keys, SUITES[suite]))


def _key(keys: str, sizes: Sizes) -> Key:
    method, _, rest = keys.partition(":")
    if method.lower() != "inline" or ";" in rest:
        raise UnusableKey("one inline key is taken, no other method and no second key")
    text, *further = rest.split("|")
    if any(":" in part for part in further) or len(further) > 1:
        raise UnusableKey("a key with a master key identifier (MKI) is not taken")
    if further and _life(further[0]) < _SHORTEST_LIFE:
        raise UnusableKey("a key for so few packets is not taken")
    try:
        octets = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)  # some leave the = away
    except (binascii.Error, ValueError):
        raise UnusableKey("a key that is not base64") from None
    if len(octets) != sizes.key + sizes.salt:
        raise UnusableKey(f"a key of {len(octets)} octets, not {sizes.key + sizes.salt}")
    return Key(octets)


def _life(text: str) -> int:
    match = _LIFETIME.fullmatch(text)
    if match is None:
        raise UnusableKey("a key's lifetime that cannot be read")
    power, number = match.groups()
    return int(2 ** int(power)) if power is not None else int(number)


def read(values: list[str]) -> tuple[tuple[Crypto, ...], tuple[str, ...]]:
    """The usable ones of a section, in its order, and why the others are not. A tag counts once."""
    usable: dict[int, Crypto] = {}
    faults: list[str] = []
    for value in values[:_MOST_LINES]:
        try:
            crypto = Crypto.parse(value)
        except UnusableKey as fault:
            faults.append(str(fault))
        else:
            usable.setdefault(crypto.tag, crypto)
    return tuple(usable.values()), tuple(faults)


def line(tag: int, name: str, key: Key) -> str:
    """The attribute of an SDP that goes out. This is the only place where a key becomes text."""
    return f"a=crypto:{tag} {name} inline:{base64.b64encode(key).decode()}"


class OurKeys:
    """What one leg seals with: a key for each suite, made when it is first wanted and then kept.

    The same key in every description of a leg means that our stream goes on as it was (RFC 4568 §7.1.4).
    """

    def __init__(self, chance: random.Random) -> None:
        """chance: the system's own, in service."""
        self._chance = chance
        self._keys: dict[Suite, Key] = {}

    def of(self, suite: Suite) -> Key:
        if suite not in self._keys:
            sizes = SUITES[suite]
            self._keys[suite] = Key(
                self._chance.getrandbits(8 * (sizes.key + sizes.salt)).to_bytes(sizes[0] + sizes[1])
            )
        return self._keys[suite]


_INLINE = re.compile(r"(inline:)[A-Za-z0-9+/=|:^]+", re.IGNORECASE)


def redacted(text: str) -> str:
    """The text of a message with *** where a key stood: what may be logged or shown."""
    return _INLINE.sub(r"\1***", text)
