"""What is let in: how many requests a stranger may send, and who is banned for guessing passwords or names.

A stranger is a source address that is neither a trunk's nor that of a phone registered now. Looked at before a
message is parsed, so that a scanner costs next to nothing. Requests inside a dialog, ACK, BYE, CANCEL and answers
have five times the room and are never locked out: a call that is up stays up. Sans-IO; every table is bounded.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from callcenterd.model import numbers
from callcenterd.model.bans import BanReason

K = TypeVar("K", bound=Hashable)

STRANGER_RATE = 20.0
"""Requests a second that one stranger may go on sending."""
STRANGER_BURST = 80.0
STRANGERS_RATE = 1000.0
"""Of all strangers together: forged sources are as many as one likes, and this is a fifth of a core."""
FEW_STRANGERS_RATE = 100.0
"""Of all strangers together while the server has too much to do: enough for a phone that has moved and for who asks
whether we are there; a fiftieth of a core."""
TRIES_OF_ONE_NAME = 5
"""Wrong proofs for one name from one source before that pair is locked."""
TRIES_OF_ONE_SOURCE = 20
"""Wrong proofs from one source, for whatever names: an office behind one address may have one wrong phone."""
FORGIVEN_AFTER = 60.0
"""Seconds after which one wrong proof is forgotten."""
SHARE_OF_A_REFUSED_TRY = 1 / 10
"""What a try for a locked name counts against its source. A wrong phone that tries every few seconds for ever stays
below what is forgiven meanwhile; a program that tries a hundred times a second is banned in two."""
QUESTIONS_OF_ONE_SOURCE = 60
"""Challenges that a source may leave without a right answer: fewer than a burst, so that a quick scan is banned too."""
FORGOTTEN_QUESTIONS = 0.5
"""Unanswered challenges that are forgotten in a second."""
FIRST_LOCK = 30.0
LONGEST_LOCK = 3600.0
MOST_SOURCES = 10_000

_GOES_ON = (b"SIP/2.0 ", b"ACK ", b"BYE ", b"CANCEL ", b"INFO ", b"UPDATE ", b"PRACK ")
_ROOM_TO_GO_ON = 5
_CALLED = re.compile(rb"INVITE (?:sips?|tel):([0-9]{3,6})[@;> ]", re.I)


@dataclass(frozen=True, slots=True)
class BannedSource:
    """A source that is not heard. until: of the clock that `now` is of; length: of this ban in seconds; the next one is
    twice as long. times: bans until now, this one with them."""

    source: str
    until: float
    length: float
    times: int
    why: BanReason


@dataclass(slots=True)
class _Record:
    """score: wrong proofs not yet forgiven, at `at`. locked_until and lock: the lock now and how long it was."""

    score: float
    at: float
    locked_until: float = 0.0
    lock: float = 0.0
    times: int = 0
    why: BanReason = "passwords"


class _Bounded(Generic[K]):
    """The newest MOST_SOURCES records; the longest untouched one makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, _Record] = OrderedDict()

    def get(self, key: K) -> _Record | None:
        return self._kept.get(key)

    def touch(self, key: K, now: float) -> _Record:
        record = self._kept.get(key)
        if record is None:
            while len(self._kept) >= self._most:
                self._kept.popitem(last=False)
            record = self._kept[key] = _Record(0.0, now)
        else:
            self._kept.move_to_end(key)
        return record

    def forget(self, key: K) -> None:
        self._kept.pop(key, None)

    def items(self) -> Iterable[tuple[K, _Record]]:
        return self._kept.items()


