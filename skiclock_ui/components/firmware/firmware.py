"""The element of the firmware page: its words, and what it is told of every version."""

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from backend.contract.platforms import PLATFORMS
from backend.contract.versions import VersionKey, version_key
from backend.firmware import Catalogue, FirmwareInfo
from backend.fleet import Clock
from backend.storage import Storage
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _, both_forms
from skiclock_ui.refusals import sentences


class FirmwareElement(PageElement):
    """Every version of each platform, and the upload."""

    component = component(Path(__file__).with_name("firmware.js"))


def firmware_state(
    catalogue: Catalogue,
    clocks: Iterable[Clock],
    storage: Storage,
    there: Collection[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return every platform with its versions, newest first, and how many clocks run each.

    `there`: platform and hash of what production has.
    """
    said = Counter((clock.platform, clock.version or "") for clock in clocks)
    running: Counter[tuple[str | None, VersionKey | None]] = Counter()
    for (of, version), count in said.items():
        running[of, version_key(version)] += count
    return {
        "platforms": [
            {
                "name": name,
                "board": platform.board,
                "clocks": sum(count for (of, _key), count in running.items() if of == name),
                "versions": [
                    _version(info, running[name, info.version_key], storage)
                    | {"there": (name, info.sha256) in there}
                    for info in catalogue.versions(name)
                ],
                "others": sum(
                    count
                    for (of, key), count in running.items()
                    if of == name and all(key != i.version_key for i in catalogue.versions(name))
                ),
            }
            for name, platform in PLATFORMS.items()
        ]
    }


def firmware_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Firmware"),
        "about": _(
            "Every version that was published. Clocks install the newest one of their platform."
        ),
        "publish_title": _("Publish a version"),
        "drop_here": _(
            "Drop an image (.bin) or the archive of a build (.zip) here. Clocks are told as soon "
            "as it is checked."
        ),
        "is_archive": _("The archive of a build: it holds platform, version and all parts."),
        "choose_file": _("Choose a file"),
        "other_file": _("Another file"),
        "no_image": _("This does not look like an image for these boards."),
        "platform": _("Platform"),
        "choose": _("Choose …"),
        "choose_platform": _("Choose the platform that this image was built for."),
        "version": _("Version"),
        "give_version": _("Give the version, such as {example}."),
        "too_large": _("The file has {size}; at most {most} are taken."),
        "cancel": _("Cancel"),
        "publish": _("Publish"),
        "sending": _("Sending the image"),
        "sent": _("{done} of {all} sent"),
        "checking": _("Sent. The image is being checked …"),
        "published": _("{version} for {platform} is published. Clocks are being told."),
        "failed": _("This did not work. Try again."),
        "clocks": both_forms("{n} clock", "{n} clocks"),
        "running": _("Running"),
        "size": _("Size"),
        "uploaded": _("Published"),
        "by": _("by {who}"),
        "newest": _("Newest"),
        "waits": _("Not in the bucket yet"),
        "waits_hint": _(
            "It lies on this server alone and moves by itself when the bucket answers."
        ),
        "there": _("In production"),
        "promote": _("Promote"),
        "promote_sure": _("Send it to production? Clocks there install the newest version."),
        "promote_now": _("Send"),
        "promoting": _("Sending …"),
        "keep": _("Keep it here"),
        "promoted": _("{version} for {platform} is on production."),
        "download": _("Download"),
        "flash": _("Flash"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "copy_sha": _("Copy {sha}"),
        "show_all": both_forms("Show {n} version", "Show all {n} versions"),
        "others": both_forms(
            "{n} clock runs a version that is not published here",
            "{n} clocks run versions that are not published here",
        ),
        "missing": _("Nothing published yet"),
        "waiting": both_forms("{n} clock waits for one", "{n} clocks wait for one"),
        "empty": _("No firmware published yet"),
        "empty_hint": _(
            "Every version would stand here, by platform, with how many clocks run it. "
            "Publish the first one above, or from CI:"
        ),
        "from_ci": _("Publish from CI"),
        "ci_hint": _("One command, with a key in place of the password:"),
        "key_hint": _(
            "The key is the server's UPLOAD_API_KEY, or one of its own, shown once when it is made:"
        ),
        "refusals": sentences(),
    }


def _version(info: FirmwareInfo, clocks: int, storage: Storage) -> dict[str, Any]:
    return {
        "version": info.version,
        "size_bytes": info.size_bytes,
        "sha256": info.sha256,
        "uploaded_at": info.uploaded_at.timestamp(),
        "uploaded_by": info.uploaded_by,
        "clocks": clocks,
        "starts_blank_chip": info.starts_blank_chip,
        "waits": any(storage.is_waiting(sha256) for sha256 in info.files),
    }
