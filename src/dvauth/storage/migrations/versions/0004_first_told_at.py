"""When a change of an account was first told: sessions opened later are none of its business."""

import sqlalchemy as sa
from alembic import op

from dvauth.storage.sql import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("account_change", sa.Column("first_told_at", UtcDateTime()))
