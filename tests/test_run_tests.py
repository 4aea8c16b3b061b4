"""What the end of `make test` tells of parts that failed: with real runs of pytest, of tests that were made for it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tools import run_tests
from tools.run_tests import Part, close

MIXED = """
import pytest

def test_good(): pass

def test_bad(): assert 1 == 2, "the sum"

@pytest.fixture
def broken(): raise OSError("no disk")

def test_without_ground(broken): pass

@pytest.mark.flaky(reruns=1)
def test_at_the_second_try(tries=[]):
    tries.append(1)
    assert len(tries) == 2
"""


LATE = """
from pathlib import Path

def test_late():
    tried = Path(__file__).with_suffix(".tried")
    before, _ = tried.exists(), tried.touch()
    assert before, "the machine was busy"

def test_good(): pass
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run_tests, "LOGS", tmp_path)
    return tmp_path


def ran(folder: Path, name: str, text: str, *more: str) -> Part:
    path = folder / f"test_{name}.py"
    path.write_text(text, "utf-8")
    plain = ("-q", "-rfER", "-o", f"cache_dir={folder / name}", "--rootdir", str(folder), "-c", "/dev/null")
    part = Part(name, (sys.executable, "-m", "pytest", *plain, *more, str(path)))
    part.run()
    return part


def test_whatever_failed_in_any_part_is_named_at_the_end_and_all_tests_are_counted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    types = Part("types", (sys.executable, "-c", "print('a.py:3: error: no such name'); raise SystemExit(1)"))
    types.run()
    parts = [types, ran(folder, "mixed", MIXED), ran(folder, "good", "def test_good(): pass\n")]
    assert close(parts, 61.4) == 1
    end = capsys.readouterr().out.splitlines()
    assert end[-1] == "parts failed: types mixed, 1 failed, 1 error, 3 passed, 1 rerun in 61s"
    told = [re.sub(r"\S*/test_mixed", "test_mixed", line) for line in end[2:-1]]
    assert told[0].startswith("mixed: RERUN test_mixed.py::test_at_the_second_try")
    assert told[1] == "types: a.py:3: error: no such name"
    assert told[2].startswith("mixed: FAILED test_mixed.py::test_bad")
    assert told[3].startswith("mixed: ERROR test_mixed.py::test_without_ground")
    assert len(told) == 4


def test_a_part_that_ends_before_any_test_is_told_by_its_last_lines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert close([ran(folder, "broken", "import nothing_of_that_name\n")], 1.0) == 1
    assert "nothing_of_that_name" in capsys.readouterr().out


def test_when_all_is_well_the_end_says_so_and_no_test_of_a_kind_is_no_fault(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ran(folder, "good", "def test_good(): pass\n")
    none = ran(folder, "none", "def test_good(): pass\n", "-k", "no_such_name")
    assert close([good, none], 2.0) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed in 2s"


def test_what_failed_beside_others_is_tried_once_more_and_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    late = ran(folder, "late", LATE)
    assert (late.code, late.failures()) == (1, 1)
    run_tests.second_tries([late])
    capsys.readouterr()
    assert close([late, ran(folder, "good", "def test_good(): pass\n")], 3.0) == 0
    told, end = capsys.readouterr().out.splitlines()[-2:]
    assert told.startswith("late: passed at its second try: FAILED ")
    assert "the machine was busy" in told
    assert end == "3 passed, 1 rerun in 3s"


def test_what_fails_again_has_failed_and_many_are_not_tried_again(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    mixed = ran(folder, "mixed", MIXED)
    run_tests.second_tries([mixed])
    assert mixed.again is not None
    assert close([mixed], 3.0) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "parts failed: mixed, 1 failed, 1 error, 2 passed, 1 rerun in 3s"
    monkeypatch.setattr(run_tests, "_MOST_AGAIN", 0)
    late = ran(folder, "late", LATE)
    run_tests.second_tries([late])
    assert late.again is None
