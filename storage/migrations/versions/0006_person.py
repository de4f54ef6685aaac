"""What a person may choose: hours, names of her places. And what a dialog remembers from day to day."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("person", sa.Column("routine_hour", sa.Integer(), nullable=True))
    op.add_column("dialog", sa.Column("memory", JSON, nullable=False, server_default=sa.text("'{}'")))
    op.create_table(
        "own_place",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("place", CODE, nullable=False),
        sa.Column("called", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"]),
        sa.PrimaryKeyConstraint("person_id", "place"),
    )
