"""Opens the image store that OBJECT_STORE_URL names: a folder, or a bucket behind one."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values

from backend.config import Settings, SettingsError
from backend.storage import Storage


def open_storage(settings: Settings) -> Storage:
    """Return the store; the network is not touched. Raises SettingsError."""
    url = settings.object_store_url
    parts = urlsplit(url)
    if not url or parts.scheme == "file":
        folder = Path(unquote(parts.path)) if url else settings.data / "images"
        return Storage(folder)
    # Late: the client of three clouds costs memory that a server with a folder keeps.
    from backend.bucket import Bucket

    given = {name: value for name, value in dotenv_values(".env").items() if value}
    try:
        bucket = Bucket(url, given | dict(os.environ))
    except ValueError as error:
        raise SettingsError([f"OBJECT_STORE_URL: {error}"]) from None
    return Storage(
        settings.data / "images",
        bucket,
        near_bytes=settings.object_cache_bytes,
        max_bytes=settings.upload_max_bytes,
    )
