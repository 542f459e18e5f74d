"""The elements of the people page and of one's own sessions, and their words."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from backend.access import Identity
from backend.models import Role, Session
from backend.people import INVITE_LIFETIME, RESET_LIFETIME, Person, has_joined, is_within
from skiclock_ui import refusals
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms
from skiclock_ui.theme import role_name


class PeopleElement(PageElement):
    """Everybody, and what can be done with them."""

    component = component(Path(__file__).with_name("people.js"))


class FactorElement(PageElement):
    """One's own second factor."""

    component = component(Path(__file__).with_name("factor.js"))


class SessionsElement(PageElement):
    """The browsers in which one is signed in."""

    component = component(Path(__file__).with_name("sessions.js"))


def people_state(
    people: Iterable[Person], roles: Iterable[Role], identity: Identity
) -> dict[str, Any]:
    """Return the people page as it stands. Times in Unix seconds."""
    roles = list(roles)
    mine = [role.name for role in roles if is_within(role, identity)]
    return {
        "you": identity.user_id,
        "roles": [{"name": role.name, "title": role_name(role.name)} for role in roles],
        "may_give": mine,
        "people": [_person(one, mine) for one in people],
    }


def _person(person: Person, may_give: list[str]) -> dict[str, Any]:
    user = person.user
    return {
        "id": user.id,
        "email": user.email,
        "role": user.role.name,
        "role_title": role_name(user.role.name),
        "may_change": user.role.name in may_give,
        "has_joined": has_joined(user),
        "has_factor": person.has_factor,
        "disabled": user.disabled,
        "last_sign_in_at": user.last_sign_in_at.timestamp() if user.last_sign_in_at else None,
        "sessions": person.sessions,
        "link_until": person.link.expires_at.timestamp() if person.link else None,
    }


def session_state(session: Session, current_id: int | None) -> dict[str, Any]:
    """Return one session as pages show it. Times in Unix seconds."""
    return {
        "id": session.id,
        "is_this": session.id == current_id,
        "began_at": session.created_at.timestamp(),
        "seen_at": session.last_seen_at.timestamp(),
        "address": session.address,
        "browser": session.user_agent,
    }


def people_words() -> dict[str, Any]:
    """Return every text of the people page in the current language."""
    return {
        "title": _("People"),
        "about": _("Who may come in, and as what. Each change is written down in the audit log."),
        "invite": _("Invite somebody"),
        "invite_title": _("Invite somebody"),
        "invite_hint": _(
            "You get a link to pass on. Whoever opens it chooses a password and is in."
        ),
        "email": _("E-mail"),
        "role": _("Role"),
        "make_link": _("Make the link"),
        "cancel": _("Cancel"),
        "link_for": _("Link for {email}"),
        "link_once": {
            "invite": both_forms(
                "It works once, within {n} day. It is shown only now: pass it on yourself.",
                "It works once, within {n} days. It is shown only now: pass it on yourself.",
            ),
            "reset": both_forms(
                "It works once, within {n} hour. It is shown only now: pass it on yourself.",
                "It works once, within {n} hours. It is shown only now: pass it on yourself.",
            ),
        },
        "link_days": INVITE_LIFETIME.days,
        "link_hours": int(RESET_LIFETIME.total_seconds() // 3600),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "person": _("Person"),
        "you": _("you"),
        "state": _("State"),
        "active": _("Active"),
        "disabled": _("Disabled"),
        "invited": _("Invited"),
        "invite_gone": _("Invitation expired"),
        "reset_open": _("Link to a new password is open"),
        "last_sign_in": _("Last sign-in"),
        "never": _("never"),
        "actions": _("Actions for {email}"),
        "browsers": _("Browsers"),
        "new_link": _("New link"),
        "reset_link": _("Link to a new password"),
        "withdraw": _("Withdraw the invitation"),
        "factor": _("Reset the second factor"),
        "factor_on": _("Second factor"),
        "disable": _("Disable"),
        "enable": _("Let in again"),
        "sure": {
            "disable": _("{email} is signed out everywhere and cannot come in. Sure?"),
            "withdraw": _("{email} cannot join by the link any more. Sure?"),
            "factor": _("{email} signs in with the password alone then. Sure?"),
        },
        "done": {
            "role": _("{email} has another role from now on."),
            "disable": _("{email} is disabled and signed out everywhere."),
            "enable": _("{email} may come in again."),
            "withdraw": _("The invitation of {email} is withdrawn."),
            "factor": _("{email} can set a new second factor up."),
        },
        "keep": _("Keep"),
        "loading": _("Loading …"),
        "problems": refusals.sentences(),
        "failed": _("This did not work. Try again."),
        "sessions": sessions_words(),
    }


def factor_words() -> dict[str, Any]:
    """Return every text of one's own second factor in the current language."""
    return {
        "title": _("Second factor"),
        "off": _("Off"),
        "on": _("On"),
        "about_off": _(
            "With an authenticator app on your phone, a stolen password alone opens nothing."
        ),
        "about_on": both_forms("{n} recovery code is left.", "{n} recovery codes are left."),
        "set_up": _("Set up"),
        "scan": _("Scan this with your authenticator app, then type the code that it shows."),
        "qr": _("QR code for your authenticator app"),
        "by_hand": _("Or type this key into the app:"),
        "code": _("Code"),
        "code_hint": _("Six digits of the app, or a recovery code."),
        "turn_on": _("Turn on"),
        "turn_off": _("Turn off"),
        "renew": _("New recovery codes"),
        "cancel": _("Cancel"),
        "codes_title": _("Recovery codes"),
        "codes_hint": _(
            "Each opens your account once when the phone is lost. They are shown only now: print "
            "them, or keep them where you keep passwords."
        ),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "kept": _("I have kept them"),
        "problems": refusals.sentences(),
        "failed": _("This did not work. Try again."),
    }


def sessions_words() -> dict[str, Any]:
    """Return every text of a list of sessions in the current language."""
    return {
        "title": _("Browsers"),
        "about": _("Where this account is signed in."),
        "this_one": _("this one"),
        "unknown": _("Unknown browser"),
        "on": _("{browser} on {system}"),
        "seen": _("seen {time}"),
        "began": _("since {time}"),
        "end": _("Sign out"),
        "end_others": _("Sign out all others"),
        "end_all": _("Sign out everywhere"),
        "none": _("Signed in nowhere."),
        "loading": _("Loading …"),
        "problems": refusals.sentences(),
        "failed": _("This did not work. Try again."),
    }
