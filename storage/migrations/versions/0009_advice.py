"""Advice: what a person grows, forecasts, officers' word on rules, whom was told something when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "farm_crop",
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), nullable=False),
        sa.Column("crop", sa.String(), nullable=False),
        sa.Column("rai", sa.Integer(), nullable=True),
        sa.Column("planted_on", sa.Date(), nullable=True),
        sa.Column("noted_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "crop"),
    )
    op.create_table(
        "forecast",
        sa.Column("id", ID, primary_key=True),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("conditions", JSON, nullable=False),
        sa.Column("rain_percent_from", sa.Integer(), nullable=True),
        sa.Column("rain_percent_to", sa.Integer(), nullable=True),
        sa.Column("rain_mm", sa.Float(), nullable=True),
        sa.Column("low_from", sa.Float(), nullable=True),
        sa.Column("high_to", sa.Float(), nullable=True),
        sa.Column("at", AT, nullable=False),
    )
    op.create_index("forecast_area", "forecast", ["area", "ends_on"])
    op.create_table(
        "advice_confirmation",
        sa.Column("rule", sa.String(), primary_key=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("confirmed_by", sa.String(), nullable=False),
        sa.Column("at", AT, nullable=False),
    )
    op.create_table(
        "advice_told",
        sa.Column("person_id", ID, sa.ForeignKey("person.id"), primary_key=True, autoincrement=False),
        sa.Column("told_on", sa.Date(), nullable=False),
        sa.Column("severe", sa.Boolean(), nullable=False),
    )
