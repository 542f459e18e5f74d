"""Why an embedded part cannot be used, each with a sentence that says what to do."""

from pathlib import Path


class EmbeddedError(Exception):
    """An embedded part cannot be used; the text is meant for the person who starts the server."""


class ChildEndedError(EmbeddedError):
    """A child process ended before it was ready; `code` is negative for a signal."""

    def __init__(self, name: str, code: int, log_tail: str) -> None:
        said = f" It said:\n{log_tail}" if log_tail else " It said nothing."
        super().__init__(f"{name} ended at its start with code {code}.{said}")
        self.name = name
        self.code = code
        self.log_tail = log_tail


class NotReadyError(EmbeddedError):
    """A child process runs but did not answer in time."""

    def __init__(self, name: str, waited_s: float, last_answer: str) -> None:
        super().__init__(f"{name} runs but did not answer for {waited_s:.0f} s: {last_answer}")


class PortTakenError(EmbeddedError):
    """A port that the broker should listen on belongs to another program."""

    def __init__(self, port: int, setting: str) -> None:
        super().__init__(f"Port {port} is taken by another program. Set {setting} to a free one.")
        self.port = port
        self.setting = setting


class PortForbiddenError(EmbeddedError):
    """The system does not let us listen on a port or an address."""

    def __init__(self, port: int, setting: str, reason: str) -> None:
        super().__init__(f"Port {port} may not be used ({reason}). Set {setting} to another one.")


class FolderInUseError(EmbeddedError):
    """Another process of ours works in the folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = f" (process {pid})" if pid else ""
        super().__init__(
            f"{folder} is in use by another skiclock{holder}. End it, or set SKICLOCK_DATA to"
            " another folder."
        )
        self.pid = pid


class SocketFolderError(EmbeddedError):
    """The folder for the database's socket belongs to somebody else."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is not a folder that only we may enter. Remove it, or set SKICLOCK_DATA to"
            " a shorter path, so that the database's socket fits into it."
        )


class NoSystemUserError(EmbeddedError):
    """We are root, and there is nobody else as whom PostgreSQL could run."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "PostgreSQL does not run as root, and no system user could be made for it"
            f" ({reason}). Start skiclock as another user, or set DATABASE_URL."
        )


class StoreLimitError(EmbeddedError):
    """The broker did not take the limits of its stores."""

    def __init__(self, answer: str) -> None:
        super().__init__(f"The MQTT broker did not take the limits of its stores: {answer}")


class UnusablePasswordError(EmbeddedError):
    """A broker password that the broker would not read as it stands."""

    def __init__(self, user: str, reason: str) -> None:
        super().__init__(f"The broker's user {user!r} cannot have this password: {reason}.")


class DuplicateUserError(EmbeddedError):
    """Two of the broker's users have the same name."""

    def __init__(self, user: str) -> None:
        super().__init__(f"The broker has two users of the name {user!r}; give one another name.")


class BrokenAuthorityError(EmbeddedError):
    """The certificate authority in the data folder cannot sign any more."""

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The certificate authority in {folder} cannot be used: {reason}. Restore ca.pem and"
            " ca.key from a backup, or remove both: a new authority is made, and clocks that"
            " check the old one must be given the new one."
        )


class MissingProgramError(EmbeddedError):
    """A program that a wheel should have installed is not there."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is missing. Install the package {package} again.")
