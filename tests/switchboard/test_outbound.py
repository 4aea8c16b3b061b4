"""Numbers dialled: by a flow over trunks, and by our own phones."""

from __future__ import annotations

import pytest

from callcenterd.model import events
from callcenterd.model.ids import AgentId, ExtensionNumber, TrunkName
from callcenterd.model.site import OutboundRoute
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.switchboard.outbound import targets
from tests.kit.office import STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog, their_sdp

CALLER, CALLED = "13800138000", "95588"


async def dialling(desk: Office) -> Dialog:
    """A caller whose flow dials out."""
    caller = desk.line.calls_in(CALLER, CALLED)
    await desk.settle()
    return caller


def outcome(desk: Office) -> str:
    (ended,) = desk.told(events.CallEnded)
    return f"{ended.outcome} by {ended.ended_by}: {ended.cause}"


# ---- where a number leads -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "trunks", "wanted"),
    [
        ("1002", None, [ToExtension(ExtensionNumber("1002"))]),
        ("1002", ["second"], [ToTrunk(TrunkName("second"), "1002")]),
        ("02088", None, [ToTrunk(TrunkName("first"), "862088"), ToTrunk(TrunkName("second"), "862088")]),
        ("02088", ["second", "nowhere", "first"], [ToTrunk(TrunkName(n), "02088") for n in ("second", "first")]),
        ("5", None, []),
        ("0", None, []),
    ],
)
def test_a_number_leads_to_an_extension_the_named_trunks_or_the_offices_rules(
    number: str, trunks: list[str] | None, wanted: list[ToExtension | ToTrunk]
) -> None:
    assert targets(site(), number, trunks, "CN") == wanted


def test_the_first_rule_that_fits_is_taken() -> None:
    rules = (
        OutboundRoute(match="00.", trunks=(TrunkName("second"),), prepend="+", strip=2),
        OutboundRoute(match="0.", trunks=(TrunkName("first"),)),
    )
    assert targets(site(outbound=rules), "0044", None, "CN") == [ToTrunk(TrunkName("second"), "+44")]


# ---- a flow dials ---------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_trunk_that_fails_is_followed_by_the_next() -> None:
    async with office() as desk:
        caller = await dialling(desk)
        first = desk.line.rung(CALLED)
        assert first.to == ToTrunk(TrunkName("first"), CALLED)
        assert first.caller == CALLER
        desk.line.declines(first, 503)
        await desk.settle()
        second = desk.line.rung(CALLED)
        assert second.to == ToTrunk(TrunkName("second"), CALLED)
        desk.line.rings(second)
        assert not caller.up()
        assert caller.rung, "the caller hears ringing"
        assert desk.told(events.CallRinging)[0].number == CALLED
        await desk.wait(5)
        desk.line.picks_up(second)
        await desk.settle()
        assert caller.up()
        assert desk.joined()
        assert len(desk.sound.takes) == 1
        await desk.wait(30)
        desk.line.hangs_up(second)
        await desk.settle()
        assert caller.over()
        assert outcome(desk) == "answered by callee: normal"
        (kept,) = desk.memory.records.values()
        assert (kept.wait_seconds, kept.talk_seconds) == (5, 30)
        assert (kept.agent, kept.queue, kept.extension) == (None, None, None)


@in_virtual_time
async def test_a_trunk_that_does_not_exist_or_cannot_be_dialled_is_passed_over() -> None:
    async with office() as desk:
        desk.line.trunks.discard(TrunkName("first"))
        await dialling(desk)
        assert desk.line.rung(CALLED).to == ToTrunk(TrunkName("second"), CALLED)


@in_virtual_time
async def test_a_busy_person_is_not_looked_for_over_another_trunk() -> None:
    async with office() as desk:
        await dialling(desk)
        desk.line.declines(desk.line.rung(CALLED), 486)
        await desk.wait(5)
        assert outcome(desk) == "busy by system: flow ended"
        assert len(desk.line.dialogs) == 2


