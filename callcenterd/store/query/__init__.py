"""Queries over any kind of record: what each kind has to be asked for, and how a query becomes SQL and runs.

Everything is built of SQLAlchemy's expressions over columns that the kinds name: what comes from outside is only ever
looked up among those names, or bound as a value.
"""
