"""HTTP paths that clocks, CI and people's scripts already use."""

from typing import Final

UPLOAD: Final = "/api/upload"
FIRMWARE: Final = "/api/firmware/{platform}"
VERSION: Final = "/api/version"
STATUS: Final = "/api/status"
DEVICES: Final = "/api/devices"
DEVICE: Final = "/api/devices/{device_id}"
SWAP: Final = "/api/devices/{device_id}/swap"
CLAIMS: Final = "/api/clocks/claims"
OTA_LOGS: Final = "/api/ota-logs"
OTA_STATS: Final = "/api/ota-stats"
MANIFEST: Final = "/firmware/manifest/{platform}.json"
VERSION_MANIFEST: Final = "/firmware/manifest/{platform}/{version}.json"
USER_DOWNLOAD: Final = "/firmware/user-download/{token}"
AUDIT_CSV: Final = "/api/audit.csv"
LOGIN: Final = "/login"
LOGOUT: Final = "/logout"
JOIN: Final = "/join/{token}"

API_KEY_HEADER: Final = "X-API-Key"
V1_USER_AGENT: Final = "SkiClockNeo-OTA"
