"""Alembic's door: runs the steps on the connection that the store hands over, in its transaction.

A new step: change `store/schema.py`, then write the file in versions/ by hand; the test of the schema says what is
missing. Types are those of the day: a step does not import the schema, which goes on changing.
"""

from __future__ import annotations

from alembic import context

from callcenterd.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # All steps and the version's row in the store's own transaction; SQLite can do that as well.
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
