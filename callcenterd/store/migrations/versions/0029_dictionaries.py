"""The whole of a customer's card, the lists that its values are from, and versions of a card."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

SHIPPED = {
    "level": [
        ("normal", "普通", "Standard"),
        ("silver", "银卡", "Silver"),
        ("gold", "金卡", "Gold"),
        ("vip", "VIP", "VIP"),
    ],
    "sex": [("female", "女", "Female"), ("male", "男", "Male")],
    "identity": [
        ("individual", "个人", "Private person"),
        ("member", "会员", "Member"),
        ("dealer", "经销商", "Dealer"),
        ("supplier", "供应商", "Supplier"),
        ("other", "其他", "Other"),
    ],
    "channel": [
        ("newspaper", "报纸", "Newspaper"),
        ("television", "电视", "Television"),
        ("radio", "广播", "Radio"),
        ("web", "网络", "Web"),
        ("114", "114", "114"),
        ("friend", "朋友介绍", "A friend"),
        ("outdoor", "户外", "Outdoor"),
        ("bus", "公交车体", "Bus body"),
        ("taxi", "出租车体或停靠站", "Taxi body or stop sign"),
        ("light_box", "灯箱", "Light box"),
        ("event", "活动", "Event"),
        ("lecture", "讲座", "Lecture"),
        ("print", "印刷品", "Print"),
        ("company_gift", "礼物", "Company gift"),
        ("other", "其他", "Other"),
    ],
    "tag": [],
}


def upgrade() -> None:
    for name in ("identity", "background", "owner", "team"):
        op.add_column("customers", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("customers", sa.Column("gifts_by_mail", sa.Boolean(), nullable=True))
    op.add_column("customers", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_table(
        "customer_choices",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dictionary", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.id"],
            name="fk_customer_choices_customer_id_customers",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "dictionary", "code", name="pk_customer_choices"),
    )
    op.create_index("ix_customer_choices_code", "customer_choices", ["dictionary", "code", "customer_id"])
    values = op.create_table(
        "dictionary_values",
        sa.Column("dictionary", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("chinese", sa.Text(), nullable=False),
        sa.Column("english", sa.Text(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("dictionary", "code", name="pk_dictionary_values"),
    )
    op.bulk_insert(
        values,
        [
            {"dictionary": name, "code": code, "position": n, "chinese": chinese, "english": english, "retired": False}
            for name, shipped in SHIPPED.items()
            for n, (code, chinese, english) in enumerate(shipped)
        ],
    )


def downgrade() -> None:
    op.drop_table("dictionary_values")
    op.drop_table("customer_choices")
    for name in ("version", "gifts_by_mail", "team", "owner", "background", "identity"):
        op.drop_column("customers", name)
