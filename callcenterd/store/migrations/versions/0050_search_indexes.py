"""Any part of a word is found by an index, and so is what lists are grouped and looked through by.

SQLite: tables of FTS5 with every three signs of a text, kept by triggers. PostgreSQL: GIN indexes of every one, two and
three signs, made by a function of ours, so that no extension is needed.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

# Index → its table, the column with the text, and a number for each row that stays the same (SQLite).
SEARCHED: dict[str, tuple[str, str, str]] = {
    "customer_search": ("customers", "words", "ROW.id"),
    "phone_search": ("phones", "digits", "ROW.customer_id * 1000 + ROW.position"),
    "card_search": ("cards", "number", "ROW.id"),
    "consultation_search": ("consultations", "words", "ROW.id"),
    "complaint_search": ("complaints", "words", "ROW.id"),
    "follow_up_search": ("follow_ups", "words", "ROW.id"),
    "appointment_search": ("appointments", "words", "ROW.id"),
    "duty_search": ("duties", "words", "ROW.id"),
    "call_line_search": ("call_lines", "words", "ROW.id"),
    "call_note_search": ("call_notes", "words", "ROW.id"),
}
INDEXES = (
    ("ix_customers_level", "customers", ["level", "removed_at"]),
    ("ix_customers_owner", "customers", ["owner", "removed_at"]),
    ("ix_customers_team", "customers", ["team", "removed_at"]),
    ("ix_customers_created_by", "customers", ["created_by", "removed_at"]),
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)
    op.create_table(
        "call_lines",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_lines"),
    )
    op.create_table(
        "call_notes",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_call_notes"),
        sa.UniqueConstraint("call_id", name="uq_call_notes_call_id"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.id"], name="fk_call_notes_call_id", ondelete="CASCADE"),
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _fill_sqlite() if sqlite else _fill_postgresql():
        op.execute(sa.text(statement))
    op.create_index("uq_call_lines_line_words", "call_lines", ["line", "words"], unique=True)
    for statement in _sqlite() if sqlite else _postgresql():
        op.execute(sa.text(statement))


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite_back() if sqlite else _postgresql_back():
        op.execute(sa.text(statement))
    for table in ("call_notes", "call_lines"):
        op.drop_table(table)
    for name, table, _ in reversed(INDEXES):
        op.drop_index(name, table)


# ---- SQLite -----------------------------------------------------------------------------------------------------


def _named(row: str) -> str:
    """A call that is found by more than its numbers."""
    plain = "NOT GLOB '*[^ -~]*'"
    return (
        f"({row}note <> '' OR {row}caller_name <> '' OR NOT ({row}caller {plain} AND {row}called {plain}"
        f" AND {row}caller_line {plain} AND {row}called_line {plain}))"
    )


def _line(row: str, name: str) -> str:
    return f"lower({row}{name}) || char(10) || lower({row}{name}_line)"


def _fill_sqlite() -> list[str]:
    each = " UNION ".join(
        f"SELECT {name}_line AS line, {_line('', name)} AS words FROM calls" for name in ("caller", "called")
    )
    return [
        f"INSERT INTO call_lines (line, words) {each}",
        f"INSERT INTO call_notes (call_id, words) SELECT id, words FROM calls WHERE {_named('')}",
    ]


def _sqlite() -> list[str]:
    statements = []
    for name, (table, column, number) in SEARCHED.items():

        def text(row: str, column: str = column) -> str:
            # Two line ends more: so each part of one or two signs stands at the beginning of some three.
            return f"{row}{column} || char(10, 10)"

        old, new = (number.replace("ROW", row) for row in ("OLD", "NEW"))
        of_key = [part.split(" ")[0] for part in number.split("ROW.")[1:]]
        gone = f"INSERT INTO {name} ({name}, rowid, words) VALUES ('delete', {old}, {text('OLD.')});"
        come = f"INSERT INTO {name} (rowid, words) VALUES ({new}, {text('NEW.')});"
        changed = " OR ".join(f"OLD.{one} IS NOT NEW.{one}" for one in (column, *of_key))
        rows = number.replace("ROW.", "")
        statements += [
            f"CREATE VIRTUAL TABLE {name} USING fts5"
            " (words, content='', detail=none, columnsize=0, tokenize='trigram case_sensitive 1')",
            f"CREATE VIRTUAL TABLE {name}_terms USING fts5vocab ({name}, row)",
            f"INSERT INTO {name} (rowid, words) SELECT {rows}, {text('')} FROM {table} ORDER BY {', '.join(of_key)}",
            f"CREATE TRIGGER {name}_come AFTER INSERT ON {table} BEGIN {come} END",
            f"CREATE TRIGGER {name}_gone AFTER DELETE ON {table} BEGIN {gone} END",
            f"CREATE TRIGGER {name}_changed AFTER UPDATE OF {', '.join((column, *of_key))} ON {table}"
            f" WHEN {changed} BEGIN {gone} {come} END",
        ]
    lines = " ".join(
        f"INSERT OR IGNORE INTO call_lines (line, words) VALUES (NEW.{name}_line, {_line('NEW.', name)});"
        for name in ("caller", "called")
    )
    numbers = ("caller", "called", "caller_line", "called_line")
    changed = " OR ".join(f"OLD.{one} IS NOT NEW.{one}" for one in numbers)
    words = ("note", "caller_name", "words")
    kept = (
        f"INSERT INTO call_notes (call_id, words) SELECT NEW.id, NEW.words WHERE {_named('NEW.')}"
        " ON CONFLICT (call_id) DO UPDATE SET words = excluded.words;"
    )
    return [
        *statements,
        f"CREATE TRIGGER call_lines_come AFTER INSERT ON calls BEGIN {lines} END",
        f"CREATE TRIGGER call_lines_changed AFTER UPDATE OF {', '.join(numbers)} ON calls"
        f" WHEN {changed} BEGIN {lines} END",
        f"CREATE TRIGGER call_notes_come AFTER INSERT ON calls WHEN {_named('NEW.')} BEGIN {kept} END",
        f"CREATE TRIGGER call_notes_changed AFTER UPDATE OF {', '.join((*numbers, *words))} ON calls"
        f" WHEN {' OR '.join(f'OLD.{one} IS NOT NEW.{one}' for one in (*numbers, *words))}"
        f" BEGIN DELETE FROM call_notes WHERE call_id = NEW.id AND NOT {_named('NEW.')}; {kept} END",
    ]


def _sqlite_back() -> list[str]:
    statements = [
        f"DROP TRIGGER {name}"
        for name in ("call_lines_come", "call_lines_changed", "call_notes_come", "call_notes_changed")
    ]
    for name in SEARCHED:
        statements += [f"DROP TRIGGER {name}_{what}" for what in ("come", "gone", "changed")]
        statements += [f"DROP TABLE {name}_terms", f"DROP TABLE {name}"]
    return statements


# ---- PostgreSQL -------------------------------------------------------------------------------------------------

_GRAMS = """
CREATE FUNCTION search_grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
    SELECT array_agg(DISTINCT gram) FROM (
        SELECT array_to_string(signs[n : n + more], '') AS gram
        FROM (SELECT string_to_array(words, NULL) AS signs) AS text,
             generate_series(1, cardinality(signs)) AS n,
             generate_series(0, least(2, cardinality(signs) - n)) AS more
    ) AS grams
