"""`skiclock user`: who may sign in."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer
from sqlalchemy.ext.asyncio import AsyncSession

from backend import access, people, second_factor
from backend.cli.database import in_database
from backend.cli.output import say, table
from backend.cli.settings import read_settings
from backend.contract import paths
from backend.models import User
from backend.people import By

app = typer.Typer(
    help="Add or invite people, list them, change what they may.", no_args_is_help=True
)

ACTOR = "command line"
_BY = By(ACTOR, None)
T = TypeVar("T")


@app.command("add")
def add(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[str, typer.Option(help="admin, technician or viewer.")] = "viewer",
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask for a password in place of making one.")
    ] = False,
) -> None:
    """Add a person. Without --ask, a password is made, to be changed at the first sign-in."""
    password = _ask() if ask else None
    made = in_database(
        lambda session: access.add_user(
            session,
            email=email,
            role=role,
            password=password,
            actor=ACTOR,
            address=None,
            now=datetime.now(UTC),
        )
    )
    say(f"{email} can sign in as {role}.")
    if made:
        say(f"Password, shown this once: {made}")


@app.command("list")
def list_() -> None:
    """List everybody."""
    users = in_database(access.list_users)
    table(
        ("E-MAIL", "ROLE", "LAST SIGN-IN", ""),
        [
            (
                user.email,
                user.role.name,
                f"{user.last_sign_in_at:%Y-%m-%d %H:%M} UTC" if user.last_sign_in_at else "never",
                _state(user),
            )
            for user in users
        ],
    )


@app.command("set-password")
def set_password(email: Annotated[str, typer.Argument(help="Whose.")]) -> None:
    """Give a person a new password and sign them out everywhere."""
    password = _ask()
    in_database(
        lambda session: access.set_password(
            session,
            email=email,
            password=password,
            actor=ACTOR,
            address=None,
            now=datetime.now(UTC),
        )
    )
    say(f"{email} has a new password and is signed out everywhere.")


@app.command("invite")
def invite(
    email: Annotated[str, typer.Argument(help="What they sign in with.")],
    role: Annotated[str, typer.Option(help="The name of a role.")] = "viewer",
) -> None:
    """Add a person who chooses a password by a link."""
    now = datetime.now(UTC)
    _user, token = in_database(
        lambda session: people.invite(session, email=email, role=role, by=_BY, now=now)
    )
    _say_link(email, token)


@app.command("link")
def link(email: Annotated[str, typer.Argument(help="Whose.")]) -> None:
    """Make a link to a new password; the old one works until the link is used."""
    now = datetime.now(UTC)
    _say_link(email, _change(email, lambda s, number: people.make_link(s, number, by=_BY, now=now)))


@app.command("role")
def role(
    email: Annotated[str, typer.Argument(help="Whose.")],
    name: Annotated[str, typer.Argument(metavar="ROLE", help="The name of a role.")],
) -> None:
    """Give a person another role."""
    now = datetime.now(UTC)
    _change(email, lambda s, number: people.set_role(s, number, name, by=_BY, now=now))
    say(f"{email} has the role {name}.")


@app.command("disable")
def disable(email: Annotated[str, typer.Argument(help="Whom.")]) -> None:
    """Shut a person out and sign them out everywhere."""
    now = datetime.now(UTC)
    _change(email, lambda s, number: people.set_disabled(s, number, True, by=_BY, now=now))
    say(f"{email} is disabled and signed out everywhere.")


@app.command("enable")
def enable(email: Annotated[str, typer.Argument(help="Whom.")]) -> None:
    """Let a disabled person in again."""
    now = datetime.now(UTC)
    _change(email, lambda s, number: people.set_disabled(s, number, False, by=_BY, now=now))
    say(f"{email} may come in again.")


@app.command("reset-factor")
def reset_factor(email: Annotated[str, typer.Argument(help="Whose.")]) -> None:
    """Take a person's second factor, and the link to single sign-on, away."""
    now = datetime.now(UTC)
    _change(email, lambda s, number: second_factor.reset(s, number, by=_BY, now=now))
    say(f"{email} signs in with the password alone until a new second factor is set up.")


def _change(email: str, change: Callable[[AsyncSession, int], Awaitable[T]]) -> T:
    async def work(session: AsyncSession) -> T:
        user = await access.find_user(session, email.strip().lower())
        if user is None:
            raise access.UnknownUserError(f"There is no user {email}.", field="email")
        return await change(session, user.id)

    return in_database(work)


def _say_link(email: str, token: str) -> None:
    say(f"Link for {email}, shown this once; it works once:")
    say(read_settings().public_url + paths.JOIN.format(token=token))


def _state(user: User) -> str:
    if user.disabled:
        return "disabled"
    return "" if user.password_hash else "invited"


def _ask() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
