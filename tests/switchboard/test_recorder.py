"""A prompt is spoken into a phone, in virtual time: what the phone hears, what is kept, and how it can end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.prompts import Recorded
from callcenterd.switchboard.recorder import LONGEST
from tests.kit.office import Office, in_virtual_time, office
from tests.kit.wire import Dialog
from tests.switchboard.test_queue_call import CALLER, conversation

FILE = Path("/nowhere/draft.raw.wav")


async def ordered(desk: Office) -> tuple[list[str], Dialog]:
    """1001 wants to record: what is told of it, and the phone that rings."""
    told: list[str] = []
    desk.board.recorder.begin("1001", FILE, told.append, language="zh-CN")
    await desk.settle()
    return told, desk.line.rung("1001")


async def at_the_tone(desk: Office) -> tuple[list[str], Dialog]:
    told, phone = await ordered(desk)
    desk.line.rings(phone)
    desk.line.picks_up(phone)
    await desk.wait(10)
    assert told == ["ringing", "speaking"]
    return told, phone


def heard(desk: Office) -> list[str]:
    return [prompt.name for prompt in desk.heard() if isinstance(prompt, Recorded)]


def none_is_left(desk: Office) -> None:
    desk.nothing_is_left()
    assert desk.memory.records == {}, "it is no call of the office"


@in_virtual_time
async def test_the_phone_rings_is_told_what_to_do_and_pound_ends_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        told, phone = await at_the_tone(desk)
        assert heard(desk) == ["prompt_record", "beep"]
        await desk.wait(7)
        desk.line.key(phone, "5")
        await desk.wait(1)
        assert not phone.over(), "another key is spoken over"
        desk.line.key(phone, "#")
        await desk.wait(10)
        assert told == ["ringing", "speaking", "spoken"]
        assert heard(desk)[2:] == ["prompt_recorded"]
        (take,) = desk.sound.takes
        assert (take.path, take.other) == (FILE, None)
        assert phone.over()
        assert desk.state("1001") == "ready"
        none_is_left(desk)


@in_virtual_time
async def test_who_hangs_up_ends_it_too_and_it_is_kept() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        told, phone = await at_the_tone(desk)
        await desk.wait(3)
        desk.line.hangs_up(phone)
        await desk.wait(1)
        assert told[-1] == "spoken"
        none_is_left(desk)


@in_virtual_time
async def test_it_ends_by_itself_after_a_while() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        told, phone = await at_the_tone(desk)
        await desk.wait(LONGEST + 10)
        assert (told[-1], phone.over()) == ("spoken", True)
        none_is_left(desk)


@in_virtual_time
async def test_nothing_is_kept_of_who_hangs_up_before_the_tone() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        told, phone = await ordered(desk)
        desk.line.picks_up(phone)
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert told == ["ringing", "failed"]
        assert desk.sound.takes == []
        none_is_left(desk)


@pytest.mark.parametrize(
    "no",
    [lambda desk, phone: desk.line.declines(phone, 486), lambda desk, phone: desk.line.rings(phone)],
    ids=["declined", "not taken"],
)
def test_a_phone_that_nobody_takes(no: Callable[[Office, Dialog], None]) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001")
            told, phone = await ordered(desk)
            no(desk, phone)
            await desk.wait(31)
            assert told == ["ringing", "no_answer"]
            assert phone.over()
            assert desk.state("1001") == "ready"
            none_is_left(desk)

    story()


@in_virtual_time
async def test_a_caller_of_a_queue_is_not_given_to_who_is_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        await at_the_tone(desk)
        desk.line.calls_in(CALLER, "02088887777")
        await desk.settle()
        assert "1001" not in desk.line.ringing_numbers()


@in_virtual_time
async def test_a_phone_in_a_call_or_that_is_not_there_is_not_rung() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        recorder, told = desk.board.recorder, list[str]()
        with pytest.raises(NotFound):
            recorder.begin("1001", FILE, told.append, language="en", extension=ExtensionNumber("7777"))
        with pytest.raises(NotNow, match="cannot be reached"):
            recorder.begin("1001", FILE, told.append, language="en", extension=ExtensionNumber("1002"))
        await conversation(desk)
        with pytest.raises(NotNow, match="in a call"):
            recorder.begin("1001", FILE, told.append, language="en")
        assert told == []


@in_virtual_time
async def test_the_stop_of_the_server_ends_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        told, phone = await at_the_tone(desk)
    assert (told[-1], phone.over()) == ("failed", True)
