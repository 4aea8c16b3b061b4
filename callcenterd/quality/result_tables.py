"""Results of appraisals as tables, for a workbook or a file of text (SUP-03)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Literal

from callcenterd.quality.results import BOUNDS, By, Result
from callcenterd.worker.sheets import Cell, Column, Table

Language = Literal["zh-CN", "en"]
Both = tuple[str, str]
TITLE: Both = ("考核结果", "Appraisal results")
TREND: Both = ("趋势", "Trend")
FROM: Both = ("起始日期", "From")
KEYS: Mapping[By, Both] = {
    "agent": ("座席", "Agent"),
    "team": ("班组", "Team"),
    "queue": ("技能组", "Queue"),
    "template": ("评分表", "Scorecard"),
    "question": ("评分项", "Question"),
    "appraiser": ("评分人", "Appraiser"),
    "day": ("日期", "Day"),
    "week": ("周（起于）", "Week from"),
    "month": ("月份（起于）", "Month from"),
}
_FIGURES: Sequence[Both] = (
    ("考核数", "Appraisals"),
    ("平均分", "Average"),
    ("最低分", "Lowest"),
    ("最高分", "Highest"),
    ("合格数", "Passed"),
    ("致命项失分", "Fatal"),
    ("申诉数", "Disputed"),
    ("更正数", "Corrected"),
)
_WORK: Sequence[Both] = (
    ("通话数", "Calls"),
    ("通话时长", "Talk"),
    ("保持时长", "Hold"),
    ("话后处理", "Wrap-up"),
    ("平均处理时长", "AHT"),
)


def tables(results: Sequence[Result], by: By, names: Mapping[str, str], language: Language) -> list[Table]:
    """The figures of each key, and their trend. names: what keys are called, as the reader knows them."""

    def say(both: Both) -> str:
        return both[language == "en"]

    def name(one: Result) -> str:
        return names.get(one.key) or (one.english if language == "en" else one.chinese) or one.key

    heads = [Column(say(KEYS[by]), "text", 28)]
    whole = (0, 4, 5, 6, 7)
    heads += [Column(say(title), "whole" if n in whole else "amount", 11) for n, title in enumerate(_FIGURES)]
    heads += [Column(part, "whole", 9) for part in parts()]
    heads += [Column(say(title), "duration" if n else "whole", 12) for n, title in enumerate(_WORK)]
    rows: list[list[Cell]] = []
    trend: list[list[Cell]] = []
    for one in results:
        work: list[Cell] = [None] * len(_WORK)
        if one.worked is not None:
            w = one.worked
            work = [w.calls, w.talk, w.hold, w.wrap_up, w.aht]
        figures: list[Cell] = [one.count, one.average, one.low, one.high]
        figures += [one.passed, one.fatal, one.disputed, one.corrected]
        rows.append([name(one), *figures, *one.distribution, *work])
        trend += [[name(one), point.of, point.count, point.average] for point in one.trend]
    columns = [
        heads[0],
        Column(say(FROM), "text", 12),
        Column(say(_FIGURES[0]), "whole", 11),
        Column(say(_FIGURES[1]), "amount", 11),
    ]
    return [Table(say(TITLE), heads, rows), Table(say(TREND), columns, trend)]


def parts() -> list[str]:
    """The heads of the distribution: "<60", "60–70", …, "≥90"."""
    first, last = BOUNDS[0], BOUNDS[-1]
    between = [f"{low:g}–{high:g}" for low, high in itertools.pairwise(BOUNDS)]
    return [f"<{first:g}", *between, f"≥{last:g}"]
