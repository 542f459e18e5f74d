"""`skiclock clock`: the credentials of single clocks."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from backend import clock_credentials, rotation
from backend.cli.database import in_database
from backend.cli.output import give_up, say, table
from backend.cli.settings import read_settings
from backend.clock_keys import ClockKeys
from backend.clock_models import ClockCredential
from backend.contract.topics import Topics

app = typer.Typer(help="Renew and revoke the credentials of a clock.", no_args_is_help=True)

ACTOR = "command line"
DeviceId = Annotated[str, typer.Argument(help="The clock's id.")]


@app.command("rotate")
def rotate(device_id: DeviceId) -> None:
    """Renew a clock's credentials: a running server sends them within seconds."""
    settings = read_settings()

    async def work(session: AsyncSession) -> rotation.Rotated:
        return await rotation.rotate(
            session,
            device_id,
            keys=ClockKeys(settings.clock_key.get_secret_value()),
            topics=Topics(settings.mqtt_topic_prefix),
            actor=ACTOR,
            address=None,
            now=datetime.now(UTC),
        )

    say(f"Generation {in_database(work).generation} waits for the clock to take it.")


@app.command("revoke")
def revoke(device_id: DeviceId) -> None:
    """Shut a clock out; a running server does it within seconds. Flashing lets it in again."""
    revoked = in_database(
        lambda session: clock_credentials.revoke(
            session, device_id, actor=ACTOR, address=None, now=datetime.now(UTC)
        )
    )
    if not revoked:
        give_up(f"{device_id} has no credentials of its own.")
    say(f"Revoked: generation {', '.join(map(str, revoked))}.")


@app.command("credentials")
def credentials(device_id: DeviceId) -> None:
    """List the credentials that a clock has or had, newest first. Secrets are not shown."""
    table(
        ("GENERATION", "STATE", "CLAIMED BY", "CLAIMED", "LAST USED"),
        [
            (
                str(row.generation),
                str(row.state),
                row.claimed_by,
                _time(row.claimed_at),
                _time(row.last_used_at),
            )
            for row in in_database(lambda session: _history(session, device_id))
        ],
    )


async def _history(session: AsyncSession, device_id: str) -> list[ClockCredential]:
    return list(await clock_credentials.history_of(session, device_id))


def _time(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "never"
