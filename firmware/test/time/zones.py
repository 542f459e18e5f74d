"""Writes the table of time zones that the clock knows, and what Python's zoneinfo says of them.

Run by hand when the rules of a zone have changed: `python firmware/test/time/zones.py`. It reads
the POSIX text at the end of each zone's file in the system's tzdata.
"""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, available_timezones

FIRMWARE = Path(__file__).parents[2]
TABLE = FIRMWARE / "lib" / "skiclock" / "time" / "zone_table.h"
GOLDEN = Path(__file__).with_name("golden_zones.h")

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2038, 1, 1, tzinfo=UTC)

LEFT_OUT = {
    "Europe/Belfast",
    "Europe/Kiev",
    "Europe/Nicosia",
    "Europe/Tiraspol",
    "Europe/Uzhgorod",
    "Europe/Zaporozhye",
}
"""Old names of other zones in the list."""

WHERE_PEOPLE_SKI = [
    "America/Anchorage",
    "America/Argentina/Buenos_Aires",
    "America/Argentina/Mendoza",
    "America/Argentina/Ushuaia",
    "America/Boise",
    "America/Chicago",
    "America/Denver",
    "America/Detroit",
    "America/Edmonton",
    "America/Halifax",
    "America/Juneau",
    "America/Los_Angeles",
    "America/Montreal",
    "America/New_York",
    "America/Nuuk",
    "America/Phoenix",
    "America/Punta_Arenas",
    "America/Regina",
    "America/Santiago",
    "America/St_Johns",
    "America/Toronto",
    "America/Vancouver",
    "America/Whitehorse",
    "America/Winnipeg",
    "America/Yellowknife",
    "Africa/Johannesburg",
    "Antarctica/McMurdo",
    "Antarctica/Troll",
    "Arctic/Longyearbyen",
    "Asia/Almaty",
    "Asia/Beirut",
    "Asia/Bishkek",
    "Asia/Dubai",
    "Asia/Harbin",
    "Asia/Irkutsk",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Krasnoyarsk",
    "Asia/Nicosia",
    "Asia/Novosibirsk",
    "Asia/Omsk",
    "Asia/Pyongyang",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Tashkent",
    "Asia/Tbilisi",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Asia/Ulaanbaatar",
    "Asia/Urumqi",
    "Asia/Vladivostok",
    "Asia/Yekaterinburg",
    "Asia/Yerevan",
    "Atlantic/Azores",
    "Atlantic/Canary",
    "Atlantic/Faroe",
    "Atlantic/Madeira",
    "Atlantic/Reykjavik",
    "Australia/Adelaide",
    "Australia/Hobart",
    "Australia/Melbourne",
    "Australia/Sydney",
    "Pacific/Auckland",
    "UTC",
]


def main() -> None:
    """Write both files."""
    european = {zone for zone in available_timezones() if zone.startswith("Europe/")}
    zones = sorted(european - LEFT_OUT | set(WHERE_PEOPLE_SKI))
    TABLE.write_text(table({zone: posix_of(zone) for zone in zones}))
    GOLDEN.write_text(golden(zones))


def posix_of(zone: str) -> str:
    """Return the rule for all years after the last that the zone's file lists."""
    for folder in TZPATH:
        file = Path(folder, zone)
        if file.exists():
            return file.read_bytes().rsplit(b"\n", 2)[-2].decode()
    raise FileNotFoundError(zone)


def table(zones: dict[str, str]) -> str:
    """Each rule once, and the names that keep it: 0 ends a text, 00 a rule's names."""
    names = defaultdict(list)
    for zone, posix in zones.items():
        names[posix].append(zone)
    lines = [
        "// The time zones that the clock knows by name; test/time/zones.py writes it.",
        "#pragma once",
        "",
        '#include "skiclock/flash.h"',
        "",
        "namespace skiclock {",
        "",
        "// A rule, the names that keep it, an empty text; again; an empty text. Whole words, for",
        "// the ESP8266's flash is read in words.",
        "// clang-format off",
        "alignas(4) constexpr char kZoneTable[] SKICLOCK_FLASH =",
    ]
    for posix, keepers in sorted(names.items()):
        lines.append(f'    "{posix}\\0"')
        lines += [f'    "{name}\\0"' for name in keepers[:-1]] + [f'    "{keepers[-1]}\\0\\0"']
    size = sum(len(text) + 1 for rule in names.items() for text in (rule[0], *rule[1], ""))
    padding = "\\0" * (-(size + 1) % 4)
    lines.append(f'    "{padding}";')
    return "\n".join([*lines, "// clang-format on", "", "}  // namespace skiclock", ""])


def golden(zones: list[str]) -> str:
    """Per zone the offset at BEGIN and every change until END."""
    lines = [
        "// What Python's zoneinfo says of each zone; test/time/zones.py writes it.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "#include <vector>",
        "",
        "struct GoldenChange {",
        "  std::int64_t unix_s;",
        "  std::int32_t offset_s;  // from then on",
        "};",
        "struct GoldenZone {",
        "  const char* name;",
        "  std::vector<GoldenChange> changes;  // the first is where the list begins",
        "};",
        f"inline constexpr std::int64_t kGoldenEnd = {int(END.timestamp())};",
        "// clang-format off",
        "inline const std::vector<GoldenZone> kGoldenZones = {",
    ]
    for zone in zones:
        pairs = ",".join(f"{{{unix_s},{offset_s}}}" for unix_s, offset_s in changes_of(zone))
        lines.append(f'{{"{zone}",{{{pairs}}}}},')
    return "\n".join([*lines, "};", "// clang-format on", ""])


def changes_of(zone: str) -> list[tuple[int, int]]:
    """Return (Unix second, offset from then on), by halving each day whose ends differ."""
    at = BEGIN
    found = [(int(at.timestamp()), offset_at(zone, at))]
    while at < END:
        after = at + timedelta(days=1)
        if offset_at(zone, after) != found[-1][1]:
            low, high = int(at.timestamp()), int(after.timestamp())
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, datetime.fromtimestamp(middle, UTC)) == found[-1][1]:
                    low = middle
                else:
                    high = middle
            found.append((high, offset_at(zone, after)))
        at = after
    return found


def offset_at(zone: str, at: datetime) -> int:
    """Return seconds east of Greenwich."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset else 0


if __name__ == "__main__":
    main()
