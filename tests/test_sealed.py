"""Sealed files give back what was sealed, show every change and every cut, and open with the right key only."""

from __future__ import annotations

import io
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenterd import sealed
from callcenterd.sealed import HEAD, BrokenSeal, Keys, NoKey, Opened, Sealing, add_key, id_of, read_keys

KEY = bytes(range(32))
KEYS = Keys({id_of(KEY): KEY}, id_of(KEY))
OTHER = Keys({id_of(bytes(32)): bytes(32)}, id_of(bytes(32)))


def keep(path: Path, octets: bytes, *, chunk: int = 16) -> Path:
    path.write_bytes(b"".join(sealed.sealed(KEYS, octets, chunk)))
    return path


@given(octets=st.binary(max_size=300), chunk=st.integers(1, 40), seed=st.integers(0, 999))
@settings(max_examples=60, deadline=None)
def test_a_sealed_file_reads_and_seeks_as_the_plain_one(
    tmp_path_factory: pytest.TempPathFactory, octets: bytes, chunk: int, seed: int
) -> None:
    path = keep(tmp_path_factory.mktemp("s") / "f", octets, chunk=chunk)
    plain, chance = io.BytesIO(octets), random.Random(seed)
    with Opened(path, KEYS) as opened:
        assert (opened.octets, opened.whole) == (len(octets), True)
        assert opened.read() == plain.read()
        for _ in range(20):
            offset, whence, size = chance.randrange(-20, 320), chance.choice([0, 1, 2]), chance.randrange(60)
            if whence == 0 and offset < 0:
                continue
            opened.seek(offset, whence)
            plain.seek(max(0, {0: 0, 1: plain.tell(), 2: len(octets)}[whence] + offset))
            assert opened.tell() == plain.tell()
            found = b""
            while len(found) < size and (piece := opened.read(size - len(found))):
                found += piece
            assert found == plain.read(size)
    assert sealed.held(path) == len(octets)
    assert sealed.is_sealed(path)


def test_whatever_octet_is_changed_the_file_is_refused(tmp_path: Path) -> None:
    octets = bytes(range(40))
    path = keep(tmp_path / "f", octets)
    true = path.read_bytes()
    for place in range(len(true)):
        path.write_bytes(true[:place] + bytes([true[place] ^ 1]) + true[place + 1 :])
        with pytest.raises((BrokenSeal, NoKey)), Opened(path, KEYS) as opened:  # NoKey: the id of the key was changed
            opened.read()


def test_wherever_it_is_cut_the_file_is_refused_and_what_is_before_can_be_had(tmp_path: Path) -> None:
    octets = bytes(range(40))
    path = keep(tmp_path / "f", octets)
    true = path.read_bytes()
    for length in range(len(true)):
        path.write_bytes(true[:length])
        with pytest.raises(BrokenSeal), Opened(path, KEYS):
            pass
        if length < HEAD:
            continue
        with Opened(path, KEYS, cut=True) as opened:
            assert not opened.whole
            found = opened.read()
        whole_chunks = (length - HEAD) // (12 + 16 + 16)
        assert found == octets[: min(40, 16 * whole_chunks)] or length >= len(true) - 28
    path.write_bytes(true + b"x")
    with pytest.raises(BrokenSeal), Opened(path, KEYS):
        pass


def test_chunks_cannot_be_moved_left_out_or_taken_from_another_file(tmp_path: Path) -> None:
    size = 12 + 16 + 16
    path = keep(tmp_path / "f", bytes(48))
    other = keep(tmp_path / "g", bytes(48)).read_bytes()
    true = path.read_bytes()
    head, first, second, rest = true[:HEAD], true[HEAD : HEAD + size], true[HEAD + size : HEAD + 2 * size], true[HEAD:]
    for forged in (
        head + second + first + rest[2 * size :],
        head + rest[size:],
        head + other[HEAD:],
        head + first + other[HEAD + size :],
        other[:HEAD] + rest,
    ):
        path.write_bytes(forged)
        with pytest.raises(BrokenSeal), Opened(path, KEYS) as opened:
            opened.read()


def test_the_same_octets_are_never_sealed_alike(tmp_path: Path) -> None:
    sealing = Sealing(KEYS)
    assert sealing.chunk(0, b"x" * 20) != sealing.chunk(0, b"x" * 20)
    assert keep(tmp_path / "f", b"x").read_bytes() != keep(tmp_path / "g", b"x").read_bytes()


def test_another_key_opens_nothing_and_says_which_one_is_wanted(tmp_path: Path) -> None:
    path = keep(tmp_path / "f", b"secret")
    with pytest.raises(NoKey, match=id_of(KEY).hex()):
        Opened(path, OTHER)
    both = Keys({**OTHER.by_id, **KEYS.by_id}, OTHER.current)
    with Opened(path, both) as opened:
        assert opened.read() == b"secret"
    assert KEY.hex() not in repr(KEYS)
    assert str(KEY) not in repr(KEYS)


def test_a_file_that_is_not_sealed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"RIFF" + bytes(200))
    assert not sealed.is_sealed(path)
    with pytest.raises(BrokenSeal):
        Opened(path, KEYS)


# ---- the file of keys -------------------------------------------------------------------------------------------


def test_a_key_that_is_added_is_for_new_files_and_the_old_one_still_opens_its_own(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    first = add_key(place)
    assert place.stat().st_mode & 0o777 == 0o600
    old = read_keys(place)
    path = tmp_path / "f"
    path.write_bytes(b"".join(sealed.sealed(old, b"one")))
    second = add_key(place)
    both = read_keys(place)
    assert first != second
    assert [key.hex() for key in both.by_id] == [first, second]
    assert both.current.hex() == second
    with Opened(path, both) as opened:
        assert opened.read() == b"one"
    path.write_bytes(b"".join(sealed.sealed(both, b"two")))
    with pytest.raises(NoKey):
        Opened(path, old)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no key"),
        ("# nothing\n\n", "no key"),
        ("00" * 31, ":1: a key of 64"),
        ("# one\n" + "zz" * 32, ":2: a key of 64"),
        ("00" * 33, ":1: a key of 64"),
        ("Ж" * 64, ":1: a key of 64"),
    ],
)
def test_a_file_of_keys_that_cannot_be_used_is_refused_without_telling_what_is_in_it(
    tmp_path: Path, text: str, why: str
) -> None:
    place = tmp_path / "keys"
    place.write_text(text)
    place.chmod(0o600)
    with pytest.raises(NoKey, match=why) as refused:
        read_keys(place)
    assert text.strip()[-40:] not in str(refused.value) or not text.strip()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_file_of_keys_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    place = tmp_path / "keys"
    add_key(place)
    place.chmod(mode)
    with pytest.raises(NoKey, match="chmod 600"):
        read_keys(place)
    with pytest.raises(NoKey):
        add_key(place)


def test_a_file_of_keys_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoKey, match="No such file"):
        read_keys(tmp_path / "keys")
    with pytest.raises(NoKey):
        read_keys(tmp_path)


def test_remarks_and_lines_without_an_end_are_understood(tmp_path: Path) -> None:
    place = tmp_path / "keys"
    place.write_text(f"# the office's\n{'ab' * 32}  # of 2026")
    place.chmod(0o600)
    add_key(place)
    assert len(read_keys(place).by_id) == 2
