"""Every line, agent and queue as it is now, and the day's figures, ready for JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from callcenterd.model.agents import AgentView
from callcenterd.model.ids import CallId, QueueName
from callcenterd.model.site import QueueSettings
from callcenterd.model.today import HalfHour
from callcenterd.switchboard.journey import Consult, Journey
from callcenterd.switchboard.people import people

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

MOST_CUSTOMERS = 3
"""Of one call, that are told."""


class Live:
    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        board = self._board
        return {
            "lines": [self._line(journey) for journey in board.journeys.values()],
            "agents": [agent_data(board.queueing.view(agent)) for agent in board.queueing.agents()],
            "queues": [self.queue(queue) for queue in board.queueing.queue_names()],
            "trunks": board.lines.trunks(),
            "extensions": board.lines.extensions(),
            "callers": [known for call in board.journeys if (known := self.caller(call)) is not None],
            "volume": [half_data(half) for half in board.today.halves()],
        }

    def line(self, call: CallId) -> dict[str, Any] | None:
        """None: that call is over."""
        journey = self._board.journeys.get(call)
        return None if journey is None else self._line(journey)

    def caller(self, call: CallId) -> dict[str, Any] | None:
        """Whose customers' call it may be, best first. None: nobody's that is known, or it is over."""
        journey = self._board.journeys.get(call)
        if journey is None or not journey.customers:
            return None
        known = journey.customers[:MOST_CUSTOMERS]
        return {
            "call": call,
            "customers": [{"id": one.id, "name": one.name, "level": one.level} for one in known],
        }

    def queue(self, name: QueueName) -> dict[str, Any]:
        queueing = self._board.queueing
        settings = next((queue for queue in self._board.site.queues if queue.name == name), QueueSettings(name=name))
        waiting: list[dict[str, Any]] = []
        for call, since, position in queueing.waiting(name):
            journey = self._board.journeys.get(call)
            waiting.append(
                {
                    "call": call,
                    "caller": journey.call.caller if journey else "",
                    "since": since.isoformat(),
                    "position": position,
                }
            )
        states = queueing.states_in(name)
        return {
            "name": name,
            "title": settings.title or name,
            "waiting": waiting,
            "longest_since": min((entry["since"] for entry in waiting), default=None),
            "ready": states.count("ready"),
            "talking": states.count("talking"),
            "signed_in": len(states) - states.count("signed_out"),
            "today": dataclasses.asdict(self._board.today.queue(name, settings.service_level)),
        }

    def _line(self, journey: Journey) -> dict[str, Any]:
        call = journey.call
        return {
            "call": call.id,
            "direction": call.direction,
            "state": journey.state,
            "caller": call.caller,
            "called": call.called,
            "trunk": call.trunk or next((leg.trunk for leg in call.legs if leg.alive and leg.trunk is not None), None),
            "queue": journey.queue,
            "agent": journey.agent or next(iter(journey.rung), None),
            "since": (journey.state_at or journey.began_at).isoformat(),
            "started_at": journey.began_at.isoformat(),
            "one_way": list(journey.one_way.values()),
            "recorded": journey.recording is not None,
            "parties": 0 if journey.joined_at is None else 2 + len(journey.others),
            "consult": None if journey.consult is None else _consult(journey.consult),
            "paused_since": None if journey.paused is None else journey.paused.at.isoformat(),
            "people": people(self._board, journey),
        }


def half_data(half: HalfHour) -> dict[str, Any]:
    return dataclasses.asdict(half) | {"at": half.at.isoformat()}


def agent_data(view: AgentView) -> dict[str, Any]:
    known = dataclasses.asdict(view)
    known["login"] = known.pop("agent")
    known["since"] = view.since.isoformat()
    known["until"] = None if view.until is None else view.until.isoformat()
    known["queues"], known["teams"] = list(view.queues), list(view.teams)
    return known


def _consult(consult: Consult) -> dict[str, Any]:
    return {
        "number": consult.number,
        "queue": None if consult.queue is None else consult.queue.name,
        "agent": consult.agent,
        "state": "ringing" if consult.leg is None else "held" if consult.with_caller else "talking",
    }
