"""On which day a person's prices came with her advice, in one message."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("advice_told", sa.Column("with_prices_on", sa.Date(), nullable=True))
