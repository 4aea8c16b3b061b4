"""For all tests: hypothesis measures nothing here. How fast code is says `make bench`, not a loaded test machine."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.kit")  # a ladder that fails shows both ladders

settings.register_profile("callcenterd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("callcenterd")
