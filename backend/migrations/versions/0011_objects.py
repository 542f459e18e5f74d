"""Stored files have rows of their own, which say whether the bucket has them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "objects",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("stored_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("moved_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_objects_sha256_is_hex")),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_objects_size_is_positive")),
        sa.CheckConstraint(
            "(moved_to IS NULL) = (moved_at IS NULL)", name=op.f("ck_objects_moved_has_a_time")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_objects")),
    )
    op.execute(
        "INSERT INTO objects (sha256, size_bytes, stored_at) "
        "SELECT sha256, size_bytes, uploaded_at FROM firmware "
        "UNION ALL SELECT part.sha256, part.size_bytes, of.uploaded_at "
        "FROM firmware_parts part JOIN firmware of ON of.id = part.firmware_id "
        "ON CONFLICT DO NOTHING"
    )


def downgrade() -> None:
    op.drop_table("objects")
