"""What people's scripts read: v1's names, and the server's own health and figures."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from backend.api_keys import Scope
from backend.config import Settings
from backend.contract.messages import (
    Heartbeat,
    OtaComplete,
    OtaProgress,
    OtaStart,
    Problem,
)
from tests.backend.api.conftest import PASSWORD, Cable, Site, eventually, serve, until

OLD, NEW = "2026.11.20.1", "2026.11.24.1"


@pytest_asyncio.fixture(loop_scope="session")
async def script(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    yield site.client(**{"x-api-key": await site.key(Scope.READ)})


async def test_clocks_are_listed_under_v1s_names(site: Site, script: httpx.AsyncClient) -> None:
    await site.hear(
        Heartbeat("a1b2c3", "ESP32", OLD, 60, -61, 181_000, 'Club "Nord"', "10.0.0.5"),
    )
    await site.hear(Heartbeat("e8c5fbbdf5f0"), ago=timedelta(minutes=16))
    body = (await script.get("/api/devices")).json()

    assert (body["count"], body["online_count"], body["offline_count"]) == (2, 1, 1)
    assert body["mqtt_enabled"] is True
    clock = next(one for one in body["devices"] if one["device_id"] == "a1b2c3")
    for name in ("first_seen", "last_seen"):
        assert datetime.fromisoformat(clock.pop(name)).tzinfo is not None
    assert 0 <= clock.pop("minutes_since_last_seen") < 1
    assert clock == {
        "device_id": "a1b2c3",
        "name": None,
        "group": None,
        "board": "ESP32",
        "platform": "esp32",
        "version": OLD,
        "uptime": 60,
        "rssi": -61,
        "free_heap": 181_000,
        "ssid": 'Club "Nord"',
        "ip_address": "10.0.0.5",
        "online": True,
        "waiting_for_first_contact": False,
    }
    silent = next(one for one in body["devices"] if one["device_id"] == "e8c5fbbdf5f0")
    assert silent["online"] is False
    assert silent["minutes_since_last_seen"] == pytest.approx(16, abs=0.2)


async def test_a_removed_clock_is_gone_until_it_speaks_again(
    site: Site, script: httpx.AsyncClient
) -> None:
    await site.hear(Heartbeat("a1b2c3"))
    person = await site.signed_in()

    answer = await person.delete("/api/devices/a1b2c3")
    assert (answer.status_code, answer.json()) == (200, {"removed": True, "device_id": "a1b2c3"})
    assert (await script.get("/api/devices")).json()["count"] == 0
    for unknown in ("a1b2c3", "nonsense", "%00", "A1"):
        answer = await person.delete(f"/api/devices/{unknown}")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_device")
    await site.hear(Heartbeat("a1b2c3"))
    assert (await script.get("/api/devices")).json()["count"] == 1


async def begin_updates(site: Site) -> None:
    """One clock for each of v1's four words, and one that was told and has not begun."""
    for device_id in ("a1", "a2", "a3", "a4"):
        await site.hear(Heartbeat(device_id, "ESP32", OLD, 1000))
        await site.hear(OtaStart(device_id, "esp32", OLD, NEW))
    await site.hear(OtaProgress("a2", 40), OtaComplete("a3", success=False, error="no space"))
    await site.hear(OtaComplete("a4", success=True))
    await site.hear(Heartbeat("a4", "ESP32", NEW, 5))


async def test_updates_are_listed_under_v1s_names(site: Site, script: httpx.AsyncClient) -> None:
    await begin_updates(site)
    body = (await script.get("/api/ota-logs")).json()

    assert body["count"] == 4
    by_clock = {one["device_id"]: one for one in body["logs"]}
    assert [one["device_id"] for one in body["logs"]] == ["a4", "a3", "a2", "a1"]
    assert {name: one["status"] for name, one in by_clock.items()} == {
        "a1": "started",
        "a2": "downloading",
        "a3": "failed",
        "a4": "success",
    }
    assert by_clock["a2"]["download_progress"] == 40
    assert by_clock["a2"]["completed_at"] is None
    assert by_clock["a2"]["duration_seconds"] is None
    assert by_clock["a3"]["error_message"] == "no space"
    done = by_clock["a4"]
    assert done["duration_seconds"] >= 0
    assert set(done) == {
        "id",
        "session_id",
        "device_id",
        "platform",
        "old_version",
        "new_version",
        "status",
        "started_at",
        "completed_at",
        "duration_seconds",
        "download_progress",
        "error_message",
    }


