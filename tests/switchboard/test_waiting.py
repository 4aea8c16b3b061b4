"""What callers hear and can do while they wait: places, times, comfort, keys that lead out; in virtual time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from callcenterd.ivr.node import Exit
from callcenterd.model import events
from callcenterd.model.ids import CallId, FlowName, QueueName
from callcenterd.model.prompts import Music, Prompt, Recorded, Speech
from callcenterd.model.site import Comfort, NumberRoute, Site
from callcenterd.switchboard.waiting import invitation, place
from tests.kit.office import MAIN, STRAIGHT, STRAIGHT_NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import Dialog

KEYED = """
flow: keyed
language: en
start: sales
nodes:
  sales: {queue: sales, keys: {"1": leave, "5": other}}
  leave: {voicemail: sales}
  other: {say: "one moment", next: sales}
"""
KEYED_NUMBER = "02088885555"
SALES = QueueName("sales")


def with_queue(**changes: Any) -> Site:
    """The usual office, whose first queue is like this."""
    usual = site(numbers=(*site().numbers, NumberRoute(match=KEYED_NUMBER, flow=FlowName("keyed"))))
    first, *others = usual.queues
    return dataclasses.replace(usual, queues=(dataclasses.replace(first, **changes), *others))


def said(prompts: Sequence[Prompt | None]) -> str:
    between = " " if any(getattr(prompt, "language", "") == "en" for prompt in prompts) else ""
    return between.join("♪" if isinstance(prompt, Music) else prompt.text for prompt in prompts if prompt is not None)


class Ear:
    """What one caller's phone was made to hear, one text for each thing that was played."""

    def __init__(self, desk: Office, dialog: Dialog) -> None:
        (leg,) = [leg for call in desk.calls.live() for leg in call.legs if leg.dialog == dialog.id]
        self._desk, self.leg = desk, leg.id

    def heard(self) -> list[str]:
        played = [sounds for leg, sounds in self._desk.sound.played if leg == self.leg]
        return [said([self._desk.prompts.of(sound) for sound in sounds]) for sounds in played]

    def spoken(self) -> list[str]:
        """Without the music."""
        return [text for text in self.heard() if not text.startswith("♪")]

    def hears_now(self) -> str:
        return "" if self._desk.sound.rows[self.leg].play is None else self.heard()[-1]


async def calls(desk: Office, number: str = STRAIGHT_NUMBER, caller: str = "13800138000") -> tuple[CallId, Dialog, Ear]:
    dialog = desk.line.calls_in(caller, number)
    await desk.settle()
    return next(reversed(desk.board.journeys)), dialog, Ear(desk, dialog)


def handled(desk: Office, seconds: float, times: int = 5) -> None:
    """So many conversations of that length are over."""
    for _ in range(times):
        desk.board.waiting.estimates.handled(SALES, seconds, desk.board.clock.monotonic())


# ---- words, in both languages ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "chinese", "english"),
    [
        (1, "您是下一位。", "You are next in the queue."),
        (2, "您现在排在第二位。", "You are now number two in the queue."),
        (11, "您现在排在第十一位。", "You are now number eleven in the queue."),
        (12, "在您前面等待的已超过十位。", "More than ten callers are before you."),
        (500, "在您前面等待的已超过十位。", "More than ten callers are before you."),
    ],
)
def test_a_place_is_told_in_the_callers_language(position: int, chinese: str, english: str) -> None:
    assert said(place(position, 10, "zh-CN")) == chinese
    assert said(place(position, 10, "en")) == english


def test_keys_are_told_with_where_they_lead() -> None:
    exits: Mapping[str, Exit] = {"1": "voicemail", "2": "callback", "0": "other", "#": "other"}
    assert said(invitation(exits, "zh-CN")) == "留言请按一需要我们给您回电，请按二其他服务请按零其他服务请按井号"
    assert said(invitation(exits, "en")) == (
        "To leave a message, press one To be called back, press two For other services, press zero "
        "For other services, press pound"
    )


# ---- when ------------------------------------------------------------------------------------------------


@in_virtual_time
async def test_by_default_there_is_music_and_nothing_else() -> None:
    async with office() as desk:
        _, _, ear = await calls(desk)
        await desk.wait(600)
        assert ear.heard() == ["♪"]


@in_virtual_time
async def test_the_music_is_the_flows_or_the_queues_or_the_offices() -> None:
    named = "flow: keyed\nstart: sales\nnodes:\n  sales: {queue: sales, music: jazz}\n"
    async with office(with_queue(music="waltz"), flows=(MAIN, STRAIGHT, named)) as desk:
        await calls(desk)
        await calls(desk, KEYED_NUMBER)
        assert desk.heard() == [Music("waltz"), Music("jazz")]


