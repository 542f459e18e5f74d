"""Uploads without a key: by the token that CI's issuer made for one run of one workflow."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import typer
from sqlalchemy import select

from backend import issuer_settings
from backend.api.guard import COOKIE
from backend.cli.actions import is_in_actions, run_token
from backend.config import Settings, SettingsError, load_settings
from backend.issuer_settings import PublisherRule
from backend.models import AuditEntry
from tests.backend.api.conftest import Site, serve
from tests.backend.images import esp_image
from tests.backend.issuer import Issuer, served_issuer

HOME = "https://clocks.test"
WORKFLOW = "club/clocks/.github/workflows/firmware.yml@refs/heads/main"
RUN = {
    "aud": HOME,
    "sub": "repo:club/clocks:ref:refs/heads/main",
    "repository": "club/clocks",
    "repository_owner_id": "42",
    "workflow_ref": WORKFLOW,
    "ref": "refs/heads/main",
    "run_id": "1234567",
    "sha": "6beed277a33ffdfee85e071d944198b62a7f4e22",
}


@pytest_asyncio.fixture(loop_scope="session")
async def issuer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Issuer]:
    """An issuer that stands where GitHub's does."""
    async with served_issuer() as issuer:
        monkeypatch.setattr(issuer_settings, "GITHUB", issuer.url)
        yield issuer


@pytest_asyncio.fixture(loop_scope="session")
async def site(settings: Settings, issuer: Issuer) -> AsyncIterator[Site]:
    rules = [
        {
            "issuer": issuer.url,
            "repository": "club/clocks",
            "workflow": "firmware.yml",
            "ref": "refs/heads/main",
            "claims": {"repository_owner_id": "42"},
        }
    ]
    changed = {"base_url": HOME, "keyless_uploads": json.dumps(rules)}
    async with serve(settings.model_copy(update=changed)) as site:
        await site.server.loaded.wait()
        yield site


async def upload(
    client: httpx.AsyncClient, token: str, version: str = "2026.11.24.1", **headers: str
) -> str:
    """Upload with a token; return `published`, or why not."""
    answer = await client.post(
        "/api/upload",
        headers={"authorization": f"Bearer {token}"} | headers,
        data={"platform": "esp32", "version": version},
        files={"file": ("firmware.bin", esp_image("esp32"))},
    )
    return "published" if answer.status_code == 201 else str(answer.json()["code"])


async def test_a_run_of_the_workflow_uploads_once_with_its_token(
    site: Site, issuer: Issuer
) -> None:
    token = issuer.token(jti="1", **RUN)
    assert await upload(site.client(), token) == "published"
    assert await upload(site.client(), token, "2026.11.24.2") == "token_used"
    assert await upload(site.client(), issuer.token(jti="2", **RUN), "2026.11.24.2") == "published"

    async with site.server.database.session() as session:
        query = select(AuditEntry.actor).where(AuditEntry.action == "firmware.publish")
        actors = (await session.scalars(query)).all()
    assert actors == [f"{WORKFLOW} run 1234567 commit 6beed277a33f"] * 2


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"aud": "https://else.test"}, "token_not_allowed"),
    ({"aud": None}, "token_not_allowed"),
    ({"repository": "thief/clocks"}, "token_not_allowed"),
    ({"repository_owner_id": "43"}, "token_not_allowed"),
    ({"workflow_ref": WORKFLOW.replace("firmware.yml", "other.yml")}, "token_not_allowed"),
    ({"workflow_ref": WORKFLOW.replace("main", "fix")}, "token_not_allowed"),
    ({"workflow_ref": None}, "token_not_allowed"),
    ({"ref": "refs/pull/7/merge"}, "token_not_allowed"),
    ({"ref": ["refs/heads/main"]}, "token_not_allowed"),
    ({"iss": "https://token.actions.githubusercontent.com"}, "bad_token"),
    ({"iss": None}, "bad_token"),
    ({"exp": 1}, "bad_token"),
    ({"exp": None}, "bad_token"),
    ({"exp": 2**40}, "bad_token"),
    ({"exp": "soon"}, "bad_token"),
    ({"iat": 2**40}, "bad_token"),
    ({"iat": None}, "bad_token"),
    ({"nbf": 2**40}, "bad_token"),
    ({"jti": None}, "bad_token"),
    ({"jti": ""}, "bad_token"),
    ({"jti": "a\x00"}, "bad_token"),
    ({"jti": 7}, "bad_token"),
]


