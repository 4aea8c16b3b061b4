"""A browser's offer as data, and our answer to it (RFC 8829, RFC 8445, RFC 8842): one audio section, G.711 A-law.

A-law and not Opus, though browsers speak both: the engine mixes A-law at next to no cost, while Opus would cost it
65 to 120 µs a packet on the thread that all calls share (docs/decisions/0013-pages-as-phones.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callcenterd.errors import RemoteError

PCMA = 8
MOST_OCTETS = 32768
MOST_LINES = 500
_FRAGMENT = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_HASH = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2}){31,63}")
_HASHES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
_MID = re.compile(r"[!-~]{1,32}")


class UnusableOffer(RemoteError):
    """One sentence: what is missing in it or wrong."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What of a browser's offer counts here.

    fingerprints: (hash function, value) of the certificates that it may prove to have; all must fit.
    mid:          the name of its audio section, None if it has none.
    keys:         its payload type of telephone-events at 8 kHz.
    """

    fragment: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    mid: str | None
    keys: int | None


@dataclass(frozen=True, slots=True)
class Ours:
    """What we put against it. hosts: addresses under which we can be found, the likeliest first."""

    fragment: str
    password: str
    fingerprint: tuple[str, str]
    hosts: Sequence[str]
    port: int
    ssrc: int
    session: int


def read(text: str) -> Offer:
    """Raises UnusableOffer. Contents never make it raise anything else."""
    if len(text) > MOST_OCTETS:
        raise UnusableOffer(f"an offer of {len(text)} octets")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES or not lines or lines[0] != "v=0":
        raise UnusableOffer("no session description (RFC 8866)")
    starts = [n for n, line in enumerate(lines) if line.startswith("m=")]
    if len(starts) != 1:
        raise UnusableOffer(f"one audio section is wanted, not {len(starts)} sections")
    words = lines[starts[0]][2:].split()
    if len(words) < 4 or words[0] != "audio" or words[2] != "UDP/TLS/RTP/SAVPF":
        raise UnusableOffer("the section is not audio sealed by DTLS (UDP/TLS/RTP/SAVPF)")
    attributes = [line[2:].partition(":")[::2] for line in lines if line.startswith("a=")]
    if not any(name == "rtcp-mux" for name, _ in attributes):
        raise UnusableOffer("no rtcp-mux: sound and reports go over one port here")
    if str(PCMA) not in words[3:]:
        raise UnusableOffer("no PCMA among its codecs")
    if not any(name == "setup" and value in ("actpass", "active") for name, value in attributes):
        raise UnusableOffer("it does not begin the DTLS handshake (a=setup:actpass)")
    mids = [value for name, value in attributes if name == "mid"]
    if mids and not _MID.fullmatch(mids[0]):
        raise UnusableOffer("its section's name cannot be used")
    return Offer(
        fragment=_one(attributes, "ice-ufrag", _FRAGMENT),
        password=_one(attributes, "ice-pwd", _PASSWORD),
        fingerprints=_fingerprints(attributes),
        mid=mids[0] if mids else None,
        keys=_keys(attributes, words[3:]),
    )


def _one(attributes: Sequence[tuple[str, ...]], wanted: str, pattern: re.Pattern[str]) -> str:
    values = [value.strip() for name, value in attributes if name == wanted]
    if not values or not pattern.fullmatch(values[-1]):
        raise UnusableOffer(f"no {wanted} that can be used (RFC 8839)")
    return values[-1]


def _fingerprints(attributes: Sequence[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Those whose hash function we know; at least one (RFC 8122 §5). None of them is passed over later."""
    found = []
    for name, value in attributes:
        function, _, digest = value.strip().partition(" ")
        function, digest = function.lower(), digest.strip().upper()
        if name == "fingerprint" and function in _HASHES:
            if not _HASH.fullmatch(digest) or len(digest.split(":")) != _HASHES[function]:
                raise UnusableOffer("a fingerprint that cannot be read")
            found.append((function, digest))
    if not found:
        raise UnusableOffer("no fingerprint by sha-256, sha-384 or sha-512")
    return tuple(found)


def _keys(attributes: Sequence[tuple[str, ...]], formats: Sequence[str]) -> int | None:
    for name, value in attributes:
        number, _, encoding = value.strip().partition(" ")
        if name == "rtpmap" and encoding.strip().lower() == "telephone-event/8000" and number in formats:
            return int(number) if number.isascii() and number.isdigit() and int(number) < 128 else None
    return None


def answer(offer: Offer, ours: Ours) -> str:
    """Ours is ice-lite and passive: the page looks for us and begins the handshake."""
    formats = [PCMA] + ([] if offer.keys is None else [offer.keys])
    host = ours.hosts[0]
    lines = [
        "v=0",
        f"o=- {ours.session} 1 IN IP4 {host}",
        "s=-",
        "t=0 0",
        *([f"a=group:BUNDLE {offer.mid}"] if offer.mid is not None else []),
        "a=ice-lite",
        f"m=audio {ours.port} UDP/TLS/RTP/SAVPF {' '.join(map(str, formats))}",
        f"c=IN IP4 {host}",
        f"a=rtcp:{ours.port} IN IP4 {host}",
        *(
            # RFC 8445 §5.1.2.1: type preference 126 of hosts, local preference by our order, component 1.
            f"a=candidate:{n + 1} 1 udp {(126 << 24) + ((65535 - n) << 8) + 255} {each} {ours.port} typ host"
            for n, each in enumerate(ours.hosts)
        ),
        "a=end-of-candidates",
        f"a=ice-ufrag:{ours.fragment}",
        f"a=ice-pwd:{ours.password}",
        f"a=fingerprint:{ours.fingerprint[0]} {ours.fingerprint[1]}",
        "a=setup:passive",
        *([f"a=mid:{offer.mid}"] if offer.mid is not None else []),
        "a=sendrecv",
        "a=rtcp-mux",
        f"a=rtpmap:{PCMA} PCMA/8000",
        *([] if offer.keys is None else [f"a=rtpmap:{offer.keys} telephone-event/8000", f"a=fmtp:{offer.keys} 0-15"]),
        "a=ptime:20",
        "a=msid:callcenter sound",
        f"a=ssrc:{ours.ssrc} cname:callcenter",
    ]
    return "".join(f"{line}\r\n" for line in lines)
