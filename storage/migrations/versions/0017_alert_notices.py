"""What other systems have been told of alerts."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alert_notice",
        sa.Column("url", sa.String(), primary_key=True),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), primary_key=True),
        sa.Column("alert_state", sa.String(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "alert_notice_waiting", "alert_notice", ["next_at"], sqlite_where=waiting, postgresql_where=waiting
    )
