"""A supervisor listens, whispers, barges in, takes over (SUP-02); in virtual time."""

from __future__ import annotations

import dataclasses

import pytest

from callcenterd.errors import NotFound, NotNow
from callcenterd.model import events
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, TeamName
from callcenterd.model.site import Extension, Site, Team, UserAccount
from callcenterd.sip.events import ToExtension
from tests.kit.office import Office, in_virtual_time, office, site
from tests.kit.wire import Dialog
from tests.switchboard.rooms import hears, row_of
from tests.switchboard.test_queue_call import CALLER, conversation, ended, waiting_caller

BOSS = "2001"


def with_a_supervisor() -> Site:
    plain = site()
    boss = UserAccount(login=BOSS, name="班长", role="supervisor", extension=ExtensionNumber(BOSS))
    return dataclasses.replace(
        plain,
        users=(*plain.users, boss),
        extensions=(*plain.extensions, Extension(number=ExtensionNumber(BOSS))),
    )


async def listening(desk: Office, mode: str = "listen", **how: bool) -> tuple[CallId, Dialog, Dialog, Dialog]:
    """A caller and agent 1001 speak, and the supervisor has that mode: call, caller, agent's phone, supervisor's."""
    await desk.sign_in("1001")
    desk.line.registers(BOSS)
    call, caller, phone = await conversation(desk)
    desk.board.monitoring.begin(call, BOSS, mode, **how)  # type: ignore[arg-type]  # one of the modes
    own = desk.line.rung(BOSS)
    desk.line.picks_up(own)
    await desk.settle()
    return call, caller, phone, own


def told(desk: Office) -> list[str]:
    """What was listened to, in words: mode, and whether it began or was over."""
    return [f"{fact.mode} {'began' if fact.until is None else 'over'}" for fact in desk.told(events.CallMonitored)]


@pytest.mark.parametrize(
    ("mode", "caller_hears", "agent_hears"),
    [
        ("listen", "1001", CALLER),
        ("whisper", "1001", f"{CALLER} {BOSS}"),
        ("barge", f"1001 {BOSS}", f"{CALLER} {BOSS}"),
    ],
)
@in_virtual_time
async def test_who_hears_whom(mode: str, caller_hears: str, agent_hears: str) -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, phone, own = await listening(desk, mode)
        assert (hears(desk, caller), hears(desk, phone)) == (caller_hears, agent_hears)
        assert hears(desk, own) == f"1001 {CALLER}"
        (fact,) = desk.told(events.CallMonitored)
        assert (fact.call, fact.by, fact.mode, fact.listened_to, fact.until) == (call, BOSS, mode, "1001", None)
        desk.board.monitoring.end(BOSS, call)
        assert (hears(desk, caller), hears(desk, phone)) == ("1001", CALLER)
        assert own.over()
        assert told(desk) == [f"{mode} began", f"{mode} over"]
        assert desk.state(BOSS).startswith("signed_out")


@in_virtual_time
async def test_the_phone_is_asked_to_pick_up_by_itself_and_nothing_is_told_before_it_does() -> None:
    async with office(with_a_supervisor()) as desk:
        await desk.sign_in("1001")
        desk.line.registers(BOSS)
        call, caller, _ = await conversation(desk)
        desk.board.monitoring.begin(call, BOSS, "barge")
        own = desk.line.rung(BOSS)
        assert own.to == ToExtension(ExtensionNumber(BOSS), at_once=True)
        assert hears(desk, caller) == "1001"
        assert told(desk) == []
        desk.line.declines(own, 486)
        await desk.settle()
        assert desk.board.monitoring.listening() == []
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_keys_of_the_phone_and_orders_change_the_mode_and_the_conversation_is_never_touched_twice() -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, phone, own = await listening(desk, may_barge=True)
        row = row_of(desk, own).leg
        for key, caller_hears, agent_hears in (
            ("5", "1001", f"{CALLER} {BOSS}"),
            ("6", f"1001 {BOSS}", f"{CALLER} {BOSS}"),
            ("4", "1001", CALLER),
        ):
            desk.sound.keys(row, key)
            assert (hears(desk, caller), hears(desk, phone)) == (caller_hears, agent_hears)
        desk.sound.keys(row, "9")
        desk.board.monitoring.begin(call, BOSS, "whisper")
        assert hears(desk, phone) == f"{CALLER} {BOSS}"
        assert told(desk) == [
            "listen began", "listen over", "whisper began", "whisper over", "barge began", "barge over",
            "listen began", "listen over", "whisper began",
        ]  # fmt: skip
        assert desk.line.ringing_numbers() == [], "the phone is rung once"


@in_virtual_time
async def test_who_may_only_listen_cannot_barge_in_by_key() -> None:
    async with office(with_a_supervisor()) as desk:
        _, caller, _, own = await listening(desk)
        desk.sound.keys(row_of(desk, own).leg, "6")
        assert hears(desk, caller) == "1001"


