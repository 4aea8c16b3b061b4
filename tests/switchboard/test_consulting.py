"""Consult, toggle and what comes of it, by orders from a page; in virtual time (TEL-03, TEL-04)."""

from __future__ import annotations

import pytest

from callcenterd.errors import NotFound, NotNow, Refused
from callcenterd.model import events
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, CustomerId, FlowName, QueueName
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office
from tests.kit.virtual import START
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears
from tests.switchboard.test_queue_call import CALLER, conversation, ended

OUTSIDE, DIALLED = "013900000000", "8613900000000"


async def asking(desk: Office, whom: str = "1002") -> tuple[CallId, Dialog, Dialog, Dialog]:
    """1001 speaks with a colleague about a customer: the call, the customer's side, the agent's, the colleague's."""
    await desk.sign_in("1001", "1002")
    call, caller, phone = await conversation(desk)
    desk.board.consulting.begin(call, "1001", whom)
    await desk.settle()
    asked = desk.line.rung(DIALLED if whom == OUTSIDE else whom)
    desk.line.rings(asked)
    await desk.wait(2)
    desk.line.picks_up(asked)
    await desk.settle()
    return call, caller, phone, asked


def all_hear(desk: Office, *dialogs: Dialog) -> tuple[str, ...]:
    return tuple(hears(desk, dialog) for dialog in dialogs)


def line(desk: Office) -> dict[str, object]:
    (only,) = desk.board.live.snapshot()["lines"]
    return only


@in_virtual_time
async def test_the_customer_hears_music_while_the_agent_asks_a_colleague_whose_page_shows_the_customer() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.consulting.begin(call, "1001", "1002")
        await desk.settle()
        asked = desk.line.rung("1002")
        assert asked.caller == "1001", "the colleague's phone shows who asks"
        assert all_hear(desk, caller, phone) == ("music", "")
        desk.line.rings(asked)
        await desk.settle()
        assert hears(desk, phone) == "tone", "ringback"
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.call, pop.caller) == ("1002", call, CALLER)
        assert (line(desk)["state"], line(desk)["consult"]) == (
            "held", {"number": "1002", "queue": None, "agent": None, "state": "ringing"},
        )  # fmt: skip
        desk.line.picks_up(asked)
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("music", "1002", "1001")
        assert (desk.state("1001"), desk.state("1002")) == ("talking", "talking")
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("1001", CALLER, "music")
        assert line(desk)["state"] == "talking"
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("music", "1002", "1001")
        desk.board.consulting.back(call, "1001")
        await desk.wait(1)
        assert asked.over()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert (line(desk)["state"], desk.state("1002")) == ("talking", "ready")
        desk.line.hangs_up(caller)
        await desk.wait(1)
        assert ended(desk, call)[0] == "answered"
        steps = [kind for kind, _ in desk.memory.steps[call] if "consult" in kind]
        assert steps == [
            "call.consult_begun", "call.consult_answered", "call.consult_switched", "call.consult_switched",
            "call.consult_ended",
        ]  # fmt: skip
        (take,) = desk.sound.takes
        assert take.ended is not None, "one recording, from the answer to the end"


@pytest.mark.parametrize("toggled", [False, True])
def test_the_call_is_handed_on_to_who_was_asked(toggled: bool) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            call, caller, phone, asked = await asking(desk)
            if toggled:
                desk.board.consulting.toggle(call, "1001")
                await desk.settle()
            desk.board.consulting.complete(call, "1001")
            await desk.settle()
            assert phone.over()
            assert all_hear(desk, caller, asked) == ("1002", CALLER)
            assert desk.state("1001").startswith(("wrap_up", "ready"))
            assert desk.state("1002") == "talking"
            transferred = desk.told(events.CallTransferred)[0]
            assert (transferred.kind, transferred.by, transferred.agent) == ("attended", "1001", "1002")
            desk.line.hangs_up(asked)
            await desk.wait(1)
            assert ended(desk, call)[0] == "answered"
            record = desk.memory.records[call]
            assert (record.agent, record.caller, len(desk.memory.records)) == ("1002", CALLER, 1)

    story()


@in_virtual_time
async def test_all_three_speak_and_the_customer_stays_with_who_is_left() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        desk.board.consulting.confer(call, "1001", "1001")
        await desk.settle()
        assert all_hear(desk, caller, phone, asked) == ("1001 1002", f"1002 {CALLER}", f"1001 {CALLER}")
        assert [party.number for party in desk.board.conferences.described(call)] == [CALLER, "1001", "1002"]
        desk.line.hangs_up(phone)
        await desk.settle()
        assert all_hear(desk, caller, asked) == ("1002", CALLER)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert asked.over()
        assert desk.state("1002") == "ready"
        desk.nothing_is_left()


