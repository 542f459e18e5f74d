"""What the server refuses, in the viewer's language: sentences by their stable codes."""

from skiclock_ui.i18n import _, current_language


def sentences() -> dict[str, str]:
    """Return a sentence for each code that a page can meet."""
    return {
        "above_you": _("This person or role may do more than you, so you cannot change that."),
        "account_link_gone": _("This link has been used, or it is too old. Ask for a new one."),
        "bad_attempt": _("What this page told of the attempt cannot be, so it was not kept."),
        "bad_bundle": _("The archive is not what a build makes, or it is damaged."),
        "bad_claim": _("The board cannot be claimed so: a value is none that a clock takes."),
        "bad_email": _("This is no e-mail address. Expected name@place."),
        "bad_part": _("A part for blank boards would not start one. Build the archive again."),
        "bad_request": _("Something is missing or wrong in what was sent."),
        "bad_key_request": _("A key needs a name, something that it opens, and an end to come."),
        "bad_role": _("A role needs a name, and groups where it does not see all clocks."),
        "bad_signature": _(
            "The signature fits no key of this server, or another image, platform or version "
            "was signed."
        ),
        "bad_swap": _("These two clocks cannot change places. Look at both, then try again."),
        "bad_token": _("The provider's word was not meant for this sign-in. Begin it anew."),
        "bad_version": _("This is no version. Expected YYYY.M.D.BUILD or vMAJOR.MINOR.PATCH."),
        "code_required": _("Send a code of your second factor too."),
        "database_unavailable": _("The database does not answer. Try again in a moment."),
        "damaged_file": _("What production sent is not what it lists. Look again later."),
        "other_image": _("Production has another image under this version."),
        "production_away": _("The production server cannot be reached. Try again in a moment."),
        "production_refused": _(
            "Production refused it: its newest is higher, a signature is missing, or the key is "
            "wrong."
        ),
        "promotion_off": _("This server has no key to publish on production."),
        "downgrade": _(
            "The version is lower than the newest one of this platform; "
            "clocks would not install it."
        ),
        "email_taken": _("Somebody has this e-mail address here already."),
        "empty_file": _("The file is empty."),
        "factory_parts_missing": _(
            "Published without the parts that a blank board needs; publish the archive (.zip) "
            "that the build makes"
        ),
        "factor_there": _("The second factor is on already. Reload the page."),
        "failed": _("This did not work, and the server's log says why."),
        "forbidden": _("Your role may not do this. Ask an administrator of this server."),
        "fixed_role": _("The administrators' role stays as it is."),
        "foreign_file": _("The file is no application image for this platform."),
        "foreign_origin": _("This was sent by a page of another site."),
        "guessable_password": _(
            "The password is easy to guess. Take a few words that nobody would put together."
        ),
        "image_damaged": _("The image is damaged. Build it again, or copy it again."),
        "image_too_large": _("The image does not fit into the memory of this platform."),
        "image_truncated": _("The file ends before the image does. Copy it again."),
        "internal_error": _("This did not work, and the server's log says why."),
        "issuer_away": _("The provider does not answer. Try again in a moment."),
        "last_admin": _(
            "Somebody must be left who can manage people. Give another person that role first."
        ),
        "link_expired": _("This download link has expired; links work for an hour. Get a new one."),
        "bad_link": _("This download link is not valid. Get a new one."),
        "no_answer": _("No answer from the server. Try again in a moment."),
        "no_factor": _("No second factor is on. Reload the page."),
        "no_firmware": _("This version is no longer published."),
        "not_allowed": _("Your role may not download images for this platform."),
        "not_invited": _("This person has joined already. Disable them in place of it."),
        "not_your_group": _("Your role sees only some groups of clocks: name one of them."),
        "not_found": _("There is nothing at this address."),
        "not_signed_in": _("You were signed out. Sign in again to go on."),
        "parts_incomplete": _("Some of the parts that a blank board needs are missing."),
        "passwords_differ": _("The two new passwords differ."),
        "role_in_use": _("Somebody has this role. Give them another one first."),
        "role_taken": _("There is a role of this name already."),
        "same_password": _("The new password is the current one. Choose another."),
        "signature_missing": _(
            "Firmware must be signed here. Upload it with `skiclock upload --signing-key`."
        ),
        "sso_disabled": _("You are disabled here. Ask an administrator of this server."),
        "sso_domain": _("People with this e-mail address do not sign in this way here."),
        "sso_failed": _(
            "The sign-in at the provider was not finished, or took too long. Begin it anew."
        ),
        "sso_taken": _(
            "Your e-mail address belongs to somebody else here. Ask an administrator of this "
            "server."
        ),
        "sso_unknown": _("You are not known here. Ask an administrator of this server."),
        "sso_unverified": _("The provider does not vouch for your e-mail address."),
        "too_many_attempts": _("Too many attempts. Wait a quarter of an hour, then try again."),
        "too_many_claims": _("Too many boards at once. Wait a few minutes, then try again."),
        "unknown_attempt": _("This attempt is not known here, or it has ended already."),
        "unknown_claim": _("The claim on this board is over; it holds for an hour. Begin again."),
        "unknown_device": _("This clock is not known here."),
        "unknown_key": _("This key is not there any more."),
        "unknown_page": _("This page is not known here. Reload it."),
        "unknown_role": _("There is no such role."),
        "unknown_user": _("This person is not known here any more."),
        "unknown_platform": _("There is no such platform."),
        "upload_too_large": _("The file is larger than this server takes."),
        "upload_too_slow": _("Nothing came for too long. Try again on a better network."),
        "version_exists": _("This version exists already; versions are never replaced."),
        "weak_password": _(
            "The new password is too weak: it is too short, or it is the e-mail address."
        ),
        "wrong_chip": _("The image is for another chip than this platform has."),
        "wrong_code": _("The code is wrong, too old, or was used already. Wait for the next one."),
        "wrong_key": _("The key opens nothing here."),
        "wrong_credentials": _("E-mail and password do not fit together. Try again."),
    }


def sentence(code: str, english: str = "") -> str:
    """Return why something was refused.

    The server's own English sentence names what was wrong, so English readers get that.
    """
    if english and current_language() == "en":
        return english
    return sentences().get(code, english or _("This did not work. Try again."))
