"""The site: all of it in and out, only what differs written, one revision for one change."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callcenterd.errors import LocalError, NotFound, NotNow
from callcenterd.model.calendar import Calendar, Holiday, MakeUpDay
from callcenterd.model.ids import AgentId, ExtensionNumber, FlowName, QueueName, TeamName, TrunkName
from callcenterd.model.site import (
    Extension,
    Limits,
    NumberRoute,
    OutboundRoute,
    QueueSettings,
    Secret,
    Site,
    Team,
    Trunk,
    UserAccount,
)
from callcenterd.model.site_edits import ORDER, Editor, Settled
from callcenterd.store.database import Store
from tests.kit.virtual import START

ZHANG = UserAccount(login="1001", name="张三", role="agent", password_hash=Secret("$argon2id$x"))
OFFICE = Site(
    trunks=(
        Trunk(
            name=TrunkName("telecom"), host="203.0.113.5", username="62960000", password=Secret("秘密"), register=True
        ),
        Trunk(name=TrunkName("gateway"), host="127.0.0.2", port=6000, allow=("127.0.0.2", "10.0.0.0/8")),
        Trunk(
            name=TrunkName("carrier"),
            host="sbc.example",
            in_strip=3,
            in_prepend="0",
            out_form="e164",
            out_strip=1,
            out_prepend="00",
            caller="02088886666",
            caller_id="pai",
            channels=30,
            codecs=("PCMU", "PCMA"),
            encryption="required",
            options=60,
            transport="tcp",
        ),
    ),
    numbers=(NumberRoute(match="9.", flow=FlowName("main")), NumberRoute(match="02088886666", flow=FlowName("main"))),
    outbound=(OutboundRoute(match="0.", trunks=(TrunkName("telecom"), TrunkName("gateway")), strip=1, prepend="9"),),
    users=(ZHANG, UserAccount(login="admin", name="", role="admin", language="en")),
    extensions=(
        Extension(number=ExtensionNumber("1001"), password=Secret("geheim")),
        Extension(number=ExtensionNumber("1900"), contact="sip:door@127.0.0.3:6100"),
    ),
    queues=(
        QueueSettings(name=QueueName("sales"), title="销售", members=(AgentId("1001"),), wrap_up=2.5, record=False),
    ),
    calendars=(
        Calendar(
            name="office",
            title="上班",
            zone="Asia/Tokyo",
            hours={"monday": ("09:00-12:00", "22:00-06:00"), "sunday": ()},
            holidays=(Holiday(first="2026-10-01", last="2026-10-07", name="国庆节", hours=("09:00-10:00",)),),
            make_up=(MakeUpDay(date="2026-10-10", like="friday", name="调休"),),
        ),
        Calendar(name="never"),
    ),
    teams=(
        Team(name=TeamName("day"), title="日班", members=(AgentId("1001"),), leaders=(AgentId("admin"),)),
        Team(name=TeamName("empty")),
    ),
    limits=(
        Limits(who="each", calls=2, per_minute=5, per_hour=60, forbid=("0900.",), permit=("00852.",), longest=7200.0),
        Limits(who="1001", international=True, premium=True, night="22:00-07:00"),
    ),
)


async def test_an_office_that_is_new_is_empty(store: Store) -> None:
    assert await store.site.load() == Site()


async def test_what_is_saved_is_loaded_in_the_same_order(store: Store) -> None:
    assert await store.site.save(OFFICE) == 1
    assert await store.site.load() == replace(OFFICE, revision=1)


async def test_secrets_do_not_print_when_they_come_back(store: Store) -> None:
    await store.site.save(OFFICE)
    loaded = await store.site.load()
    assert loaded.trunks[0].password.reveal() == "秘密"
    assert "秘密" not in repr(loaded)
    assert "geheim" not in repr(loaded)
    assert "argon2" not in repr(loaded)


async def test_saving_the_same_again_changes_nothing(store: Store) -> None:
    await store.site.save(OFFICE)
    assert await store.site.save(OFFICE) == 1
    assert await store.site.save(replace(OFFICE, revision=99)) == 1


async def test_what_is_not_named_any_more_is_gone(store: Store) -> None:
    await store.site.save(OFFICE)
    smaller = replace(OFFICE, trunks=OFFICE.trunks[1:], queues=())
    assert await store.site.save(smaller) == 2
    assert await store.site.load() == replace(smaller, revision=2)


async def test_another_order_is_another_site(store: Store) -> None:
    await store.site.save(OFFICE)
    turned = replace(OFFICE, trunks=OFFICE.trunks[::-1])
    assert await store.site.save(turned) == 2
    assert (await store.site.load()).trunks == turned.trunks


async def test_of_what_a_page_changes_it_is_kept_what_was_before_and_by_whom(store: Store) -> None:
    await store.site.save(OFFICE)
    assert await store.site.edits() == ()  # no page did that
    boss = Editor("boss", START)
    renamed = replace(OFFICE.trunks[0], host="203.0.113.99", password=Secret("新"))
    site = replace(OFFICE, trunks=(OFFICE.trunks[1], renamed), queues=())
    assert await store.site.save(site, editor=boss) == 2
    edits = {(edit.section, edit.key): edit for edit in await store.site.edits()}
    trunk, queue = OFFICE.trunks[0], OFFICE.queues[0]
    assert edits["trunks", trunk.name].was == trunk
    assert edits["queues", queue.name].was == queue
    assert edits["trunks", ORDER].was == tuple(one.name for one in OFFICE.trunks)
    assert {(edit.revision, edit.editor) for edit in edits.values()} == {(2, boss)}
    assert "秘密" not in repr(edits)


async def test_what_a_file_took_note_of_is_written_with_it_or_not_at_all(store: Store) -> None:
    await store.site.save(OFFICE)
    smaller = replace(OFFICE, queues=())
    await store.site.save(smaller, editor=Editor("boss", START))
    (*_, edit) = edits = await store.site.edits()
    settled = Settled(renewed=(replace(edit, was=None),), gone=tuple(one.id for one in edits[:-1]))
    with pytest.raises(NotNow):
        await store.site.save(smaller, expected=1, settled=settled)
    assert await store.site.edits() == edits
    assert await store.site.save(smaller, expected=2, settled=settled) == 2
    assert await store.site.edits() == (replace(edit, was=None),)


async def test_who_began_from_an_older_revision_is_told_and_overwrites_nothing(store: Store) -> None:
    await store.site.save(OFFICE)
    begun = await store.site.load()
    await store.site.save(replace(begun, queues=()), expected=begun.revision)
    with pytest.raises(NotNow, match="changed meanwhile"):
        await store.site.save(replace(begun, trunks=()), expected=begun.revision)
    assert (await store.site.load()).trunks == OFFICE.trunks


async def test_of_many_who_save_at_once_exactly_one_wins(store: Store) -> None:
    begun = await store.site.load()
    saves = [
        store.site.save(replace(OFFICE, queues=(QueueSettings(name=QueueName(f"q{n}")),)), expected=begun.revision)
        for n in range(8)
    ]
    outcomes = await asyncio.gather(*saves, return_exceptions=True)
    assert outcomes.count(1) == 1
    assert sum(isinstance(outcome, NotNow) for outcome in outcomes) == 7


async def test_two_things_of_one_name_are_refused(store: Store) -> None:
    with pytest.raises(LocalError, match="users: 1001 is there twice"):
        await store.site.save(replace(OFFICE, users=(ZHANG, ZHANG)))
    assert await store.site.load() == Site()


async def test_one_user_is_looked_up_and_given_a_new_password(store: Store) -> None:
    await store.site.save(OFFICE)
    assert await store.site.user("1001") == ZHANG
    assert await store.site.user("nobody") is None
    assert await store.site.set_password_hash("1001", Secret("$argon2id$y"), START) == 2
    changed = await store.site.load()
    assert changed.users[0].password_hash.reveal() == "$argon2id$y"
    assert changed.revision == 2
    with pytest.raises(NotFound, match="user nobody"):
        await store.site.set_password_hash("nobody", Secret("x"), START)


async def test_a_user_who_stays_stays_signed_in_and_one_who_goes_does_not(store: Store) -> None:
    await store.site.save(OFFICE)
    stays, goes = await store.sessions.create("1001", START), await store.sessions.create("admin", START)
    await store.site.save(replace(OFFICE, users=(replace(ZHANG, name="张三丰"),)))
    assert await store.sessions.find(stays, START) == "1001"
    assert await store.sessions.find(goes, START) is None


NAMES = st.lists(st.text(st.sampled_from("abc张"), min_size=1, max_size=2), unique=True, max_size=4)
PARTS = st.builds(
    lambda trunks, queues, members: Site(
        trunks=tuple(Trunk(name=TrunkName(name), host="h") for name in trunks),
        queues=tuple(QueueSettings(name=QueueName(name), members=tuple(map(AgentId, members))) for name in queues),
    ),
    NAMES,
    NAMES,
    NAMES,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(sites=st.lists(PARTS, min_size=1, max_size=3))
async def test_whatever_came_before_the_last_site_saved_is_the_site(store: Store, sites: list[Site]) -> None:
    revision = (await store.site.load()).revision
    for site in sites:
        before, now = revision, await store.site.load()
        revision = await store.site.save(site)
        assert revision == before + (replace(now, revision=0) != site)
        assert await store.site.load() == replace(site, revision=revision)
