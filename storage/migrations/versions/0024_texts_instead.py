"""Who got a text message since LINE could not reach her; the time that the database's clock showed last."""

import sqlalchemy as sa
from alembic import op

from storage.columns import BigId, UtcDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "text_instead",
        sa.Column("broadcast_id", sa.Integer(), sa.ForeignKey("broadcast.id"), primary_key=True),
        sa.Column("person_id", BigId, primary_key=True),
        sa.Column("contact_id", BigId, nullable=False),
        sa.Column("phone_id", BigId, nullable=False),
        sa.Column("sent_in", sa.Integer(), sa.ForeignKey("broadcast.id"), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("satang", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
    op.create_index("text_instead_at", "text_instead", ["at"])
    op.create_table(
        "clock_seen",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("at", UtcDateTime(), nullable=False),
    )
