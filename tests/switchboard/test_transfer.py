"""What an agent does on the phone itself: hold, blind and attended transfer, forwarding; in virtual time."""

from __future__ import annotations

import pytest

from callcenterd.calls.call import Leg
from callcenterd.model import events
from callcenterd.model.customers import Customer
from callcenterd.model.ids import CallId, CustomerId
from callcenterd.model.prompts import Music
from callcenterd.model.site import Limits
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.virtual import START
from tests.kit.wire import Dialog
from tests.switchboard.test_queue_call import CALLER, conversation, ended

OUTSIDE = "013900000000"


def leg_of(desk: Office, dialog: Dialog) -> Leg:
    (leg,) = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
    return leg


def hears(desk: Office, dialog: Dialog) -> str:
    """Whom or what the other side of a dialog hears now: a number, "music", "ringing", or "" for silence."""
    row = desk.sound.rows[leg_of(desk, dialog).id]
    if row.play is not None:
        sounds = [sounds for leg, sounds in desk.sound.played if leg == row.leg][-1]
        return "music" if isinstance(desk.prompts.of(sounds[0]), Music) else "ringing"
    return next((leg.number for call in desk.calls.live() for leg in call.legs if leg.id == row.heard), "")


def moves(desk: Office) -> list[str]:
    """Transfers as they were told: who had the call before > who has it now."""
    return [f"{fact.kind} {fact.from_number}>{fact.number}" for fact in desk.told(events.CallTransferred)]


async def consulting(desk: Office, phone: str = "1001", whom: str = "1002") -> tuple[CallId, Dialog, Dialog]:
    """The agent's phone has dialled somebody on its second line, who has answered: the call, our side, theirs."""
    await desk.wait(1)
    mine = desk.line.calls_in(phone, whom, extension=phone)
    await desk.settle()
    call = next(reversed(desk.board.journeys))
    theirs = desk.line.rung(whom)
    desk.line.picks_up(theirs)
    await desk.settle()
    return call, mine, theirs


# ---- hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["sendonly", "inactive", "0.0.0.0"])
@in_virtual_time
async def test_who_is_put_on_hold_hears_music_and_everybody_sees_it(direction: str) -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone, direction)
        await desk.settle()
        assert hears(desk, caller) == "music"
        assert desk.board.live.snapshot()["lines"][0]["state"] == "held"
        assert desk.state("1001") == "talking"
        await desk.wait(60)
        desk.line.holds(phone, "sendrecv")
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert desk.board.live.snapshot()["lines"][0]["state"] == "talking"
        desk.line.hangs_up(caller)
        await desk.settle()
        held, resumed = desk.told(events.CallHeld)[0], desk.told(events.CallResumed)[0]
        assert (held.agent, held.number, resumed.agent) == ("1001", "1001", "1001")
        assert (resumed.at - held.at).total_seconds() == pytest.approx(60)
        (take,) = desk.sound.takes
        assert take.ended is not None
        assert take.ended - take.begun >= 60, "the recording goes on"
        assert "call.held" in [kind for kind, _ in desk.memory.steps[call]]


@in_virtual_time
async def test_a_phone_that_only_mutes_itself_holds_nobody() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.holds(phone, "recvonly")
        await desk.settle()
        assert not desk.told(events.CallHeld)
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_a_caller_who_holds_lets_the_agent_hear_music() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.holds(caller)
        await desk.settle()
        assert hears(desk, phone) == "music"
        assert desk.told(events.CallHeld)[0].number == CALLER
        desk.line.holds(caller, "sendrecv")
        await desk.settle()
        assert hears(desk, phone) == CALLER


@in_virtual_time
async def test_a_hold_that_is_over_at_once_leaves_no_music() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        desk.line.holds(phone, "sendrecv")
        await desk.settle()
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_hanging_up_while_holding_ends_the_call() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, _, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "agent")


