"""A call of ours: several phones, early answers, cancelled and late ones, and trunks that ask who we are."""

from __future__ import annotations

import pytest

from callcenterd.model.ids import ExtensionNumber
from callcenterd.model.site import Extension, Secret, Site, Trunk
from callcenterd.sip import events
from callcenterd.sip.digest import Guard, Verdict
from callcenterd.sip.events import ToExtension, ToTrunk
from callcenterd.sip.locate import Found, Machine, Place
from callcenterd.sip.message import Request
from tests.sip.net import ANNA, ANSWER, GATEWAY, OFFER, OUT, PASSWORD, SERVER, Host, Net, Peer, trunk_peer
from tests.sip.test_endpoint import registering

TO_OUT = ToTrunk(OUT, "13800001111")
DESK, SOFT, MOBILE = "10.0.0.31", "10.0.0.32", "10.0.0.33"


def called(net: Net, **trunk: object) -> tuple[Host, Peer, events.DialogId, Request]:
    server, peer = trunk_peer(net, **trunk)
    dialog = server.endpoint.place(TO_OUT, caller="02088886666", sdp=OFFER, now=net.now)
    net.run(0.05)
    return server, peer, dialog, peer.last_request("INVITE")


def test_an_invite_says_who_calls_whom_and_what_we_can() -> None:
    net = Net()
    _, _, _, invite = called(net)
    assert invite.uri == f"sip:13800001111@{GATEWAY}"
    assert str(invite.from_.uri) == f"sip:02088886666@{SERVER}"
    assert str(invite.to) == f"<sip:13800001111@{GATEWAY}>"
    assert [str(contact) for contact in invite.contacts] == [f"<sip:02088886666@{SERVER}:5060>"]
    assert (invite.max_forwards, invite.content_type, invite.body) == (70, "application/sdp", OFFER)
    assert set(invite.supported) == {"100rel", "timer", "replaces", "norefersub"}
    assert "UPDATE" in invite.allow


@pytest.mark.parametrize(
    ("caller", "name", "written"),
    [
        ("02088886666", "张三", f'"张三" <sip:02088886666@{SERVER}>'),
        ("02088886666", 'A "B" \\ C', f'"A \\"B\\" \\\\ C" <sip:02088886666@{SERVER}>'),
        ("02088886666", "line\r\nX-Injected: 1\x00", f'"lineX-Injected: 1" <sip:02088886666@{SERVER}>'),
        ("02088886666", "", f"<sip:02088886666@{SERVER}>"),
        ("a b@c;d", "", f"<sip:a%20b%40c;d@{SERVER}>"),
        ("", "", '"Anonymous" <sip:anonymous@anonymous.invalid>'),
    ],
)
def test_the_callers_name_and_number_are_written_so_that_nothing_breaks(caller: str, name: str, written: str) -> None:
    net = Net()
    server, trunk = trunk_peer(net)
    server.endpoint.place(TO_OUT, caller=caller, caller_name=name, sdp=OFFER, now=net.now)
    net.run(0.05)
    invite = trunk.last_request("INVITE")
    assert (invite.headers.get("From") or "").partition(";tag=")[0] == written
    assert not invite.headers.has("X-Injected")


