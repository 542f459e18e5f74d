"""A page of the dashboard: who may see it, and what it is when the database is away."""

from collections.abc import Awaitable, Callable

from fastapi import Request
from nicegui import ui

from backend.access import Identity, Permission
from backend.api.asker import signed_in

Build = Callable[[Identity], Awaitable[None]]


def page(path: str, permission: Permission | None = None) -> Callable[[Build], Build]:
    """Register what builds a page; whoever may not see it gets a refusal instead."""

    def register(build: Build) -> Build:
        @ui.page(path)
        def checked(request: Request) -> Awaitable[None]:
            return build(signed_in(request, permission))

        return build

    return register