# ---- blind -----------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_blind_transfer_to_a_colleague_moves_the_call_its_customer_and_its_recording() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.memory.phones[CALLER] = [Customer(id=CustomerId(7), name="张先生", created_at=START, changed_at=START)]
        call, caller, phone = await conversation(desk)
        await desk.wait(30)
        desk.line.holds(phone)
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        assert second.caller == CALLER, "the colleague's phone shows who calls"
        desk.line.rings(second)
        assert hears(desk, caller) == "ringing"
        assert phone.referral == [100, 180]
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.call, pop.customers) == ("1002", call, (7,))
        await desk.wait(5)
        desk.line.picks_up(second)
        await desk.settle()
        assert phone.referral == [100, 180, 200]
        assert phone.over(), "who transferred is out of the call"
        assert (hears(desk, caller), hears(desk, second)) == ("1002", CALLER)
        assert (desk.state("1001"), desk.state("1002")) == ("wrap_up", "talking")
        assert desk.board.live.snapshot()["lines"][0]["agent"] == "1002"
        await desk.wait(60)
        desk.line.hangs_up(second)
        await desk.settle()
        assert caller.over()
        assert desk.state("1002") == "ready"
        assert moves(desk) == ["blind 1001>1002"]
        kept = desk.memory.records[call]
        assert (kept.agent, kept.queue, kept.outcome, kept.ended_by) == ("1002", "sales", "answered", "agent")
        assert kept.talk_seconds == pytest.approx(95)
        (take,) = desk.sound.takes
        assert take.ended is not None
        assert take.ended - take.begun == pytest.approx(95), "one recording from the first word to the last"
        assert len(desk.memory.records) == 1


@in_virtual_time
async def test_a_blind_transfer_to_an_outside_number_goes_by_the_offices_rules() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        desk.line.refers(phone, OUTSIDE)
        await desk.settle()
        outside = desk.line.rung("8613900000000")
        assert outside.caller == "1001", "not the customer's number"
        desk.line.picks_up(outside)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, outside)) == ("8613900000000", CALLER)
        assert desk.state("1001") == "wrap_up"
        assert desk.board.outbound.limited("1001") == 1
        desk.line.hangs_up(outside)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "callee")
        assert desk.board.outbound.limited("1001") == 0


@pytest.mark.parametrize("status", [486, 480, 404])
@in_virtual_time
async def test_a_blind_transfer_that_fails_gives_the_caller_back(status: int) -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.rings(second)
        desk.line.declines(second, status)
        await desk.settle()
        assert phone.referral[-1] >= 400
        assert hears(desk, caller) == "music", "still on hold, as before"
        assert desk.told(events.TransferFailed)[0].number == "1002"
        desk.line.holds(phone, "sendrecv")
        await desk.settle()
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert (desk.state("1001"), desk.state("1002")) == ("talking", "ready")
        assert desk.only_call() == call
        desk.line.refers(phone, "1002")  # and once more
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert moves(desk) == ["blind 1001>1002"]


@in_virtual_time
async def test_nobody_who_takes_it_in_half_a_minute_gives_the_caller_back() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, caller, phone = await conversation(desk)
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.rings(second)
        await desk.wait(31)
        assert second.over()
        assert phone.referral[-1] == 480
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_who_hung_up_before_a_transfer_failed_is_rung_again() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"
        assert not caller.over()
        desk.line.declines(desk.line.rung("1002"), 486)
        await desk.settle()
        again = desk.line.rung("1001")
        desk.line.rings(again)
        assert hears(desk, caller) == "ringing"
        desk.line.picks_up(again)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, again)) == ("1001", CALLER)
        assert desk.state("1001") == "talking"
        assert moves(desk) == ["returned 1001>1001"]
        desk.line.hangs_up(again)
        await desk.settle()
        assert ended(desk, call)[0] == "answered"


@in_virtual_time
async def test_a_caller_whom_nobody_takes_any_more_goes_on_in_the_flow_which_ends_here() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.line.refers(phone, "1002")
        desk.line.hangs_up(phone)
        await desk.settle()
        desk.line.declines(desk.line.rung("1002"), 486)
        await desk.settle()
        desk.line.declines(desk.line.rung("1001"), 486)
        await desk.settle()
        assert caller.over()
        assert ended(desk, call) == ("answered", "system", "transfer failed")


