from __future__ import annotations

import pytest

from callcenterd import errors
from callcenterd.errors import CallcenterdError, Fault, FaultyFile, LocalError, NotFound, Refused, RemoteError


def test_every_error_of_ours_is_of_one_family_and_not_of_both() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    for kind in kinds:
        assert issubclass(kind, CallcenterdError)
        assert not (issubclass(kind, LocalError) and issubclass(kind, RemoteError))


def test_a_fault_reads_as_file_line_and_reason() -> None:
    assert str(Fault("flows/main.yaml", 7, "unknown node")) == "flows/main.yaml:7: unknown node"


def test_a_faulty_file_tells_all_its_faults_at_once() -> None:
    faults = [Fault("a.yaml", 1, "one"), Fault("a.yaml", 12, "two")]
    error = FaultyFile(faults)
    assert error.faults == tuple(faults)
    assert str(error).splitlines() == ["a.yaml:1: one", "a.yaml:12: two"]


def test_faults_are_in_the_order_of_files_and_lines() -> None:
    faults = [Fault("b", 1, "x"), Fault("a", 10, "x"), Fault("a", 9, "x")]
    assert [(fault.file, fault.line) for fault in sorted(faults)] == [("a", 9), ("a", 10), ("b", 1)]


def test_an_error_carries_what_its_catcher_needs() -> None:
    missing = NotFound("queue", "sales")
    assert (missing.kind, missing.name, str(missing)) == ("queue", "sales", "there is no queue sales")
    assert Refused("wrong", {"name": "is empty"}).fields == {"name": "is empty"}
    assert Refused("wrong").fields == {}
    with pytest.raises(LocalError):
        raise missing


def test_faults_of_one_line_stand_in_the_order_of_their_columns() -> None:
    faults = [Fault("a", 1, "x", 9), Fault("a", 1, "y", 3), Fault("a", 1, "w")]
    assert [str(fault) for fault in sorted(faults)] == ["a:1: w", "a:1:3: y", "a:1:9: x"]
