"""For all tests: hypothesis measures nothing here. How fast code is says `make bench`, not a loaded test machine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.kit")  # a ladder that fails shows both ladders


def pytest_configure(config: pytest.Config) -> None:
    """The same examples each time, so that a change is judged by what it changes; new ones with --hypothesis-seed,
    which `make soak` gives round by round."""
    settings.register_profile(
        "callcenterd",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=config.getoption("hypothesis_seed", None) is None,
    )
    settings.load_profile("callcenterd")
