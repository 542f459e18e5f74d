"""The command line `skiclock`: serve, and everything that needs no dashboard."""

import asyncio
import logging
import sys

import typer
import uvloop

from backend.cli import clocks, keys, people, sign
from backend.cli.backup import backup_command, restore_command
from backend.cli.database import command_database
from backend.cli.doctor import doctor_command
from backend.cli.output import give_up, say
from backend.cli.promote import promote_command
from backend.cli.settings import read_settings, settings_command
from backend.cli.upload import upload_command
from backend.config import SettingsError
from backend.embedded.errors import EmbeddedError
from backend.logs import set_up_logs
from backend.simulator.command import simulate_command

cli = typer.Typer(
    help="Ski Clock Neo: keeps the LED clocks of ski clubs alive.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)


@cli.callback()
def before_each_command() -> None:
    """Only what a person must know; `serve` tells more."""
    set_up_logs(logging.WARNING)


@cli.command("serve")
def serve_command() -> None:
    """Serve the dashboard, the API and the clocks, until Ctrl-C."""
    settings = read_settings()
    set_up_logs(logging.INFO)
    # Late: the pages' framework takes a second to import, and no other command needs it.
    from skiclock_ui.app import serve

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(settings))
    except (EmbeddedError, SettingsError) as error:
        give_up(str(error), code=1)
    except KeyboardInterrupt:
        sys.exit(130)


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date; `serve` does it too."""
    settings = read_settings()

    async def migrate() -> None:
        async with command_database(settings) as database:
            await database.migrate()

    try:
        asyncio.run(migrate())
    except EmbeddedError as error:
        give_up(str(error), code=1)
    say("The schema is up to date.")


cli.command("settings")(settings_command)
cli.command("doctor")(doctor_command)
cli.command("backup")(backup_command)
cli.command("restore")(restore_command)
cli.command("upload")(upload_command)
cli.command("promote")(promote_command)
cli.command("simulate")(simulate_command)
cli.add_typer(people.app, name="user")
cli.add_typer(keys.app, name="key")
cli.add_typer(clocks.app, name="clock")
cli.add_typer(sign.app, name="sign")


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
