"""Questions, replies, model calls, threads and marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("conversation", sa.String, nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("ended_at", sa.Float),
        sa.Column("outcome", sa.String, nullable=False, server_default=""),
        sa.Column("seen", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_table(
        "reply_messages",
        sa.Column("reply", sa.String, sa.ForeignKey("replies.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("message", sa.String, nullable=False),
    )
    op.create_table(
        "questions",
        sa.Column("key", sa.String, primary_key=True),
        sa.Column("conversation", sa.String, nullable=False),
        sa.Column("asker", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False, server_default=""),
        sa.Column("owner", sa.String, nullable=False),
        sa.Column("lease_until", sa.Float, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
        sa.Column("claimed_at", sa.Float, nullable=False),
        sa.Column("settled_at", sa.Float),
        sa.Column("body", sa.Text, nullable=False, server_default=""),
        sa.Column("reply", sa.String, sa.ForeignKey("replies.id")),
    )
    op.create_index("questions_open", "questions", ["state", "lease_until"])
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("reply", sa.String, sa.ForeignKey("replies.id"), nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("request_id", sa.String, nullable=False, server_default=""),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("begun_at", sa.Float, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("prompt_tokens", sa.Integer, nullable=False, server_default="0"),
        sa.Column("cached_tokens", sa.Integer, nullable=False, server_default="0"),
        sa.Column("written_tokens", sa.Integer, nullable=False, server_default="0"),
        sa.Column("completion_tokens", sa.Integer, nullable=False, server_default="0"),
        sa.Column("reasoning_tokens", sa.Integer, nullable=False, server_default="0"),
        sa.Column("estimated", sa.Integer, nullable=False, server_default="0"),
    )
    op.create_index("ix_model_calls_reply", "model_calls", ["reply"])
    op.create_table(
        "threads",
        sa.Column("conversation", sa.String, primary_key=True),
        sa.Column("joined_at", sa.Float, nullable=False),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )


def downgrade() -> None:
    for table in ("marks", "threads", "model_calls", "questions", "reply_messages", "replies"):
        op.drop_table(table)
