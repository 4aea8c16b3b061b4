"""The agents' phone book: who works here, and at which extension."""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.query.kinds import Condition, Kind, plain
from callcenterd.store.schema import users

ROLES = ("agent", "supervisor", "manager", "admin")


def _find(word: str) -> Condition:
    return sa.or_(
        *(
            sa.func.lower(column).contains(word, autoescape=True)
            for column in (users.c.name, users.c.login, users.c.extension)
        )
    )


def kind() -> Kind:
    c = users.c
    return Kind(
        name="phone_book",
        key=c.login,
        fields=(
            plain("anything", "any_text", c.name, find=_find),
            plain("name", "text", c.name),
            plain("login", "user", c.login),
            plain("extension", "text", c.extension),
            plain("role", "choice", c.role, codes=ROLES),
            plain("language", "text", c.language),
            plain("in_directory", "yes_no", c.in_directory),
        ),
        columns=("name", "login", "extension", "role"),
    )
