"""A late logout tells by which secret it was asked for. Those that wait meanwhile cannot, and are dropped."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.drop_table("late_logout")
    op.create_table(
        "late_logout",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("bucket", sa.String(8), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_late_logout"),
    )
