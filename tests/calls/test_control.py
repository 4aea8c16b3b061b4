"""SIP and media told together: legs come up, hear each other and go, and nothing is left behind."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import numpy as np
import pytest

from callcenterd.calls.call import Call, Leg, LegState
from callcenterd.calls.control import Calls
from callcenterd.calls.listening import RefusalReason
from callcenterd.errors import LocalError
from callcenterd.media import sdp
from callcenterd.media.facts import LegOneWay, LegSilent, LegStatistics, OneWay, RecordingClosed, RecordingFailed
from callcenterd.media.machine import RULE, Verdict
from callcenterd.model.ids import ExtensionNumber, LegId, RecordingId, TrunkName
from callcenterd.model.site import Codec, Extension, Secret, Site
from callcenterd.sip.events import Accepted, DialogId, HungUp, Progress, Registered, ToExtension, ToTrunk, TrunkSeen
from tests.kit.office import in_virtual_time
from tests.kit.virtual import VirtualClock
from tests.kit.wire import OUR_HOST, Dialog, Line, Sound, their_sdp

PHONE = ToExtension(ExtensionNumber("1001"))
SILENCE = np.zeros(8000, np.int16)
HOLD = their_sdp().replace(b"a=sendrecv", b"a=sendonly")
GSM_ONLY = b"v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\nm=audio 7000 RTP/AVP 3\r\n"


class Heard:
    """Implements `CallListener`: what it was told, as short words."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.calls: list[Call] = []
        self.recordings: list[RecordingClosed] = []
        self.fails_at = ""

    def arrived(self, call: Call) -> None:
        self.calls.append(call)
        self._say("arrived", f"{call.direction} {call.caller}>{call.called}")

    def ringing(self, leg: Leg, early: bool) -> None:
        self._say("ringing", f"{leg.number}{' early' if early else ''}")

    def answered(self, leg: Leg) -> None:
        self._say("answered", leg.number)

    def refused(self, leg: Leg, why: RefusalReason, status: int) -> None:
        self._say("refused", f"{leg.number} {why} {status}")

    def gone(self, leg: Leg, reason: str) -> None:
        self._say("gone", f"{leg.number} {reason}")

    def silent(self, leg: Leg, seconds: float) -> None:
        self._say("silent", f"{leg.number} {seconds:.0f}")

    def one_way(self, leg: Leg, why: OneWay) -> None:
        self._say("one way", f"{leg.number} {why}")

    def judged(self, leg: LegId, verdict: Verdict) -> None:
        self._say("judged", f"{leg} {verdict.who} {verdict.why}")

    def held(self, leg: Leg) -> None:
        self._say("held" if leg.holds else "resumed", leg.number)

    def referred(self, leg: Leg, number: str, replaced: Leg | None) -> None:
        self._say("referred", f"{leg.number} {number}{f' {replaced.number}' if replaced is not None else ''}")

    def taken_over(self, old: Leg, new: Leg) -> None:
        self._say("taken over", f"{old.number} {new.state.name}")

    def key(self, leg: Leg, key: str) -> None:
        self._say("key", f"{leg.number} {key}")

    def played(self, leg: Leg, play: int, finished: bool) -> None:
        self._say("played", f"{play} {'whole' if finished else 'cut'}")

    def measured(self, leg: Leg, sound: LegStatistics) -> None:
        self._say("measured", f"{leg.number} {sound.codec} {sound.mos}")

    def recording_failed(self, failed: RecordingFailed) -> None:
        self._say("recording failed", failed.why)

    def recorded(self, closed: RecordingClosed) -> None:
        self.recordings.append(closed)
        self._say("recorded", closed.recording)

    def phone(self, extension: ExtensionNumber, reachable: bool) -> None:
        self._say("phone", f"{extension} {reachable}")

    def trunk(self, trunk: TrunkName, state: str, why: str) -> None:
        self._say("trunk", f"{trunk} {state} {why}")

    def _say(self, what: str, words: str) -> None:
        self.said.append(f"{what} {words}")
        if what == self.fails_at:
            raise ZeroDivisionError(words)