class Admission:
    """sources are IP addresses as text; names are what somebody says to be.

    spared: sources that are never banned (trunks, and what the office says); their wrong names are locked all the same.
    """

    def __init__(self, *, most_sources: int = MOST_SOURCES, spared: Callable[[str], bool] = lambda _: False) -> None:
        self._spared = spared
        self._requests: _Bounded[str] = _Bounded(most_sources)
        self._of_all = _Record(0.0, 0.0)
        self._of_few = _Record(0.0, 0.0)
        self._questions: _Bounded[str] = _Bounded(most_sources)
        self._by_source: _Bounded[str] = _Bounded(most_sources)
        self._by_name: _Bounded[tuple[str, str]] = _Bounded(most_sources)
        self._news: list[BannedSource] = []

    def lets_in(self, octets: bytes, source: str, now: float, *, few: bool = False) -> bool:
        """May this message of a stranger be parsed at all? Not asked for known sources. few: see FEW_STRANGERS_RATE."""
        goes_on = octets.lstrip(b"\r\n").startswith(_GOES_ON)
        record = self._by_source.get(source)
        if record is not None and record.locked_until > now and not goes_on and not self._spared(source):
            return False
        own = self._requests.touch(source, now)
        _leak(own, STRANGER_RATE, now)
        _leak(self._of_all, STRANGERS_RATE, now)
        if own.score >= STRANGER_BURST * (_ROOM_TO_GO_ON if goes_on else 1) or self._of_all.score >= STRANGERS_RATE:
            return False
        if few and not goes_on:
            _leak(self._of_few, FEW_STRANGERS_RATE, now)
            if self._of_few.score >= FEW_STRANGERS_RATE:
                return False
            self._of_few.score += 1
        own.score += 1
        self._of_all.score += 1
        return True

    def may_try(self, source: str, name: str, now: float) -> bool:
        """May this source still prove to be `name`? If not, its proof is not even looked at."""
        by_source = self._by_source.get(source)
        if by_source is not None and by_source.locked_until > now and not self._spared(source):
            return False
        by_name = self._by_name.get((source, name))
        if by_name is None or by_name.locked_until <= now:
            return True
        self._strike_source(source, SHARE_OF_A_REFUSED_TRY, now)
        return False

    def failed(self, source: str, name: str, now: float) -> bool:
        """A wrong proof. Answers True if it led to a lock: that is worth a line in the log."""
        by_name = _strike(self._by_name.touch((source, name), now), TRIES_OF_ONE_NAME, now)
        return self._strike_source(source, 1.0, now) or by_name

    def proved(self, source: str, name: str) -> None:
        """A right proof clears this name at this source. The source's other names keep their record."""
        self._by_name.forget((source, name))
        if (asked := self._questions.get(source)) is not None:
            asked.score = max(0.0, asked.score - 1)

    def challenged(self, source: str, now: float) -> None:
        """A stranger was asked for a proof; `proved` takes it back. Not told for known sources: anybody can write their
        address on a datagram."""
        asked = self._questions.touch(source, now)
        _leak(asked, FORGOTTEN_QUESTIONS, now)
        asked.score += 1
        if asked.score >= QUESTIONS_OF_ONE_SOURCE and not self._spared(source):
            asked.score = 0.0
            record = self._by_source.touch(source, now)
            self._ban(source, record, "passwords" if record.score else "scan", now)

    # ---- bans ------------------------------------------------------------------------------------------------

    def news(self) -> list[BannedSource]:
        """Bans that have begun since this was asked last."""
        news, self._news = self._news, []
        return news

    def bans(self, now: float) -> list[BannedSource]:
        """Each source that is not heard now."""
        return [
            BannedSource(source, record.locked_until, record.lock, record.times, record.why)
            for source, record in self._by_source.items()
            if record.locked_until > now
        ]

    def lift(self, source: str) -> bool:
        """Hear that source again, as if it had done nothing. Answers whether it was on record."""
        known = self._by_source.get(source) is not None
        self._by_source.forget(source)
        self._questions.forget(source)
        for pair in [pair for pair, _ in self._by_name.items() if pair[0] == source]:
            self._by_name.forget(pair)
        return known

    def restore(self, ban: BannedSource, now: float) -> None:
        """A ban of an earlier run. One that is over makes the next one longer all the same."""
        record = self._by_source.touch(ban.source, now)
        record.locked_until, record.lock, record.times, record.why = ban.until, ban.length, ban.times, ban.why

    def _strike_source(self, source: str, share: float, now: float) -> bool:
        if self._spared(source):
            return False
        record = self._by_source.touch(source, now)
        if not _counts_as_too_many(record, TRIES_OF_ONE_SOURCE, now, share):
            return False
        self._ban(source, record, "passwords", now)
        return True

    def _ban(self, source: str, record: _Record, why: BanReason, now: float) -> None:
        if record.locked_until > now:
            return
        _lock(record, now)
        record.times += 1
        record.why = why
        self._news.append(BannedSource(source, record.locked_until, record.lock, record.times, why))


def calls_for_help(octets: bytes, region: str) -> bool:
    """Is it a call to an emergency number? Looked at, not parsed. octets: a message, or its first line."""
    called = _CALLED.match(octets.lstrip(b"\r\n"))
    return called is not None and numbers.is_emergency(called[1].decode(), region)


def _leak(bucket: _Record, rate: float, now: float) -> None:
    """A bucket's score: messages that have not leaked away yet."""
    bucket.score = max(0.0, bucket.score - (now - bucket.at) * rate)
    bucket.at = now


def _strike(record: _Record, allowed: int, now: float) -> bool:
    """One more wrong proof. The lock doubles each time; one that was waited out leaves a single try."""
    if not _counts_as_too_many(record, allowed, now, 1.0):
        return False
    _lock(record, now)
    return True


def _counts_as_too_many(record: _Record, allowed: int, now: float, share: float) -> bool:
    if now - record.at > LONGEST_LOCK:
        record.lock = 0.0
    forgiven = max(0.0, record.score - (now - record.at) / FORGIVEN_AFTER)
    record.score = (max(forgiven, allowed - 1) if record.lock else forgiven) + share
    record.at = now
    return record.score >= allowed and record.locked_until <= now


def _lock(record: _Record, now: float) -> None:
    if now - record.at > LONGEST_LOCK:
        record.lock = 0.0
    record.at = now
    record.lock = min(LONGEST_LOCK, record.lock * 2 or FIRST_LOCK)
    record.locked_until = now + record.lock
