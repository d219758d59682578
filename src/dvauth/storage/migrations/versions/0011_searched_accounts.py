"""Accounts are searched by both of their names, however they are typed, and by their roles."""

import sqlalchemy as sa
from alembic import op

from dvauth.accounts.account import plain

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("account", sa.Column("searched", sa.Text, nullable=False, server_default=""))
    account = sa.table("account", *map(sa.column, ("id", "username", "display_name", "searched")))
    names = op.get_bind().execute(sa.select(account.c.id, account.c.username, account.c.display_name)).all()
    filled = [{"of": key, "both": f"{plain(username)} {plain(name)}"} for key, username, name in names]
    if filled:
        fill = sa.update(account).where(account.c.id == sa.bindparam("of")).values(searched=sa.bindparam("both"))
        op.get_bind().execute(fill, filled)
    op.create_index("ix_account_role_role_account_id", "account_role", ["role", "account_id"])
