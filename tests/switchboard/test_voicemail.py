"""Boxes for messages: whose, how long, how short, silence, a full one, and what a crash left being spoken."""

from __future__ import annotations

import dataclasses

from callcenterd.model import events
from callcenterd.model.ids import AgentId, ExtensionNumber, QueueName
from callcenterd.model.site import Mailbox
from callcenterd.model.voicemail import Box
from tests.kit.office import NUMBER, Office, in_virtual_time, office, site
from tests.kit.wire import leg_sound

CALLER = "13800138000"


def flow(box: str) -> str:
    return f'flow: main\nstart: leave\nnodes:\n  leave: {{voicemail: "{box}"}}\n'


def kept(desk: Office) -> list[str]:
    """Whose boxes got a message, and how long each was."""
    return [
        f"{Box.of(fact.queue, fact.agent, fact.extension)} {fact.seconds:.0f} s"
        for fact in desk.told(events.VoicemailLeft)
    ]


def boxes(*settings: Mailbox) -> dict[str, tuple[Mailbox, ...]]:
    return {"mailboxes": settings}


def talks(desk: Office, seconds: float) -> None:
    """The caller has talked for so long until now."""
    (row,) = desk.sound.rows
    desk.sound.sounds[row] = dataclasses.replace(leg_sound(), voice_seconds=seconds)


@in_virtual_time
async def test_a_message_for_an_agent_is_in_that_ones_box() -> None:
    async with office(flows=(flow("agent:1001"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert kept(desk) == ["agent:1001 10 s"]
        assert desk.memory.boxes == [Box("agent", "1001")]
        assert desk.memory.spoken == {}, "it is not being spoken any more"


@in_virtual_time
async def test_a_message_may_be_left_for_the_extension_that_was_dialled() -> None:
    async with office(flows=(flow("extension:1900"),)) as desk:
        desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 3)
        (begun,) = desk.memory.spoken.values()
        assert (begun.box, begun.caller) == (Box("extension", "1900"), CALLER)
        (told,) = desk.told(events.VoicemailBegun)
        assert (told.queue, told.agent, told.extension) == (None, None, ExtensionNumber("1900"))


@in_virtual_time
async def test_the_box_says_how_long_and_how_short_a_message_may_be() -> None:
    settings = boxes(Mailbox(box="queue:sales", longest=20, shortest=5))
    async with office(site(**settings), flows=(flow("sales"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 30)
        assert caller.over()
        assert kept(desk) == ["queue:sales 20 s"]
    async with office(site(**settings), flows=(flow("sales"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 4)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert kept(desk) == []
        (dropped,) = desk.told(events.VoicemailDropped)
        assert round(dropped.seconds) == 4
        assert desk.memory.spoken == {}


@in_virtual_time
async def test_silence_ends_a_message_and_does_not_count_as_one() -> None:
    settings = boxes(Mailbox(box="queue:sales", silence=6))
    async with office(site(**settings), flows=(flow("sales"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4)
        for second in range(1, 9):
            talks(desk, float(second))
            await desk.wait(1)
        await desk.wait(3)
        assert kept(desk) == [], "a pause"
        talks(desk, 9.0)
        await desk.wait(5)
        assert kept(desk) == []
        await desk.wait(4)
        assert caller.over()
        assert kept(desk) == ["queue:sales 17 s"]
    async with office(site(**settings), flows=(flow("sales"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(60)
        assert caller.over()
        assert kept(desk) == [], "nobody said anything, twice"
        assert len(desk.told(events.VoicemailDropped)) == 2


@in_virtual_time
async def test_a_full_box_takes_no_more() -> None:
    async with office(site(**boxes(Mailbox(box="queue:sales", most=1))), flows=(flow("sales"),)) as desk:
        for n in range(2):
            caller = desk.line.calls_in(CALLER, NUMBER)
            await desk.wait(4 + 10)
            if n == 0:
                desk.line.hangs_up(caller)
            assert caller.over(), "the second one was told so, and let go"
            await desk.settle()
        assert kept(desk) == ["queue:sales 10 s"]


@in_virtual_time
async def test_where_messages_cannot_be_counted_one_too_many_is_better_than_none() -> None:
    async with office(site(**boxes(Mailbox(box="queue:sales", most=1))), flows=(flow("sales"),)) as desk:
        desk.memory.boxes.append(Box("queue", "sales"))
        desk.memory.fail.add("waiting_in")
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert kept(desk) == ["queue:sales 10 s"]


@in_virtual_time
async def test_a_message_for_a_box_of_nobody_is_kept_all_the_same() -> None:
    async with office(flows=(flow("agent:nobody"),)) as desk:
        caller = desk.line.calls_in(CALLER, NUMBER)
        await desk.wait(4 + 10)
        desk.line.hangs_up(caller)
        await desk.settle()
        assert kept(desk) == ["agent:nobody 10 s"]


def test_who_may_see_a_message() -> None:
    for text, box in (("sales", Box("queue", "sales")), ("extension:8001", Box("extension", "8001"))):
        assert Box.parse(text) == box
    parts = (Box("queue", "a"), Box("agent", "b"), Box("extension", "c"))
    assert [Box.of(box.queue, box.agent, box.extension) for box in parts] == list(parts)
    assert (parts[0].queue, parts[1].agent, parts[2].agent) == (QueueName("a"), AgentId("b"), None)
