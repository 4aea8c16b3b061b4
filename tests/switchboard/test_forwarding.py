"""Do-not-disturb and forwarding of an extension (TEL-05), by its phone's keys and as calls meet them."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import NotFound, Refused
from callcenterd.model import events
from callcenterd.model.forwarding import Forwarding
from callcenterd.model.ids import AgentId, ExtensionNumber
from callcenterd.model.site import Limits
from tests.kit.office import Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_feature_codes import dialled, heard
from tests.switchboard.test_queue_call import conversation

FROM, TO, THIRD, OUTSIDE = "1001", "1002", "1800", "013900139000"


async def forwards(desk: Office, number: str, **rule: object) -> None:
    known = Forwarding(extension=ExtensionNumber(number))
    await desk.board.forwarding.set(dataclasses.replace(known, **rule), by="1001")  # type: ignore[arg-type]


async def calls(desk: Office) -> Dialog:
    """1001 calls 1002."""
    dialog = desk.line.calls_in(FROM, TO, extension=FROM)
    await desk.settle()
    return dialog


@in_virtual_time
async def test_who_wants_no_calls_is_busy_for_all_but_the_queues() -> None:
    async with office() as desk:
        desk.line.registers(FROM)
        await desk.sign_in(TO)
        assert await dialled(desk, TO, "*78") == "code_undisturbed"
        caller = await calls(desk)
        assert (caller.status, desk.line.ringing_numbers()) == (486, [])
        _, customer, _ = await conversation(desk, TO)
        assert hears(desk, customer) == TO
        desk.line.hangs_up(customer)
        await desk.wait(20)
        assert await dialled(desk, TO, "*79") == "code_disturbed"
        caller = await calls(desk)
        assert desk.line.ringing_numbers() == [TO]
        desk.line.hangs_up(caller)
        assert [(fact.extension, fact.by, fact.do_not_disturb) for fact in desk.told(events.ForwardingChanged)] == [
            (TO, TO, True),
            (TO, TO, False),
        ]
        assert desk.memory.trail.count(("forwarding.changed", f"extension/{TO}")) == 2


@in_virtual_time
async def test_all_calls_go_to_the_number_that_was_dialled() -> None:
    async with office() as desk:
        desk.line.registers(FROM, TO, THIRD)
        assert await dialled(desk, TO, "*21*1800#") == "code_forwarded"
        caller = await calls(desk)
        desk.line.picks_up(desk.line.rung(THIRD))
        await desk.settle()
        assert hears(desk, caller) == THIRD
        assert [(fact.by_number, fact.number) for fact in desk.told(events.CallForwarded)] == [(TO, THIRD)]
        desk.line.hangs_up(caller)
        assert await dialled(desk, TO, "#21") == "code_not_forwarded"
        caller = await calls(desk)
        assert desk.line.ringing_numbers() == [TO]
        desk.line.hangs_up(caller)


@in_virtual_time
async def test_a_busy_phone_and_one_that_nobody_answers_go_elsewhere() -> None:
    async with office() as desk:
        desk.line.registers(FROM, TO, THIRD)
        await dialled(desk, TO, "*22*1800")
        caller = await calls(desk)
        desk.line.declines(desk.line.rung(TO), 486)
        await desk.settle()
        assert desk.line.ringing_numbers() == [THIRD]
        desk.line.hangs_up(caller)
        await desk.settle()
        caller = await calls(desk)
        desk.line.declines(desk.line.rung(TO), 603)
        await desk.settle()
        assert caller.over(), "who declines a call does not want it elsewhere"
        await dialled(desk, TO, "*23", "1800#")
        caller = await calls(desk)
        desk.line.rings(desk.line.rung(TO))
        await desk.wait(19)
        assert desk.line.ringing_numbers() == [TO]
        await desk.wait(2)
        assert desk.line.ringing_numbers() == [THIRD]
        desk.line.hangs_up(caller)
        await desk.settle()
        desk.line.is_lost(TO)
        caller = await calls(desk)
        assert desk.line.ringing_numbers() == [THIRD], "a phone that is not there has not answered"
        desk.line.hangs_up(caller)


@in_virtual_time
async def test_outside_they_go_as_far_as_the_extension_that_forwards_may_dial() -> None:
    limits = (Limits(who=TO, forbid=("0139.",)),)
    for limited in ((), limits):
        async with office(site(limits=limited)) as desk:
            desk.line.registers(FROM, TO)
            await forwards(desk, TO, always=OUTSIDE)
            caller = await calls(desk)
            if limited:
                assert caller.status == 403
                assert [(fact.extension, fact.rule) for fact in desk.told(events.FraudAlarm)] == [(TO, "forbid")]
            else:
                desk.line.picks_up(desk.line.rung("8613900139000"))
                await desk.settle()
                assert caller.up()
                desk.line.hangs_up(caller)
            await desk.settle()


@in_virtual_time
async def test_two_that_forward_to_each_other_end_in_busy() -> None:
    async with office() as desk:
        desk.line.registers(FROM, TO, THIRD)
        await forwards(desk, TO, always=THIRD)
        await forwards(desk, THIRD, always=TO)
        caller = await calls(desk)
        assert caller.status == 486


@in_virtual_time
async def test_a_call_that_was_parked_comes_back_to_who_wants_no_others() -> None:
    async with office() as desk:
        await desk.sign_in(FROM)
        call, caller, _ = await conversation(desk)
        await forwards(desk, FROM, do_not_disturb=True)
        desk.board.parking.park(call)
        await desk.wait(91)
        assert desk.line.ringing_numbers() == [FROM]
        desk.line.hangs_up(caller)


@in_virtual_time
async def test_numbers_that_lead_nowhere_are_refused_and_nothing_changes() -> None:
    async with office() as desk:
        desk.line.registers(TO)
        assert await dialled(desk, TO, "*21*777") == "code_forward_refused"
        assert await dialled(desk, TO, "*21") == "code_forward_refused"
        assert heard(desk)[-2:] == ["code_forward_number", "code_forward_refused"]
        with pytest.raises(Refused) as refused:
            await forwards(desk, TO, busy=TO, always="777")
        assert refused.value.fields == {"always": "leads nowhere", "busy": "leads back to this extension"}
        with pytest.raises(NotFound):
            await forwards(desk, "4711", do_not_disturb=True)
        assert desk.board.forwarding.of(ExtensionNumber(TO)).idle


@in_virtual_time
async def test_it_is_kept_over_a_restart() -> None:
    async with office() as desk:
        await forwards(desk, TO, do_not_disturb=True, no_answer=THIRD)
        kept = dict(desk.memory.forwarded)
    async with office() as again:
        again.memory.forwarded.update(kept)
        await again.board.forwarding.restore()
        rule = again.board.forwarding.of(ExtensionNumber(TO))
        assert (rule.do_not_disturb, rule.no_answer) == (True, THIRD)


@in_virtual_time
async def test_what_cannot_be_kept_is_not_in_force() -> None:
    async with office() as desk:
        desk.line.registers(TO)
        desk.memory.fail.add("keep")
        assert await dialled(desk, TO, "*78") == "code_failed"
        assert desk.board.forwarding.of(ExtensionNumber(TO)).idle
        assert desk.board.queueing.agent_at(TO) == AgentId(TO)
