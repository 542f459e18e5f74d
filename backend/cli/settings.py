"""`skiclock settings`: what is set, what it means; secrets masked unless asked for."""

from typing import Annotated

import typer
from pydantic import SecretStr

from backend.cli.output import give_up, say
from backend.config import Settings, SettingsError, load_settings, setting_names


def read_settings() -> Settings:
    """Return the settings, or end with all that is wrong with them."""
    try:
        return load_settings()
    except SettingsError as error:
        give_up("\n".join(["These settings cannot be used:", *error.problems]))


def settings_command(
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Print passwords and keys instead of stars.")
    ] = False,
) -> None:
    """Print every setting with its value and its meaning."""
    settings = read_settings()
    for name, variable in setting_names().items():
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            secret = value.get_secret_value()
            value = secret if show_secrets or not secret else "********"
        say(f"{variable}={'' if value is None else value}")
        say(f"    {Settings.model_fields[name].description}")
