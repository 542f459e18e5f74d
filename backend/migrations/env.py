"""Runs migrations on the connection that backend.db hands over, under its lock."""

from alembic import context

from backend.key_models import Base  # every table: this module adds to those of the others

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
