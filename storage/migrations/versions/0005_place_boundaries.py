"""Boundaries of places, for shared locations and for alerts that draw their area."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "place_boundary",
        sa.Column("code", CODE, nullable=False),
        *(sa.Column(side, sa.Float(), nullable=False) for side in ("south", "north", "west", "east")),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )
    op.create_index("place_boundary_box", "place_boundary", ["south", "north", "west", "east"])