class Bench:
    """A calls room between a pretended line and pretended sound."""

    def __init__(self, ports: int = 100) -> None:
        self.line, self.sound, self.heard = Line(), Sound(ports), Heard()
        self.line.phones.add(ExtensionNumber("1001"))
        self.line.trunks.add(TrunkName("out"))
        self.clock = VirtualClock()
        self.calls = Calls(
            clock=self.clock, chance=random.Random(1), sip=self.line, media=self.sound, rtp_address="auto"
        )
        self.calls.listener = self.heard
        self.line.tell, self.sound.tell = self.calls.signalled, self.calls.sounded

    def incoming(self) -> tuple[Leg, Dialog]:
        dialog = self.line.calls_in("13800138000", "02088886666")
        return self.heard.calls[-1].first, dialog

    def outgoing(self, call: Call | None = None) -> tuple[Leg, Dialog]:
        leg = self.calls.dial(PHONE, call=call, caller="13800138000")
        return leg, self.line.dialogs[-1]

    def talking(self) -> tuple[Leg, Dialog, Leg, Dialog]:
        first, caller = self.incoming()
        self.calls.answer(first)
        other, phone = self.outgoing(first.call)
        self.line.picks_up(phone)
        self.calls.join(first, other)
        return first, caller, other, phone

    def nothing_is_left(self) -> None:
        assert self.line.open() == []
        assert self.sound.rows == {}
        assert self.calls.count() == 0
        assert list(self.calls.live()) == []


# ---- a call comes in ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_call_that_arrives_is_a_call_with_one_leg_and_nothing_answered() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    assert bench.heard.said == ["arrived inbound 13800138000>02088886666"]
    assert (leg.state, dialog.state, bench.calls.count()) == (LegState.ARRIVING, "arriving", 1)
    bench.calls.let_ring(leg)
    assert dialog.rung


@in_virtual_time
async def test_answering_says_where_we_hear_and_connects_where_they_do() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    bench.calls.answer(leg)
    assert dialog.up()
    assert dialog.sdp is not None
    assert f"m=audio {leg.port} RTP/AVP 8".encode() in dialog.sdp
    assert OUR_HOST.encode() in dialog.sdp
    assert bench.sound.rows[leg.id].remote == ("192.0.2.7", 7000)
    bench.calls.answer(leg)
    bench.calls.let_ring(leg)
    assert dialog.up(), "answering twice changes nothing"


@in_virtual_time
async def test_a_caller_without_an_offer_gets_ours_and_is_connected_by_the_ack() -> None:
    bench = Bench()
    dialog = bench.line.calls_in("138", "1", offer=None)
    leg = bench.heard.calls[0].first
    bench.calls.answer(leg)
    assert bench.sound.rows[leg.id].remote is None
    bench.line.acknowledges(dialog)
    assert bench.sound.rows[leg.id].remote == ("192.0.2.7", 7000)


@pytest.mark.parametrize(("offer", "status"), [(b"nonsense", 488), (GSM_ONLY, 488), (b"v=0\r\n", 488)])
def test_an_offer_that_cannot_be_used_is_refused_and_nothing_is_built(offer: bytes, status: int) -> None:
    bench = Bench()
    dialog = bench.line.calls_in("138", "1", offer=offer)
    assert (dialog.over(), dialog.status) == (True, status)
    assert bench.heard.said == []
    bench.nothing_is_left()


def test_without_a_port_a_call_is_refused_for_now() -> None:
    bench = Bench(ports=0)
    assert bench.line.calls_in("138", "1").status == 503
    bench.nothing_is_left()


@in_virtual_time
async def test_a_caller_is_refused_with_a_status_and_after_the_answer_hung_up() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    bench.calls.refuse(leg, 486, "Busy Here")
    assert (dialog.status, dialog.reason) == (486, "Busy Here")
    leg, dialog = bench.incoming()
    bench.calls.answer(leg)
    bench.calls.refuse(leg, 486)
    assert (dialog.over(), dialog.status) == (True, None)
    bench.nothing_is_left()