@in_virtual_time
async def test_a_barge_is_recorded_on_the_right_and_a_whisper_is_not() -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, phone, own = await listening(desk)
        rows = {name: row_of(desk, dialog).leg for name, dialog in (("agent", phone), ("boss", own))}
        (take,) = desk.sound.takes
        assert list(take.others) == [rows["agent"]]
        desk.board.monitoring.begin(call, BOSS, "whisper")
        assert list(take.others) == [rows["agent"]]
        desk.board.monitoring.begin(call, BOSS, "barge")
        assert list(take.others) == [rows["agent"], rows["boss"]]
        desk.line.hangs_up(own)
        await desk.settle()
        assert list(take.others) == [rows["agent"]]
        assert take.caller == row_of(desk, caller).leg


@in_virtual_time
async def test_at_the_end_of_the_call_the_supervisor_hears_a_tone_and_is_let_go() -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, _, own = await listening(desk, "barge")
        desk.line.hangs_up(caller)
        await desk.settle()
        assert ended(desk, call)[:2] == ("answered", "caller")
        assert hears(desk, own) == "tone"
        await desk.wait(1)
        assert own.over()
        assert told(desk) == ["barge began", "barge over"]


@in_virtual_time
async def test_the_agent_goes_and_the_supervisor_with_the_call() -> None:
    async with office(with_a_supervisor()) as desk:
        _, _, phone, own = await listening(desk)
        desk.line.hangs_up(phone)
        await desk.wait(1)
        assert own.over()


@in_virtual_time
async def test_who_follows_an_agent_hears_the_next_call_too() -> None:
    async with office(with_a_supervisor()) as desk:
        _, caller, _, own = await listening(desk, "barge", follow=True)
        desk.line.hangs_up(caller)
        await desk.wait(11)
        assert own.up()
        assert hears(desk, own) == ""
        second, _ = await waiting_caller(desk)
        phone = desk.line.rung("1001")
        desk.line.picks_up(phone)
        await desk.settle()
        assert hears(desk, own) == f"1001 {CALLER}"
        assert hears(desk, phone) == CALLER, "a call that comes by itself is listened to, whatever the mode was"
        assert desk.told(events.CallMonitored)[-1].call == second
        desk.board.monitoring.end(BOSS)
        assert own.over()


@in_virtual_time
async def test_a_server_that_stops_keeps_nobody_waiting() -> None:
    async with office(with_a_supervisor()) as desk:
        _, caller, _, own = await listening(desk, follow=True)
        desk.line.hangs_up(caller)
        await desk.wait(2)
        assert own.up()
        desk.board.drain()
        assert own.over()


@in_virtual_time
async def test_after_a_transfer_the_supervisor_is_with_the_new_agent_and_whispers_there() -> None:
    async with office(with_a_supervisor()) as desk:
        _, caller, phone, own = await listening(desk, "whisper")
        await desk.sign_in("1002")
        desk.line.refers(phone, "1002")
        await desk.settle()
        second = desk.line.rung("1002")
        desk.line.picks_up(second)
        await desk.settle()
        assert (hears(desk, caller), hears(desk, second)) == ("1002", f"{CALLER} {BOSS}")
        assert hears(desk, own) == f"1002 {CALLER}"


def leading(*members: str) -> Site:
    team = Team(name=TeamName("day"), members=tuple(map(AgentId, members)), leaders=(AgentId(BOSS),))
    return dataclasses.replace(with_a_supervisor(), teams=(team,))


@pytest.mark.parametrize(("members", "listens"), [(("1001",), False), (("1001", "1002"), True)])
@in_virtual_time
async def test_who_leads_a_team_is_let_go_when_another_teams_agent_has_the_call(
    members: tuple[str, ...], listens: bool
) -> None:
    async with office(leading(*members)) as desk:
        _, caller, phone, own = await listening(desk)
        await desk.sign_in("1002")
        desk.line.refers(phone, "1002")
        await desk.settle()
        desk.line.picks_up(desk.line.rung("1002"))
        await desk.settle()
        assert hears(desk, caller) == "1002"
        assert (hears(desk, own) == f"1002 {CALLER}") is listens
        await desk.wait(2)
        assert own.over() is not listens


@in_virtual_time
async def test_who_does_not_lead_the_agent_any_more_listens_no_more_and_follows_nobody() -> None:
    async with office(leading("1001")) as desk:
        _, caller, _, own = await listening(desk, follow=True)
        desk.board.configure(leading("1001", "1002"))
        assert hears(desk, own) == f"1001 {CALLER}"
        desk.board.configure(leading("1002"))
        await desk.wait(2)
        assert own.over()
        assert hears(desk, caller) == "1001", "the conversation goes on"


