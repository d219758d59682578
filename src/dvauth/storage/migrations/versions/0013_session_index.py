"""Where administrators find sessions, and what they want ended that is too much for one request."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

SEARCHES = (("account_id",), ("portal",), ("address",), ("device",), ())


def upgrade() -> None:
    op.create_table(
        "session_index",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("bucket", sa.String(8), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("portal", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_session_index"),
    )
    op.create_index("ix_session_index_bucket", "session_index", ["bucket"])
    for searched in SEARCHES:
        columns = [*searched, "created_at", "session_id"]
        op.create_index(f"ix_session_index_{'_'.join(columns)}", "session_index", columns)
    op.create_table(
        "end_order",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("portal_id", sa.Integer, nullable=True),
        sa.Column("spared", sa.String(64), nullable=True),
        sa.Column("opened_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_end_order"),
    )
