"""Complaints, their states that nobody can change, workflows, and duties that say what they are about."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True).with_variant(sa.String(32), "sqlite")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
SHIPPED = {
    "complaint_type": [
        ("service", "服务项目", "Service item"),
        ("department", "部门", "Department"),
        ("person", "人员", "Person"),
        ("product", "产品", "Product"),
        ("medicine", "药品", "Medicine"),
        ("equipment", "设备", "Equipment"),
        ("environment", "环境", "Environment"),
        ("other", "其他", "Other"),
    ],
    "complaint_aspect": [
        ("price", "价格", "Price"),
        ("effect", "效果", "Effect"),
        ("service", "服务", "Service"),
    ],
    "complaint_satisfaction": [
        ("very_satisfied", "非常满意", "Very satisfied"),
        ("satisfied", "满意", "Satisfied"),
        ("fair", "一般", "Fair"),
        ("dissatisfied", "不满意", "Dissatisfied"),
        ("not_asked", "未能询问", "Could not be asked"),
    ],
}
BEGINNING = ("number", "created_at", "created_by", "workflow_id")
NEWEST = "(SELECT s.state FROM complaint_states s WHERE s.complaint_id = NEW.id ORDER BY s.id DESC LIMIT 1)"
NEWEST_AT = (
    "(SELECT s.at FROM complaint_states s WHERE s.complaint_id = NEW.id AND s.kind IN ('created', 'moved')"
    " ORDER BY s.id DESC LIMIT 1)"
)
ONCE = (
    "CREATE TRIGGER TABLE_once BEFORE INSERT ON TABLE WHEN EXISTS (SELECT 1 FROM TABLE WHERE id = NEW.id)"
    " BEGIN SELECT RAISE(ABORT, 'WHAT are never replaced'); END"
)
SAID = {
    "complaint_states": "states of a complaint",
    "complaint_workflows": "versions of a workflow",
}


def _sqlite() -> list[str]:
    found = []
    for table, what in SAID.items():
        found += [
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{what} are never changed'); END",
            f"CREATE TRIGGER {table}_remain BEFORE DELETE ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{what} are never removed'); END",
            # REPLACE removes a row without asking the trigger of DELETE.
            ONCE.replace("TABLE", table).replace("WHAT", what),
        ]
    another = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in BEGINNING)
    return [
        *found,
        "CREATE TRIGGER complaints_once BEFORE INSERT ON complaints"
        " WHEN EXISTS (SELECT 1 FROM complaints WHERE id = NEW.id OR number = NEW.number)"
        " BEGIN SELECT RAISE(ABORT, 'the beginning of a complaint is never changed'); END",
        f"CREATE TRIGGER complaints_begin BEFORE UPDATE OF {', '.join(BEGINNING)} ON complaints WHEN {another}"
        " BEGIN SELECT RAISE(ABORT, 'the beginning of a complaint is never changed'); END",
        "CREATE TRIGGER complaints_state BEFORE UPDATE OF state, state_at ON complaints"
        f" WHEN NEW.state IS NOT {NEWEST} OR NEW.state_at IS NOT {NEWEST_AT}"
        " BEGIN SELECT RAISE(ABORT, 'the state of a complaint is the one that its states say'); END",
    ]


def _postgresql() -> list[str]:
    found = []
    for table, what in SAID.items():
        found += [
            f"CREATE FUNCTION {table}_stay() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{what} are never changed or removed'; END $$",
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION {table}_stay()",
        ]
    old, new = (", ".join(f"{row}.{name}" for name in BEGINNING) for row in ("OLD", "NEW"))
    return [
        *found,
        "CREATE FUNCTION complaints_begin() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'the beginning of a complaint is never changed'; END $$",
        f"CREATE TRIGGER complaints_begin BEFORE UPDATE ON complaints FOR EACH ROW"
        f" WHEN (({old}) IS DISTINCT FROM ({new})) EXECUTE FUNCTION complaints_begin()",
        "CREATE FUNCTION complaints_state() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF NEW.state IS DISTINCT FROM {NEWEST} OR NEW.state_at IS DISTINCT FROM {NEWEST_AT} THEN"
        " RAISE EXCEPTION 'the state of a complaint is the one that its states say'; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER complaints_state BEFORE UPDATE OF state, state_at ON complaints"
        " FOR EACH ROW EXECUTE FUNCTION complaints_state()",
    ]


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def upgrade() -> None:
    op.add_column("duties", _text("about"))
    op.add_column("outbox", _text("about"))
    op.create_table(
        "complaint_workflows",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("workflow", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_workflows"),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_complaint_workflows_type_version", "complaint_workflows", ["type", "version"], unique=True)
    op.create_table(
        "complaints",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("customer_id", NUMBER),
        sa.Column("call_id", sa.Text()),
        *(_text(name) for name in ("phone", "card", "name", "sex", "owner", "team")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("version", NUMBER, server_default="1", nullable=False),
        *(_text(name) for name in ("words", "queue")),
        sa.Column("kind", sa.Text(), nullable=False),
        *(_text(name) for name in ("type", "project_number", "department_number", "person_number", "aspects")),
        *(_text(name) for name in ("reason", "note", "answer_by", "email")),
        sa.Column("workflow_id", NUMBER, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_at", MOMENT, nullable=False),
        sa.Column("due", MOMENT),
        sa.Column("duty_id", NUMBER),
        _text("responsible"),
        sa.Column("stands", sa.Boolean()),
        *(_text(name) for name in ("result", "means", "satisfaction")),
        sa.Column("reopened", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaints"),
        sa.UniqueConstraint("number", name="uq_complaints_number"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_complaints_customer_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["workflow_id"], ["complaint_workflows.id"], name="fk_complaints_workflow_id"),
        sa.ForeignKeyConstraint(["duty_id"], ["duties.id"], name="fk_complaints_duty_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaints_at", "complaints", ["at"])
    for name in ("owner", "team", "customer_id"):
        op.create_index(f"ix_complaints_{name}_at", "complaints", [name, "at"])
    op.create_index("ix_complaints_state_due", "complaints", ["state", "due"])
    op.create_index("ix_complaints_duty_id", "complaints", ["duty_id"])
    op.create_table(
        "complaint_states",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("complaint_id", NUMBER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        *(_text(name) for name in ("move", "text")),
        sa.Column("details", JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_complaint_states"),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name="fk_complaint_states_complaint_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_complaint_states_complaint_id", "complaint_states", ["complaint_id", "id"])
    for statement in _sqlite() if op.get_bind().dialect.name == "sqlite" else _postgresql():
        op.execute(statement)
    values = sa.table(
        "dictionary_values",
        *(sa.column(name) for name in ("dictionary", "code", "position", "chinese", "english")),
    )
    op.bulk_insert(
        values,
        [
            {"dictionary": name, "code": code, "position": n, "chinese": chinese, "english": english}
            for name, shipped in SHIPPED.items()
            for n, (code, chinese, english) in enumerate(shipped)
        ],
    )


def downgrade() -> None:
    op.execute("DELETE FROM dictionary_values WHERE dictionary LIKE 'complaint_%'")
    for table in ("complaint_states", "complaints", "complaint_workflows"):
        op.drop_table(table)
    if op.get_bind().dialect.name != "sqlite":
        for name in ("complaint_states_stay", "complaint_workflows_stay", "complaints_begin", "complaints_state"):
            op.execute(f"DROP FUNCTION {name}()")
    op.execute("DELETE FROM outbox WHERE about <> ''")
    op.drop_column("outbox", "about")
    op.drop_column("duties", "about")
