"""A recording is played to one's own phone: rung, heard part by part, led by keys, and ended in every way; in virtual
time (TEL-03)."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.media.facts import PlayEnded, PlayId
from callcenterd.model import events
from callcenterd.model.ids import ExtensionNumber
from callcenterd.switchboard import own_phone
from callcenterd.switchboard.monitoring import OVER
from callcenterd.switchboard.replaying import FIRST, JUMP, PAUSE_SECONDS
from tests.kit.office import Office, in_virtual_time, office
from tests.kit.wire import Dialog, Samples
from tests.switchboard.test_queue_call import conversation
from tests.switchboard.test_recorder import none_is_left

PART = 20.0
LEAD = len(FIRST) / 8000


class Kept:
    """A recording of 50 seconds in parts of 20: each sample is the second that it belongs to."""

    def __init__(self, seconds: int = 50) -> None:
        self._all = np.repeat(np.arange(seconds, dtype=np.int16), 8000)
        self.asked: list[float] = []
        self.broken_from = 1e9

    async def part(self, begin: float) -> Samples:
        self.asked.append(begin)
        if begin >= self.broken_from:
            raise LocalError("its file is gone")
        return self._all[round(begin * 8000) : round((begin + PART) * 8000)]


async def rung(desk: Office, kept: Kept, begin: float = 0.0) -> Dialog:
    desk.board.replays.begin("1001", await kept.part(begin), kept.part, begin=begin)
    await desk.settle()
    return desk.line.rung("1001")


def heard(desk: Office) -> list[str]:
    """What was played, in its order: the second where each began, or "over"."""
    found = []
    for _, sounds in desk.sound.played:
        sound = sounds[-1]
        found.append("over" if sound is OVER else f"{sound[0]}")
    return found


@in_virtual_time
async def test_it_is_heard_to_its_end_and_is_no_call_of_the_office() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        kept = Kept()
        phone = await rung(desk, kept)
        assert desk.state("1001") == "talking", "no queue rings it meanwhile"
        desk.line.rings(phone)
        desk.line.picks_up(phone)
        await desk.wait(PART + LEAD + 0.1)
        assert heard(desk) == ["0", "20"]
        assert desk.sound.played[0][1][0] is FIRST
        assert len(desk.sound.played[1][1]) == 1, "without a gap"
        await desk.wait(50)
        assert heard(desk) == ["0", "20", "40", "over"]
        assert phone.over()
        assert desk.state("1001") == "ready"
        assert desk.told(events.CallStarted) == []
        none_is_left(desk)


@in_virtual_time
async def test_keys_go_back_and_on_pause_and_end_it() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        phone = await rung(desk, Kept(), begin=12.0)
        desk.line.picks_up(phone)
        await desk.wait(5 + LEAD)
        desk.line.key(phone, "4")
        await desk.wait(1)
        assert heard(desk) == ["12", f"{round(17 - JUMP)}"]
        desk.line.key(phone, "9")
        desk.line.key(phone, "6")
        await desk.wait(2)
        assert heard(desk)[2:] == ["18"]
        desk.line.key(phone, "5")
        await desk.wait(60)
        assert heard(desk)[3:] == [], "it waits"
        desk.line.key(phone, "5")
        await desk.wait(1)
        assert heard(desk)[3:] == ["20"]
        desk.line.key(phone, "4")
        desk.line.key(phone, "4")
        desk.line.key(phone, "4")
        await desk.wait(1)
        assert heard(desk)[-1] == "0", "not before the beginning"
        for _ in range(6):
            desk.line.key(phone, "6")
        await desk.wait(1)
        assert heard(desk)[-1] == "over", "behind the end"
        assert phone.over()
        again = await rung(desk, Kept())
        desk.line.picks_up(again)
        await desk.wait(3)
        desk.line.key(again, "#")
        await desk.wait(0.1)
        assert again.over()
        assert heard(desk)[-1] == "0", "without the tone"
        none_is_left(desk)


@in_virtual_time
async def test_a_part_that_ends_as_a_key_is_pressed_ends_no_other() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        phone = await rung(desk, Kept())
        desk.line.picks_up(phone)
        await desk.settle()
        ((leg, _),) = desk.sound.played
        await desk.wait(PART + LEAD - 0.01)
        desk.line.key(phone, "4")
        asyncio.get_running_loop().call_soon(desk.sound.tell, PlayEnded(leg, PlayId(1), True))  # told after the key
        await desk.wait(5)
        assert heard(desk) == ["0", "9"]
        desk.line.hangs_up(phone)
        await desk.wait(1)
        none_is_left(desk)


@pytest.mark.parametrize("when", ["rings", "declined", "heard", "paused", "forgotten", "broken", "stops"])
def test_it_ends_whenever_the_phone_does(when: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001")
            kept = Kept()
            kept.broken_from = PART if when == "broken" else kept.broken_from
            phone = await rung(desk, kept)
            desk.line.rings(phone)
            if when == "rings":
                await desk.wait(own_phone.RING_SECONDS + 1)
            elif when == "declined":
                desk.line.declines(phone, 603)
            else:
                desk.line.picks_up(phone)
                await desk.wait(1)
            if when in ("paused", "forgotten"):
                desk.line.key(phone, "5")
                await desk.wait(1)
            if when in ("heard", "paused"):
                desk.line.hangs_up(phone)
            elif when == "forgotten":
                await desk.wait(PAUSE_SECONDS)
            elif when == "broken":
                await desk.wait(PART)
            elif when == "stops":
                await desk.board.replays.stop()
            await desk.wait(1)
            assert phone.over()
            assert desk.state("1001") == "ready"
            none_is_left(desk)

    story()


@in_virtual_time
async def test_what_cannot_be_rung_says_so() -> None:
    async with office() as desk:
        kept = Kept()
        with pytest.raises(NotNow):
            await rung(desk, kept)
        with pytest.raises(NotFound):
            desk.board.replays.begin("1001", await kept.part(0), kept.part, extension=ExtensionNumber("9999"))
        await desk.sign_in("1001")
        _, caller, _ = await conversation(desk)
        with pytest.raises(NotNow):
            await rung(desk, kept)
        desk.line.hangs_up(caller)
        await desk.wait(30)
        phone = await rung(desk, kept)
        with pytest.raises(NotNow):
            await rung(desk, kept)
        desk.line.declines(phone, 603)
        await desk.wait(1)
