"""Attempts to write boards over USB, and clocks that took another's place."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "flash_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=True),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("by", "platform", "version", "chip", "mac", "device_id", "state")
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("log", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "device_id ~ '^[0-9a-f]{1,16}$'", name=op.f("ck_flash_attempts_device_id_is_hex")
        ),
        sa.CheckConstraint(
            "platform IN ('esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini', 'linux')",
            name=op.f("ck_flash_attempts_platform_is_ours"),
        ),
        sa.CheckConstraint(
            "state IN ('running', 'done', 'failed', 'aborted')",
            name=op.f("ck_flash_attempts_state_is_known"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (ended_at IS NULL)",
            name=op.f("ck_flash_attempts_ended_has_a_time"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flash_attempts")),
    )
    op.create_index("ix_flash_attempts_device_id", "flash_attempts", ["device_id", "id"])
    op.create_index("ix_flash_attempts_begun_at", "flash_attempts", ["begun_at"])
    op.create_table(
        "swaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("by", "old", "new")),
        sa.CheckConstraint("old <> new", name=op.f("ck_swaps_two_clocks")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
    )
    op.create_index(op.f("ix_swaps_old"), "swaps", ["old"])
    op.create_index(op.f("ix_swaps_new"), "swaps", ["new"])


def downgrade() -> None:
    op.drop_table("swaps")
    op.drop_table("flash_attempts")
