"""What the first generation shares can be turned off."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_access",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_off", sa.Boolean(), nullable=False),
        sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True)),
        sa.Column("changed_by", sa.Text()),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True)),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_shared_access")),
        sa.CheckConstraint(
            "name IN ('upload_key', 'download_key', 'mqtt_user')",
            name=op.f("ck_shared_access_name_is_known"),
        ),
    )


def downgrade() -> None:
    op.drop_table("shared_access")
