from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.web.house import House, found, house


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and site as every office of a test begins with; made once, copied for each."""
    path = tmp_path_factory.mktemp("database") / "callcenter.db"
    asyncio.run(found(path))
    return path


@pytest.fixture
async def office(tmp_path: Path, database: Path) -> AsyncIterator[House]:
    """An office with three agents, a supervisor, a manager and an administrator, and nothing in its history."""
    shutil.copy(database, tmp_path / "callcenter.db")
    async with house(tmp_path) as opened:
        yield opened
