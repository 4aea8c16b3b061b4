"""The arithmetic of a scorecard: a table that a supervisor could read, and what must hold for every card."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model.appraisals import Choice, Given, Question, Section, TemplateTerms
from callcenterd.quality import scoring
from callcenterd.quality.shipped import SHIPPED
from callcenterd.quality.templates import faults


def question(name: str, **known: object) -> Question:
    return replace(Question(id=name, chinese=name, english=name), **known)  # type: ignore[arg-type]


def card(*sections: tuple[int, tuple[Question, ...]]) -> TemplateTerms:
    made = (Section(chinese="节", english="part", weight=weight, questions=of) for weight, of in sections)
    return TemplateTerms(chinese="卡", english="card", sections=tuple(made))


CHOICE = (
    Choice(chinese="好", english="good", points=10),
    Choice(chinese="中", english="fair", points=4),
    Choice(chinese="差", english="bad", points=0),
)
CARD = card(
    (40, (question("a", points=10), question("b", kind="yes_no", points=10, fatal=True))),
    (60, (question("c", kind="choice", choices=CHOICE), question("d", points=5, weight=2, optional=True))),
)


@pytest.mark.parametrize(
    ("points", "score", "fatal"),
    [
        pytest.param((10, 10, 10, 5), 100.0, (), id="everything"),
        pytest.param((5, 10, 10, 5), 90.0, (), id="half of a quarter of forty is missing"),
        pytest.param((10, 10, 4, 5), 82.0, (), id="a choice has its own points"),
        pytest.param((10, 10, 10, 0), 70.0, (), id="a question's weight multiplies its points"),
        pytest.param((10, 10, 4, None), 64.0, (), id="what does not apply counts on neither side"),
        pytest.param((10, 0, 10, 5), 0.0, ("b",), id="a fatal question makes the whole 0"),
        pytest.param((0, 10, 0, 0), 20.0, (), id="only one question"),
        pytest.param((1, 10, 10, 5), 82.0, (), id="one of ten"),
    ],
)
def test_what_a_sheet_is_worth(points: tuple[int | None, ...], score: float, fatal: tuple[str, ...]) -> None:
    answers = {name: Given(points=value) for name, value in zip("abcd", points, strict=True)}
    scored = scoring.score(CARD, answers)
    assert scored is not None
    assert (scored.score, scored.fatal) == (score, fatal)


def test_thirds_are_rounded_at_the_end_only_halves_up() -> None:
    thirds = card(*[(1, (question(name, points=3),)) for name in "abc"])
    scored = scoring.score(thirds, {name: Given(points=1) for name in "abc"})
    assert scored is not None
    assert (scored.score, scored.sections) == (33.33, (33.33, 33.33, 33.33))
    eighth = card((1, (question("a", points=1000, weight=8),)), (7, (question("b", points=8),)))
    half = scoring.score(eighth, {"a": Given(points=1), "b": Given(points=0)})
    assert half is not None
    assert half.score == 0.01, "0.0125 of a hundred"


def test_where_nothing_applies_there_is_no_score() -> None:
    empty = card((1, (question("a", optional=True),)))
    assert scoring.score(empty, {"a": Given(points=None)}) is None
    assert scoring.faults(empty, {"a": Given(points=None)}, complete=True) == {"answers": scoring.NOTHING}


def test_what_is_wrong_with_a_sheet_is_named() -> None:
    wrong = {"a": Given(points=11), "b": Given(points=5), "c": Given(points=3), "x": Given(points=1)}
    assert scoring.faults(CARD, wrong, complete=False) == {
        "answers.a": "0 to 10 are wanted",
        "answers.b": "one of 0, 10 is wanted",
        "answers.c": "one of 0, 4, 10 is wanted",
        "answers.x": "there is no such question",
    }
    assert scoring.faults(CARD, {}, complete=False) == {}, "a draft may lack anything"
    assert set(scoring.faults(CARD, {}, complete=True)) == {f"answers.{name}" for name in "abcd"}
    never = {"answers.a": "this question always applies"}
    assert scoring.faults(CARD, {"a": Given(points=None)}, complete=False) == never


def test_a_comment_is_wanted_with_few_points_and_where_it_is_fatal() -> None:
    strict = card((1, (question("a", points=10, comment_below=60), question("b", kind="yes_no", points=1, fatal=True))))
    for a, b, wanted in (
        (6, 1, set()),
        (5, 1, {"answers.a"}),
        (6, 0, {"answers.b"}),
        (0, 0, {"answers.a", "answers.b"}),
    ):
        answers = {"a": Given(points=a), "b": Given(points=b)}
        assert set(scoring.faults(strict, answers, complete=True)) == wanted
        said = {name: replace(one, comment="为什么") for name, one in answers.items()}
        assert scoring.faults(strict, said, complete=True) == {}
        blank = {name: replace(one, comment="  ") for name, one in answers.items()}
        assert set(scoring.faults(strict, blank, complete=True)) == wanted


def test_what_is_shipped_can_be_kept_and_is_worth_a_hundred() -> None:
    for terms in SHIPPED:
        assert faults(terms) == {}
        assert sum(section.weight for section in terms.sections) == 100, "weights that read as percent"
        best = {one.id: Given(points=one.most) for one in terms.questions}
        scored = scoring.score(terms, best)
        assert scored is not None
        assert scored.score == 100.0
        assert scoring.faults(terms, best, complete=True) == {}


# ---- whatever the card --------------------------------------------------------------------------------------


@st.composite
def questions(draw: st.DrawFn, name: str) -> Question:
    kind = draw(st.sampled_from(["points", "yes_no", "choice"]))
    flags = {flag: draw(st.booleans()) for flag in ("fatal", "optional")}
    known = {"weight": draw(st.integers(1, 9)), "comment_below": draw(st.integers(0, 100)), **flags}
    if kind != "choice":
        return question(name, kind=kind, points=draw(st.integers(1, 40)), **known)
    points = draw(st.lists(st.integers(0, 40), min_size=2, max_size=5, unique=True))
    choices = tuple(Choice(chinese=str(one), english=str(one), points=one) for one in points)
    return question(name, kind=kind, choices=choices, **known)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[TemplateTerms, dict[str, Given]]:
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    sections = [
        (draw(st.integers(1, 50)), tuple(draw(questions(f"q{n}_{m}")) for m in range(size)))
        for n, size in enumerate(sizes)
    ]
    terms = card(*sections)
    answers = {}
    for one in terms.questions:
        allowed: list[int | None] = [*sorted(scoring.allowed(one))]
        answers[one.id] = Given(points=draw(st.sampled_from(allowed + ([None] if one.optional else []))), comment="x")
    return terms, answers


@given(sheets())
def test_a_score_is_between_nothing_and_everything_and_a_fatal_one_is_nothing(
    sheet: tuple[TemplateTerms, dict[str, Given]],
) -> None:
    terms, answers = sheet
    scored = scoring.score(terms, answers)
    failed = [one.id for one in terms.questions if one.fatal and answers[one.id].points == 0]
    if scored is None:
        assert all(one.points is None for one in answers.values())
        assert scoring.faults(terms, answers, complete=True) == {"answers": scoring.NOTHING}
        return
    assert 0.0 <= scored.score <= 100.0
    assert round(scored.score, 2) == scored.score
    assert list(scored.fatal) == failed
    assert scored.score == 0.0 or not failed
    assert scoring.faults(terms, answers, complete=True) == {}


@given(sheets())
def test_it_is_the_plain_sum_of_weighted_shares(sheet: tuple[TemplateTerms, dict[str, Given]]) -> None:
    """The twin in floating numbers, as one would write it on paper."""
    terms, answers = sheet
    total = weights = 0.0
    for section in terms.sections:
        got = most = 0.0
        for one in section.questions:
            points = answers[one.id].points
            if points is not None:
                got += points * one.weight
                most += one.most * one.weight
        if most:
            total += section.weight * got / most
            weights += section.weight
    scored = scoring.score(terms, answers)
    if scored is None:
        assert weights == 0
    elif not scored.fatal:
        assert scored.score == pytest.approx(100 * total / weights, abs=0.0051)


@given(sheets(), st.integers(2, 20))
def test_weights_count_only_beside_each_other(sheet: tuple[TemplateTerms, dict[str, Given]], times: int) -> None:
    terms, answers = sheet
    heavier = replace(terms, sections=tuple(replace(one, weight=one.weight * times) for one in terms.sections))
    assert scoring.score(heavier, answers) == scoring.score(terms, answers)


@given(sheets(), st.data())
def test_more_points_are_never_worth_less(sheet: tuple[TemplateTerms, dict[str, Given]], data: st.DataObject) -> None:
    terms, answers = sheet
    one = data.draw(st.sampled_from(terms.questions))
    before = scoring.score(terms, answers)
    points = answers[one.id].points
    if before is None or points is None:
        return
    better = {**answers, one.id: Given(points=one.most)}
    after = scoring.score(terms, better)
    assert after is not None
    assert after.score >= before.score
