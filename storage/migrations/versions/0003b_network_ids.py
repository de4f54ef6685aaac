"""What SMS networks call the messages that they accepted, and which menu a citizen sees at LINE."""

import sqlalchemy as sa
from alembic import op

revision = "0003b"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "network_id",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("network_id", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "network_id"),
    )
    op.add_column("contact", sa.Column("menu", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "contact_menu",
        "contact",
        ["account_id", "id"],
        sqlite_where=sa.text("menu <> ''"),
        postgresql_where=sa.text("menu <> ''"),
    )
