"""Addresses that are banned, and outside calls that were refused, as people see them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenterd.model import events
from callcenterd.model.ids import CallId, ExtensionNumber
from tests.web.house import STAMP, House

SCANNER = "203.0.113.66"


def ban(office: House, source: str = SCANNER) -> None:
    office.office.bans.begun(office.guard.guesses(source, office.office.clock.monotonic()))


async def test_a_ban_is_listed_and_lifted_and_both_are_told(office: House) -> None:
    told: list[events.Fact] = []
    office.office.bus.listen(events.Fact, told.append)
    ban(office)
    ban(office, "2001:db8::66")
    boss = await office.as_("boss")
    listed = await (await office.client.get("/api/v1/bans", headers=boss)).json()
    assert [(one["address"], one["times"], one["why"]) for one in listed["items"]] == [
        ("2001:db8::66", 1, "passwords"),
        (SCANNER, 1, "passwords"),
    ]
    assert await office.board.history.settled()
    utc = office.office.clock.utc()
    assert [one.address for one in await office.office.store.bans.remembered(utc)] == [SCANNER, "2001:db8::66"]
    for address in (SCANNER, "2001:0DB8:0::66"):  # however it is written
        assert (await office.client.delete(f"/api/v1/bans/{address}", headers=boss)).status == 204
    assert (await (await office.client.get("/api/v1/bans", headers=boss)).json())["total"] == 0
    assert await office.office.store.bans.remembered(utc) == []
    facts = [(type(fact), fact.address) for fact in told if isinstance(fact, (events.SourceBanned, events.BanLifted))]
    assert facts == [
        (events.SourceBanned, SCANNER),
        (events.SourceBanned, "2001:db8::66"),
        (events.BanLifted, SCANNER),
        (events.BanLifted, "2001:db8::66"),
    ]
    trail, _ = await office.office.store.audit.search(what="ban.lifted")
    assert {(entry.who, entry.target) for entry in trail} == {
        ("boss", f"address/{SCANNER}"),
        ("boss", "address/2001:db8::66"),
    }


@pytest.mark.parametrize("address", ["203.0.113.7", "nobody", "%2e%2e", "1001"])
async def test_what_is_not_banned_cannot_be_lifted(office: House, address: str) -> None:
    boss = await office.as_("boss")
    assert (await office.client.delete(f"/api/v1/bans/{address}", headers=boss)).status == 404


async def test_a_ban_outlives_a_restart(office: House) -> None:
    ban(office)
    assert await office.board.history.settled()
    [before] = office.office.bans.now()
    office.guard.lift_ban(SCANNER)  # as if the process had been started anew
    assert office.office.bans.now() == []
    await office.office.bans.restore()
    [after] = office.office.bans.now()
    assert (after.address, after.times, after.why) == (before.address, before.times, before.why)
    assert abs(after.until - before.until) < timedelta(seconds=0.1)


async def test_agents_see_neither_bans_nor_alarms(office: House) -> None:
    agent = await office.as_("1001")
    for path in ("/api/v1/bans", "/api/v1/alarms"):
        assert (await office.client.get(path, headers=agent)).status == 403
    assert (await office.client.delete(f"/api/v1/bans/{SCANNER}", headers=agent)).status == 403


async def test_the_newest_alarms_are_listed_first(office: House) -> None:
    for n in range(60):
        office.office.bus.publish(
            events.FraudAlarm(
                at=STAMP + timedelta(seconds=n),
                call=CallId(f"c{n}"),
                extension=ExtensionNumber("1001"),
                number="0044123456",
                who="1001",
                rule="international",
            )
        )
    boss = await office.as_("boss")
    listed = await (await office.client.get("/api/v1/alarms", headers=boss)).json()
    assert listed["total"] == 50
    assert listed["items"][0] == {
        "at": "2026-08-03T01:00:59Z",
        "call": "c59",
        "extension": "1001",
        "number": "0044123456",
        "who": "1001",
        "rule": "international",
    }
