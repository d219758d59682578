"""A portal may change the colour and the words of the prompt."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("portal", sa.Column("look", sa.JSON(), nullable=False, server_default="{}"))
