"""The word of GitHub Actions for one of its runs: a token in place of a key."""

import os

import httpx

from backend.cli.output import give_up

TIMEOUT_S = 30.0
_URL, _KEY = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"


def is_in_actions() -> bool:
    """Tell whether this is a run that may ask for tokens (permissions: id-token: write)."""
    return bool(os.environ.get(_URL) and os.environ.get(_KEY))


def run_token(audience: str) -> str:
    """Return a new token for a server; each is good for one upload."""
    try:
        answer = httpx.get(
            httpx.URL(os.environ[_URL]).copy_merge_params({"audience": audience}),
            headers={"Authorization": f"Bearer {os.environ[_KEY]}"},
            timeout=TIMEOUT_S,
        )
        return str(answer.raise_for_status().json()["value"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        give_up(f"GitHub gives this run no token: {type(error).__name__}. Try again.", code=1)
