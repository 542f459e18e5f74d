"""`skiclock upload`: sends a firmware image to a server, as CI does."""

import re
from pathlib import Path
from typing import Annotated

import httpx
import typer

from backend.cli.output import give_up, say
from backend.cli.settings import read_settings
from backend.cli.sign import KEY_HELP, KEY_VARIABLE, sign_image
from backend.contract import paths
from backend.contract.platforms import ALL_PLATFORMS

TIMEOUT_S = 60.0
_NAMED = re.compile(r"(?P<platform>[a-z0-9]+)[-_](?P<version>v?\d+(?:\.\d+){2,3})\.bin")


def upload_command(
    file: Annotated[Path, typer.Argument(help="The image, *.bin", exists=True, dir_okay=False)],
    platform: Annotated[
        str,
        typer.Option(help=f"One of {', '.join(ALL_PLATFORMS)}; else read from the file's name."),
    ] = "",
    version: Annotated[
        str, typer.Option(help="YYYY.M.D.BUILD; else read from the file's name.")
    ] = "",
    url: Annotated[str, typer.Option(help="The server; else SKICLOCK_BASE_URL.")] = "",
    key: Annotated[
        str, typer.Option(help="An upload key; else UPLOAD_API_KEY.", envvar="SKICLOCK_UPLOAD_KEY")
    ] = "",
    signing_key: Annotated[
        str, typer.Option("--signing-key", help=KEY_HELP, envvar=KEY_VARIABLE)
    ] = "",
    signature: Annotated[
        str, typer.Option(help="As `skiclock sign image` printed it, in place of a key.")
    ] = "",
) -> None:
    """Upload one image, signed where there is a key. One that is already there is no error."""
    settings = read_settings()
    if named := _NAMED.fullmatch(file.name):
        platform, version = platform or named["platform"], version or named["version"]
    if not platform or not version:
        give_up("Name --platform and --version, or call the file PLATFORM-VERSION.bin.")
    url = (url or settings.public_url).rstrip("/")
    if signing_key and not signature:
        signature = sign_image(file, platform, version, signing_key)
    signed = {"signature": signature} if signature else {}
    try:
        with file.open("rb") as stream:
            answer = httpx.post(
                url + paths.UPLOAD,
                headers={paths.API_KEY_HEADER: key or settings.upload_api_key.get_secret_value()},
                data={"platform": platform, "version": version} | signed,
                files={"file": (file.name, stream, "application/octet-stream")},
                timeout=TIMEOUT_S,
            )
    except httpx.HTTPError as error:
        give_up(f"{url} cannot be reached: {error}. Is `skiclock serve` running there?", code=1)
    if answer.status_code == httpx.codes.CREATED:
        say(f"{platform} {version} is published{', signed' if signature else ''}.")
    elif answer.status_code == httpx.codes.CONFLICT:
        say(f"{platform} {version} was there already.")
    else:
        give_up(_reason(answer), code=2 if answer.is_client_error else 1)


def _reason(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])
    except (ValueError, KeyError, TypeError):
        return f"The server answered {answer.status_code} {answer.reason_phrase}."
