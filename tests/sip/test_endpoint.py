"""Whole calls between two endpoints, in virtual time."""

from __future__ import annotations

from callcenterd.sip import events
from callcenterd.sip.events import ToExtension, ToTrunk
from tests.sip.net import ANNA, ANSWER, GATEWAY, IN, OFFER, OUT, PHONE, SERVER, Net, answering, office, phone

TO_OUT = ToTrunk(OUT, "13800001111")


def test_a_call_to_a_trunk_is_set_up_and_hung_up() -> None:
    net = Net()
    server, gateway = office(net)
    answering(gateway)
    dialog = server.endpoint.place(TO_OUT, caller="02088886666", caller_name='张三 "Z"', sdp=OFFER, now=net.now)
    net.run(1.0)
    assert server.told[1:] == [events.Progress(dialog, None), events.Accepted(dialog, ANSWER)]
    arrived = gateway.one(events.IncomingCall)
    assert (arrived.trunk, arrived.caller, arrived.caller_name) == (IN, "02088886666", '张三 "Z"')
    assert (arrived.called, arrived.offer, arrived.local_host) == ("13800001111", OFFER, GATEWAY)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(1.0)
    assert gateway.one(events.HungUp) == events.HungUp(arrived.dialog, "normal")
    assert net.ladder() == [
        "> INVITE", "< 100 INVITE", "< 180 INVITE", "< 200 INVITE", "> ACK", "> BYE", "< 200 BYE",
    ]  # fmt: skip
    net.run(40.0)
    assert server.endpoint.counters()["dialogs"] == 0