@in_virtual_time
async def test_every_trunk_failing_is_said_to_the_caller() -> None:
    async with office() as desk:
        caller = await dialling(desk)
        for _ in range(2):
            desk.line.declines(desk.line.rung(CALLED), 500)
            await desk.settle()
        assert caller.up(), "to say so the flow has to pick up"
        await desk.wait(3)
        assert outcome(desk) == "failed by system: failed"


@in_virtual_time
async def test_nobody_answers_in_time() -> None:
    async with office() as desk:
        await dialling(desk)
        leg = desk.line.rung(CALLED)
        desk.line.rings(leg)
        await desk.wait(29)
        assert not leg.over()
        await desk.wait(2)
        assert leg.over()
        assert outcome(desk) == "no_answer by system: flow ended"


@in_virtual_time
async def test_a_caller_who_goes_while_the_other_side_rings_takes_the_ringing_along() -> None:
    async with office() as desk:
        caller = await dialling(desk)
        leg = desk.line.rung(CALLED)
        desk.line.rings(leg)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert leg.over()
        assert outcome(desk) == "abandoned by caller: cancelled"


@in_virtual_time
async def test_a_caller_who_was_answered_hears_our_ringing_and_then_their_network() -> None:
    async with office(flows=(GREETED,)) as desk:
        desk.line.calls_in(CALLER, CALLED)
        await desk.wait(3)
        leg = desk.line.rung(CALLED)
        desk.line.rings(leg)
        assert desk.heard()[-1] is None, "a tone"
        first = next(iter(desk.sound.rows.values()))
        assert first.repeats
        desk.line.rings(leg, answer=their_sdp())
        assert first.heard is not None, "early media"
        desk.line.declines(leg, 503)
        await desk.settle()
        assert not desk.joined()
        assert first.play is None


GREETED = """
flow: out
start: hello
nodes:
  hello: {say: "请稍候", next: dial}
  dial: {dial: "{{ called }}", trunks: [first, second]}
"""


@in_virtual_time
async def test_after_the_callee_the_flow_goes_on_with_the_caller() -> None:
    async with office(flows=(THEN_QUEUE,)) as desk:
        await desk.sign_in("1001")
        caller = await dialling(desk)
        leg = desk.line.rung(CALLED)
        desk.line.picks_up(leg)
        await desk.wait(10)
        desk.line.hangs_up(leg)
        await desk.settle()
        assert caller.up()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.wait(20)
        desk.line.hangs_up(phone)
        await desk.settle()
        (kept,) = desk.memory.records.values()
        assert (kept.agent, kept.queue, kept.wait_seconds, kept.talk_seconds) == ("1001", "sales", 0, 30)
        assert kept.answered_at == desk.told(events.CallAnswered)[0].at, "the wait is the first one's"
        assert len(desk.memory.kept_recordings) == 1, "the first conversation was not to be kept"


THEN_QUEUE = """
flow: out
start: dial
nodes:
  dial: {dial: "{{ called }}", trunks: [first], next: sales, on_failed: sales, on_busy: sales, on_no_answer: sales}
  sales: {queue: sales}
"""


@in_virtual_time
async def test_an_agents_wrap_up_is_not_touched_by_what_the_caller_does_after() -> None:
    async with office(flows=(QUEUE_THEN_OUT,)) as desk:
        await desk.sign_in("1001")
        caller = desk.line.calls_in(CALLER, CALLED)
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.line.hangs_up(phone)
        await desk.settle()
        desk.line.picks_up(desk.line.rung(CALLED))
        await desk.wait(11)
        assert desk.state("1001") == "ready"
        second = desk.line.calls_in("13900000000", CALLED)
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.state("1001") == "talking", "with the second caller"
        assert second.up()


QUEUE_THEN_OUT = """
flow: out
start: sales
nodes:
  sales: {queue: sales, next: dial}
  dial: {dial: "{{ called }}", trunks: [first]}
"""

# ---- our own phones -------------------------------------------------------------------------------------


