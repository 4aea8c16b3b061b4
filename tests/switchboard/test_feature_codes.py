"""A day's work by a phone's keys (NEW-08), in virtual time: what is dialled, what is heard, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from callcenterd.errors import NotNow, Refused
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, QueueName
from callcenterd.model.prompts import Recorded, Speech
from callcenterd.model.site import BreakReason, Disposition, Module, NumberRoute, Secret
from callcenterd.switchboard.feature_codes import CODES, find
from callcenterd.switchboard.parking import FETCH, PARK
from tests.kit.office import Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.test_queue_call import conversation

PIN = "2580"


@asynccontextmanager
async def opened(**changes: Any) -> AsyncIterator[Office]:
    """All agents have a PIN, the phones 1001, 1002 and 1800 are registered, and nobody is signed in."""
    known = site()
    users = tuple(dataclasses.replace(user, pin_hash=Secret(PIN)) for user in known.users)
    async with office(dataclasses.replace(known, users=users, **changes)) as desk:
        desk.line.registers("1001", "1002", "1800")
        yield desk


async def dial(desk: Office, phone: str, code: str, keys: str = "") -> Dialog:
    """A phone dials a code, and presses keys one after the other."""
    dialog = desk.line.calls_in(phone, code, extension=phone)
    await desk.settle()
    for key in keys:
        desk.line.key(dialog, key)
        await desk.settle()
    return dialog


async def dialled(desk: Office, phone: str, code: str, keys: str = "") -> str:
    """The same, and on to the end of the call. Answers the last thing that was heard: its name, or what it says."""
    dialog = await dial(desk, phone, code, keys)
    await desk.wait(60)
    assert dialog.over(), "the system hangs up"
    return heard(desk)[-1]


def heard(desk: Office) -> list[str]:
    known = [prompt for prompt in desk.heard() if prompt is not None]
    return [prompt.name if isinstance(prompt, Recorded) else getattr(prompt, "text", "") for prompt in known]


def sits(desk: Office, agent: str) -> str | None:
    return desk.board.queueing.extension_of(AgentId(agent))


# ---- the table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "code", "rest"),
    [
        ("*70", "*70", ""),
        ("*701001", "*70", "1001"),
        ("*70*1001*2580", "*70", "*1001*2580"),
        ("*732", "*73", "2"),
        ("*73#", "*73", ""),
        ("*7322", None, ""),
        ("*721", None, ""),
        ("*7", None, ""),
        ("*68", None, ""),
        ("*881", None, ""),
        ("*8", None, ""),
    ],
)
def test_what_is_dialled_is_a_code_or_not(number: str, code: str | None, rest: str) -> None:
    found = find(number)
    assert (None if found is None else (found[0].keys, found[1])) == (None if code is None else (code, rest))


def test_no_code_hides_another_nor_parking() -> None:
    keys = [code.keys for code in CODES]
    assert len(set(keys)) == len(keys)
    assert not {key for key in keys for other in (PARK, FETCH, "*8") if key == other}


# ---- signing in and out -------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_agent_signs_in_at_any_phone_and_is_ready_when_it_is_hung_up() -> None:
    async with opened() as desk:
        dialog = await dial(desk, "1800", "*70", "1001#2580#")
        assert heard(desk) == ["code_agent", "code_pin", "code_signed_in"]
        assert desk.state("1001") == "signed_out"
        await desk.wait(5)
        assert dialog.over()
        assert (desk.state("1001"), sits(desk, "1001")) == ("ready", "1800")
        assert desk.memory.agents_wanted[AgentId("1001")] == ("ready", "", "1800")
        _, _, phone = await conversation(desk, "1800")
        assert phone.up()
        assert ("agent.signed_in", "extension/1800") in desk.memory.trail


@in_virtual_time
async def test_the_pin_is_kept_nowhere_and_the_call_is_in_no_history() -> None:
    async with opened() as desk:
        await dialled(desk, "1800", "*701001", PIN + "#")
        await desk.board.history.settled()
        assert desk.state("1001") == "ready"
        assert desk.memory.records == {}
        assert desk.memory.steps == {}
        assert not any(isinstance(fact, events.KeyPressed | events.CallStarted) for fact in desk.facts)
        assert PIN not in repr(desk.facts) + repr(desk.memory.trail) + repr(desk.board.site)


@in_virtual_time
async def test_a_pin_that_is_dialled_with_the_code_is_not_looked_at_and_kept_nowhere_either() -> None:
    async with opened() as desk:
        assert await dialled(desk, "1800", "*70*1001*2580#") == "code_bye"
        assert heard(desk)[0] == "code_agent"
        assert (desk.memory.records, desk.state("1001")) == ({}, "signed_out")
        assert PIN not in repr(desk.facts) + repr(desk.memory.trail)


@in_virtual_time
async def test_who_signs_out_takes_nobodys_seat() -> None:
    async with opened() as desk:
        await desk.sign_in("1001", "1002")
        await desk.board.desk.set_state("1001", "signed_out", extension="1002")
        assert (desk.state("1002"), sits(desk, "1002"), sits(desk, "1001")) == ("ready", "1002", "1001")


@in_virtual_time
async def test_three_wrong_pins_end_the_call_and_count_for_the_lockout() -> None:
    async with opened() as desk:
        assert await dialled(desk, "1800", "*701001", "1111#2222#3333#") == "code_bye"
        assert heard(desk).count("code_wrong") == 3
        await dial(desk, "1800", "*701001", "4444#5555#6666#")
        await desk.wait(4.5)
        assert heard(desk)[-1] == "code_locked", "five are free, as on a page"
        await dial(desk, "1800", "*701001", PIN + "#")
        assert heard(desk)[-1] == "code_locked", "the right one too"
        assert desk.state("1001") == "signed_out"
        await desk.wait(1800)
        assert await dialled(desk, "1800", "*701001", PIN + "#") == "code_signed_in"


@pytest.mark.parametrize("login", ["1001", "9999"])
@in_virtual_time
async def test_who_has_no_pin_or_is_not_there_hears_the_same(login: str) -> None:
    async with office() as desk:
        desk.line.registers("1800")
        assert await dialled(desk, "1800", "*70" + login, "1111#2222#3333#") == "code_bye"
        assert heard(desk).count("code_wrong") == 3


@in_virtual_time
async def test_who_sat_there_is_signed_out_and_told_and_who_sat_elsewhere_moves() -> None:
    async with opened() as desk:
        await desk.sign_in("1001", "1002")
        await dialled(desk, "1001", "*701002", PIN + "#")
        assert (desk.state("1001"), sits(desk, "1001")) == ("signed_out", None)
        assert (desk.state("1002"), sits(desk, "1002")) == ("ready", "1001")
        (told,) = desk.told(events.SeatTaken)
        assert (told.agent, told.by, told.extension) == ("1001", "1002", "1001")
        assert desk.memory.agents_wanted == {
            AgentId("1001"): ("signed_out", "", None),
            AgentId("1002"): ("ready", "", ExtensionNumber("1001")),
        }


@in_virtual_time
async def test_nobody_is_moved_out_of_a_conversation() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        await conversation(desk, "1001")
        with pytest.raises(NotNow, match="agent 1001 is in a call at phone 1001"):
            await desk.board.desk.set_state("1002", "ready", extension="1001")
        assert await dialled(desk, "1800", "*701001", PIN + "#") == "code_in_call"
        assert (desk.state("1001"), sits(desk, "1001")) == ("talking", "1001")


@in_virtual_time
async def test_a_phone_that_is_not_registered_is_no_place_to_sign_in() -> None:
    async with opened() as desk:
        assert await dialled(desk, "1003", "*701003") == "code_not_registered"
        with pytest.raises(NotNow, match="phone 1003 is not registered"):
            await desk.board.desk.set_state("1003", "break")
        with pytest.raises(NotNow, match="phone 1003 is not registered"):
            await desk.board.desk.set_state("1003", "ready")
        assert desk.state("1003") == "signed_out"


@in_virtual_time
async def test_seats_are_kept_over_a_restart() -> None:
    async with opened() as desk:
        await desk.sign_in("1001", "1002")
        await desk.board.desk.set_state("1002", "ready", extension="1001")
        kept = dict(desk.memory.agents_wanted)
    async with opened() as again:
        again.memory.agents_wanted.update(kept)
        await again.board.desk.restore()
        assert (again.state("1002"), sits(again, "1002")) == ("ready", "1001")
        assert (again.state("1001"), sits(again, "1001")) == ("signed_out", None)
        await again.board.desk.set_state("1001", "ready", extension="1800")
        await again.board.desk.set_state("1002", "signed_out")
        await again.board.desk.set_state("1001", "signed_out")


@in_virtual_time
async def test_an_agent_whose_phone_was_taken_has_it_again_when_it_is_free() -> None:
    async with opened() as desk:
        await desk.sign_in("1001", "1002")
        await desk.board.desk.set_state("1002", "ready", extension="1001")
        with pytest.raises(NotNow, match="no phone is chosen"):
            await desk.board.desk.set_state("1001", "ready")
        await desk.board.desk.set_state("1002", "signed_out")
        await desk.board.desk.set_state("1001", "ready")
        assert (desk.state("1001"), sits(desk, "1001")) == ("ready", "1001")


@in_virtual_time
async def test_who_is_rung_and_signs_in_elsewhere_is_rung_there() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        caller = desk.line.calls_in("13800138000", "02088887777")
        await desk.settle()
        desk.line.rings(desk.line.rung("1001"))
        await dial(desk, "1800", "*701001", PIN + "#")
        await desk.wait(3)
        assert desk.line.ringing_numbers() == ["1800"]
        assert (desk.state("1001"), sits(desk, "1001")) == ("offered", "1800")
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.state("1001") == "ready"


# ---- states -------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_break_ready_and_sign_out_are_said_and_done() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        assert await dialled(desk, "1001", "*732") == "code_break"
        assert desk.state("1001") == "break meal"
        dialog = await dial(desk, "1001", "*72")
        assert desk.state("1001") == "break meal"
        desk.line.hangs_up(dialog)
        await desk.settle()
        assert desk.state("1001") == "ready", "also if the phone is hung up before the end of what is said"
        assert await dialled(desk, "1001", "*71") == "code_signed_out"
        assert desk.state("1001") == "signed_out"
        for code in ("*72", "*731", "*71", "*74"):
            assert await dialled(desk, "1001", code) == "code_no_agent"


@in_virtual_time
async def test_the_reasons_of_a_break_are_read_out() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        dialog = await dial(desk, "1001", "*73")
        assert heard(desk) == ["rest请按 1。meal请按 2。lunch请按 3。"]
        desk.line.key(dialog, "3")
        await desk.wait(3)
        assert desk.state("1001") == "break lunch"
        assert await dialled(desk, "1001", "*73", "7") == "code_unknown"
        assert desk.state("1001") == "break lunch"
        with pytest.raises(Refused, match="there is no break reason golf"):
            await desk.board.desk.set_state("1001", "break", "golf")


@in_virtual_time
async def test_a_wrap_up_ends_when_the_phone_is_hung_up() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk, "1001")
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        dialog = await dial(desk, "1001", "*74")
        assert desk.state("1001") == "wrap_up"
        await desk.wait(3)
        assert (dialog.over(), desk.state("1001")) == (True, "ready")


@in_virtual_time
async def test_who_is_on_a_code_is_offered_no_call_until_the_phone_is_free() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        dialog = await dial(desk, "1001", "*77")
        caller = desk.line.calls_in("13800138000", "02088887777")
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        desk.line.hangs_up(dialog)
        await desk.settle()
        assert desk.line.rung("1001").caller == "13800138000"
        desk.line.hangs_up(caller)
        await desk.settle()


@in_virtual_time
async def test_ones_own_state_is_spoken() -> None:
    async with opened() as desk:
        assert await dialled(desk, "1800", "*77") == "code_nobody"
        await desk.sign_in("1001")
        assert await dialled(desk, "1001", "*77") == "工号 1 0 0 1，示闲。"
        await desk.board.desk.set_state("1001", "break", "meal")
        assert await dialled(desk, "1001", "*77") == "工号 1 0 0 1，示忙，meal。"


@in_virtual_time
async def test_what_is_heard_is_in_the_language_of_who_sits_there() -> None:
    users = tuple(dataclasses.replace(user, language="en", pin_hash=Secret(PIN)) for user in site().users)
    async with office(site(users=users)) as desk:
        await desk.sign_in("1001")
        await dialled(desk, "1001", "*77")
        assert [prompt for prompt in desk.heard() if prompt] == [Speech("Agent 1 0 0 1, ready.", "en")]


# ---- where codes are none -----------------------------------------------------------------------------------


@in_virtual_time
async def test_codes_can_be_switched_off_and_a_number_of_the_office_comes_first() -> None:
    async with opened(modules=(Module(name="feature_codes", on=False),)) as desk:
        dialog = await dial(desk, "1001", "*77")
        assert dialog.status == 404
    numbers = (NumberRoute(match="*77", flow=site().numbers[0].flow),)
    async with opened(numbers=numbers) as desk:
        await dial(desk, "1001", "*77")
        assert heard(desk) == ["welcome"]


@in_virtual_time
async def test_a_trunk_dials_no_code() -> None:
    async with opened() as desk:
        dialog = desk.line.calls_in("13800138000", "*77")
        await desk.settle()
        assert dialog.over()
        assert heard(desk) == []


# ---- after a call -------------------------------------------------------------------------------------------

SOLVED, SOLD = (
    Disposition(code="1", title="已解决"),
    Disposition(code="2", title="成交", queues=(QueueName("service"),)),
)


async def over(desk: Office) -> CallId:
    """A call of the queue "sales" with 1001 that has just ended."""
    call, caller, _ = await conversation(desk, "1001")
    await desk.wait(5)
    desk.line.hangs_up(caller)
    await desk.settle()
    return call


@in_virtual_time
async def test_a_disposition_is_kept_with_the_call_just_over() -> None:
    async with opened(dispositions=(SOLVED, SOLD)) as desk:
        await desk.sign_in("1001")
        assert await dialled(desk, "1001", "*751") == "code_no_call"
        call = await over(desk)
        assert await dialled(desk, "1001", "*75", "1#") == "code_disposition_kept"
        assert desk.memory.records[call].disposition == "1"
        (fact,) = desk.told(events.CallDisposed)
        assert (fact.call, fact.code, fact.by) == (call, "1", "1001")
        assert await dialled(desk, "1001", "*752") == "code_unknown", "it is of another queue"
        assert desk.memory.records[call].disposition == "1"


@in_virtual_time
async def test_a_spoken_note_is_a_recording_beside_the_call() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        call = await over(desk)
        conversation_recording = desk.memory.records[call].recording_id
        dialog = await dial(desk, "1001", "*76")
        await desk.wait(10)
        desk.line.key(dialog, "#")
        await desk.wait(3)
        assert (dialog.over(), heard(desk)[-1]) == (True, "code_note_kept")
        (fact,) = desk.told(events.NoteSpoken)
        assert (fact.call, fact.by, fact.seconds) == (call, "1001", 6.0)
        await desk.board.history.settled()
        kept = desk.memory.kept_recordings[fact.recording]
        assert (kept.call_id, kept.complete) == (call, True)
        assert desk.memory.records[call].recording_id == conversation_recording, "the conversation's stays"
        assert "call.note_spoken" in [kind for kind, _ in desk.memory.steps[call]]


@in_virtual_time
async def test_a_note_is_kept_when_the_phone_is_just_hung_up_and_a_slip_is_none() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        await over(desk)
        dialog = await dial(desk, "1001", "*76")
        await desk.wait(8)
        desk.line.hangs_up(dialog)
        await desk.settle()
        assert [fact.seconds for fact in desk.told(events.NoteSpoken)] == [4.0]
        dialog = await dial(desk, "1001", "*76")
        await desk.wait(5)
        desk.line.key(dialog, "#")
        await desk.wait(3)
        assert heard(desk)[-1] == "code_note_short"
        assert len(desk.told(events.NoteSpoken)) == 1


@in_virtual_time
async def test_a_wrap_up_that_ends_beside_a_note_brings_no_call_before_its_end() -> None:
    async with opened() as desk:
        await desk.sign_in("1001")
        await over(desk)
        dialog = await dial(desk, "1001", "*76")
        caller = desk.line.calls_in("13800138000", "02088887777")
        await desk.wait(20)
        assert desk.line.ringing_numbers() == []
        desk.line.key(dialog, "#")
        await desk.wait(3)
        assert desk.line.rung("1001").caller == "13800138000"
        desk.line.hangs_up(caller)
        await desk.settle()


def required() -> dict[str, Any]:
    queues = tuple(dataclasses.replace(queue, disposition_required=True) for queue in site().queues)
    return {"queues": queues, "dispositions": (SOLVED, SOLD)}


@in_virtual_time
async def test_where_a_disposition_is_wanted_the_wrap_up_goes_on_until_it_is_given() -> None:
    async with opened(**required()) as desk:
        await desk.sign_in("1001")
        call = await over(desk)
        await desk.wait(300)
        assert desk.state("1001") == "wrap_up"
        with pytest.raises(NotNow, match="the call has no disposition yet"):
            await desk.board.desk.end_wrap_up("1001")
        assert await dialled(desk, "1001", "*74") == "code_disposition_wanted"
        assert desk.state("1001") == "wrap_up"
        await desk.board.after_call.dispose(call, "1", "1001")
        await desk.settle()
        assert desk.state("1001") == "ready"
        call = await over(desk)
        await desk.board.after_call.dispose(call, "1", "1001")
        await desk.wait(5)
        assert desk.state("1001") == "wrap_up", "what is left of its time is the agent's"
        await desk.wait(6)
        assert desk.state("1001") == "ready"


@in_virtual_time
async def test_a_disposition_given_while_they_speak_counts_and_a_break_waits_for_none() -> None:
    async with opened(**required()) as desk:
        await desk.sign_in("1001")
        call, caller, _ = await conversation(desk, "1001")
        await desk.board.after_call.dispose(call, "1", "1001")
        desk.line.hangs_up(caller)
        await desk.wait(11)
        assert desk.state("1001") == "ready"
        await over(desk)
        await desk.board.desk.set_state("1001", "signed_out")
        await desk.wait(200)
        assert desk.state("1001") == "signed_out"


# ---- breaks that are too long -------------------------------------------------------------------------------


@in_virtual_time
async def test_a_break_that_is_too_long_is_told_once() -> None:
    breaks = (BreakReason(name="rest", limit=600, per_day=1000), BreakReason(name="meal"))
    async with opened(breaks=breaks) as desk:
        await desk.sign_in("1001")
        for reason, seconds, told in (("meal", 5000, 0), ("rest", 590, 0), ("rest", 400, 0), ("rest", 700, 1)):
            await desk.board.desk.set_state("1001", "break", reason)
            await desk.wait(seconds)
            assert len(desk.told(events.BreakTooLong)) == told, reason
            await desk.board.desk.set_state("1001", "ready")
        (fact,) = desk.told(events.BreakTooLong)
        assert (fact.agent, fact.reason, fact.of, fact.limit) == ("1001", "rest", "day", 1000)
        assert (fact.at - fact.since).total_seconds() == pytest.approx(10, abs=1)
        await desk.board.desk.set_state("1001", "break", "rest")
        await desk.wait(1)
        assert len(desk.told(events.BreakTooLong)) == 2, "the next one of this day is too long at once"


@in_virtual_time
async def test_who_dials_a_code_and_hangs_up_in_the_same_moment_is_free_again() -> None:
    """The BYE is there before the code was begun."""
    async with opened() as desk:
        await desk.sign_in("1001")
        dialog = desk.line.calls_in("1001", "*77", extension="1001")
        desk.line.hangs_up(dialog)
        await desk.settle()
        assert desk.state("1001") == "ready"


# ---- help ---------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_agent_calls_for_help_in_a_call_and_out_of_one() -> None:
    asked: list[tuple[str, str | None]] = []

    async def help_wanted(agent: AgentId, call: CallId | None) -> None:
        asked.append((agent, call))

    async with opened() as desk:
        assert await dialled(desk, "1001", "*66") == "code_no_agent"
        await dialled(desk, "1001", "*701001", PIN + "#")
        assert await dialled(desk, "1001", "*66") == "code_failed", "nobody would hear of it"
        desk.board.call_for_help = help_wanted
        assert await dialled(desk, "1001", "*66") == "已通知班长。"
        assert asked == [("1001", None)]
        assert desk.state("1001") == "ready"
        call, _, phone = await conversation(desk, "1001")
        assert phone.up()
        await dialled(desk, "1001", "*66")
        assert asked[1:] == [("1001", call)]
        assert desk.state("1001") == "talking"
