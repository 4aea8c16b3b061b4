"""That a request was done is kept with what it has written, or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from callcenterd.model.customers import CustomerCard
from callcenterd.store.database import Store
from callcenterd.store.once import MOST_ANSWER, MOST_OF_ONE, Done, Request
from callcenterd.store.tables.once import once_keys
from tests.kit.virtual import START

ONE = Request("1001", "POST /api/v1/customers", "abcdefgh", "print")


async def _keys(store: Store) -> list[str]:
    return [row.key for row in await store._database.rows(sa.select(once_keys.c.key).order_by(once_keys.c.id))]


async def _create(store: Store, name: str) -> None:
    await store.customers.create(CustomerCard(name=name), "1001")


async def test_it_is_kept_with_the_first_durable_thing_and_its_answer_follows(store: Store) -> None:
    beside = store.once.beside(ONE, START)
    with beside.within():
        assert await store.once.find(ONE, START) is None
        await store.office.timezone()
        assert beside.wanted, "to read is not to do"
        await _create(store, "张三")
        await _create(store, "李四")
    assert beside.kept
    assert await _keys(store) == [ONE.key]
    assert await store.once.find(ONE, START) == Done("print", None, None), (
        "a server that is killed here knows that much"
    )
    await store.once.answered(ONE, 201, '{"id":1}')
    assert await store.once.find(ONE, START) == Done("print", 201, '{"id":1}')
    await _create(store, "王五")
    assert await _keys(store) == [ONE.key], "what comes later is not of it"


async def test_what_is_refused_in_its_transaction_leaves_no_key(store: Store) -> None:
    async def refused(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT 1"))
        raise LookupError

    beside = store.once.beside(ONE, START)
    with beside.within(), pytest.raises(LookupError):
        await store._database.write(refused)
    assert not beside.kept
    assert await _keys(store) == []


async def test_another_login_route_or_key_is_another_request(store: Store) -> None:
    with store.once.beside(ONE, START).within():
        await _create(store, "张三")
    for other in (replace(ONE, login="1002"), replace(ONE, route="POST /api/v1/duties"), replace(ONE, key="ijklmnop")):
        assert await store.once.find(other, START) is None
        with store.once.beside(other, START).within():
            await _create(store, "张三")
    assert len(await _keys(store)) == 4


async def test_after_a_day_it_is_forgotten_and_can_be_used_again(store: Store) -> None:
    for at in (START, START + timedelta(days=1)):
        assert await store.once.find(ONE, at) is None
        with store.once.beside(ONE, at).within():
            await _create(store, "张三")
        assert await store.once.find(ONE, at + timedelta(hours=23, minutes=59)) is not None
    assert await _keys(store) == [ONE.key]


async def test_one_login_has_a_thousand_and_the_oldest_go(store: Store) -> None:
    row = {"route": ONE.route, "fingerprint": "", "at": START}

    async def many(connection: AsyncConnection) -> None:
        rows = [row | {"login": "1001", "key": f"key-{n:05}"} for n in range(MOST_OF_ONE)]
        await connection.execute(once_keys.insert(), [*rows, row | {"login": "1002", "key": "theirs-1"}])

    await store._database.write(many)
    with store.once.beside(ONE, START).within():
        await _create(store, "张三")
    keys = await _keys(store)
    assert len(keys) == MOST_OF_ONE + 1
    assert keys[0] == "key-00001"
    assert keys[-2:] == ["theirs-1", ONE.key]


async def test_an_answer_that_is_too_long_is_not_kept_and_an_erased_customer_is_in_none(store: Store) -> None:
    other = replace(ONE, key="ijklmnop")
    for each in (ONE, other):
        with store.once.beside(each, START).within():
            await _create(store, "张三")
    await store.once.answered(ONE, 201, "很" * (MOST_ANSWER // 3 + 1))
    assert await store.once.find(ONE, START) == Done("print", None, None)
    await store.once.answered(other, 201, '{"name":"张三"}')
    customer = await store.customers.create(CustomerCard(name="张三"), "1001")
    await store.bin.remove(customer.id, customer.version, "boss", "")
    await store.bin.erase(customer.id, "root")
    assert await store.once.find(other, START) == Done("print", None, None)
