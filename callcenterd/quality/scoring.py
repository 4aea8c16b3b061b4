"""The arithmetic of a scorecard (SUP-03). Pure, and exact: fractions until the last step.

A section's share is what was given of what could have been given, each question's points times its weight. The whole is
the sections' shares by their weights. What does not apply counts on neither side; a section of which nothing applies
counts for nothing. A fatal question without a point makes the whole 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from callcenterd.model.appraisals import MOST_MARKS, Answers, Given, Question, Scored, Section, TemplateTerms

NOTHING = "nothing applies: there is nothing to score"
MISSING = "is missing"
COMMENT = "a comment is wanted with so few points"


def score(terms: TemplateTerms, answers: Answers) -> Scored | None:
    """None: nothing applies. answers: as `faults` lets them pass."""
    shares = [_share(section, answers) for section in terms.sections]
    whole = sum(section.weight for section, share in zip(terms.sections, shares, strict=True) if share is not None)
    if not whole:
        return None
    parts = (section.weight * share for section, share in zip(terms.sections, shares, strict=True) if share is not None)
    fatal = tuple(question.id for question in terms.questions if _fails(question, answers.get(question.id)))
    total = Fraction(0) if fatal else sum(parts, Fraction(0)) / whole
    return Scored(
        score=percent(total),
        fatal=fatal,
        sections=tuple(None if share is None else percent(share) for share in shares),
    )


def percent(share: Fraction) -> float:
    """0 to 100, two decimals, halves up."""
    hundredths = (2 * share.numerator * 10_000 + share.denominator) // (2 * share.denominator)
    return hundredths / 100


def faults(terms: TemplateTerms, answers: Answers, *, complete: bool) -> dict[str, str]:
    """What is wrong with the answers, by "answers." and the question. complete: nothing may be missing either."""
    known = {question.id: question for question in terms.questions}
    found = {f"answers.{name}": "there is no such question" for name in answers.keys() - known.keys()}
    for name, question in known.items():
        given = answers.get(name)
        if given is None:
            if complete:
                found[f"answers.{name}"] = MISSING
        elif (why := _wrong(question, given, complete=complete)) is not None:
            found[f"answers.{name}"] = why
    if complete and not found and score(terms, answers) is None:
        found["answers"] = NOTHING
    return found


def _wrong(question: Question, given: Given, *, complete: bool) -> str | None:
    if len(given.marks) > MOST_MARKS:
        return f"at most {MOST_MARKS} are wanted"
    if given.points is None:
        return None if question.optional else "this question always applies"
    known = allowed(question)
    if given.points not in known:
        if question.kind == "points":
            return f"0 to {question.points} are wanted"
        return f"one of {', '.join(str(points) for points in sorted(known))} is wanted"
    if complete and comment_wanted(question, given.points) and not given.comment.strip():
        return COMMENT
    return None


def comment_wanted(question: Question, points: int) -> bool:
    return (question.fatal and points == 0) or 100 * points < question.comment_below * question.most


def allowed(question: Question) -> frozenset[int] | range:
    match question.kind:
        case "points":
            return range(question.points + 1)
        case "yes_no":
            return frozenset({0, question.points})
        case "choice":
            return frozenset(one.points for one in question.choices)


def _share(section: Section, answers: Answers) -> Fraction | None:
    pairs = [
        (question.weight * given.points, question.weight * question.most)
        for question in section.questions
        if (given := answers.get(question.id)) is not None and given.points is not None
    ]
    most = sum(pair[1] for pair in pairs)
    return Fraction(sum(pair[0] for pair in pairs), most) if most else None


def _fails(question: Question, given: Given | None) -> bool:
    return question.fatal and given is not None and given.points == 0


def shares(terms: TemplateTerms, answers: Answers) -> Mapping[str, float]:
    """Of each question that applied, what was given of what could have been, in percent."""
    return {
        question.id: percent(Fraction(given.points, question.most))
        for question in terms.questions
        if (given := answers.get(question.id)) is not None and given.points is not None and question.most
    }
