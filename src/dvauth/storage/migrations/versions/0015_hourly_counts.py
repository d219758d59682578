"""How much happened, by hour and portal."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "hourly_count",
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("figure", sa.String(32), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("portal", "at", "figure", name="pk_hourly_count"),
    )
    op.create_index("ix_hourly_count_at", "hourly_count", ["at"])
