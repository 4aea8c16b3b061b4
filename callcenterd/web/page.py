"""What one open page knows, and what to send it next: a snapshot, then numbered differences, and facts.

Sans-IO; the socket's task calls `take`. A page that reads slowly gets the newest value of each topic and at most
`MOST_FACTS` facts, never a queue that grows: when facts were lost it is told how many, and gets a snapshot.
Values come as JSON text, so that what thirty pages get is encoded once.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping

MOST_FACTS = 500
GONE = "null"


class Page:
    """live: this page wants topics; every page gets facts."""

    def __init__(self, *, live: bool) -> None:
        self._live = live
        self._number = 0
        self._snapshot_due = live
        self._pending: dict[str, str] = {}
        self._facts: deque[str] = deque()
        self._lost = 0

    def changed(self, topic: str, value: str) -> None:
        """topic: "agents/1001"; value: JSON text, GONE if it is no more. The last one told wins."""
        if self._live and not self._snapshot_due:
            self._pending[topic] = value

    def happened(self, fact: str) -> None:
        """fact: a whole message as JSON text. Facts keep their order."""
        if len(self._facts) >= MOST_FACTS:
            self._lost += len(self._facts)
            self._facts.clear()
            self.renew()
        self._facts.append(fact)

    def renew(self) -> None:
        """The page lost its way, or sees other things now: everything again, in one message."""
        self._snapshot_due = self._live
        self._pending.clear()

    @property
    def has_news(self) -> bool:
        return bool(self._snapshot_due or self._pending or self._facts or self._lost)

    def take(self, at: str, topics: Callable[[], Mapping[str, str]]) -> list[str]:
        """The messages to send now, in their order. at: the time now; topics: everything that the page may see now."""
        messages = []
        if self._lost:
            messages.append(_message("events.lost", at, f'{{"count":{self._lost}}}'))
            self._lost = 0
        if self._snapshot_due:
            self._snapshot_due = False
            messages.append(_message("live.snapshot", at, self._numbered("topics", topics())))
        elif self._pending:
            # The number goes up before sending: if the send fails, the page sees a gap and asks for a snapshot;
            # the other way round it would take two messages with one number for the same one.
            self._number += 1
            messages.append(_message("live.changed", at, self._numbered("changes", self._pending)))
            self._pending = {}
        messages.extend(self._facts)
        self._facts.clear()
        return messages

    def _numbered(self, name: str, values: Mapping[str, str]) -> str:
        pairs = ",".join(f"{json.dumps(topic)}:{value}" for topic, value in values.items())
        return f'{{"seq":{self._number},"{name}":{{{pairs}}}}}'


def ping(at: str) -> str:
    """Says that we are still here, when nothing else does."""
    return _message("live.ping", at, "{}")


def _message(kind: str, at: str, data: str) -> str:
    return f'{{"type":{json.dumps(kind)},"at":{json.dumps(at)},"data":{data}}}'