@in_virtual_time
async def test_a_caller_who_hangs_up_while_it_rings_ends_everything() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.rings(second)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert second.over()
        assert phone.over()
        assert ended(desk, call)[1] == "caller"
        assert desk.state("1001") == "wrap_up"


@pytest.mark.parametrize(("number", "status"), [("5", 404), ("1001", 404), ("0", 404), ("02088880000", 100)], ids=str)
@in_virtual_time
async def test_only_numbers_of_our_own_rules_are_called(number: str, status: int) -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.refers(phone, number)
        await desk.settle()
        assert phone.referral[0] == status
        assert status == 100 or hears(desk, caller) == "1001"


@in_virtual_time
async def test_the_limits_against_toll_fraud_hold_for_transfers_too() -> None:
    async with office(site(limits=(Limits(who="1001", forbid=("8613.",)),))) as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.refers(phone, OUTSIDE)
        await desk.settle()
        assert phone.referral == [100, 403]
        assert desk.told(events.FraudAlarm)[0].extension == "1001"
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_a_second_transfer_of_the_same_call_meanwhile_is_refused() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, _, phone = await conversation(desk)
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.refers(phone, "1003")
        await desk.settle()
        assert phone.referral == [100, 480]
        assert desk.line.ringing_numbers() == ["1002"]


@in_virtual_time
async def test_a_transferred_call_may_be_transferred_again() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002", "1003")
        call, caller, phone = await conversation(desk)
        for number in ("1002", "1003"):
            desk.line.refers(phone, number)
            await desk.settle()
            phone = desk.line.rung(number)
            desk.line.picks_up(phone)
            await desk.settle()
        assert moves(desk) == ["blind 1001>1002", "blind 1002>1003"]
        assert hears(desk, caller) == "1003"
        assert [desk.state(agent) for agent in ("1001", "1002", "1003")] == ["wrap_up", "ready", "talking"]
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.memory.records[call].agent == "1003"
        assert desk.state("1003") == "ready"


@in_virtual_time
async def test_an_agent_who_dialled_out_hands_the_customer_on() -> None:
    """The first leg of that call is the agent's: another takes its place."""
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        phone = desk.line.calls_in("1001", OUTSIDE, extension="1001")
        await desk.settle()
        customer = desk.line.rung("8613900000000")
        desk.line.picks_up(customer)
        await desk.settle()
        call = desk.only_call()
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert phone.over()
        assert (hears(desk, customer), hears(desk, second)) == ("1002", "8613900000000")
        assert (desk.state("1001"), desk.state("1002")) == ("ready", "talking")
        (take,) = desk.sound.takes
        assert take.caller == leg_of(desk, second).id
        assert take.other == leg_of(desk, customer).id
        desk.line.hangs_up(customer)
        await desk.settle()
        assert second.over()
        assert desk.memory.records[call].outcome == "answered"
        assert desk.state("1002") == "ready"


@pytest.mark.parametrize("dialled", [False, True], ids=["the agent was called", "the agent called"])
@in_virtual_time
async def test_a_transfer_to_a_number_with_a_flow_lets_the_caller_walk_it(dialled: bool) -> None:
    """So an agent hands a caller on to another queue, or back to the menu."""
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        if dialled:
            phone = desk.line.calls_in("1001", OUTSIDE, extension="1001")
            await desk.settle()
            caller = desk.line.rung("8613900000000")
            desk.line.picks_up(caller)
            await desk.settle()
            call = desk.only_call()
        else:
            call, caller, phone = await conversation(desk)
        desk.line.refers(phone, STRAIGHT_NUMBER)
        await desk.settle()
        assert phone.referral == [200]
        assert phone.over()
        assert desk.only_call() == call
        assert hears(desk, caller) == "music"
        assert desk.state("1001") == ("ready" if dialled else "wrap_up")
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert hears(desk, caller) == "1002"
        assert desk.board.outbound.limited("1001") == dialled, "what was dialled is counted until it is over"
        assert [fact.flow for fact in desk.told(events.FlowEntered)][-1] == "straight"
        await desk.wait(10)
        desk.line.hangs_up(second)
        await desk.settle()
        assert caller.over()
        assert desk.memory.records[call].outcome == "answered"
        assert desk.memory.records[call].agent == "1002"
        assert len([take for take in desk.sound.takes if take.ended is not None]) == 2
        assert desk.board.outbound.limited("1001") == 0


