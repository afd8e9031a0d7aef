"""The workspaces in which people have installed the bot themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "installations",
        sa.Column("workspace", sa.String, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("installed_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("installations")
