"""People who need help, as the officers' board works on them; open cries get their row."""

import sqlalchemy as sa
from alembic import op

from storage.columns import BigId, Json, PlaceCode, UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_OPEN = sa.text("state != 'closed'")


def upgrade() -> None:
    op.create_table(
        "help_request",
        sa.Column("id", BigId, primary_key=True),
        sa.Column("contact_id", BigId, sa.ForeignKey("contact.id"), nullable=False),
        sa.Column("person_id", BigId, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("place", PlaceCode, nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("needs", Json, nullable=False),
        sa.Column("people", sa.Integer(), nullable=True),
        sa.Column("cries", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("promised_at", UtcDateTime(), nullable=True),
        sa.Column("merged_into_id", BigId, sa.ForeignKey("help_request.id"), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index(
        "help_request_of_contact",
        "help_request",
        ["contact_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("help_request_contact", "help_request", ["contact_id"])
    op.create_index("help_request_person", "help_request", ["person_id"])
    closed = sa.text("state = 'closed'")
    op.create_index(
        "help_request_closed", "help_request", ["last_at"], sqlite_where=closed, postgresql_where=closed
    )
    op.create_index(
        "help_request_open", "help_request", ["first_at"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
    # Whose latest report is a cry that was not withdrawn waits for help still.
    op.execute(
        """
        INSERT INTO help_request (contact_id, person_id, state, place, latitude, longitude, needs, cries,
                                  first_at, last_at, team, closed_by, reason)
        SELECT contact_id, person_id, 'new', place, latitude, longitude, '[]', 1, at, at, '', '', ''
        FROM safety_report AS latest
        WHERE answer = 'need_help' AND state != 'withdrawn'
          AND id = (SELECT max(id) FROM safety_report AS any_of_hers WHERE any_of_hers.contact_id = latest.contact_id)
        """
    )
