"""Who is it: a challenge, and the proof that answers it (RFC 7616, RFC 8760, RFC 3261 §22).

Both sides: `Guard` challenges who wants something of us, `prove` answers a trunk that challenges us. SHA-256,
SHA-512-256 and MD5 with qop=auth; other algorithms, qop=auth-int, hashed names and proofs without qop are not taken.
A name that nobody has costs as much and looks the same as a wrong password. Sans-IO.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from callcenterd.model.site import Secret
from callcenterd.sip import uri as uris
from callcenterd.sip.headers import Challenge, Credentials, auth_params
from callcenterd.sip.syntax import MalformedMessage
from callcenterd.sip.uri import SipUri

ALGORITHMS: dict[str, Callable[[bytes], str]] = {
    "SHA-256": lambda octets: hashlib.sha256(octets).hexdigest(),
    "SHA-512-256": lambda octets: hashlib.new("sha512_256", octets).hexdigest(),
    "MD5": lambda octets: hashlib.md5(octets, usedforsecurity=False).hexdigest(),
}
"""By the name in the header, in the order of our challenges: the one that nearly every client knows first (a client
takes the first that it knows, and some give up at one that they do not), the broken one last."""

NONCE_LIFE = 300.0
"""Seconds that a nonce is good for; after that a right proof is answered `stale=true` and made anew."""
MOST_NONCES = 20_000
"""Nonces in use whose count is kept. Beyond it the oldest ones become stale before their time."""

_BARE = ("algorithm", "qop", "nc", "stale")
_COUNT = re.compile(r"[0-9a-fA-F]{8}")


class Verdict(Enum):
    MISSING = auto()  # nothing that could be a proof for us
    STALE = auto()  # the password is right, the nonce is too old or its count was seen: ask again
    WRONG = auto()
    PROVEN = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """name: who they say they are; algorithm: by which it was PROVEN. "" if there is none."""

    verdict: Verdict
    name: str = ""
    algorithm: str = ""


class Guard:
    """Makes nonces that need no memory and remembers only those that proved somebody.

    A nonce is the time of its making, some chance, and a seal over both and the address that it was given to: who
    did not get it from us cannot make one, and what was overheard opens nothing from elsewhere.
    """

    def __init__(self, realm: str, chance: random.Random, *, most_nonces: int = MOST_NONCES) -> None:
        self._realm = realm
        self._most_nonces = most_nonces
        self._chance = chance
        self._key = chance.randbytes(32)
        self._nobody = Secret(chance.randbytes(16).hex())  # the password of every name that does not exist
        self._counts: OrderedDict[str, tuple[int, float]] = OrderedDict()  # the highest one seen, and when it was made
        self._oldest = float("-inf")

    def challenges(
        self, now: float, *, source: str = "", stale: bool = False, algorithms: Iterable[str] = tuple(ALGORITHMS)
    ) -> list[str]:
        """One header value an algorithm, in the order in which we like them (RFC 8760 §2.4). source: whom it is for."""
        nonce = self._nonce(now, source)
        pairs = [("realm", self._realm), ("nonce", nonce), ("qop", "auth")]
        if stale:
            pairs.append(("stale", "true"))
        return [
            str(Challenge("Digest", auth_params([*pairs, ("algorithm", name)], bare=("algorithm", "stale"))))
            for name in algorithms
        ]

    def named(self, proofs: Sequence[Credentials]) -> str | None:
        """Who the proof for our realm claims to be of, before it is looked at. None: there is none for us."""
        mine = self._mine(proofs)
        return None if mine is None else mine.get("username") or ""

    def answers(self, proofs: Sequence[Credentials], *, source: str = "") -> bool:
        """Is the proof for our realm a whole answer to a challenge of ours to that source? It may still be wrong."""
        mine = self._mine(proofs)
        return mine is not None and _complete(mine) and self._made(mine.get("nonce") or "", source) is not None

    def judge(
        self,
        proofs: Sequence[Credentials],
        method: str,
        request_uri: str,
        password_of: Callable[[str], Secret | None],
        now: float,
        *,
        source: str = "",
    ) -> Judgement:
        """password_of: the password of a name, None if nobody has that name. Never raises."""
        mine = self._mine(proofs)
        if mine is None:
            return Judgement(Verdict.MISSING)
        name, nonce = mine.get("username") or "", mine.get("nonce") or ""
        made = self._made(nonce, source)
        if made is None or not _complete(mine):
            return Judgement(Verdict.MISSING, name)  # perhaps of before our last start: worth a new challenge
        known = password_of(name)
        password = known or self._nobody
        right = hmac.compare_digest(
            response_of(mine, name, password, method).encode(),
            (mine.get("response") or "").lower().encode(errors="surrogateescape"),
        )
        if not (right and known and _same_resource(mine.get("uri") or "", request_uri)):
            return Judgement(Verdict.WRONG, name)
        if not self._fresh(nonce, made, int(mine.get("nc") or "0", 16), now):
            return Judgement(Verdict.STALE, name)
        return Judgement(Verdict.PROVEN, name, (mine.get("algorithm") or "MD5").upper())

    def _mine(self, proofs: Sequence[Credentials]) -> Credentials | None:
        for proof in proofs:
            if proof.scheme.lower() == "digest" and proof.get("realm") == self._realm:
                return proof
        return None

    def _nonce(self, now: float, source: str) -> str:
        text = f"{int(now * 1000):x}.{self._chance.getrandbits(48):012x}"
        return f"{text}.{self._seal(text, source)}"

    def _seal(self, text: str, source: str) -> str:
        return hmac.digest(self._key, f"{text} {source}".encode(errors="surrogateescape"), "sha256")[:12].hex()

    def _made(self, nonce: str, source: str) -> float | None:
        """When we made that nonce for that source; None if we did not."""
        text, _, seal = nonce.rpartition(".")
        if not hmac.compare_digest(self._seal(text, source).encode(), seal.encode(errors="surrogateescape")):
            return None
        return int(text.partition(".")[0], 16) / 1000

    def _fresh(self, nonce: str, made: float, count: int, now: float) -> bool:
        """Each count of a nonce counts once (RFC 7616 §3.4): who repeats what they overheard gets nothing.

        Counts may skip, since a request may be lost, but never go back.
        """
        if now - made > NONCE_LIFE or made <= self._oldest or count <= self._counts.get(nonce, (0, 0.0))[0]:
            return False
        if nonce not in self._counts:
            while len(self._counts) >= self._most_nonces:
                # Its count is not known any more, so neither it nor an older one may be used again.
                _, (_, forgotten) = self._counts.popitem(last=False)
                self._oldest = max(self._oldest, forgotten)
        self._counts[nonce] = count, made
        return True


class Offers:
    """Which algorithms to offer whom.

    A client is to pick the challenge that it understands (RFC 3261 §22.2), but there are phones that give up when one
    of them is new to them. Who was offered all and comes again without a proof is offered MD5 alone from then on; for
    the phone below that would be half a minute late, so it is known by name. Who was silent longest is forgotten.
    """

    def __init__(self, *, most: int = 5000) -> None:
        self._most = most
        self._offered: OrderedDict[Hashable, str | None] = OrderedDict()  # the branch that got all; None: it copes

    def to(self, client: Hashable, branch: str, user_agent: str) -> tuple[str, ...]:
        """client: whatever tells one from another. branch: the same again is only the same request repeated."""
        if _GIVES_UP_AT_TWO.match(user_agent):
            return ("MD5",)
        before = self._offered.setdefault(client, branch)
        self._offered.move_to_end(client)
        if len(self._offered) > self._most:
            self._offered.popitem(last=False)
        return tuple(ALGORITHMS) if before in (branch, None) else ("MD5",)

    def answered(self, client: Hashable, algorithm: str) -> None:
        """A proof came back, by that algorithm: who could pick a better one than MD5 copes with all."""
        if algorithm != "MD5" and client in self._offered:
            self._offered[client] = None


_GIVES_UP_AT_TWO = re.compile(r"baresip v[01]\.")
"""Debian 12's baresip 1.0 answers an algorithm that it does not know with "Function not implemented"."""