@in_virtual_time
async def test_who_hangs_up_is_told_once_and_who_we_hang_up_is_not() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    bench.line.hangs_up(dialog)
    assert bench.heard.said[1:] == ["gone 13800138000 cancelled"]
    leg, dialog = bench.incoming()
    bench.calls.answer(leg)
    bench.calls.hang_up(leg)
    bench.calls.hang_up(leg)
    bench.calls.signalled(HungUp(dialog.id, "late"))
    assert len(bench.heard.said) == 3
    bench.nothing_is_left()


# ---- a call goes out ------------------------------------------------------------------------------------


@in_virtual_time
async def test_a_phone_is_dialled_rings_and_answers() -> None:
    bench = Bench()
    leg, dialog = bench.outgoing()
    assert (leg.call.direction, leg.state) == ("outbound", LegState.DIALLING)
    bench.line.rings(dialog)
    bench.line.picks_up(dialog)
    assert leg.state is LegState.UP
    assert bench.heard.said == ["ringing 1001", "answered 1001"]
    assert bench.sound.rows[leg.id].remote == ("192.0.2.7", 7002)


@in_virtual_time
async def test_ringing_is_told_once_and_again_when_it_can_be_heard() -> None:
    bench = Bench()
    _, dialog = bench.outgoing()
    for answer in (None, None, their_sdp(), their_sdp(), None):
        bench.line.rings(dialog, answer)
    assert bench.heard.said == ["ringing 1001", "ringing 1001 early"]


@in_virtual_time
async def test_an_answer_after_early_media_needs_no_sdp_again() -> None:
    bench = Bench()
    leg, dialog = bench.outgoing()
    bench.line.rings(dialog, their_sdp())
    bench.line.picks_up(dialog, None)
    assert leg.state is LegState.UP


@pytest.mark.parametrize(
    ("status", "told"), [(486, "busy"), (603, "refused"), (480, "no_answer"), (408, "unreachable"), (500, "failed")]
)
def test_a_refusal_says_why_and_leaves_nothing(status: int, told: str) -> None:
    @in_virtual_time
    async def story() -> None:
        bench = Bench()
        leg, dialog = bench.outgoing()
        bench.line.declines(dialog, status)
        assert bench.heard.said == [f"refused 1001 {told} {status}"]
        assert not leg.alive
        bench.nothing_is_left()

    story()


@pytest.mark.parametrize("to", [ToExtension(ExtensionNumber("1002")), ToTrunk(TrunkName("nowhere"), "1")])
def test_what_cannot_be_dialled_at_all_is_an_error_and_leaves_nothing(to: ToExtension | ToTrunk) -> None:
    bench = Bench()
    with pytest.raises(LocalError):
        bench.calls.dial(to, call=None, caller="138")
    bench.nothing_is_left()


def test_a_dial_without_a_port_leaves_nothing() -> None:
    bench = Bench(ports=0)
    with pytest.raises(LocalError):
        bench.calls.dial(PHONE, call=None, caller="138")
    bench.nothing_is_left()


@in_virtual_time
async def test_a_place_that_fails_gives_its_port_back() -> None:
    bench = Bench()
    bench.line.fails_to_place = True
    with pytest.raises(LocalError):
        bench.calls.dial(PHONE, call=None, caller="138")
    bench.nothing_is_left()


@pytest.mark.parametrize("answer", [None, b"nonsense", GSM_ONLY])
def test_an_answer_that_cannot_be_used_ends_the_leg(answer: bytes | None) -> None:
    @in_virtual_time
    async def story() -> None:
        bench = Bench()
        _, dialog = bench.outgoing()
        bench.line.picks_up(dialog, answer)
        assert bench.heard.said == ["refused 1001 failed 488"]
        bench.nothing_is_left()

    story()


