"""Credentials of single clocks: which generations there were, and which may be used."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "clock_credentials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("mac", sa.Text(), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=False),
        sa.Column("claimed_at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("first_used_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "device_id ~ '^[0-9a-f]{1,16}$'", name=op.f("ck_clock_credentials_device_id_is_hex")
        ),
        sa.CheckConstraint(
            "platform IN ('esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini', 'linux')",
            name=op.f("ck_clock_credentials_platform_is_ours"),
        ),
        sa.CheckConstraint(
            "generation BETWEEN 1 AND 999999",
            name=op.f("ck_clock_credentials_generation_fits_a_key"),
        ),
        sa.CheckConstraint(
            "state IN ('current', 'retiring', 'revoked')",
            name=op.f("ck_clock_credentials_state_is_known"),
        ),
        sa.CheckConstraint(
            "(state = 'revoked') = (revoked_at IS NOT NULL)",
            name=op.f("ck_clock_credentials_revoked_has_a_time"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_credentials")),
        sa.UniqueConstraint(
            "device_id", "generation", name=op.f("uq_clock_credentials_device_id_generation")
        ),
    )
    for state in ("current", "retiring"):
        op.create_index(
            f"uq_clock_credentials_one_{state}",
            "clock_credentials",
            ["device_id"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )


def downgrade() -> None:
    op.drop_table("clock_credentials")