@in_virtual_time
async def test_place_and_wait_are_told_at_their_times_and_the_music_goes_on() -> None:
    queue = with_queue(announce_position="every", announce_wait="every", announce_first=10, announce_every=30, ring=100)
    async with office(queue) as desk:
        desk.line.registers("1001")
        await desk.sign_in("1001")
        handled(desk, 90)
        _, first, _ = await calls(desk, caller="13800138001")
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        _, _, ear = await calls(desk)
        await desk.wait(9.9)
        assert ear.heard() == ["♪"]
        await desk.wait(0.2)
        assert ear.hears_now() == "您现在排在第二位。预计还需等待大约三分钟", "2 × 90 s / 1 agent"
        await desk.wait(12)
        assert ear.hears_now() == "♪"
        desk.line.hangs_up(first)
        await desk.wait(18)
        assert ear.spoken()[1:] == ["您是下一位。预计还需等待大约两分钟"]


@in_virtual_time
async def test_once_is_once_and_every_is_every() -> None:
    queue = with_queue(announce_position="once", announce_first=5, announce_every=20, exits={"1": "voicemail"})
    async with office(queue) as desk:
        _, _, ear = await calls(desk)
        await desk.wait(50)
        assert ear.spoken() == ["您是下一位。留言请按一", "留言请按一", "留言请按一"]


@in_virtual_time
async def test_without_an_interval_there_is_one_announcement() -> None:
    async with office(with_queue(announce_position="every", announce_first=5, announce_every=0)) as desk:
        _, _, ear = await calls(desk)
        await desk.wait(500)
        assert ear.spoken() == ["您是下一位。"]


@in_virtual_time
async def test_words_of_comfort_come_each_in_its_time_a_recording_before_its_text() -> None:
    comfort = (Comfort(every=20, say="感谢您的耐心等待。"), Comfort(every=50, play="offers"))
    async with office(with_queue(comfort=comfort)) as desk:
        _, dialog, ear = await calls(desk)
        await desk.wait(62)
        prompts = [desk.prompts.of(sound) for leg, sounds in desk.sound.played if leg == ear.leg for sound in sounds]
        spoken = [prompt for prompt in prompts if not isinstance(prompt, Music)]
        thanks = Speech("感谢您的耐心等待。", "zh-CN")
        assert spoken == [thanks, thanks, Recorded("offers", "zh-CN"), thanks]
        desk.line.hangs_up(dialog)


@in_virtual_time
async def test_a_wait_that_cannot_be_said_is_left_out() -> None:
    async with office(with_queue(announce_position="every", announce_wait="every", announce_first=5)) as desk:
        await desk.sign_in("1001")
        handled(desk, 90, times=4)
        await calls(desk, caller="13800138001")
        desk.line.rings(desk.line.rung("1001"))
        _, _, ear = await calls(desk)
        await desk.wait(6)
        assert ear.spoken() == ["您现在排在第二位。"], "four conversations are too few to speak of a time"


@in_virtual_time
async def test_a_place_is_never_told_as_worse_than_before() -> None:
    queue = with_queue(announce_position="every", announce_wait="every", announce_first=5, announce_every=20)
    async with office(queue) as desk:
        handled(desk, 90)
        _, first, _ = await calls(desk, caller="13800138001")
        _, _, ear = await calls(desk)
        await desk.wait(8)
        assert ear.spoken() == ["您现在排在第二位。"], "nobody serves: no time is told"
        # Two who kept an earlier place come before the caller.
        for n in range(2):
            call, _, _ = await calls(desk, caller=f"1380013810{n}")
            desk.board.queueing.leave(desk.board.journeys[call])
            desk.board.journeys[call].places[SALES] = -100.0
            desk.board.queueing.enter(desk.board.journeys[call], SALES, None)
        await desk.wait(40)
        assert ear.spoken() == ["您现在排在第二位。"], "to be told number four now would be a slap"
        desk.line.hangs_up(first)
        await desk.settle()


# ---- an answer comes first -------------------------------------------------------------------------------


