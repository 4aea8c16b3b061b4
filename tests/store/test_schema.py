"""The tables as the code has them, and as the migrations make them, are the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.asyncio import create_async_engine

from callcenterd.errors import LocalError
from callcenterd.model.ids import TrunkName
from callcenterd.model.site import Limits, Site, Trunk
from callcenterd.store.database import MIGRATIONS, Store
from callcenterd.store.engine import address_of
from callcenterd.store.schema import Utc, metadata, storable
from callcenterd.store.search import INDEXES
from tests.kit.virtual import VirtualClock

SQLITE: Dialect = sqlite.dialect()
POSTGRESQL: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))]))


async def on(address: str | Path, look: Callable[[sa.Connection], Any]) -> Any:
    engine = create_async_engine(address_of(address))
    async with engine.begin() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


async def test_migrations_make_the_tables_that_the_code_uses(nowhere: str | Path, clock: VirtualClock) -> None:
    await (await Store.open(nowhere, clock=clock)).close()

    def differences(connection: sa.Connection) -> list[Any]:
        opts = {"compare_type": True, "include_name": lambda name, *_: not (name and "_search" in name)}
        return list(compare_metadata(MigrationContext.configure(connection, opts=opts), metadata))

    def columns(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
        seen = sa.inspect(connection)
        return {
            table: [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in seen.get_columns(table)
            ]
            for table in metadata.tables
        }

    def made_by_the_code(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
        metadata.drop_all(connection)
        metadata.create_all(connection)
        return columns(connection)

    assert await on(nowhere, differences) == []
    migrated = await on(nowhere, columns)
    assert migrated == await on(nowhere, made_by_the_code)


async def test_what_keeps_the_searches_is_still_there(nowhere: str | Path, clock: VirtualClock) -> None:
    """SQLite drops a table's triggers with the table, and that is how later steps change columns."""
    await (await Store.open(nowhere, clock=clock)).close()

    def kept(connection: sa.Connection) -> set[str]:
        if connection.dialect.name == "postgresql":
            asked = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION SELECT indexname FROM pg_indexes"
        else:
            asked = "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'table')"
        return set(connection.exec_driver_sql(asked).scalars())

    there = await on(nowhere, kept)
    wanted = {name for one in ("call_lines", "call_notes") for name in (f"{one}_come", f"{one}_changed")}
    wanted |= {one.name for one in INDEXES}
    if "://" not in str(nowhere):
        wanted |= {f"{one.name}_{what}" for one in INDEXES for what in ("come", "gone", "changed", "terms")}
    assert wanted - there == set()


async def test_all_steps_can_be_gone_back(nowhere: str | Path, clock: VirtualClock) -> None:
    await (await Store.open(nowhere, clock=clock)).close()

    def back(connection: sa.Connection) -> list[str]:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        return [name for name in sa.inspect(connection).get_table_names() if name != "alembic_version"]

    assert await on(nowhere, back) == []
    await (await Store.open(nowhere, clock=clock)).close()


async def test_the_trunks_of_an_older_release_go_on_as_they_were(nowhere: str | Path, clock: VirtualClock) -> None:
    """Rows that were there before the columns of 0002 get what a trunk has that says nothing."""
    trunk = Trunk(name=TrunkName("telecom"), host="203.0.113.5", username="1", register=True, allow=("10.0.0.0/8",))
    store = await Store.open(nowhere, clock=clock)
    await store.site.save(Site(trunks=(trunk,), limits=(Limits(who="each"),)))
    await store.close()

    def back(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")

    await on(nowhere, back)
    store = await Store.open(nowhere, clock=clock)
    try:
        assert (await store.site.load()) == Site(trunks=(trunk,), revision=1)
    finally:
        await store.close()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(LocalError, match="without a zone"):
        Utc().process_bind_param(datetime(2026, 8, 3), SQLITE)  # noqa: DTZ001


@given(MOMENTS)
def test_a_moment_comes_back_as_the_same_moment(moment: datetime) -> None:
    for dialect in (SQLITE, POSTGRESQL):
        kept = Utc().process_bind_param(moment, dialect)
        back = Utc().process_result_value(kept, dialect)
        assert back == moment
        assert back is not None
        assert back.tzinfo is UTC


@given(MOMENTS, MOMENTS)
def test_texts_of_moments_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    first, second = (Utc().process_bind_param(moment, SQLITE) for moment in (one, other))
    assert (first < second) == (one < other)


@given(st.text(st.characters()))
def test_every_text_can_be_kept_and_a_good_one_as_it_is(text: str) -> None:
    kept = storable(text)
    kept.encode()
    assert "\0" not in kept
    good = "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
    assert not good or kept == text
