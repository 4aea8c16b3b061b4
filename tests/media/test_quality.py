"""The E-model against the Recommendations' own figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.media.quality import EQUIPMENT, G711_BARE, burst_ratio, mos, opinion, rating


def test_a_perfect_line_is_rated_93_2() -> None:
    """G.107 §7: with all defaults R = 93.2, which annex B calls 4.41."""
    assert rating(EQUIPMENT["PCMA"]) == pytest.approx(93.2, abs=0.05)
    assert opinion(rating(EQUIPMENT["PCMA"])) == pytest.approx(4.41, abs=0.005)


@pytest.mark.parametrize(("rated", "said"), [(90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_opinions_of_ratings(rated: float, said: float) -> None:
    """G.107 annex B, table B.1."""
    assert opinion(rated) == pytest.approx(said, abs=0.01)


def test_opinions_end_at_1_and_at_4_5() -> None:
    assert (opinion(-20), opinion(0), opinion(3), opinion(100), opinion(120)) == (1.0, 1.0, 1.0, 4.5, 4.5)


@pytest.mark.parametrize(
    ("delay_ms", "rated"), [(0, 93.2), (50, 91.8), (100, 90.7), (150, 89.5), (200, 85.8), (250, 79.2), (400, 62.3)]
)
def test_delay(delay_ms: float, rated: float) -> None:
    """G.114 (05/2003) figure 1 is this curve: R falls slowly to 150 ms, is 80 at 250 ms and 62 at 400 ms."""
    assert rating(EQUIPMENT["PCMA"], delay_ms=delay_ms) == pytest.approx(rated, abs=0.06)


@pytest.mark.parametrize(("percent", "impairment"), [(0, 11), (1, 15), (2, 19), (3, 23), (4, 26), (8, 36), (16, 49)])
def test_losses_of_g729(percent: float, impairment: float) -> None:
    """G.113 (02/2001) appendix I, table I.2: what listeners made of G.729A + VAD. Later editions give Bpl instead."""
    whole = rating(EQUIPMENT["PCMA"]) - rating(EQUIPMENT["G729"], loss=percent / 100)
    assert whole == pytest.approx(impairment, abs=0.7)


@pytest.mark.parametrize(("percent", "impairment"), [(0, 0), (1, 5), (2, 7), (3, 10), (5, 15), (10, 25), (20, 45)])
def test_losses_of_g711_that_are_concealed(percent: float, impairment: float) -> None:
    """G.113 (02/2001) appendix I, table I.2: G.711 with concealment, losses by chance."""
    whole = rating(EQUIPMENT["PCMA"]) - rating(EQUIPMENT["PCMA"], loss=percent / 100)
    assert whole == pytest.approx(impairment, abs=3)


def test_losses_that_are_not_concealed_cost_more() -> None:
    assert rating(G711_BARE, loss=0.02) == pytest.approx(93.2 - 95 * 2 / 6.3, abs=0.05)
    assert rating(G711_BARE, loss=0.02) < rating(EQUIPMENT["PCMA"], loss=0.02) - 20


def test_losses_in_bursts_cost_more() -> None:
    """G.107 formula 7-29: 5 % in bursts twice as long as by chance is 95 · 5 / (2.5 + 25.1)."""
    assert rating(EQUIPMENT["PCMA"], loss=0.05, burst=2.0) == pytest.approx(93.2 - 95 * 5 / 27.6, abs=0.05)


@pytest.mark.parametrize(
    ("lost", "runs", "expected", "ratio"),
    [(0, 0, 1000, 1.0), (50, 50, 1000, 1.0), (50, 48, 1000, 1.0), (100, 25, 1000, 3.6), (1000, 1, 1000, 1.0)],
)
def test_burst_ratio(lost: int, runs: int, expected: int, ratio: float) -> None:
    assert burst_ratio(lost, runs, expected) == pytest.approx(ratio)


@given(
    st.sampled_from(sorted(EQUIPMENT)),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(1, 50),
    st.floats(0, 10_000),
    st.floats(0, 10_000),
)
def test_nothing_is_better_for_more_loss_or_delay(
    codec: str, loss: float, more_loss: float, burst: float, delay: float, more_delay: float
) -> None:
    at_best = mos(codec, loss=min(loss, more_loss), burst=burst, delay_ms=min(delay, more_delay))
    at_worst = mos(codec, loss=max(loss, more_loss), burst=burst, delay_ms=max(delay, more_delay))
    assert 1.0 <= at_worst <= at_best + 0.011  # the listener's echo makes a hair's breadth of a difference
    assert at_best <= 4.41