async def test_another_repository_workflow_branch_audience_or_time_opens_nothing(
    site: Site, issuer: Issuer
) -> None:
    wrong = []
    for claims, code in REFUSED:
        found = await upload(site.client(), issuer.token(**{"jti": "1"} | RUN | claims))
        if found != code:
            wrong.append((claims, found))
    assert wrong == []
    for nonsense in ("x", "a.b.c", "x" * 20_000):
        assert await upload(site.client(), nonsense) == "bad_token"
    assert await upload(site.client(), issuer.token(jti="1", **RUN)) == "published"


async def test_a_token_opens_uploads_alone_and_lends_a_cookie_nothing(
    site: Site, issuer: Issuer
) -> None:
    token = issuer.token(jti="1", **RUN)
    headers = {"authorization": f"Bearer {token}"}
    for path in ("/api/status", "/api/devices", "/metrics", "/openapi.json"):
        assert (await site.client().get(path, headers=headers)).status_code == 401
    person = await site.signed_in("admin")
    thief = site.client(cookie=f"{COOKIE}={person.cookies[COOKIE]}", origin="https://evil.example")
    assert await upload(thief, "nonsense") == "bad_token"
    answer = await thief.delete("/api/devices/a1b2c3", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")


async def test_the_upload_command_asks_github_for_a_token_of_its_run(
    site: Site, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_in_actions()
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{issuer.url}/run?api-version=2.0")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "the runner's")
    assert is_in_actions()
    issuer.claims = RUN
    tokens = [await asyncio.to_thread(run_token, HOME) for _ in range(2)]
    assert await upload(site.client(), tokens[0]) == "published"
    assert await upload(site.client(), tokens[1], "2026.11.24.2") == "published"
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "another's")
    with pytest.raises(typer.Exit):
        await asyncio.to_thread(run_token, HOME)


async def test_without_rules_no_token_opens_anything(settings: Settings) -> None:
    async with served_issuer() as issuer, serve(settings) as site:
        await site.server.loaded.wait()
        assert await upload(site.client(), issuer.token(jti="1", **RUN)) == "bad_token"
        assert issuer.asked == []


@pytest.mark.parametrize(
    "rules",
    [
        "{}",
        "[{}]",
        "nonsense",
        '[{"repository": "club/clocks"}]',
        '[{"repository": "club/clocks", "workflow": "firmware.yml"}]',
        '[{"issuer": "https://gitlab.example"}]',
        '[{"issuer": "http://gitlab.example", "claims": {"project_path": "club/clocks"}}]',
        '[{"issuer": "https://gitlab.example", "claims": {}}]',
        '[{"issuer": "https://gitlab.example", "repository": "club/clocks"}]',
        '[{"repository": "a/b", "workflow": "c", "ref": "d", "branch": "e"}]',
    ],
)
def test_a_rule_that_would_let_anybody_in_is_refused(
    rules: str, tmp_data: Any, clean_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYLESS_UPLOADS", rules)
    with pytest.raises(SettingsError, match="KEYLESS_UPLOADS"):
        load_settings(data=tmp_data)


def test_another_issuers_rule_names_claims() -> None:
    rule = PublisherRule(issuer="https://gitlab.example", claims={"project_path": "club/clocks"})
    assert rule.wanted == {"project_path": "club/clocks"}
