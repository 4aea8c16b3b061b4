from __future__ import annotations

from datetime import UTC, datetime, timedelta

from callcenterd.clock import Clock, SystemClock


def test_the_systems_clock_only_grows_and_knows_its_zone() -> None:
    clock: Clock = SystemClock()
    times = [clock.monotonic() for _ in range(100)]
    assert times == sorted(times)
    assert clock.utc().tzinfo is UTC
    assert abs(clock.utc() - datetime.fromtimestamp(0, UTC)) > timedelta(days=365)
