"""Routes found by their path: at once where it is the whole of it, and else among those that begin alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route, Router

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Paths"]


class Paths:
    """Does what Starlette's router does, which tries one route after the other and so takes longer for each."""

    def __init__(self, routes: Iterable[Route], default: ASGIApp) -> None:
        self.default = default
        self.whole: dict[tuple[str, str], ASGIApp] = {}
        groups: dict[str, list[Route]] = {}
        for route in routes:
            groups.setdefault(first(route.path), []).append(route)
            if "{" not in route.path:
                for method in route.methods or ():
                    self.whole.setdefault((method, route.path), route.app)
        self.groups: dict[str, ASGIApp] = {
            word: Router(alike, redirect_slashes=False, default=default) for word, alike in groups.items()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        path = scope.get("path", "")
        app = self.whole.get((scope.get("method", ""), path)) or self.groups.get(first(path), self.default)
        await app(scope, receive, send)


def first(path: str) -> str:
    """Return the first word of a path, which no route leaves open."""
    return path.split("/", 2)[1] if "/" in path else ""
