"""Photos and voice notes that came with a cry for help belong to it; a fence for the workers that fetch files."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LINKED = sa.text("safety_report_id IS NOT NULL")


def upgrade() -> None:
    op.add_column("media", sa.Column("fence", sa.Integer(), nullable=False, server_default="0"))
    report = sa.Column("safety_report_id", ID, sa.ForeignKey("safety_report.id"), nullable=True)
    # SQLite takes a reference with its column, and never afterwards.
    op.add_column("media", report, inline_references=True)
    op.create_index(
        "media_safety_report",
        "media",
        ["safety_report_id"],
        sqlite_where=LINKED,
        postgresql_where=LINKED,
    )
