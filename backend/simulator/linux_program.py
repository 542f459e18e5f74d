"""The clock as a Linux program: built from `firmware/` with a version and a key compiled in."""

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "firmware"
PACKAGES = "cmake ninja-build g++ libmbedtls-dev libpng-dev"
PROGRAM = "skiclock-clock"
_LOG_LINES = 15


class BuildError(Exception):
    """The program cannot be built; the text says what is missing."""


def version_of_today(now: datetime) -> str:
    """Return the version that a build of today has, before any that CI numbers."""
    return f"{now.year}.{now.month}.{now.day}.0"


def build_program(
    folder: Path, *, version: str, public_key: str = "", defect: str = "kNone"
) -> Path:
    """Build in `folder` what changed and return the program; a second the second time.

    `public_key`: hex digits of the point that updates must be signed for. `defect`: a fault
    that the program is given on purpose, see firmware/host/build.h. Raises BuildError.
    """
    _check_tools()
    folder.mkdir(parents=True, exist_ok=True)
    definitions = {
        "CMAKE_BUILD_TYPE": "Release",
        "FIRMWARE_VERSION": version,
        "FIRMWARE_PUBLIC_KEY": public_key,
        "SKICLOCK_DEFECT": defect,
    }
    _run(
        folder,
        ["cmake", "-S", str(SOURCES), "-B", str(folder)]
        + (["-G", "Ninja"] if _is_fresh(folder) and shutil.which("ninja") else [])
        + [f"-D{name}={value}" for name, value in definitions.items()],
    )
    _run(folder, ["cmake", "--build", str(folder), "--target", PROGRAM])
    return folder / "host" / PROGRAM


def _is_fresh(folder: Path) -> bool:
    return not (folder / "CMakeCache.txt").exists()


def _check_tools() -> None:
    if not SOURCES.is_dir():
        raise BuildError("The clock's sources are not beside this program: run it from a checkout.")
    compilers = ("c++", "g++", "clang++")
    missing = [] if any(map(shutil.which, compilers)) else ["a C++ compiler"]
    missing += [] if shutil.which("cmake") else ["cmake"]
    if missing:
        raise BuildError(f"{' and '.join(missing)} is missing: apt-get install {PACKAGES}")


def _run(folder: Path, command: list[str]) -> None:
    log = folder / "build.log"
    with log.open("w") as stream:
        ended = subprocess.run(command, stdout=stream, stderr=subprocess.STDOUT, check=False)
    if ended.returncode == 0:
        return
    said = log.read_text(errors="replace")
    if "libmbedtls-dev" in said or f"unknown target '{PROGRAM}'" in said:
        raise BuildError(f"Libraries of the Linux clock are missing: apt-get install {PACKAGES}")
    last = "\n".join(said.splitlines()[-_LOG_LINES:])
    raise BuildError(f"The clock could not be built ({log}):\n{last}")