@pytest.mark.parametrize(
    ("header", "caller", "from_", "more"),
    [
        ("from", "02088886666", f"<sip:02088886666@{SERVER}>", {}),
        ("from", "", '"Anonymous" <sip:anonymous@anonymous.invalid>', {}),
        (
            "pai",
            "02088886666",
            f"<sip:acc@{GATEWAY}>",
            {"P-Asserted-Identity": f"<sip:02088886666@{SERVER}>"},
        ),
        (
            "pai",
            "",
            '"Anonymous" <sip:anonymous@anonymous.invalid>',
            {"P-Asserted-Identity": f"<sip:acc@{GATEWAY}>", "Privacy": "id"},
        ),
        (
            "rpid",
            "02088886666",
            f"<sip:acc@{GATEWAY}>",
            {"Remote-Party-ID": f"<sip:02088886666@{SERVER}>;party=calling;screen=no;privacy=off"},
        ),
        (
            "rpid",
            "",
            '"Anonymous" <sip:anonymous@anonymous.invalid>',
            {"Remote-Party-ID": f"<sip:acc@{SERVER}>;party=calling;screen=no;privacy=full"},
        ),
    ],
)
def test_a_trunk_is_told_who_calls_where_it_reads_it(
    header: str, caller: str, from_: str, more: dict[str, str]
) -> None:
    net = Net()
    server, trunk = trunk_peer(net, caller_id=header, username="acc")
    server.endpoint.place(TO_OUT, caller=caller, sdp=OFFER, now=net.now)
    net.run(0.05)
    invite = trunk.last_request("INVITE")
    assert (invite.headers.get("From") or "").partition(";tag=")[0] == from_
    named = ("P-Asserted-Identity", "Privacy", "Remote-Party-ID")
    assert {name: value for name in named if (value := invite.headers.get(name)) is not None} == more


SECOND = "10.0.0.22"
TWO = Found((Machine((Place("UDP", GATEWAY, 5060),), 10), Machine((Place("UDP", SECOND, 5060),), 20)))


def two_machines(net: Net) -> tuple[Host, Peer, Peer]:
    """A trunk by name with a first and a second machine."""
    server, first = trunk_peer(net, host="sbc.example")
    second = net.peer(SECOND)
    [wanted] = server.endpoint.lookups(net.now)
    server.endpoint.located(wanted, TWO, net.now)
    return server, first, second


@pytest.mark.parametrize(("status", "seconds"), [(503, 0.1), (None, 8.1)])
def test_the_next_machine_of_a_trunk_is_called_when_the_first_one_does_not_work(
    status: int | None, seconds: float
) -> None:
    """RFC 3263 §4.3: after a 503, and after silence."""
    net = Net()
    server, first, second = two_machines(net)
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    if status is not None:
        first.answer(first.last_request("INVITE"), status)
    net.run(seconds)
    invite = second.last_request("INVITE")
    second.answer(invite, 200, sdp=ANSWER)
    assert server.one(events.Accepted) == events.Accepted(dialog, ANSWER)
    # For a minute the next calls go to the one that works at once.
    heard = len(first.received)
    server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    assert len([one for one in first.received[heard:] if one.cseq.method == "INVITE"]) == 0
    assert second.last_request("INVITE").call_id != invite.call_id


def test_a_busy_person_is_not_looked_for_on_another_machine() -> None:
    net = Net()
    server, first, second = two_machines(net)
    dialog = server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    first.answer(first.last_request("INVITE"), 486)
    net.run(1.0)
    assert server.one(events.Refused) == events.Refused(dialog, 486)
    assert not any(one.cseq.method == "INVITE" for one in second.received)


def test_the_first_answer_is_acknowledged_and_told_with_its_sdp() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 100)
    trunk.answer(invite, 181)
    trunk.answer(invite, 183, sdp=ANSWER)
    trunk.answer(invite, 200, sdp=ANSWER)
    assert server.told[1:] == [events.Progress(dialog, ANSWER), events.Accepted(dialog, ANSWER)]
    ack = trunk.last_request("ACK")
    assert (ack.cseq.number, ack.to.tag, ack.uri) == (invite.cseq.number, "peer", f"sip:peer@{GATEWAY}")
    assert ack.via.branch != invite.via.branch


def test_a_repeated_answer_is_acknowledged_again_and_told_once() -> None:
    net = Net()
    server, trunk, _, invite = called(net)
    for _ in range(3):
        trunk.answer(invite, 200, sdp=ANSWER)
    assert trunk.what == ["INVITE", "ACK", "ACK", "ACK"]
    assert len(server.all(events.Accepted)) == 1


