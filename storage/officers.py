"""Officers: the people who act for an agency."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import UtcDateTime

LOCAL_OPERATOR = "local operator"
"""Who acts at the command line while no officer is known yet."""


class UnknownOfficer(Exception):
    """The command needs `--as NAME` with the name of an active officer."""


class Officer(SQLModel, table=True):
    """Somebody who may release alerts from the command line."""

    __tablename__ = "officer"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    role: str = "releaser"
    state: str = "active"
    created_at: datetime = Field(sa_type=UtcDateTime)


def officers(session: Session) -> list[Officer]:
    """All officers by name."""
    return list(session.exec(select(Officer).order_by(col(Officer.name))))


def actor(session: Session, name: str | None) -> str:
    """Who acts: the named active officer, or the local operator as long as there is no officer at all.

    Raises UnknownOfficer with the mend when a name is missing, unknown or disabled.
    """
    known = {officer.name: officer for officer in officers(session)}
    if not known:
        if name is not None:
            raise UnknownOfficer(f"there is no officer {name!r}: add one with `krajai officer add {name!r}`")
        return LOCAL_OPERATOR
    if name is None:
        raise UnknownOfficer(f"say who releases: --as NAME (officers: {', '.join(known)})")
    if name not in known:
        raise UnknownOfficer(f"there is no officer {name!r} (officers: {', '.join(known)})")
    if known[name].state != "active":
        raise UnknownOfficer(f"officer {name!r} is {known[name].state}")
    return name
