"""What may be asked of an office's database, and where its parameters stand."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from callcenterd.model import statements

GOOD = "SELECT balance::text, ':none', \"a:b\" FROM cards WHERE number = :card AND day > '12:30' AND who = :who"


def test_parameters_are_found_where_they_stand_and_not_in_quotes_or_casts() -> None:
    assert statements.fault_of(GOOD) == ""
    assert statements.parameters(GOOD) == {"card", "who"}
    asked = sa.text(statements.with_escaped_colons(GOOD))
    assert set(asked.compile().params) == {"card", "who"}
    assert str(asked) == GOOD


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("SELECT 1; DROP TABLE cards", "semicolon"),
        ("SELECT * FROM cards WHERE number = '{{ card }}'", "write :name"),
        ("DELETE FROM cards", "SELECT, WITH or VALUES"),
        ("ATTACH 'x' AS y", "SELECT, WITH or VALUES"),
        ("PRAGMA writable_schema = 1", "SELECT, WITH or VALUES"),
        ("", "SELECT, WITH or VALUES"),
        ("selection", "SELECT, WITH or VALUES"),
        ("SELECT 1 -- all", "comment"),
        ("SELECT 1 /* all */", "comment"),
        ("SELECT 'a", "not closed"),
        ("SELECT ?", "a parameter is written :name"),
        ("SELECT $$a$$", "a parameter is written :name"),
        ("SELECT 1\0", "cannot be printed"),
    ],
)
def test_what_is_no_single_question_is_told(statement: str, why: str) -> None:
    assert why in statements.fault_of(statement)


def test_what_stands_in_quotes_is_no_matter() -> None:
    assert statements.fault_of("select 'a;b -- c ? ''d' where x = \"e;\"") == ""


@given(st.text(max_size=200))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    assert isinstance(statements.fault_of(text), str)
    assert statements.with_escaped_colons(text).replace("\\:", ":") == text.replace("\\:", ":")
