"""Second-generation clocks: what they say, what they are told, signed firmware, `linux`."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = postgresql.TIMESTAMP(timezone=True)
_JSON = postgresql.JSONB(astext_type=sa.Text())
_BUILT = "'esp32', 'esp32c3', 'esp32s3', 'esp12f', 'esp01', 'd1mini'"
_CHECKED = {"devices": "platform IS NULL OR ", "firmware": "", "platform_permissions": ""}


def upgrade() -> None:
    for column in _said_by_v2():
        op.add_column("devices", column)
    for column in (
        sa.Column("min_free_heap_bytes", sa.BigInteger()),
        sa.Column("clock_error_ms", sa.Integer()),
        sa.Column("frame_ms", sa.Integer()),
    ):
        op.add_column("heartbeats", column)
    op.add_column("firmware", sa.Column("signature", sa.Text(), nullable=True))
    _allow_platforms(f"{_BUILT}, 'linux'")
    op.execute(
        "INSERT INTO platform_permissions (role_id, platform)"
        " SELECT role_id, 'linux' FROM platform_permissions"
        " GROUP BY role_id HAVING count(*) = 6"
    )
    _create_tables()


def _said_by_v2() -> list[sa.Column[Any]]:
    return [
        sa.Column("protocol", sa.SmallInteger()),
        sa.Column("reset_reason", sa.Text()),
        sa.Column("min_free_heap_bytes", sa.BigInteger()),
        sa.Column("time_source", sa.Text()),
        sa.Column("clock_error_ms", sa.Integer()),
        sa.Column("frame_ms", sa.Integer()),
        sa.Column("trust", sa.Text()),
        sa.Column("config_version", sa.BigInteger()),
        sa.Column("on_trial", sa.Boolean()),
    ]


def _allow_platforms(names: str) -> None:
    for table, before in _CHECKED.items():
        op.drop_constraint(op.f(f"ck_{table}_platform_is_ours"), table)
        op.create_check_constraint(
            op.f(f"ck_{table}_platform_is_ours"), table, f"{before}platform IN ({names})"
        )


def _device_key(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_device")
    return sa.ForeignKeyConstraint(["device"], ["devices.id"], name=name, ondelete="CASCADE")


def _create_tables() -> None:
    op.create_table(
        "clock_details",
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("says_online", sa.Boolean()),
        sa.Column("status_at", _TIME),
        sa.Column("info", _JSON),
        sa.Column("info_at", _TIME),
        sa.Column("report_version", sa.BigInteger()),
        sa.Column("report_result", sa.Text()),
        sa.Column("report_field", sa.Text()),
        sa.Column("report_settings", _JSON),
        sa.Column("report_at", _TIME),
        sa.Column("events_lost", sa.BigInteger()),
        _device_key("clock_details"),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_clock_details")),
    )
    op.create_table(
        "clock_settings",
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("settings", _JSON, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_clock_settings_version_is_positive")),
        _device_key("clock_settings"),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_clock_settings")),
    )
    op.create_table(
        "clock_events",
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text()),
        sa.Column("uptime_s", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", _TIME),
        sa.Column("received_at", _TIME, nullable=False),
        _device_key("clock_events"),
        sa.PrimaryKeyConstraint("device", "boot", "seq", name=op.f("pk_clock_events")),
    )
    op.create_index("ix_clock_events_device_received_at", "clock_events", ["device", "received_at"])
    op.create_index("ix_clock_events_received_at", "clock_events", ["received_at"])
    op.create_table(
        "commands",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("device", sa.BigInteger(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("arguments", _JSON, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", _TIME),
        sa.Column("ended_at", _TIME),
        sa.Column("detail", sa.Text()),
        sa.CheckConstraint(
            "state IN ('waiting', 'sent', 'done', 'refused', 'failed', 'expired')",
            name=op.f("ck_commands_state_is_known"),
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_commands_expires_later")),
        sa.CheckConstraint(
            "(state IN ('waiting', 'sent')) = (ended_at IS NULL)",
            name=op.f("ck_commands_ended_has_a_time"),
        ),
        _device_key("commands"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commands")),
    )
    op.create_index("ix_commands_device_created_at", "commands", ["device", "created_at"])
    op.create_index("ix_commands_created_at", "commands", ["created_at"])
    op.create_index(
        "ix_commands_open",
        "commands",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('waiting', 'sent')"),
    )


def downgrade() -> None:
    for table in ("commands", "clock_events", "clock_settings", "clock_details"):
        op.drop_table(table)
    op.execute("DELETE FROM platform_permissions WHERE platform = 'linux'")
    op.execute("DELETE FROM firmware WHERE platform = 'linux'")
    op.execute("UPDATE devices SET platform = NULL WHERE platform = 'linux'")
    _allow_platforms(_BUILT)
    op.drop_column("firmware", "signature")
    for name in ("min_free_heap_bytes", "clock_error_ms", "frame_ms"):
        op.drop_column("heartbeats", name)
    for column in _said_by_v2():
        op.drop_column("devices", column.name)
