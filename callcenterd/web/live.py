"""Which fact changes which topic, and who may see it.

A topic is "agents/1001", "queues/sales" or "lines/CALL"; its value is what `switchboard.live` says of it now; of
"flows/main/menu" it is how many callers are in that node. However
many facts come, each topic that changed is read and encoded once in `EVERY` seconds, for all pages together. Facts
themselves go out at once: a screen pop waits for nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from callcenterd.bus import Bus
from callcenterd.model import events
from callcenterd.model.calls import CallSight, LegSound
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.ids import CallId, FlowName, QueueName
from callcenterd.model.people import Role
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.live import agent_data
from callcenterd.switchboard.parties import PartyBook
from callcenterd.web.page import GONE, Page
from callcenterd.web.rights import ABOVE, READS, Sight, role_may

EVERY = 0.1


@dataclass(eq=False, slots=True)
class Reader:
    """One open page or program. wake: there is something to take from `page`.

    lines: topics of calls that the page knows. A call may go out of sight before it is over: who leads a team saw it
    wait, and another team's agent has answered it.
    """

    login: str
    role: Role
    sight: Sight
    page: Page
    wake: Callable[[], None]
    lines: set[str] = field(default_factory=set)


class LiveEvents:
    """One for the server; hears every fact."""

    def __init__(self, board: Switchboard, bus: Bus) -> None:
        self._board = board
        self._readers: set[Reader] = set()
        self._parties = PartyBook(board.journeys.keys, board.queueing.agent_at)
        self._known: dict[str, tuple[dict[str, Any], str]] | None = None
        self._known_at = 0.0
        self._changed: set[str] = set()
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stop = bus.listen(Fact, self._told)
        board.flow_counts.watch(self._walked)

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

    def snapshot(self, reader: Reader) -> dict[str, str]:
        """The same for an open page, which knows these from now on."""
        topics = self.topics(reader.sight)
        reader.lines = {topic for topic in topics if topic.startswith("lines/")}
        return topics

    def lists(self, sight: Sight) -> dict[str, list[dict[str, Any]]]:
        """The same as lists, for who asks once."""
        answered: dict[str, list[dict[str, Any]]] = {"lines": [], "agents": [], "queues": []}
        for topic, (value, _) in self._picture().items():
            if self._seen(topic, value, sight):
                answered.setdefault(topic.partition("/")[0], []).append(value)
        answered.pop("flows", None)  # who wants to know asks for one flow
        return answered

    def sees_call(self, call: CallId, sight: Sight) -> bool:
        """A call that is on the line now, or was a moment ago."""
        parties = self._parties.of(call)
        if parties is None:
            return sight.agents is None
        return sight.sees_call(parties, self._board.queueing.waits_in(call))

    def call_sight(self, sight: Sight) -> CallSight | None:
        """Which calls may be seen, as the store understands it: what `sees_call` says of each. None: all."""
        queueing = self._board.queueing
        waiting = (call for queue in sight.queues if sight.leads for call, _, _ in queueing.waiting(queue))
        return sight.of_calls(call for call in waiting if (known := self._parties.of(call)) and known.answered)

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
                **self._nodes(),
            }
            self._known = {topic: (value, _encoded(value)) for topic, value in topics.items()}
        return self._known

    def _nodes(self) -> dict[str, dict[str, Any]]:
        counts = self._board.flow_counts
        return {
            f"flows/{flow}/{node}": {"flow": flow, "node": node, "now": count.now, "today": count.today}
            for flow in counts.flows()
            for node, count in counts.of(flow).items()
        }

    def _value(self, topic: str) -> dict[str, Any] | None:
        kind, _, name = topic.partition("/")
        match kind:
            case "flows":
                flow, _, node = name.partition("/")
                count = self._board.flow_counts.at(FlowName(flow), node)
                return {"flow": flow, "node": node, "now": count.now, "today": count.today}
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
        if sight.agents is None:
            return True
        kind, _, name = topic.partition("/")
        match kind:
            case "lines":
                return self.sees_call(CallId(name), sight)
            case "agents":
                return sight.sees_agent(name, () if value is None else value["queues"])
            case "flows":
                return False
            case _:
                return sight.sees_queue(name)

    # ---- what happens -----------------------------------------------------------------------------------

    def _told(self, fact: Fact) -> None:
        self._parties.note(fact)
        self._known = None
        self._changed |= self._touched(fact)
        self._set_timer()
        if not self._readers or type(fact) not in EVENT_NAMES:
            return
        message = None
        for reader in self._readers:
            if self._may_hear(fact, reader):
                told = self.as_seen(fact, reader.role, reader.sight)
                if told is fact:
                    message = message or encoded_fact(fact)
                reader.page.happened(message if told is fact and message else encoded_fact(told))
                reader.wake()

    def as_seen(self, fact: Fact, role: Role, sight: Sight) -> Fact:
        """The fact without what of it somebody may not see: customers who may be calling."""
        if not isinstance(fact, events.ScreenPopped) or not fact.customers:
            return fact
        site = self._board.site
        own = sight.of_records(site, "customer")
        if not role_may(site, role, "customer.read"):
            return dataclasses.replace(fact, customers=())
        if own is None:
            return fact
        journey = self._board.journeys.get(fact.call)
        seen = {known.id for known in (journey.customers if journey is not None else ()) if own.sees(known)}
        return dataclasses.replace(fact, customers=tuple(one for one in fact.customers if one in seen))

    def _walked(self, flow: FlowName, node: str) -> None:
        self._known = None
        self._changed.add(f"flows/{flow}/{node}")
        self._set_timer()

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
            reader.sight = Sight.of(reader.login, self._board.site)
            reader.page.renew()
            reader.wake()

    def _may_hear(self, fact: Fact, reader: Reader) -> bool:
        sight, site = reader.sight, self._board.site

        def may(name: str) -> bool:
            return role_may(site, reader.role, name)

        match fact:
            case events.PagePhoneChanged():
                return fact.login == reader.login
            case events.FlowsLoaded():
                return may("flow")
            case events.CallMonitored() if not may("call.listen"):
                return False
            case events.SiteChanged():
                return True
            case events.CustomerSaved():
                # Whose the customer is the fact does not say: who may not see all of them hears of their own doing.
                return may("customer.read") and (sight.of_records(site, "customer") is None or fact.by == reader.login)
            case events.LetterSent():
                return may("letter")
            case events.CustomersImported():
                return may("customer.read") and sight.of_records(site, "customer") is None
            case events.ScreenPopped() | events.SeatTaken() | events.BreakTooLong() | events.AgentForced():
                return sight.oversees(fact.agent)
            case events.PreviewOffered() | events.PreviewOver():
                return sight.oversees(fact.agent)
            case events.CampaignChanged():
                return may("campaign") and sight.sees_queue(fact.queue)
            case events.AgentChanged():
                return sight.sees_agent(fact.view.agent, fact.view.queues)
            case events.VoicemailLeft() | events.VoicemailMarked() | events.VoicemailRemoved():
                own = sight.of_messages(site)
                to = "" if isinstance(fact, events.VoicemailLeft) else fact.assigned_to
                whose = {"queue": fact.queue, "agent": fact.agent, "extension": fact.extension}
                return may("message.work") and (own is None or own.sees(**whose, assigned_to=to))
            case events.DutyChanged() | events.DutyWarned():
                owed = sight.of_duties(site)
                warned = isinstance(fact, events.DutyWarned) and reader.login in fact.to
                return may("duty") and (owed is None or owed.sees(fact) or warned)
            case events.RecordSaved():
                needed, records = READS.get(fact.kind), sight.of_records(site, fact.kind)
                return needed is not None and may(needed) and (records is None or records.sees(fact))
            case events.CallbackChanged() | events.CallbackTried() if not may("message.work"):
                return False
            case events.CallbackChanged() if sight.oversees(fact.assigned_to):
                return True
            case events.QueueChanged() | events.CallbackChanged() | events.CallbackTried():
                return sight.sees_queue(fact.queue)
            case events.PhoneChanged() | events.ForwardingChanged():
                return sight.oversees(self._board.queueing.agent_at(fact.extension))
            case events.TrunkChanged() | events.RecordingAlarm() | events.SourceBanned() | events.BanLifted():
                return reader.role in ABOVE  # the office's affairs, and nobody's call
            case _:
                call: CallId | None = getattr(fact, "call", None)
                return sight.agents is None if call is None else self.sees_call(call, sight)

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
                    if topic.startswith("lines/"):
                        (reader.lines.discard if value is None else reader.lines.add)(topic)
                elif topic in reader.lines:
                    reader.page.changed(topic, GONE)
                    reader.lines.discard(topic)
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
    if isinstance(value, LegSound):
        return {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return value


def _encoded(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
