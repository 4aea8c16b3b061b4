"""A call in its flow: keys, prompts, messages, numbers nobody knows, and a caller who goes away at any moment."""

from __future__ import annotations

from typing import cast

import pytest

from callcenterd.model import events
from callcenterd.model.ids import FlowName, QueueName
from callcenterd.model.prompts import Prompt, Speech
from callcenterd.model.site import NumberRoute
from callcenterd.switchboard.inbound import flow_for
from callcenterd.worker.prompts import Prompts
from tests.kit.office import MAIN, NUMBER, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog, Samples

CALLER = "13800138000"
SALES = QueueName("sales")
ENDLESS = """
flow: main
start: a
nodes:
  a: {say: "一", next: b}
  b: {menu: {say: "二", timeout: 1, retries: 0}, keys: {"1": bye}, otherwise: a}
  bye: {hangup: normal}
"""
MESSAGE = """
flow: main
start: leave
nodes:
  leave: {voicemail: sales, limit: 60}
"""
BUSY = """
flow: main
start: sales
nodes:
  sales: {queue: sales, on_busy: offer}
  offer:
    menu: {say: "座席全忙，留言请按 1，继续等待请按 3", retries: 0}
    keys: {"1": leave, "3": sales}
    otherwise: leave
  leave: {voicemail: sales}
"""
EMPTY = """
flow: main
start: sales
nodes:
  sales: {queue: sales, on_no_agents: leave}
  leave: {voicemail: sales}
"""
PATIENT = """
flow: main
start: sales
nodes:
  sales: {queue: sales, on_timeout: {after: 60, next: offer}}
  offer: {menu: {say: "继续等待请按 3"}, keys: {"3": sales}, otherwise: bye}
  bye: {hangup: all_busy}
"""
BACK = """
flow: main
start: back
nodes:
  back: {callback: sales}
"""


async def at_menu(desk: Office) -> Dialog:
    """A caller who hears the menu's question."""
    caller = desk.line.calls_in(CALLER, NUMBER)
    await desk.wait(2.5)
    return caller


def press(desk: Office, keys: str) -> None:
    desk.sound.keys(next(iter(desk.sound.rows)), keys)


def outcome(desk: Office) -> str:
    (ended,) = desk.told(events.CallEnded)
    return f"{ended.outcome} by {ended.ended_by}: {ended.cause}"


# ---- which flow -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("called", "flow"),
    [
        ("02088886666", "exact"),
        ("0208888", "longer"),
        ("0200", "shorter"),
        ("02", None),
        ("5", None),
    ],
)
def test_the_exact_number_counts_before_a_pattern_and_a_long_pattern_before_a_short_one(
    called: str, flow: str | None
) -> None:
    numbers = (("02.", "shorter"), ("0208.", "longer"), ("02088886666", "exact"))
    routes = tuple(NumberRoute(match=match, flow=FlowName(name)) for match, name in numbers)
    assert flow_for(site(numbers=routes), called) == flow


@in_virtual_time
async def test_an_unknown_number_is_refused_and_kept_in_the_history() -> None:
    async with office() as desk:
        caller = desk.line.calls_in(CALLER, "5551234")
        await desk.settle()
        assert (caller.over(), caller.status) == (True, 404)
        assert outcome(desk) == "failed by system: number not known here"
        (kept,) = desk.memory.records.values()
        assert kept.outcome == "failed"


@in_virtual_time
async def test_a_number_whose_flow_is_not_in_service_is_refused_for_now() -> None:
    async with office(flows=(MAIN,)) as desk:
        caller = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        assert caller.status == 503
        assert outcome(desk) == "failed by system: no flow straight"


# ---- keys and prompts -----------------------------------------------------------------------------------


@in_virtual_time
async def test_a_key_cuts_the_question_short() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await at_menu(desk)
        press(desk, "1")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_a_key_pressed_into_the_greeting_counts_for_the_menu() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.settle()
        press(desk, "1")
        await desk.wait(2.1)
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_who_presses_nothing_is_asked_again_and_then_goes_otherwise() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await at_menu(desk)
        await desk.wait(2 * (2 + 5) - 1)
        assert desk.line.ringing_numbers() == []
        await desk.wait(1)
        assert desk.line.ringing_numbers() == ["1001"]
        assert [prompt for prompt in desk.heard() if isinstance(prompt, Speech)] == [
            Speech("业务咨询请按 1，留言请按 2", "zh-CN")
        ] * 2