@in_virtual_time
async def test_events_that_do_not_fit_the_state_change_nothing() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    bench.calls.answer(leg)
    bench.calls.signalled(Progress(dialog.id, None))
    bench.calls.signalled(Accepted(dialog.id, their_sdp()))
    bench.calls.signalled(Accepted(DialogId(999), their_sdp()))
    assert leg.state is LegState.UP
    assert len(bench.heard.said) == 1


# ---- who hears whom -------------------------------------------------------------------------------------


@in_virtual_time
async def test_two_legs_that_are_joined_hear_each_other_and_nothing_else() -> None:
    bench = Bench()
    first, _ = bench.incoming()
    bench.calls.answer(first)
    bench.calls.play(first, [SILENCE], repeat=True)
    other, phone = bench.outgoing(first.call)
    bench.line.picks_up(phone)
    bench.calls.join(first, other)
    assert bench.sound.rows[first.id].heard == other.id
    assert bench.sound.rows[other.id].heard == first.id
    assert bench.sound.rows[first.id].play is None
    assert (first.joined, other.joined) == (other, first)


@in_virtual_time
async def test_joining_another_parts_from_the_one_before() -> None:
    bench = Bench()
    first, _, other, _ = bench.talking()
    third, phone = bench.outgoing(first.call)
    bench.line.picks_up(phone)
    bench.calls.join(first, third)
    assert other.joined is None
    assert bench.sound.rows[other.id].heard is None
    assert (first.joined, third.joined) == (third, first)
    bench.calls.part(first)
    bench.calls.part(first)
    assert first.joined is third.joined is None


@pytest.mark.parametrize("who", ["caller", "phone"])
def test_when_one_side_goes_the_other_hears_nobody_and_stays(who: str) -> None:
    @in_virtual_time
    async def story() -> None:
        bench = Bench()
        first, caller, other, phone = bench.talking()
        bench.line.hangs_up(caller if who == "caller" else phone)
        left, gone = (other, first) if who == "caller" else (first, other)
        assert (left.alive, gone.alive, left.joined) == (True, False, None)
        assert bench.sound.rows[left.id].heard is None
        bench.calls.end(first.call)
        bench.nothing_is_left()

    story()


@in_virtual_time
async def test_what_is_played_is_told_to_be_over_whole_or_cut() -> None:
    bench = Bench()
    leg, _ = bench.incoming()
    bench.calls.answer(leg)
    whole = bench.calls.play(leg, [SILENCE])
    await asyncio.sleep(1.1)
    cut = bench.calls.play(leg, [SILENCE])
    bench.calls.stop_play(leg)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert bench.heard.said[1:] == [f"played {whole} whole", f"played {cut} cut"]


def test_one_way_audio_is_told_of_a_leg_that_is_there() -> None:
    @in_virtual_time
    async def story() -> None:
        bench = Bench()
        first, _, _, _ = bench.talking()
        bench.heard.said.clear()
        bench.calls.sounded(LegOneWay(first.id, "no packets"))
        bench.calls.sounded(LegOneWay(LegId(999), "only silence"))
        assert bench.heard.said == [f"one way {first.number} no packets"]

    story()


@in_virtual_time
async def test_who_has_picked_up_is_told_also_of_a_leg_that_is_gone() -> None:
    bench = Bench()
    first, caller, _, _ = bench.talking()
    bench.heard.said.clear()
    bench.calls.judge(first, RULE)
    await asyncio.sleep(0.1)
    bench.sound.verdict = Verdict("machine", "greeting", 2.4)
    bench.calls.judge(first, RULE)
    bench.line.hangs_up(caller)
    await asyncio.sleep(0.1)
    judged = [words for words in bench.heard.said if words.startswith("judged")]
    assert judged == [f"judged {first.id} human short", f"judged {first.id} unsure gone"]


