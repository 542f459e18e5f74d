"""The element of the flash page: its words, and what it is told of every board."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from backend.contract.flash_map import Part
from backend.contract.platforms import PLATFORMS, Platform
from backend.firmware import Catalogue, FirmwareInfo
from skiclock_ui.components.element import PageElement, component
from skiclock_ui.i18n import _
from skiclock_ui.refusals import sentences

ESPTOOL_CHIPS = {"ESP32": "esp32", "ESP32-C3": "esp32c3", "ESP32-S3": "esp32s3"}


class FlashElement(PageElement):
    """Boards to choose from, what to do with the cable, and the button."""

    component = component(Path(__file__).with_name("flash.js"))


def flash_state(catalogue: Catalogue, may_take: Callable[[str], bool]) -> dict[str, Any]:
    """Return the boards that somebody may flash, with the versions that start a blank one."""
    return {
        "boards": [
            _board(platform, catalogue.versions(platform.name))
            for platform in PLATFORMS.values()
            if may_take(platform.name)
        ]
    }


def flash_words() -> dict[str, Any]:
    """Return every text of the element in the current language."""
    return {
        "title": _("Flash"),
        "about": _(
            "Turn a blank board into a clock: connect it by USB, and this browser writes the "
            "firmware. Nothing is installed on this computer."
        ),
        "insecure": _(
            "Browsers reach USB only from HTTPS or localhost. Open this page over HTTPS, or use "
            "the command line below."
        ),
        "unsupported": _(
            "This browser cannot reach USB. Use Chrome or Edge on a computer, or the command line "
            "below."
        ),
        "board": _("1. Which board?"),
        "board_hint": _("It stands on the chip's metal cover or on the back of the board."),
        "none": _("No firmware published yet"),
        "no_parts": _(
            "Published without the parts that a blank board needs; publish the archive (.zip) "
            "that the build makes"
        ),
        "connect": _("2. Connect it"),
        "hold": {
            "esp32": _(
                "Hold the button BOOT while the browser connects, if the board does not answer."
            ),
            "esp32c3": _("Hold BOOT, press RESET once, let go of BOOT."),
            "esp32s3": _("Hold BOOT, press RESET once, let go of BOOT."),
            "esp12f": _("Join GPIO0 to GND, then give it power; take the bridge away afterwards."),
            "esp01": _("Set the adapter's switch to PROG, or join GPIO0 to GND, then plug it in."),
            "d1mini": _("Nothing to hold: the board starts its boot loader by itself."),
        },
        "cable": _("Use a cable that carries data: many charge only."),
        "driver": _(
            "If no port is offered, the computer lacks the driver of the board's USB chip "
            "(CP2102, CH340); Linux and macOS have both."
        ),
        "panels": _("Leave the LED panels unplugged: USB cannot feed them."),
        "write": _("3. Say what it is to be, and write it"),
        "name": _("Name"),
        "name_hint": _("As people at the track know it."),
        "group": _("Group"),
        "group_hint": _("Such as a track or a building; may stay empty."),
        "timezone": _("Time zone"),
        "version": _("Version"),
        "newest": _("{version} (newest)"),
        "choose_first": _("Choose a board first."),
        "flash": _("Flash {board}"),
        "no_port": _("No port was chosen. If none was offered, look at the cable and the driver."),
        "port_failed": _("The browser could not open the list of ports."),
        "reading": _("Asking the chip…"),
        "unread": _(
            "The board does not answer. Close other programs that use it, do what step 2 says of "
            "its buttons, and try again."
        ),
        "wrong_chip": _(
            "In the cable is an {found}, but {board} has an {wanted}. Nothing was written. Choose "
            "the right board above."
        ),
        "claiming": _("Making its credentials…"),
        "written": _("Written. The clock {device} waits for its first contact."),
        "to_clock": _("To the clock"),
        "unrecorded": _("The history does not tell of this attempt."),
        "refusals": sentences(),
        "erases": _("What the board held before is erased."),
        "then": _(
            "When it is done, the same window asks for the Wi-Fi, and the clock goes live under "
            "Clocks with credentials of its own."
        ),
        "by_hand": _("With the command line instead"),
        "by_hand_hint": _(
            "Download the files, then write them with esptool (pip install esptool). "
            "The links work for an hour."
        ),
        "get": _("Get links"),
        "files": {
            Part.BOOT_LOADER.value: _("Boot loader"),
            Part.PARTITIONS.value: _("Partition table"),
            Part.BOOT_APP0.value: _("Start of the first slot"),
            Part.APPLICATION.value: _("Application"),
            Part.FLASH_IMAGE.value: _("Application"),
        },
        "copy": _("Copy"),
        "failed": _("This did not work. Try again."),
        "empty": _("Nothing to flash yet"),
        "empty_hint": _("Every board would stand here once firmware for it is published."),
        "to_firmware": _("To the firmware"),
        "not_allowed": _("Your role may not flash any board. Ask an administrator."),
    }


def _board(platform: Platform, versions: list[FirmwareInfo]) -> dict[str, Any]:
    return {
        "name": platform.name,
        "board": platform.board,
        "family": platform.chip_family,
        "chip": ESPTOOL_CHIPS.get(platform.chip_family, "esp8266"),
        "published": len(versions),
        "versions": [info.version for info in versions if info.starts_blank_chip],
    }
