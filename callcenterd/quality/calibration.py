"""Calibration [校准]: several score the same call, each for themselves; then they see how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from callcenterd.clock import Clock
from callcenterd.errors import Refused
from callcenterd.model.appraisals import SCORED, Appraisal, Calibration, Template
from callcenterd.model.calls import CallRecord
from callcenterd.quality import scoring
from callcenterd.quality.appraisals import Appraisals
from callcenterd.store.database import Store

MOST_APPRAISERS = 20


@dataclass(frozen=True, slots=True)
class Spread:
    """How far several are apart. values: of each sheet in their order, in percent; None: it did not apply. apart: the
    highest less the lowest."""

    values: tuple[float | None, ...]
    average: float | None
    apart: float | None

    @classmethod
    def of(cls, values: Sequence[float | None]) -> Spread:
        said = [value for value in values if value is not None]
        if not said:
            return cls(tuple(values), None, None)
        return cls(tuple(values), round(fmean(said), 2), round(max(said) - min(said), 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """sheets: those that are submitted, in the order of the appraisers. questions: by id."""

    sheets: tuple[Appraisal, ...]
    score: Spread
    questions: dict[str, Spread]


def compare(template: Template, sheets: Sequence[Appraisal]) -> Compared:
    done = tuple(sheet for sheet in sheets if sheet.state in SCORED)
    shares = [scoring.shares(template, sheet.answers) for sheet in done]
    return Compared(
        sheets=done,
        score=Spread.of([sheet.score for sheet in done]),
        questions={one.id: Spread.of([share.get(one.id) for share in shares]) for one in template.questions},
    )


class Calibrations:
    def __init__(self, store: Store, clock: Clock, appraisals: Appraisals) -> None:
        self._store = store
        self._clock = clock
        self._appraisals = appraisals

    async def begin(
        self, call: CallRecord, template: int, appraisers: Sequence[str], title: str, days: int, by: str
    ) -> Calibration:
        """A sheet for each of them. days: to make it. Raises Refused with its fields."""
        chosen = await self._appraisals.template(template)
        who = list(dict.fromkeys(appraisers))
        if not 2 <= len(who) <= MOST_APPRAISERS:
            why = {"appraisers": f"2 to {MOST_APPRAISERS} are wanted"}
            raise Refused("the calibration cannot be begun", why)
        recording = await self._appraisals.recording_of(call)
        new = [self._appraisals.owed(self._appraisals.new(call, chosen, one, recording), days) for one in who]
        made, sheets = await self._store.quality.calibrations.add(title, new, by, self._clock.utc())
        for sheet in sheets:
            await self._appraisals.told(sheet, "appraisal.created", by, {"call": call.id, "calibration": made.id})
        return made

    async def compared(self, calibration: Calibration) -> tuple[Template, list[Appraisal], Compared]:
        """The scorecard, all sheets, and how far those that are submitted are apart."""
        template = await self._store.quality.templates.version(calibration.template, calibration.template_version)
        sheets = await self._store.quality.appraisals.of_calibration(calibration.id)
        return template, sheets, compare(template, sheets)
