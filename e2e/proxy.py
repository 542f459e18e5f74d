"""nginx with the examples of deploy/ before a product: the names and ports of a test."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.embedded.certificates import Certificates

DEPLOY = Path(__file__).parents[1] / "deploy"
STREAM = Path("/usr/lib/nginx/modules/ngx_stream_module.so")


def nginx() -> str:
    """Return the program."""
    return shutil.which("nginx") or "/usr/sbin/nginx"


def write_config(
    folder: Path, held: Certificates, *, https: int, mqtts: int, web: int, mqtt: int, http: int
) -> Path:
    """Write the examples as this test needs them; returns the file that nginx reads."""
    for name in ("nginx.conf", "nginx-mqtt.conf"):
        text = (DEPLOY / name).read_text()
        for old, new in (
            (r"listen \[::\]:\d+[^;]*;\n", "\n"),
            (r"listen 80;", f"listen 127.0.0.1:{http};"),
            (r"listen 443 ", f"listen 127.0.0.1:{https} "),
            (r"listen 8883 ", f"listen 127.0.0.1:{mqtts} "),
            (r"clocks\.example\.org;", "localhost;"),
            (r"/etc/letsencrypt/live/[^;]*/fullchain\.pem", str(held.cert_file)),
            (r"/etc/letsencrypt/live/[^;]*/privkey\.pem", str(held.key_file)),
            (r"127\.0\.0\.1:8080", f"127.0.0.1:{web}"),
            (r"127\.0\.0\.1:1883", f"127.0.0.1:{mqtt}"),
            (r"/var/log/nginx/", f"{folder}/"),
            (r"https://\$host", f"https://$host:{https}"),
        ):
            text = re.sub(old, lambda _, new=new: new, text)
        (folder / name).write_text(text)
    load = f"load_module {STREAM};\n" if STREAM.exists() else ""
    main = folder / "main.conf"
    main.write_text(
        f"{load}daemon off;\npid {folder}/nginx.pid;\nerror_log {folder}/error.log;\n"
        f"events {{}}\ninclude {folder}/nginx-mqtt.conf;\n"
        f"http {{\n  include {folder}/nginx.conf;\n"
        + "".join(
            f"  {kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + "}\n"
    )
    return main


@asynccontextmanager
async def running_nginx(config: Path, port: int) -> AsyncIterator[None]:
    """nginx with a configuration, until the end of the block."""
    process = await asyncio.create_subprocess_exec(nginx(), "-c", str(config))
    try:
        async with asyncio.timeout(20):
            while True:
                assert process.returncode is None, (config.parent / "error.log").read_text()
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                    continue
                writer.close()
                break
        yield
    finally:
        process.terminate()
        await process.wait()
