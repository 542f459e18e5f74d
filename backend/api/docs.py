"""The documentation of the API, with a Swagger UI that comes from this server alone."""

from importlib.resources import as_file, files
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from backend.contract.paths import API_KEY_HEADER

router = APIRouter()


class DocumentedApi(FastAPI):
    """An application whose documentation knows our keys."""

    def openapi(self) -> dict[str, Any]:
        """Return the schema, with the header that programs send."""
        schema = super().openapi()
        key = {"type": "apiKey", "in": "header", "name": API_KEY_HEADER}
        schema.setdefault("components", {})["securitySchemes"] = {"key": key}
        schema["security"] = [{"key": []}, {}]
        return schema


DOCS = "/docs"
ASSETS = "/docs/assets"


@router.get(DOCS, include_in_schema=False)
async def swagger_ui(request: Request) -> HTMLResponse:
    """Return the page that shows and tries every route."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Ski Clock Neo: API",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


def mount_assets(app: FastAPI) -> None:
    """Serve Swagger UI's script and style from the package that carries them."""
    with as_file(files("fastapi_offline") / "static") as folder:
        app.mount(ASSETS, StaticFiles(directory=folder), name="docs")
