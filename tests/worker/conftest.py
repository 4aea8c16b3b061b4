from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from callcenterd.worker.pool import Worker


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = Worker()
    worker.start()
    yield worker
    await worker.stop()
