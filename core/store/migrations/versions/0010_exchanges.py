"""How many questions of other programs were taken since a person asked something."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "exchanges",
        sa.Column("place", sa.String, primary_key=True),
        sa.Column("taken", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False, server_default="0"),
    )


def downgrade() -> None:
    op.drop_table("exchanges")