@pytest.mark.parametrize(
    ("query", "clocks"),
    [
        ("device_id=a2", ["a2"]),
        ("device_id=ff", []),
        ("status=started", ["a1"]),
        ("status=downloading", ["a2"]),
        ("status=failed", ["a3"]),
        ("status=success", ["a4"]),
        ("status=failed&device_id=a4", []),
        ("limit=2", ["a4", "a3"]),
    ],
)
async def test_the_update_log_is_narrowed(
    site: Site, script: httpx.AsyncClient, query: str, clocks: list[str]
) -> None:
    await begin_updates(site)
    body = (await script.get(f"/api/ota-logs?{query}")).json()
    assert [one["device_id"] for one in body["logs"]] == clocks


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("status=unknown", "status"),
        ("status=offered", "status"),
        ("device_id=%00", "device_id"),
        ("device_id=XYZ", "device_id"),
        ("device_id=a1%0a", "device_id"),
    ],
)
async def test_a_wrong_query_names_its_field(
    script: httpx.AsyncClient, query: str, field: str
) -> None:
    answer = await script.get(f"/api/ota-logs?{query}")
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["field"]) == ("bad_request", field)


async def test_update_statistics_under_v1s_names(site: Site, script: httpx.AsyncClient) -> None:
    await begin_updates(site)
    body = (await script.get("/api/ota-stats")).json()

    assert body.pop("avg_duration_seconds") >= 0
    assert body == {
        "total_updates": 4,
        "success_count": 1,
        "failed_count": 1,
        "in_progress_count": 2,
        "success_rate": 50.0,
        "recent_updates_7days": 4,
        "failed_devices_24h": 1,
    }


async def test_status_tells_each_platforms_firmware(site: Site, script: httpx.AsyncClient) -> None:
    info = await site.publish()
    body = (await script.get("/api/status")).json()

    assert body["mqtt_enabled"] is True
    assert set(body["firmwares"]) == {"esp32", "esp32c3", "esp32s3", "esp12f", "esp01", "d1mini"}
    assert body["firmwares"]["esp01"] is None
    firmware = body["firmwares"]["esp32"]
    assert datetime.fromisoformat(firmware.pop("uploaded_at")) == info.uploaded_at
    assert firmware == {
        "version": "2026.11.24.1",
        "filename": "firmware.bin",
        "size": info.size_bytes,
        "sha256": info.sha256,
        "download_url": "/api/firmware/esp32",
        "can_download": False,
        "public_download_url": None,
    }
    viewer = (await (await site.signed_in("viewer")).get("/api/status")).json()
    assert viewer["firmwares"]["esp32"]["can_download"] is False
    admin = (await (await site.signed_in("admin")).get("/api/status")).json()
    assert admin["firmwares"]["esp32"]["can_download"] is True


async def test_the_newest_version_is_told(site: Site, script: httpx.AsyncClient) -> None:
    await site.publish("esp12f", "2026.9.1.1")
    info = await site.publish("esp12f", "2026.10.1.1")
    body = (await script.get("/api/version?platform=esp8266")).json()
    assert (body["platform"], body["latest_version"]) == ("esp12f", "2026.10.1.1")
    assert body["sha256"] == info.sha256


async def test_a_wrong_method_says_which_are_right(site: Site) -> None:
    person = await site.signed_in()
    for method, path, allowed in (
        ("POST", "/api/devices", "GET"),
        ("GET", "/api/upload", "POST"),
        ("DELETE", "/api/firmware/esp32", "GET, HEAD"),
        ("PUT", "/api/devices/a1", "DELETE"),
    ):
        answer = await person.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert answer.headers["allow"] == allowed
    answer = await person.get("/api/unknown")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_health_is_always_told_and_readiness_names_what_is_missing(site: Site) -> None:
    client = site.client()
    health, ready = await client.get("/healthz"), await client.get("/readyz")

    assert health.status_code == 200
    assert health.json()["status"] == "degraded"
    assert health.json()["database"]["ok"] is True
    assert health.json()["broker"]["ok"] is False
    assert ready.status_code == 503
    assert ready.json()["missing"] == ["broker"]
    assert ready.json()["error"].startswith("broker: ")


