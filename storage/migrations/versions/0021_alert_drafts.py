"""Officers draft alerts and approve each other's: tables, and triggers that keep the rules of it."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
PLACE = sa.String().with_variant(sa.String(collation="C"), "postgresql")

# What a submitted draft says; its state may move, none of this.
SAID = (
    *("template", "hazard", "level", "severity", "urgency", "certainty", "msg_type", "over", "replaces_id"),
    *(
        "relays_id",
        "based_on_id",
        "places",
        "wide",
        "group_name",
        "onset_at",
        "expires_at",
        "next_at",
        "words",
    ),
    *("phone", "shelter_id", "evacuation_by", "document", "identifier", "sent_at", "submitted_by"),
)
NAMES = ("mode", "agency_id", "author_id", "created_at")
ALERT_NAMES = ("identifier", "sender", "sent", "status", "origin", "rehearsal", "cap")

# Each row: name, table, event, condition under which it is refused, and the reason.
Trigger = tuple[str, str, str, str, str]

_IS_OPEN = (
    "EXISTS (SELECT 1 FROM alert_draft d WHERE d.id = NEW.draft_id AND d.state = 'submitted'"
    " AND d.revision = NEW.revision)"
)
_IS_ACTIVE = "EXISTS (SELECT 1 FROM officer o WHERE o.id = NEW.officer_id AND o.state = 'active')"
_HAD_A_HAND = (
    "EXISTS (SELECT 1 FROM alert_draft_editor e WHERE e.draft_id = NEW.draft_id AND e.officer_id = NEW.officer_id)"
    " OR EXISTS (SELECT 1 FROM alert_draft d WHERE d.id = NEW.draft_id"
    " AND (d.author_id = NEW.officer_id OR d.submitted_by = NEW.officer_id))"
)
# Whoever takes a warning back needs nobody else; who says that a danger has passed does.
_CANCELS = (
    "EXISTS (SELECT 1 FROM alert_draft d WHERE d.id = NEW.draft_id AND d.msg_type = 'Cancel' AND NOT d.over"
    " AND d.mode <> 'training')"
)
_MAY_BYPASS = "EXISTS (SELECT 1 FROM officer o WHERE o.id = NEW.officer_id AND o.may_bypass)"
_IS_APPROVED = (
    "EXISTS (SELECT 1 FROM alert_approval a JOIN alert_draft d ON d.id = a.draft_id"
    " JOIN broadcast b ON b.id = NEW.broadcast_id"
    " WHERE a.alert_id = NEW.id AND a.kind IN ('approval', 'bypass', 'cancel') AND a.hash = b.content_hash"
    " AND a.revision = d.revision AND d.state = 'submitted' AND d.msg_type = NEW.msg_type"
    " AND ((d.mode = 'actual' AND NEW.status = 'Actual') OR (d.mode = 'exercise' AND NEW.status = 'Exercise')))"
)
_IS_AUTOMATIC = (
    "(NEW.origin LIKE 'source:%' AND EXISTS (SELECT 1 FROM broadcast b WHERE b.id = NEW.broadcast_id"
    " AND b.released_by LIKE 'source %'))"
)
_HAS_OFFICERS = "EXISTS (SELECT 1 FROM officer)"
_TRAINS = (
    "EXISTS (SELECT 1 FROM alert_approval a JOIN alert_draft d ON d.id = a.draft_id"
    " WHERE a.hash = NEW.content_hash AND a.kind IN ('approval', 'bypass') AND a.revision = d.revision"
    " AND d.mode = 'training' AND d.state = 'submitted')"
)
_DRAFT_IS_APPROVED = (
    "EXISTS (SELECT 1 FROM alert_approval a WHERE a.draft_id = NEW.id AND a.revision = NEW.revision"
    " AND a.kind IN ('approval', 'bypass', 'cancel'))"
)


def upgrade() -> None:
    _registers()
    _drafts()
    _edits()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for each in _triggers(sqlite=sqlite):
        (_forbid_sqlite if sqlite else _forbid_postgresql)(*each)


def _registers() -> None:
    op.create_table(
        "shelter",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name_th", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("place", PLACE, nullable=False),
        sa.Column("room_for", sa.Integer(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("removed_at", AT, nullable=True),
    )
    op.create_table(
        "drill_member",
        sa.Column("group_name", sa.String(), primary_key=True),
        sa.Column("contact_id", BIG, sa.ForeignKey("contact.id"), primary_key=True),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("added_at", AT, nullable=False),
        sa.Column("removed_at", AT, nullable=True),
    )
    op.create_index("ix_drill_member_contact_id", "drill_member", ["contact_id"])


def _drafts() -> None:
    op.create_table(
        "alert_draft",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agency.id"), nullable=False),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("hazard", sa.String(), nullable=True),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("level", "severity", "urgency", "certainty")
        ),
        sa.Column("msg_type", sa.String(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), sa.ForeignKey("alert.id"), nullable=True)
            for name in ("replaces_id", "relays_id", "based_on_id", "alert_id")
        ),
        sa.Column("places", JSON, nullable=False),
        sa.Column("wide", sa.Boolean(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("onset_at", AT, nullable=True),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("next_at", AT, nullable=True),
        sa.Column("words", JSON, nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("shelter_id", sa.Integer(), sa.ForeignKey("shelter.id"), nullable=True),
        sa.Column("evacuation_by", sa.String(), nullable=False),
        sa.Column("settled", JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.Column("identifier", sa.String(), nullable=False),
        sa.Column("sent_at", AT, nullable=True),
        sa.Column("submitted_by", sa.Integer(), sa.ForeignKey("officer.id"), nullable=True),
        sa.Column("broadcast_id", sa.Integer(), sa.ForeignKey("broadcast.id"), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("first_message_at", AT, nullable=True),
    )
    op.create_index("alert_draft_state", "alert_draft", ["state", "id"])
    op.create_index("alert_draft_alert", "alert_draft", ["alert_id"])
    op.create_index("alert_draft_relays", "alert_draft", ["relays_id"])
    op.create_table(
        "alert_draft_editor",
        sa.Column("draft_id", sa.Integer(), sa.ForeignKey("alert_draft.id"), primary_key=True),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), primary_key=True),
        sa.Column("at", AT, nullable=False),
    )
    op.create_table(
        "alert_approval",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("draft_id", sa.Integer(), sa.ForeignKey("alert_draft.id"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), sa.ForeignKey("alert.id"), nullable=True),
        sa.Column("officer_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("kind", "hash", "typed", "factor", "reason")
        ),
        sa.Column("at", AT, nullable=False),
    )
    op.create_index("alert_approval_draft", "alert_approval", ["draft_id", "id"])
    op.create_index("alert_approval_hash", "alert_approval", ["hash"])


def _edits() -> None:
    op.create_table(
        "template_edit",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("agency_id", sa.String(), sa.ForeignKey("agency.id"), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("template", "level", "language", "form", "body", "state")
        ),
        sa.Column("author_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=False),
        sa.Column("proposed_at", AT, nullable=False),
        sa.Column("approver_id", sa.Integer(), sa.ForeignKey("officer.id"), nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index("template_edit_of", "template_edit", ["agency_id", "template", "state"])


def _triggers(*, sqlite: bool) -> list[Trigger]:
    differs = "IS NOT" if sqlite else "IS DISTINCT FROM"

    def changed(names: tuple[str, ...]) -> str:
        return " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in names)

    return [
        *_decision_triggers(),
        *_draft_triggers(changed),
        *_alert_triggers(changed),
        *_words_triggers(changed),
    ]


def _decision_triggers() -> list[Trigger]:
    def refused(name: str, condition: str, reason: str) -> Trigger:
        return f"alert_approval_{name}", "alert_approval", "INSERT", condition, reason

    kept = "decisions are only ever added"
    known = "who had a hand in a draft stays known"
    return [
        refused("open", f"NOT {_IS_OPEN}", "the draft is not submitted as it was seen"),
        refused("active", f"NOT {_IS_ACTIVE}", "only active officers decide"),
        refused(
            "own",
            f"NEW.kind = 'approval' AND ({_HAD_A_HAND})",
            "nobody approves what she wrote, edited or submitted",
        ),
        refused(
            "bypass",
            f"NEW.kind = 'bypass' AND (NEW.reason = '' OR NOT {_MAY_BYPASS})",
            "a release without a colleague needs the right and a reason",
        ),
        refused(
            "kind",
            "NEW.kind NOT IN ('approval', 'rejection', 'bypass', 'cancel')",
            "there is no decision of this kind",
        ),
        refused("cancel", f"NEW.kind = 'cancel' AND NOT {_CANCELS}", "only a Cancel needs one officer alone"),
        ("alert_approval_kept", "alert_approval", "UPDATE", "1 = 1", kept),
        ("alert_approval_keeps", "alert_approval", "DELETE", "1 = 1", kept),
        ("alert_draft_editor_kept", "alert_draft_editor", "UPDATE", "1 = 1", known),
        ("alert_draft_editor_keeps", "alert_draft_editor", "DELETE", "1 = 1", known),
    ]


def _draft_triggers(changed: Callable[[tuple[str, ...]], str]) -> list[Trigger]:
    def refused(name: str, condition: str, reason: str) -> Trigger:
        return f"alert_draft_{name}", "alert_draft", "UPDATE", condition, reason

    is_fixed = "(OLD.state = 'released' OR (OLD.state = 'submitted' AND NEW.state <> 'editing'))"
    goes_out = "NEW.state = 'released' AND OLD.state <> 'released'"
    return [
        refused("named", changed(NAMES), "a draft keeps its mode, agency and author"),
        ("alert_draft_begun", "alert_draft", "INSERT", "NEW.state <> 'editing'", "a draft begins as one"),
        refused(
            "frozen", f"{is_fixed} AND ({changed(SAID)})", "what was submitted or released does not change"
        ),
        refused(
            "final",
            "OLD.state IN ('released', 'dropped') AND NEW.state <> OLD.state",
            "what was decided stays decided",
        ),
        refused(
            "approved",
            f"{goes_out} AND (OLD.state <> 'submitted' OR NOT {_DRAFT_IS_APPROVED})",
            "a draft is released with an approval",
        ),
    ]


def _alert_triggers(changed: Callable[[tuple[str, ...]], str]) -> list[Trigger]:
    goes_out = "NEW.state = 'released' AND OLD.state <> 'released' AND NOT NEW.rehearsal"
    needs_one = f"(NEW.origin = 'console' OR ({_HAS_OFFICERS} AND NOT {_IS_AUTOMATIC}))"
    is_born = "NEW.origin = 'console' AND NEW.state <> 'draft'"
    return [
        ("alert_named", "alert", "UPDATE", changed(ALERT_NAMES), "what names an alert never changes"),
        ("alert_born", "alert", "INSERT", is_born, "an alert begins as a draft"),
        (
            "alert_approved",
            "alert",
            "UPDATE",
            f"{goes_out} AND {needs_one} AND NOT {_IS_APPROVED}",
            "an alert is released with an approval of the very words, area and expiry",
        ),
        (
            "broadcast_training",
            "broadcast",
            "INSERT",
            f"NEW.kind = 'training' AND NOT {_TRAINS}",
            "a training goes out with an approval, to volunteers",
        ),
    ]


def _words_triggers(changed: Callable[[tuple[str, ...]], str]) -> list[Trigger]:
    said = ("agency_id", "template", "level", "language", "form", "body", "author_id")
    return [
        (
            "template_edit_own",
            "template_edit",
            "UPDATE",
            "NEW.approver_id = OLD.author_id",
            "nobody reviews words of her own",
        ),
        (
            "template_edit_approved",
            "template_edit",
            "UPDATE",
            "NEW.state = 'approved' AND NEW.approver_id IS NULL",
            "words are in use when somebody has approved them",
        ),
        (
            "template_edit_new",
            "template_edit",
            "INSERT",
            "NEW.state <> 'proposed'",
            "words begin as a proposal",
        ),
        ("template_edit_said", "template_edit", "UPDATE", changed(said), "what was proposed does not change"),
    ]


def _forbid_sqlite(name: str, table: str, event: str, condition: str, reason: str) -> None:
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{reason}'); END"
    )


def _forbid_postgresql(name: str, table: str, event: str, condition: str, reason: str) -> None:
    # A condition with a query is not allowed in WHEN, so it is the function's.
    op.execute(
        f"CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION '{reason}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {'OLD' if event == 'DELETE' else 'NEW'}; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"
    )
