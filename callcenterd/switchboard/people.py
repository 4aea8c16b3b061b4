"""Who is in a call now, who hears whom there, and what each agent in it may do with it now (TEL-03).

It is what pages show and offer: a control that is not in `can` is refused by the order of the same name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from callcenterd.calls.call import Leg, LegState
from callcenterd.model.ids import AgentId, LegId
from callcenterd.switchboard.holding import agent_of
from callcenterd.switchboard.journey import Journey

if TYPE_CHECKING:
    from callcenterd.switchboard.board import Switchboard

Control = Literal[
    "answer", "hang_up", "hold", "resume", "mute", "keys", "transfer", "consult", "toggle", "complete", "conference",
    "back", "add", "park", "record", "record_no_more", "pause", "parties",
]  # fmt: skip
"""pause: of the recording, or its end. parties: mute others, and put them out."""
_RING = (LegState.DIALLING, LegState.RINGING)


def people(board: Switchboard, journey: Journey) -> list[dict[str, Any]]:
    """In the order in which they came to the call; without supervisors who listen."""
    there = [leg for leg in journey.call.legs if leg.alive]
    hears = {leg.id: _hears(board, leg, there) for leg in there}
    heard = {leg for ears in hears.values() for leg in ears}
    return [_person(board, journey, leg, hears[leg.id], heard=leg.id in heard) for leg in there]


def _person(board: Switchboard, journey: Journey, leg: Leg, hears: list[LegId], *, heard: bool) -> dict[str, Any]:
    agent = agent_of(board, leg)
    part = board.calls.part_of(leg)
    if leg.state in _RING:
        state = "ringing"
    elif leg.holding:
        state = "holding"
    else:
        state = "talking" if hears or heard else "waiting"
    return {
        "id": leg.id,
        "number": leg.extension or (journey.call.caller if leg is journey.call.first else leg.number),
        "agent": agent,
        "name": "" if agent is None else board.queueing.view(agent).name,
        "caller": leg is journey.call.first,
        "state": state,
        "muted": part is not None and part.muted,
        "hears": hears,
        "can": [] if agent is None else controls(board, journey, leg, agent),
    }


def _hears(board: Switchboard, leg: Leg, there: list[Leg]) -> list[LegId]:
    """A phone that holds by itself neither sends nor plays, which the bridge knows nothing of."""
    if leg.state is not LegState.UP or leg.holds:
        return []
    ears = board.calls.heard_by(leg)
    return [one.id for one in there if one.id in ears and one.state is LegState.UP and not one.holds]


def controls(board: Switchboard, journey: Journey, leg: Leg, agent: AgentId) -> list[Control]:
    """What the agent whose phone `leg` is may do now, whatever their rights are."""
    if leg.state in _RING:
        return ["answer", "hang_up"] if board.calls.can_pick_up(leg) else ["hang_up"]
    if leg.state is not LegState.UP:
        return []
    can: list[Control] = ["hang_up"]
    main = journey.joined_at is not None and leg in (journey.with_person, journey.call.first)
    if main:
        can += _of_the_recording(journey)
    consult = journey.consult
    if consult is not None:
        if leg is consult.by:
            can += ["complete", "back", "mute"]
            can += [] if consult.leg is None else ["toggle", "conference"]
            can += [] if leg.joined is None else ["keys"]
        return can
    if agent_of(board, journey.call.first) == agent and journey.call.id in board.in_flow:
        can.append("keys")
    if journey.joined_at is None:
        return can
    room = board.calls.room_of(journey.call.first)
    if room is not None and len(room.sides()) > 2:
        can.append("parties")
    under_way = board.transfers.is_under_way(journey)
    if room is not None and not under_way and not board.conferences.is_full(room):
        can.append("add")
    if not main:
        return can
    if not leg.holding:
        can.append("hold")
    elif leg.kept and not leg.holds:
        can.append("resume")
    if board.calls.part_of(leg) is not None:
        can.append("mute")
    if leg.joined is not None:
        can += [one for one in ("keys", "park") if one not in can]
        if not under_way:
            can += ["transfer"] if leg.holds else ["transfer", "consult"]
    return can


def _of_the_recording(journey: Journey) -> list[Control]:
    if journey.recording is not None:
        return ["pause"] if journey.message is not None else ["pause", "record_no_more"]
    sides = (journey.call.first, journey.with_person)
    return ["record"] if all(leg is not None and leg.state is LegState.UP for leg in sides) else []
