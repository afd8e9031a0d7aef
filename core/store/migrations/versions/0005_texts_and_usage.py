"""Texts at rest with what they were made from, what a model call was for, and how to add up."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "texts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("place", sa.String, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_index("texts_expire", "texts", ["expires_at"])
    op.create_table(
        "text_sources",
        sa.Column("text", sa.Integer, sa.ForeignKey("texts.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("message", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
    )
    op.create_index("text_sources_message", "text_sources", ["message"])
    op.add_column(
        "model_calls", sa.Column("purpose", sa.String, nullable=False, server_default="answer")
    )
    op.create_index("model_calls_begun", "model_calls", ["begun_at"])
    op.create_index("questions_asked", "questions", ["asker", "claimed_at"])
    op.create_index("questions_claimed", "questions", ["claimed_at"])


def downgrade() -> None:
    op.drop_index("questions_claimed", "questions")
    op.drop_index("questions_asked", "questions")
    op.drop_index("model_calls_begun", "model_calls")
    op.drop_column("model_calls", "purpose")
    op.drop_table("text_sources")
    op.drop_table("texts")