def test_an_ack_follows_the_route_set_backwards() -> None:
    net = Net()
    _, trunk, _, invite = called(net)
    routes = ["Record-Route: <sip:10.0.0.2:5060;lr>, <sip:inner.example;lr>"]
    trunk.answer(invite, 200, *routes, sdp=ANSWER)
    [ack] = net.requests("ACK")
    assert [str(route) for route in ack.routes] == ["<sip:inner.example;lr>", "<sip:10.0.0.2:5060;lr>"]


# ---- hang_up in every state ----------------------------------------------------------------------------------


def test_a_hang_up_before_anything_was_heard_waits_until_it_may_cancel() -> None:
    """RFC 3261 §9.1: no CANCEL before a provisional answer."""
    net = Net()
    server, trunk, dialog, invite = called(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.2)
    assert trunk.what == ["INVITE"]
    trunk.answer(invite, 180)
    assert trunk.what == ["INVITE", "CANCEL"]
    cancel = trunk.last_request("CANCEL")
    assert (cancel.via, cancel.cseq.number, cancel.uri) == (invite.via, invite.cseq.number, invite.uri)
    trunk.answer(cancel, 200)
    trunk.answer(invite, 487)
    assert trunk.what == ["INVITE", "CANCEL", "ACK"]
    net.run(40.0)
    assert server.clean
    assert server.told[1:] == []


def test_a_hang_up_while_it_rings_cancels_with_its_reason() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 180)
    server.endpoint.hang_up(dialog, 'SIP;cause=200;text="Call completed elsewhere"', now=net.now)
    net.run(0.05)
    assert trunk.last_request("CANCEL").headers.get("Reason") == 'SIP;cause=200;text="Call completed elsewhere"'


def test_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 180)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    trunk.answer(invite, 200, sdp=ANSWER)
    assert trunk.what == ["INVITE", "CANCEL", "ACK", "BYE"]
    trunk.answer(trunk.last_request("CANCEL"), 481)
    trunk.answer(trunk.last_request("BYE"), 200)
    net.run(40.0)
    assert server.clean
    assert not server.all(events.Accepted)


def test_an_answer_after_a_hang_up_that_could_not_cancel_is_ended_too() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    server.endpoint.hang_up(dialog, now=net.now)
    trunk.answer(invite, 200, sdp=ANSWER)
    assert trunk.what == ["INVITE", "ACK", "BYE"]


def test_a_cancelled_call_that_nobody_ends_is_forgotten_after_32_seconds() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 180)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.1)
    trunk.answer(trunk.last_request("CANCEL"), 200)
    net.run(70.0)
    assert server.clean


def test_a_hang_up_of_a_call_that_is_up_is_a_bye() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 200, sdp=ANSWER)
    server.endpoint.hang_up(dialog, "the agent left", now=net.now)
    net.run(0.05)
    assert trunk.last_request("BYE").headers.get("Reason") == 'SIP;text="the agent left"'
    trunk.answer(trunk.last_request("BYE"), 200)
    net.run(40.0)
    assert server.clean


@pytest.mark.parametrize("status", [302, 404, 486, 488, 503, 600, 603])
def test_a_refusal_is_told_with_its_status_and_acknowledged(status: int) -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 180)
    trunk.answer(invite, status, "Contact: <sip:0900123456@fraud.example>")
    assert server.one(events.Refused) == events.Refused(dialog, status)
    assert trunk.what == ["INVITE", "ACK"]
    net.run(40.0)
    assert server.clean


def test_a_trunk_that_forks_gets_one_conversation_and_the_second_answer_is_ended() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 180, tag="one")
    trunk.answer(invite, 180, tag="two")
    trunk.answer(invite, 200, tag="two", sdp=ANSWER)
    trunk.answer(invite, 200, tag="one", sdp=ANSWER)
    assert server.all(events.Accepted) == [events.Accepted(dialog, ANSWER)]
    assert trunk.what == ["INVITE", "ACK", "ACK", "BYE"]
    assert trunk.last_request("BYE").to.tag == "one"
    assert server.endpoint.counters()["dialogs"] == 2
    trunk.answer(trunk.last_request("BYE"), 200)
    assert server.endpoint.counters()["dialogs"] == 1


