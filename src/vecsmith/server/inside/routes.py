"""Routes about the server itself: whether it answers, what it has counted, and a page for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vecsmith.dialects.serving import Problem, json_response
from vecsmith.server.endpoint import Row
from vecsmith.server.inside.metrics import OWN
from vecsmith.server.inside.readiness import troubles
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.serving import Incoming, ModelCard
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit

__all__ = ["ROWS"]

UNREADY = 503
FRESH = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Plain:
    """Takes a request as it is, and an answer as it is written."""

    says: str
    """What it is for."""

    def parse_request(self, incoming: Incoming) -> Incoming:
        """Return it."""
        return incoming

    def render_response(self, answer: HttpResponse, request: Incoming) -> HttpResponse:  # noqa: ARG002 (as `ServerSide` calls it)
        """Return it."""
        return answer

    def render_error(self, problem: Problem) -> HttpResponse:
        """Say what is wrong."""
        return json_response({"error": {"message": problem.message, "type": problem.kind}}, problem.status)


async def health(service: Service, request: Incoming, visit: Visit) -> HttpResponse:  # noqa: ARG001 (a work)
    """Say that the process answers."""
    return json_response({"status": "ok"}, headers=FRESH)


def told(service: Service, request: Incoming) -> Sequence[ModelCard]:
    """Return the models that whoever asks may know of where no key is needed to be answered."""
    try:
        caller = service.access.caller(request)
    except Problem:
        return ()
    return service.menu.seen_by(caller)


async def ready(service: Service, request: Incoming, visit: Visit) -> HttpResponse:  # noqa: ARG001 (a work)
    """Say whether requests should be sent here, and why not."""
    found = troubles(service)
    status: Literal["ready", "stopping", "stuck"] = "stuck" if found else "ready"
    if service.stopping:
        status = "stopping"
    body = {"status": status, "models": [card.name for card in told(service, request)], "troubles": found}
    return json_response(body, UNREADY if found else 200, FRESH)


async def tei_health(service: Service, request: Incoming, visit: Visit) -> HttpResponse:  # noqa: ARG001 (a work)
    """Say so as text-embeddings-inference does."""
    if troubles(service):
        return json_response({"error": "unhealthy", "error_type": "Unhealthy"}, UNREADY, FRESH)
    return HttpResponse(200, FRESH, b"")


async def metrics(service: Service, request: Incoming, visit: Visit) -> HttpResponse:
    """Tell what was counted, to whoever has a key where keys are needed; scrapes count against none."""
    from vecsmith.server.inside.exposition import exposed

    if not service.settings.open_metrics:
        visit.caller = service.access.caller(request)
        if len(service.menu.seen_by(visit.caller)) < len(service.menu.models):
            raise Problem("forbidden", "this key is not for all the models that are told of here: use one that is")
    body, kind = exposed(service, request.headers.get("accept", ""))
    return HttpResponse(200, {"content-type": kind, **FRESH}, body)


async def home(service: Service, request: Incoming, visit: Visit) -> HttpResponse:  # noqa: ARG001 (a work)
    """Show what is served: a page to browsers, a line to all others."""
    from vecsmith.server.inside.page import HEADERS, page
    from vecsmith.server.routes import ROWS

    cards = told(service, request)
    if "text/html" in request.headers.get("accept", ""):
        paths = {row.path for row in ROWS}
        return HttpResponse(200, {"content-type": "text/html; charset=utf-8", **HEADERS}, page(cards, request, paths))
    names = ", ".join(card.name for card in cards) or "models to whoever has a key"
    line = f"vecsmith serves {names}; the routes are listed at /openapi.json\n"
    return HttpResponse(200, {"content-type": "text/plain; charset=utf-8", "vary": "accept"}, line.encode())


HOME = Plain("What is served: a page for browsers, a line for all others.")
HEALTH = Plain("Whether the process answers.")
READY = Plain("Whether requests should be sent here, and why not.")
METRICS = Plain(
    "What was counted, for Prometheus; wants a key where other routes do, unless the server says otherwise."
)

TEI_HEALTH = ("/ping", "/tei", "/tei/", "/tei/health", "/tei/ping")

ROWS: Sequence[Row] = (
    Row("GET", "/", OWN, HOME, home, open=True),
    Row("GET", "/health", OWN, HEALTH, health, open=True),
    Row("GET", "/ready", OWN, READY, ready, open=True),
    *(Row("GET", path, OWN, READY, tei_health, open=True) for path in TEI_HEALTH),
    *(Row("GET", path, OWN, METRICS, metrics, open=True) for path in ("/metrics", "/tei/metrics")),
)
"""All are open; what ``metrics`` tells wants a key by itself."""
