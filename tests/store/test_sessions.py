"""Sign-ins: a token opens until it is idle, old or revoked, and the database does not give it away."""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.site import Site, UserAccount
from callcenterd.store.database import Store
from callcenterd.store.sessions import IDLE, LIFE, TOUCH
from tests.kit.virtual import START, VirtualClock

MOMENT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
async def _people(store: Store) -> None:
    users = tuple(UserAccount(login=login, name=login, role="agent") for login in ("1001", "1002"))
    await store.site.save(Site(users=users))


async def test_a_token_says_whose_it_is(store: Store) -> None:
    first, second = await store.sessions.create("1001", START), await store.sessions.create("1002", START)
    assert await store.sessions.find(first, START) == "1001"
    assert await store.sessions.find(second, START) == "1002"
    assert len(first) >= 43  # 256 bits, six a character
    assert first != second


@pytest.mark.parametrize("token", ["", "x", "' OR 1=1 --", "\0", "\ud800", "x" * 100_000])
async def test_what_is_no_token_is_nobodys(store: Store, token: str) -> None:
    await store.sessions.create("1001", START)
    assert await store.sessions.find(token, START) is None
    await store.sessions.revoke(token)


async def test_nobody_unknown_is_signed_in(store: Store) -> None:
    with pytest.raises(NotFound, match="user nobody"):
        await store.sessions.create("nobody", START)


async def test_a_session_ends_when_it_was_idle_too_long(store: Store) -> None:
    token = await store.sessions.create("1001", START)
    assert await store.sessions.find(token, START + IDLE - MOMENT) == "1001"
    assert await store.sessions.find(token, START + 2 * IDLE - 2 * MOMENT) == "1001"
    assert await store.sessions.find(token, START + 3 * IDLE) is None


async def test_a_use_just_after_another_need_not_be_kept(store: Store) -> None:
    token = await store.sessions.create("1001", START)
    await store.sessions.find(token, START + TOUCH - MOMENT)
    assert await store.sessions.find(token, START + IDLE) is None
    token = await store.sessions.create("1001", START)
    await store.sessions.find(token, START + TOUCH)
    assert await store.sessions.find(token, START + IDLE) == "1001"


async def test_a_session_ends_with_its_life_however_much_it_is_used(store: Store) -> None:
    token = await store.sessions.create("1001", START)
    now = START
    while (now := now + IDLE / 2) < START + LIFE:
        assert await store.sessions.find(token, now) == "1001"
    assert await store.sessions.find(token, START + LIFE) is None


async def test_a_short_life_is_a_short_one(store: Store) -> None:
    token = await store.sessions.create("1001", START, timedelta(minutes=5), kind="api", agent="curl")
    assert await store.sessions.find(token, START + timedelta(minutes=5)) is None


async def test_who_signs_out_is_out_and_nobody_else(store: Store) -> None:
    gone, stays = await store.sessions.create("1001", START), await store.sessions.create("1001", START)
    await store.sessions.revoke(gone)
    assert await store.sessions.find(gone, START) is None
    assert await store.sessions.find(stays, START) == "1001"


async def test_all_sessions_of_a_person_end_together_but_for_one(store: Store) -> None:
    mine = [await store.sessions.create("1001", START) for _ in range(3)]
    other = await store.sessions.create("1002", START)
    await store.sessions.revoke_all("1001", but=mine[1])
    assert [await store.sessions.find(token, START) for token in (*mine, other)] == [None, "1001", None, "1002"]
    await store.sessions.revoke_all("1001")
    assert await store.sessions.find(mine[1], START) is None


async def test_the_file_holds_no_token_and_forgets_sessions_that_are_over(tmp_path: Path, clock: VirtualClock) -> None:
    path = tmp_path / "own.db"
    store = await Store.open(path, clock=clock)
    await store.site.save(Site(users=(UserAccount(login="1001", name="", role="agent"),)))
    tokens = [await store.sessions.create("1001", START + n * IDLE) for n in range(3)]
    await store.close()
    assert all(token.encode() not in path.read_bytes() for token in tokens)
    with contextlib.closing(sqlite3.connect(path)) as seen:
        assert seen.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
