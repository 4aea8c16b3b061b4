"""Which codecs and which encryption a leg is offered, by its trunk's or extension's settings."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

import pytest
import structlog

from callcenterd.calls.call import Leg
from callcenterd.calls.control import Calls
from callcenterd.calls.terms import LegTerms
from callcenterd.errors import LocalError
from callcenterd.media import sdp
from callcenterd.media.sdes import OurKeys, Seal
from callcenterd.media.sdp import AudioFormat, Sealing, Terms
from callcenterd.model.ids import ExtensionNumber, TrunkName
from callcenterd.model.site import Codec, Encryption, Extension, Site, Trunk, TrunkEncryption
from callcenterd.sip.events import ToExtension, ToTrunk
from tests.calls.test_control import Heard
from tests.kit.office import in_virtual_time
from tests.kit.virtual import VirtualClock
from tests.kit.wire import THEIR_HOST, Dialog, Line, Sound

ALL: tuple[Codec, ...] = ("PCMA", "PCMU", "G722", "opus", "G729")
PHONE, OUT = ExtensionNumber("1001"), TrunkName("out")


@dataclass(frozen=True)
class Their:
    """What they speak, and the keys that they seal with."""

    keys: OurKeys
    codecs: tuple[Codec, ...] = ("PCMA", "PCMU")

    def offer(self, sealing: Sealing = "no") -> bytes:
        return sdp.offer(THEIR_HOST, 7000, Terms(self.codecs, sealing=sealing, keys=self.keys), session_id=1)

    def answers(self, offered: bytes | None, sealing: Sealing = "answered") -> bytes:
        assert offered is not None
        terms = Terms(self.codecs, sealing=sealing, keys=self.keys)
        return sdp.answer(sdp.parse(offered), THEIR_HOST, 7000, terms, session_id=1)[0]


def their(seed: int = 5, codecs: tuple[Codec, ...] = ("PCMA", "PCMU")) -> Their:
    return Their(OurKeys(random.Random(seed)), codecs)


class Room:
    def __init__(self, encryption: Encryption = "allowed", trunk: TrunkEncryption = "off") -> None:
        self.line, self.sound, self.heard = Line(), Sound(), Heard()
        self.line.phones.add(PHONE)
        self.line.trunks.add(OUT)
        self.calls = Calls(
            clock=VirtualClock(), chance=random.Random(1), sip=self.line, media=self.sound, rtp_address="auto"
        )
        self.calls.listener = self.heard
        self.line.tell, self.sound.tell = self.calls.signalled, self.calls.sounded
        self.set(encryption, trunk)

    def set(self, encryption: Encryption, trunk: TrunkEncryption = "off") -> None:
        self.calls.configure(
            Site(
                extensions=(Extension(number=PHONE, encryption=encryption),),
                trunks=(Trunk(name=OUT, host="192.0.2.1", encryption=trunk),),
            )
        )

    def calls_in(self, offer: bytes | None) -> Dialog:
        return self.line.calls_in("1001", "1002", extension=PHONE, offer=offer)

    def answered(self, offer: bytes | None) -> tuple[Leg, Dialog]:
        dialog = self.calls_in(offer)
        leg = self.heard.calls[-1].first
        self.calls.answer(leg)
        return leg, dialog

    def dialled(self, *, trunk: bool = False) -> tuple[Leg, Dialog]:
        to = ToTrunk(OUT, "2") if trunk else ToExtension(PHONE)
        return self.calls.dial(to, call=None, caller="1"), self.line.dialogs[-1]

    def audio(self, leg: Leg) -> AudioFormat:
        audio = self.sound.rows[leg.id].audio
        assert audio is not None
        return audio

    def seal(self, leg: Leg) -> Seal | None:
        return self.audio(leg).seal


def protocol(body: bytes | None) -> str:
    assert body is not None
    return sdp.parse(body).media[0].protocol + (" with keys" if sdp.parse(body).media[0].crypto else "")


@in_virtual_time
@pytest.mark.parametrize(
    ("encryption", "offers", "sealed"),
    [
        ("off", "no", False), ("off", "preferred", False), ("off", "required", None),
        ("allowed", "no", False), ("allowed", "preferred", True), ("allowed", "required", True),
        ("required", "no", None), ("required", "preferred", True), ("required", "required", True),
    ],
)  # fmt: skip
async def test_what_a_phone_offers_is_answered_by_its_setting(
    encryption: Encryption, offers: Sealing, sealed: bool | None
) -> None:
    room = Room(encryption)
    if sealed is None:
        dialog = room.calls_in(their().offer(offers))
        assert (dialog.status, room.heard.calls, room.sound.rows) == (488, [], {})
        return
    leg, dialog = room.answered(their().offer(offers))
    seal = room.seal(leg)
    assert (seal is not None) is sealed
    if seal is not None:
        assert dialog.sdp is not None
        assert seal.theirs == their().keys.of(seal.suite)
        assert base64.b64encode(seal.ours) in dialog.sdp


@in_virtual_time
@pytest.mark.parametrize(
    ("encryption", "secure", "offered"),
    [
        ("off", True, "RTP/AVP"),
        ("allowed", False, "RTP/AVP"),
        ("allowed", True, "RTP/AVP with keys"),
        ("required", False, "RTP/SAVP with keys"),
        ("required", True, "RTP/SAVP with keys"),
    ],
)
async def test_what_a_phone_is_offered_by_its_setting_and_by_how_it_registered(
    encryption: Encryption, secure: bool, offered: str
) -> None:
    room = Room(encryption)
    room.line.secure = secure
    leg, dialog = room.dialled()
    assert protocol(dialog.sdp) == offered
    room.line.picks_up(dialog, their().answers(dialog.sdp))
    assert (room.seal(leg) is not None) is ("keys" in offered)


@in_virtual_time
async def test_a_phone_that_does_not_seal_what_must_be_sealed_is_not_spoken_with() -> None:
    room = Room("required")
    _, dialog = room.dialled()
    room.line.picks_up(dialog, their().offer())
    assert dialog.over()
    assert room.heard.said[-1] == "refused 1001 failed 488"
    assert room.sound.rows == {}


@in_virtual_time
async def test_a_trunk_is_sealed_only_if_it_is_set_so() -> None:
    room = Room(trunk="required")
    _, dialog = room.dialled(trunk=True)
    assert protocol(dialog.sdp) == "RTP/SAVP with keys"
    room.set("allowed", "off")
    _, dialog = room.dialled(trunk=True)
    assert protocol(dialog.sdp) == "RTP/AVP"
    assert room.line.calls_in("1", "2", trunk="out", offer=their().offer("required")).status == 488


@in_virtual_time
async def test_a_hold_keeps_both_keys_and_a_new_key_of_theirs_brings_one_of_ours() -> None:
    room = Room()
    leg, dialog = room.answered(their().offer("required"))
    first = room.seal(leg)
    assert first is not None
    room.line.offers_anew(dialog, their().offer("required").replace(b"a=sendrecv", b"a=sendonly"))
    assert leg.holds
    assert room.seal(leg) == first
    room.line.offers_anew(dialog, their(6).offer("required"))
    then = room.seal(leg)
    assert then is not None
    assert then.theirs == their(6).keys.of(then.suite)
    assert then.ours != first.ours
    room.line.offers_anew(dialog, their(6).offer("required"))
    assert room.seal(leg) == then


@in_virtual_time
async def test_we_describe_a_sealed_leg_anew_as_sealed_with_the_same_key() -> None:
    """A re-INVITE without SDP (RFC 3261 §14.2), from a phone that we would not have offered encryption to."""
    room = Room()
    leg, dialog = room.answered(their().offer("required"))
    first = room.seal(leg)
    assert first is not None
    room.line.offers_anew(dialog, None)
    assert protocol(dialog.sdp) == "RTP/SAVP with keys"
    room.line.acknowledges(dialog, their(6).answers(dialog.sdp))
    then = room.seal(leg)
    assert then is not None
    assert then.ours == first.ours
    assert then.theirs == their(6).keys.of(then.suite)


@in_virtual_time
async def test_who_leaves_the_offer_to_us_is_sealed_if_it_must_be() -> None:
    room = Room("required")
    leg, dialog = room.answered(None)
    assert protocol(dialog.sdp) == "RTP/SAVP with keys"
    room.line.acknowledges(dialog, their().answers(dialog.sdp))
    assert room.seal(leg) is not None


@in_virtual_time
@pytest.mark.parametrize(("before", "after", "offers"), [("allowed", "required", "no"), ("allowed", "off", "required")])
async def test_a_setting_that_is_changed_ends_no_call(before: Encryption, after: Encryption, offers: Sealing) -> None:
    room = Room(before)
    leg, dialog = room.answered(their().offer(offers))
    seal = room.seal(leg)
    room.set(after)
    room.line.offers_anew(dialog, their().offer(offers).replace(b"a=sendrecv", b"a=sendonly"))
    assert leg.holds
    assert (room.seal(leg), dialog.status) == (seal, None)


@in_virtual_time
async def test_keys_that_anybody_on_the_way_can_read_are_told_once_for_each_phone_and_none_is_logged() -> None:
    room = Room()
    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            room.answered(their().offer("required"))
        room.line.secure = True
        room.answered(their().offer("required"))
    told = [line for line in lines if line["log_level"] == "warning"]
    assert [(line["event"], line["who"]) for line in told] == [
        ("keys of encrypted sound can be read on the way: use TLS", "1001")
    ]
    assert "inline" not in str(lines)


# ---- codecs ------------------------------------------------------------------------------------------------------


def terms_of(extension: tuple[Codec, ...], spoken: tuple[Codec, ...] = ALL, *, can_seal: bool = True) -> LegTerms:
    terms = LegTerms(random.Random(1), can_seal=can_seal, spoken=spoken)
    phone = Extension(number=PHONE, codecs=extension, encryption="required" if not can_seal else "allowed")
    terms.configure(Site(extensions=(phone,), trunks=(Trunk(name=OUT, host="192.0.2.1", codecs=("G729", "PCMU")),)))
    return terms


def test_codecs_are_those_of_the_setting_that_this_machine_speaks() -> None:
    assert terms_of(("opus", "G722", "PCMA")).towards(None, PHONE).codecs == ("opus", "G722", "PCMA")
    assert terms_of(("opus", "G722", "PCMA"), ("PCMA", "PCMU")).towards(None, PHONE).codecs == ("PCMA",)
    assert terms_of(("opus",), ("PCMA", "PCMU")).towards(None, PHONE).codecs == ("PCMA", "PCMU")


def test_g729_is_named_last_and_taken_from_who_offers_it_where_it_can_be_understood() -> None:
    assert terms_of(("PCMA",)).towards(OUT, None).codecs == ("PCMU", "G729")
    assert terms_of(("PCMA",)).towards(None, PHONE).taken == ("G729",)
    assert terms_of(("PCMA",), ("PCMA", "PCMU")).towards(OUT, None) == Terms(("PCMU",))


def test_sound_that_must_be_sealed_where_nothing_can_be_is_no_call() -> None:
    with pytest.raises(LocalError, match="SRTP"):
        terms_of(("PCMA",), can_seal=False).towards(None, PHONE)


@in_virtual_time
async def test_what_somebody_in_the_call_speaks_already_comes_first_and_a_hold_changes_no_codec() -> None:
    room = Room()
    site = Site(extensions=(Extension(number=PHONE),))
    first, _ = room.answered(their().offer())
    first.agreed = sdp.Agreed(("192.0.2.7", 7000), AudioFormat(payload_type=9, codec="G722"))
    terms = LegTerms(random.Random(1), can_seal=True, spoken=ALL)
    terms.configure(site)
    assert terms.towards(None, PHONE).codecs == ("PCMA", "PCMU", "G722", "opus")
    assert terms.towards(None, PHONE, first.call).codecs == ("G722", "PCMA", "PCMU", "opus")
    assert terms.of(first).codecs == ("G722", "PCMA", "PCMU", "opus")
    first.agreed = sdp.Agreed(("192.0.2.7", 7000), AudioFormat(payload_type=0, codec="PCMU"))
    assert terms.towards(None, PHONE, first.call).codecs == ("PCMA", "PCMU", "G722", "opus")
    assert terms.of(first).codecs == ("PCMU", "PCMA", "G722", "opus")
