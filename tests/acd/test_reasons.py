from __future__ import annotations

from typing import get_args

import pytest

from callcenterd.acd import reasons
from callcenterd.acd.reasons import Reason, WithdrawReason
from callcenterd.model.site import Strategy

FIGURES: dict[str, dict[str, str | int | float]] = {
    "longest_idle": {"queue": "sales", "free": 2, "agent": "1001", "seconds": 12.4},
    "ring_all": {"queue": "sales", "free": 2},
    "round_robin": {"queue": "sales", "agent": "1001", "last": "1002"},
    "fewest_calls": {"queue": "sales", "free": 2, "agent": "1001", "calls": 3},
    "least_talk": {"queue": "sales", "free": 2, "agent": "1001", "seconds": 300.0},
    "random": {"queue": "sales", "free": 2, "agent": "1001"},
    "skills": {"queue": "sales", "free": 2, "agent": "1001", "level": 7},
    "prefers": {"queue": "sales", "agent": "1001"},
    "nobody_able": {"skills": "english 3"},
    "waits_for_agent": {"agent": "1001", "seconds": 20.0},
    "kept": {"agent": "1001"},
    "ringing": {"agents": "1001"},
    "nobody_reachable": {"unreachable": 2},
    "all_busy": {"ahead": 1, "talking": 2, "offered": 0, "wrap_up": 1, "on_break": 0, "unreachable": 0},
    "refused_lately": {"agents": "1001", "seconds": 4.0},
}


@pytest.mark.parametrize("key", sorted(reasons.KEYS))
def test_every_reason_is_a_sentence_in_both_languages(key: str) -> None:
    reason = Reason(key, FIGURES.get(key, {}))
    chinese, english = reason.text("zh-CN"), reason.text("en")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert english.isascii()
    assert str(reason) == english == reason.text("fr"), "English for every other language"
    for sentence in (chinese, english):
        assert not set(sentence) & set("{}")


def test_every_strategy_and_every_withdrawal_has_its_reason() -> None:
    assert set(get_args(Strategy)) <= reasons.KEYS
    assert set(get_args(WithdrawReason)) <= reasons.KEYS
