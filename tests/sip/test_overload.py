"""Overload: who is still let in while the sound is late. Virtual time, made-up lateness."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.sip import events
from callcenterd.sip.admission import FEW_STRANGERS_RATE
from callcenterd.sip.events import ToTrunk
from callcenterd.sip.flow import Flow
from callcenterd.sip.message import Response, parse
from callcenterd.sip.overload import CALM_FOR, LASTING, Level, Limits, Overload
from tests.sip.net import ANNA, IN, OFFER, SERVER, STRANGER, Host, Net, answering, phone, trunk_peer

LATE, VERY_LATE, IN_TIME = 6.0, 15.0, 0.5
STEP = 0.25


def levels(overload: Overload, late_ms: float, seconds: float, start: float = 0.0) -> list[Level]:
    found = []
    for n in range(round(seconds / STEP)):
        overload.look(late_ms, start + n * STEP)
        found.append(overload.level)
    return found


# ---- the levels --------------------------------------------------------------------------------------------


def test_in_time_everybody_is_let_in() -> None:
    assert set(levels(Overload(), 3.9, 60.0)) == {Level.CALM}


def test_late_lets_few_strangers_in_at_once_and_never_refuses_calls() -> None:
    assert set(levels(Overload(), LATE, 60.0)) == {Level.FEW_STRANGERS}


def test_very_late_keeps_calls_out_after_a_second() -> None:
    found = levels(Overload(), VERY_LATE, 3.0)
    assert found == [Level.FEW_STRANGERS] * round(LASTING / STEP) + [Level.NEW_CALLS] * (12 - round(LASTING / STEP))


def test_a_burst_shorter_than_a_second_costs_no_call() -> None:
    overload = Overload()
    for start in range(0, 60, 2):
        assert Level.NEW_CALLS not in levels(overload, VERY_LATE, 0.75, start)
        overload.look(LATE, start + 1.0)


def test_a_thread_that_stands_still_is_as_late_as_can_be() -> None:
    assert levels(Overload(), math.inf, 2.0)[-1] is Level.NEW_CALLS


def test_it_passes_one_level_at_a_time_and_only_after_some_calm() -> None:
    overload = Overload()
    levels(overload, VERY_LATE, 2.0)
    found = levels(overload, IN_TIME, 10.0, 2.0)
    steps = round(CALM_FOR / STEP)
    assert found[:steps] == [Level.NEW_CALLS] * steps
    assert found[steps : 2 * steps] == [Level.FEW_STRANGERS] * steps
    assert found[-1] is Level.CALM


def test_what_stays_near_its_limit_does_not_flicker() -> None:
    overload, now = Overload(), 0.0
    levels(overload, VERY_LATE, 2.0)
    changes = 0
    for n in range(400):
        before = overload.level
        overload.look(9.0 if n % 2 else 11.0, now := 2.0 + n * STEP)
        changes += overload.level is not before
    assert (changes, overload.level, now) == (0, Level.NEW_CALLS, 101.75)


def test_a_limit_of_0_is_none() -> None:
    assert set(levels(Overload(Limits(0, 0)), 1000.0, 10.0)) == {Level.CALM}
    assert set(levels(Overload(Limits(4.0, 0)), 1000.0, 10.0)) == {Level.FEW_STRANGERS}


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 5.0)), max_size=60))
def test_whatever_the_lateness_was_calm_lets_everybody_in_again(course: list[tuple[float, float]]) -> None:
    overload, now = Overload(), 0.0
    for late_ms, seconds in course:
        now += seconds
        overload.look(late_ms, now)
    assert levels(overload, 0.0, 2 * CALM_FOR + 1.0, now)[-1] is Level.CALM


# ---- what the room does ------------------------------------------------------------------------------------


def strained(server: Host, late_ms: float = VERY_LATE) -> None:
    """As late as that for two seconds."""
    for n in range(9):
        server.endpoint.late(late_ms, server.net.now - 2.0 + n * STEP)


def statuses(net: Net, method: str = "INVITE") -> list[int]:
    return [
        seen.message.status
        for seen in net.seen
        if isinstance(seen.message, Response) and seen.message.cseq.method == method
    ]


def test_a_trunks_new_call_is_refused_without_a_time_to_come_back() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    strained(server)
    net.run()
    before = server.endpoint.counters()["transactions"]
    trunk.request("INVITE", sdp=OFFER)
    assert (statuses(net), server.all(events.IncomingCall)) == ([503], [])
    [refusal] = net.responses(503, "INVITE")
    assert not refusal.headers.has("Retry-After")
    assert server.endpoint.counters()["refused_by_load_total"] == 1
    assert server.endpoint.counters()["transactions"] == before, "nothing is kept of it"


def test_when_it_has_passed_calls_are_taken_again() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    strained(server)
    for n in range(40):
        server.endpoint.late(IN_TIME, net.now + n * STEP)
    trunk.request("INVITE", sdp=OFFER)
    assert len(server.all(events.IncomingCall)) == 1


@pytest.mark.parametrize("number", ["110", "112", "119", "120", "122"])
def test_a_call_for_help_is_always_taken(number: str) -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    strained(server)
    trunk.request("INVITE", uri=f"sip:{number}@callcenter.local", sdp=OFFER)
    assert len(server.all(events.IncomingCall)) == 1


def test_a_registered_phone_calls_for_help_but_makes_no_other_call() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    device = phone(net)
    strained(server)
    device.endpoint.place(ToTrunk(IN, "02088886666"), caller="1001", sdp=OFFER, now=net.now)
    net.run(2.0)
    assert [event.status for event in device.all(events.Refused)] == [503]
    device.endpoint.place(ToTrunk(IN, "120"), caller="1001", sdp=OFFER, now=net.now)
    net.run(2.0)
    assert server.one(events.IncomingCall).called == "120"


def test_a_call_that_is_there_goes_on_in_every_way() -> None:
    """Its repeated INVITE, ACK, a new offer, INFO and BYE are answered as ever (reliability: never in-dialog)."""
    net = Net()
    server, trunk = trunk_peer(net)
    answering(server)
    branch = trunk.request("INVITE", sdp=OFFER)
    strained(server)
    trunk.request("INVITE", branch=branch, sdp=OFFER)
    [answer, *_] = net.responses(200, "INVITE")
    assert 503 not in statuses(net)
    trunk.within(answer, "ACK", sequence=1)
    trunk.within(answer, "INVITE", sequence=2, sdp=OFFER)
    trunk.within(answer, "ACK", sequence=2)
    trunk.within(answer, "INFO", sequence=3)
    trunk.within(answer, "BYE", sequence=4)
    assert (statuses(net, "INFO")[-1], statuses(net, "BYE")) == (200, [200])
    assert 503 not in statuses(net)
    assert (server.endpoint.counters()["calls"], server.endpoint.counters()["dialogs"]) == (0, 0)


def test_a_call_that_rings_can_be_cancelled() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    branch = trunk.request("INVITE", sdp=OFFER)
    strained(server)
    trunk.request("CANCEL", branch=branch)
    assert statuses(net, "CANCEL") == [200]
    assert 487 in statuses(net)


def test_a_known_phone_registers_anew_and_is_called() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    device = phone(net)
    answering(device)
    strained(server)
    for _ in range(70):
        net.run(60.0)
        server.endpoint.late(VERY_LATE, net.now - 1.0)
        server.endpoint.late(VERY_LATE, net.now)
    assert server.endpoint.counters()["registrations"] == 1
    server.endpoint.place(events.ToExtension(ANNA), caller="13800001111", sdp=OFFER, now=net.now)
    net.run(2.0)
    assert len(server.all(events.Accepted)) == 1


def test_a_trunk_that_asks_whether_we_are_there_is_answered() -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    strained(server)
    trunk.request("OPTIONS")
    assert statuses(net, "OPTIONS")[-1] == 200


@pytest.mark.parametrize("method", ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE"])
@pytest.mark.parametrize("late_ms", [LATE, VERY_LATE])
def test_of_what_strangers_ask_little_is_looked_at(method: str, late_ms: float) -> None:
    """A thousand addresses, two requests each within two seconds: a flood of forged ones looks like that."""
    net = Net()
    server, _ = trunk_peer(net)
    strained(server, late_ms)
    before, begun = server.endpoint.counters()["held_back_total"], net.now
    for n in range(2000):
        net.inject(_asked(method, n), f"10.1.{n % 1000 // 250}.{1 + n % 250}", SERVER)
        net.run(0.001)
    net.run(0.1)
    held_back = server.endpoint.counters()["held_back_total"] - before
    assert 2000 - held_back <= (1.0 + net.now - begun) * FEW_STRANGERS_RATE + 1


def test_a_phone_that_has_moved_registers_while_sound_is_late() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    strained(server, LATE)
    phone(net, STRANGER)
    assert server.endpoint.counters()["registrations"] == 1


def test_a_flood_of_strangers_keeps_none_of_them_from_a_call_for_help() -> None:
    """A phone that has moved: its number it can still prove."""
    net = Net()
    server, _ = trunk_peer(net)
    strained(server)
    for n in range(500):
        net.inject(_asked("OPTIONS", n), f"10.1.{n // 250}.{1 + n % 250}", SERVER)
    net.run(0.1)
    net.peer(STRANGER).request("INVITE", uri="sip:120@callcenter.local", sdp=OFFER)
    assert statuses(net)[-1] == 401
    net.peer(STRANGER).request("BYE", call_id="of-a-call-that-may-be-there")
    assert statuses(net, "BYE") == [481]


def test_what_comes_on_a_stream_is_counted_alike() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    strained(server)
    for n in range(500):
        flow = Flow("TCP", (f"10.1.{n // 250}.{1 + n % 250}", 40_000), (SERVER, 5060), n)
        server.endpoint.take(parse(_asked("OPTIONS", n)), flow, net.now)
    assert server.endpoint.counters()["held_back_total"] == 500 - FEW_STRANGERS_RATE


def _asked(method: str, n: int) -> bytes:
    return (
        f"{method} sip:900@callcenter.local SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bK{n};rport\r\n"
        f"From: <sip:c@x>;tag=c\r\nTo: <sip:900@callcenter.local>\r\nCall-ID: {n}\r\nCSeq: 1 {method}\r\n"
        "Content-Length: 0\r\n\r\n"
    ).encode()
