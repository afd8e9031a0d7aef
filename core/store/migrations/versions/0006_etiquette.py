"""How it stands in threads, which channels are paused, and where the bot has introduced itself."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    with op.batch_alter_table("threads") as threads:
        threads.add_column(sa.Column("quiet_since", sa.Float))
        threads.add_column(sa.Column("run", sa.String, nullable=False, server_default=""))
        threads.add_column(sa.Column("stands_since", sa.Float, nullable=False, server_default="0"))
    op.create_table(
        "pauses",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("paused_at", sa.Float, nullable=False),
        sa.Column("paused_by", sa.String, nullable=False),
    )
    op.create_table(
        "introductions",
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("reply", sa.String, nullable=False),
        sa.Column("made_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("introductions")
    op.drop_table("pauses")
    with op.batch_alter_table("threads") as threads:
        for column in ("stands_since", "run", "quiet_since"):
            threads.drop_column(column)
