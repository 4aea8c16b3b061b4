"""Every line, agent and queue as it is now, ready for JSON."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from callcenterd.model.agents import AgentView
from callcenterd.model.ids import CallId, QueueName
from callcenterd.switchboard.journey import Consult, Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard


class Live:
    def __init__(self, board: Switchboard) -> None:
        self._board = board

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        board = self._board
        return {
            "lines": [_line(journey) for journey in board.journeys.values()],
            "agents": [agent_data(board.queueing.view(agent)) for agent in board.queueing.agents()],
            "queues": [self.queue(queue) for queue in board.queueing.queue_names()],
        }

    def line(self, call: CallId) -> dict[str, Any] | None:
        """None: that call is over."""
        journey = self._board.journeys.get(call)
        return None if journey is None else _line(journey)

    def queue(self, name: QueueName) -> dict[str, Any]:
        queueing = self._board.queueing
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
        members = [view for agent in queueing.agents() if name in (view := queueing.view(agent)).queues]
        return {
            "name": name,
            "title": next((queue.title for queue in self._board.site.queues if queue.name == name), "") or name,
            "waiting": waiting,
            "longest_since": min((entry["since"] for entry in waiting), default=None),
            "ready": sum(view.state == "ready" for view in members),
            "talking": sum(view.state == "talking" for view in members),
            "signed_in": sum(view.state != "signed_out" for view in members),
        }


def agent_data(view: AgentView) -> dict[str, Any]:
    known = dataclasses.asdict(view)
    known["login"] = known.pop("agent")
    known["since"] = view.since.isoformat()
    known["until"] = None if view.until is None else view.until.isoformat()
    known["queues"] = list(view.queues)
    return known


def _line(journey: Journey) -> dict[str, Any]:
    call = journey.call
    return {
        "call": call.id,
        "direction": call.direction,
        "state": journey.state,
        "caller": call.caller,
        "called": call.called,
        "trunk": call.trunk,
        "queue": journey.queue,
        "agent": journey.agent or next(iter(journey.rung), None),
        "since": (journey.state_at or journey.began_at).isoformat(),
        "started_at": journey.began_at.isoformat(),
        "one_way": list(journey.one_way.values()),
        "recorded": journey.recording is not None,
        "parties": 0 if journey.joined_at is None else 2 + len(journey.others),
        "consult": None if journey.consult is None else _consult(journey.consult),
        "paused_since": None if journey.paused is None else journey.paused.at.isoformat(),
    }


def _consult(consult: Consult) -> dict[str, Any]:
    return {
        "number": consult.number,
        "queue": None if consult.queue is None else consult.queue.name,
        "agent": consult.agent,
        "state": "ringing" if consult.leg is None else "held" if consult.with_caller else "talking",
    }
