"""Appraisal of agents' calls [考核]: scorecards [评分表], what was answered on one, and what came of it (SUP-03)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, get_args

from callcenterd.errors import NotNow
from callcenterd.model.ids import AgentId, CallId, RecordingId, TeamName

QuestionKind = Literal["points", "yes_no", "choice"]
"""points: 0 to so many. yes_no: all of them or none. choice: one of several answers, each with its points."""
AppraisalState = Literal[
    "open",  # to be made; a draft may be kept
    "submitted",  # the agent sees it
    "agreed",  # the agent says that it is right
    "disputed",  # the agent says that it is not [申诉]
    "upheld",  # looked at again, and it stays
    "corrected",  # looked at again, and it is another now
    "cancelled",  # it cannot be made
]
APPRAISAL_STATES: tuple[AppraisalState, ...] = get_args(AppraisalState)
SCORED: tuple[AppraisalState, ...] = ("submitted", "agreed", "disputed", "upheld", "corrected")
"""With a score that counts."""
DISPUTABLE: tuple[AppraisalState, ...] = ("submitted", "agreed")
StepKind = Literal[
    "created", "drawn", "assigned", "submitted", "agreed", "answered", "disputed", "upheld", "corrected", "cancelled"
]
ScoreKind = Literal["submitted", "corrected"]

MOST_SECTIONS = 20
MOST_QUESTIONS = 60
MOST_CHOICES = 10
MOST_POINTS = 1000
MOST_WEIGHT = 1000
MOST_MARKS = 20
MOST_TEMPLATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    chinese: str
    english: str
    points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """id: what stays the same from one version of the template to the next. points: the most; of a choice, those of its
    best answer. weight: by which its points are multiplied. fatal: without a point the whole is 0 [致命项].
    optional: it may be left out where it does not apply, and is then not counted. comment_below: percent of its
    points, under which a comment is wanted; 0: never."""

    id: str
    chinese: str
    english: str
    kind: QuestionKind = "points"
    points: int = 5
    choices: tuple[Choice, ...] = ()
    weight: int = 1
    fatal: bool = False
    optional: bool = False
    comment_below: int = 0

    @property
    def most(self) -> int:
        return max((one.points for one in self.choices), default=0) if self.kind == "choice" else self.points


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """weight: its part of the whole, beside those of the others."""

    chinese: str
    english: str
    weight: int = 1
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateTerms:
    """active: it can be chosen for new appraisals. passing: percent, from which on a call was good enough.
    dispute_days: so long after it was submitted an agent may dispute; 0: never."""

    chinese: str
    english: str
    active: bool = True
    passing: int = 80
    dispute_days: int = 7
    sections: tuple[Section, ...] = ()

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(question for section in self.sections for question in section.questions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Template(TemplateTerms):
    """version: goes up with every change; each is kept as it was, for what was scored by it."""

    id: int
    version: int
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What was answered to one question. points: None: it does not apply. marks: moments of the recording, in seconds
    from its beginning."""

    points: int | None
    comment: str = ""
    marks: tuple[float, ...] = ()


Answers = Mapping[str, Given]
"""By the question's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """score: 0 to 100, with two decimals. fatal: questions that made it 0. sections: of each section, in percent; None:
    none of its questions applied."""

    score: float
    fatal: tuple[str, ...]
    sections: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What was submitted, or put in its place after a dispute; never changed, never removed."""

    id: int
    kind: ScoreKind
    at: datetime
    by: str
    score: float
    fatal: tuple[str, ...]
    answers: Answers
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appraisal:
    """agent: whose call it was; team: theirs then. call_at: when it began. seconds: of talk. recording: None: there is
    none. plan, calibration: that it came from. answers, summary: the draft while it is open, afterwards what holds.
    score: what holds now; None: none yet. passed: at least the template's passing mark. disputed_at: None: never.
    version: goes up with every change."""

    id: int
    call: CallId
    call_at: datetime
    seconds: float | None = None
    agent: AgentId
    team: TeamName
    queue: str = ""
    recording: RecordingId | None = None
    template: int
    template_version: int
    plan: int | None = None
    calibration: int | None = None
    appraiser: str
    state: AppraisalState = "open"
    due: datetime | None = None
    duty: int | None = None
    answers: Answers = field(default_factory=dict)
    summary: str = ""
    score: float | None = None
    fatal: bool = False
    passed: bool | None = None
    scored_at: datetime | None = None
    disputed_at: datetime | None = None
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str
    version: int = 1

    @property
    def told(self) -> bool:
        """May the agent know of it?"""
        return self.state in SCORED and self.calibration is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalStep:
    """Who did what to it, and when; never changed, never removed. by: a login, or "system"."""

    id: int
    at: datetime
    by: str
    kind: StepKind
    text: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAppraisal:
    """As `Appraisal`, without what the store adds."""

    call: CallId
    call_at: datetime
    seconds: float | None
    agent: AgentId
    team: TeamName
    queue: str
    recording: RecordingId | None
    template: int
    template_version: int
    appraiser: str
    due: datetime | None = None
    plan: int | None = None
    calibration: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalSight:
    """Which appraisals somebody sees who does not see all: those of these agents and teams, and those that they make
    themselves. Nobody sees one of their own call before it is submitted: login."""

    login: str
    agents: tuple[AgentId, ...] | None
    teams: tuple[TeamName, ...] = ()

    def sees(self, one: Appraisal) -> bool:
        if one.appraiser == self.login:
            return True
        if one.calibration is not None or (one.agent == self.login and not one.told):
            return False
        return self.agents is None or one.agent in self.agents or one.team in self.teams


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalFilter:
    """What is None or empty is no condition. since, until: of the time when it was scored, and of one that is not
    scored when it was made; since included, until not. question: one that was answered. calibrations: those too."""

    states: tuple[AppraisalState, ...] = ()
    agent: str | None = None
    appraiser: str | None = None
    team: str | None = None
    queue: str | None = None
    template: int | None = None
    plan: int | None = None
    call: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    passed: bool | None = None
    sight: AppraisalSight


@dataclass(frozen=True, slots=True, kw_only=True)
class AppraisalCounts:
    """to_do: one's own to make. disputed: that one has to look at again. news: scores of one's own calls to which one
    has said nothing yet."""

    to_do: int
    disputed: int
    news: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The same call scored by several, each for themselves. appraisers: who."""

    id: int
    title: str
    call: CallId
    agent: AgentId
    template: int
    template_version: int
    appraisers: tuple[str, ...]
    created_at: datetime
    created_by: str


class ScorecardIsAnother(NotNow):
    """Somebody else has changed the template since it was read. now: as it is."""

    def __init__(self, now: Template) -> None:
        super().__init__("somebody has changed this scorecard meanwhile")
        self.now = now


class AppraisalIsAnother(NotNow):
    """Somebody else has changed the appraisal since it was read. now: as it is."""

    def __init__(self, now: Appraisal) -> None:
        super().__init__("somebody has changed this appraisal meanwhile")
        self.now = now
