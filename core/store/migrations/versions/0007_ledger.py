"""What calls cost, added up by day, and what is spent and reserved of each limit."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("model_calls") as calls:
        calls.add_column(sa.Column("person", sa.String, nullable=False, server_default=""))
        calls.add_column(sa.Column("place", sa.String, nullable=False, server_default=""))
        calls.add_column(sa.Column("cost", sa.BigInteger, nullable=False, server_default="0"))
    sums = ("calls", "prompt", "cached", "written", "completion", "reasoning", "cost", "estimated")
    op.create_table(
        "usage_days",
        sa.Column("day", sa.String, primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("model", sa.String, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in sums),
    )
    op.create_table(
        "spending",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("unit", sa.String, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("spent", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("reserved", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("told", sa.Integer, nullable=False, server_default="0"),
        sa.Column("ends", sa.Float, nullable=False),
    )
    op.create_table(
        "reservations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("reservations", "spending", "usage_days"):
        op.drop_table(table)
    with op.batch_alter_table("model_calls") as calls:
        for column in ("cost", "place", "person"):
            calls.drop_column(column)
