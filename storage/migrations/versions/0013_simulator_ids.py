"""SQLite gives the ids of erased simulator messages to nothing new, so that a phone sees what comes after them."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return  # its ids come from a sequence
    with op.batch_alter_table(
        "local_message", recreate="always", table_kwargs={"sqlite_autoincrement": True}
    ) as table:
        table.alter_column("id", existing_type=sa.Integer(), nullable=False)
