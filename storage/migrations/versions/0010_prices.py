"""Prices of farm products, and the thresholds people set on them."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)
BIG = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "price",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("low", BIG, nullable=False),
        sa.Column("high", BIG, nullable=False),
        sa.Column("average", BIG, nullable=False),
        sa.Column("level", BIG, nullable=False),
        sa.Column("price_on", sa.Date(), nullable=False),
        sa.Column("fetched_at", AT, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("watched_at", AT, nullable=True),
        sa.UniqueConstraint("source", "product", "grade", "market", "price_on", name="price_once"),
    )
    op.create_index("price_product", "price", ["product", "price_on"])
    _partial_index("price_unwatched", "price", ["product"], "watched_at IS NULL")
    _partial_index("price_held", "price", ["id"], "state = 'held'")
    op.create_table(
        "price_threshold",
        sa.Column("id", BIG, primary_key=True),
        sa.Column("person_id", BIG, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("contact_id", BIG, sa.ForeignKey("contact.id"), nullable=False),
        sa.Column("product", sa.String(), nullable=False),
        sa.Column("op", sa.String(), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("level", BIG, nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", AT, nullable=False),
        sa.Column("fired_at", AT, nullable=True),
        sa.Column("fired_price", BIG, nullable=True),
        sa.Column("closed_at", AT, nullable=True),
    )
    columns = ["product", "measure", "op", "level"]
    _partial_index("price_threshold_armed", "price_threshold", columns, "state = 'armed'")
    _partial_index("price_threshold_resting", "price_threshold", columns, "state = 'resting'")
    _partial_index(
        "price_threshold_fired", "price_threshold", ["fired_price", "id"], "fired_price IS NOT NULL"
    )
    op.create_index("price_threshold_person", "price_threshold", ["person_id"])


def _partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, sqlite_where=condition, postgresql_where=condition)
