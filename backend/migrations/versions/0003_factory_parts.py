"""What a blank chip needs beside the application, kept with each firmware."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "firmware_parts",
        sa.Column("firmware_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "part IN ('bootloader', 'partitions', 'boot_app0')",
            name=op.f("ck_firmware_parts_part_is_known"),
        ),
        sa.CheckConstraint(
            "sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_firmware_parts_sha256_is_hex")
        ),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_firmware_parts_size_is_positive")),
        sa.ForeignKeyConstraint(
            ["firmware_id"],
            ["firmware.id"],
            name=op.f("fk_firmware_parts_firmware_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("firmware_id", "part", name=op.f("pk_firmware_parts")),
    )
    op.add_column(
        "downloads",
        sa.Column("part", sa.Text(), server_default=sa.text("'application'"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("downloads", "part")
    op.drop_table("firmware_parts")
