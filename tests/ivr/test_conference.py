"""The conference node: PINs, what a room is asked for, and where the flow goes on."""

from __future__ import annotations

import pytest

from callcenterd.errors import FaultyFile
from tests.ivr.calls import ScriptedCall, walk

ROOM = "start: {{conference: weekly{more}, next: bye}}\nbye: {{hangup: met}}\n"
PINS = ', pin: "1234", moderator_pin: "9876", end_with_moderator: true'


def nodes(more: str = "") -> str:
    return ROOM.format(more=more)


async def test_without_a_pin_the_caller_is_in_at_once() -> None:
    call = await walk(nodes(", record: true, most: 8, tones: false"), ScriptedCall())
    assert "confers in weekly record=True most=8 tones=False ends=False" in call.story


@pytest.mark.parametrize(
    ("keys", "as_what"),
    [
        ("1234#", "confers in"),
        ("9876#", "moderates"),
        ("1111#1234#", "confers in"),
        ("#9876#", "moderates"),
    ],
)
async def test_the_pin_says_who_comes(keys: str, as_what: str) -> None:
    call = await walk(nodes(PINS), ScriptedCall(keys))
    assert any(line.startswith(f"{as_what} weekly") for line in call.story)
    assert call.noted == "", "a PIN is kept nowhere"


async def test_three_wrong_pins_are_the_end_of_it() -> None:
    call = await walk(nodes(PINS), ScriptedCall("1#2#3#1234#"))
    assert not any("weekly" in line for line in call.story)


async def test_only_moderators_have_a_pin_and_who_keys_none_is_a_guest() -> None:
    call = await walk(nodes(', moderator_pin: "9876"'), ScriptedCall("#"))
    assert any(line.startswith("confers in weekly") for line in call.story)


async def test_a_full_room_says_so() -> None:
    call = await walk(nodes(), ScriptedCall(confer=["full"]))
    assert any("会议室已满" in line or "conference_full" in line for line in call.story)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (', pin: "12"', "4 to 12 digits"),
        (", pin: abcd", "4 to 12 digits"),
        (', pin: "1234", moderator_pin: "1234"', "another PIN than pin"),
        (", end_with_moderator: true", "a moderator_pin is wanted"),
        (", most: 51", "at most 50"),
    ],
)
async def test_what_a_room_cannot_be_is_refused(more: str, reason: str) -> None:
    with pytest.raises(FaultyFile, match=reason):
        await walk(nodes(more), ScriptedCall())