# ---- attended --------------------------------------------------------------------------------------------


@in_virtual_time
async def test_an_attended_transfer_joins_the_caller_with_whom_the_agent_asked() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        desk.line.holds(phone)
        await desk.settle()
        consult, mine, theirs = await consulting(desk)
        assert consult != call
        assert (hears(desk, caller), hears(desk, theirs)) == ("music", "1001")
        assert desk.state("1002") == "talking"
        await desk.wait(10)
        desk.line.refers(phone, "1002", replaces=mine)
        await desk.settle()
        assert phone.referral == [200]
        assert phone.over()
        assert mine.over()
        assert (hears(desk, caller), hears(desk, theirs)) == ("1002", CALLER)
        assert (desk.state("1001"), desk.state("1002")) == ("wrap_up", "talking")
        assert desk.only_call() == call
        pop = desk.told(events.ScreenPopped)[-1]
        assert (pop.agent, pop.call) == ("1002", call)
        assert moves(desk) == ["attended 1001>1002"]
        assert ended(desk, consult) == ("answered", "agent", "transferred")
        await desk.wait(20)
        desk.line.hangs_up(theirs)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "agent")
        assert desk.memory.records[call].agent == "1002"
        assert desk.state("1002") == "ready"


@in_virtual_time
async def test_it_is_the_same_if_the_phone_names_the_calls_the_other_way_round() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        _, mine, theirs = await consulting(desk)
        desk.line.refers(mine, "anything", replaces=phone)
        await desk.settle()
        assert desk.only_call() == call
        assert hears(desk, caller) == "1002"
        assert mine.over()
        assert phone.over()
        assert theirs.up()


@in_virtual_time
async def test_who_is_not_waited_for_is_rung_by_a_blind_transfer() -> None:
    """The phone transfers while its second line still rings."""
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        call, caller, phone = await conversation(desk)
        mine = desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        desk.line.rings(desk.line.rung("1002"))
        desk.line.refers(phone, "1002", replaces=mine)
        await desk.settle()
        assert mine.over()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert hears(desk, caller) == "1002"
        assert moves(desk) == ["blind 1001>1002"]
        assert desk.only_call() == call


@in_virtual_time
async def test_an_outside_expert_who_was_asked_gets_the_caller_and_stays_within_the_limits() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        mine = desk.line.calls_in("1001", OUTSIDE, extension="1001")
        await desk.settle()
        expert = desk.line.rung("8613900000000")
        desk.line.picks_up(expert)
        await desk.settle()
        desk.line.refers(phone, OUTSIDE, replaces=mine)
        await desk.settle()
        assert hears(desk, caller) == "8613900000000"
        assert desk.board.outbound.limited("1001") == 1, "the place is held until the expert has hung up"
        desk.line.hangs_up(expert)
        await desk.settle()
        assert caller.over()
        assert desk.board.outbound.limited("1001") == 0
        assert ended(desk, call)[0] == "answered"


@in_virtual_time
async def test_a_second_line_that_is_gone_cannot_be_named() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        _, caller, phone = await conversation(desk)
        _, mine, _ = await consulting(desk)
        desk.line.hangs_up(mine)
        await desk.settle()
        desk.line.refers(phone, "1002", replaces=mine)
        await desk.settle()
        assert phone.referral == [404]
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_a_call_in_a_flow_cannot_be_transferred() -> None:
    async with office() as desk:
        desk.line.registers("1800")
        phone = desk.line.calls_in("1800", "02088886666", extension="1800")
        await desk.wait(1)
        desk.line.refers(phone, "1900")
        await desk.settle()
        assert phone.referral == [480]
        desk.line.hangs_up(phone)
        await desk.settle()


# ---- another phone of the same extension -----------------------------------------------------------------


