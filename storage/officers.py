"""Officers: the people who act for an agency."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.agencies import OWN
from storage.columns import Json, UtcDateTime

LOCAL_OPERATOR = "local operator"
"""Who acts at the command line while no officer is known yet."""

MOST_NAME_LETTERS = 80


class UnknownOfficer(Exception):
    """The command needs `--as NAME` with the name of an active officer."""


class Role(StrEnum):
    AUTHOR = "author"
    APPROVER = "approver"
    CASE_WORKER = "case_worker"
    KNOWLEDGE_EDITOR = "knowledge_editor"
    ADMIN = "admin"
    AUDITOR = "auditor"


class OfficerState(StrEnum):
    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class Officer(SQLModel, table=True):
    """Somebody who acts for `agency_id`; `name` is how she signs in and how the audit log calls her.

    `places` narrow those of her agency; [] means all of them. `may_bypass` is the right to release without a
    colleague's approval. `contact_id` is her own chat, where she is told what waits for her. `access_from_id` is the
    officer who gave her account, which had been in use, its new way in: until `access_settles_at` it may be that
    officer's hand (storage/officer_access.py).
    """

    __tablename__ = "officer"
    __table_args__ = (
        Index(
            "officer_email",
            "email",
            unique=True,
            sqlite_where=text("email <> ''"),
            postgresql_where=text("email <> ''"),
        ),
        Index(
            "officer_contact",
            "contact_id",
            unique=True,
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    full_name: str = ""
    email: str = ""
    phone: str = ""
    agency_id: str = Field(default=OWN, foreign_key="agency.id")
    roles: list[str] = Field(default_factory=list, sa_type=Json)
    places: list[str] = Field(default_factory=list, sa_type=Json)
    may_bypass: bool = False
    state: str = OfficerState.ACTIVE
    language: str = ""
    contact_id: int | None = Field(default=None, foreign_key="contact.id")
    password_hash: str = Field(default="", repr=False)
    password_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    access_from_id: int | None = None
    access_settles_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str = LOCAL_OPERATOR
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    @property
    def shown_name(self) -> str:
        return self.full_name or self.name


def officers(session: Session) -> list[Officer]:
    """All officers by name."""
    return list(session.exec(select(Officer).order_by(col(Officer.name))))


def officer(session: Session, officer_id: int) -> Officer | None:
    """The officer of this number."""
    return session.get(Officer, officer_id)


def named(session: Session, name: str) -> Officer | None:
    """The officer who signs in so: by her name, or by her e-mail address."""
    wanted = name.strip()
    if not wanted:
        return None
    found = session.exec(select(Officer).where(Officer.name == wanted)).first()
    return with_email(session, wanted) if found is None and "@" in wanted else found


def with_email(session: Session, email: str) -> Officer | None:
    """The officer of this e-mail address."""
    return session.exec(select(Officer).where(Officer.email == email.lower())).first()


def with_roles(session: Session, roles: Iterable[Role]) -> list[Officer]:
    """The active officers who have one of the roles, by name."""
    wanted = set(roles)
    return [
        each for each in officers(session) if each.state == OfficerState.ACTIVE and wanted & set(each.roles)
    ]


def actor(session: Session, name: str | None) -> str:
    """Who acts: the named active officer, or the local operator as long as there is no officer at all.

    Raises UnknownOfficer with the mend when a name is missing, unknown or disabled.
    """
    known = {each.name: each for each in officers(session)}
    if not known:
        if name is not None:
            raise UnknownOfficer(f"there is no officer {name!r}: add one with `krajai officer add {name!r}`")
        return LOCAL_OPERATOR
    if name is None:
        raise UnknownOfficer(f"say who releases: --as NAME (officers: {', '.join(known)})")
    if name not in known:
        raise UnknownOfficer(f"there is no officer {name!r} (officers: {', '.join(known)})")
    if known[name].state != OfficerState.ACTIVE:
        raise UnknownOfficer(f"officer {name!r} is {known[name].state}")
    return name
