"""`skiclock promote`: sends published versions on to production, as CI does."""

from typing import Annotated

import httpx
import typer

from backend.cli.output import give_up, say
from backend.cli.settings import read_settings
from backend.contract import paths
from backend.contract.platforms import ALL_PLATFORMS

TIMEOUT_S = 120.0


def promote_command(
    platform: Annotated[str, typer.Argument(help=f"One of {', '.join(ALL_PLATFORMS)}.")],
    version: Annotated[str, typer.Argument(help="A version that is published here.")],
    url: Annotated[str, typer.Option(help="The development server; else SKICLOCK_BASE_URL.")] = "",
    key: Annotated[
        str,
        typer.Option(
            help="A key of that server with the scope promote.", envvar="SKICLOCK_PROMOTE_KEY"
        ),
    ] = "",
) -> None:
    """Let a server send one of its versions to production. What is there is no error."""
    url = (url or read_settings().public_url).rstrip("/")
    try:
        answer = httpx.post(
            url + paths.PROMOTE,
            headers={paths.API_KEY_HEADER: key},
            json={"platform": platform, "version": version},
            timeout=TIMEOUT_S,
        )
        said = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        give_up(f"{url} cannot be reached: {error}. Is `skiclock serve` running there?", code=1)
    if answer.is_success and said["was_there"]:
        say(f"{platform} {version} was on production already.")
    elif answer.is_success:
        say(f"{platform} {version} is on production.")
    else:
        give_up(str(said.get("error", answer.status_code)), code=2 if answer.is_client_error else 1)
