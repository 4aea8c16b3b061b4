"""The node message: greeting, tone, what the caller says; played back, kept or said anew."""

from __future__ import annotations

import pytest

from callcenterd.errors import FaultyFile
from tests.ivr.calls import ScriptedCall, flow_of, walk

SPEAKS = """
a: {message: complaint, greeting: Speak., limit: 90, silence: 4, review: "1 or 2?", next: s, on_none: n}
s: {say: "{{ complaint.recording }} {{ complaint.seconds }}"}
n: {hangup: silent}
"""
TAKE = ["plays Speak. + <beep>", "records at most 90 s, silence 4 s, shortest 2 s"]


async def test_what_is_said_is_played_back_and_kept_by_1() -> None:
    call = await walk(SPEAKS, ScriptedCall(["1"], messages=[12.5]))
    assert call.story == [*TAKE, "plays back rec", "asks 1 or 2?", "plays rec 12.5 until a key"]
    assert call.told == {"complaint": "12.5 s"}


async def test_2_says_it_anew_and_no_key_keeps_it() -> None:
    call = await walk(SPEAKS, ScriptedCall(["2", None, None], messages=[12.5, 8]))
    again = ["plays back rec", "asks 1 or 2?"]
    assert call.story == [*TAKE, *again, *TAKE, *again, "asks 1 or 2?", "plays rec 8 until a key"]


async def test_who_says_nothing_is_asked_once_more_and_then_goes_another_way() -> None:
    call = await walk(SPEAKS, ScriptedCall(messages=[0, 0]))
    assert call.story == [*TAKE, "plays <voicemail_short> + <beep>", TAKE[1], "hangs up: silent"]
    assert call.told == {}


async def test_who_says_nothing_the_second_time_has_said_it_the_first_time() -> None:
    call = await walk(SPEAKS, ScriptedCall(["2"], messages=[12.5, 0, 0]))
    assert call.story[-1] == "plays rec 12.5 until a key"


async def test_who_never_likes_it_has_five_takes() -> None:
    call = await walk(SPEAKS, ScriptedCall(["2"] * 20))
    assert [line for line in call.story if line.startswith("records")] == [TAKE[1]] * 5
    assert call.story[-1].startswith("plays rec")


async def test_0_after_it_leads_to_a_person_who_sees_that_there_is_a_message() -> None:
    call = await walk(SPEAKS + "operator: {hangup: person}", ScriptedCall(["0"]))
    assert (call.story[-1], call.told) == ("hangs up: person", {"complaint": "10 s"})


async def test_without_a_greeting_and_a_question_the_house_speaks_and_keeps_it_at_once() -> None:
    call = await walk("a: {message: m}", ScriptedCall())
    assert call.story == ["plays <prompt_record> + <beep>", "records at most 120 s, silence 0 s, shortest 2 s"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("message: m, shortest: 5, limit: 5", "less than 5"),
        ("message: caller", "none of the flow's own"),
        ("message: m, silence: -1", "0"),
    ],
)
def test_a_message_that_cannot_be_is_a_fault_of_the_file(arguments: str, why: str) -> None:
    with pytest.raises(FaultyFile, match=why):
        flow_of(f"a: {{{arguments}}}")
