"""What no request may do: fail in us, tell a secret, leave its folder, or add a header."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as examples
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from backend.api.guard import COOKIE
from backend.api_keys import Scope
from tests.backend.api.conftest import PASSWORD, Site

EXAMPLES = 2
"""Of each route, for each kind of asker, as the document allows; and as many that it does not."""

ENDS_THE_SESSION = {"/logout", "/password"}
TELLTALES = ("Traceback", "sqlalchemy", "asyncpg", "site-packages", "/backend/", "password_hash")


async def test_no_request_that_the_document_allows_or_forbids_fails_or_tells_a_secret(
    site: Site,
) -> None:
    await site.publish("esp32")
    person = await site.signed_in("admin")
    cookie = person.cookies[COOKIE]
    keys = {scope: await site.key(scope) for scope in Scope}
    settings = site.server.settings
    secrets = {
        *(cookie, PASSWORD, *keys.values()),
        settings.secret_key.get_secret_value(),
        settings.clock_key.get_secret_value(),
        settings.download_api_key.get_secret_value(),
    }
    document = (await person.get("/openapi.json")).json()
    askers: list[dict[str, str]] = [
        {},
        {"cookie": f"{COOKIE}={cookie}", "origin": site.url},
        {"x-api-key": keys[Scope.UPLOAD]},
    ]
    seen: Counter[int] = Counter()
    wrong: list[Any] = []

    def attack() -> None:
        cases = list(_cases_of(document))
        for headers in askers:
            for case, answer in _answers(cases, site.url, headers):
                seen[answer.status_code] += 1
                text = answer.content.decode("latin-1")
                told = [word for word in (*TELLTALES, *secrets) if word in text]
                # The broker is away in this test, and is said to be: 503 is no failure of ours.
                if (answer.status_code >= 500 and answer.status_code != 503) or told:
                    what = (case.method, case.formatted_path, case.query, case.body)
                    wrong.append((what, answer.status_code, told, text[:300]))

    await asyncio.to_thread(attack)
    assert wrong[:5] == []
    # It was inside, it was kept outside, and it was told what is wrong.
    assert seen[200] > 10
    assert seen[401] > 50
    assert seen[400] > 20
    assert (await person.get("/api/status")).status_code == 200


def _answers(
    cases: Sequence[Any], url: str, headers: dict[str, str]
) -> Iterator[tuple[Any, requests.Response]]:
    with requests.Session() as session:
        for case in cases:
            if "cookie" in headers and case.path in ENDS_THE_SESSION:
                continue
            answer = case.call(
                base_url=url, session=session, headers=headers, allow_redirects=False, timeout=30
            )
            session.cookies.clear()  # each request speaks for itself
            yield case, answer


def _cases_of(document: Mapping[str, Any]) -> Iterator[Any]:
    """Yield requests to every route, as the document allows them and as it does not."""
    for one in schemathesis.openapi.from_dict(dict(document)).get_all_operations():
        for mode in GenerationMode:
            # A route without parameters cannot be asked wrongly.
            with contextlib.suppress(Unsatisfiable):
                yield from _cases(one.ok(), mode)


def _cases(operation: Any, mode: GenerationMode) -> list[Any]:
    cases: list[Any] = []

    @examples(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        cases.append(case)

    collect()
    return cases
