"""The first schema."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("scopes", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("last_used_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("revoked_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("cardinality(scopes) > 0", name=op.f("ck_api_keys_has_a_scope")),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 64", name=op.f("ck_api_keys_name_length")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_api_keys_key_hash")),
        sa.UniqueConstraint("prefix", name=op.f("uq_api_keys_prefix")),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("board", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("uptime_s", sa.BigInteger(), nullable=True),
        sa.Column("rssi_dbm", sa.SmallInteger(), nullable=True),
        sa.Column("free_heap_bytes", sa.BigInteger(), nullable=True),
        sa.Column("ssid", sa.Text(), nullable=True),
        sa.Column("ip_address", sa.Text(), nullable=True),
        sa.Column("first_seen", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.CheckConstraint(
            "device_id ~ '^[0-9a-f]{1,16}$'", name=op.f("ck_devices_device_id_is_hex")
        ),
        sa.CheckConstraint(
            "platform IS NULL OR platform IN ('esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini')",
            name=op.f("ck_devices_platform_is_ours"),
        ),
        sa.CheckConstraint(
            "char_length(name) BETWEEN 1 AND 64", name=op.f("ck_devices_name_length")
        ),
        sa.CheckConstraint("last_seen >= first_seen", name=op.f("ck_devices_seen_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("device_id", name=op.f("uq_devices_device_id")),
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "downloads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("taker", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
    )
    op.create_index(op.f("ix_downloads_at"), "downloads", ["at"], unique=False)
    op.create_table(
        "firmware",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("version_key", sa.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("uploaded_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.Text(), nullable=False),
        sa.Column("announced_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint(
            "platform IN ('esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini')",
            name=op.f("ck_firmware_platform_is_ours"),
        ),
        sa.CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_firmware_sha256_is_hex")),
        sa.CheckConstraint("size_bytes > 0", name=op.f("ck_firmware_size_is_positive")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_firmware")),
        sa.UniqueConstraint("platform", "version", name=op.f("uq_firmware_platform_version")),
    )
    op.create_index(
        "ix_firmware_to_announce",
        "firmware",
        ["id"],
        unique=False,
        postgresql_where=sa.text("announced_at IS NULL"),
    )
    op.create_table(
        "heartbeats",
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("received_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("uptime_s", sa.BigInteger(), nullable=True),
        sa.Column("rssi_dbm", sa.SmallInteger(), nullable=True),
        sa.Column("free_heap_bytes", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        postgresql_partition_by="RANGE (received_at)",
    )
    op.create_index(
        "ix_heartbeats_device_received_at", "heartbeats", ["device", "received_at"], unique=False
    )
    op.create_table(
        "roles",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("name", name=op.f("uq_roles_name")),
    )
    op.create_table(
        "updates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("old_version", sa.Text(), nullable=True),
        sa.Column("new_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "progress_percent", sa.SmallInteger(), server_default=sa.text("0"), nullable=False
        ),
        sa.Column("offered_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("started_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("heard_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("completed_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('offered', 'started', 'downloading', 'installed')) = (completed_at IS NULL)",
            name=op.f("ck_updates_ended_has_a_time"),
        ),
        sa.CheckConstraint(
            "device_id ~ '^[0-9a-f]{1,16}$'", name=op.f("ck_updates_device_id_is_hex")
        ),
        sa.CheckConstraint(
            "state IN ('offered', 'lapsed') OR started_at IS NOT NULL",
            name=op.f("ck_updates_begun_has_a_time"),
        ),
        sa.CheckConstraint(
            "state IN ('offered', 'started', 'downloading', 'installed', 'success', 'failed', 'silent', 'lapsed')",
            name=op.f("ck_updates_state_is_known"),
        ),
        sa.CheckConstraint(
            "progress_percent BETWEEN 0 AND 100", name=op.f("ck_updates_progress_is_percent")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_updates")),
        sa.UniqueConstraint("session_id", name=op.f("uq_updates_session_id")),
    )
    op.create_index(
        "ix_updates_begun",
        "updates",
        ["id"],
        unique=False,
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index("ix_updates_device", "updates", ["device_id", "id"], unique=False)
    op.create_index(
        "ix_updates_started_at",
        "updates",
        ["started_at"],
        unique=False,
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index(
        "ix_updates_failed_at",
        "updates",
        ["completed_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('failed', 'silent')"),
    )
    op.create_table(
        "update_totals",
        sa.Column("hour", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("updates", sa.BigInteger(), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("hour", "state", name=op.f("pk_update_totals")),
    )
    op.create_index(
        "ix_updates_state",
        "updates",
        ["state", "id"],
        unique=False,
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index(
        "uq_updates_one_offer",
        "updates",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index(
        "uq_updates_one_running",
        "updates",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('started', 'downloading', 'installed')"),
    )
    op.create_table(
        "platform_permissions",
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "platform IN ('esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini')",
            name=op.f("ck_platform_permissions_platform_is_ours"),
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["roles.id"],
            name=op.f("fk_platform_permissions_role_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "platform", name=op.f("pk_platform_permissions")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column(
            "must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("disabled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", postgresql.TIMESTAMP(timezone=True), nullable=True),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_is_lower_case")),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_users_role_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_index(op.f("ix_users_role_id"), "users", ["role_id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("last_seen_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", postgresql.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("user_agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_expires_at"), "sessions", ["expires_at"], unique=False)
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)

    _count_updates()
    _seed_roles()


def _count_updates() -> None:
    """Keep update_totals by trigger: whatever changes `updates`, the totals follow."""
    counted = """
        SELECT date_trunc('hour', started_at, 'UTC') AS hour, state, {sign} AS updates,
               {sign} * coalesce(extract(epoch FROM completed_at - started_at), 0) AS duration_s
        FROM {rows} WHERE started_at IS NOT NULL
    """
    gone = counted.format(sign="-1", rows="before")
    come = counted.format(sign="1", rows="after")
    for operation, rows, tables in (
        ("INSERT", come, "NEW TABLE AS after"),
        ("UPDATE", f"{gone} UNION ALL {come}", "OLD TABLE AS before NEW TABLE AS after"),
        ("DELETE", gone, "OLD TABLE AS before"),
    ):
        name = f"count_updates_on_{operation.lower()}"
        op.execute(f"""
            CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO update_totals AS total (hour, state, updates, duration_s)
                SELECT hour, state, sum(updates), sum(duration_s) FROM ({rows}) AS changes
                GROUP BY hour, state HAVING sum(updates) <> 0 OR sum(duration_s) <> 0
                ORDER BY hour, state
                ON CONFLICT (hour, state) DO UPDATE
                SET updates = total.updates + excluded.updates,
                    duration_s = total.duration_s + excluded.duration_s;
                RETURN NULL;
            END $$
        """)
        op.execute(f"""
            CREATE TRIGGER {name} AFTER {operation} ON updates
            REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()
        """)


def _seed_roles() -> None:
    """Admins may do everything, technicians flash and update, viewers look."""
    see = ["clocks.see", "firmware.see"]
    flash = ["firmware.download", "clocks.edit", "diagnostics.see"]
    own = ["clocks.remove", "firmware.upload", "users.manage", "audit.see"]
    platforms = ["esp32", "esp32c3", "esp32s3", "esp12f", "esp01", "d1mini"]
    roles = {"admin": see + flash + own, "technician": see + flash, "viewer": see}
    for name, permissions in roles.items():
        role = op.get_bind().execute(
            sa.text("INSERT INTO roles (name, permissions) VALUES (:name, :them) RETURNING id"),
            {"name": name, "them": permissions},
        )
        role_id = role.scalar_one()
        for platform in platforms if name != "viewer" else []:
            op.get_bind().execute(
                sa.text("INSERT INTO platform_permissions VALUES (:role, :platform)"),
                {"role": role_id, "platform": platform},
            )


def downgrade() -> None:
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_index(op.f("ix_sessions_expires_at"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_users_role_id"), table_name="users")
    op.drop_table("users")
    op.drop_table("platform_permissions")
    op.drop_index(
        "uq_updates_one_running",
        table_name="updates",
        postgresql_where=sa.text("state IN ('started', 'downloading', 'installed')"),
    )
    op.drop_index(
        "uq_updates_one_offer", table_name="updates", postgresql_where=sa.text("state = 'offered'")
    )
    op.drop_index(
        "ix_updates_state", table_name="updates", postgresql_where=sa.text("started_at IS NOT NULL")
    )
    op.drop_index(
        "ix_updates_started_at",
        table_name="updates",
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.drop_index("ix_updates_device", table_name="updates")
    op.drop_index(
        "ix_updates_begun", table_name="updates", postgresql_where=sa.text("started_at IS NOT NULL")
    )
    op.drop_index(
        "ix_updates_failed_at",
        table_name="updates",
        postgresql_where=sa.text("state IN ('failed', 'silent')"),
    )
    op.drop_table("updates")
    for operation in ("insert", "update", "delete"):
        op.execute(f"DROP FUNCTION count_updates_on_{operation}()")
    op.drop_table("update_totals")
    op.drop_table("roles")
    op.drop_index("ix_heartbeats_device_received_at", table_name="heartbeats")
    op.drop_table("heartbeats")
    op.drop_index(
        "ix_firmware_to_announce",
        table_name="firmware",
        postgresql_where=sa.text("announced_at IS NULL"),
    )
    op.drop_table("firmware")
    op.drop_index(op.f("ix_downloads_at"), table_name="downloads")
    op.drop_table("downloads")
    op.drop_table("devices")
    op.drop_index(op.f("ix_audit_log_at"), table_name="audit_log")
    op.drop_table("audit_log")
    op.drop_table("api_keys")
