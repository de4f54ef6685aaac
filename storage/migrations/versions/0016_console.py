"""The officers' console: agencies, officers with their factors and sessions, duty; the audit log becomes a chain."""

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from storage.audit_chain import BEGINNING, hash_of

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PLACE = sa.String().with_variant(sa.String(collation="C"), "postgresql")

ROWS_AT_ONCE = 1000


def upgrade() -> None:
    _agencies()
    _officers()
    _sign_in()
    _duty()
    _chain()
    _forbid_changes()


def _agencies() -> None:
    op.create_table(
        "agency",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("name_th", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("places", JSON, nullable=False),
        sa.Column("categories", JSON, nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("opens_minute", sa.Integer(), nullable=False),
        sa.Column("closes_minute", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
    )
    # The installation's own agency; its name comes from the settings when a process starts.
    op.execute(
        "INSERT INTO agency (id, name_th, name_en, level, places, categories, days, opens_minute, closes_minute,"
        " phone, origin, created_at) VALUES ('', '', '', 'local', '[]', '[]', '[1, 2, 3, 4, 5]', 510, 990, '',"
        " 'file', CURRENT_TIMESTAMP)"
    )


def _officers() -> None:
    with op.batch_alter_table("officer") as table:
        for name in ("full_name", "email", "phone", "agency_id", "language", "password_hash"):
            table.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        # Until now an officer released what she had imported, at the command line.
        table.add_column(
            sa.Column("roles", JSON, nullable=False, server_default=sa.text('\'["author", "approver"]\''))
        )
        table.add_column(sa.Column("places", JSON, nullable=False, server_default=sa.text("'[]'")))
        table.add_column(sa.Column("may_bypass", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(
            sa.Column("created_by", sa.String(), nullable=False, server_default="local operator")
        )
        table.add_column(sa.Column("contact_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("password_at", AT, nullable=True))
        table.add_column(sa.Column("disabled_at", AT, nullable=True))
        table.drop_column("role")
        table.create_foreign_key("officer_agency", "agency", ["agency_id"], ["id"])
        table.create_foreign_key("officer_contact", "contact", ["contact_id"], ["id"])
    with op.batch_alter_table("officer") as table:
        for name in (
            "full_name",
            "email",
            "phone",
            "agency_id",
            "language",
            "password_hash",
            "roles",
            "places",
        ):
            table.alter_column(name, server_default=None)
        for name in ("may_bypass", "created_by"):
            table.alter_column(name, server_default=None)
    _partial_index("officer_email", "officer", ["email"], "email <> ''")


def _sign_in() -> None:
    op.create_table(
        "officer_invitation",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_officer_invitation_officer_id", "officer_invitation", ["officer_id"])
    op.create_table(
        "officer_factor",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("counter", BIG, nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
        sa.Column("removed_at", AT, nullable=True),
    )
    op.create_index("ix_officer_factor_officer_id", "officer_factor", ["officer_id"])
    _partial_index("officer_factor_credential", "officer_factor", ["credential_id"], "credential_id <> ''")
    op.create_table(
        "officer_recovery_code",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("used_at", AT, nullable=True),
    )
    op.create_index("ix_officer_recovery_code_officer_id", "officer_recovery_code", ["officer_id"])
    op.create_table(
        "officer_session",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.Column("ends_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.Column("second_factor_at", AT, nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("pending", sa.String(), nullable=False),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("officer_session_officer", "officer_session", ["officer_id", "ends_at"])
    op.create_table(
        "officer_attempts",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", AT, nullable=False),
        sa.Column("blocked_until", AT, nullable=True),
    )


def _duty() -> None:
    op.create_table(
        "duty_shift",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("place", PLACE, nullable=False),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("from_minute", sa.Integer(), nullable=False),
        sa.Column("until_minute", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("removed_at", AT, nullable=True),
    )
    op.create_index("ix_duty_shift_officer_id", "duty_shift", ["officer_id"])
    op.create_table(
        "duty_call",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("right", sa.String(), nullable=False),
        sa.Column("places", JSON, nullable=False),
        sa.Column("never", JSON, nullable=False),
        sa.Column("asked", JSON, nullable=False),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=True),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
    )
    _partial_index("duty_call_open", "duty_call", ["kind", "subject"], "closed_at IS NULL", unique=True)


def _chain() -> None:
    """Number the entries without gaps, chain them, and make the head."""
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("entries", BIG, nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
    )
    with op.batch_alter_table("audit_entry") as table:
        table.add_column(sa.Column("previous", sa.String(), nullable=True))
        table.add_column(sa.Column("hash", sa.String(), nullable=True))
    number, last = _chain_rows(op.get_bind())
    with op.batch_alter_table("audit_entry") as table:
        table.alter_column("previous", existing_type=sa.String(), nullable=False)
        table.alter_column("hash", existing_type=sa.String(), nullable=False)
    for column in ("subject", "actor", "action"):
        op.create_index(f"audit_entry_{column}", "audit_entry", [column, "id"])
    op.execute(
        sa.text("INSERT INTO audit_head (id, entries, hash) VALUES (1, :entries, :hash)").bindparams(
            entries=number, hash=last
        )
    )


def _chain_rows(connection: sa.Connection) -> tuple[int, str]:
    number, last, seen = 0, BEGINNING, 0
    page = sa.text(
        "SELECT id, at, actor, action, subject, detail FROM audit_entry WHERE id > :seen ORDER BY id LIMIT :most"
    )
    written = sa.text(
        "UPDATE audit_entry SET id = :number, previous = :previous, hash = :hash WHERE id = :was"
    )
    while rows := connection.execute(page, {"seen": seen, "most": ROWS_AT_ONCE}).all():
        chained = []
        for was, at, actor, action, subject, detail in rows:
            number, seen = number + 1, was
            said = json.loads(detail) if isinstance(detail, str) else detail
            own = hash_of(
                last, number=number, at=_aware(at), actor=actor, action=action, subject=subject, detail=said
            )
            chained.append({"number": number, "previous": last, "hash": own, "was": was})
            last = own
        # A row's new number is never above its old one, so it is free by then.
        connection.execute(written, chained)
    return number, last


def _aware(at: datetime | str) -> datetime:
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _forbid_changes() -> None:
    said = "the audit log is only ever added to"
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_entry_no_{act.lower()} BEFORE {act} ON audit_entry "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_kept()"
    )


def _partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = True) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
