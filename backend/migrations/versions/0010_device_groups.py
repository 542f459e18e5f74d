"""Clocks can belong to a group."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("devices", sa.Column("device_group", sa.Text()))
    op.create_check_constraint(
        op.f("ck_devices_group_length"), "devices", "char_length(device_group) BETWEEN 1 AND 40"
    )


def downgrade() -> None:
    op.drop_column("devices", "device_group")
