"""Who is recorded is told so (REC-01), and who is recorded may be chosen by agent or by hand (REC-03)."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId
from callcenterd.model.prompts import Music, Recorded
from callcenterd.model.site import Site
from callcenterd.switchboard.notices import beep
from tests.kit.office import PROMPT_SECONDS, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.tones import level
from tests.switchboard.rooms import row_of
from tests.switchboard.test_queue_call import CALLER, conversation


def site_with(queue: dict[str, Any], agent: dict[str, Any] | None = None) -> Site:
    """The queues are so, and so is agent 1001."""
    plain = site()
    return dataclasses.replace(
        plain,
        queues=tuple(dataclasses.replace(one, **queue) for one in plain.queues),
        users=tuple(dataclasses.replace(one, **(agent or {})) if one.login == "1001" else one for one in plain.users),
    )


def notices(desk: Office) -> list[str]:
    """The words that were played instead of anything else."""
    return [
        prompt.text for prompt in desk.heard() if isinstance(prompt, Recorded) and prompt.name == "recording_notice"
    ]


@pytest.mark.parametrize("to", ["caller", "both"])
@in_virtual_time
async def test_the_caller_hears_it_before_the_wait_and_once(to: str) -> None:
    async with office(site_with({"announce_recording": to})) as desk:
        await desk.sign_in("1001")
        caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.wait(PROMPT_SECONDS - 0.1)
        assert desk.line.ringing_numbers() == [], "no agent is rung before it was said"
        await desk.wait(0.2)
        assert notices(desk) == ["本次通话将被录音。"]
        assert isinstance(desk.heard()[-1], Music)
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        over_the_conversation = row_of(desk, phone).announced
        assert len(over_the_conversation) == (to == "both")
        if over_the_conversation:
            said = desk.prompts.of(over_the_conversation[0][0])
            assert isinstance(said, Recorded)
            assert said.name == "recording_notice"
        assert row_of(desk, caller).announced == []


@pytest.mark.parametrize("queue", [{"announce_recording": "none"}, {"announce_recording": "both", "record": False}])
@in_virtual_time
async def test_nothing_is_said_where_it_is_not_wanted_or_nothing_is_recorded(queue: dict[str, Any]) -> None:
    async with office(site_with(queue)) as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        await desk.wait(60)
        assert notices(desk) == []
        assert row_of(desk, caller).announced == row_of(desk, phone).announced == []


@in_virtual_time
async def test_both_sides_hear_a_tone_from_time_to_time_while_it_is_recorded() -> None:
    async with office(site_with({"recording_beep": 15})) as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        await desk.wait(46)
        assert [len(row_of(desk, dialog).announced) for dialog in (caller, phone)] == [3, 3]
        desk.board.desk.pause_recording(call, "1001")
        await desk.wait(30)
        assert len(row_of(desk, caller).announced) == 3, "nothing is kept while it is paused, and nothing says so"
        desk.board.desk.resume_recording(call, "1001")
        await desk.wait(15)
        assert len(row_of(desk, caller).announced) == 4
        desk.board.desk.record_no_more(call)
        await desk.wait(60)
        assert len(row_of(desk, caller).announced) == 4


def test_the_tone_is_1400_hertz_soft_and_without_a_click() -> None:
    sound = beep()
    assert len(sound) == 1600
    assert level(sound[200:1400], 1400) == pytest.approx(1600, rel=0.02)
    assert np.abs(np.diff(sound[:8].astype(int), prepend=0)).max() < 200
    assert np.abs(np.diff(sound[-8:].astype(int), append=0)).max() < 200


@pytest.mark.parametrize(
    ("agent", "queue", "recorded"),
    [("queue", True, 1), ("queue", False, 0), ("always", False, 1), ("always", True, 1), ("never", True, 0)],
)
@in_virtual_time
async def test_an_agents_calls_are_recorded_as_is_said_of_the_agent(agent: str, queue: bool, recorded: int) -> None:
    async with office(site_with({"record": queue}, {"record": agent})) as desk:
        await desk.sign_in("1001")
        await conversation(desk)
        assert len(desk.sound.takes) == recorded


@in_virtual_time
async def test_a_running_call_is_recorded_by_hand_and_no_more() -> None:
    async with office(site_with({"record": False})) as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        orders = desk.board.desk
        with pytest.raises(NotNow):
            orders.record_no_more(call)
        orders.record(call)
        orders.record(call)
        (take,) = desk.sound.takes
        assert (take.caller, take.others) == (row_of(desk, caller).leg, (row_of(desk, phone).leg,))
        await desk.wait(10)
        orders.record_no_more(call)
        await desk.settle()
        assert take.ended is not None
        assert desk.memory.records[call].recording_id == take.recording
        assert len(desk.told(events.RecordingFinished)) == 1
        orders.record(call)
        assert len(desk.sound.takes) == 2
        desk.board.desk.hold(call, AgentId("1001"))
        for gone in (orders.record, orders.record_no_more):
            with pytest.raises(NotFound):
                gone(CallId("none"))
