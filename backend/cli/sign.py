"""`skiclock sign`: keys for firmware, and signatures with them.

The private key stays with whoever builds: in a file, or in CI's secret FIRMWARE_SIGNING_KEY.
"""

import hashlib
import os
from pathlib import Path
from typing import Annotated

import typer

from backend.cli.output import give_up, say
from backend.contract.platforms import ALL_PLATFORMS
from backend.contract.statement import statement
from backend.contract.versions import version_key
from backend.errors import Refusal
from backend.signatures import (
    PrivateKey,
    new_key,
    pem_of,
    private_key_of,
    public_digits,
    sign,
)

app = typer.Typer(help="Make a key that signs firmware, sign an image.", no_args_is_help=True)

KEY_VARIABLE = "FIRMWARE_SIGNING_KEY"
KEY_HELP = f"File with the private key (PEM); else {KEY_VARIABLE}, a file or the PEM itself."
_PEM_BEGINS = "-----BEGIN"


@app.command("key")
def key(
    file: Annotated[Path, typer.Argument(help="Where the private key is, or is to be.")],
) -> None:
    """Print the public key of a file, 130 hex digits; makes the private key where there is none."""
    if file.exists():
        say(public_digits(read_signing_key(str(file))))
        return
    made = new_key()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        give_up(f"{file} cannot be written: {error.strerror}.", code=1)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem_of(made))
    say(public_digits(made))


@app.command("image")
def image(
    file: Annotated[Path, typer.Argument(help="The image.", exists=True, dir_okay=False)],
    platform: Annotated[str, typer.Option(help=f"One of {', '.join(ALL_PLATFORMS)}.")],
    version: Annotated[str, typer.Option(help="YYYY.M.D.BUILD, as it will be uploaded.")],
    key: Annotated[str, typer.Option(help=KEY_HELP, envvar=KEY_VARIABLE)] = "",
) -> None:
    """Print the signature of an image for one platform and version."""
    say(sign_image(file, platform, version, key))


def sign_image(file: Path, platform: str, version: str, key: str) -> str:
    """Return the signature of an image, or end with a sentence."""
    if platform not in ALL_PLATFORMS:
        give_up(f"There is no platform {platform!r}; one of {', '.join(ALL_PLATFORMS)}.")
    if version_key(version) is None:
        give_up(f"{version!r} is no version; expected YYYY.M.D.BUILD.")
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    return sign(read_signing_key(key), statement(platform, version, len(content), sha256))


def read_signing_key(key: str) -> PrivateKey:
    """Return the key that is named by its file or given as PEM, or end with a sentence."""
    if not key:
        give_up(f"Name the key's file, or set {KEY_VARIABLE}; `skiclock sign key FILE` makes one.")
    try:
        if key.lstrip().startswith(_PEM_BEGINS):
            return private_key_of(key.strip().encode() + b"\n")
        return private_key_of(Path(key).read_bytes())
    except OSError as error:
        give_up(f"The signing key's file cannot be read: {error.strerror}.")
    except Refusal as refusal:
        give_up(str(refusal))
