"""Alembic's entry. ``Database.upgrade`` hands in a connection that already holds the lock and a transaction."""

from alembic import context

from dvauth.storage.sql import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
context.run_migrations()
