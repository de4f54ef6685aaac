"""A draft's channels; and who gave an account a new way in, whose hand it may be for a while."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.columns import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

# Whoever decides, and whoever gave her account its new way in.
_DECIDES = (
    "SELECT NEW.officer_id UNION ALL SELECT o.access_from_id FROM officer o"
    " WHERE o.id = NEW.officer_id AND NEW.at < o.access_settles_at"
)
_HAD_A_HAND = (
    "SELECT e.officer_id AS id FROM alert_draft_editor e WHERE e.draft_id = NEW.draft_id"
    " UNION ALL SELECT o.access_from_id FROM officer o JOIN alert_draft_editor e ON e.officer_id = o.id"
    " WHERE e.draft_id = NEW.draft_id AND NEW.at < o.access_settles_at"
)
_SAME_HAND = " ".join(
    (
        "NEW.kind = 'approval' AND EXISTS (SELECT 1 FROM",
        f"({_HAD_A_HAND}) h WHERE h.id IS NOT NULL AND h.id IN ({_DECIDES}))",
    )
)


def upgrade() -> None:
    op.add_column("alert_draft", sa.Column("channels", JSON, nullable=False, server_default=sa.text("'[]'")))
    op.add_column("officer", sa.Column("access_from_id", sa.Integer(), nullable=True))
    op.add_column("officer", sa.Column("access_settles_at", UtcDateTime(), nullable=True))
    sqlite = op.get_bind().dialect.name == "sqlite"
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"
    is_fixed = "(OLD.state = 'released' OR (OLD.state = 'submitted' AND NEW.state <> 'editing'))"
    for each in (
        (
            "alert_draft_channels",
            "alert_draft",
            "UPDATE",
            f"{is_fixed} AND NEW.channels {differs} OLD.channels",
            "what was submitted or released does not change",
        ),
        (
            "alert_approval_access",
            "alert_approval",
            "INSERT",
            _SAME_HAND,
            "nobody approves what whoever opened her account anew had a hand in",
        ),
    ):
        (_forbid_sqlite if sqlite else _forbid_postgresql)(*each)


def _forbid_sqlite(name: str, table: str, event: str, condition: str, reason: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    )


def _forbid_postgresql(name: str, table: str, event: str, condition: str, reason: str) -> None:
    op.execute(
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN NEW; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
    )
