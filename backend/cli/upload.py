"""`skiclock upload`: sends firmware to a server, as CI does."""

import re
import tempfile
from pathlib import Path
from typing import Annotated

import httpx
import typer

from backend.bundle import BadBundleError, application_of, is_bundle, read_bundle
from backend.cli.actions import is_in_actions, run_token
from backend.cli.output import give_up, say
from backend.cli.settings import read_settings
from backend.cli.sign import KEY_HELP, KEY_VARIABLE, sign_image
from backend.contract import paths
from backend.contract.platforms import ALL_PLATFORMS

TIMEOUT_S = 60.0
_NAMED = re.compile(r"(?P<platform>[a-z0-9]+)[-_](?P<version>v?\d+(?:\.\d+){2,3})\.bin(?:\.gz)?")


def upload_command(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Images (*.bin), or the archives that builds make (*.zip).",
            exists=True,
            dir_okay=False,
        ),
    ],
    platform: Annotated[
        str,
        typer.Option(help=f"One of {', '.join(ALL_PLATFORMS)}; else read from the file."),
    ] = "",
    version: Annotated[str, typer.Option(help="YYYY.M.D.BUILD; else read from the file.")] = "",
    url: Annotated[str, typer.Option(help="The server; else SKICLOCK_BASE_URL.")] = "",
    key: Annotated[
        str,
        typer.Option(
            help="An upload key; else the run's own token in GitHub Actions, else UPLOAD_API_KEY.",
            envvar="SKICLOCK_UPLOAD_KEY",
        ),
    ] = "",
    signing_key: Annotated[
        str, typer.Option("--signing-key", help=KEY_HELP, envvar=KEY_VARIABLE)
    ] = "",
    signature: Annotated[
        str, typer.Option(help="As `skiclock sign image` printed it, in place of a key.")
    ] = "",
) -> None:
    """Upload firmware, signed where there is a key. What is already there is no error."""
    settings = read_settings()
    url = (url or settings.public_url).rstrip("/")
    if not key and not is_in_actions():
        key = settings.upload_api_key.get_secret_value()
    if signature and len(files) > 1:
        give_up("One signature fits one file; give --signing-key for several.")
    for file in files:
        named = _target(file, platform, version)
        signed = signature or (_signature(file, *named, signing_key) if signing_key else "")
        _send(file, *named, signed, url, key)


def _target(file: Path, platform: str, version: str) -> tuple[str, str]:
    """Return platform and version: what was said, else what the file says."""
    if is_bundle(file):
        try:
            words = read_bundle(file).words
        except BadBundleError as error:
            give_up(str(error))
        platform, version = platform or words.platform, version or words.version
    elif named := _NAMED.fullmatch(file.name):
        platform, version = platform or named["platform"], version or named["version"]
    if not platform or not version:
        give_up("Name --platform and --version, or call the file PLATFORM-VERSION.bin.")
    return platform, version


def _signature(file: Path, platform: str, version: str, key: str) -> str:
    """Sign what clocks will download: the file, or the application in the archive."""
    if not is_bundle(file):
        return sign_image(file, platform, version, key)
    with tempfile.NamedTemporaryFile() as application:
        try:
            for piece in application_of(file, max_bytes=read_settings().upload_max_bytes):
                application.write(piece)
        except BadBundleError as error:
            give_up(str(error))
        application.flush()
        return sign_image(Path(application.name), platform, version, key)


def _send(file: Path, platform: str, version: str, signature: str, url: str, key: str) -> None:
    signed = {"signature": signature} if signature else {}
    try:
        with file.open("rb") as stream:
            answer = httpx.post(
                url + paths.UPLOAD,
                headers={paths.API_KEY_HEADER: key}
                if key
                else {"Authorization": f"Bearer {run_token(url)}"},
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
