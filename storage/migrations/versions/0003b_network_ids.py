"""SMS over SMPP: networks' names of messages, and pieces that wait; which menu a citizen sees at LINE."""

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
    op.create_table(
        "sms_piece",
        sa.Column("account_id", sa.Integer(), sa.ForeignKey("account.id"), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("reference", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("data_coding", sa.Integer(), nullable=False),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "sender", "recipient", "reference", "total", "number"),
    )
    op.add_column("contact", sa.Column("menu", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "contact_menu",
        "contact",
        ["account_id", "id"],
        sqlite_where=sa.text("menu <> ''"),
        postgresql_where=sa.text("menu <> ''"),
    )
