"""Logouts that wait for Redis."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "late_logout",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("bucket", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_late_logout"),
    )
