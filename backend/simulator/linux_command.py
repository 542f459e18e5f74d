"""`skiclock simulate --firmware`: the clock's own software beside the server, or only its build."""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import typer

from backend.config import Settings
from backend.contract.versions import version_key
from backend.errors import Refusal
from backend.signatures import new_key, pem_of, private_key_of, public_digits
from backend.simulator.fleet import SimulationError
from backend.simulator.link import Broker
from backend.simulator.linux_fleet import LinuxFleet, run_fleet
from backend.simulator.linux_program import build_program, version_of_today

JITTER_S = 2
_KEY_FILE = "firmware-signing-key.pem"


@dataclass(frozen=True, slots=True)
class Server:
    """What a clock must know of the server."""

    broker: Broker
    url: str
    download_key: str


def run_linux_clocks(
    settings: Settings,
    server: Server,
    *,
    devices: int,
    wall: str,
    ca_file: Path | None,
    build: str,
) -> NoReturn:
    """Build the program, and run clocks with it or leave it as an image called `build`.

    Raises BuildError, SimulationError.
    """
    folder = settings.data / "linux-clocks"
    public_key = ensure_signing_key(settings.data / _KEY_FILE)
    if build:
        _build_image(folder / "build", build, public_key, settings.data / _KEY_FILE)
        raise typer.Exit(0)
    version = version_of_today(datetime.now().astimezone())
    typer.echo("The clock's software is being built; the first time takes a minute ...")
    program = build_program(folder / "build", version=version, public_key=public_key)
    arguments = ["--wall", wall, "--jitter", str(JITTER_S)]
    fleet = LinuxFleet(
        program=program,
        folder=folder,
        devices=devices,
        environment=clock_environment(settings, server, ca_file),
        arguments=arguments,
    )
    raise typer.Exit(run_fleet(fleet))


def ensure_signing_key(file: Path) -> str:
    """Return the public digits of the key that signs builds here; make one where there is none.

    Raises SimulationError.
    """
    try:
        if not file.exists():
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(pem_of(new_key()))
        return public_digits(private_key_of(file.read_bytes()))
    except OSError as error:
        raise SimulationError(f"{file} cannot be used: {error.strerror}.") from error
    except Refusal as refusal:
        raise SimulationError(f"{file}: {refusal}") from refusal


def clock_environment(settings: Settings, server: Server, ca_file: Path | None) -> dict[str, str]:
    """Return what clocks are told of the server, in the variables that they read.

    Raises SimulationError where broker and server do not fit one trust: both are with TLS, or
    neither is.
    """
    has_tls = urlsplit(server.url).scheme == "https"
    if has_tls != (server.broker.tls is not None):
        raise SimulationError(
            f"A clock trusts broker and server in one way, but {server.url} and the broker differ:"
            f" use {'--tls' if has_tls else '--no-tls'}, or another --url."
        )
    environment = {
        "UPDATE_SERVER_URL": server.url,
        "DOWNLOAD_API_KEY": server.download_key,
        "MQTT_HOST": server.broker.host,
        "MQTT_PORT": str(server.broker.port),
        "MQTT_USERNAME": server.broker.username,
        "MQTT_PASSWORD": server.broker.password,
        "MQTT_TOPIC_PREFIX": settings.mqtt_topic_prefix,
        "SKICLOCK_TRUST": "verified" if has_tls else "plain",
    }
    own_ca = settings.data / "tls" / "ca.pem"
    roots = ca_file or settings.mqtt_ca_file or (own_ca if own_ca.exists() else None)
    if has_tls and roots is None:
        raise SimulationError("Name the root certificate of broker and server: --ca-file FILE.")
    return environment | ({"MQTT_CA_FILE": str(roots)} if has_tls else {})


def _build_image(folder: Path, version: str, public_key: str, key_file: Path) -> None:
    if version_key(version) is None:
        raise SimulationError(f"{version!r} is no version; expected YYYY.M.D.BUILD.")
    image = Path(f"linux-{version}.bin")
    shutil.copyfile(build_program(folder, version=version, public_key=public_key), image)
    typer.echo(f"{image} is built. Publish it with:")
    typer.echo(f"  skiclock upload {image} --signing-key {key_file}")