@in_virtual_time
async def test_an_outside_number_can_be_asked_within_the_limits_of_the_agents_extension() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk, OUTSIDE)
        assert desk.board.outbound.limited("1001") == 1
        assert all_hear(desk, caller, phone, asked) == ("music", DIALLED, "1001")
        desk.board.consulting.complete(call, "1001")
        await desk.settle()
        assert all_hear(desk, caller, asked) == (DIALLED, CALLER)
        assert desk.board.outbound.limited("1001") == 1, "it is up still"
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.board.outbound.limited("1001") == 0
        desk.nothing_is_left()


@pytest.mark.parametrize("how", ["busy", "no answer", "hangs up"])
def test_who_is_not_reached_or_goes_leaves_the_customer_on_hold_until_the_agent_takes_the_call_back(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            if how == "hangs up":
                call, caller, phone, asked = await asking(desk)
                desk.line.hangs_up(asked)
            else:
                await desk.sign_in("1001", "1002")
                call, caller, phone = await conversation(desk)
                desk.board.consulting.begin(call, "1001", "1002")
                await desk.settle()
                asked = desk.line.rung("1002")
                if how == "busy":
                    desk.line.declines(asked, 486)
                else:
                    await desk.wait(31)
            await desk.wait(1)
            assert asked.over()
            assert (hears(desk, caller), line(desk)["state"], line(desk)["consult"]) == ("music", "held", None)
            assert desk.state("1002") == "ready"
            reason = {"busy": "busy", "no answer": "no_answer", "hangs up": "left"}[how]
            assert desk.told(events.ConsultEnded)[0].reason == reason
            desk.board.consulting.back(call, "1001")
            await desk.settle()
            assert all_hear(desk, caller, phone) == ("1001", CALLER)
            desk.line.hangs_up(phone)
            await desk.settle()
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_an_agent_who_hangs_up_while_asking_has_handed_the_call_on() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        desk.line.hangs_up(phone)
        await desk.settle()
        assert all_hear(desk, caller, asked) == ("1002", CALLER)
        assert desk.told(events.CallTransferred)[0].kind == "attended"
        desk.line.hangs_up(asked)
        await desk.settle()
        assert ended(desk, call)[0] == "answered"
        desk.nothing_is_left()


@pytest.mark.parametrize("how", ["hangs up", "completes"])
def test_an_agent_who_does_not_wait_for_the_answer_lets_it_ring_on_for_the_customer(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002")
            call, caller, phone = await conversation(desk)
            desk.board.consulting.begin(call, "1001", "1002")
            await desk.settle()
            desk.line.rings(desk.line.rung("1002"))
            if how == "hangs up":
                desk.line.hangs_up(phone)
            else:
                desk.board.consulting.complete(call, "1001")
            await desk.settle()
            asked = desk.line.rung("1002")
            desk.line.rings(asked)
            await desk.settle()
            assert hears(desk, caller) == "tone", "ringback"
            desk.line.picks_up(asked)
            await desk.settle()
            assert phone.over()
            assert all_hear(desk, caller, asked) == ("1002", CALLER)
            assert (ended_by := desk.told(events.CallTransferred)[0]).kind == "blind", ended_by
            desk.line.hangs_up(caller)
            await desk.settle()
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_an_agent_who_has_turned_to_the_customer_and_hangs_up_ends_the_call() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert caller.over()
        assert asked.over()
        assert ended(desk, call)[:2] == ("answered", "agent")
        desk.nothing_is_left()


@pytest.mark.parametrize("answered", [False, True])
def test_a_customer_who_goes_meanwhile_ends_it_for_all(answered: bool) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002")
            call, caller, phone = await conversation(desk)
            desk.board.consulting.begin(call, "1001", "1002")
            await desk.settle()
            asked = desk.line.rung("1002")
            if answered:
                desk.line.picks_up(asked)
                await desk.settle()
            desk.line.hangs_up(caller)
            await desk.settle()
            assert phone.over()
            assert asked.over()
            assert ended(desk, call)[:2] == ("answered", "caller")
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_a_call_that_the_agent_dialled_is_asked_about_and_handed_on_too() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        known = Customer(id=CustomerId(7), name="王小明", phones=(DIALLED,), created_at=START, changed_at=START)
        desk.memory.phones[DIALLED] = [known]
        call = await desk.board.dial_out.begin("1001", OUTSIDE)
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        outside = desk.line.rung(DIALLED)
        desk.line.picks_up(outside)
        await desk.settle()
        desk.board.consulting.begin(call, "1001", "1002")
        await desk.settle()
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        assert all_hear(desk, outside, phone, asked) == ("music", "1002", "1001")
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.caller, pop.customers) == ("1002", DIALLED, (7,)), "the customer, not who dialled"
        desk.board.consulting.complete(call, "1001")
        await desk.settle()
        assert phone.over()
        assert all_hear(desk, outside, asked) == ("1002", DIALLED)
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        desk.line.hangs_up(outside)
        await desk.settle()
        assert desk.state("1002") == "ready"
        desk.nothing_is_left()


@in_virtual_time
async def test_what_cannot_be_asked_or_is_asked_out_of_turn_says_so_and_changes_nothing() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        consulting, transfers = desk.board.consulting, desk.board.transfers
        for number in ("77", "1001"):
            with pytest.raises(Refused):
                consulting.begin(call, "1001", number)
            with pytest.raises(Refused):
                transfers.send(call, "1001", number)
        for order in (consulting.toggle, consulting.complete):
            with pytest.raises(NotNow):
                order(call, "1001")
            with pytest.raises(NotFound):
                order(CallId("none"), "1001")
        with pytest.raises(NotNow):
            consulting.begin(call, "1002", "1003")  # of somebody else
        consulting.begin(call, "1001", "1002")
        await desk.settle()
        for order in (consulting.toggle,):
            with pytest.raises(NotNow):
                order(call, "1001")  # not answered yet
        with pytest.raises(NotNow):
            consulting.confer(call, "1001", "1001")
        asked = desk.line.rung("1002")
        desk.line.picks_up(asked)
        await desk.settle()
        for wish in (
            lambda: consulting.begin(call, "1001", "1003"),
            lambda: transfers.send(call, "1001", "1003"),
            lambda: transfers.send_into_queue(call, "1001", QueueName("sales")),
            lambda: desk.board.desk.hold(call, "1001"),
            lambda: desk.board.conferences.add(call, "1003", "1001"),
            lambda: desk.board.parking.park(call),
            lambda: consulting.complete(call, "1002"),  # who is asked has no say in it
        ):
            with pytest.raises(NotNow):
                wish()
        assert all_hear(desk, caller, phone, asked) == ("music", "1002", "1001")


@in_virtual_time
async def test_a_supervisor_who_listens_hears_both_conversations_of_the_agent_and_takes_the_customer_over() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        desk.line.registers("1003")
        desk.board.monitoring.begin(call, "1003", "listen", may_barge=True)
        boss = desk.line.rung("1003")
        desk.line.picks_up(boss)
        await desk.settle()
        assert hears(desk, boss) == "1001 1002"
        desk.board.consulting.toggle(call, "1001")
        await desk.settle()
        assert hears(desk, boss) == f"1001 {CALLER}"
        desk.board.consulting.toggle(call, "1001")
        desk.board.monitoring.take_over(call, "1003")
        await desk.settle()
        assert phone.over()
        assert asked.over()
        assert all_hear(desk, caller, boss) == ("1003", CALLER)
        desk.line.hangs_up(caller)
        await desk.settle()
        desk.nothing_is_left()


@in_virtual_time
async def test_the_phones_own_transfer_ends_the_asking() -> None:
    async with office() as desk:
        _, caller, phone, asked = await asking(desk)
        desk.line.registers("1003")
        desk.line.refers(phone, "1003")
        await desk.settle()
        assert asked.over()
        third = desk.line.rung("1003")
        desk.line.picks_up(third)
        await desk.settle()
        assert all_hear(desk, caller, third) == ("1003", CALLER)
        desk.line.hangs_up(caller)
        await desk.settle()
        desk.nothing_is_left()


# ---- blind, by order of a page -----------------------------------------------------------------------------


@in_virtual_time
async def test_blind_to_a_colleague_and_back_if_it_fails() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.board.transfers.send(call, "1001", "1002")
        await desk.settle()
        with pytest.raises(NotNow):
            desk.board.transfers.send(call, "1001", "1003")
        desk.line.declines(desk.line.rung("1002"), 486)
        await desk.settle()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert desk.told(events.TransferFailed)[0].reason == "busy"
        desk.board.transfers.send(call, "1001", "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert phone.over()
        assert all_hear(desk, caller, second) == ("1002", CALLER)
        assert desk.told(events.ScreenPopped)[-1].agent == "1002"
        desk.line.hangs_up(second)
        await desk.settle()
        desk.nothing_is_left()


@in_virtual_time
async def test_into_a_queue_the_customer_waits_as_the_same_call_and_is_given_to_its_agent() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1003")
        call, caller, phone = await conversation(desk)
        with pytest.raises(NotFound):
            desk.board.transfers.send_into_queue(call, "1001", QueueName("nothing"))
        desk.board.transfers.send_into_queue(call, "1001", QueueName("service"))
        await desk.settle()
        assert phone.over()
        assert desk.state("1001").startswith(("wrap_up", "ready"))
        third = desk.line.rung("1003")
        assert (hears(desk, caller), third.caller) == ("music", CALLER)
        assert desk.told(events.CallTransferred)[0].number == "service"
        desk.line.rings(third)
        desk.line.picks_up(third)
        await desk.settle()
        assert all_hear(desk, caller, third) == ("1003", CALLER)
        desk.line.hangs_up(third)
        await desk.wait(1)
        record = desk.memory.records[call]
        assert (record.queue, record.agent, record.outcome, len(desk.memory.records)) == (
            "service", "1003", "answered", 1,
        )  # fmt: skip
        assert desk.state("1003").startswith("wrap_up") or desk.state("1003") == "ready"


@in_virtual_time
async def test_into_a_queue_where_nobody_works_the_customer_stays_with_the_agent() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        with pytest.raises(NotNow):
            desk.board.transfers.send_into_queue(call, "1001", QueueName("service"))
        assert all_hear(desk, caller, phone) == ("1001", CALLER)


@in_virtual_time
async def test_into_a_flow_the_customer_walks_it_in_the_same_call() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        with pytest.raises(NotFound):
            desk.board.transfers.send_into_flow(call, "1001", FlowName("nothing"))
        desk.board.transfers.send_into_flow(call, "1001", FlowName("straight"))
        await desk.settle()
        assert phone.over()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert all_hear(desk, caller, second) == ("1002", CALLER)
        assert desk.memory.records[call].flow == "straight"
        desk.line.hangs_up(caller)
        await desk.settle()
        desk.nothing_is_left()
        assert STRAIGHT_NUMBER not in [dialog.other for dialog in desk.line.dialogs]


# ---- hanging up from a page --------------------------------------------------------------------------------


@in_virtual_time
async def test_who_is_asked_and_hangs_up_from_a_page_leaves_and_the_customer_stays() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        await desk.board.desk.hang_up(call, "1002")
        await desk.settle()
        assert asked.over()
        assert (phone.up(), hears(desk, caller), desk.state("1002")) == (True, "music", "ready")
        assert desk.told(events.ConsultEnded)[0].reason == "left"


@in_virtual_time
async def test_who_was_added_and_hangs_up_from_a_page_leaves_the_others_together() -> None:
    async with office() as desk:
        call, caller, phone, asked = await asking(desk)
        desk.board.consulting.confer(call, "1001", "1001")
        await desk.board.desk.hang_up(call, "1002")
        await desk.settle()
        assert asked.over()
        assert all_hear(desk, caller, phone) == ("1001", CALLER)
        assert desk.state("1002") == "ready"


@pytest.mark.parametrize("how", ["asked", "handed on"])
def test_who_is_rung_and_hangs_up_from_a_page_declines(how: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            await desk.sign_in("1001", "1002")
            call, caller, phone = await conversation(desk)
            if how == "asked":
                desk.board.consulting.begin(call, "1001", "1002")
            else:
                desk.board.transfers.send(call, "1001", "1002")
            await desk.settle()
            rung = desk.line.rung("1002")
            desk.line.rings(rung)
            await desk.board.desk.hang_up(call, "1002")
            await desk.settle()
            assert rung.over()
            assert phone.up()
            assert hears(desk, caller) == ("music" if how == "asked" else "1001")
            desk.line.hangs_up(caller)
            await desk.settle()
            desk.nothing_is_left()

    story()


@in_virtual_time
async def test_who_is_only_asked_cannot_hand_the_call_on_from_another_line_of_the_same_phone() -> None:
    """Found by the random office: the colleague stayed "talking" with no call at the phone."""
    async with office() as desk:
        await desk.sign_in("1002")
        other_call, other_caller, own = await conversation(desk, "1002")
        call, caller, phone, asked = await asking(desk)
        assert own.up()
        desk.line.refers(own, "", asked)
        await desk.settle()
        assert own.referral[-1] == 480
        assert desk.told(events.CallTransferred) == []
        assert all_hear(desk, caller, phone, asked) == ("music", "1002", "1001"), "nothing has changed"
        assert {call, other_call} <= set(desk.board.journeys)
        desk.board.consulting.back(call, "1001")
        desk.line.hangs_up(other_caller)
        await desk.wait(11)
        assert desk.state("1002") == "ready"
