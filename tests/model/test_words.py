"""The frozen words: ids, secrets, and one name on the event stream for every fact."""

from __future__ import annotations

import dataclasses
import inspect
import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from callcenterd.model import agents, calls, customers, events, people, prompts, site
from callcenterd.model.events import EVENT_NAMES, Fact
from callcenterd.model.ids import new_call_id
from callcenterd.model.site import Extension, Secret, Trunk, UserAccount

NOW = datetime(2026, 11, 24, 15, 30, 12, tzinfo=UTC)
FACTS = [
    kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Fact) and kind is not Fact
]


def test_a_call_id_can_be_read_out_and_sorts_by_time() -> None:
    chance = random.Random(1)
    ids = [new_call_id(NOW + timedelta(seconds=n), chance) for n in range(100)]
    assert ids == sorted(ids)
    assert all(re.fullmatch(r"20261124-\d{6}-[0-9a-f]{6}", name) for name in ids)


def test_calls_of_the_same_second_have_different_ids() -> None:
    chance = random.Random(1)
    assert len({new_call_id(NOW, chance) for _ in range(500)}) == 500


def test_a_secret_prints_as_stars_wherever_it_is_printed() -> None:
    secret = Secret("geheim")
    trunk = Trunk(name="telecom", host="192.0.2.7", password=secret)  # type: ignore[arg-type]  # a plain name
    for printed in (str(secret), repr(secret), f"{secret}", f"{secret:>10}", f"{secret!r}", repr(trunk)):
        assert "geheim" not in printed
        assert "***" in printed
    assert secret.reveal() == "geheim"
    assert type(secret.reveal()) is str


def test_secrets_can_be_compared_and_be_empty() -> None:
    assert Secret("a") == Secret("a") != Secret("b")
    assert not Secret("")
    assert not Trunk(name="t", host="h").password  # type: ignore[arg-type]


def test_whatever_holds_a_password_holds_it_as_a_secret() -> None:
    for kind, field in ((Trunk, "password"), (UserAccount, "password_hash"), (Extension, "password")):
        assert inspect.get_annotations(kind)[field] == "Secret"


def test_every_fact_has_one_name_on_the_stream_and_no_two_share_one() -> None:
    assert set(EVENT_NAMES) == set(FACTS)
    assert len(set(EVENT_NAMES.values())) == len(EVENT_NAMES)
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", name) for name in EVENT_NAMES.values())


def test_the_names_that_other_programs_rely_on_stay() -> None:
    assert {
        "call.ringing",
        "call.answered",
        "call.ended",
        "agent.state",
        "queue.changed",
        "screen.pop",
    } <= set(EVENT_NAMES.values())


@pytest.mark.parametrize("kind", FACTS)
def test_a_fact_is_frozen_says_when_and_what_it_is(kind: type[Fact]) -> None:
    assert dataclasses.is_dataclass(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "at" in {field.name for field in dataclasses.fields(kind)}


def test_every_word_of_the_model_is_frozen() -> None:
    for room in (agents, calls, customers, people, prompts, site):
        for name, kind in vars(room).items():
            if dataclasses.is_dataclass(kind) and isinstance(kind, type):
                assert kind.__dataclass_params__.frozen, name  # type: ignore[attr-defined]


def test_an_outcome_of_the_contract_is_an_outcome_here() -> None:
    contract = {"answered", "abandoned", "no_answer", "busy", "voicemail", "callback", "failed"}
    assert contract < set(calls.OUTCOMES)
