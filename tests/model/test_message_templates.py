"""Texts of messages: fields in braces, and nothing else that is looked at."""

from __future__ import annotations

import pytest

from callcenterd.model.message_templates import FIELDS, PURPOSES, TEMPLATE_LANGUAGES, fill, unknown_fields
from callcenterd.model.message_texts import SHIPPED


def test_every_purpose_ships_in_both_languages_for_both_channels_with_its_own_fields_only() -> None:
    wanted = {(one, channel, tag) for one in PURPOSES for channel in ("email", "sms") for tag in TEMPLATE_LANGUAGES}
    assert set(SHIPPED) == wanted
    for place, one in SHIPPED.items():
        assert (one.purpose, one.channel, one.language) == place
        assert unknown_fields(one.purpose, one.text) == unknown_fields(one.purpose, one.subject) == []
        assert bool(one.subject) == (one.channel == "email")
        full = fill(one.text, dict.fromkeys(FIELDS[one.purpose], "x"))
        assert "{" not in full
        assert "x" in full


def test_what_a_customer_typed_is_no_template() -> None:
    assert fill("{name}: {number}", {"name": "{number} {name.__class__} %s", "number": "7"}) == (
        "{number} {name.__class__} %s: 7"
    )
    assert fill("{name}{code}!", {"name": "张三"}) == "张三!", "a field that is not given is left out"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{name} {number}", []),
        ("{password}", ["password"]),
        ("{answer}", ["answer"]),
        ("{name.__class__}", ["{", "}"]),
        ("{{ name }}", ["{", "}"]),
        ("{0}", ["{", "}"]),
        ("{name!r}", ["{", "}"]),
        ("a } b", ["}"]),
    ],
)
def test_what_is_no_field_is_told(text: str, unknown: list[str]) -> None:
    assert unknown_fields("appointment_booked", text) == unknown