@in_virtual_time
async def test_an_answer_cuts_the_announcement_and_no_music_comes_back() -> None:
    async with office(with_queue(announce_position="every", announce_first=5, announce_every=5)) as desk:
        await desk.sign_in("1001")
        _, caller, ear = await calls(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.wait(5.5)
        assert ear.hears_now() == "您是下一位。"
        desk.line.picks_up(phone)
        await desk.settle()
        assert ear.hears_now() == "", "the same moment"
        assert desk.joined()
        count = len(ear.heard())
        await desk.wait(60)
        assert len(ear.heard()) == count, "nothing is said into a conversation"
        desk.line.hangs_up(caller)


@in_virtual_time
async def test_an_answer_while_the_words_are_still_being_made_is_not_spoken_over() -> None:
    async with office(with_queue(announce_position="every", announce_first=5)) as desk:
        await desk.sign_in("1001")
        _, caller, ear = await calls(desk)
        phone = desk.line.rung("1001")
        made, sound = 0, desk.prompts.sound

        async def slowly(prompt: Prompt) -> Any:
            nonlocal made
            made += 1
            if made == 1:
                desk.line.picks_up(phone)
            return await sound(prompt)

        desk.prompts.sound = slowly  # type: ignore[method-assign]  # as a worker that takes its time
        await desk.wait(6)
        assert made == 1
        assert ear.heard() == ["♪"]
        assert ear.hears_now() == ""
        desk.line.hangs_up(caller)


# ---- keys that lead out ----------------------------------------------------------------------------------


@in_virtual_time
async def test_a_key_of_the_queue_leads_to_its_voicemail_from_any_flow() -> None:
    async with office(with_queue(exits={"1": "voicemail"})) as desk:
        call, caller, ear = await calls(desk)
        await desk.wait(10)
        desk.sound.keys(ear.leg, "1")
        await desk.settle()
        assert desk.board.queueing.waiting(SALES) == []
        assert ear.heard()[-1].startswith("请在提示音后留言")
        await desk.wait(20)
        desk.line.hangs_up(caller)
        await desk.settle()
        (kept,) = [fact for fact in desk.told(events.CallEnded) if fact.call == call]
        assert kept.outcome == "voicemail"
        (left,) = desk.told(events.CallerLeftQueue)
        assert (left.reason, left.wait_seconds) == ("left", 10)
        assert desk.memory.records[call].keys == "1", "the history tells that a key was pressed"


@in_virtual_time
async def test_a_key_of_the_queue_leads_to_a_callback_to_the_callers_number() -> None:
    async with office(with_queue(exits={"2": "callback"})) as desk:
        call, _, ear = await calls(desk)
        await desk.wait(10)
        desk.sound.keys(ear.leg, "2")
        await desk.wait(10)
        desk.sound.keys(ear.leg, "1")
        await desk.wait(10)
        (asked,) = desk.told(events.CallbackAsked)
        assert (asked.call, asked.queue, asked.number) == (call, "sales", "13800138000")


@in_virtual_time
async def test_a_key_leads_into_another_flow_at_one_of_its_nodes() -> None:
    async with office(with_queue(exits={"0": "main/sorry"}), flows=(MAIN, STRAIGHT)) as desk:
        call, caller, ear = await calls(desk)
        await desk.wait(10)
        desk.sound.keys(ear.leg, "0")
        await desk.wait(1)
        assert ear.hears_now() == "座席全忙"
        assert desk.board.journeys[call].flow == "main"
        assert desk.board.queueing.waiting(SALES) == []
        await desk.wait(5)
        assert caller.over()


@in_virtual_time
async def test_a_key_that_leads_to_a_flow_that_is_gone_costs_no_place() -> None:
    async with office(with_queue(exits={"0": "gone"})) as desk:
        call, _, ear = await calls(desk)
        await calls(desk, caller="13800138009")
        await desk.wait(10)
        desk.sound.keys(ear.leg, "0")
        await desk.wait(1)
        waiting = desk.board.queueing.waiting(SALES)
        assert next(who for who, _, _ in waiting) == call
        assert ear.hears_now() == "♪"


@in_virtual_time
async def test_keys_of_the_flow_are_told_and_lead_to_its_nodes_and_who_comes_back_has_the_old_place() -> None:
    async with office(with_queue(announce_first=5), flows=(MAIN, STRAIGHT, KEYED)) as desk:
        call, _, ear = await calls(desk, KEYED_NUMBER)
        later, _, _ = await calls(desk, KEYED_NUMBER, caller="13800138009")
        await desk.wait(6)
        assert ear.hears_now() == "To leave a message, press one For other services, press five"
        desk.sound.keys(ear.leg, "5")
        await desk.wait(0.5)
        assert ear.hears_now() == "one moment"
        assert [who for who, _, _ in desk.board.queueing.waiting(SALES)] == [later]
        await desk.wait(3)
        assert [who for who, _, _ in desk.board.queueing.waiting(SALES)] == [call, later]


@in_virtual_time
async def test_other_keys_are_ignored_and_are_no_answer_to_what_comes_after() -> None:
    async with office(with_queue(exits={"1": "voicemail"}, announce_position="every", announce_first=5)) as desk:
        call, _, ear = await calls(desk)
        await desk.wait(5.5)
        desk.sound.keys(ear.leg, "7")
        await desk.settle()
        assert ear.hears_now() == "您是下一位。留言请按一", "nor do they stop what is said"
        await desk.wait(10)
        assert [who for who, _, _ in desk.board.queueing.waiting(SALES)] == [call]
        assert desk.told(events.KeyPressed) == []


@in_virtual_time
async def test_keys_typed_ahead_lead_nowhere() -> None:
    async with office(with_queue(exits={"1": "voicemail"}), flows=(MAIN, STRAIGHT)) as desk:
        _, _, ear = await calls(desk, "02088886666")
        desk.sound.keys(ear.leg, "1")  # the menu's key, into the greeting; and then once more, impatiently
        await desk.wait(0.5)
        desk.sound.keys(ear.leg, "1")
        await desk.wait(0.3)
        desk.sound.keys(ear.leg, "1")
        await desk.wait(5)
        assert len(desk.board.queueing.waiting(SALES)) == 1
        desk.sound.keys(ear.leg, "213")  # a number that is typed
        await desk.wait(5)
        assert len(desk.board.queueing.waiting(SALES)) == 1
        desk.sound.keys(ear.leg, "1")
        await desk.settle()
        assert desk.board.queueing.waiting(SALES) == [], "a key by itself counts"


@in_virtual_time
async def test_keys_pressed_to_the_agent_lead_nowhere() -> None:
    async with office(with_queue(exits={"1": "voicemail"})) as desk:
        await desk.sign_in("1001")
        _, caller, ear = await calls(desk)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.wait(10)
        desk.sound.keys(ear.leg, "1")
        await desk.wait(10)
        assert desk.joined()
        desk.line.hangs_up(caller)


@in_virtual_time
async def test_who_leaves_by_a_key_while_a_phone_rings_stops_it() -> None:
    async with office(with_queue(exits={"1": "voicemail"})) as desk:
        await desk.sign_in("1001")
        _, _, ear = await calls(desk)
        phone = desk.line.rung("1001")
        desk.line.rings(phone)
        await desk.wait(5)
        desk.sound.keys(ear.leg, "1")
        await desk.settle()
        assert phone.over()
        assert desk.state("1001") == "ready", "no miss of the agent's"


# ---- the figures -----------------------------------------------------------------------------------------


@in_virtual_time
async def test_how_long_conversations_take_is_learnt_with_their_wrap_up() -> None:
    async with office(with_queue(wrap_up=30)) as desk:
        await desk.sign_in("1001")
        for n in range(5):
            await calls(desk, caller=f"1380013800{n}")
            phone = desk.line.rung("1001")
            desk.line.picks_up(phone)
            await desk.wait(60)
            desk.line.hangs_up(phone)
            await desk.wait(30.1)
        assert desk.board.waiting.handling_time(SALES) == pytest.approx(90, abs=0.2)


@in_virtual_time
async def test_a_wait_that_was_told_is_compared_with_the_true_one() -> None:
    queue = with_queue(announce_wait="once", announce_first=10, ring=100)
    async with office(queue) as desk:
        await desk.sign_in("1001")
        handled(desk, 60)
        _, first, _ = await calls(desk, caller="13800138001")
        desk.line.rings(desk.line.rung("1001"))
        _, second, ear = await calls(desk)
        await desk.wait(11)
        assert ear.spoken() == ["预计还需等待大约两分钟"]
        desk.line.hangs_up(first)
        await desk.wait(29)
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.settle()
        known = desk.board.waiting.accuracy(SALES)
        assert known is not None
        assert known.told == 1
        assert known.mean == pytest.approx(90, abs=0.1), "told 120 s at second 10, answered at second 40"
        desk.line.hangs_up(second)


# ---- the place of who was cut off ------------------------------------------------------------------------


async def order(desk: Office) -> list[str]:
    await desk.settle()
    return [desk.board.journeys[call].call.caller for call, _, _ in desk.board.queueing.waiting(SALES)]


@in_virtual_time
async def test_who_was_cut_off_and_rings_again_has_the_old_place_and_is_told_so() -> None:
    async with office() as desk:
        earlier, dialog, _ = await calls(desk, caller="13800138001")
        await desk.wait(60)
        await calls(desk, caller="13800138002")
        desk.line.hangs_up(dialog)
        await desk.wait(200)
        assert await order(desk) == ["13800138002"]
        again, _, ear = await calls(desk, caller="+86 138 0013 8001")
        assert await order(desk) == ["+86 138 0013 8001", "13800138002"], "the same number, however it is written"
        assert ear.hears_now() == "电话刚才断开了，您原来的排队位置已为您保留。"
        (told,) = desk.told(events.PlaceGivenBack)
        assert (told.call, told.queue, told.earlier) == (again, "sales", earlier)
        assert (told.at - told.since).total_seconds() == pytest.approx(260)
        await desk.wait(5)
        assert ear.hears_now() == "♪"
        assert "call.place_back" in [kind for kind, _ in desk.memory.steps[again]], "the story tells it"


@in_virtual_time
async def test_the_place_is_kept_for_some_minutes_only_and_given_back_once() -> None:
    async with office(with_queue(place_back=5)) as desk:
        _, first, _ = await calls(desk, caller="13800138001")
        await desk.wait(10)
        await calls(desk, caller="13800138002")
        desk.line.hangs_up(first)
        await desk.wait(301)
        _, first, _ = await calls(desk, caller="13800138001")
        assert await order(desk) == ["13800138002", "13800138001"], "too late"
        desk.line.hangs_up(first)
        await desk.wait(10)
        await calls(desk, caller="13800138003")
        await desk.wait(1)
        await calls(desk, caller="13800138001")
        await calls(desk, caller="13800138001")
        assert await order(desk) == ["13800138002", "13800138001", "13800138003", "13800138001"], "one place, one call"


@pytest.mark.parametrize("caller", ["anonymous", "", "12"])
def test_who_cannot_be_known_again_has_no_place(caller: str) -> None:
    @in_virtual_time
    async def story() -> None:
        async with office() as desk:
            _, first, _ = await calls(desk, caller=caller)
            await desk.wait(10)
            await calls(desk, caller="13800138002")
            desk.line.hangs_up(first)
            await desk.settle()
            await calls(desk, caller=caller)
            assert await order(desk) == ["13800138002", caller]
            assert desk.told(events.PlaceGivenBack) == []

    story()


@in_virtual_time
async def test_a_queue_may_keep_no_places() -> None:
    async with office(with_queue(place_back=0)) as desk:
        _, first, _ = await calls(desk, caller="13800138001")
        await desk.wait(10)
        desk.line.hangs_up(first)
        await calls(desk, caller="13800138001")
        assert desk.told(events.PlaceGivenBack) == []


@in_virtual_time
async def test_who_left_by_a_key_or_spoke_with_an_agent_was_not_cut_off() -> None:
    async with office(with_queue(exits={"1": "voicemail"}, wrap_up=0)) as desk:
        _, first, ear = await calls(desk, caller="13800138001")
        await desk.wait(10)
        desk.sound.keys(ear.leg, "1")
        await desk.wait(2)
        desk.line.hangs_up(first)
        await desk.sign_in("1001")
        _, second, _ = await calls(desk, caller="13800138002")
        desk.line.picks_up(desk.line.rung("1001"))
        await desk.wait(10)
        desk.line.hangs_up(second)
        await desk.wait(1)
        await calls(desk, caller="13800138001")
        await calls(desk, caller="13800138002")
        assert desk.told(events.PlaceGivenBack) == []


@in_virtual_time
async def test_a_full_queue_takes_back_who_was_cut_off() -> None:
    async with office(with_queue(most_waiting=1)) as desk:
        _, first, _ = await calls(desk, caller="13800138001")
        await desk.wait(10)
        desk.line.hangs_up(first)
        await desk.settle()
        await calls(desk, caller="13800138002")
        await desk.wait(1)
        await calls(desk, caller="13800138001")
        assert await order(desk) == ["13800138001", "13800138002"]


@in_virtual_time
async def test_of_two_who_were_cut_off_behind_one_number_the_first_to_ring_again_has_the_better_place() -> None:
    async with office() as desk:
        _, first, _ = await calls(desk, caller="02155550000")
        await desk.wait(10)
        _, second, _ = await calls(desk, caller="02155550000")
        await desk.wait(10)
        for dialog in (second, first):
            desk.line.hangs_up(dialog)
        await desk.wait(10)
        for _ in range(3):
            await calls(desk, caller="02155550000")
        since = [(fact.at - fact.since).total_seconds() for fact in desk.told(events.PlaceGivenBack)]
        assert since == [pytest.approx(30), pytest.approx(20)]