@in_virtual_time
async def test_taking_over_lets_the_agent_wrap_up_and_keeps_the_customer() -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, phone, own = await listening(desk, "whisper")
        (take,) = desk.sound.takes
        desk.board.monitoring.take_over(call, BOSS)
        await desk.settle()
        assert phone.over()
        assert (hears(desk, caller), hears(desk, own)) == (BOSS, CALLER)
        assert desk.state("1001") == "wrap_up"
        assert desk.state(BOSS) == "talking"
        assert take.ended is None
        assert list(take.others) == [row_of(desk, own).leg]
        (moved,) = desk.told(events.CallTransferred)
        assert (moved.kind, moved.agent, moved.by) == ("taken_over", BOSS, "1001")
        await desk.wait(5)
        desk.line.hangs_up(own)
        await desk.wait(1)
        assert caller.over()
        assert desk.memory.records[call].agent == BOSS
        assert desk.board.monitoring.listening() == []


@in_virtual_time
async def test_a_call_that_an_agent_dialled_is_listened_to_and_taken_over_as_well() -> None:
    async with office(with_a_supervisor()) as desk:
        await desk.sign_in("1001")
        desk.line.registers(BOSS)
        phone = desk.line.calls_in("1001", "013900000000", extension="1001")
        await desk.settle()
        call = desk.only_call()
        customer = desk.line.rung("8613900000000")
        desk.line.picks_up(customer)
        await desk.settle()
        desk.board.monitoring.begin(call, BOSS, "whisper")
        own = desk.line.rung(BOSS)
        desk.line.picks_up(own)
        await desk.settle()
        assert (hears(desk, customer), hears(desk, phone)) == ("1001", f"{BOSS} 8613900000000")
        desk.board.monitoring.take_over(call, BOSS)
        await desk.settle()
        assert phone.over()
        assert (hears(desk, customer), hears(desk, own)) == (BOSS, "8613900000000")


@in_virtual_time
async def test_the_supervisor_goes_from_one_call_to_another() -> None:
    async with office(with_a_supervisor()) as desk:
        first, caller, _, own = await listening(desk, "barge")
        await desk.sign_in("1002")
        second, other, phone = await conversation(desk, "1002")
        desk.board.monitoring.begin(second, BOSS, "listen")
        assert hears(desk, caller) == "1001"
        assert hears(desk, other) == "1002"
        assert hears(desk, own) == f"1002 {CALLER}"
        assert hears(desk, phone) == CALLER
        with pytest.raises(NotFound):
            desk.board.monitoring.end(BOSS, first)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert hears(desk, own) == f"1002 {CALLER}", "the first call's end is no affair of theirs"


@in_virtual_time
async def test_what_cannot_be_listened_to_says_so() -> None:
    async with office(with_a_supervisor()) as desk:
        await desk.sign_in("1001")
        monitoring = desk.board.monitoring
        with pytest.raises(NotFound):
            monitoring.begin(CallId("none"), BOSS, "listen")
        call, caller = await waiting_caller(desk)
        with pytest.raises(NotNow, match="nobody speaks"):
            monitoring.begin(call, BOSS, "listen")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        with pytest.raises(NotNow, match="cannot be reached"):
            monitoring.begin(call, BOSS, "listen")
        with pytest.raises(NotNow, match="takes part"):
            monitoring.begin(call, "1001", "listen")
        with pytest.raises(NotFound, match="extension"):
            monitoring.begin(call, BOSS, "listen", extension=ExtensionNumber("77"))
        with pytest.raises(NotFound):
            monitoring.end(BOSS)
        with pytest.raises(NotFound):
            monitoring.take_over(call, BOSS)
        desk.line.registers(BOSS)
        monitoring.begin(call, BOSS, "listen")
        with pytest.raises(NotNow):
            monitoring.take_over(call, BOSS)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert desk.line.ringing_numbers() == [], "a phone that rings still is left in peace"


@in_virtual_time
async def test_who_listens_is_kept_in_the_audit_trail_and_in_the_calls_story() -> None:
    async with office(with_a_supervisor()) as desk:
        call, *_ = await listening(desk)
        desk.board.monitoring.end(BOSS)
        await desk.settle()
        assert [(what, target) for what, target in desk.memory.trail if what.startswith("call.")] == [
            ("call.monitored", f"call/{call}"),
            ("call.monitored", f"call/{call}"),
        ]
        details = [details for kind, details in desk.memory.steps[call] if kind == "call.monitored"]
        assert [(step["by"], step["mode"], "until" in step) for step in details] == [
            (BOSS, "listen", False),
            (BOSS, "listen", True),
        ]


@in_virtual_time
async def test_an_agent_who_holds_is_not_heard_and_the_listener_hears_the_customer() -> None:
    async with office(with_a_supervisor()) as desk:
        call, caller, _, own = await listening(desk)
        desk.board.desk.hold(call, AgentId("1001"))
        await desk.settle()
        assert hears(desk, caller) == "music"
        assert hears(desk, own) == CALLER
