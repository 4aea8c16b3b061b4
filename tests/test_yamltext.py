"""What people write is read with its lines, or refused in words that help; no file makes us crash or swell."""

from __future__ import annotations

import contextlib
import math
from pathlib import Path
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callcenterd import yamltext
from callcenterd.errors import Fault, FaultyFile

FLOW = """\
# a comment
flow: main
nodes:
  menu:
    keys: {"1": sales,
           2: help}
  list:
    - first
    - {deep: [1,
              2]}
"""
INDENTED = "is the line indented as those around it?"


def refusals(text: str | bytes) -> list[str]:
    """Every fault of a text as "line: reason"."""
    with pytest.raises(FaultyFile) as caught:
        yamltext.parse(text, "f.yaml")
    return [f"{fault.line}: {fault.reason}" for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("flow",), 2),
        (("nodes", "menu"), 4),
        (("nodes", "menu", "keys"), 5),
        (("nodes", "menu", "keys", "1"), 5),
        (("nodes", "menu", "keys", "2"), 6),
        (("nodes", "list", 0), 8),
        (("nodes", "list", 1, "deep"), 9),
        (("nodes", "list", 1, "deep", 1), 10),
        (("nodes", "menu", "otherwise"), 4),
        (("nothing", "like", "it"), 2),
    ],
)
def test_every_key_and_item_has_its_line_and_what_is_missing_that_of_what_it_is_missing_from(
    path: yamltext.KeyPath, line: int
) -> None:
    assert yamltext.parse(FLOW, "f.yaml").line(path) == line


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", None),
        ("# nothing but a comment", None),
        ("a: 5", {"a": 5}),
        ("a: -5", {"a": -5}),
        ("a: 1.5", {"a": 1.5}),
        ("a: 2e3", {"a": 2000.0}),
        ("a: true", {"a": True}),
        ("a: null", {"a": None}),
        ("a:", {"a": None}),
        ("a: ''", {"a": ""}),
        ("a: '5'", {"a": "5"}),
        ("a: 02088886666", {"a": "02088886666"}),
        ("a: +8610", {"a": "+8610"}),
        ("a: 0x1F", {"a": "0x1F"}),
        ("a: 0o17", {"a": "0o17"}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 12:30:00", {"a": "12:30:00"}),
        ("a: 1e999", {"a": "1e999"}),
        ("a: .inf", {"a": ".inf"}),
        ("a: yes", {"a": "yes"}),
        ("a: 1234567890123456789", {"a": "1234567890123456789"}),
        ("1: a", {"1": "a"}),
        ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
        ("a: 张三", {"a": "张三"}),
        ("\ufeffa: 1", {"a": 1}),
        ("a: |\n  two\n  lines\n", {"a": "two\nlines\n"}),
    ],
)
def test_only_what_a_person_takes_for_a_number_is_one(written: str, read: object) -> None:
    data = yamltext.parse(written, "f.yaml").data
    assert data == read
    assert repr(data) == repr(read)  # 1 is not True, 2000 is not 2000.0


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("a: 1\na: 2\nb: 1\n'b': 2", ["2: a stands twice, first in line 1", "4: b stands twice, first in line 3"]),
        ("1: x\n'1': y", ["2: 1 stands twice, first in line 1"]),
        ("a: [1\nb: 2", ["2: the list [ … ] lacks a comma or its closing bracket"]),
        ("a: {b: 1", ["2: the group { … } lacks a comma or its closing bracket"]),
        ("a: 'x", ["1: a quote is opened here and never closed"]),
        ("a: 1\n\tb: 2", ["2: a tab: indent with spaces"]),
        ("a:\n  - 1\n b: 2", [f"3: a key is wanted here: {INDENTED}"]),
        ("a: 1\nb: c: d", [f"2: a colon may not stand here: {INDENTED} Does a text need quotes?"]),
        ("a: 1\n---\nb: 2", ["2: a second document (---) in one file"]),
        ("a: !!python/object:os.system x", ["1: tags are not used here: tag:yaml.org,2002:python/object:os.syste"]),
        ("a: *b", ["1: *b stands for nothing: no &b was finished before it"]),
        ("a: &a [*a]", ["1: *a stands for nothing: no &a was finished before it"]),
        ("? [a]\n: b", ["1: a key is a plain text"]),
        ("a: 1\nb: \x07", ["2: an unprintable character (U+0007)"]),
        (b"a: 1\nb: \xff", ["2: not UTF-8: save the file in that encoding"]),
        ("[" * 5000, ["1: nested more than 32 deep"]),
    ],
)  # fmt: skip
def test_what_is_no_plain_yaml_is_refused_with_its_line_and_what_to_do(text: str | bytes, faults: list[str]) -> None:
    assert refusals(text) == faults


