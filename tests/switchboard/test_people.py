"""Who is in a call and who hears whom, as pages show it; what an agent is offered is what orders do (TEL-03)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from callcenterd.errors import LocalError
from callcenterd.model.ids import CallId, QueueName
from tests.kit.office import Office, in_virtual_time, office
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation


def people(desk: Office) -> dict[str, dict[str, Any]]:
    """By number."""
    (line,) = desk.board.live.snapshot()["lines"]
    return {one["number"]: one for one in line["people"]}


def shown(desk: Office) -> dict[str, tuple[str, str]]:
    """Of each number: the state, and the numbers that they hear."""
    found = people(desk)
    names = {one["id"]: number for number, one in found.items()}
    return {number: (one["state"], " ".join(names[leg] for leg in one["hears"])) for number, one in found.items()}


async def asked(desk: Office, call: CallId) -> Dialog:
    desk.board.consulting.begin(call, "1001", "1002")
    await desk.settle()
    rung = desk.line.rung("1002")
    desk.line.rings(rung)
    await desk.settle()
    return rung


@in_virtual_time
async def test_it_is_shown_who_is_in_the_call_and_who_hears_whom() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        assert shown(desk) == {CALLER: ("talking", "1001"), "1001": ("talking", CALLER)}
        mine = people(desk)["1001"]
        assert (mine["agent"], mine["caller"], people(desk)[CALLER]["can"]) == ("1001", False, [])
        desk.board.desk.hold(call, "1001")
        await desk.settle()
        assert shown(desk) == {CALLER: ("waiting", ""), "1001": ("holding", "")}
        desk.board.desk.take_back(call, "1001")
        desk.board.desk.mute(call, "1001", muted=True)
        await desk.settle()
        assert shown(desk) == {CALLER: ("talking", ""), "1001": ("talking", CALLER)}
        assert people(desk)["1001"]["muted"]
        desk.board.desk.mute(call, "1001", muted=False)
        rung = await asked(desk, call)
        assert shown(desk) == {CALLER: ("waiting", ""), "1001": ("waiting", ""), "1002": ("ringing", "")}
        desk.line.picks_up(rung)
        await desk.settle()
        assert shown(desk) == {CALLER: ("waiting", ""), "1001": ("talking", "1002"), "1002": ("talking", "1001")}
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        assert shown(desk) == {CALLER: ("talking", "1001"), "1001": ("talking", CALLER), "1002": ("waiting", "")}
        desk.board.consulting.confer(call, "1001", "1001")
        await desk.settle()
        for number, dialog in ((CALLER, caller), ("1001", phone), ("1002", rung)):
            state, ears = shown(desk)[number]
            assert (state, sorted(ears.split())) == ("talking", hears(desk, dialog).split()), number
        desk.line.hangs_up(caller)
        await desk.wait(1)
        assert desk.board.live.snapshot()["lines"] == []


@in_virtual_time
async def test_a_phone_that_holds_by_itself_is_shown_so_and_takes_no_resume_from_a_page() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, _, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        assert shown(desk) == {CALLER: ("waiting", ""), "1001": ("holding", "")}
        can = people(desk)["1001"]["can"]
        assert not {"hold", "resume", "consult"} & set(can)
        assert "transfer" in can


@in_virtual_time
async def test_who_is_rung_may_decline_and_answers_where_the_phone_can_be_told() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, _, _ = await conversation(desk)
        await asked(desk, call)
        assert people(desk)["1002"]["can"] == ["hang_up"]
        desk.line.obedient.add("1002")
        assert people(desk)["1002"]["can"] == ["answer", "hang_up"]
        desk.board.desk.answer(call, "1002")
        await desk.settle()
        assert people(desk)["1002"]["can"] == ["hang_up"], "who is only asked decides nothing about the call"


async def _talking(desk: Office, call: CallId) -> None:
    pass


async def _held(desk: Office, call: CallId) -> None:
    desk.board.desk.hold(call, "1001")


async def _recorded_no_more(desk: Office, call: CallId) -> None:
    desk.board.desk.record_no_more(call)


async def _asking(desk: Office, call: CallId) -> None:
    await asked(desk, call)


async def _asked(desk: Office, call: CallId) -> None:
    desk.line.picks_up(await asked(desk, call))


async def _conference(desk: Office, call: CallId) -> None:
    await _asked(desk, call)
    await desk.settle()
    desk.board.consulting.confer(call, "1001", "1001")


async def _handing_on(desk: Office, call: CallId) -> None:
    desk.board.transfers.send(call, "1001", "1002")


SITUATIONS: dict[str, Callable[[Office, CallId], Awaitable[None]]] = {
    "talking": _talking, "held": _held, "recorded no more": _recorded_no_more, "asking": _asking, "asked": _asked,
    "conference": _conference, "handing on": _handing_on,
}  # fmt: skip
ORDERS: dict[str, Callable[[Office, CallId], object]] = {
    "hold": lambda desk, call: desk.board.desk.hold(call, "1001"),
    "resume": lambda desk, call: desk.board.desk.take_back(call, "1001"),
    "mute": lambda desk, call: desk.board.desk.mute(call, "1001", muted=True),
    "keys": lambda desk, call: desk.board.desk.press(call, "1001", "5"),
    "transfer": lambda desk, call: desk.board.transfers.send_into_queue(call, "1001", QueueName("sales")),
    "consult": lambda desk, call: desk.board.consulting.begin(call, "1001", "1003"),
    "toggle": lambda desk, call: desk.board.consulting.toggle(call, "1001"),
    "complete": lambda desk, call: desk.board.consulting.complete(call, "1001"),
    "conference": lambda desk, call: desk.board.consulting.confer(call, "1001", "1001"),
    "back": lambda desk, call: desk.board.consulting.back(call, "1001"),
    "add": lambda desk, call: desk.board.conferences.add(call, "1003", "1001"),
    "park": lambda desk, call: desk.board.parking.park(call),
    "record": lambda desk, call: desk.board.desk.record(call),
    "record_no_more": lambda desk, call: desk.board.desk.record_no_more(call),
    "pause": lambda desk, call: desk.board.desk.pause_recording(call, "1001"),
    "answer": lambda desk, call: desk.board.desk.answer(call, "1001"),
}
NO_HARM = {"hold", "resume", "back", "record"}
"""Given twice they are as once: not offered then, and not refused either."""


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("order", ORDERS)
@in_virtual_time
async def test_what_is_offered_is_what_an_order_does_and_what_is_not_is_refused(situation: str, order: str) -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002", "1003")
        call, caller, _ = await conversation(desk)
        await SITUATIONS[situation](desk, call)
        await desk.settle()
        offered = order in people(desk)["1001"]["can"]
        refused = None
        try:
            ORDERS[order](desk, call)
        except LocalError as fault:
            refused = fault
        assert not (offered and refused), f"offered, and refused: {refused}"
        assert offered or refused or order in NO_HARM, "not offered, and done"
        desk.line.hangs_up(caller)
        await desk.wait(1)
        assert desk.board.live.snapshot()["lines"] == []
