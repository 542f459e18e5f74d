"""Totals of updates by day in place of by hour; an index to find offers that lapsed long ago."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("LOCK TABLE updates IN SHARE ROW EXCLUSIVE MODE")
    op.alter_column("update_totals", "hour", new_column_name="day")
    op.execute("""
        CREATE TEMPORARY TABLE daily ON COMMIT DROP AS
        SELECT date_trunc('day', day, 'UTC') AS day, state, sum(updates) AS updates,
               sum(duration_s) AS duration_s
        FROM update_totals GROUP BY 1, 2
    """)
    op.execute("TRUNCATE update_totals")
    op.execute("INSERT INTO update_totals SELECT day, state, updates, duration_s FROM daily")
    op.execute("DROP TABLE daily")
    _count_updates_by("day")
    op.create_index(
        "ix_updates_lapsed_at",
        "updates",
        ["completed_at"],
        unique=False,
        postgresql_where=sa.text("state = 'lapsed'"),
    )


def downgrade() -> None:
    op.drop_index("ix_updates_lapsed_at", table_name="updates")
    # The hours are gone from the totals, but not from the log.
    op.execute("LOCK TABLE updates IN SHARE ROW EXCLUSIVE MODE")
    op.alter_column("update_totals", "day", new_column_name="hour")
    op.execute("TRUNCATE update_totals")
    op.execute("""
        INSERT INTO update_totals
        SELECT date_trunc('hour', started_at, 'UTC'), state, count(*),
               sum(coalesce(extract(epoch FROM completed_at - started_at), 0))
        FROM updates WHERE started_at IS NOT NULL GROUP BY 1, 2
    """)
    _count_updates_by("hour")


def _count_updates_by(span: str) -> None:
    """Let the triggers of the first schema keep the totals by another span of time."""
    counted = """
        SELECT date_trunc('{span}', started_at, 'UTC') AS span, state, {sign} AS updates,
               {sign} * coalesce(extract(epoch FROM completed_at - started_at), 0) AS duration_s
        FROM {rows} WHERE started_at IS NOT NULL
    """
    gone = counted.format(span=span, sign="-1", rows="before")
    come = counted.format(span=span, sign="1", rows="after")
    changes = {"insert": come, "update": f"{gone} UNION ALL {come}", "delete": gone}
    for operation, rows in changes.items():
        op.execute(f"""
            CREATE OR REPLACE FUNCTION count_updates_on_{operation}() RETURNS trigger
            LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO update_totals AS total ({span}, state, updates, duration_s)
                SELECT span, state, sum(updates), sum(duration_s) FROM ({rows}) AS changes
                GROUP BY span, state HAVING sum(updates) <> 0 OR sum(duration_s) <> 0
                ORDER BY span, state
                ON CONFLICT ({span}, state) DO UPDATE
                SET updates = total.updates + excluded.updates,
                    duration_s = total.duration_s + excluded.duration_s;
                RETURN NULL;
            END $$
        """)
