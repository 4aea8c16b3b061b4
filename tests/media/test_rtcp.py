"""RTCP compounds: what is written reads back, what a stranger sends is refused and nothing more."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenterd.media import rtcp
from callcenterd.media.rtcp import Block, Compound, MalformedRtcp, Report, Sending, parse, write

WORD = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.builds(
    Block,
    ssrc=WORD,
    fraction=st.integers(0, 255),
    lost=st.integers(-0x800000, 0x7FFFFF),
    highest=WORD,
    jitter=WORD,
    last=WORD,
    since=WORD,
)
SENDINGS = st.builds(Sending, ntp=st.integers(0, (1 << 64) - 1), timestamp=WORD, packets=WORD, octets=WORD)
REPORTS = st.builds(Report, ssrc=WORD, blocks=st.lists(BLOCKS, max_size=31).map(tuple), sending=st.none() | SENDINGS)


@given(REPORTS, st.text(max_size=60), st.booleans())
def test_what_is_written_reads_back_the_same(report: Report, cname: str, leaving: bool) -> None:
    name = cname.encode("utf-8", "replace").decode()
    assert parse(write(report, name, leaving=leaving)) == Compound((report,), name, (report.ssrc,) if leaving else ())


def test_a_known_compound() -> None:
    """A sender report and a description by hand, field by field (§6.4.1, §6.5)."""
    octets = bytes.fromhex(
        "81c8000c" "0badcafe" "e4a1b2c3d4e5f607" "00012345" "000003e8" "00027100"
        "deadbeef" "20fffffe" "0001fffe" "00000050" "b2c3d4e5" "00010000"
        "81ca0004" "0badcafe" "0107612e62406300" "00000000".replace(" ", "")
    )  # fmt: skip
    [report] = parse(octets).reports
    assert report.sending == Sending(0xE4A1B2C3D4E5F607, 0x12345, 1000, 160000)
    assert report.blocks == (Block(0xDEADBEEF, 32, -2, 0x1FFFE, 80, 0xB2C3D4E5, 65536),)
    assert rtcp.middle(report.sending.ntp) == 0xB2C3D4E5


GOOD = write(Report(7), "me@here")


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes.fromhex("80c90000"), id="R-31 four octets (AST-2017-008)"),
        pytest.param(b"\x9f\xc9\x00\x07" + bytes(28), id="R-31 31 blocks in a packet for one"),
        pytest.param(b"\x81\xc9\xff\xff" + bytes(28), id="a length past the end"),
        pytest.param(b"\x81\xca\x00\x03" + bytes(12), id="a description first"),
        pytest.param(b"\x81\xcb\x00\x01" + bytes(4), id="goodbye alone"),
        pytest.param(GOOD[:-1], id="cut off"),
        pytest.param(GOOD + b"\0\0\0\0", id="something behind it"),
        pytest.param(b"\x40" + GOOD[1:], id="version 1"),
        pytest.param(b"\x80\xc8\x00\x01" + bytes(4), id="a sender report without its sender's part"),
        pytest.param(b"\xa0\xc9\x00\x02" + bytes(4) + b"\0\0\0\0", id="padding of no octets"),
        pytest.param(b"\xa0\xc9\x00\x02" + bytes(4) + b"\0\0\0\xf0", id="more padding than packet"),
        pytest.param(b"\xa0\xc9\x00\x02" + bytes(4) + b"\0\0\0\4" + GOOD, id="padding before the last packet"),
        pytest.param(GOOD[:8] + b"\x81\xca\x00\x02" + bytes(4) + b"\1\xffab", id="a name past its packet"),
        pytest.param(GOOD[:8] + b"\x9f\xca\x00\x02" + bytes(4) + b"\1\2ab", id="31 descriptions in a packet for one"),
        pytest.param(GOOD[:8] + b"\x85\xcb\x00\x01" + bytes(4), id="goodbye of five in a packet for one"),
        pytest.param(GOOD + (b"\x80\xc9\x00\x01" + bytes(4)) * 40, id="forty packets"),
        pytest.param(GOOD[:8] + b"\x81\xca\xff\xff" + bytes(65532), id="R-31 a description of 64 kB"),
    ],
)
def test_what_is_no_compound_is_refused(octets: bytes) -> None:
    with pytest.raises(MalformedRtcp):
        parse(octets)


def test_packets_that_are_not_for_us_are_passed_over() -> None:
    """APP, feedback (RFC 4585) and extended reports (RFC 3611: VoIP metrics) between those that are."""
    others = b"".join(
        struct.pack("!BBHII", 0x80 | count, kind, 2, 7, 0) for count, kind in ((0, 204), (1, 205), (1, 206), (0, 207))
    )
    assert parse(GOOD[:8] + others + GOOD[8:]) == parse(GOOD)


def test_padding_at_the_end_is_taken_off() -> None:
    last = b"\xa1\xcb\x00\x03" + struct.pack("!I", 9) + bytes(7) + b"\x08"
    assert parse(GOOD + last).leaving == (9,)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: GOOD[:8] + rest))
@example(GOOD)
def test_no_octets_do_more_than_be_refused(octets: bytes) -> None:
    with contextlib.suppress(MalformedRtcp):
        parse(octets)


@given(st.floats(0, 4e6), st.floats(0, 9.9), st.floats(0, 60))
def test_a_round_trip_is_what_is_left_when_their_waiting_is_taken_off(at: float, trip: float, waited: float) -> None:
    asked = rtcp.middle(rtcp.ntp_of(at))
    assert rtcp.round_trip(at + waited + trip, asked, rtcp.delay_of(waited)) == pytest.approx(trip, abs=1e-3)


def test_an_answer_from_before_the_question_is_a_negative_round_trip() -> None:
    assert rtcp.round_trip(100.0, rtcp.middle(rtcp.ntp_of(101.0)), 0) == pytest.approx(-1.0, abs=1e-3)