def test_a_thousand_early_dialogs_take_no_more_room_than_a_few() -> None:
    net = Net()
    server, trunk, _, invite = called(net)
    for n in range(100):
        trunk.answer(invite, 180, tag=f"fork{n}")
    assert server.endpoint.counters()["dialogs"] < 10


def test_their_bye_ends_a_call_of_ours() -> None:
    net = Net()
    server, trunk, dialog, invite = called(net)
    trunk.answer(invite, 200, sdp=ANSWER)
    ack = trunk.last_request("ACK")
    trunk.request(
        "BYE", uri=str(invite.contacts[0].uri), call_id=invite.call_id, sequence=1,
        from_=str(ack.to), to=str(ack.from_),
    )  # fmt: skip
    assert trunk.what[-1] == "200 BYE"
    assert server.one(events.HungUp) == events.HungUp(dialog, "normal")
    net.run(40.0)
    assert server.clean


# ---- several phones ----------------------------------------------------------------------------------------


def ringing_phones(net: Net) -> tuple[Host, list[Peer], events.DialogId]:
    server, _ = trunk_peer(net)
    phones = [net.peer(address) for address in (DESK, SOFT, MOBILE)]
    for n, peer in enumerate(phones):
        registering(net, peer, server, f"Contact: <sip:1001@192.168.0.{n + 1}:5062>", sequence=2 + 10 * n)
        peer.received.clear()
    dialog = server.endpoint.place(ToExtension(ANNA), caller="13800001111", sdp=OFFER, now=net.now)
    net.run(0.05)
    for peer in phones:
        peer.answer(peer.last_request("INVITE"), 180)
    return server, phones, dialog


def test_all_phones_of_an_extension_ring_each_with_its_own_contact_and_call_id() -> None:
    net = Net()
    server, phones, dialog = ringing_phones(net)
    invites = [peer.last_request("INVITE") for peer in phones]
    assert [invite.uri for invite in invites] == [f"sip:1001@192.168.0.{n}:5062" for n in (1, 2, 3)]
    assert len({invite.call_id for invite in invites}) == 3
    assert server.all(events.Progress) == [events.Progress(dialog, None)] * 3


def test_who_answers_first_gets_the_call_and_the_others_stop_ringing() -> None:
    net = Net()
    server, [desk, soft, mobile], dialog = ringing_phones(net)
    soft.answer(soft.last_request("INVITE"), 200, sdp=ANSWER)
    assert server.all(events.Accepted) == [events.Accepted(dialog, ANSWER)]
    for other in (desk, mobile):
        assert other.what == ["INVITE", "CANCEL"]
        assert "Call completed elsewhere" in (other.last_request("CANCEL").headers.get("Reason") or "")
        other.answer(other.last_request("CANCEL"), 200)
        other.answer(other.last_request("INVITE"), 487)
    net.run(40.0)
    assert server.endpoint.counters()["dialogs"] == 1
    assert not server.all(events.Refused)


def test_the_winner_is_acknowledged_before_the_others_stop_ringing() -> None:
    net = Net()
    server, [desk, soft, mobile], _ = ringing_phones(net)
    soft.answer(soft.last_request("INVITE"), 200, sdp=ANSWER)
    net.run(0.05)
    sent = [seen.what.split()[0] for seen in net.seen if isinstance(seen.message, Request)]
    after = [what for what in sent if what in ("ACK", "CANCEL")]
    assert after == ["ACK", "CANCEL", "CANCEL"]
    assert (desk.what[-1], mobile.what[-1]) == ("CANCEL", "CANCEL")
    assert server.all(events.Accepted)