@in_virtual_time
async def test_another_phone_of_the_extension_goes_on_with_the_call() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        call, caller, phone = await conversation(desk)
        mobile = desk.line.calls_in("1001", "1001", extension="1001", replaces=phone)
        await desk.settle()
        assert mobile.up()
        assert phone.over()
        assert (hears(desk, caller), hears(desk, mobile)) == ("1001", CALLER)
        assert desk.state("1001") == "talking"
        assert moves(desk) == ["moved 1001>1001"]
        assert desk.only_call() == call
        desk.line.hangs_up(mobile)
        await desk.settle()
        assert desk.state("1001") == "wrap_up"


@in_virtual_time
async def test_a_call_that_is_not_up_is_not_taken_over() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, "02088887777")
        await desk.settle()
        phone = desk.line.rung("1001")
        mobile = desk.line.calls_in("1001", "1001", extension="1001", replaces=phone)
        await desk.settle()
        assert mobile.status == 481


# ---- forwarding ------------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_phone_that_forwards_its_calls_is_followed_by_our_own_rules() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.registers("1800")
        phone = desk.line.calls_in("1001", "1800", extension="1001")
        await desk.settle()
        desk.line.declines(desk.line.rung("1800"), 302, moved_to="1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert hears(desk, phone) == "1002"
        forwarded = desk.told(events.CallForwarded)[0]
        assert (forwarded.by_number, forwarded.number) == ("1800", "1002")


@in_virtual_time
async def test_forwarding_outside_is_by_the_limits_of_who_forwards() -> None:
    async with office(site(limits=(Limits(who="1800", forbid=("8613.",)),))) as desk:
        await desk.sign_in("1001")
        desk.line.registers("1800")
        phone = desk.line.calls_in("1001", "1800", extension="1001")
        await desk.settle()
        desk.line.declines(desk.line.rung("1800"), 302, moved_to=OUTSIDE)
        await desk.settle()
        assert phone.over()
        assert desk.told(events.FraudAlarm)[0].extension == "1800"


@pytest.mark.parametrize("to", ["nobody@evil.example", "1800", "1002"])
@in_virtual_time
async def test_forwarding_that_leads_nowhere_or_in_circles_ends(to: str) -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        desk.line.registers("1800")
        phone = desk.line.calls_in("1001", "1800", extension="1001")
        await desk.settle()
        desk.line.declines(desk.line.rung("1800"), 302, moved_to=to)
        await desk.settle()
        if to != "nobody@evil.example":
            desk.line.declines(desk.line.rung(to), 302, moved_to="1800")
            await desk.settle()
        if to == "1002":
            desk.line.declines(desk.line.rung("1800"), 302, moved_to="1002")
            await desk.settle()
        assert phone.over()


@in_virtual_time
async def test_an_agent_whose_phone_forwards_declines_the_offer() -> None:
    """What a queue gives is for the agent at that phone, not for whom it forwards to."""
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, "02088887777")
        await desk.settle()
        desk.line.declines(desk.line.rung("1001"), 302, moved_to=OUTSIDE)
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        assert desk.told(events.OfferDeclined)[0].reason == "refused"


@in_virtual_time
async def test_the_numbers_that_a_call_was_for_before_stand_in_its_story() -> None:
    async with office() as desk:
        desk.line.calls_in(CALLER, "02088886666", diverted_from=("02012345678",))
        await desk.settle()
        call = desk.only_call()
        await desk.wait(1)
        assert dict(desk.memory.steps[call])["call.started"]["diverted_from"] == ["02012345678"]


@in_virtual_time
async def test_who_answers_a_transfer_in_the_moment_it_comes_to_nothing_is_let_go() -> None:
    """The caller has just left, and the colleague's 200 was on its way already."""
    async with office() as desk:
        await desk.sign_in("1001")
        _, caller, phone = await conversation(desk)
        desk.line.registers("1002")
        desk.line.refers(phone, "1002")
        await desk.settle()
        colleague = desk.line.rung("1002")
        desk.line.hangs_up(caller)
        if not colleague.over():
            desk.line.picks_up(colleague)
        await desk.settle()
        assert colleague.over()
        assert desk.state("1001") == "wrap_up"
