"""PostgreSQL's own tools from the wheel, against the embedded database or an external one."""

import os
from pathlib import Path

from sqlalchemy import make_url

from backend.embedded.postgres import programs


def tool(name: str) -> Path:
    """Return the path of one of PostgreSQL's tools, such as `pg_dump`."""
    return programs() / name


def tool_environment(url: str) -> dict[str, str]:
    """Return the environment that leads a tool to the database at `url`, as DATABASE_URL has it.

    The password goes this way since the arguments of a process are there for all to see.
    """
    parsed = make_url(url)
    query = {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    said = {
        "PGHOST": parsed.host or query.get("host", ""),
        "PGPORT": str(parsed.port or query.get("port", "")),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": str(parsed.password or ""),
        "PGDATABASE": parsed.database or "",
        "PGSSLMODE": query.get("sslmode", query.get("ssl", "")),
        "PGSSLROOTCERT": query.get("sslrootcert", ""),
        "PGCONNECT_TIMEOUT": "10",
    }
    # Without a home, or psql would read somebody's start-up file.
    return {"PATH": os.defpath, **{name: value for name, value in said.items() if value}}
