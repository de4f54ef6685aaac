"""Subscriptions are found by province in the order of persons, in which all that is looked up of them lies."""

from alembic import op
from sqlalchemy import TextClause, text

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_COLUMNS: list[str | TextClause] = [
    "topic",
    text("substr(place, 1, 2)"),
    "person_id",
    "place",
    "contact_id",
    "id",
    "since",
    "until",
]


def upgrade() -> None:
    op.create_index("subscription_province", "subscription", _COLUMNS)