def prove(
    challenges: Sequence[Challenge],
    *,
    username: str,
    password: Secret,
    method: str,
    uri: str,
    chance: random.Random,
) -> Credentials | None:
    """The proof for the first challenge that we understand (RFC 8760 §2.4). None: there is no such."""
    for challenge in challenges:
        algorithm = (challenge.get("algorithm") or "MD5").upper()
        offered = [word.strip() for word in (challenge.get("qop") or "").lower().split(",")]
        if challenge.scheme.lower() != "digest" or algorithm not in ALGORITHMS or not challenge.get("nonce"):
            continue
        if offered != [""] and "auth" not in offered:
            continue
        pairs = [
            ("username", username),
            ("realm", challenge.get("realm") or ""),
            ("nonce", challenge.get("nonce") or ""),
            ("uri", uri),
            ("algorithm", algorithm),
        ]
        if "auth" in offered:
            pairs += [("qop", "auth"), ("nc", "00000001"), ("cnonce", f"{chance.getrandbits(64):016x}")]
        if (opaque := challenge.get("opaque")) is not None:
            pairs.append(("opaque", opaque))
        unproved = Credentials("Digest", auth_params(pairs, bare=_BARE))
        response = response_of(unproved, username, password, method)
        return Credentials("Digest", auth_params([*pairs, ("response", response)], bare=_BARE))
    return None


def response_of(proof: Credentials, name: str, password: Secret, method: str) -> str:
    """RFC 7616 §3.4.1; without qop as RFC 2069 had it, which some trunks still ask for."""
    hashed = ALGORITHMS[(proof.get("algorithm") or "MD5").upper()]

    def of(*parts: str) -> str:
        return hashed(":".join(parts).encode(errors="surrogateescape"))

    secret = of(name, proof.get("realm") or "", password.reveal())
    asked = of(method, proof.get("uri") or "")
    nonce = proof.get("nonce") or ""
    if proof.get("qop") is None:
        return of(secret, nonce, asked)
    return of(secret, nonce, proof.get("nc") or "", proof.get("cnonce") or "", proof.get("qop") or "", asked)


def _complete(proof: Credentials) -> bool:
    return (
        (proof.get("algorithm") or "MD5").upper() in ALGORITHMS
        and proof.get("qop") == "auth"
        and (proof.get("userhash") or "false").lower() != "true"  # never offered (RFC 7616 §3.4.4): no name of ours
        and bool(proof.get("cnonce"))
        and _COUNT.fullmatch(proof.get("nc") or "") is not None
    )


def _same_resource(proved: str, requested: str) -> bool:
    """A proof for one address must not open another one (RFC 7616 §3.4.6).

    Phones differ in what they leave out: parameters and ports do not count, nor does a missing user part, as SIPp
    writes it; host and a user that is named do.
    """
    if proved == requested:
        return True
    try:
        one, other = uris.parse(proved), uris.parse(requested)
    except MalformedMessage:
        return False
    if not isinstance(one, SipUri) or not isinstance(other, SipUri):
        return False
    return one.host.lower() == other.host.lower() and one.user in (None, other.user)
