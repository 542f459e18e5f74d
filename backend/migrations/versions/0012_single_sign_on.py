"""People sign in through an OpenID provider."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sso_accounts",
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("follows_groups", sa.Boolean(), nullable=False),
        sa.Column("linked_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sso_accounts_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_sso_accounts")),
        sa.UniqueConstraint("user_id", "issuer", name=op.f("uq_sso_accounts_user_id_issuer")),
    )
    op.add_column("sessions", sa.Column("sealed_id_token", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "sealed_id_token")
    op.drop_table("sso_accounts")
