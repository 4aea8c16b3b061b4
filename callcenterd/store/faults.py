"""What goes wrong in a database, in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import asyncpg  # type: ignore[import-untyped]
import sqlalchemy as sa

from callcenterd.errors import CallcenterdError

DRIVER_FAULTS = (sa.exc.SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
"""What the drivers raise: asyncpg's own errors come bare while a connection is made."""


class CannotStore(CallcenterdError):
    """The database did not read or write: full, locked, gone, or a row that points nowhere. Nothing has changed."""


def has_no_room(fault: BaseException) -> bool:
    """Is it a full disk? Then SQLite has kept nothing of the transaction, whatever part of it failed."""
    told = fault.orig if isinstance(fault, sa.exc.DBAPIError) else fault
    return getattr(told, "sqlite_errorname", "") == "SQLITE_FULL"


def our_fault(fault: BaseException) -> BaseException:
    """The error to hand on: a driver's becomes CannotStore, all others stay what they are."""
    if isinstance(fault, sa.exc.StatementError) and isinstance(fault.orig, CallcenterdError):
        return fault.orig
    if not isinstance(fault, DRIVER_FAULTS):
        return fault
    ours = CannotStore(f"the database failed: {in_a_line(fault)}")
    ours.__cause__ = fault
    return ours


def in_a_line(fault: BaseException) -> str:
    """What the driver said, without the statement and its values (there may be a password among them)."""
    said = fault.orig if isinstance(fault, sa.exc.DBAPIError) and fault.orig is not None else fault
    lines = str(said).strip().splitlines()
    return lines[0] if lines else type(said).__name__


@contextlib.contextmanager
def ours() -> Iterator[None]:
    """Errors of the driver leave as CannotStore."""
    try:
        yield
    except DRIVER_FAULTS as fault:
        raise our_fault(fault) from fault
