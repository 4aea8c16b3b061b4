"""Which fact changes which topic, and who may see it.

A topic is "agents/1001", "queues/sales" or "lines/CALL"; its value is what `switchboard.live` says of it now. However
many facts come, each topic that changed is read and encoded once in `EVERY` seconds, for all pages together. Facts
themselves go out at once: a screen pop waits for nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callcenterd.bus import Bus
from callcenterd.model import events
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.ids import AgentId, CallId, QueueName
from callcenterd.model.people import Role
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.live import agent_data
from callcenterd.web.page import GONE, Page
from callcenterd.web.rights import ABOVE, Sight

EVERY = 0.1
REMEMBERED = 2000
"""Calls that are over, of which late facts (a finished recording, a note) may still come."""


@dataclass(slots=True)
class Parties:
    """Who had to do with a call until now: what decides who may see it."""

    agents: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)

    def seen_by(self, sight: Sight) -> bool:
        if sight.agent is None:
            return True
        return sight.agent in self.agents or not sight.queues.isdisjoint(self.queues)


@dataclass(eq=False, slots=True)
class Reader:
    """One open page or program. wake: there is something to take from `page`."""

    login: str
    role: Role
    sight: Sight
    page: Page
    wake: Callable[[], None]


class LiveEvents:
    """One for the server; hears every fact."""

    def __init__(self, board: Switchboard, bus: Bus) -> None:
        self._board = board
        self._readers: set[Reader] = set()
        self._parties: OrderedDict[CallId, Parties] = OrderedDict()
        self._known: dict[str, tuple[dict[str, Any], str]] | None = None
        self._known_at = 0.0
        self._changed: set[str] = set()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stop = bus.listen(Fact, self._told)

    def stop(self) -> None:
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def join(self, reader: Reader) -> None:
        self._readers.add(reader)

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)

    @property
    def readers(self) -> int:
        return len(self._readers)

    # ---- what there is ----------------------------------------------------------------------------------

    def topics(self, sight: Sight) -> dict[str, str]:
        """Every topic that may be seen, with its value now."""
        return {topic: text for topic, (value, text) in self._picture().items() if self._seen(topic, value, sight)}

    def lists(self, sight: Sight) -> dict[str, list[dict[str, Any]]]:
        """The same as lists, for who asks once."""
        answered: dict[str, list[dict[str, Any]]] = {"lines": [], "agents": [], "queues": []}
        for topic, (value, _) in self._picture().items():
            if self._seen(topic, value, sight):
                answered[topic.partition("/")[0]].append(value)
        return answered

    def sees_call(self, call: CallId, sight: Sight) -> bool:
        """A call that is on the line now, or was a moment ago."""
        parties = self._parties.get(call)
        return parties is not None and parties.seen_by(sight)

    def _picture(self) -> Mapping[str, tuple[dict[str, Any], str]]:
        """Every topic with its value, and that encoded: made once for all who ask at the same time.

        A fact ends it at once, so that no page misses what it was not told because its snapshot was still to come.
        """
        now_is = asyncio.get_running_loop().time()
        if self._known is None or now_is - self._known_at > EVERY:
            self._known_at = now_is
            now = self._board.live.snapshot()
            topics = {
                **{f"lines/{line['call']}": line for line in now["lines"]},
                **{f"agents/{agent['login']}": agent for agent in now["agents"]},
                **{f"queues/{queue['name']}": queue for queue in now["queues"]},
            }
            self._known = {topic: (value, _encoded(value)) for topic, value in topics.items()}
        return self._known

    def _value(self, topic: str) -> dict[str, Any] | None:
        kind, _, name = topic.partition("/")
        match kind:
            case "lines":
                return self._board.live.line(CallId(name))
            case "agents":
                view = self._board.desk.view(name)
                return None if view is None else agent_data(view)
            case _:
                known = QueueName(name) in self._board.queueing.queue_names()
                return self._board.live.queue(QueueName(name)) if known else None

    def _seen(self, topic: str, value: Mapping[str, Any] | None, sight: Sight) -> bool:
        """May the topic be seen. What is gone is told to everyone who could have seen it."""
        if sight.agent is None:
            return True
        kind, _, name = topic.partition("/")
        match kind:
            case "lines":
                return self.sees_call(CallId(name), sight)
            case "agents":
                shared = value is not None and not sight.queues.isdisjoint(value["queues"])
                return name == sight.agent or shared
            case _:
                return name in sight.queues

    # ---- what happens -----------------------------------------------------------------------------------

    def _told(self, fact: Fact) -> None:
        self._note_parties(fact)
        self._known = None
        self._changed |= self._touched(fact)
        self._set_timer()
        if not self._readers or type(fact) not in EVENT_NAMES:
            return
        message = None
        for reader in self._readers:
            if self._may_hear(fact, reader):
                message = message or encoded_fact(fact)
                reader.page.happened(message)
                reader.wake()

    def _note_parties(self, fact: Fact) -> None:
        call: CallId | None = getattr(fact, "call", None)
        agent: str | None = getattr(fact, "agent", None)
        queue: str | None = getattr(fact, "queue", None)
        if isinstance(fact, events.AgentChanged):
            call, agent = fact.view.call, fact.view.agent
        if call is None:
            return
        parties = self._parties.setdefault(call, Parties())
        if agent is not None:
            parties.agents.add(agent)
        if queue is not None:
            parties.queues.add(queue)
        if isinstance(fact, events.CallStarted) and fact.extension is not None:
            caller = self._board.queueing.agent_at(fact.extension)
            if caller is not None:
                parties.agents.add(caller)
        self._forget_old()

    def _forget_old(self) -> None:
        """Calls that are over go, the oldest first; those on the line stay however many there are."""
        over = len(self._parties) - len(self._board.journeys) - REMEMBERED
        if over <= 0:
            return
        for call in list(self._parties):
            if call not in self._board.journeys:
                del self._parties[call]
                over -= 1
                if over <= 0:
                    return

    def _touched(self, fact: Fact) -> set[str]:
        """The topics whose value may be another one after this fact."""
        touched = set()
        call: CallId | None = getattr(fact, "call", None)
        if call is not None:
            touched.add(f"lines/{call}")
        match fact:
            case events.AgentChanged(view=view):
                touched.add(f"agents/{view.agent}")
                touched |= {f"queues/{queue}" for queue in view.queues}
                if view.call is not None:
                    touched.add(f"lines/{view.call}")
            case events.QueueChanged(queue=queue, waiting=waiting):
                touched.add(f"queues/{queue}")
                touched |= {f"lines/{call}" for call in waiting}
            case events.CallerQueued(queue=queue) | events.CallerLeftQueue(queue=queue):
                touched.add(f"queues/{queue}")
            case events.PhoneChanged(extension=extension):
                agent = self._board.queueing.agent_at(extension)
                if agent is not None:
                    touched.add(f"agents/{agent}")
            case events.SiteChanged():
                self._site_changed()
            case _:
                pass
        return touched

    def _site_changed(self) -> None:
        """Agents and queues are others, and who may see what: every page gets everything anew."""
        for reader in self._readers:
            reader.sight = Sight.of(reader.login, reader.role, self._board.site)
            reader.page.renew()
            reader.wake()

    def _may_hear(self, fact: Fact, reader: Reader) -> bool:
        sight = reader.sight
        if isinstance(fact, events.ScreenPopped):
            return fact.agent == reader.login or reader.role in ABOVE
        if isinstance(fact, events.FlowsLoaded):
            return reader.role == "admin"
        if sight.agent is None or isinstance(fact, (events.CustomerSaved, events.SiteChanged)):
            return True
        if isinstance(fact, events.AgentChanged):
            return fact.view.agent == reader.login or not sight.queues.isdisjoint(fact.view.queues)
        if isinstance(fact, (events.QueueChanged, events.VoicemailMarked)):
            return fact.queue in sight.queues
        if isinstance(fact, events.PhoneChanged):
            return self._board.queueing.agent_at(fact.extension) == AgentId(reader.login)
        call: CallId | None = getattr(fact, "call", None)
        return call is not None and self.sees_call(call, sight)

    # ---- topics go out together -------------------------------------------------------------------------

    def _set_timer(self) -> None:
        if not self._changed or self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        # The first change after a quiet while goes out in this turn of the loop, together with what follows from it.
        self._timer = loop.call_at(max(loop.time(), self._next), self._send_changes)

    def _send_changes(self) -> None:
        self._timer = None
        self._next = asyncio.get_running_loop().time() + EVERY
        changed, self._changed = self._changed, set()
        if not self._readers:
            return
        for topic in sorted(changed):
            value = self._value(topic)
            text = GONE if value is None else _encoded(value)
            for reader in self._readers:
                if self._seen(topic, value, reader.sight):
                    reader.page.changed(topic, text)
        for reader in self._readers:
            if reader.page.has_news:
                reader.wake()


def fact_data(fact: Fact) -> dict[str, Any]:
    """What stands under "data" for a fact: its fields but the time; of an agent's change, the agent as everywhere."""
    if isinstance(fact, events.AgentChanged):
        return agent_data(fact.view)
    return {each.name: _plain(getattr(fact, each.name)) for each in dataclasses.fields(fact) if each.name != "at"}


def encoded_fact(fact: Fact) -> str:
    """A message of the event stream: {"type", "at", "data"}."""
    return _encoded({"type": EVENT_NAMES[type(fact)], "at": fact.at.isoformat(), "data": fact_data(fact)})


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _encoded(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