def test_a_second_phone_that_answers_in_the_same_moment_is_hung_up() -> None:
    net = Net()
    server, [desk, soft, mobile], dialog = ringing_phones(net)
    desk.answer(desk.last_request("INVITE"), 200, sdp=ANSWER)
    soft.answer(soft.last_request("INVITE"), 200, sdp=ANSWER)
    assert soft.what == ["INVITE", "CANCEL", "ACK", "BYE"]
    assert len(server.all(events.Accepted)) == 1
    assert dialog
    assert mobile.what == ["INVITE", "CANCEL"]


def test_a_refusal_is_told_when_the_last_phone_has_refused() -> None:
    net = Net()
    server, phones, dialog = ringing_phones(net)
    for peer, status in zip(phones, (486, 480, 503), strict=True):
        assert not server.all(events.Refused)
        peer.answer(peer.last_request("INVITE"), status)
    assert server.one(events.Refused) == events.Refused(dialog, 480)


def test_who_declines_for_all_ends_the_ringing_everywhere() -> None:
    """RFC 3261 §16.7: 6xx."""
    net = Net()
    server, [desk, soft, mobile], dialog = ringing_phones(net)
    soft.answer(soft.last_request("INVITE"), 603)
    assert server.one(events.Refused) == events.Refused(dialog, 603)
    assert desk.what == mobile.what == ["INVITE", "CANCEL"]


def test_a_hang_up_cancels_every_phone() -> None:
    net = Net()
    server, phones, dialog = ringing_phones(net)
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    assert [peer.what for peer in phones] == [["INVITE", "CANCEL"]] * 3


def test_a_phone_behind_nat_is_spoken_to_where_it_registered_from_all_the_way() -> None:
    net = Net()
    server, [desk, *_], dialog = ringing_phones(net)
    desk.answer(desk.last_request("INVITE"), 200, "Contact: <sip:1001@192.168.0.1:5062>", contact=False, sdp=ANSWER)
    assert desk.what[-1] == "ACK"
    assert desk.last_request("ACK").uri == "sip:1001@192.168.0.1:5062"
    server.endpoint.hang_up(dialog, now=net.now)
    net.run(0.05)
    assert desk.what[-1] == "BYE"


# ---- proofs ------------------------------------------------------------------------------------------------


def guarded(net: Net) -> tuple[Host, Peer, Request, Guard]:
    import random

    server, trunk, _, invite = called(net, username="62960000", password=PASSWORD)
    return server, trunk, invite, Guard("telecom", random.Random(3))


@pytest.mark.parametrize(("status", "asks", "proves"), [(401, "WWW-", ""), (407, "Proxy-", "Proxy-")])
def test_a_trunk_that_asks_who_we_are_is_told(status: int, asks: str, proves: str) -> None:
    net = Net()
    server, trunk, invite, guard = guarded(net)
    trunk.answer(invite, status, *(f"{asks}Authenticate: {line}" for line in guard.challenges(0.0)))
    second = trunk.last_request("INVITE")
    assert second.cseq.number == invite.cseq.number + 1
    assert (second.call_id, second.from_.tag) == (invite.call_id, invite.from_.tag)
    from callcenterd.sip.headers import Credentials

    proof = Credentials.parse(second.headers.get(f"{proves}Authorization") or "")
    judged = guard.judge([proof], "INVITE", second.uri, {"62960000": PASSWORD}.get, 0.0)
    assert judged.verdict is Verdict.PROVEN
    trunk.answer(second, 200, sdp=ANSWER)
    assert server.one(events.Accepted)
    assert trunk.last_request("ACK").headers.has(f"{proves}Authorization")


def test_a_second_challenge_is_a_refusal() -> None:
    net = Net()
    server, trunk, _, guard = guarded(net)
    for _ in range(2):
        trunk.answer(
            trunk.last_request("INVITE"), 401, *(f"WWW-Authenticate: {line}" for line in guard.challenges(0.0))
        )
    assert server.one(events.Refused).status == 401
    assert trunk.what == ["INVITE", "ACK", "INVITE", "ACK"]


