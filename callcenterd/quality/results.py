"""What came of appraisals: averages, how they are spread and where they go, beside how much was worked. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from statistics import fmean
from typing import Literal, get_args

from callcenterd.model.appraisals import Appraisal, Template
from callcenterd.quality import scoring
from callcenterd.store.work_figures import Work

By = Literal["agent", "team", "queue", "template", "question", "appraiser", "day", "week", "month"]
BYS: tuple[By, ...] = get_args(By)
Step = Literal["day", "week", "month"]
BOUNDS = (60.0, 70.0, 80.0, 90.0)
"""Where one part of the distribution ends and the next begins: below 60, 60 to below 70 …, from 90 on."""
Templates = Mapping[tuple[int, int], Template]
"""By number and version."""


@dataclass(frozen=True, slots=True)
class Worked:
    """calls: answered. All others in seconds: talk with its holds, hold, wrap-up; aht: talk and wrap-up for each call.
    None: it cannot be said of this."""

    calls: int
    talk: float
    hold: float
    wrap_up: float | None
    aht: float | None


@dataclass(frozen=True, slots=True)
class Point:
    """of: the first day of the step, as a date."""

    of: str
    count: int
    average: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """key: what it is of; of a question "scorecard:question". count: appraisals; of a question those in which it
    applied. average, low, high: in percent; None: there is none. passed, fatal, disputed, corrected: how many of them.
    distribution: how many below 60, 70, 80, 90, and from there on. trend: by step of time."""

    key: str
    chinese: str = ""
    english: str = ""
    count: int = 0
    average: float | None = None
    low: float | None = None
    high: float | None = None
    passed: int = 0
    fatal: int = 0
    disputed: int = 0
    corrected: int = 0
    distribution: tuple[int, ...] = (0,) * (len(BOUNDS) + 1)
    trend: tuple[Point, ...] = ()
    worked: Worked | None = None


@dataclass(frozen=True, slots=True)
class _One:
    """An appraisal as it counts for one key."""

    of: Appraisal
    value: float


def results(found: Sequence[Appraisal], by: By, step: Step, templates: Templates, zone: tzinfo) -> list[Result]:
    """Each key that there is, in its order. found: with a score, the oldest first."""
    groups: dict[str, list[_One]] = defaultdict(list)
    for one in found:
        if by == "question":
            template = templates[one.template, one.template_version]
            for name, share in scoring.shares(template, one.answers).items():
                groups[f"{one.template}:{name}"].append(_One(one, share))
        else:
            assert one.score is not None, "they are chosen so"
            groups[_key(one, by, zone)].append(_One(one, one.score))
    named = _names(by, found, templates)
    return [_result(key, groups[key], step, named, zone) for key in _ordered(groups, by, templates)]


def together(found: Sequence[Appraisal], step: Step, zone: tzinfo) -> Result:
    """All of them as one."""
    ones = [_One(one, one.score) for one in found if one.score is not None]
    return _result("", ones, step, {}, zone)


def worked(
    rows: Sequence[Work], wrap_up: Mapping[str, float], keys: Callable[[Work], Sequence[str]], *, whole: bool
) -> dict[str, Worked]:
    """By key. keys: for which a row counts. whole: a key has all calls of its agents, so that wrap-up is theirs."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0, 0.0, 0.0])
    agents: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        for key in keys(row):
            for n, value in enumerate((row.calls, row.talk, row.hold)):
                sums[key][n] += value
            agents[key].add(row.agent)
    found = {}
    for key, (calls, talk, hold) in sums.items():
        wrapped = sum(wrap_up.get(agent, 0.0) for agent in agents[key]) if whole else None
        aht = None if wrapped is None or not calls else round((talk + wrapped) / calls, 1)
        found[key] = Worked(
            int(calls), round(talk, 1), round(hold, 1), None if wrapped is None else round(wrapped, 1), aht
        )
    return found


def step_of(day: date, step: Step) -> date:
    """The first day of its day, week or month."""
    match step:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)


def _key(one: Appraisal, by: By, zone: tzinfo) -> str:
    match by:
        case "agent" | "team" | "queue" | "appraiser":
            return str(getattr(one, by))
        case "template" | "question":
            return str(one.template)
        case "day" | "week" | "month":
            return step_of(_day(one, zone), by).isoformat()


def _day(one: Appraisal, zone: tzinfo) -> date:
    assert one.scored_at is not None, "they are chosen so"
    return one.scored_at.astimezone(zone).date()


def _names(by: By, found: Sequence[Appraisal], templates: Templates) -> dict[str, tuple[str, str]]:
    """Of scorecards and questions, as the newest version among these says it."""
    named: dict[str, tuple[str, str]] = {}
    for number, version in sorted({(one.template, one.template_version) for one in found}):
        template = templates.get((number, version))
        if template is None:
            continue
        named[str(number)] = (template.chinese, template.english)
        if by == "question":
            named |= {f"{number}:{one.id}": (one.chinese, one.english) for one in template.questions}
    return named


def _ordered(groups: Mapping[str, object], by: By, templates: Templates) -> list[str]:
    if by == "template":
        return sorted(groups, key=int)
    if by != "question":
        return sorted(groups)
    places: dict[str, tuple[int, int]] = {}
    for number, version in sorted(templates):
        for n, one in enumerate(templates[number, version].questions):
            places[f"{number}:{one.id}"] = (number, n)
    return sorted(groups, key=lambda key: (places.get(key, (0, 0)), key))


def _result(key: str, ones: Sequence[_One], step: Step, named: Mapping[str, tuple[str, str]], zone: tzinfo) -> Result:
    chinese, english = named.get(key, ("", ""))
    if not ones:
        return Result(key=key, chinese=chinese, english=english)
    values = [one.value for one in ones]
    by_step: dict[date, list[float]] = defaultdict(list)
    parts = [0] * (len(BOUNDS) + 1)
    for one in ones:
        by_step[step_of(_day(one.of, zone), step)].append(one.value)
        parts[sum(one.value >= bound for bound in BOUNDS)] += 1
    return Result(
        key=key,
        chinese=chinese,
        english=english,
        count=len(ones),
        average=round(fmean(values), 2),
        low=min(values),
        high=max(values),
        passed=sum(bool(one.of.passed) for one in ones),
        fatal=sum(one.of.fatal for one in ones),
        disputed=sum(one.of.disputed_at is not None for one in ones),
        corrected=sum(one.of.state == "corrected" for one in ones),
        distribution=tuple(parts),
        trend=tuple(
            Point(day.isoformat(), len(values), round(fmean(values), 2)) for day, values in sorted(by_step.items())
        ),
    )
