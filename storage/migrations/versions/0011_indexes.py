"""Indexes for what the clock looks for every minute, for all that is kept of one person, and for what is old."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("case_event_person", "case_event", ["person_id"])
    op.create_index("media_person", "media", ["person_id"])
    op.create_index("media_file", "media", ["file"])
    op.create_index("safety_report_person", "safety_report", ["person_id"])
    op.create_index("safety_report_at", "safety_report", ["at"])
    op.create_index("message_contact", "message", ["contact_id", "created_at"])
    op.create_index("inbox_event_sender", "inbox_event", ["account_id", "sender", "received_at"])
    op.create_index("recipient_note_contact", "recipient_note", ["contact_id"])
    _partial_index("contact_leaving", "contact", ["id"], "state = 'leaving'")
    _partial_index("person_erased", "person", ["erased_at"], "erased_at IS NOT NULL")
    _partial_index("case_done", "case", ["done_at"], "state = 'done'")
    _partial_index(
        "scheduled_run_unfinished", "scheduled_run", ["schedule", "started_at"], "finished_at IS NULL"
    )


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
