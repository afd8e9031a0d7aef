"""What reports are made of, and who was forgotten a short while ago."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "erasures",
        sa.Column("pseudonym", sa.String, primary_key=True),
        sa.Column("person", sa.String, nullable=False),
        sa.Column("erased_at", sa.Float, nullable=False),
    )
    op.create_index("usage_days_person", "usage_days", ["person", "day"])
    sums = ("prompt", "cached", "completion", "cost", "estimated")
    op.create_table(
        "usage_sums",
        *(
            sa.Column(name, sa.String, primary_key=True)
            for name in ("scope", "kind", "day", "name")
        ),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in sums),
        sqlite_with_rowid=False,
    )
    op.create_index("usage_sums_name", "usage_sums", ["name", "day"])
    added = ", ".join(f"SUM({name})" for name in sums)
    # Of platform/workspace/channel, what stands before the last slash.
    workspace = "RTRIM(RTRIM(place, REPLACE(place, '/', '')), '/')"
    for scope in ("place", workspace):
        for kind in ("person", "model"):
            op.execute(  # the names in it are our own
                f"INSERT INTO usage_sums SELECT {scope}, '{kind}', day, {kind}, {added} "  # noqa: S608
                "FROM usage_days WHERE place <> '' GROUP BY 1, 2, 3, 4"
            )
    op.create_index("ratings_rated", "ratings", ["rated_at", "reply", "good"])
    op.drop_index("questions_claimed", "questions")
    op.create_index("questions_claimed", "questions", ["claimed_at", "conversation"])


def downgrade() -> None:
    op.drop_index("questions_claimed", "questions")
    op.create_index("questions_claimed", "questions", ["claimed_at"])
    op.drop_index("ratings_rated", "ratings")
    op.drop_table("usage_sums")
    op.drop_index("usage_days_person", "usage_days")
    op.drop_table("erasures")
