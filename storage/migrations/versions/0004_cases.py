"""Cases whole: what they are about, their timeline, who follows them, and the photos and voice notes that came."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003b"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("state IN ('new', 'taken', 'in_progress', 'reopened', 'done')")
IN_WORK = sa.text("state IN ('wanted', 'removing')")


def upgrade() -> None:
    op.add_column("person", sa.Column("text_only", sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("category", "place_words", "officer", "rating_reason"):
        op.add_column("case", sa.Column(name, sa.String(), nullable=False, server_default=""))
    for name in ("anonymous", "confidential"):
        op.add_column("case", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("latitude", "longitude"):
        op.add_column("case", sa.Column(name, sa.Float(), nullable=True))
    op.add_column("case", sa.Column("done_at", TIME, nullable=True))
    op.add_column("case", sa.Column("rating", sa.Integer(), nullable=True))
    op.create_index("case_person", "case", ["person_id", "id"])
    op.create_index("case_open", "case", ["category", "id"], sqlite_where=OPEN, postgresql_where=OPEN)
    _create_about_cases()
    _create_media()


def _create_about_cases() -> None:
    op.create_table(
        "case_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("by_name", sa.String(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_event_case", "case_event", ["case_id", "id"])
    op.create_table(
        "case_follower",
        sa.Column("case_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("contact_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("case_id", "person_id"),
    )
    op.create_index("case_follower_person", "case_follower", ["person_id"])
    op.create_table(
        "case_lookup",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("case_lookup_person", "case_lookup", ["person_id", "at"])


def _create_media() -> None:
    op.create_table(
        "media",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("contact_id", ID, nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("not_before", TIME, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("kept_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"]),
        sa.ForeignKeyConstraint(["case_id"], ["case.id"]),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"]),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("media_in_work", "media", ["not_before"], sqlite_where=IN_WORK, postgresql_where=IN_WORK)
    op.create_index("media_case", "media", ["case_id"])
    op.create_index("media_contact", "media", ["contact_id", "id"])
    op.create_table(
        "local_upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
