"""Indexes for reports, and who was forgotten a short while ago."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("pseudonym", sa.String, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("erased_at", sa.Float, nullable=False),
    )
    op.create_index("usage_days_person", "usage_days", ["person", "day"])
    op.create_index("usage_days_place", "usage_days", ["place", "day"])
    op.create_index("ratings_rated", "ratings", ["rated_at", "reply", "good"])
    op.drop_index("questions_claimed", "questions")
    op.create_index("questions_claimed", "questions", ["claimed_at", "conversation"])


def downgrade() -> None:
    op.drop_index("questions_claimed", "questions")
    op.create_index("questions_claimed", "questions", ["claimed_at"])
    op.drop_index("ratings_rated", "ratings")
    op.drop_index("usage_days_place", "usage_days")
    op.drop_index("usage_days_person", "usage_days")
    op.drop_table("erasures")
