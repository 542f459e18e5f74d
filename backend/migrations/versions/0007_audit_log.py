"""The audit log is append-only by the database's own word, and found by who, what and object."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TEXTS = ("actor", "action", "object")


def upgrade() -> None:
    # A REVOKE does not bind the owner, as which the server connects; a trigger binds everybody,
    # and ENABLE ALWAYS also whoever calls himself a replica.
    op.execute("""
        CREATE FUNCTION refuse_to_change_the_audit_log() RETURNS trigger
        LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the audit log is append-only'
            USING ERRCODE = 'integrity_constraint_violation';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER audit_log_is_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_the_audit_log()
    """)
    op.execute("ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_is_append_only")
    for column in _TEXTS:
        op.alter_column("audit_log", column, type_=sa.Text(collation="C"))
        op.create_index(f"ix_audit_log_{column}", "audit_log", [column, "at", "id"])
    op.drop_index("ix_audit_log_at", table_name="audit_log")
    op.create_index("ix_audit_log_at", "audit_log", ["at", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_log_at", table_name="audit_log")
    op.create_index("ix_audit_log_at", "audit_log", ["at"])
    for column in _TEXTS:
        op.drop_index(f"ix_audit_log_{column}", table_name="audit_log")
        op.alter_column("audit_log", column, type_=sa.Text())
    op.execute("DROP TRIGGER audit_log_is_append_only ON audit_log")
    op.execute("DROP FUNCTION refuse_to_change_the_audit_log()")
