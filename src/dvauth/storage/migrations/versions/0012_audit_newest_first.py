"""The audit log is read newest first, whatever it is filtered by."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    for column in ("at", "event", "account", "session"):
        op.drop_index(f"ix_audit_{column}", "audit")
    op.create_index("ix_audit_at_id", "audit", ["at", "id"])
    for column in ("event", "account", "actor", "session", "portal", "address"):
        op.create_index(f"ix_audit_{column}_at_id", "audit", [column, "at", "id"])