$$
"""


def _named_there(row: str) -> str:
    numbers = " || ".join(f"{row}{name}" for name in ("caller", "called", "caller_line", "called_line"))
    return f"({row}note <> '' OR {row}caller_name <> '' OR {numbers} ~ '[^ -\\~]')"


def _line_there(row: str, name: str) -> str:
    return f"""lower({row}{name} COLLATE "C") || chr(10) || lower({row}{name}_line COLLATE "C")"""


def _fill_postgresql() -> list[str]:
    each = " UNION ".join(
        f"SELECT {name}_line AS line, {_line_there('', name)} AS words FROM calls" for name in ("caller", "called")
    )
    return [
        f"INSERT INTO call_lines (line, words) {each}",
        f"INSERT INTO call_notes (call_id, words) SELECT id, words FROM calls WHERE {_named_there('')}",
    ]


def _postgresql() -> list[str]:
    lines = " ".join(
        f"INSERT INTO call_lines (line, words) VALUES (NEW.{name}_line, {_line_there('NEW.', name)})"
        " ON CONFLICT DO NOTHING;"
        for name in ("caller", "called")
    )
    kept = (
        f"IF {_named_there('NEW.')} THEN"
        " INSERT INTO call_notes (call_id, words) VALUES (NEW.id, NEW.words)"
        " ON CONFLICT (call_id) DO UPDATE SET words = excluded.words;"
        " ELSE DELETE FROM call_notes WHERE call_id = NEW.id; END IF;"
    )
    new = f"{_named_there('NEW.')}"
    words = "(NEW.note, NEW.caller_name, NEW.words)"
    return [
        _GRAMS,
        *(
            f"CREATE INDEX {name} ON {table} USING gin (search_grams({column}))"
            for name, (table, column, _) in SEARCHED.items()
        ),
        # Of names that begin so, sign by sign; SQLite's own index of names is sorted like that.
        'CREATE INDEX customer_search_name ON customers (name COLLATE "C")',
        f"CREATE FUNCTION call_lines_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {lines} RETURN NULL; END $$",
        f"CREATE FUNCTION call_notes_kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {kept} RETURN NULL; END $$",
        "CREATE TRIGGER call_lines_come AFTER INSERT ON calls FOR EACH ROW EXECUTE FUNCTION call_lines_kept()",
        "CREATE TRIGGER call_lines_changed AFTER UPDATE OF caller, called, caller_line, called_line ON calls"
        " FOR EACH ROW EXECUTE FUNCTION call_lines_kept()",
        f"CREATE TRIGGER call_notes_come AFTER INSERT ON calls FOR EACH ROW WHEN ({new})"
        " EXECUTE FUNCTION call_notes_kept()",
        "CREATE TRIGGER call_notes_changed AFTER UPDATE ON calls FOR EACH ROW"
        f" WHEN ({words} IS DISTINCT FROM {words.replace('NEW', 'OLD')}) EXECUTE FUNCTION call_notes_kept()",
    ]


def _postgresql_back() -> list[str]:
    triggers = ("call_lines_come", "call_lines_changed", "call_notes_come", "call_notes_changed")
    return [
        *(f"DROP TRIGGER {name} ON calls" for name in triggers),
        "DROP FUNCTION call_lines_kept()",
        "DROP FUNCTION call_notes_kept()",
        *(f"DROP INDEX {name}" for name in (*SEARCHED, "customer_search_name")),
        "DROP FUNCTION search_grams(text)",
    ]
