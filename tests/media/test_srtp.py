"""Sealed sound against the standard's own examples, against libsrtp, and against strangers (RFC 3711, 6188, 7714)."""

from __future__ import annotations

import random
import struct

import numpy as np
import pylibsrtp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from callcenterd.media import srtp
from callcenterd.media.sdes import SUITES, Key, Seal, Suite
from callcenterd.media.srtp import Inbound, Outbound, Seals

ROOM = 512
RTP = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
RTCP = bytes.fromhex("81c8000bcafebabe") + b"\xab" * 16
MASTER = Key(bytes.fromhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6"))
LIBSRTP: dict[Suite, int] = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": pylibsrtp.Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
suites = pytest.mark.parametrize("suite", SUITES)
foreign = pytest.mark.parametrize("suite", LIBSRTP)


def key_for(suite: Suite, seed: int = 1) -> Key:
    sizes = SUITES[suite]
    return Key(random.Random(seed).randbytes(sizes.key + sizes.salt))


def packet(sequence: int, ssrc: int = 77, sound: bytes = b"\xd5" * 160, first: int = 0x80, more: bytes = b"") -> bytes:
    return struct.pack("!BBHII", first, 8, sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc) + more + sound


def sealed(ours: Outbound, octets: bytes) -> bytes:
    room = np.zeros(ROOM, np.uint8)
    room[: len(octets)] = np.frombuffer(octets, np.uint8)
    return room[: ours.seal(room.data, room.ctypes.data, len(octets))].tobytes()


def opened(theirs: Inbound, octets: bytes) -> bytes | int | None:
    """What it was; -1 if the seal is wrong, None if it came before. What is refused is left as it was."""
    room = np.zeros(ROOM, np.uint8)
    room[: len(octets)] = np.frombuffer(octets, np.uint8)
    length = theirs.open(room.data, room.ctypes.data, len(octets))
    if length is None or length < 0:
        assert room[: len(octets)].tobytes() == octets
        return length
    return room[:length].tobytes()


# ---- the standard's and others' examples -------------------------------------------------------------------------


def test_the_example_of_libsrtp_for_sound_and_reports() -> None:
    """Its keys are those of RFC 3711 appendix B.3, so its packets prove the derivation of all six keys."""
    cipher = "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
    ours = Outbound("AES_CM_128_HMAC_SHA1_80", MASTER)
    assert sealed(ours, RTP).hex() == cipher
    assert opened(Inbound("AES_CM_128_HMAC_SHA1_80", MASTER), bytes.fromhex(cipher)) == RTP
    ours.seal_report(RTCP)  # the example is of index 1
    report = "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798"
    assert ours.seal_report(RTCP).hex() == report
    assert Inbound("AES_CM_128_HMAC_SHA1_80", MASTER).open_report(bytes.fromhex(report)) == RTCP


def test_the_example_of_libsrtp_for_256_bits() -> None:
    """Keys and first packet of its test of RFC 6188."""
    master = Key(
        bytes.fromhex("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b63b04803de51ee7c96423ab5b78d2")
    )
    cipher = "800f1234decafbadcafebabef1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b"
    assert sealed(Outbound("AES_256_CM_HMAC_SHA1_80", master), RTP).hex() == cipher


def test_the_example_of_libsrtp_for_gcm() -> None:
    master = Key(bytes(range(16)) + bytes(range(0xA0, 0xAC)))
    cipher = "800f1234decafbadcafebabec5002ede04cfdd2eb91159e0880aa06ed2976826f796b201df3131a127e8a392"
    assert sealed(Outbound("AEAD_AES_128_GCM", master), RTP).hex() == cipher


# ---- both ways with libsrtp --------------------------------------------------------------------------------------


def libsrtp(suite: Suite, key: bytes, *, inbound: bool) -> pylibsrtp.Session:
    policy = pylibsrtp.Policy(
        key=key,
        ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND,
        srtp_profile=LIBSRTP[suite],
    )
    policy.window_size = 128
    return pylibsrtp.Session(policy=policy)


@foreign
@settings(max_examples=40, deadline=None)
@given(
    start=st.integers(0, 0x7FFF),
    sounds=st.lists(st.binary(max_size=200), min_size=1, max_size=8),
    sources=st.integers(0, 3),
    extension=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_what_we_seal_libsrtp_opens_and_the_other_way_round(
    suite: Suite, start: int, sounds: list[bytes], sources: int, extension: bool, seed: int
) -> None:
    key, first = key_for(suite, seed), 0x80 | sources | (0x10 if extension else 0)
    more = b"\1\2\3\4" * sources + (struct.pack("!HH", 0xBEDE, 1) + b"abcd" if extension else b"")
    ours, theirs = Outbound(suite, key), Inbound(suite, key)
    opens, seals = libsrtp(suite, key, inbound=True), libsrtp(suite, key, inbound=False)
    for n, sound in enumerate(sounds):
        plain = packet(start + n, sound=sound, first=first, more=more)
        assert opens.unprotect(sealed(ours, plain)) == plain
        assert opened(theirs, seals.protect(plain)) == plain
        report = RTCP[:8] + sound.ljust(len(sound) + -len(sound) % 4, b"\0")
        assert opens.unprotect_rtcp(ours.seal_report(report)) == report
        assert theirs.open_report(seals.protect_rtcp(report)) == report


@foreign
def test_the_counter_that_rolls_over_is_the_same_as_libsrtps(suite: Suite) -> None:
    """70,000 packets, more than 23 minutes of sound."""
    key = key_for(suite)
    ours, theirs = Outbound(suite, key), Inbound(suite, key)
    opens, seals = libsrtp(suite, key, inbound=True), libsrtp(suite, key, inbound=False)
    for n in range(32000, 32000 + 70_000):
        plain = packet(n, sound=b"x")
        there, here = sealed(ours, plain), seals.protect(plain)
        assert there == here
        if n % 64 == 0 or n & 0xFFFF in (0, 0xFFFF):
            assert opens.unprotect(there) == plain
            assert opened(theirs, here) == plain


# ---- strangers, losses, repetitions ------------------------------------------------------------------------------


@suites
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_changed_octet_gets_through(suite: Suite, data: st.DataObject) -> None:
    key = key_for(suite)
    whole = sealed(Outbound(suite, key), packet(1))
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    theirs = Inbound(suite, key)
    assert opened(theirs, bytes(changed)) == -1
    assert opened(theirs, whole[: data.draw(st.integers(0, len(whole) - 1))].ljust(2, b"\0")) == -1
    assert opened(theirs, whole) == packet(1)


@suites
@given(octets=st.binary(max_size=ROOM))
@settings(max_examples=60, deadline=None)
def test_no_octets_do_more_than_be_refused(suite: Suite, octets: bytes) -> None:
    theirs = Inbound(suite, key_for(suite))
    assert opened(theirs, octets.ljust(2, b"\0")) == -1
    assert theirs.open_report(octets) is None


@suites
@given(
    order=st.lists(st.integers(0, 400), min_size=1, max_size=80),
    start=st.sampled_from([0, 30_000, 32_767, 65_000, 65_500]),
)
@settings(max_examples=80, deadline=None)
def test_each_packet_is_opened_once_in_whatever_order_it_comes(suite: Suite, order: list[int], start: int) -> None:
    """Against the plain rule: new, and less than WINDOW behind the highest so far."""
    key = key_for(suite)
    ours, theirs = Outbound(suite, key), Inbound(suite, key)
    packets = {n: sealed(ours, packet(start + n, sound=b"sound")) for n in range(401)}
    assert opened(theirs, packets[0]) is not None  # where the stream begins is agreed by its first packet
    seen, highest = {0}, 0
    for n in order:
        fresh = n not in seen and highest - n < srtp.WINDOW
        assert opened(theirs, packets[n]) == (packet(start + n, sound=b"sound") if fresh else None)
        if fresh:
            seen.add(n)
            highest = max(highest, n)


def test_reports_that_come_twice_or_are_not_encrypted_are_refused() -> None:
    suite: Suite = "AES_CM_128_HMAC_SHA1_80"
    ours, theirs = Outbound(suite, key_for(suite)), Inbound(suite, key_for(suite))
    first, second = ours.seal_report(RTCP), ours.seal_report(RTCP)
    assert [theirs.open_report(one) for one in (second, first, first, second)] == [RTCP, RTCP, None, None]
    assert theirs.open_report(RTCP + bytes(14)) is None


def test_whose_first_packets_were_lost_is_understood_beyond_the_wrap() -> None:
    suite: Suite = "AES_CM_128_HMAC_SHA1_80"
    ours, theirs = Outbound(suite, key_for(suite)), Inbound(suite, key_for(suite))
    packets = [sealed(ours, packet(65_530 + n)) for n in range(20)]
    assert [opened(theirs, one) for one in packets[10:]] == [packet(65_530 + n) for n in range(10, 20)]


def test_a_stream_that_was_not_heard_for_ten_minutes_is_understood_again() -> None:
    suite: Suite = "AES_CM_128_HMAC_SHA1_80"
    ours, theirs = Outbound(suite, key_for(suite)), Inbound(suite, key_for(suite))
    for n in range(100):
        assert opened(theirs, sealed(ours, packet(n))) == packet(n)
    later = [sealed(ours, packet(n)) for n in range(100, 40_200)]  # 802 s
    heard = [opened(theirs, one) for one in later[-100:]]
    assert heard[0] == -1  # its counter seems to have gone back
    assert heard[srtp.LOST_COUNT :] == [packet(n) for n in range(40_100 + srtp.LOST_COUNT, 40_200)]


def test_packets_of_an_earlier_ssrc_do_not_come_twice_after_a_change() -> None:
    suite: Suite = "AEAD_AES_256_GCM"
    key = key_for(suite)
    theirs, streams = Inbound(suite, key), [Outbound(suite, key) for _ in range(2)]
    one, other = [sealed(ours, packet(5, ssrc=ssrc)) for ssrc, ours in enumerate(streams)]
    assert opened(theirs, one) == packet(5, ssrc=0)
    assert opened(theirs, other) == packet(5, ssrc=1)
    assert opened(theirs, one) is None
    assert opened(theirs, other) is None


def test_nothing_is_sealed_twice_under_one_number() -> None:
    """Two texts under one key stream would give both away (RFC 3711 §9.1)."""
    ours = Outbound("AES_CM_128_HMAC_SHA1_80", key_for("AES_CM_128_HMAC_SHA1_80"))
    assert sealed(ours, packet(100))
    assert sealed(ours, packet(100, sound=b"other")) == b""
    assert sealed(ours, packet(99, sound=b"older")) == b""
    assert sealed(ours, packet(101))


# ---- rows --------------------------------------------------------------------------------------------------------


def _seal(ours: int = 1, theirs: int = 2, suite: Suite = "AES_CM_128_HMAC_SHA1_80") -> Seal:
    return Seal(suite, key_for(suite, ours), key_for(suite, theirs))


def _block(*datagrams: bytes) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    octets = np.zeros((len(datagrams), ROOM), np.uint8)
    for place, datagram in zip(octets, datagrams, strict=True):
        place[: len(datagram)] = np.frombuffer(datagram, np.uint8)
    return octets, np.array([len(datagram) for datagram in datagrams], np.int64)


def test_a_block_is_opened_in_place_and_only_its_sealed_rows_are_touched() -> None:
    seals, seal = Seals(4), _seal()
    assert not seals.agree(2, seal)
    theirs = Outbound(seal.suite, seal.theirs)
    good, again = sealed(theirs, packet(1)), sealed(theirs, packet(2))
    report = theirs.seal_report(RTCP)
    octets, lengths = _block(packet(9), good, b"\x80\x08" + bytes(170), again, again, report, b"x", b"")
    before = octets.copy()
    seals.unseal(np.array([0, 2, 2, 2, 2, 2, 2, 2]), octets, lengths)
    assert lengths.tolist() == [172, 172, -1, 172, -1, len(report), -1, -1]
    assert octets[1, :172].tobytes() == packet(1)
    assert octets[3, :172].tobytes() == packet(2)
    untouched = [0, 2, 4, 5, 6, 7]
    assert (octets[untouched] == before[untouched]).all()
    assert (seals.forged[2], seals.replayed[2]) == (3, 1)
    opens = seals.reports(2)
    assert opens is not None
    assert opens.open(report) == RTCP


def test_what_goes_out_is_sealed_while_it_is_sent_and_plain_again_afterwards() -> None:
    seals, seal = Seals(3), _seal()
    seals.agree(1, seal)
    packets, _ = _block(packet(7), packet(7, ssrc=5), packet(8))
    before = packets.copy()
    rows, plain = np.array([0, 1]), np.array([172, 172])
    with seals.sealed_for_sending(packets, rows, plain) as (send, lengths):
        assert (send.tolist(), lengths.tolist(), plain.tolist()) == ([0, 1], [172, 182], [172, 172])
        assert packets[0].tobytes() == before[0].tobytes()
        assert opened(Inbound(seal.suite, seal.ours), packets[1, :182].tobytes()) == packet(7, ssrc=5)
    assert (packets == before).all()
    with seals.sealed_for_sending(packets, rows, plain) as (send, lengths):  # the same number once more
        assert (send.tolist(), lengths.tolist()) == ([0], [172])


def test_sixty_milliseconds_fit_with_the_longest_tag() -> None:
    seals, seal = Seals(1), _seal(suite="AEAD_AES_256_GCM")
    seals.agree(0, seal)
    long = packet(1, sound=bytes(480))
    packets, _ = _block(long)
    with seals.sealed_for_sending(packets, np.array([0]), np.array([len(long)])) as (_, lengths):
        assert lengths.tolist() == [len(long) + 16]


def test_a_key_that_stays_goes_on_counting_and_one_that_changes_opens_what_was_under_way() -> None:
    seals, first, then = Seals(1), _seal(1, 2), _seal(1, 3)
    seals.agree(0, first)
    old, new = Outbound(first.suite, first.theirs), Outbound(then.suite, then.theirs)

    def open_(octets: bytes) -> int:
        block, lengths = _block(octets)
        seals.unseal(np.zeros(1, np.intp), block, lengths)
        return int(lengths[0])

    before = sealed(old, packet(1))
    assert open_(before) == 172
    assert not seals.agree(0, first)
    assert open_(before) == -1  # a hold lets no packet come a second time
    assert not seals.agree(0, then)  # ours is the same: our stream goes on
    late = sealed(old, packet(2))
    assert open_(sealed(new, packet(3))) == 172
    assert open_(late) == 172
    for n in range(srtp.FORMER):
        assert open_(sealed(new, packet(4 + n))) == 172
    assert open_(sealed(old, packet(5))) == -1
    assert seals.agree(0, _seal(4, 3))  # our key is another: our stream must begin anew


@pytest.mark.parametrize("goes_on", [True, False], ids=["by RFC 3711", "from 0, as many phones do"])
def test_a_new_key_after_the_counter_rolled_over_is_understood(goes_on: bool) -> None:
    seals, first, then = Seals(1), _seal(1, 2), _seal(1, 3)
    seals.agree(0, first)
    old, new = Outbound(first.suite, first.theirs), Outbound(then.suite, then.theirs)
    block, lengths = _block(*(sealed(old, packet(n)) for n in range(65_000, 65_600)))
    seals.unseal(np.zeros(len(lengths), np.intp), block, lengths)
    assert (lengths == 172).all()
    seals.agree(0, then)
    if goes_on:  # its counter is one: as if it had sent so many under the new key
        for n in range(65_530, 65_600):
            sealed(new, packet(n))
    block, lengths = _block(sealed(new, packet(65_600)))
    seals.unseal(np.zeros(1, np.intp), block, lengths)
    assert lengths.tolist() == [172]


def test_a_row_without_keys_is_plain_again() -> None:
    seals = Seals(1)
    seals.agree(0, _seal())
    assert len(seals) == 1
    assert not seals.agree(0, None)
    assert len(seals) == 0
    assert not seals.sealed.any()
    assert seals.reports(0) is None
