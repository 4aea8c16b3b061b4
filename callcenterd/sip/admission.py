"""What is let in: how many requests a stranger may send, and who is locked out after wrong proofs.

A stranger is a source address that is neither a trunk's nor that of a phone registered now. Looked at before a
message is parsed, so that a scanner costs next to nothing. Requests inside a dialog, ACK, BYE, CANCEL and answers
have five times the room and are never locked out: a call that is up stays up. Sans-IO; every table is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

STRANGER_RATE = 20.0
"""Requests a second that one stranger may go on sending."""
STRANGER_BURST = 80.0
STRANGERS_RATE = 1000.0
"""Of all strangers together: forged sources are as many as one likes, and this is a fifth of a core."""
TRIES_OF_ONE_NAME = 5
"""Wrong proofs for one name from one source before that pair is locked."""
TRIES_OF_ONE_SOURCE = 20
"""Wrong proofs from one source, for whatever names: an office behind one address may have one wrong phone."""
FORGIVEN_AFTER = 60.0
"""Seconds after which one wrong proof is forgotten."""
FIRST_LOCK = 30.0
LONGEST_LOCK = 3600.0
MOST_SOURCES = 10_000

_GOES_ON = (b"SIP/2.0 ", b"ACK ", b"BYE ", b"CANCEL ", b"INFO ", b"UPDATE ", b"PRACK ")
_ROOM_TO_GO_ON = 5


@dataclass(slots=True)
class _Record:
    """score: wrong proofs not yet forgiven, at `at`. locked_until and lock: the lock now and how long it was."""

    score: float
    at: float
    locked_until: float = 0.0
    lock: float = 0.0


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
    """sources are IP addresses as text; names are what somebody says to be."""

    def __init__(self, *, most_sources: int = MOST_SOURCES) -> None:
        self._requests: _Bounded[str] = _Bounded(most_sources)
        self._of_all = _Record(0.0, 0.0)
        self._by_source: _Bounded[str] = _Bounded(most_sources)
        self._by_name: _Bounded[tuple[str, str]] = _Bounded(most_sources)

    def lets_in(self, octets: bytes, source: str, now: float) -> bool:
        """May this message of a stranger be parsed at all? Not asked for known sources."""
        goes_on = octets.lstrip(b"\r\n").startswith(_GOES_ON)
        record = self._by_source.get(source)
        if record is not None and record.locked_until > now and not goes_on:
            return False
        own = self._requests.touch(source, now)
        _leak(own, STRANGER_RATE, now)
        _leak(self._of_all, STRANGERS_RATE, now)
        if own.score >= STRANGER_BURST * (_ROOM_TO_GO_ON if goes_on else 1) or self._of_all.score >= STRANGERS_RATE:
            return False
        own.score += 1
        self._of_all.score += 1
        return True

    def may_try(self, source: str, name: str, now: float) -> bool:
        """May this source still prove to be `name`? If not, its proof is not even looked at."""
        by_name, by_source = self._by_name.get((source, name)), self._by_source.get(source)
        return not any(record is not None and record.locked_until > now for record in (by_name, by_source))

    def failed(self, source: str, name: str, now: float) -> bool:
        """A wrong proof. Answers True if it led to a lock: that is worth a line in the log."""
        locks = (
            _strike(self._by_name.touch((source, name), now), TRIES_OF_ONE_NAME, now),
            _strike(self._by_source.touch(source, now), TRIES_OF_ONE_SOURCE, now),
        )
        return any(locks)

    def proved(self, source: str, name: str) -> None:
        """A right proof clears this name at this source. The source's other names keep their record."""
        self._by_name.forget((source, name))

    def locked(self, now: float) -> list[tuple[str, float]]:
        """Each source that is locked out, and for how many seconds more: for a page."""
        return [
            (source, record.locked_until - now)
            for source, record in self._by_source.items()
            if record.locked_until > now
        ]


def _leak(bucket: _Record, rate: float, now: float) -> None:
    """A bucket's score: messages that have not leaked away yet."""
    bucket.score = max(0.0, bucket.score - (now - bucket.at) * rate)
    bucket.at = now


def _strike(record: _Record, allowed: int, now: float) -> bool:
    """One more wrong proof. The lock doubles each time; one that was waited out leaves a single try."""
    if now - record.at > LONGEST_LOCK:
        record.lock = 0.0
    forgiven = max(0.0, record.score - (now - record.at) / FORGIVEN_AFTER)
    record.score = (max(forgiven, allowed - 1) if record.lock else forgiven) + 1
    record.at = now
    if record.score < allowed or record.locked_until > now:
        return False
    record.lock = min(LONGEST_LOCK, record.lock * 2 or FIRST_LOCK)
    record.locked_until = now + record.lock
    return True
