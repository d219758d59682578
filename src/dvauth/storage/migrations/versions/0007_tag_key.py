"""A key of tags that outlives signing keys."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    table = op.create_table(
        "tag_key",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tag_key"),
    )
    op.bulk_insert(table, [{"id": 1, "key": secrets.token_bytes(32)}])
    op.execute("UPDATE revision SET number = number + 1")  # what a running Redis holds lacks the key: publish anew