@in_virtual_time
async def test_keys_come_by_sound_and_by_info_alike() -> None:
    bench = Bench()
    leg, dialog = bench.incoming()
    bench.calls.answer(leg)
    bench.sound.keys(leg.id, "1")
    bench.line.key(dialog, "#")
    bench.sound.keys(LegId(999), "2")
    await asyncio.sleep(0)
    assert bench.heard.said[1:] == ["key 13800138000 1", "key 13800138000 #"]


@in_virtual_time
async def test_a_recording_has_the_caller_left_and_is_told_when_closed() -> None:
    bench = Bench()
    first, _, other, _ = bench.talking()
    bench.calls.record(RecordingId("r1"), Path("r1.wav"), first, other)
    bench.calls.record(RecordingId("r2"), Path("r2.wav"), first, None)
    bench.calls.stop_recording(RecordingId("r1"))
    await asyncio.sleep(0)
    assert [(take.caller, take.other) for take in bench.sound.takes] == [(first.id, other.id), (first.id, None)]
    assert [closed.recording for closed in bench.heard.recordings] == ["r1"]


@in_virtual_time
async def test_silence_of_a_leg_is_told_and_remembered_for_a_while() -> None:
    bench = Bench()
    leg, _ = bench.incoming()
    bench.calls.sounded(LegSilent(leg.id, 10))
    bench.calls.sounded(LegSilent(LegId(99), 10))
    assert bench.heard.said[1:] == ["silent 13800138000 10"]
    assert bench.calls.silent_for(leg) == 10
    bench.clock.move(5)
    assert bench.calls.silent_for(leg) == 15
    bench.clock.move(30)
    assert bench.calls.silent_for(leg) == 0, "it would have been told again"


# ---- changed in the middle ------------------------------------------------------------------------------


@in_virtual_time
async def test_hold_is_answered_with_what_follows_from_it_and_a_higher_version() -> None:
    bench = Bench()
    first, caller, _, _ = bench.talking()
    versions = [version(caller)]
    bench.line.offers_anew(caller, HOLD)
    audio = bench.sound.rows[first.id].audio
    assert audio is not None
    assert audio.direction == "recvonly"
    assert caller.sdp is not None
    assert b"a=recvonly" in caller.sdp
    versions.append(version(caller))
    bench.line.offers_anew(caller, their_sdp(7100))
    versions.append(version(caller))
    assert bench.sound.rows[first.id].remote == ("192.0.2.7", 7100)
    assert versions == sorted(set(versions)), "RFC 3264 §8: every new description has a higher version"


def version(dialog: Dialog) -> int:
    assert dialog.sdp is not None
    origin = next(line for line in dialog.sdp.split(b"\r\n") if line.startswith(b"o="))
    return int(origin.split()[2])


@in_virtual_time
async def test_a_new_offer_that_cannot_be_used_is_refused_and_the_call_goes_on() -> None:
    bench = Bench()
    first, caller, _, _ = bench.talking()
    bench.line.offers_anew(caller, GSM_ONLY)
    assert caller.status == 488
    assert caller.up()
    assert bench.sound.rows[first.id].remote == ("192.0.2.7", 7000)


@in_virtual_time
async def test_who_asks_us_to_offer_anew_is_connected_by_the_ack() -> None:
    bench = Bench()
    first, caller, _, _ = bench.talking()
    bench.line.offers_anew(caller, None)
    bench.line.acknowledges(caller)
    assert first.agreed is not None
    assert caller.up()


# ---- what concerns all ----------------------------------------------------------------------------------


@in_virtual_time
async def test_phones_and_trunks_are_passed_on() -> None:
    bench = Bench()
    bench.calls.signalled(Registered(ExtensionNumber("1001"), True))
    bench.calls.signalled(TrunkSeen(TrunkName("out"), "down", "503"))
    assert bench.heard.said == ["phone 1001 True", "trunk out down 503"]


