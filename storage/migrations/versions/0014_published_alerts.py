"""Alerts say when they ended, and are found by the name under which they are published."""

import sqlalchemy as sa
from alembic import op

from storage.columns import UtcDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alert", sa.Column("ended_at", UtcDateTime(), nullable=True))
    op.create_index("alert_identifier", "alert", ["identifier"])
