"""An office that ran the first release, and is started with this one: nothing of it is lost, and all of it is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine

from callcenterd.model.calls import CallFilter, CallSight
from callcenterd.model.customers import CustomerCard
from callcenterd.model.ids import AgentId, CallId, ExtensionNumber, FlowName, QueueName, RecordingId, TrunkName
from callcenterd.model.site import Extension, NumberRoute, QueueSettings, Secret, Site, Trunk, UserAccount
from callcenterd.store.database import MIGRATIONS, Store
from callcenterd.store.engine import address_of
from tests.kit.virtual import START, VirtualClock
from tests.store.rows import begin, call, recording

FIRST_RELEASE = "0004"
SALES, REPAIRS = QueueName("sales"), QueueName("repairs")
ONE, TWO = AgentId("1001"), AgentId("1002")

SITE = Site(
    trunks=(Trunk(name=TrunkName("telecom"), host="203.0.113.5", allow=("203.0.113.0/24",)),),
    numbers=(NumberRoute(match="02088886666", flow=FlowName("main")),),
    users=(
        UserAccount(
            login="1001", name="张三", role="agent", password_hash=Secret("hash"), extension=ExtensionNumber("801")
        ),
        UserAccount(login="2001", name="王班长", role="supervisor", password_hash=Secret("other")),
    ),
    extensions=(Extension(number=ExtensionNumber("801"), password=Secret("phone-Secret-1")),),
    queues=(QueueSettings(name=SALES, title="销售", members=(ONE,)), QueueSettings(name=REPAIRS, title="维修")),
)


async def go_back(address: str | Path) -> None:
    """The tables as the first release had them, with what fits into them."""

    def back(connection: sa.Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, FIRST_RELEASE)

    engine = create_async_engine(address_of(address))
    async with engine.begin() as connection:
        await connection.run_sync(back)
    await engine.dispose()


async def seen(store: Store, sight: CallSight) -> list[str]:
    found, _ = await store.calls.search(CallFilter(sight=sight))
    return [record.id for record in found]


async def test_an_office_of_the_first_release_goes_on(nowhere: str | Path, clock: VirtualClock) -> None:
    store = await Store.open(nowhere, clock=clock)
    await store.site.save(SITE)
    card = await store.customers.create(CustomerCard(name="王小明", phones=("13800138000",), card="6688"), "1001")
    handed_on = call(
        "a", queue=REPAIRS, agent=TWO, outcome="answered", answered_at=START, customer_id=card.id, note="修"
    )
    lost = call("b", queue=SALES, outcome="abandoned", ended_at=START + timedelta(minutes=2), wait_seconds=20.0)
    await begin(store, handed_on, lost)
    for n, (kind, details) in enumerate(
        (
            ("call.queued", {"queue": "sales"}),
            ("call.offered", {"queue": "sales", "agent": "1001"}),
            ("call.answered", {"queue": "sales", "agent": "1001"}),
            ("call.queued", {"queue": "repairs"}),
            ("call.answered", {"queue": "repairs", "agent": "1002"}),
        )
    ):
        await store.calls.append(CallId("a"), START + timedelta(seconds=n), kind, details)
    await store.recordings.begin(recording("a-1", "a"))
    await store.recordings.finish(
        RecordingId("a-1"), finished_at=START, seconds=60.0, octets=960_000, sha256="0" * 64, complete=True
    )
    token = await store.sessions.create("1001", clock.utc())
    before = (await store.site.load(), await store.calls.get(CallId("a")), await store.calls.story(CallId("a")))
    await store.close()

    await go_back(nowhere)
    store = await Store.open(nowhere, clock=clock)
    try:
        assert (
            await store.site.load(),
            await store.calls.get(CallId("a")),
            await store.calls.story(CallId("a")),
        ) == before
        assert await store.sessions.find(token, clock.utc()) == "1001"
        assert [found.id for found in await store.customers.by_phone("13800138000")] == [card.id]
        kept = await store.recordings.get(RecordingId("a-1"))
        assert (kept.path, kept.octets, kept.complete) == ("2026/08/03/a-1.wav", 960_000, True)
        # Whom the call passed on its way is found in the story, since the first release kept it nowhere else.
        assert await seen(store, CallSight(agents=(ONE,))) == ["a"]
        assert await seen(store, CallSight(agents=(TWO,))) == ["a"]
        assert sorted(await seen(store, CallSight(agents=(), queues=(SALES,)))) == ["a", "b"]
        assert await seen(store, CallSight(agents=(), queues=(REPAIRS,))) == ["a"]
    finally:
        await store.close()