@in_virtual_time
async def test_a_fault_in_one_call_ends_that_call_only_and_says_so() -> None:
    bench = Bench()
    _, other_dialog = bench.incoming()
    first, caller = bench.incoming()
    bench.calls.answer(first)
    _, phone = bench.outgoing(first.call)
    bench.heard.fails_at = "answered"
    bench.line.picks_up(phone)
    assert caller.over()
    assert phone.over()
    assert bench.heard.said[-1] == "gone 13800138000 fault"
    assert other_dialog.state == "arriving"
    assert bench.calls.count() == 1


@in_virtual_time
async def test_a_fault_while_a_call_arrives_ends_it_too() -> None:
    bench = Bench()
    bench.heard.fails_at = "arrived"
    dialog = bench.line.calls_in("138", "1")
    assert dialog.over()
    bench.nothing_is_left()


@in_virtual_time
async def test_the_address_in_sdp_is_the_one_that_the_configuration_names() -> None:
    bench = Bench()
    calls = Calls(
        clock=VirtualClock(), chance=random.Random(1), sip=bench.line, media=bench.sound, rtp_address="198.51.100.9"
    )
    calls.listener = bench.heard
    bench.line.tell = calls.signalled
    leg, dialog = bench.incoming()
    calls.answer(leg)
    assert dialog.sdp is not None
    assert b"c=IN IP4 198.51.100.9" in dialog.sdp
    calls.dial(PHONE, call=None, caller="1")
    assert b"c=IN IP4 198.51.100.9" in (bench.line.dialogs[-1].sdp or b"")


@pytest.mark.parametrize(
    ("spoken", "offered"),
    [
        (("PCMA", "PCMU", "G722", "opus", "G729"), ["G722", "PCMA", "opus"]),
        (("PCMA", "PCMU", "opus"), ["PCMA", "opus"]),
        (("PCMA", "PCMU"), ["PCMA"]),
    ],
    ids=["all", "no G.722 on this machine", "G.711 only"],
)
@in_virtual_time
async def test_a_phone_is_offered_what_its_setting_and_this_machine_have(
    spoken: tuple[Codec, ...], offered: list[Codec]
) -> None:
    bench = Bench()
    calls = Calls(
        clock=VirtualClock(), chance=random.Random(1), sip=bench.line, media=bench.sound, rtp_address="auto",
        codecs=spoken,
    )  # fmt: skip
    calls.listener = bench.heard
    calls.configure(
        Site(extensions=(Extension(number=PHONE.number, password=Secret("x"), codecs=("G722", "PCMA", "opus")),))
    )
    calls.dial(PHONE, call=None, caller="1")
    medium = sdp.parse(bench.line.dialogs[-1].sdp or b"").audio
    assert medium is not None
    names = [name for _, name, _ in medium.codecs if name != "TELEPHONE-EVENT"]
    assert names == [name.upper() for name in offered]


@pytest.mark.parametrize(
    ("caller", "other", "gets"),
    [
        ("trunk", "extension", (True, False)),
        ("extension", "trunk", (False, True)),
        ("extension", "extension", (True, True)),
        ("trunk", "trunk", (True, True)),
    ],
)
def test_keys_go_to_trunks_and_between_phones_but_not_from_a_caller_to_an_agent(
    caller: str, other: str, gets: tuple[bool, bool]
) -> None:
    @in_virtual_time
    async def story() -> None:
        bench = Bench()
        bench.line.trunks.add(TrunkName("gateway"))
        bench.line.calls_in("1002", "1001", extension="1002" if caller == "extension" else None)
        call = bench.heard.calls[-1]
        bench.calls.answer(call.first)
        to = PHONE if other == "extension" else ToTrunk(TrunkName("gateway"), "95588")
        leg = bench.calls.dial(to, call=call, caller="1002")
        bench.line.picks_up(bench.line.dialogs[-1])
        bench.calls.join(call.first, leg)
        assert (bench.sound.rows[call.first.id].gets_keys, bench.sound.rows[leg.id].gets_keys) == gets
        bench.calls.part(leg)
        assert not bench.sound.rows[leg.id].gets_keys

    story()