def test_a_stale_nonce_is_proved_once_more() -> None:
    net = Net()
    server, trunk, _, guard = guarded(net)
    for stale in (False, True, True):
        lines = (f"WWW-Authenticate: {line}" for line in guard.challenges(0.0, stale=stale))
        trunk.answer(trunk.last_request("INVITE"), 401, *lines)
    assert len([one for one in trunk.what if one == "INVITE"]) == 3
    assert server.one(events.Refused).status == 401


def test_a_challenge_that_cannot_be_read_or_answered_is_a_refusal() -> None:
    for line in ('Digest realm="x', 'Digest realm="x", nonce="1", algorithm=SHA-512', "Basic realm=x"):
        net = Net()
        server, trunk, invite, _ = guarded(net)
        trunk.answer(invite, 401, f"WWW-Authenticate: {line}")
        assert server.one(events.Refused).status == 401


def test_a_phone_that_asks_who_we_are_learns_nothing() -> None:
    """A digest to whoever asks would let strangers guess our passwords."""
    net = Net()
    server = net.host(SERVER)
    device = Extension(number=ExtensionNumber("1900"), contact=f"sip:door@{GATEWAY}", password=Secret("x"))
    server.endpoint.configure(Site(extensions=(device,)), net.now)
    trunk = net.peer(GATEWAY)
    server.endpoint.place(ToExtension(ExtensionNumber("1900")), caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("INVITE"), 401, 'WWW-Authenticate: Digest realm="x", nonce="1"')
    assert server.one(events.Refused).status == 401
    assert trunk.what == ["INVITE", "ACK"]


def test_a_trunk_gets_the_proof_of_its_own_account_only() -> None:
    net = Net()
    server = net.host(SERVER)
    other = Trunk(name=OUT, host=GATEWAY)
    server.endpoint.configure(Site(trunks=(other,)), net.now)
    trunk = net.peer(GATEWAY)
    server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    net.run(0.05)
    trunk.answer(trunk.last_request("INVITE"), 407, 'Proxy-Authenticate: Digest realm="x", nonce="1"')
    assert server.one(events.Refused).status == 407


# ---- too large for a datagram (RFC 3261 §18.1.1) --------------------------------------------------------------

LARGE = OFFER + b"a=note:" + b"x" * 1200 + b"\r\n"


def test_a_large_invite_goes_by_tcp_and_by_udp_after_all_if_that_is_refused() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    server.endpoint.parcels()
    server.endpoint.place(TO_OUT, caller="1", sdp=LARGE, now=net.now)
    [stream] = [parcel for parcel in server.endpoint.parcels() if parcel.octets.startswith(b"INVITE")]
    assert (stream.flow.transport, stream.flow.remote) == ("TCP", (GATEWAY, 5060))
    assert b"Via: SIP/2.0/TCP" in stream.octets
    server.endpoint.unsent(stream, "connection refused", net.now)
    [datagram] = [parcel for parcel in server.endpoint.parcels() if parcel.octets.startswith(b"INVITE")]
    assert datagram.flow.transport == "UDP"
    assert b"Via: SIP/2.0/UDP" in datagram.octets
    assert not server.all(events.Refused)
    # For a while nobody tries again what was refused.
    server.endpoint.place(TO_OUT, caller="1", sdp=LARGE, now=net.now)
    [again] = [parcel for parcel in server.endpoint.parcels() if parcel.octets.startswith(b"INVITE")]
    assert again.flow.transport == "UDP"


def test_a_small_invite_stays_a_datagram() -> None:
    net = Net()
    server, _ = trunk_peer(net)
    server.endpoint.parcels()
    server.endpoint.place(TO_OUT, caller="1", sdp=OFFER, now=net.now)
    [parcel] = [parcel for parcel in server.endpoint.parcels() if parcel.octets.startswith(b"INVITE")]
    assert parcel.flow.transport == "UDP"
