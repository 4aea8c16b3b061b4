"""What a search of calls looks through. Triggers (migration 0042) keep both tables; see decision 0040.

A call has two numbers, and there are far fewer numbers than calls: their parts are looked for once, not in each call.
"""

from __future__ import annotations

import sqlalchemy as sa

from callcenterd.store.columns import Plain, key, metadata

# Each number that was ever on a call, as it was written and normalised. They stay when their calls are gone.
call_lines = sa.Table(
    "call_lines",
    metadata,
    key(),
    sa.Column("line", Plain, nullable=False),
    sa.Column("words", Plain, nullable=False),  # small letters, a line each
    sa.Index("uq_call_lines_line_words", "line", "words", unique=True),
)

# Calls that have more to be found by than their numbers: a note, a name, or a number that is none.
call_notes = sa.Table(
    "call_notes",
    metadata,
    key(),
    sa.Column("call_id", Plain, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False, unique=True),
    sa.Column("words", Plain, nullable=False),  # the call's own
)
