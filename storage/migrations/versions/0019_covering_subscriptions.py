"""The indexes of subscriptions hold all that choosing an audience asks, so that no row is looked up for it."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_COLUMNS = {
    "subscription_audience": ["topic", "place", "contact_id", "id", "person_id", "since", "until"],
    "subscription_person": ["person_id", "topic", "place", "contact_id", "id", "since", "until"],
}


def upgrade() -> None:
    for name, columns in _COLUMNS.items():
        op.drop_index(name, "subscription")
        op.create_index(name, "subscription", columns)
