"""A campaign among phones, agents and callers that do as chance has it: what must hold whatever happens."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from callcenterd.errors import CallcenterdError
from callcenterd.model import events
from callcenterd.model.campaigns import Mode
from callcenterd.model.do_not_call import DoNotCall
from tests.kit.office import AGENTS, STRAIGHT_NUMBER, Office, in_virtual_time
from tests.kit.virtual import START
from tests.switchboard.test_campaigns import calling, number

STEPS, SIZE, ATTEMPTS = 150, 30, 3
STATUSES = (486, 480, 603, 404, 500)


async def a_step(desk: Office, chance: random.Random) -> None:
    line, board = desk.line, desk.board
    ringing = [one for one in line.dialogs if one.to is not None and one.state in ("placed", "ringing")]
    talking = [one for one in line.dialogs if one.state == "up"]
    match chance.randrange(12):
        case 0 | 1 | 2 if ringing:
            dialog = chance.choice(ringing)
            if dialog.state == "placed":
                line.rings(dialog)
            line.picks_up(dialog)
        case 3 if ringing:
            line.declines(chance.choice(ringing), chance.choice(STATUSES))
        case 4 | 5 if talking:
            line.hangs_up(chance.choice(talking))
        case 6:
            line.calls_in(f"1370000{chance.randrange(10_000):04}", STRAIGHT_NUMBER)
        case 7 | 8:
            agent, state = chance.choice(AGENTS), chance.choice(("ready", "ready", "ready", "break"))
            await board.desk.set_state(agent, state, "rest" if state == "break" else "")  # type: ignore[arg-type]
        case 9:
            await board.campaigns.set_state(1, chance.choice(("running", "running", "paused", "stopped")), "boss")
        case 10:
            shown = [agent for agent in AGENTS if board.campaigns.preview_of(agent) is not None]
            for agent in shown:
                await (
                    board.campaigns.dial_shown(agent)
                    if chance.random() < 0.7
                    else board.campaigns.skip_shown(agent, None)
                )
        case _:
            await desk.wait(chance.choice((0.5, 3, 20, 400)))
    await desk.settle()


def holds(desk: Office, ratio: float) -> None:
    """At ratio 1 every phone of a customer that rings has an agent who is kept for it."""
    flights = [
        flight for flight in desk.board.campaigns._flights.values() if not flight.met and flight.task is not None
    ]
    ringing = [flight for flight in flights if flight.journey is not None and not flight.journey.ended]
    kept = [desk.board.queueing.kept_for(flight.call) for flight in ringing if flight.kept]
    assert None not in kept
    assert len(set(kept)) == len(kept), "no agent is kept for two"
    if ratio == 1.0:
        assert len(kept) == len(ringing), "nobody is dialled without an agent"
    assert not {flight.entry.number for flight in ringing} & desk.memory.not_to_call.keys()


@pytest.mark.parametrize(
    ("mode", "ratio"), [("progressive", 1.0), ("progressive", 2.0), ("preview", 1.0)], ids=["each", "beyond", "preview"]
)
@pytest.mark.parametrize("seed", range(3))
@in_virtual_time
async def test_whatever_happens_nobody_is_dialled_too_often_and_every_attempt_has_one_end(
    seed: int, mode: Mode, ratio: float
) -> None:
    chance = random.Random(seed)
    rules: dict[str, Any] = {
        "mode": mode,
        "ratio": ratio,
        "abandon_limit": 0.2,
        "attempts": ATTEMPTS,
        "attempts_a_day": ATTEMPTS,
    }
    async with calling(SIZE, **rules) as desk:
        for n in range(1, SIZE + 1, 7):
            desk.memory.not_to_call[number(n)] = DoNotCall(number=number(n), why="", by="boss", at=START)
        await desk.sign_in(*AGENTS)
        for _ in range(STEPS):
            try:
                await a_step(desk, chance)
            except CallcenterdError:
                continue  # it was refused, as it may be
            holds(desk, ratio)
        await desk.board.campaigns.set_state(1, "stopped", "boss")
        for _ in range(3):
            for dialog in [one for one in desk.line.dialogs if one.state == "up"]:
                if dialog.state == "up":
                    desk.line.hangs_up(dialog)
                    await desk.settle()
            await desk.wait(60)
        made = Counter(attempt.entry for attempt in desk.memory.attempts.values())
        assert made or mode == "preview", "somebody was called"
        for entry in desk.memory.listed.values():
            assert entry.attempts == made[entry.id] <= ATTEMPTS
            assert entry.state != "dialling"
        assert all(attempt.result for attempt in desk.memory.attempts.values()), "every attempt has its end"
        told = Counter(fact.call for fact in desk.told(events.CampaignResult))
        assert set(told) == set(desk.memory.attempts)
        assert set(told.values()) == {1}, "and is told once"
        assert desk.board.campaigns.calling(1) == 0
        barred = {entry.id for entry in desk.memory.listed.values() if entry.number in desk.memory.not_to_call}
        assert not barred & made.keys()
