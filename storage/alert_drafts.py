"""Officers' drafts of alerts: what is being written, who wrote it, and how far it has come.

The database itself (triggers of the migration that made these tables) keeps the rules that matter most: a draft never
changes its mode or its author, nothing of a submitted one changes, and it is released with an approval only.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CursorResult, Index, LargeBinary
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.audit import record
from storage.columns import Json, UtcDateTime
from storage.inserting import insert_new
from storage.lifecycles import ALERT_DRAFT, DraftState, ForbiddenTransition, sources


class Mode(StrEnum):
    """What a draft may become; fixed when it is begun."""

    ACTUAL = "actual"
    EXERCISE = "exercise"
    """Citizens get it and read that it is one (CAP status Exercise)."""

    TRAINING = "training"
    """Only members of a group of volunteers get it; it never becomes an alert."""


Words = dict[str, dict[str, str]]
"""language -> name -> text: `headline`, `instruction`, and the fills of the template."""


class AlertDraft(SQLModel, table=True):
    """One draft. `relays_id` is an imported alert that is to go out as it came; `based_on_id` one that was copied.

    `replaces_id` is the alert that an Update, a Cancel or an all-clear (`over`) is about. `group_name` narrows an
    exercise or a training to a group of volunteers; `channels` are those it goes out on, [] for all. `settled` holds,
    by the number of another live alert, why this one may go out beside it. `document` is the CAP alert as it was
    submitted, with `sent_at`; `revision` counts changes.
    """

    __tablename__ = "alert_draft"
    __table_args__ = (
        Index("alert_draft_state", "state", "id"),
        Index("alert_draft_alert", "alert_id"),
        Index("alert_draft_relays", "relays_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    mode: str
    agency_id: str = Field(foreign_key="agency.id")
    author_id: int = Field(foreign_key="officer.id")
    template: str = ""
    hazard: str | None = None
    level: str = ""
    severity: str = ""
    urgency: str = ""
    certainty: str = ""
    msg_type: str = "Alert"
    over: bool = False
    replaces_id: int | None = Field(default=None, foreign_key="alert.id")
    relays_id: int | None = Field(default=None, foreign_key="alert.id")
    based_on_id: int | None = Field(default=None, foreign_key="alert.id")
    places: list[str] = Field(default_factory=list, sa_type=Json)
    wide: bool = False
    group_name: str = ""
    onset_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    words: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    phone: str = ""
    shelter_id: int | None = Field(default=None, foreign_key="shelter.id")
    evacuation_by: str = ""
    channels: list[str] = Field(default_factory=list, sa_type=Json)
    settled: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    revision: int = 1
    state: str = DraftState.EDITING
    document: bytes | None = Field(default=None, sa_type=LargeBinary)
    identifier: str = ""
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    submitted_by: int | None = Field(default=None, foreign_key="officer.id")
    alert_id: int | None = Field(default=None, foreign_key="alert.id")
    broadcast_id: int | None = Field(default=None, foreign_key="broadcast.id")
    reason: str = ""
    created_at: datetime = Field(sa_type=UtcDateTime)
    changed_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    first_message_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def number(self) -> int:
        assert self.id is not None
        return self.id

    @property
    def subject(self) -> str:
        return f"alert_draft/{self.id}"


class AlertDraftEditor(SQLModel, table=True):
    """Whoever had a hand in a draft, its author and submitters among them. Rows are only ever added."""

    __tablename__ = "alert_draft_editor"

    draft_id: int = Field(primary_key=True, foreign_key="alert_draft.id")
    officer_id: int = Field(primary_key=True, foreign_key="officer.id")
    at: datetime = Field(sa_type=UtcDateTime)


class UnknownDraft(Exception):
    """There is no draft of that number."""


def add(session: Session, draft: AlertDraft, by: str, **detail: Any) -> AlertDraft:
    """Begin a draft; its author is its first editor."""
    session.add(draft)
    session.flush()
    touch(session, draft, draft.author_id, draft.created_at)
    said = {"mode": draft.mode, "template": draft.template, **detail}
    record(
        session, draft.created_at, actor=by, action="alert_draft.begin", subject=draft.subject, detail=said
    )
    return draft


def draft(session: Session, draft_id: int, *, lock: bool = False) -> AlertDraft:
    """The draft of this number as it stands; `lock` keeps others from changing it meanwhile. Raises UnknownDraft."""
    found = session.get(AlertDraft, draft_id, populate_existing=True, with_for_update=lock or None)
    if found is None:
        raise UnknownDraft(f"there is no draft {draft_id}")
    return found


def drafts(
    session: Session,
    *,
    states: Sequence[DraftState] = (),
    mode: Mode | None = None,
    below: int | None = None,
    most: int = 100,
) -> list[AlertDraft]:
    """The newest first."""
    query = select(AlertDraft).order_by(col(AlertDraft.id).desc()).limit(most)
    if states:
        query = query.where(col(AlertDraft.state).in_([state.value for state in states]))
    if mode is not None:
        query = query.where(AlertDraft.mode == mode.value)
    if below is not None:
        query = query.where(col(AlertDraft.id) < below)
    return list(session.exec(query))


def draft_of_alert(session: Session, alert_id: int) -> AlertDraft | None:
    """The draft that went out as this alert."""
    query = select(AlertDraft).where(AlertDraft.alert_id == alert_id).order_by(col(AlertDraft.id).desc())
    return session.exec(query).first()


def open_relay(session: Session, alert_id: int) -> AlertDraft | None:
    """The draft in which an imported alert waits to be released as it came."""
    undecided = [DraftState.EDITING.value, DraftState.SUBMITTED.value, DraftState.REJECTED.value]
    query = select(AlertDraft).where(AlertDraft.relays_id == alert_id, col(AlertDraft.state).in_(undecided))
    return session.exec(query.order_by(col(AlertDraft.id).desc())).first()


def touch(session: Session, draft: AlertDraft, officer_id: int, at: datetime) -> None:
    """Note that an officer had a hand in it."""
    row = AlertDraftEditor(draft_id=draft.number, officer_id=officer_id, at=at)
    insert_new(session, [row], unique=("draft_id", "officer_id"))


def editors(session: Session, draft_id: int) -> set[int]:
    """The officers who had a hand in it: none of them may approve it."""
    query = select(AlertDraftEditor.officer_id).where(AlertDraftEditor.draft_id == draft_id)
    return set(session.exec(query))


def move(
    session: Session,
    draft: AlertDraft,
    state: DraftState,
    at: datetime,
    *,
    by: str,
    detail: dict[str, Any] | None = None,
    **values: Any,
) -> None:
    """Move a draft along its lifecycle, with what changes by that, and say so in the audit log.

    Raises ForbiddenTransition when it is not in a state from which that is possible, or was changed meanwhile.
    """
    result = session.connection().execute(
        update(AlertDraft)
        .where(
            col(AlertDraft.id) == draft.id,
            col(AlertDraft.revision) == draft.revision,
            col(AlertDraft.state).in_(sources(ALERT_DRAFT, state)),
        )
        .values(state=state.value, changed_at=at, **values)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        found = session.get(AlertDraft, draft.id, populate_existing=True)
        where = f"is {found.state}" if found is not None else "does not exist"
        raise ForbiddenTransition(f"draft {draft.id} {where}; it cannot become {state.value}")
    record(
        session,
        at,
        actor=by,
        action=f"alert_draft.{state.value}",
        subject=draft.subject,
        detail={"revision": draft.revision, **(detail or {})},
    )
    session.refresh(draft)