def test_aliases_cannot_swell_a_small_file() -> None:
    bomb = "l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 30))
    assert refusals(bomb) == ["6: more than 200000 values in one file"]


def test_a_file_of_more_than_four_mebibytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"#" * (yamltext.MAX_OCTETS + 1))
    with pytest.raises(FaultyFile, match="larger than 4 MiB"):
        yamltext.load(path)


def test_a_file_that_is_not_there_is_said_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(FaultyFile) as caught:
        yamltext.load(tmp_path / "none.yaml")
    assert str(caught.value) == f"{tmp_path}/none.yaml:1: cannot be read: No such file or directory"


class _Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    seconds: Annotated[float, Field(strict=True, ge=1, le=60)] = 5
    password: Annotated[str, Field(min_length=4)] = "none"


class _Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: _Inner = _Inner()
    items: tuple[_Inner, ...] = ()


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("inner: {}", ["1: name: is missing"]),
        ("name: a\ninner: {secnds: 3}", ["2: inner.secnds: is no key here; seconds is meant?"]),
        ("name: a\nitems:\n- {x: 1}", ["3: items.x: is no key here; there are password, seconds"]),
        ("name: a\nitems:\n- {}\n- {seconds: 90}", ["4: items.seconds: at most 60 is wanted, not 90"]),
        ("name: a\ninner: {seconds: '5'}", ['2: inner.seconds: a number is wanted, not "5"']),
        ("name: [a]", ["1: name: a text (in quotes) is wanted, not a list"]),
        ("name: a\ninner: {password: abc}", ["2: inner.password: at least 4 character(s) are wanted"]),
        ("name: a\ninner: 3", ["2: inner: a group of keys is wanted, not 3"]),
    ],
)
def test_what_pydantic_finds_is_said_with_line_key_and_what_came(text: str, faults: list[str]) -> None:
    document = yamltext.parse(text, "f.yaml")
    with pytest.raises(ValidationError) as caught:
        _Outer.model_validate(document.data)
    found = document.faults_of(caught.value, model=_Outer)
    assert [f"{fault.line}: {fault.reason}" for fault in found] == faults
    assert all(isinstance(fault, Fault) and fault.file == "f.yaml" for fault in found)


def test_a_prefix_says_where_in_the_file_the_faulty_part_stands() -> None:
    document = yamltext.parse("a:\n- {}\n- seconds: 90\n", "f.yaml")
    with pytest.raises(ValidationError) as caught:
        _Inner.model_validate(document.data["a"][1])
    assert [str(fault) for fault in document.faults_of(caught.value, ("a", 1))] == [
        "f.yaml:3:12: a.seconds: at most 60 is wanted, not 90"
    ]


SCALARS = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text() | st.floats(-1e9, 1e9)


@given(SCALARS | st.lists(st.text(), max_size=4))
def test_what_is_written_reads_back_the_same(value: Any) -> None:
    read = yamltext.parse(f"- {{key: {yamltext.written(value)}, next: 1}}\n", "f.yaml").data
    assert read == [{"key": value, "next": 1}]
    if isinstance(value, float):
        assert math.copysign(1, value) in (1, -1)


@given(
    st.text(max_size=200)
    | st.binary(max_size=200)
    | st.text(st.sampled_from("ab:-[]{}&*!|>'\"%@#? \n\t1"), max_size=60)
)
def test_no_text_does_more_than_be_read_or_refused(text: str | bytes) -> None:
    with contextlib.suppress(FaultyFile):
        document = yamltext.parse(text, "f.yaml")
        _walk(document, document.data, ())


def _walk(document: yamltext.Document, value: Any, path: yamltext.KeyPath) -> None:
    """Plain values only, and each has a line."""
    assert document.line(path) >= 1
    match value:
        case dict():
            for key, part in value.items():
                assert isinstance(key, str)
                _walk(document, part, (*path, key))
        case list():
            for n, part in enumerate(value):
                _walk(document, part, (*path, n))
        case _:
            assert value is None or type(value) in (str, int, float, bool)
