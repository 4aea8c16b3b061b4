"""Of what tables are made: moments, texts, numbers, and what they all hang on.

Times are UTC and know it (`Utc`); ids of calls and recordings are our own texts, the rest are numbers of the
database. Lists that belong to one thing and are never searched (members, trunks to try) are JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from callcenterd.errors import LocalError


class Utc(TypeDecorator[datetime]):
    """A moment. In SQLite a text of fixed width, so that texts sort as the moments do.

    A time without a zone is refused with LocalError: nobody knows which moment it means.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(32) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise LocalError(f"a time without a zone cannot be kept: {value}")
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="microseconds") if dialect.name == "sqlite" else moment

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return datetime.fromisoformat(value) if isinstance(value, str) else value.astimezone(UTC)


class Plain(TypeDecorator[str]):
    """A text. What no database keeps (NUL, half a surrogate pair) becomes U+FFFD.

    A caller's broken name must not cost us the call's history, nor a broken question an error of ours.
    """

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else storable(value)


def storable(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Number(TypeDecorator[int]):
    """A whole number of 64 bits. One that is larger is nobody's: asked for, it is not found."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # SQLite numbers rows by itself only in a column that says INTEGER.
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return -1 if value is not None and not -(2**63) <= value < 2**63 else value


# Index names are given, not made up by each database, so that a later migration can name what it changes.
metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def key() -> sa.Column[int]:
    """A number given by the database. SQLite: INTEGER PRIMARY KEY AUTOINCREMENT, so that no number comes twice."""
    return sa.Column("id", Number, primary_key=True, autoincrement=True)


def text(name: str) -> sa.Column[str]:
    return sa.Column(name, Plain, nullable=False, server_default="")


def newest_first(table: str, columns: Sequence[str]) -> sa.Index:
    return sa.Index(f"ix_{table}_{'_'.join(columns)}", *columns)
