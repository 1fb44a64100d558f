"""The ASGI application: rows to routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route

from vecsmith.server.endpoint import Endpoint
from vecsmith.server.nowhere import Nowhere
from vecsmith.server.paths import Paths
from vecsmith.server.routes import ROWS

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vecsmith.server.service import Service

__all__ = ["application"]


def application(service: Service) -> ASGIApp:
    """Return what answers requests."""
    places = dict.fromkeys((row.method, row.path) for row in ROWS)
    routes = [
        Route(
            path, Endpoint(service, [row for row in ROWS if (row.method, row.path) == (method, path)]), methods=[method]
        )
        for method, path in places
    ]
    others = [Route(path, Nowhere(service, "method")) for path in dict.fromkeys(row.path for row in ROWS)]
    router = Paths([*routes, *others], Nowhere(service, "route"))
    if not service.settings.cors:
        return router
    return CORSMiddleware(
        router,
        allow_origins=service.settings.cors,
        allow_methods=["GET", "POST"],
        allow_headers=["*"],
        expose_headers=["*"],
    )
