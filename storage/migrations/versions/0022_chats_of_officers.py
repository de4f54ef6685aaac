"""Officers' own chats, and volunteers who announce warnings in their villages."""

import sqlalchemy as sa
from alembic import op

from storage.columns import BigId, Json, PlaceCode, UtcDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_ACTIVE = sa.text("state = 'active'")
_LINKED = sa.text("contact_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "chat_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("code_hash", sa.String(), nullable=False, unique=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=True),
        sa.Column("places", Json, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
    )
    op.create_index("ix_chat_code_officer_id", "chat_code", ["officer_id"])
    op.create_table(
        "relay",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=False),
        sa.Column("place", PlaceCode, nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
    )
    op.create_index(
        "relay_of_contact",
        "relay",
        ["contact_id", "place"],
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    )
    op.create_index("relay_contact", "relay", ["contact_id"])
    op.create_index("relay_ended", "relay", ["ended_at"])
    op.create_index("relay_place", "relay", ["place"], sqlite_where=_ACTIVE, postgresql_where=_ACTIVE)
    op.create_table(
        "relay_notice",
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), primary_key=True),
        sa.Column("relay_id", sa.Integer(), sa.ForeignKey("relay.id"), primary_key=True),
        sa.Column("broadcast_id", sa.Integer(), sa.ForeignKey("broadcast.id"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.Column("heard_at", UtcDateTime(), nullable=True),
    )
    op.create_index("relay_notice_relay", "relay_notice", ["relay_id"])
    op.create_index("relay_notice_told", "relay_notice", ["told_at"])
    op.create_index(
        "officer_contact",
        "officer",
        ["contact_id"],
        unique=True,
        sqlite_where=_LINKED,
        postgresql_where=_LINKED,
    )
