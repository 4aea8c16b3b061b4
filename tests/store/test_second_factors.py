"""Second factors on both databases: one in force, one being proven, codes that are good once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from callcenterd.errors import NotFound
from callcenterd.model.site import Secret, Site, UserAccount
from callcenterd.store.database import Store
from tests.kit.virtual import START

KEY, OTHER = Secret("GEZDGNBVGY3TQOJQ"), Secret("MFRGGZDFMZTWQ2LK")
USERS = tuple(UserAccount(login=login, name="", role="agent") for login in ("1001", "1002"))


@pytest.fixture(autouse=True)
async def _people(store: Store) -> None:
    await store.site.save(Site(users=USERS))


async def in_force(store: Store, login: str, step: int = 10) -> None:
    await store.second_factors.begin(login, KEY)
    assert await store.second_factors.prove(login, KEY, step, [f"{login} a", f"{login} b"], START)


async def test_a_key_is_in_force_when_it_is_proven_and_not_before(store: Store) -> None:
    assert (await store.second_factors.of("1001")).since is None
    await store.second_factors.begin("1001", OTHER)
    await store.second_factors.begin("1001", KEY)
    assert not await store.second_factors.prove("1001", OTHER, 10, [], START), "it was shown, and another one after it"
    assert await store.second_factors.logins() == frozenset()
    assert await store.second_factors.prove("1001", KEY, 10, ["a", "b"], START)
    kept = await store.second_factors.of("1001")
    assert (kept.key, kept.next_key, kept.since, kept.recovery) == (KEY, Secret(""), START, 2)
    assert await store.second_factors.logins() == {"1001"}
    assert not await store.second_factors.prove("1001", KEY, 11, ["c"], START), "once"
    with pytest.raises(NotFound, match="user nobody"):
        await store.second_factors.begin("nobody", KEY)


async def test_another_key_takes_the_place_of_the_first_with_its_codes(store: Store) -> None:
    await in_force(store, "1001")
    await store.second_factors.begin("1001", OTHER)
    assert (await store.second_factors.of("1001")).key == KEY
    assert await store.second_factors.prove("1001", OTHER, 20, ["c"], START + timedelta(days=1))
    assert not await store.second_factors.use_recovery("1001", "1001 a")
    assert await store.second_factors.use_recovery("1001", "c")


async def test_of_many_who_say_one_code_at_once_one_gets_in(store: Store) -> None:
    await in_force(store, "1001")
    await in_force(store, "1002")
    said = await asyncio.gather(*(store.second_factors.use("1001", 11) for _ in range(20)))
    assert said.count(True) == 1
    assert not await store.second_factors.use("1001", 10), "an earlier one"
    assert await store.second_factors.use("1001", 12)
    said = await asyncio.gather(*(store.second_factors.use_recovery("1001", "1001 a") for _ in range(20)))
    assert said.count(True) == 1
    assert not await store.second_factors.use_recovery("1001", "1002 a")
    assert (await store.second_factors.of("1002")).recovery == 2


async def test_what_is_taken_away_is_gone_with_its_codes_and_with_its_user(store: Store) -> None:
    await in_force(store, "1001")
    await in_force(store, "1002")
    assert await store.second_factors.remove("1001")
    assert not await store.second_factors.remove("1001")
    assert not await store.second_factors.use("1001", 99)
    assert not await store.second_factors.use_recovery("1001", "1001 a")
    await store.site.save(Site(users=USERS))
    assert await store.second_factors.logins() == {"1002"}, "users who stay keep theirs"
    await store.site.save(Site(users=USERS[:1]))
    assert await store.second_factors.logins() == frozenset()
    await store.site.save(Site(users=USERS))
    assert (await store.second_factors.of("1002")).recovery == 0


async def test_roles_of_which_one_is_asked_are_said_as_a_whole(store: Store) -> None:
    await store.second_factors.set_roles({"admin", "manager"})
    assert await store.second_factors.roles() == {"admin", "manager"}
    await store.second_factors.set_roles({"agent"})
    assert await store.second_factors.roles() == {"agent"}
    await store.second_factors.set_roles(())
    assert await store.second_factors.roles() == frozenset()