@in_virtual_time
async def test_two_extensions_speak_and_both_agents_are_busy_meanwhile() -> None:
    async with office() as desk:
        await desk.sign_in("1001", "1002")
        phone = desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        assert desk.state("1001") == "talking", "who dials is busy"
        other = desk.line.rung("1002")
        assert other.caller == "1001"
        desk.line.rings(other)
        desk.line.picks_up(other)
        await desk.settle()
        assert desk.joined()
        assert desk.state("1002") == "talking", "and who was dialled as well"
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        assert desk.line.ringing_numbers() == []
        desk.line.hangs_up(other)
        await desk.settle()
        assert phone.over()
        assert desk.line.ringing_numbers() == ["1002"], "no wrap-up: the caller is served by who is free first"
        assert desk.state("1001") == "ready"
        fact = desk.told(events.CallEnded)[0]
        assert (fact.outcome, fact.ended_by) == ("answered", "callee")
        kept = next(record for record in desk.memory.records.values() if record.direction == "internal")
        assert (kept.extension, kept.caller, kept.called, kept.agent) == ("1001", "1001", "1002", "1001")


@in_virtual_time
async def test_a_phone_of_ours_dials_out_and_the_call_is_an_outbound_one() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        phone = desk.line.calls_in("1001", "013900000000", extension="1001")
        await desk.settle()
        leg = desk.line.rung("8613900000000")
        desk.line.rings(leg)
        assert phone.rung
        desk.line.picks_up(leg)
        await desk.settle()
        assert phone.up()
        desk.line.hangs_up(phone)
        await desk.settle()
        assert leg.over()
        (kept,) = desk.memory.records.values()
        assert (kept.direction, kept.agent, kept.outcome, kept.ended_by) == ("outbound", "1001", "answered", "caller")
        assert desk.state("1001") == "ready"


@pytest.mark.parametrize(
    ("status", "shown", "kept"),
    [(486, 486, "busy"), (480, 480, "no_answer"), (408, 503, "failed"), (404, 503, "failed")],
)
def test_the_phone_that_dialled_is_told_why_nobody_came(status: int, shown: int, kept: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            desk.line.registers("1001", "1002")
            phone = desk.line.calls_in("1001", "1002", extension="1001")
            await desk.settle()
            desk.line.declines(desk.line.rung("1002"), status)
            await desk.settle()
            assert (phone.over(), phone.status) == (True, shown)
            (record,) = desk.memory.records.values()
            assert record.outcome == kept

    story()


@in_virtual_time
async def test_an_extension_that_is_not_registered_is_not_reached() -> None:
    async with office() as desk:
        phone = desk.line.calls_in("1001", "1002", extension="1001")
        await desk.settle()
        assert phone.status == 503
        assert outcome(desk) == "failed by system: failed"


@in_virtual_time
async def test_an_extension_may_call_a_flow() -> None:
    async with office() as desk:
        await desk.sign_in("1002")
        desk.line.calls_in("1800", STRAIGHT_NUMBER, extension="1800")
        await desk.settle()
        assert desk.line.ringing_numbers() == ["1002"]


@in_virtual_time
async def test_a_phone_that_dials_nonsense_is_told_so() -> None:
    async with office() as desk:
        phone = desk.line.calls_in("1001", "#77", extension="1001")
        await desk.settle()
        assert phone.status == 404


@in_virtual_time
async def test_an_agent_who_dials_while_being_rung_is_rung_no_more() -> None:
    async with office() as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, STRAIGHT_NUMBER)
        await desk.settle()
        ringing = desk.line.rung("1001")
        desk.line.calls_in("1001", "1900", extension="1001")
        await desk.settle()
        assert ringing.over()
        assert desk.state("1001") == "talking"
        assert [fact.reason for fact in desk.told(events.OfferWithdrawn)] == ["in_a_call"]


@in_virtual_time
async def test_a_flow_may_dial_an_agents_extension() -> None:
    async with office(flows=(TO_DESK,)) as desk:
        await desk.sign_in("1001")
        desk.line.calls_in(CALLER, CALLED)
        await desk.settle()
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        assert desk.state("1001") == "talking"
        desk.line.hangs_up(phone)
        await desk.settle()
        assert desk.state("1001") == "ready"
        (kept,) = desk.memory.records.values()
        assert (kept.agent, kept.outcome, kept.ended_by) == (AgentId("1001"), "answered", "callee")


TO_DESK = 'flow: out\nstart: dial\nnodes:\n  dial: {dial: "1001"}\n'
