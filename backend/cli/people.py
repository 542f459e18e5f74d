"""`skiclock user`: who may sign in."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from backend import access
from backend.cli.database import in_database
from backend.cli.output import say, table

app = typer.Typer(help="Add people, list them, give them a new password.", no_args_is_help=True)

ACTOR = "command line"


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
                "disabled" if user.disabled else "",
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


def _ask() -> str:
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
