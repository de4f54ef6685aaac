"""The outbox can be held; what of a broadcast is finished is found by its time."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_hold",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("as_of", UtcDateTime(), nullable=True),
    )
    finished = sa.text("finished_at IS NOT NULL")
    op.create_index(
        "batch_finished",
        "batch",
        ["broadcast_id", "finished_at"],
        sqlite_where=finished,
        postgresql_where=finished,
    )
