"""Group chats count with their members against a vendor's quota."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import text

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "contact_group",
        "contact",
        ["account_id", "id"],
        sqlite_where=text("kind = 'group'"),
        postgresql_where=text("kind = 'group'"),
    )
    op.add_column("contact", sa.Column("members", sa.Integer(), server_default="1", nullable=False))
