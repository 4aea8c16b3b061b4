"""Where numbers are from, as pages show it beside them: looked up in the worker, and remembered."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from callcenterd.worker.places import Language, Place, places
from callcenterd.worker.pool import JobFailed, Worker

MOST_KNOWN = 20_000


class Places:
    """region: as of `numbers.normalise`."""

    def __init__(self, worker: Worker, region: str) -> None:
        self._worker = worker
        self._region = region
        self._known: OrderedDict[tuple[str, Language], Place] = OrderedDict()

    async def of(self, numbers: Sequence[str], language: Language) -> list[Place]:
        """In their order. What cannot be looked up now is not known: nobody waits for it twice in one answer."""
        unknown = [one for one in dict.fromkeys(numbers) if (one, language) not in self._known]
        if unknown:
            try:
                found = await self._worker.run(places, unknown, self._region, language)
            except JobFailed:
                found = []
            for number, place in zip(unknown, found, strict=False):
                self._known[number, language] = place
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return [self._known.get((one, language), Place()) for one in numbers]
