"""Which fact changes which topic, and who may see it.

A topic is "agents/1001", "queues/sales" or "lines/CALL"; its value is what `switchboard.live` says of it now; of
"flows/main/menu" it is how many callers are in that node, of "callers/CALL" whose call it may be, of
"volume/sales/TIME" and "volume//TIME" how many called that queue or the office in that half hour, of "help/1001" that
agent's call for help. However many facts come, each topic that changed is read and encoded once in `EVERY` seconds, for
all pages together. Who did it, and the agents whose state or call it is, see it at once on their own pages: a click
waits for no other's. Facts themselves go out at once, too: a screen pop waits for nothing.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from callcenterd.bus import Bus
from callcenterd.model import events
from callcenterd.model.calls import CallSight, LegSound
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.help import HelpRequest
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, FlowName, QueueName, TrunkName
from callcenterd.model.people import Role
from callcenterd.model.records import RecordSight
from callcenterd.switchboard.board import Switchboard
from callcenterd.switchboard.live import agent_data, half_data
from callcenterd.switchboard.parties import PartyBook
from callcenterd.web.page import GONE, Page
from callcenterd.web.rights import ABOVE, Sight, site_may, site_may_read

EVERY = 0.1
_AT_ONCE = ("agents/", "lines/")
"""What a click changes. Figures can wait, and whose call it may be says the pop."""
KINDS = ("lines", "agents", "queues", "trunks", "extensions", "callers", "volume", "help")
"""Of topics that are told to who asks once."""
_TELLS_CALLER = (
    events.CallerQueued,
    events.CallRinging,
    events.ScreenPopped,
    events.CallAnswered,
    events.CallTransferred,
    events.CallEnded,
)
"""After these it may be known, or not be worth knowing any more, whose call it is."""


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

    def __init__(
        self, board: Switchboard, bus: Bus, help_now: Callable[[], Mapping[AgentId, HelpRequest]] = dict
    ) -> None:
        """help_now: who calls for help."""
        self._board = board
        self._help = help_now
        self._readers: set[Reader] = set()
        self._of_login: dict[str, set[Reader]] = {}
        self._parties = PartyBook(board.journeys.keys, board.queueing.agent_at)
        self._known: dict[str, tuple[dict[str, Any], str]] | None = None
        self._known_at = 0.0
        self._changed: set[str] = set()
        self._soon: dict[str, set[str]] = {}
        """What of it goes at once, by login."""
        self._early: dict[tuple[str, Reader], str] = {}
        """What went at once, and need not go again with the rest."""
        self._next = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._knowing: dict[AgentId, RecordSight | Literal["nobody"] | None] = {}
        self._named: set[str] = set()
        self._stop = bus.listen(Fact, self._told)
        board.flow_counts.watch(self._walked)
        board.today.watch(self._counted)
        board.lines.watch_lines(self._moved)

    def stop(self) -> None:
        self._stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def join(self, reader: Reader) -> None:
        self._readers.add(reader)
        self._of_login.setdefault(reader.login, set()).add(reader)

    def leave(self, reader: Reader) -> None:
        self._readers.discard(reader)
        own = self._of_login.get(reader.login, set())
        own.discard(reader)
        if not own:
            self._of_login.pop(reader.login, None)

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
        answered: dict[str, list[dict[str, Any]]] = {kind: [] for kind in KINDS}
        for topic, (value, _) in self._picture().items():
            if self._seen(topic, value, sight):
                answered.setdefault(topic.partition("/")[0], []).append(value)
        return {kind: answered[kind] for kind in KINDS}  # who wants to know of flows asks for one flow

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
                **{f"trunks/{trunk['name']}": trunk for trunk in now["trunks"]},
                **{f"extensions/{extension['number']}": extension for extension in now["extensions"]},
                **{f"callers/{caller['call']}": caller for caller in now["callers"]},
                **{f"volume/{half['queue'] or ''}/{half['at']}": half for half in now["volume"]},
                **self._nodes(),
                **{f"help/{agent}": help_data(request) for agent, request in self._help().items()},
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
            case "help":
                request = self._help().get(AgentId(name))
                return None if request is None else help_data(request)
            case "lines":
                return self._board.live.line(CallId(name))
            case "agents":
                view = self._board.desk.view(name)
                return None if view is None else agent_data(view)
            case "trunks":
                return self._board.lines.trunk(TrunkName(name))
            case "extensions":
                return self._board.lines.extension(ExtensionNumber(name))
            case "callers":
                return self._board.live.caller(CallId(name))
            case "volume":
                queue, _, at = name.rpartition("/")
                half = self._board.today.half(QueueName(queue) if queue else None, datetime.fromisoformat(at))
                return None if half is None else half_data(half)
            case _:
                known = QueueName(name) in self._board.queueing.queue_names()
                return self._board.live.queue(QueueName(name)) if known else None

    def _seen(self, topic: str, value: Mapping[str, Any] | None, sight: Sight) -> bool:
        """May the topic be seen. What is gone is told to everyone who could have seen it."""
        kind, _, name = topic.partition("/")
        if kind == "callers":
            return self._may_know(CallId(name), sight)
        if kind == "help":
            return self._hears_of_help(name, sight)
        if sight.agents is None:
            return True
        match kind:
            case "trunks":
                return sight.leads
            case "extensions":
                return sight.oversees(self._board.queueing.agent_at(name))
            case "volume":
                queue = name.rpartition("/")[0]
                return bool(queue) and sight.sees_queue(queue)
            case "lines":
                return self.sees_call(CallId(name), sight)
            case "agents":
                return sight.sees_agent(name, () if value is None else value["queues"])
            case "flows":
                return False
            case _:
                return sight.sees_queue(name)

    def _may_know(self, call: CallId, sight: Sight) -> bool:
        """May they see every customer whose call it may be? What of it is over is told to everyone who knew."""
        if sight.login not in self._knowing:
            site = self._board.site
            reads = site_may(site, sight.login, "customer.read")
            self._knowing[sight.login] = sight.of_records(site, "customer") if reads else "nobody"
        own = self._knowing[sight.login]
        if own == "nobody" or (sight.agents is not None and not self.sees_call(call, sight)):
            return False
        journey = self._board.journeys.get(call)
        return own is None or journey is None or all(own.sees(customer) for customer in journey.customers)

    def _hears_of_help(self, agent: str, sight: Sight) -> bool:
        """The agent who calls for it, and who oversees them and may answer."""
        may_answer = site_may(self._board.site, sight.login, "help.answer")
        return agent == sight.login or (may_answer and sight.oversees(agent))

    # ---- what happens -----------------------------------------------------------------------------------

    def _told(self, fact: Fact) -> None:
        self._parties.note(fact)
        self._known = None
        touched = self._touched(fact)
        self._changed |= touched
        self._hurry(fact, touched)
        self._set_timer()
        if not self._readers or type(fact) not in EVENT_NAMES:
            return
        message = None
        for reader in self._readers:
            if self._may_hear(fact, reader):
                told = self.as_seen(fact, reader.sight)
                if told is fact:
                    message = message or encoded_fact(fact)
                reader.page.happened(message if told is fact and message else encoded_fact(told))
                reader.wake()

    def as_seen(self, fact: Fact, sight: Sight) -> Fact:
        """The fact without what of it somebody may not see: customers who may call, and who else gets a notice."""
        if isinstance(fact, events.StaffMessageWritten | events.StaffMessageChanged) and fact.by != sight.login:
            return dataclasses.replace(fact, to=tuple(one for one in fact.to if one == sight.login))
        if not isinstance(fact, events.ScreenPopped) or not fact.customers:
            return fact
        site = self._board.site
        own = sight.of_records(site, "customer")
        if not site_may(site, sight.login, "customer.read"):
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

    def _counted(self, queue: QueueName | None, half: datetime | None) -> None:
        self._known = None
        self._changed.add(f"queues/{queue}" if half is None else f"volume/{queue or ''}/{half.isoformat()}")
        self._set_timer()

    def _moved(self, call: CallId, extension: ExtensionNumber | None, trunk: TrunkName | None) -> None:
        self._known = None
        if extension is not None:
            self._changed.add(f"extensions/{extension}")
        if trunk is not None:
            self._changed.add(f"trunks/{trunk}")
            if call in self._board.journeys:
                self._changed.add(f"lines/{call}")
        self._set_timer()

    def _touched(self, fact: Fact) -> set[str]:
        """The topics whose value may be another one after this fact."""
        touched = set()
        call: CallId | None = getattr(fact, "call", None)
        if call is not None:
            touched.add(f"lines/{call}")
            if isinstance(fact, _TELLS_CALLER):
                touched.add(f"callers/{call}")
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
                touched.add(f"extensions/{extension}")
                agent = self._board.queueing.agent_at(extension)
                if agent is not None:
                    touched.add(f"agents/{agent}")
            case events.TrunkChanged(trunk=trunk):
                touched.add(f"trunks/{trunk}")
            case events.HelpChanged(agent=agent):
                touched.add(f"help/{agent}")
            case events.AgentForced(agent=agent):
                touched.add(f"agents/{agent}")
            case events.SiteChanged():
                self._site_changed()
            case _:
                pass
        return touched

    def _site_changed(self) -> None:
        """Agents and queues are others, and who may see what: every page gets everything anew."""
        self._knowing.clear()
        for reader in self._readers:
            reader.sight = Sight.of(reader.login, self._board.site)
            reader.page.renew()
            reader.wake()

    def _may_hear(self, fact: Fact, reader: Reader) -> bool:
        sight, site = reader.sight, self._board.site

        def may(name: str) -> bool:
            return site_may(site, reader.login, name)

        def may_read(kind: str) -> bool:
            return site_may_read(site, reader.login, kind)

        match fact:
            case events.PagePhoneChanged():
                return fact.login == reader.login
            case events.FlowsLoaded():
                return may("flow")
            case events.CallMonitored() if not may("call.listen"):
                return False
            case events.SiteChanged() | events.ThresholdsChanged(queue=None):
                return True
            case events.StaffMessageWritten() | events.StaffMessageChanged():
                for_them = fact.kind == "announcement" or reader.login in (fact.by, *fact.to)
                return for_them and may("staff_message")
            case events.StaffMessageRead():
                return reader.login in (fact.by, fact.reader) and may("staff_message")
            case events.HelpChanged():
                return self._hears_of_help(fact.agent, sight)
            case events.CustomerSaved():
                # Whose the customer is the fact does not say: who may not see all of them hears of their own doing.
                return may("customer.read") and (sight.of_records(site, "customer") is None or fact.by == reader.login)
            case events.CustomerMessageSettled():
                return may("letter")
            case events.CustomersImported():
                return may("customer.read") and sight.of_records(site, "customer") is None
            case events.ScreenPopped() | events.SeatTaken() | events.BreakTooLong() | events.AgentForced():
                return sight.oversees(fact.agent)
            case events.PreviewOffered() | events.PreviewOver():
                return sight.oversees(fact.agent)
            case events.CampaignChanged():
                return (may("campaign") or may("campaign.preview")) and sight.sees_queue(fact.queue)
            case events.AgentChanged():
                return sight.sees_agent(fact.view.agent, fact.view.queues)
            case events.VoicemailLeft() | events.VoicemailMarked() | events.VoicemailRemoved():
                own = sight.of_messages(site)
                to = "" if isinstance(fact, events.VoicemailLeft) else fact.assigned_to
                whose = {"queue": fact.queue, "agent": fact.agent, "extension": fact.extension}
                return may_read("voicemail") and (own is None or own.sees(**whose, assigned_to=to))
            case events.DutyChanged() | events.DutyWarned():
                owed = sight.of_duties(site)
                warned = isinstance(fact, events.DutyWarned) and reader.login in fact.to
                return may("duty") and fact.kind not in site.duties_off and (owed is None or owed.sees(fact) or warned)
            case events.AppraisalChanged():
                seen = sight.of_records(site, "appraisal")
                return may("appraisal.read") and hears_appraisal(fact, reader.login, seen)
            case events.RecordSaved():
                records = sight.of_records(site, fact.kind)
                return may_read(fact.kind) and (records is None or records.sees(fact))
            case events.CallbackChanged() | events.CallbackTried() if not may_read("callback"):
                return False
            case events.CallbackChanged() if sight.oversees(fact.assigned_to):
                return True
            case events.QueueChanged() | events.CallbackChanged() | events.CallbackTried() | events.ThresholdsChanged():
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

    def _hurry(self, fact: Fact, touched: set[str]) -> None:
        """Who did it, and whose state or call it is, hear of it in the next turn of the loop."""
        if not touched or not self._readers:
            return
        concerned: set[str] = {by} if (by := getattr(fact, "by", None)) else set()
        if isinstance(fact, events.AgentChanged):
            concerned.add(fact.view.agent)
        elif (call := getattr(fact, "call", None)) is not None and (parties := self._parties.of(call)) is not None:
            concerned |= parties.agents
        for login in concerned & self._of_login.keys():
            if not self._soon:
                asyncio.get_running_loop().call_soon(self._send_soon)
            self._soon.setdefault(login, set()).update(touched)

    def _send_soon(self) -> None:
        soon, self._soon = self._soon, {}
        values: dict[str, tuple[dict[str, Any] | None, str]] = {}
        for login, topics in soon.items():
            for topic in sorted(topics & self._changed):
                if not topic.startswith(_AT_ONCE):
                    continue
                if topic not in values:
                    value = self._value(topic)
                    values[topic] = value, GONE if value is None else _encoded(value)
                for reader in self._of_login.get(login, ()):
                    self._give(reader, topic, *values[topic])
                    self._early[topic, reader] = values[topic][1]
            for reader in self._of_login.get(login, ()):
                if reader.page.has_news:
                    reader.wake()

    def _send_changes(self) -> None:
        self._timer = None
        self._next = asyncio.get_running_loop().time() + EVERY
        changed, self._changed = self._changed, set()
        early, self._early = self._early, {}
        if not self._readers:
            return
        for topic in sorted(changed):
            value = self._value(topic)
            if topic.startswith("callers/"):  # of most calls nobody is known: of those it is not told at their end
                if value is None and topic not in self._named:
                    continue
                (self._named.discard if value is None else self._named.add)(topic)
            text = GONE if value is None else _encoded(value)
            for reader in self._readers:
                if early.get((topic, reader)) != text:
                    self._give(reader, topic, value, text)
        for reader in self._readers:
            if reader.page.has_news:
                reader.wake()

    def _give(self, reader: Reader, topic: str, value: Mapping[str, Any] | None, text: str) -> None:
        if self._seen(topic, value, reader.sight):
            reader.page.changed(topic, text)
            if topic.startswith("lines/"):
                (reader.lines.discard if value is None else reader.lines.add)(topic)
        elif topic in reader.lines:
            reader.page.changed(topic, GONE)
            reader.lines.discard(topic)


def help_data(request: HelpRequest) -> dict[str, Any]:
    known = dataclasses.asdict(request)
    return {name: _plain(value) for name, value in known.items() if not name.startswith("ended_")}


def hears_appraisal(fact: events.AppraisalChanged, login: str, seen: RecordSight | None) -> bool:
    """As `model.appraisals.AppraisalSight.sees`; of a call of their own only once it is told."""
    if fact.appraiser == login:
        return True
    if fact.agent == login and not fact.told:
        return False
    return seen is None or fact.agent in seen.agents or fact.team in seen.teams


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
