"""What goes over the pipe comes out the same, and nothing else is believed."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.webrtc import wire
from callcenterd.media.webrtc.wire import MalformedMessage

MESSAGES: list[wire.Message] = [
    wire.Bind(20000, 39999),
    wire.Open("p", "v=0\r\n中", ["192.0.2.1"]),
    wire.Talk("p", 20000),
    wire.Hush("p"),
    wire.Close("p"),
    wire.Started(39999),
    wire.Answered("p", "v=0", 50000, None),
    wire.Declined("p", "no PCMA"),
    wire.Up("p"),
    wire.Quiet("p", 3.0),
    wire.Heard("p"),
    wire.Lost("p", "gone"),
    wire.Figures(1, 2.5, 3, 4),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_what_is_written_reads_back_the_same(message: wire.Message) -> None:
    octets = wire.encode(message)
    assert wire.size(octets[: wire.HEAD]) == len(octets) - wire.HEAD
    assert wire.decode(octets[wire.HEAD :]) == message


@given(st.binary(max_size=100) | st.from_regex(rb'\{"kind": ?"(Up|Talk|Open)"[^}]{0,30}\}', fullmatch=True))
def test_no_octets_do_more_than_be_refused(octets: bytes) -> None:
    with contextlib.suppress(MalformedMessage):
        wire.decode(octets)


def test_a_message_has_a_most() -> None:
    with pytest.raises(MalformedMessage):
        wire.size(struct.pack(">I", wire.MOST_OCTETS + 1))
    with pytest.raises(MalformedMessage):
        wire.encode(wire.Open("p", "x" * wire.MOST_OCTETS, []))
