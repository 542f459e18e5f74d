"""`skiclock key`: keys for programs."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from backend import api_keys
from backend.api_keys import DEFAULT_OVERLAP, Scope
from backend.cli.database import in_database
from backend.cli.output import say, table
from backend.models import ApiKey

app = typer.Typer(help="Make API keys, list, rotate and revoke them.", no_args_is_help=True)

ACTOR = "command line"


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[Scope], typer.Option(help="What it opens; may be given more than once.")],
    days: Annotated[int, typer.Option(help="Days until it expires; 0: never.", min=0)] = 0,
) -> None:
    """Make a key. It is shown once and kept as a hash."""
    now = datetime.now(UTC)
    key = in_database(
        lambda session: api_keys.create_key(
            session,
            name=name,
            scopes=scope,
            expires_at=now + timedelta(days=days) if days else None,
            actor=ACTOR,
            address=None,
            now=now,
        )
    )
    say(f"Key, shown this once: {key}")


@app.command("list")
def list_() -> None:
    """List all keys, revoked ones too."""
    now = datetime.now(UTC)
    table(
        ("NAME", "PREFIX", "SCOPES", "LAST USED", "STATE"),
        [
            (
                key.name,
                key.prefix,
                ",".join(key.scopes),
                f"{key.last_used_at:%Y-%m-%d %H:%M} UTC" if key.last_used_at else "never",
                _state(key, now),
            )
            for key in in_database(api_keys.list_keys)
        ],
    )


@app.command("rotate")
def rotate(
    name: Annotated[str, typer.Argument(help="Its name or its prefix.")],
    days: Annotated[
        int, typer.Option(help="Days for which the old one goes on; 0: not at all.", min=0)
    ] = DEFAULT_OVERLAP.days,
) -> None:
    """Make a key that takes another's place; both work until the old one ends."""
    key, ends_at = in_database(
        lambda session: api_keys.rotate_key(
            session,
            name,
            overlap=timedelta(days=days),
            actor=ACTOR,
            address=None,
            now=datetime.now(UTC),
        )
    )
    say(f"Key, shown this once: {key}")
    say(f"The old one works until {ends_at:%Y-%m-%d %H:%M} UTC.")


@app.command("revoke")
def revoke(name: Annotated[str, typer.Argument(help="Its name or its prefix.")]) -> None:
    """Revoke a key; a running server refuses it within seconds."""
    count = in_database(
        lambda session: api_keys.revoke_key(
            session, name, actor=ACTOR, address=None, now=datetime.now(UTC)
        )
    )
    say(f"{count} key{'s' if count > 1 else ''} revoked.")


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    if key.expires_at is None:
        return "valid"
    return "expired" if key.expires_at <= now else f"valid until {key.expires_at:%Y-%m-%d}"