async def test_a_missing_database_is_told_and_comes_back(
    settings_by_cable: Settings, cable: Cable
) -> None:
    async with serve(settings_by_cable) as site:
        await site.server.loaded.wait()
        person = await site.signed_in()
        assert (await person.get("/api/ota-stats")).status_code == 200
        await cable.pull_out()
        await until(lambda: not site.server.health.database.ok, 30)

        answer = await person.get("/api/ota-stats")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert (await person.get("/api/devices")).status_code == 200  # from memory
        assert "database" in (await person.get("/readyz")).json()["missing"]
        assert (await person.get("/healthz")).status_code == 200
        assert (await person.get("/metrics")).status_code == 200
        page = await site.browser(cookie="skiclock_session=unknown").get("/")
        assert page.status_code == 503
        assert "The database is away" in page.text
        form = {"username": "admin@example.org", "password": PASSWORD}
        answer = await site.client().post("/login", data=form)
        assert answer.headers["location"] == "/login?error=database_unavailable"

        await cable.plug_in()

        async def is_back() -> bool:
            return (await person.get("/api/ota-stats")).status_code == 200

        await eventually(is_back, 30)


async def test_a_database_that_is_away_at_the_start_is_waited_for(
    settings_by_cable: Settings, cable: Cable
) -> None:
    await cable.pull_out()
    async with serve(settings_by_cable) as site:
        client = site.client()
        assert "database" in (await client.get("/readyz")).json()["missing"]
        key = settings_by_cable.download_api_key.get_secret_value()
        answer = await client.get("/api/firmware/esp32", headers={"x-api-key": key})
        # Whether the shared key was turned off is not known yet either.
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert answer.headers["retry-after"] == "5"
        await cable.plug_in()
        await until(site.server.loaded.is_set, 30)


async def test_figures_can_be_scraped(site: Site) -> None:
    await site.hear(Heartbeat("a1"), Heartbeat("a2"))
    await begin_updates(site)
    now = datetime.now(UTC)
    site.server.diagnostics.note("heartbeat", Problem.NOT_JSON, "a1", b"x", now)
    client = site.client(**{"x-api-key": await site.key(Scope.METRICS)})
    await client.get("/healthz")
    await client.get("/api/firmware/esp32")
    await client.request("PROPFIND", "/healthz")
    answer = await client.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=")
    figures = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert figures["skiclock_devices", (("state", "online"),)] == 4
    assert figures["skiclock_up", (("part", "database"),)] == 1
    assert figures["skiclock_up", (("part", "broker"),)] == 0
    assert figures["skiclock_updates", (("state", "success"),)] == 1
    assert figures["skiclock_ingest_received_total", ()] >= 6
    assert figures["skiclock_ingest_lag_seconds_count", ()] >= 1
    assert figures["skiclock_ingest_queue_depth", ()] == 0
    bad = (("kind", "heartbeat"), ("problem", "not_json"))
    assert figures["skiclock_bad_messages_total", bad] == 1
    routes = set(re.findall(r'route="([^"]*)"', answer.text))
    assert {"/healthz", "/api/firmware/{platform}"} <= routes
    assert "/api/firmware/esp32" not in routes
    assert 'method="PROPFIND"' not in answer.text


async def test_documentation_comes_from_here_alone(site: Site) -> None:
    person = await site.signed_in()
    page = (await person.get("/docs")).text
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//", page)
    for address in re.findall(r'(?:src|href)="(/[^"]+)"', page):
        assert (await person.get(address)).status_code == 200


async def test_every_route_is_documented_with_an_example(site: Site) -> None:
    schema = (await (await site.signed_in()).get("/openapi.json")).json()
    assert schema["components"]["securitySchemes"]["key"]["name"] == "X-API-Key"
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], (method, path)
            assert operation["description"], (method, path)
            assert operation["tags"], (method, path)
            if path in {
                "/login",
                "/login/code",
                "/logout",
                "/password",
                "/join/{token}",
            } or path.startswith("/sso"):
                continue
            contents = [
                content
                for response in operation["responses"].values()
                for content in response.get("content", {}).values()
            ]
            assert any("example" in content for content in contents), (method, path)


async def test_large_json_is_compressed_when_asked(site: Site, script: httpx.AsyncClient) -> None:
    await site.hear(*(Heartbeat(f"{i:x}", "ESP32", OLD) for i in range(1, 50)))
    answer = await script.get("/api/devices", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["vary"].lower() == "accept-encoding"
    assert answer.json()["count"] == 49
