"""Accounts, portals, the audit log and the journal of revocations."""

import sqlalchemy as sa
from alembic import op

from dvauth.storage.sql import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    _accounts()
    _portals()
    _audit()


def _accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(12), nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("canonical_username", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("disabled_at", UtcDateTime()),
        sa.Column("password_changed_at", UtcDateTime()),
        sa.Column("last_login_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("canonical_username", name="uq_account_canonical_username"),
    )
    op.create_table(
        "account_role",
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("account_id", "role", name="pk_account_role"),
        _of_account("account_role"),
    )
    op.create_table(
        "setup_link",
        sa.Column("token_digest", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("token_digest", name="pk_setup_link"),
        _of_account("setup_link"),
    )
    op.create_index("ix_setup_link_account_id", "setup_link", ["account_id"])
    op.create_table(
        "account_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(12), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("keep", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_account_change"),
        _of_account("account_change"),
    )


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=f"fk_{table}_account_id", ondelete="CASCADE")


def _portals() -> None:
    op.create_table(
        "portal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(32), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("activity", sa.String(16), nullable=False),
        sa.Column("mounted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_portal"),
        sa.UniqueConstraint("slug", name="uq_portal_slug"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "portal_origin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("portal_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_portal_origin"),
        sa.UniqueConstraint("origin", name="uq_portal_origin_origin"),
        sa.ForeignKeyConstraint(["portal_id"], ["portal.id"], name="fk_portal_origin_portal_id", ondelete="CASCADE"),
    )
    op.create_index("ix_portal_origin_portal_id", "portal_origin", ["portal_id"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64)),
        sa.Column("actor", sa.String(64)),
        sa.Column("session", sa.String(64)),
        sa.Column("portal", sa.String(64)),
        sa.Column("address", sa.String(64)),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    for column in ("at", "event", "account", "session"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    op.create_table(
        "revocation",
        sa.Column("session_id", sa.String(64), nullable=False),
        sa.Column("bucket", sa.String(8), nullable=False),
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(32), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("forget_after", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_revocation"),
    )
    op.create_index("ix_revocation_forget_after", "revocation", ["forget_after"])
