"""Provisional answers that must not be lost: 100rel and PRACK (RFC 3262). Sans-IO."""

from __future__ import annotations

import random
import re

from callcenterd.sip.headers import MAX_SEQUENCE
from callcenterd.sip.message import Request, Response
from callcenterd.sip.transaction import RFC_TIMERS, Send, Timers

_RACK = re.compile(r"([0-9]{1,10})\s+([0-9]{1,10})\s+([A-Z]+)")


def wants_reliable(invite: Request, *, sdp: bool) -> bool:
    """Is a provisional answer of ours to be reliable? If they require it, or could and it carries SDP (§3)."""
    return "100rel" in invite.require or (sdp and "100rel" in invite.supported)


def number_of(response: Response) -> int | None:
    """The RSeq of a reliable provisional answer; None: it is an ordinary one (§4, §7.1)."""
    text = response.headers.get("RSeq") or ""
    if not 100 < response.status < 200 or "100rel" not in response.require or not text.isascii():
        return None
    return int(text) if text.isdigit() and len(text) <= 10 else None


class Reliable:
    """Our provisional answers to one INVITE: one at a time, each repeated until its PRACK is there (§3)."""

    def __init__(self, invite: int, chance: random.Random, timers: Timers = RFC_TIMERS) -> None:
        """invite: the CSeq of the INVITE."""
        self._invite = invite
        self._timers = timers
        self._number = chance.randint(1, MAX_SEQUENCE // 2)  # §3: anywhere in the lower half
        self._sent: Send | None = None
        self._with_sdp = False
        self._next = self._gives_up = self._pause = 0.0

    @property
    def waits(self) -> bool:
        """Is a PRACK wanted? Until it comes no other reliable answer may be sent."""
        return self._sent is not None

    @property
    def holds_success(self) -> bool:
        """Is a PRACK wanted for an answer with SDP? Then our 2xx has to wait for it."""
        return self._sent is not None and self._with_sdp

    def stamp(self, response: Response) -> None:
        self._number += 1
        response.headers.add("Require", "100rel")
        response.headers.add("RSeq", str(self._number))

    def sent(self, sent: Send, now: float, *, with_sdp: bool) -> None:
        self._sent, self._with_sdp = sent, with_sdp
        self._pause = self._timers.t1
        self._next, self._gives_up = now + self._pause, now + self._timers.patience

    def acknowledged_by(self, prack: Request) -> bool:
        """Does this PRACK name what waits? Once; any other one is to be answered 481 (§3)."""
        match = _RACK.fullmatch((prack.headers.get("RAck") or "").strip())
        if self._sent is None or match is None:
            return False
        if (int(match[1]), int(match[2]), match[3]) != (self._number, self._invite, "INVITE"):
            return False
        self._sent = None
        return True

    def stop(self) -> None:
        self._sent = None

    def deadline(self) -> float | None:
        return None if self._sent is None else min(self._next, self._gives_up)

    def advance(self, now: float) -> Send | None:
        """What is to be sent again now. Afterwards `given_up` says whether that was in vain."""
        if self._sent is None or now < self._next or self.given_up(now):
            return None
        self._pause *= 2  # §3: without the upper bound that other answers have
        self._next = now + self._pause
        return self._sent

    def given_up(self, now: float) -> bool:
        return self._sent is not None and now >= self._gives_up


class Ordered:
    """Their reliable answers within one early dialog: each once, in their order (§4)."""

    def __init__(self) -> None:
        self._last: int | None = None

    def takes(self, number: int) -> bool:
        """False: it is repeated, or another one before it is missing; both come again by themselves."""
        if self._last is not None and number != self._last + 1:
            return False
        self._last = number
        return True