@in_virtual_time
async def test_a_key_by_info_is_a_key() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        caller = await at_menu(desk)
        desk.line.key(caller, "1")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]
        assert desk.board.journeys[desk.only_call()].keys == "1"


@in_virtual_time
async def test_a_prompt_that_cannot_be_had_is_left_out() -> None:
    async with office() as desk:
        desk.prompts.missing.add("welcome")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.settle()
        assert [type(prompt) for prompt in desk.heard()] == [Speech]


@in_virtual_time
async def test_keys_pressed_while_talking_are_nobodys() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        await at_menu(desk)
        press(desk, "1")
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        press(desk, "12#")
        await desk.settle()
        assert desk.joined()
        assert desk.memory.records[desk.only_call()].keys == "1"


# ---- going away -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "keys", "expected"),
    [
        pytest.param(0, "", "flow by caller: normal", id="at the greeting"),
        pytest.param(3, "", "flow by caller: normal", id="at the question"),
        pytest.param(6, "", "flow by caller: normal", id="at the silence after it"),
        pytest.param(3, "1", "abandoned by caller: normal", id="in the queue"),
        pytest.param(3, "2", "flow by caller: normal", id="at the voicemail's greeting"),
    ],
)
def test_a_caller_may_go_at_any_moment(seconds: float, keys: str, expected: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            caller = desk.line.calls_in(CALLER, NUMBER)
            await desk.wait(seconds)
            if keys:
                press(desk, keys)
                await desk.settle()
            desk.line.hangs_up(caller)
            await desk.settle()
            assert outcome(desk) == expected
            desk.nothing_is_left()
            await desk.wait(100)
            assert len(desk.told(events.CallEnded)) == 1

    story()


@in_virtual_time
async def test_a_caller_who_cancels_before_anything_is_answered_leaves_nothing() -> None:
    async with office() as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert outcome(desk) == "flow by caller: cancelled"


# ---- everybody is busy ----------------------------------------------------------------------------------


@in_virtual_time
async def test_who_comes_while_everybody_is_busy_is_offered_a_choice_and_may_wait() -> None:
    async with office(flows=(BUSY,)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(1)
        assert desk.told(events.CallerQueued) == []
        press(desk, "3")
        await desk.settle()
        assert len(desk.told(events.CallerQueued)) == 1
        await desk.wait(10)
        await desk.sign_in("1001")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        assert desk.joined()
        assert desk.told(events.CallAnswered)[0].wait_seconds == pytest.approx(11, abs=0.1), "since a person was wanted"


@in_virtual_time
async def test_who_chooses_to_wait_on_keeps_the_place() -> None:
    async with office(flows=(PATIENT,)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(10)
        desk.line.calls_in("13900000000", NUMBER)
        await desk.wait(50.5)
        assert [desk.board.journeys[call].call.caller for call, _, _ in desk.board.queueing.waiting(SALES)] == [
            "13900000000"
        ]
        press(desk, "3")
        await desk.settle()
        assert [desk.board.journeys[call].call.caller for call, _, _ in desk.board.queueing.waiting(SALES)] == [
            CALLER,
            "13900000000",
        ]


@in_virtual_time
async def test_who_comes_while_somebody_is_free_is_not_asked() -> None:
    async with office(flows=(BUSY,)) as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1001"]


@in_virtual_time
async def test_where_nobody_is_signed_in_the_flow_may_go_another_way() -> None:
    async with office(flows=(EMPTY,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(30)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert outcome(desk) == "voicemail by caller: normal"


@in_virtual_time
async def test_an_agent_on_break_is_signed_in_and_worth_waiting_for() -> None:
    async with office(flows=(EMPTY,)) as desk:
        await desk.sign_in("1001")
        await desk.board.desk.set_state("1001", "break", "lunch")
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(5)
        assert len(desk.board.queueing.waiting(SALES)) == 1


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1, "abandoned by caller: normal"), (20, "voicemail by caller: normal")]
)
def test_who_leaves_a_message_instead_is_not_lost_and_who_just_goes_is(seconds: float, expected: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office(flows=(BUSY,)) as desk:
            caller = desk.line.calls_in(CALLER, NUMBER)
            await desk.wait(0.5)
            if seconds > 1:
                press(desk, "1")
            await desk.wait(seconds)
            desk.line.hangs_up(caller)
            await desk.settle()
            assert outcome(desk) == expected

    story()


# ---- messages and callbacks -----------------------------------------------------------------------------


@in_virtual_time
async def test_a_message_is_recorded_until_hash_and_kept_for_the_queue() -> None:
    async with office(flows=(MESSAGE,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 15)  # greeting and tone, then the message
        call = desk.only_call()
        press(desk, "#")
        await desk.wait(4)
        assert caller.over()
        (take,) = desk.sound.takes
        assert take.other is None
        assert desk.memory.messages == [(call, "sales", f"{call}-1", CALLER)]
        assert outcome(desk) == "voicemail by system: flow ended"


@in_virtual_time
async def test_a_message_is_kept_if_the_caller_just_hangs_up() -> None:
    async with office(flows=(MESSAGE,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert len(desk.memory.messages) == 1
        assert outcome(desk) == "voicemail by caller: normal"


@in_virtual_time
async def test_a_slip_is_no_message() -> None:
    async with office(flows=(MESSAGE,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4.5)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.memory.messages == []
        assert outcome(desk) == "flow by caller: normal"


@in_virtual_time
async def test_who_asks_for_a_callback_is_kept_with_the_number() -> None:
    async with office(flows=(BACK,)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        for _ in range(10):
            await desk.wait(2.5)
            if desk.sound.rows and not desk.memory.asked_back:
                press(desk, "1")
        assert [(queue, number) for _, queue, number in desk.memory.asked_back] == [("sales", CALLER)]
        assert outcome(desk).startswith("callback by ")


# ---- faults ---------------------------------------------------------------------------------------------


class BrokenPrompts:
    """Prompts whose maker fails in a way that nobody thought of."""

    async def sound(self, prompt: Prompt) -> Samples:
        raise ZeroDivisionError(prompt)


@in_virtual_time
async def test_a_fault_in_one_callers_flow_ends_that_call_only() -> None:
    async with office() as desk:
        other = desk.line.calls_in("13900000000", NUMBER)
        await desk.settle()
        desk.board.prompts = cast("Prompts", BrokenPrompts())
        broken = desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        assert outcome(desk) == "failed by system: flow failed"
        assert broken.over()
        assert other.up()


@in_virtual_time
async def test_a_flow_that_goes_round_and_round_by_itself_is_ended() -> None:
    async with office(flows=(ENDLESS,)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(3600)
        assert caller.over()
        assert outcome(desk) == "failed by system: flow failed"


@in_virtual_time
async def test_a_server_that_drains_takes_no_new_call_and_lets_the_running_ones_end() -> None:
    async with office() as desk:
        running = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(1)
        desk.board.draining = True
        late = desk.line.calls_in("13900000000", NUMBER)
        await desk.settle()
        assert (late.over(), late.status) == (True, 503)
        assert running.up()
        assert len(desk.board.journeys) == 1


@in_virtual_time
async def test_an_offer_of_sdp_that_cannot_be_read_is_refused_before_anything_is_built() -> None:
    async with office() as desk:
        caller = desk.line.calls_in(CALLER, NUMBER, offer=b"v=1\r\n")
        assert (caller.over(), caller.status) == (True, 488)
        assert desk.sound.rows == {}
        assert desk.told(events.CallStarted) == []


@in_virtual_time
async def test_no_port_for_sound_refuses_the_call() -> None:
    async with office(ports=1) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        second = desk.line.calls_in("13900000000", NUMBER)
        await desk.settle()
        assert (second.over(), second.status) == (True, 503)


@in_virtual_time
async def test_a_caller_who_leaves_the_offer_to_us_is_served_too() -> None:
    async with office() as desk:
        caller = desk.line.calls_in(CALLER, NUMBER, offer=None)
        await desk.wait(1)
        assert caller.sdp is not None
        assert b"m=audio" in caller.sdp
        desk.line.acknowledges(caller)
        (row,) = desk.sound.rows.values()
        assert row.remote == ("192.0.2.7", 7000)
