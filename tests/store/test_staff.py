"""What people of the office write to each other, and calls for help, in both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callcenterd.errors import NotFound, NotNow
from callcenterd.model.help import HelpIsAnother
from callcenterd.model.ids import AgentId, CallId, TeamName
from callcenterd.model.staff import Audience, NewStaffMessage, StaffFilter, StaffKind
from callcenterd.store.database import Store
from callcenterd.store.faults import CannotStore
from tests.kit.virtual import START

MINUTE = timedelta(minutes=1)


async def write(
    store: Store, by: str, to: str | tuple[str, ...], text: str, kind: StaffKind = "message", **more: Any
) -> int:
    readers = tuple(AgentId(one) for one in ((to,) if isinstance(to, str) else to))
    one = to if isinstance(to, str) else ""
    new = NewStaffMessage(
        kind=kind, by=AgentId(by), to=one, text=text, readers=readers, since=more.pop("since", START), **more
    )
    number, _ = await store.staff.add(new, START)
    return number


async def texts(store: Store, login: str, **chosen: Any) -> list[str]:
    found, total = await store.staff.page(StaffFilter(**chosen), login, START)
    assert chosen or total == len(found)
    return [one.text for one in found]


async def test_a_message_is_read_by_two_and_by_nobody_else(store: Store) -> None:
    first = await write(store, "1001", "1002", "在吗")
    await write(store, "1001", "1002", "午饭？")
    await write(store, "1002", "1001", "好")
    await write(store, "1003", "1001", "另一个")
    assert await texts(store, "1002") == ["好", "午饭？", "在吗"]
    assert await texts(store, "boss") == []
    assert await texts(store, "1001", with_="1002") == ["好", "午饭？", "在吗"]
    with pytest.raises(NotFound):
        await store.staff.get(first, "boss", START)
    unread = await store.staff.unread("1002", START)
    assert (unread.messages, unread.notices, unread.announcements, unread.next_at) == (2, 0, 0, None)


async def test_who_reads_a_message_has_read_what_came_before_and_its_writer_sees_when(store: Store) -> None:
    first = await write(store, "1001", "1002", "一")
    second = await write(store, "1001", "1002", "二")
    third = await write(store, "1001", "1002", "三")
    message = await store.staff.get(second, "1002", START)
    assert await store.staff.read(message, "1002", START + MINUTE) == [first, second]
    assert await store.staff.read(message, "1002", START + 2 * MINUTE) == [], "once is enough"
    seen = {one.id: one.read_at for one in (await store.staff.page(StaffFilter(), "1001", START))[0]}
    assert seen == {first: START + MINUTE, second: START + MINUTE, third: None}
    (talk,) = await store.staff.conversations("1002")
    assert (talk.login, talk.last.text, talk.unread) == ("1001", "三", 1)
    (own,) = await store.staff.conversations("1001")
    assert (own.login, own.unread) == ("1002", 0)


async def test_a_message_that_is_sent_twice_is_kept_once(store: Store) -> None:
    first = await write(store, "1001", "1002", "一", key="a")
    assert await write(store, "1001", "1002", "一", key="a") == first
    assert await write(store, "1003", "1002", "一", key="a") != first
    assert await texts(store, "1002") == ["一", "一"]


async def test_an_announcement_is_for_all_while_it_is_up(store: Store) -> None:
    later, over = START + 10 * MINUTE, START + 20 * MINUTE
    number = await write(store, "chief", (), "停电", "announcement", since=later, until=over, confirm=True)
    assert await texts(store, "1001") == []
    assert await texts(store, "chief") == ["停电"]
    assert (await store.staff.unread("1001", START)).next_at == later
    up = await store.staff.unread("1001", later)
    assert (up.announcements, up.next_at) == (1, over)
    assert (await store.staff.unread("chief", later)).announcements == 0, "their own"
    message = await store.staff.get(number, "1001", later)
    await store.staff.read(message, "1001", later)
    assert (await store.staff.unread("1001", later)).announcements == 1, "it must be confirmed"
    await store.staff.read(message, "1001", later + MINUTE, confirmed=True)
    assert (await store.staff.unread("1001", later)).announcements == 0
    assert (await store.staff.unread("1002", over)).announcements == 0
    mine = await store.staff.get(number, "chief", later)
    assert (mine.of, mine.read, mine.confirmed) == (0, 1, 1)
    (reader,) = await store.staff.readers(number)
    assert (reader.login, reader.read_at, reader.confirmed_at) == ("1001", later, later + MINUTE)
    theirs = await store.staff.get(number, "1001", later)
    assert (theirs.of, theirs.read, theirs.confirmed) == (0, 0, 0), "who else has read it is its writer's to know"


async def test_a_notice_goes_to_whom_it_was_for_and_is_found_by_its_words(store: Store) -> None:
    audience = Audience(people=(AgentId("1003"),), teams=(TeamName("one"),))
    number = await write(
        store, "boss", ("1001", "1002", "1003"), "明早八点开会", "notice", subject="会议 ABC", audience=audience
    )
    assert await texts(store, "1001", text="开会 abc") == ["明早八点开会"]
    assert await texts(store, "1001", text="放假") == []
    assert await texts(store, "1004", text="开会") == []
    assert await texts(store, "1001", unread=True) == ["明早八点开会"]
    kept = await store.staff.get(number, "boss", START)
    assert (kept.audience, kept.of, kept.read) == (audience, 3, 0)
    with pytest.raises(NotFound):
        await store.staff.withdraw(number, "1001", START)
    assert await store.staff.withdraw(number, "boss", START)
    assert not await store.staff.withdraw(number, "boss", START)
    assert await texts(store, "1001") == []
    assert await texts(store, "boss", written=True) == ["明早八点开会"]
    assert (await store.staff.unread("1001", START)).notices == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE staff_messages SET text = 'x'",
        "DELETE FROM staff_messages",
        "UPDATE help_steps SET text = 'x'",
        "DELETE FROM help_steps",
    ],
)
async def test_what_was_written_stays(store: Store, statement: str) -> None:
    await write(store, "1001", "1002", "一")
    await store.help.ask(AgentId("1001"), None, "", START, by_phone=False)

    async def work(connection: Any) -> None:
        await connection.execute(sa.text(statement))

    with pytest.raises(CannotStore, match="never"):
        await store.staff._database.write(work)


async def test_an_agent_has_one_call_for_help_at_a_time(store: Store) -> None:
    one, new = await store.help.ask(AgentId("1001"), CallId("c1"), "退款", START, by_phone=False)
    assert new
    same, new = await store.help.ask(AgentId("1001"), None, "", START + MINUTE, by_phone=True)
    assert (same.id, same.call, same.text, same.asked_at, same.by_phone, new) == (
        *(one.id, "c1", "退款", START, False),
        False,
    )
    other, _ = await store.help.ask(AgentId("1002"), None, "", START, by_phone=True)
    assert {each.id for each in await store.help.up()} == {one.id, other.id}
    taken = {"state": "taken", "taken_by": "boss", "taken_at": START + MINUTE}
    with pytest.raises(HelpIsAnother) as fault:
        await store.help.change(one.id, one.version, taken, "taken", "boss", START + MINUTE)
    assert fault.value.now.version == same.version
    kept = await store.help.change(one.id, same.version, taken, "taken", "boss", START + MINUTE)
    assert (kept.state, kept.taken_by) == ("taken", "boss")
    over = {"state": "resolved", "ended_by": "boss", "ended_at": START + 2 * MINUTE}
    await store.help.change(one.id, None, over, "resolved", "boss", START + 2 * MINUTE, text="好了")
    with pytest.raises(NotNow):
        await store.help.change(one.id, None, taken, "taken", "boss", START)
    with pytest.raises(NotFound):
        await store.help.change(99, None, taken, "taken", "boss", START)
    assert [(step.kind, step.by, step.text) for step in await store.help.steps(one.id)] == [
        ("asked", "1001", "退款"),
        ("again", "1001", ""),
        ("taken", "boss", ""),
        ("resolved", "boss", "好了"),
    ]
    anew, new = await store.help.ask(AgentId("1001"), None, "", START + 3 * MINUTE, by_phone=False)
    assert new
    assert anew.id != one.id
    found, total = await store.help.page({"1001"}, up=False)
    assert ([each.id for each in found], total) == ([anew.id, one.id], 2)
    assert (await store.help.page(None, up=True))[1] == 2
