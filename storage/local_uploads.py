"""Files that simulated phones sent: they stand for what LINE or Telegram keep of a photo until it is fetched.

As all of the `local` channel's network, the product never reads them but through the channel.
"""

from datetime import datetime, timedelta

from sqlalchemy import LargeBinary, delete
from sqlmodel import Field, Session, SQLModel, col

from storage.columns import UtcDateTime

KEPT_DAYS = 1


class LocalUpload(SQLModel, table=True):
    """One file as it came from the page."""

    __tablename__ = "local_upload"

    id: str = Field(primary_key=True)
    media_type: str
    data: bytes = Field(sa_type=LargeBinary)
    at: datetime = Field(sa_type=UtcDateTime)


def forget_old(session: Session, at: datetime) -> int:
    """Delete files that the network would no longer have; how many."""
    old = delete(LocalUpload).where(col(LocalUpload.at) < at - timedelta(days=KEPT_DAYS))
    return session.connection().execute(old).rowcount
