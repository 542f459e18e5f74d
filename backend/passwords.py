"""Owns the rule for passwords and their argon2id hashes. Hashing is slow: never on the loop."""

import secrets
from typing import ClassVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.errors import Refusal

MIN_LENGTH = 10
MAX_LENGTH = 1024
MIN_SCORE = 3
"""Of zxcvbn's 0 to 4: 10^8 guesses and more, which the throttles and argon2id make very many."""
_JUDGED_LENGTH = 50
"""What is judged of a long password: the effort grows faster than the length."""
# 19 MiB for 40 ms: OWASP's smallest memory with one pass more, so that several people
# can sign in at once beside everything else that a small machine has to hold.
_hasher = PasswordHasher(time_cost=3, memory_cost=19 * 1024, parallelism=1)


class WeakPasswordError(Refusal):
    """The password breaks the rule."""

    code: ClassVar[str] = "weak_password"


class GuessablePasswordError(WeakPasswordError):
    """The password is long enough, and among the first that somebody would try."""

    code = "guessable_password"


def check_rule(password: str, *, email: str) -> None:
    """Raise WeakPasswordError for a password that may not be chosen. Takes up to 100 ms."""
    if len(password) < MIN_LENGTH:
        raise WeakPasswordError(
            f"The password is too short: it needs {MIN_LENGTH} characters or more.",
            field="password",
        )
    if len(password) > MAX_LENGTH:
        raise WeakPasswordError(
            f"The password is longer than {MAX_LENGTH} characters.", field="password"
        )
    if password.strip().lower() == email.lower():
        raise WeakPasswordError("The password must not be the e-mail address.", field="password")
    if _score(password, email) < MIN_SCORE:
        raise GuessablePasswordError(
            "The password is easy to guess. Take a few words that nobody would put together.",
            field="password",
        )


def _score(password: str, email: str) -> int:
    from zxcvbn import zxcvbn  # here: its word lists are large, and seldom needed

    known = [
        email,
        email.partition("@")[0],
        *email.replace("@", ".").split("."),
        "skiclock",
        "skiclockneo",
        "ski clock",
    ]
    return int(zxcvbn(password[:_JUDGED_LENGTH], user_inputs=known)["score"])


def make_password() -> str:
    """Return a random password that can be read aloud and typed: 80 bits in four groups."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Takes 40 ms of a core and 19 MiB."""
    return _hasher.hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Tell whether a password fits. Takes as long for nobody's password (None)."""
    try:
        fits = _hasher.verify(password_hash or _nobodys_hash, password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return fits and password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


_nobodys_hash = hash_password(secrets.token_hex())
