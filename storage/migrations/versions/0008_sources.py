"""Outside sources: their state, answers, hosts that rest, dangers they go on measuring; runs that are taken again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("scheduled_run", sa.Column("outcome", sa.String(), nullable=False, server_default="done"))
    op.add_column("scheduled_run", sa.Column("attempt", sa.Integer(), nullable=False, server_default="1"))
    op.create_table(
        "source_state",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("tried_at", AT, nullable=True),
        sa.Column("good_at", AT, nullable=True),
        sa.Column("data_at", AT, nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
    )
    op.create_table(
        "source_answer",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("last_modified", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.PrimaryKeyConstraint("source", "request"),
    )
    op.create_index("ix_source_answer_at", "source_answer", ["at"])
    op.create_table(
        "source_host",
        sa.Column("host", sa.String(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("rests_until", AT, nullable=True),
    )
    op.create_table(
        "alert_episode",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("measured_at", AT, nullable=False),
        sa.Column("lower_since", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.PrimaryKeyConstraint("source", "key"),
    )
