"""What comes of a callback, in virtual time: every end is told apart, kept, and followed by what the plan says."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.calls.call import Refusal
from callcenterd.errors import NotNow
from callcenterd.media.machine import Verdict
from callcenterd.model import events
from callcenterd.model.calls import CallbackTry, TryResult
from callcenterd.model.site import Disposition
from callcenterd.switchboard.refusals import not_reached
from tests.kit.office import Office, in_virtual_time, office
from tests.switchboard.rooms import hears
from tests.switchboard.test_callbacks import DIALLED, OUTSIDE, answers, kept, wish, with_rules
from tests.switchboard.test_queue_call import ended

GREETING = Verdict("machine", "greeting", 2.4)


async def called(desk: Office, agent: str = "1001") -> None:
    """A wish, and an agent for whom the customer is dialled now."""
    await wish(desk)
    await desk.sign_in(agent)
    await desk.settle()


async def called_again(desk: Office, seconds: float = 60) -> None:
    await desk.wait(seconds)
    await desk.board.callbacks.look()
    await desk.settle()


def tries(desk: Office) -> list[CallbackTry]:
    return desk.memory.tries


@in_virtual_time
async def test_a_machine_gets_no_agent_and_is_called_again_by_plan() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        desk.sound.verdict = GREETING
        await called(desk)
        customer = desk.line.rung(DIALLED)
        desk.line.rings(customer)
        desk.line.picks_up(customer)
        await desk.wait(2)
        assert desk.line.ringing_numbers() == [], "no agent is rung before it is known"
        assert desk.heard() == [], "and what answered hears nothing of us"
        await desk.wait(1)
        assert customer.over()
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("waiting", 1, "machine")
        assert desk.state("1001") == "ready", "to blame for nothing, and no wrap-up"
        (tried,) = tries(desk)
        assert (tried.result, tried.words, tried.by, tried.agent) == ("machine", "greeting", "system", "1001")
        (judged,) = desk.told(events.PickedUpBy)
        assert judged.call == tried.call
        assert ended(desk, judged.call)[0] == "no_answer", "nobody was spoken with"
        await called_again(desk)
        desk.sound.verdict = Verdict("human", "short", 1.1)
        await answers(desk)
        await desk.wait(2)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert [tried.result for tried in tries(desk)] == ["machine", "served"]
        assert (kept(desk).state, kept(desk).done_by, tries(desk)[1].agent) == ("done", "1001", "1001")


@in_virtual_time
async def test_who_is_unsure_is_a_person() -> None:
    async with office() as desk:
        desk.sound.verdict = Verdict("unsure", "silence", 2.5)
        await called(desk)
        customer = await answers(desk)
        await desk.wait(2.6)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert hears(desk, customer) == "1001"


@in_virtual_time
async def test_a_queue_may_want_its_machines() -> None:
    async with office(with_rules(callback_machine="ignore")) as desk:
        desk.sound.verdict = GREETING
        await called(desk)
        await answers(desk)
        assert desk.line.ringing_numbers() == ["1001"], "at once"
        assert desk.told(events.PickedUpBy) == []


@in_virtual_time
async def test_where_the_agent_is_rung_first_a_person_listens_anyway() -> None:
    async with office(with_rules(callback_first="agent")) as desk:
        desk.sound.verdict = GREETING
        await called(desk)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        customer = await answers(desk)
        assert hears(desk, customer) == "1001"
        assert desk.told(events.PickedUpBy) == []


@in_virtual_time
async def test_an_agent_who_goes_while_it_is_judged_costs_the_customer_nothing() -> None:
    async with office() as desk:
        desk.sound.verdict = Verdict("human", "short", 1.0)
        await called(desk)
        customer = await answers(desk)
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.wait(2)
        assert customer.up(), "who has picked up is not hung up on"
        await desk.sign_in("1002")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert hears(desk, customer) == "1002"


@in_virtual_time
async def test_who_hangs_up_while_it_is_judged_was_no_machine() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        desk.sound.verdict = GREETING
        await called(desk)
        customer = await answers(desk)
        await desk.wait(1)
        desk.line.hangs_up(customer)
        await desk.settle()
        assert (kept(desk).state, kept(desk).result) == ("waiting", "hung_up")
        assert desk.state("1001") == "ready"


@pytest.mark.parametrize(
    ("status", "cause", "result", "state"),
    [
        (486, 17, "busy", "waiting"),
        (480, 0, "no_answer", "waiting"),
        (480, 20, "switched_off", "waiting"),
        (603, 0, "refused", "waiting"),
        (403, 0, "refused", "waiting"),
        (404, 0, "no_such_number", "failed"),
        (480, 1, "no_such_number", "failed"),
        (484, 28, "no_such_number", "failed"),
        (503, 0, "failed", "waiting"),
    ],
)
def test_what_the_trunk_says_is_told_apart_and_kept(status: int, cause: int, result: TryResult, state: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(with_rules(callback_retries=(60.0, 60.0))) as desk:
            await called(desk)
            while DIALLED in desk.line.ringing_numbers():  # who says that it is the trunk's own fault: the next one
                desk.line.declines(desk.line.rung(DIALLED), status, cause=cause, words="so it is")
                await desk.settle()
            assert (kept(desk).result, kept(desk).state) == (result, state)
            (tried,) = tries(desk)
            assert (tried.status, tried.cause, tried.words) == (status, cause, "so it is")
            assert (tried.number, tried.result) == (OUTSIDE, result)
            (told,) = desk.told(events.CallbackTried)
            assert (told.result, told.status, told.cause, told.call) == (result, status, cause, tried.call)
            if state == "failed":
                await called_again(desk)
                assert desk.line.ringing_numbers() == [], "nobody is there, however often it is tried"
                assert desk.board.counters()["callbacks_failed_total"] == 1

    story()


def test_what_nobody_knows_is_a_fault_and_who_is_only_not_picking_up_is_none() -> None:
    assert not_reached(None) == "no_answer"
    assert not_reached(Refusal(500)) == "failed"
    assert not_reached(Refusal(500, 127)) == "failed"
    assert not_reached(Refusal(486, 1)) == "no_such_number", "the network behind knows better"


@in_virtual_time
async def test_a_wrong_number_closes_the_wish_and_is_not_called_again_for_it() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        await called(desk)
        customer = await answers(desk)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert kept(desk).state == "done"
        await desk.board.callbacks.say_result(1, "wrong_number", "1001")
        assert (kept(desk).state, kept(desk).result, kept(desk).done_by) == ("cancelled", "wrong_number", "1001")
        assert [(one.result, one.by) for one in tries(desk)] == [("served", "system"), ("wrong_number", "1001")]
        assert tries(desk)[0].call == tries(desk)[1].call
        desk.line.hangs_up(customer)
        await desk.wait(11)
        await called_again(desk)
        assert desk.line.ringing_numbers() == []
        with pytest.raises(NotNow, match="wrong"):
            await desk.board.callbacks.call_now(1, "1001")
        with pytest.raises(NotNow, match="wrong"):
            await desk.board.callbacks.mark(1, "waiting", "2001")
        assert desk.told(events.CallbackChanged)[-1].result == "wrong_number"


@in_virtual_time
async def test_what_is_said_at_a_phone_of_the_call_counts_for_its_callback() -> None:
    rules = dataclasses.replace(
        with_rules(callback_retries=(60.0,)),
        dispositions=(
            Disposition(code="1", title="已解决"),
            Disposition(code="8", title="号码打错", callback="wrong_number"),
            Disposition(code="9", title="语音信箱", callback="machine"),
        ),
    )
    async with office(rules) as desk:
        await called(desk)
        customer = await answers(desk)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        desk.line.hangs_up(customer)
        await desk.settle()
        call = desk.told(events.CallAnswered)[0].call
        await desk.board.after_call.dispose(call, "1", "1001")
        await desk.settle()
        assert kept(desk).state == "done"
        await desk.board.after_call.dispose(call, "9", "1001")
        await desk.board.after_call.dispose(call, "9", "1001")
        await desk.settle()
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("waiting", 1, "machine")
        await desk.board.after_call.dispose(call, "8", "1001")
        await desk.settle()
        assert (kept(desk).state, kept(desk).result) == ("cancelled", "wrong_number")
        assert [one.result for one in tries(desk)] == ["served", "machine", "wrong_number"]


@in_virtual_time
async def test_a_machine_that_an_agent_has_met_is_called_again_by_plan() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        await called(desk)
        customer = await answers(desk)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        await desk.board.callbacks.say_result(1, "machine", "1001")
        desk.line.hangs_up(customer)
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("waiting", 1, "machine")
        await desk.wait(11)
        await called_again(desk, 50)
        assert desk.line.ringing_numbers() == [DIALLED]


@in_virtual_time
async def test_what_failed_is_somebodys_affair_and_can_be_called_by_hand() -> None:
    async with office(with_rules(callback_retries=())) as desk:
        await called(desk)
        desk.line.declines(desk.line.rung(DIALLED), 480, cause=20)
        await desk.settle()
        assert desk.told(events.CallbackChanged)[-1].state == "failed"
        await desk.board.callbacks.change(1, "2001", assigned_to="1002", note="mornings")
        told = desk.told(events.CallbackChanged)[-1]
        assert (told.state, told.assigned_to, told.by) == ("failed", "1002", "2001")
        await desk.sign_in("1002")
        await desk.board.callbacks.call_now(1, "1002")
        own = desk.line.rung("1002")
        desk.line.declines(own, 486)
        await desk.settle()
        assert (kept(desk).state, kept(desk).tries) == ("failed", 1), "nobody was called"
        await desk.board.callbacks.call_now(1, "1002")
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        desk.line.declines(desk.line.rung(DIALLED), 486)
        await desk.settle()
        assert (kept(desk).state, kept(desk).tries, kept(desk).result) == ("failed", 2, "busy")
        assert (tries(desk)[-1].by, tries(desk)[-1].status) == ("1002", 486)
        assert kept(desk).note == "mornings"
        await desk.wait(11)
        await desk.board.callbacks.call_now(1, "1002")
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        desk.line.picks_up(desk.line.rung(DIALLED))
        await desk.settle()
        assert (kept(desk).state, kept(desk).done_by, tries(desk)[-1].result) == ("done", "1002", "served")


@in_virtual_time
async def test_who_calls_by_hand_what_is_nobodys_affair_has_made_it_theirs() -> None:
    async with office() as desk:
        await wish(desk)
        await desk.sign_in("1001")
        await desk.settle()
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.settle()
        await desk.board.callbacks.call_now(1, "1001")
        await desk.settle()
        assert (kept(desk).assigned_to, kept(desk).state) == ("1001", "dialling")
        desk.line.picks_up(desk.line.rung("1001"))


@in_virtual_time
async def test_what_somebody_says_while_a_call_by_hand_rings_stands() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await desk.board.desk.set_state("1001", "break", "meal")
        await wish(desk)
        await desk.board.callbacks.call_now(1, "1001")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        customer = desk.line.rung(DIALLED)
        await desk.board.callbacks.say_result(1, "wrong_number", "2001")
        desk.line.declines(customer, 486)
        await desk.settle()
        assert (kept(desk).state, kept(desk).result, kept(desk).done_by) == ("cancelled", "wrong_number", "2001")


@in_virtual_time
async def test_who_answered_and_got_no_agent_is_called_again_later() -> None:
    async with office(with_rules(callback_retries=(60.0,), max_wait=20)) as desk:
        await called(desk)
        customer = await answers(desk)
        await desk.board.desk.set_state("1001", "break", "meal")
        await desk.wait(25)
        assert customer.over()
        assert (kept(desk).state, kept(desk).result, kept(desk).tries) == ("waiting", "no_agent", 1)


@in_virtual_time
async def test_a_network_that_says_only_by_tone_that_it_is_busy_is_busy() -> None:
    async with office(with_rules(callback_retries=(60.0,))) as desk:
        desk.sound.verdict = Verdict("machine", "busy", 1.5)
        await called(desk)
        await answers(desk)
        await desk.wait(2)
        assert (kept(desk).result, tries(desk)[0].words) == ("busy", "busy")
