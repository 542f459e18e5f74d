"""Roles can be limited to groups of clocks; commands and keys are permissions of their own."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NEW = {"clocks.edit": "clocks.command", "users.manage": "keys.manage"}
"""Who could do the left one could do the right one until now."""


def upgrade() -> None:
    op.add_column("roles", sa.Column("device_groups", postgresql.ARRAY(sa.Text())))
    op.create_check_constraint(
        op.f("ck_roles_some_group"), "roles", "cardinality(device_groups) > 0"
    )
    for old, new in NEW.items():
        op.get_bind().execute(
            sa.text(
                "UPDATE roles SET permissions = array_append(permissions, :new)"
                " WHERE :old = ANY(permissions)"
            ),
            {"old": old, "new": new},
        )


def downgrade() -> None:
    for new in NEW.values():
        op.get_bind().execute(
            sa.text("UPDATE roles SET permissions = array_remove(permissions, :new)"), {"new": new}
        )
    # A role that saw some clocks must not come back as one that sees all: it sees none.
    op.execute(
        "UPDATE roles SET permissions = ARRAY(SELECT one FROM unnest(permissions) AS one"
        " WHERE one NOT LIKE 'clocks.%') WHERE device_groups IS NOT NULL"
    )
    op.drop_column("roles", "device_groups")
