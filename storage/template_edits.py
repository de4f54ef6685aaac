"""An agency's own words for a template: proposed by one officer, in use when another has approved them."""

from datetime import datetime

from sqlalchemy import CursorResult, Index
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.audit import record
from storage.columns import UtcDateTime
from storage.lifecycles import TEMPLATE_EDIT, EditState, ForbiddenTransition, sources


class TemplateEdit(SQLModel, table=True):
    """The body of one template, level, language and form (chat or sms), for one agency."""

    __tablename__ = "template_edit"
    __table_args__ = (Index("template_edit_of", "agency_id", "template", "state"),)

    id: int | None = Field(default=None, primary_key=True)
    agency_id: str = Field(foreign_key="agency.id")
    template: str
    level: str
    language: str
    form: str
    body: str
    state: str = EditState.PROPOSED
    author_id: int = Field(foreign_key="officer.id")
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    approver_id: int | None = Field(default=None, foreign_key="officer.id")
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str = ""


class OwnWords(Exception):
    """Nobody reviews words of her own."""


def propose(session: Session, edit: TemplateEdit, *, by: str) -> TemplateEdit:
    """Write down words that wait for a colleague."""
    session.add(edit)
    session.flush()
    record(session, edit.proposed_at, actor=by, action="template.propose", subject=f"template_edit/{edit.id}")
    return edit


def decide(
    session: Session,
    edit: TemplateEdit,
    state: EditState,
    *,
    officer_id: int,
    by: str,
    at: datetime,
    reason: str = "",
) -> None:
    """Approve or reject; approved words take the place of the agency's earlier ones.

    Raises OwnWords, and ForbiddenTransition when it was decided already.
    """
    if officer_id == edit.author_id:
        raise OwnWords(f"{by} wrote these words: a colleague must review them")
    if state == EditState.APPROVED:
        same = [
            getattr(TemplateEdit, name) == getattr(edit, name)
            for name in ("agency_id", "template", "level", "language", "form")
        ]
        earlier = update(TemplateEdit).where(*same, col(TemplateEdit.state) == EditState.APPROVED.value)
        session.connection().execute(earlier.values(state=EditState.REPLACED.value))
    result = session.connection().execute(
        update(TemplateEdit)
        .where(col(TemplateEdit.id) == edit.id, col(TemplateEdit.state).in_(sources(TEMPLATE_EDIT, state)))
        .values(state=state.value, approver_id=officer_id, decided_at=at, reason=reason)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        raise ForbiddenTransition(f"these words were decided on already: template_edit/{edit.id}")
    detail = {"reason": reason} if reason else None
    subject = f"template_edit/{edit.id}"
    record(session, at, actor=by, action=f"template.{state.value}", subject=subject, detail=detail)
    session.refresh(edit)


def edits(session: Session, agency_id: str, *, state: EditState | None = None) -> list[TemplateEdit]:
    """An agency's edits, the newest first."""
    query = select(TemplateEdit).where(TemplateEdit.agency_id == agency_id)
    if state is not None:
        query = query.where(TemplateEdit.state == state.value)
    found = query.order_by(col(TemplateEdit.id).desc()).execution_options(populate_existing=True)
    return list(session.exec(found))


def own_body(
    session: Session, agency_id: str, template: str, level: str, language: str, form: str
) -> str | None:
    """The agency's approved words; None where it uses the house's."""
    query = select(TemplateEdit.body).where(
        TemplateEdit.agency_id == agency_id,
        TemplateEdit.template == template,
        TemplateEdit.level == level,
        TemplateEdit.language == language,
        TemplateEdit.form == form,
        TemplateEdit.state == EditState.APPROVED.value,
    )
    return session.exec(query).first()
