from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import House, house


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[House]:
    """An office with three agents, a supervisor, a manager and an administrator, and nothing in its history."""
    async with house(tmp_path) as opened:
        yield opened
