"""Nobody changes the audit trail, not by hand in the database either; values beside it go only once it says so."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

_ERASED = (
    "EXISTS (SELECT 1 FROM audit WHERE audit.target = OLD.target AND audit.id > OLD.audit_id"
    " AND audit.what LIKE '%.values_erased')"
)
SQLITE = (
    "CREATE TRIGGER audit_stays BEFORE UPDATE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END",
    "CREATE TRIGGER audit_remains BEFORE DELETE ON audit"
    " BEGIN SELECT RAISE(ABORT, 'nothing of the audit trail is removed'); END",
    # REPLACE removes a row without asking the trigger of DELETE.
    "CREATE TRIGGER audit_once BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END",
    "CREATE TRIGGER audit_values_stay BEFORE UPDATE ON audit_values"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END",
    f"CREATE TRIGGER audit_values_remain BEFORE DELETE ON audit_values WHEN NOT {_ERASED}"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail does not say that this was erased'); END",
    "CREATE TRIGGER audit_values_once BEFORE INSERT ON audit_values"
    " WHEN EXISTS (SELECT 1 FROM audit_values WHERE audit_id = NEW.audit_id)"
    " BEGIN SELECT RAISE(ABORT, 'the audit trail is never changed'); END",
)
POSTGRESQL = (
    "CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'the audit trail is never changed'; END $$",
    "CREATE FUNCTION audit_values_remain() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    f" IF NOT {_ERASED} THEN RAISE EXCEPTION 'the audit trail does not say that this was erased'; END IF;"
    " RETURN OLD; END $$",
    "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays()",
    "CREATE TRIGGER audit_remains BEFORE TRUNCATE ON audit EXECUTE FUNCTION audit_stays()",
    "CREATE TRIGGER audit_values_stay BEFORE UPDATE ON audit_values FOR EACH ROW EXECUTE FUNCTION audit_stays()",
    "CREATE TRIGGER audit_values_remain BEFORE DELETE ON audit_values"
    " FOR EACH ROW EXECUTE FUNCTION audit_values_remain()",
    "CREATE TRIGGER audit_values_all BEFORE TRUNCATE ON audit_values EXECUTE FUNCTION audit_stays()",
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    names = {
        "audit": ("audit_stays", "audit_remains", "audit_once"),
        "audit_values": ("audit_values_stay", "audit_values_remain", "audit_values_once", "audit_values_all"),
    }
    for table, triggers in names.items():
        for name in triggers:
            op.execute(f"DROP TRIGGER IF EXISTS {name}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute("DROP FUNCTION audit_stays()")
        op.execute("DROP FUNCTION audit_values_remain()")
