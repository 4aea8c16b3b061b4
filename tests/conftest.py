"""For all tests: hypothesis measures nothing here. How fast code is says `make bench`, not a loaded test machine.

What is logged is written as the server writes it: with plain tracebacks. A drawn one, with the values of all variables,
costs a second or two of CPU for each fault that a test causes.
"""

from __future__ import annotations

import pytest
import structlog
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
    defaults = structlog.get_config()["processors"][:-1]
    drawn = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*defaults, drawn])
