"""What an answer replaces, how it came about, and how people liked it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("replies", sa.Column("wish", sa.String, nullable=False, server_default=""))
    op.add_column("replies", sa.Column("replaces", sa.String, nullable=False, server_default=""))
    op.add_column("replies", sa.Column("about", sa.Text, nullable=False, server_default="{}"))
    op.create_index("questions_by_reply", "questions", ["reply"])
    op.create_table(
        "former_texts",
        sa.Column("reply", sa.String, sa.ForeignKey("replies.id"), primary_key=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("until", sa.Float, nullable=False),
    )
    op.create_index("ix_former_texts_until", "former_texts", ["until"])
    op.create_table(
        "ratings",
        sa.Column("reply", sa.String, sa.ForeignKey("replies.id"), primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("good", sa.Integer, nullable=False),
        sa.Column("rated_at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("ratings")
    op.drop_table("former_texts")
    op.drop_index("questions_by_reply", "questions")
    op.drop_column("replies", "about")
    op.drop_column("replies", "replaces")
    op.drop_column("replies", "wish")
