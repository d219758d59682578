"""Tokens by which programs administer for an administrator, and the keys of what they have added."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("scopes", sa.String(400), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_token"),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name="fk_api_token_account_id", ondelete="CASCADE"),
    )
    op.create_index("ix_api_token_account_id", "api_token", ["account_id"])
    op.create_table(
        "idempotency_key",
        sa.Column("key_digest", sa.String(64), nullable=False),
        sa.Column("draft_digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name="pk_idempotency_key"),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name="fk_idempotency_key_account_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_idempotency_key_made_at", "idempotency_key", ["made_at"])
