"""Whatever the wire loses, doubles or overtakes: nobody rings twice, and nothing is left when all is over."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from callcenterd.model.site import Site
from callcenterd.sip import events
from callcenterd.sip.events import SipEvent, ToExtension, ToTrunk
from tests.sip.net import ANNA, ANSWER, IN, OFFER, OUT, Host, Net, office, phone

WIRES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32),
        "loss": st.sampled_from([0.0, 0.1, 0.3, 0.6]),
        "doubling": st.sampled_from([0.0, 0.3, 1.0]),
        "jitter": st.sampled_from([0.0, 0.3, 3.0]),
    }
)
LATER = st.none() | st.floats(0.0, 50.0)
"""Seconds after which somebody does something; None: never."""


PATIENCE = 90.0
"""Seconds after which everybody hangs up, whatever was heard."""


def person(host: Host, *, answers: float | None) -> None:
    """Rings, answers after so many seconds or never, and hangs up in the end."""

    def hear(event: SipEvent) -> None:
        if isinstance(event, events.IncomingCall):
            host.endpoint.ring(event.dialog, now=host.net.now)
            if answers is not None:
                host.net.plan(answers, lambda: host.endpoint.accept(event.dialog, ANSWER, now=host.net.now))
            host.net.plan(PATIENCE, lambda: host.endpoint.hang_up(event.dialog, now=host.net.now))

    host.react = hear


def call(host: Host, to: ToTrunk | ToExtension, *, hangs_up: float | None) -> None:
    dialog = host.endpoint.place(to, caller="2", sdp=OFFER, now=host.net.now)
    for seconds in (hangs_up, PATIENCE):
        if seconds is not None:
            host.net.plan(seconds, lambda: host.endpoint.hang_up(dialog, now=host.net.now))


def end_of_all(net: Net) -> None:
    """Trunks stop being asked after, and every timer has run out."""
    for host in net.hosts.values():
        host.endpoint.configure(Site(), net.now)
    net.run(4000.0)
    for host in net.hosts.values():
        assert host.clean, host.endpoint.counters()
        assert host.endpoint.deadline() is None


def told_in_order(host: Host) -> None:
    """Of each dialog: at most one beginning, at most one end, and nothing after it (events.py)."""
    over: set[events.DialogId] = set()
    begun: set[events.DialogId] = set()
    for event in host.told:
        if isinstance(event, events.Registered | events.TrunkSeen):
            continue
        assert event.dialog not in over, event
        if isinstance(event, events.IncomingCall | events.Accepted):
            assert event.dialog not in begun, event
            begun.add(event.dialog)
        if isinstance(event, events.Refused | events.Cancelled | events.HungUp):
            over.add(event.dialog)


@settings(max_examples=80, deadline=None)
@given(WIRES, LATER, LATER)
@example({"seed": 1, "loss": 0.6, "doubling": 1.0, "jitter": 3.0}, 1.0, 40.0)
@example({"seed": 2, "loss": 0.0, "doubling": 0.0, "jitter": 0.0}, 1.0, 1.0)
def test_a_call_to_a_trunk_leaves_nothing_behind(
    wire: dict[str, float], answers: float | None, hangs_up: float | None
) -> None:
    net = Net(**wire)  # type: ignore[arg-type]  # the fields are Net's
    server, gateway = office(net)
    person(gateway, answers=answers)
    call(server, ToTrunk(OUT, "1"), hangs_up=hangs_up)
    net.run(200.0)
    assert len(gateway.all(events.IncomingCall)) <= 1
    for host in (server, gateway):
        told_in_order(host)
    end_of_all(net)


@settings(max_examples=50, deadline=None)
@given(WIRES, st.sampled_from([0.0, 2.0]), LATER)
def test_a_registered_phone_calls_and_is_called_and_leaves_nothing_behind(
    wire: dict[str, float], answers: float, hangs_up: float | None
) -> None:
    net = Net(**wire)  # type: ignore[arg-type]
    server, _ = office(net)
    anna = phone(net)
    net.run(200.0, until=lambda: bool(server.all(events.Registered)))
    for host in (server, anna):
        person(host, answers=answers)
    if server.endpoint.registrations():
        call(server, ToExtension(ANNA), hangs_up=hangs_up)
    call(anna, ToTrunk(IN, "9"), hangs_up=hangs_up)
    net.run(250.0)
    assert len(server.all(events.IncomingCall)) <= 1
    assert len(anna.all(events.IncomingCall)) <= 1
    for host in (server, anna):
        told_in_order(host)
    end_of_all(net)


def test_a_hundred_calls_over_a_bad_wire_are_all_set_up_and_ended() -> None:
    """A fifth lost, a fifth doubled, some overtaken: every call comes up, because everything is repeated."""
    net = Net(7, loss=0.2, doubling=0.2, jitter=0.2)
    server, gateway = office(net)
    person(gateway, answers=1.0)
    for _ in range(100):
        call(server, ToTrunk(OUT, "1"), hangs_up=30.0)
    net.run(80.0)
    assert len(gateway.all(events.IncomingCall)) == 100
    assert len(server.all(events.Accepted)) == 100
    assert len(gateway.all(events.HungUp)) == 100
    net.run(50.0)
    end_of_all(net)
