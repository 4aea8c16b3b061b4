"""The agents' phone book: who works here, and at which extension."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from callcenterd.store.query.kinds import Kind, plain
from callcenterd.store.schema import users
from callcenterd.store.search import Words

ROLES = ("agent", "supervisor", "manager", "admin")


def _find(words: Sequence[str], sqlite: bool) -> list[Words]:  # noqa: ARG001  # it is a short list
    columns = (users.c.name, users.c.login, users.c.extension)
    return [Words(sa.or_(*(sa.func.lower(one).contains(word, autoescape=True) for one in columns))) for word in words]


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
