"""The journal is replayed bucket by bucket."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index("ix_revocation_bucket_session_id", "revocation", ["bucket", "session_id"])
