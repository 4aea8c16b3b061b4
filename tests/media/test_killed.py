"""A process that is killed while it records leaves all but the last second (`make soak`: 50 times)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.soak_recording import CALLS, kill_once


@pytest.mark.alone  # a child that others keep from sending has said nothing that could be there
@pytest.mark.parametrize(("after", "seal"), [(0.3, False), (1.3, True), (2.6, False)])
def test_what_was_said_until_a_second_before_the_kill_is_there(tmp_path: Path, after: float, *, seal: bool) -> None:
    left = kill_once(tmp_path, after, seal=seal, ports=range(47100, 47200))
    assert left.faults == []
    assert len(left.missing) == CALLS
