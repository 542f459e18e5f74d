"""Owns claims: who is about to write which board over USB, and what that clock is to be told.

In memory only, for an hour: the words for the Wi-Fi are in no table and in no log. After a
restart of the server one claims again.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

import msgspec

from backend.contract.chip_id import clean_mac
from backend.contract.settings import SETTINGS, problem_with
from backend.errors import Refusal
from backend.links import LIFETIME
from backend.throttle import Throttle

MAX_CLAIMS = 2_000
CLAIMS_IN_WINDOW = 120
WINDOW = timedelta(minutes=10)
"""Of one person: a club's whole fleet fits, a loop that uses up generations does not."""

MAX_GROUP_CHARACTERS = 40
MAX_SSID_BYTES = 32
MIN_WIFI_PASSWORD, MAX_WIFI_PASSWORD = 8, 63


class BadClaimError(Refusal):
    """What a claim says of a board cannot be, or no clock would take it."""

    code: ClassVar[str] = "bad_claim"


class UnknownClaimError(Refusal):
    """There is no such claim of this person for this firmware, or it is over."""

    code: ClassVar[str] = "unknown_claim"


class TooManyClaimsError(Refusal):
    """One person claims more boards than one can flash; `retry_after_s` says how long to wait."""

    code: ClassVar[str] = "too_many_claims"

    def __init__(self, retry_after: timedelta) -> None:
        self.retry_after_s = max(1, round(retry_after.total_seconds()))
        super().__init__(f"Too many boards at once. Try again in {self.retry_after_s} s.")


class Wifi(msgspec.Struct, frozen=True):
    """A network that the clock is to know from its first start; an open one has no password."""

    ssid: str
    password: str = ""


class ClaimForm(msgspec.Struct, frozen=True):
    """What a page sends to claim a board."""

    platform: str
    version: str
    mac: str
    chip: str = ""
    name: str = ""
    group: str = ""
    timezone: str = ""
    wifi: Wifi | None = None

    def clean(self) -> "ClaimForm":
        """Return the form with texts as they are kept; raises BadClaimError."""
        mac = clean_mac(self.mac)
        if mac is None:
            raise BadClaimError(f"{self.mac[:40]!r} is no MAC address.", field="mac")
        _check_wifi(self.wifi)
        cleaned: dict[str, Any] = {"name": self.name.strip(), "timezone": self.timezone.strip()}
        for key, value in cleaned.items():
            if value and (problem := problem_with(SETTINGS[key], value)):
                raise BadClaimError(_sentence(key, problem), field=key)
        group = self.group.strip()
        if len(group) > MAX_GROUP_CHARACTERS or not group.isprintable():
            raise BadClaimError(
                f"A group has at most {MAX_GROUP_CHARACTERS} characters.", field="group"
            )
        return msgspec.structs.replace(self, mac=mac, group=group, **cleaned)


@dataclass(frozen=True, slots=True)
class Claim:
    """One board that somebody is about to write."""

    id: str
    user_id: int
    platform: str
    version: str
    device_id: str
    generation: int
    name: str
    timezone: str
    ends_at: datetime
    wifi: Wifi | None = field(repr=False)


class Claims:
    """The claims of the last hour; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._claims: OrderedDict[str, Claim] = OrderedDict()
        self._throttle = Throttle(attempts=CLAIMS_IN_WINDOW, window=WINDOW)

    def check_rate(self, user_id: int, *, now: datetime) -> None:
        """Count one more claim of a person; raises TooManyClaimsError."""
        if wait := self._throttle.take(str(user_id), now=now):
            raise TooManyClaimsError(wait)

    def add(
        self, form: ClaimForm, *, user_id: int, device_id: str, generation: int, now: datetime
    ) -> Claim:
        """Keep what was claimed and committed, for an hour."""
        claim = Claim(
            id=secrets.token_urlsafe(18),
            user_id=user_id,
            platform=form.platform,
            version=form.version,
            device_id=device_id,
            generation=generation,
            name=form.name,
            timezone=form.timezone,
            ends_at=now + LIFETIME,
            wifi=form.wifi,
        )
        self._forget_old(now)
        self._claims[claim.id] = claim
        return claim

    def find(
        self, claim_id: str, *, user_id: int, platform: str, version: str, now: datetime
    ) -> Claim:
        """Return a claim of this person for this firmware; raises UnknownClaimError.

        A stranger is not told whether there is such a claim.
        """
        claim = self._claims.get(claim_id)
        if (
            claim is None
            or claim.ends_at <= now
            or (claim.user_id, claim.platform, claim.version) != (user_id, platform, version)
        ):
            raise UnknownClaimError(
                "This board is claimed by nobody, or no more: a claim holds for an hour. "
                "Begin again."
            )
        return claim

    def _forget_old(self, now: datetime) -> None:
        while self._claims:
            oldest = next(iter(self._claims.values()))
            if oldest.ends_at > now and len(self._claims) < MAX_CLAIMS:
                return
            self._claims.popitem(last=False)


def _check_wifi(wifi: Wifi | None) -> None:
    if wifi is None:
        return
    if not 0 < len(wifi.ssid.encode()) <= MAX_SSID_BYTES or "\x00" in wifi.ssid:
        raise BadClaimError(
            f"The name of a Wi-Fi network has 1 to {MAX_SSID_BYTES} bytes.", field="wifi"
        )
    password = wifi.password
    is_fit = MIN_WIFI_PASSWORD <= len(password) <= MAX_WIFI_PASSWORD and password.isascii()
    if password and not (is_fit and password.isprintable()):
        raise BadClaimError(
            f"The password of a Wi-Fi network has {MIN_WIFI_PASSWORD} to {MAX_WIFI_PASSWORD} "
            "characters of ASCII, or none where the network is open.",
            field="wifi",
        )


def _sentence(key: str, problem: str) -> str:
    max_bytes = SETTINGS[key].max_bytes
    return f"{problem.rstrip('.')}, of at most {max_bytes} bytes." if max_bytes else problem
