"""From a host to places to try (RFC 3263), with a resolver that is made up."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from callcenterd.errors import LocalError
from callcenterd.sip.flow import Flow
from callcenterd.sip.locate import (
    AGAIN_AFTER,
    AGAIN_AFTER_FAILURE,
    AGAIN_AT_THE_EARLIEST,
    AGAIN_AT_THE_LATEST,
    AVOIDED_FOR,
    MOST_MACHINES,
    Answer,
    Avoided,
    Found,
    Machine,
    Names,
    Naptr,
    Place,
    Routes,
    Srv,
    Wanted,
    in_order,
    literal,
    locate,
)
from callcenterd.sip.transport.dns import SystemResolver

SBC = Wanted("sbc.example")


@dataclass
class MadeUp:
    """What a resolver would answer, by name; asked: what it was asked, in order."""

    naptrs: Mapping[str, Sequence[Naptr]] = field(default_factory=dict)
    srvs: Mapping[str, Sequence[Srv]] = field(default_factory=dict)
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seconds: float = 60.0
    asked: list[str] = field(default_factory=list)

    async def naptr(self, name: str) -> Answer[Naptr]:
        self.asked.append(f"NAPTR {name}")
        return Answer(tuple(self.naptrs.get(name, ())), self.seconds)

    async def srv(self, name: str) -> Answer[Srv]:
        self.asked.append(f"SRV {name}")
        return Answer(tuple(self.srvs.get(name, ())), self.seconds)

    async def addresses(self, name: str) -> Answer[str]:
        self.asked.append(f"A {name}")
        return Answer(tuple(self.hosts.get(name, ())), self.seconds)


def places(found: Found) -> list[tuple[str, str, int]]:
    return [(place.transport, place.address, place.port) for machine in found.machines for place in machine.places]


def at(address: str, wanted: Wanted = SBC) -> Found:
    return Found((Machine((Place("UDP", address, wanted.port or 5060),)),))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("sbc.example", None),
        ("1.2.3", None),
    ],
)
def test_an_address_is_its_own_answer(host: str, address: str | None) -> None:
    assert literal(host) == address


NAPTRS = {
    "sbc.example": [
        Naptr(20, 10, "s", "SIP+D2U", "_sip._udp.sbc.example"),
        Naptr(10, 10, "s", "SIP+D2T", "_sip._tcp.elsewhere.example"),
        Naptr(5, 10, "u", "E2U+sip", "nothing.example"),
    ]
}
SRVS = {
    "_sip._tcp.elsewhere.example": [Srv(10, 0, 5070, "a.example"), Srv(20, 0, 5080, "b.example")],
    "_sip._udp.sbc.example": [Srv(10, 0, 5060, "a.example")],
    "_sips._tcp.sbc.example": [Srv(10, 0, 5061, "a.example")],
}
HOSTS = {"a.example": ["203.0.113.1", "2001:db8::1"], "b.example": ["203.0.113.2"], "sbc.example": ["203.0.113.9"]}


@pytest.mark.parametrize(
    ("wanted", "naptrs", "srvs", "found", "asked"),
    [
        pytest.param(
            SBC,
            NAPTRS,
            SRVS,
            [("TCP", "203.0.113.1", 5070), ("TCP", "2001:db8::1", 5070), ("TCP", "203.0.113.2", 5080)],
            ["NAPTR sbc.example", "SRV _sip._tcp.elsewhere.example", "A a.example", "A b.example"],
            id="NAPTR orders the transports, SRV the machines (§4.1, §4.2)",
        ),
        pytest.param(
            SBC,
            {},
            SRVS,
            [("UDP", "203.0.113.1", 5060), ("UDP", "2001:db8::1", 5060)],
            ["NAPTR sbc.example", "SRV _sip._udp.sbc.example", "A a.example"],
            id="without NAPTR the services are asked for one by one (§4.1)",
        ),
        pytest.param(
            SBC,
            {},
            {},
            [("UDP", "203.0.113.9", 5060)],
            [
                "NAPTR sbc.example",
                "SRV _sip._udp.sbc.example",
                "SRV _sip._tcp.sbc.example",
                "A sbc.example",
            ],
            id="without SRV it is the host itself, by UDP at 5060 (§4.2)",
        ),
        pytest.param(
            Wanted("sbc.example", 5062),
            NAPTRS,
            SRVS,
            [("UDP", "203.0.113.9", 5062)],
            ["A sbc.example"],
            id="a port that is said is used, and no record asked for (§4.2)",
        ),
        pytest.param(
            Wanted("sbc.example", secure=True),
            NAPTRS,
            SRVS,
            [("TLS", "203.0.113.1", 5061), ("TLS", "2001:db8::1", 5061)],
            ["SRV _sips._tcp.sbc.example", "A a.example"],
            id="sips: is TLS (§4.1)",
        ),
        pytest.param(
            Wanted("sbc.example", transport="TLS"),
            {},
            {},
            [("TLS", "203.0.113.9", 5061)],
            ["SRV _sips._tcp.sbc.example", "A sbc.example"],
            id="a transport that is said is used",
        ),
        pytest.param(
            SBC,
            {},
            {"_sip._udp.sbc.example": [Srv(0, 0, 5060, ".")]},
            [],
            ["NAPTR sbc.example", "SRV _sip._udp.sbc.example"],
            id="a target of a dot: the service is not there (RFC 2782)",
        ),
        pytest.param(
            Wanted("203.0.113.77"), NAPTRS, SRVS, [("UDP", "203.0.113.77", 5060)], [], id="an address needs nobody"
        ),
    ],
)
async def test_where_a_host_is(
    wanted: Wanted,
    naptrs: Mapping[str, Sequence[Naptr]],
    srvs: Mapping[str, Sequence[Srv]],
    found: list[tuple[str, str, int]],
    asked: list[str],
) -> None:
    resolver = MadeUp(naptrs, srvs, HOSTS)
    assert places(await locate(wanted, resolver)) == found
    assert resolver.asked == asked


async def test_a_resolver_that_lies_fills_nothing() -> None:
    resolver = MadeUp(
        {},
        {"_sip._udp.sbc.example": [Srv(1, 1, 5060, "a.example")] * 500},
        {"a.example": [f"203.0.113.{n}" for n in range(200)]},
    )
    found = await locate(SBC, resolver)
    assert len(found.machines) == MOST_MACHINES
    assert all(len(machine.places) == MOST_MACHINES for machine in found.machines)


def test_lower_priorities_come_first_and_weights_decide_by_chance() -> None:
    def machine(address: str, priority: int, weight: int) -> Machine:
        return Machine((Place("UDP", address, 5060),), priority, weight)

    chance = random.Random(7)
    machines = [machine("last", 20, 0), machine("often", 10, 75), machine("seldom", 10, 25), machine("never", 10, 0)]
    orders = [[place.address for place in in_order(machines, chance)] for _ in range(4000)]
    assert all(set(order[:3]) == {"often", "seldom", "never"} and order[3] == "last" for order in orders)
    first = Counter(order[0] for order in orders)
    assert 0.70 < first["often"] / 4000 < 0.79
    assert 0.21 < first["seldom"] / 4000 < 0.29
    assert first["never"] < 0.02 * 4000 + 40  # weight 0: a very small chance


def test_what_did_not_work_is_tried_last_for_a_while() -> None:
    avoided = Avoided()
    here, there = Place("UDP", "203.0.113.1", 5060), Place("UDP", "203.0.113.2", 5060)
    flow = Flow("UDP", here.remote, ("0.0.0.0", 5060))
    avoided.failed(flow, 0.0)
    assert avoided.last([here, there], 1.0) == [there, here]
    assert avoided.last([here, there], AVOIDED_FOR) == [here, there]
    avoided.failed(flow, 100.0)
    avoided.worked(flow)
    assert not avoided.avoids(flow, 100.0)


def test_who_is_avoided_is_bounded() -> None:
    avoided = Avoided()
    for n in range(5000):
        avoided.failed(Flow("UDP", (f"10.0.{n // 250}.{n % 250}", 5060), ("0.0.0.0", 5060)), 0.0)
    assert len(avoided._until) <= 1024


def test_a_name_is_asked_for_once_and_again_when_its_answer_is_old() -> None:
    names = Names()
    names.want({SBC, Wanted("203.0.113.5")}, 0.0)
    assert names.due(0.0) == [SBC]
    assert names.due(1.0) == []
    assert names.answered(SBC, at("203.0.113.9"), 0.0)
    assert names.addresses(SBC) == ("203.0.113.9",)
    assert names.deadline() == AGAIN_AFTER
    assert names.due(AGAIN_AFTER) == [SBC]
    assert not names.answered(SBC, at("203.0.113.9"), AGAIN_AFTER)


@pytest.mark.parametrize(
    ("said", "kept"), [(1.0, AGAIN_AT_THE_EARLIEST), (90.0, 90.0), (86_400.0, AGAIN_AT_THE_LATEST)]
)
def test_an_answer_is_kept_as_long_as_it_says_within_reason(said: float, kept: float) -> None:
    names = Names()
    names.want({SBC}, 0.0)
    names.due(0.0)
    names.answered(SBC, Found(at("203.0.113.9").machines, said), 0.0)
    assert names.deadline() == kept


def test_an_old_answer_outlives_a_failed_question() -> None:
    names = Names()
    names.want({SBC}, 0.0)
    names.due(0.0)
    names.answered(SBC, at("203.0.113.9"), 0.0)
    names.due(AGAIN_AFTER)
    assert not names.answered(SBC, Found(), AGAIN_AFTER)
    assert names.addresses(SBC) == ("203.0.113.9",)
    assert names.deadline() == AGAIN_AFTER + AGAIN_AFTER_FAILURE


def test_a_name_that_is_not_wanted_any_more_is_forgotten() -> None:
    names = Names()
    names.want({SBC}, 0.0)
    names.answered(SBC, at("203.0.113.9"), 0.0)
    names.want((), 1.0)
    assert not names.answered(SBC, at("203.0.113.9"), 1.0)
    assert names.addresses(SBC) == ()
    assert names.deadline() is None


async def test_the_machine_knows_itself_and_not_what_cannot_be() -> None:
    resolver = SystemResolver()
    assert "127.0.0.1" in (await resolver.addresses("localhost")).records
    assert (await resolver.addresses("no-such-name.invalid")).records == ()
    assert (await resolver.addresses("\udc80.invalid")).records == ()


async def test_dns_that_answers_nothing_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callcenterd.sip.transport.dns._LIFETIME", 0.2)
    resolver = SystemResolver()
    async with asyncio.timeout(5):
        assert (await resolver.srv("_sip._udp.no-such-name.invalid")).records == ()
        assert (await resolver.naptr("a" * 70 + ".invalid")).records == ()


def test_the_address_that_faces_loopback_is_loopback() -> None:
    routes = Routes()
    assert routes("127.0.0.2") == "127.0.0.1"
    assert routes("127.0.0.2") == "127.0.0.1"
    routes.forget()
    assert routes("127.0.0.3") == "127.0.0.1"


def test_no_way_is_an_error() -> None:
    with pytest.raises(LocalError):
        Routes()("255.255.255.255")
