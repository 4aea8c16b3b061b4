"""The fuzzer's targets without the fuzzer: the whole corpus again, and the same changed here and there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.corpus import cost, inputs, seeds
from tests.fuzz.targets import LONGEST_INPUT, MOST_SECONDS, TARGETS

CORPUS = [pytest.param(name, path, id=f"{name}-{path.name}") for name in TARGETS for path in inputs(name)]
PIECES = [
    b"\x00", b"\r\n", b"\n", b"\r", b" ", b"\t", b'"', b"<", b">", b",", b";", b":", b"@", b"%00", b"%", b"\\", b"\xff",
    b"z9hG4bK", b"99999999999999999999", b"-1", b"0", b"sip:", b"tel:+1", b";tag=", b"[::1]", b";lr", b"?", b"*", b"=",
    b"\r\n ", b"m=", b"a=", b"NONCE", b"\r\n\r\n", b"Content-Length: ", b"\n~~\n",
]  # fmt: skip


@pytest.mark.parametrize(("name", "path"), CORPUS)
def test_every_input_that_was_kept_is_survived_within_a_tick(name: str, path: Path) -> None:
    assert cost(TARGETS[name], path.read_bytes()) < MOST_SECONDS


@pytest.mark.parametrize("name", sorted(TARGETS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_corpus_with_some_octets_changed_breaks_no_promise(name: str, data: st.DataObject) -> None:
    octets = data.draw(st.sampled_from(seeds()[name]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(octets)))
        end = min(len(octets), start + data.draw(st.integers(0, 40)))
        piece = data.draw(st.sampled_from(PIECES) | st.binary(max_size=20))
        octets = octets[:start] + piece * data.draw(st.sampled_from([1, 1, 2, 300])) + octets[end:]
    TARGETS[name](octets[:LONGEST_INPUT])


def long_ones() -> list[bytes]:
    """As long as a message may be, and of what makes readers go back and forth."""
    heads = [b"", b'"', b"<", b"sip:", b"Via: ", b'From: "', b"v=0\r\n", b"Digest a=", b"INVITE sip:a SIP/2.0\r\n"]
    return [(head + piece * LONGEST_INPUT)[:LONGEST_INPUT] for head in heads for piece in PIECES]


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_no_long_input_of_one_kind_takes_longer_than_a_tick(name: str) -> None:
    slow = {octets[:40]: spent for octets in long_ones() if (spent := cost(TARGETS[name], octets)) >= MOST_SECONDS}
    assert slow == {}


def test_each_seed_is_in_the_corpus() -> None:
    for name in TARGETS:
        kept = {path.read_bytes() for path in inputs(name)}
        assert set(seeds()[name]) <= kept
