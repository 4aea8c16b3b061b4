"""What callers say of their conversations (满意度评价)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from callcenterd.model.ids import AgentId, CallId, QueueName

SurveyGroup = Literal["agent", "queue"]
"""By what figures are told apart, beside the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswer:
    """One question that a caller answered. question: by its name in the flow. score: 1 to most.

    agent, queue: of the conversation before it; None: there was none.
    """

    call: CallId
    at: datetime
    question: str
    score: int
    most: int
    agent: AgentId | None = None
    queue: QueueName | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveySight:
    """Whose answers a person may see who may not see all: of these agents, and of these queues where no agent is."""

    agents: tuple[AgentId, ...]
    queues: tuple[QueueName, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyFilter:
    """Which answers are wanted; None is no condition. since, until: answered at or after, and before.

    score_at_most: those who were not content. sight: None: all.
    """

    since: datetime | None = None
    until: datetime | None = None
    queue: QueueName | None = None
    agent: AgentId | None = None
    question: str | None = None
    score_at_most: int | None = None
    sight: SurveySight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyFigure:
    """The answers to one question on one scale. agent, queue: of one of them, if figures are told apart by it.

    scores: how many gave each score, by the score; those that nobody gave are left out. average: of all of them.
    """

    question: str
    most: int
    count: int
    average: float
    scores: Mapping[int, int]
    agent: AgentId | None = None
    queue: QueueName | None = None
