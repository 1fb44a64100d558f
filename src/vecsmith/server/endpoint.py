"""The one handler behind every route: who asks, what is asked, the work, the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, get_args

from vecsmith.dialects.serving import EmbedAnswer, Problem
from vecsmith.hub import without_downloads
from vecsmith.server.access.callers import Visitor
from vecsmith.server.failures import told
from vecsmith.server.inside.tracing import spanned
from vecsmith.server.leaving import while_there
from vecsmith.server.raw import raw_response
from vecsmith.server.reading import Gone, body_of, head_of, headers_of, others_wait
from vecsmith.server.visit import Visit, named
from vecsmith.types import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.types import Receive, Scope, Send

    from vecsmith.dialects.serving import Incoming, ServerSide
    from vecsmith.server.service import Service
    from vecsmith.wire import HttpResponse

__all__ = ["Endpoint", "Row", "Work"]

T = TypeVar("T")

LONGEST_PAUSE = 60
"""Seconds of the longest pause that every official client waits for."""


class Work(Protocol):
    """What the server does for a question."""

    async def __call__(self, service: Service, request: Any, visit: Visit) -> Any:
        """Return the answer; raise `Problem` where there is none."""
        ...


@dataclass(frozen=True, slots=True)
class Row:
    """A route: a path, a wire format, and what is done."""

    method: str
    path: str
    dialect: str
    side: ServerSide[Any, Any]
    work: Work
    open: bool = False
    """Whether it needs no key."""
    when: Callable[[Incoming], bool] | None = None
    """Which requests it is for, where others at the same path are answered in another format; None for all."""


class Endpoint:
    """The rows of one path and method, served: the first that a request is for."""

    def __init__(self, service: Service, rows: Sequence[Row]) -> None:
        self.service, self.rows = service, rows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        row = self.rows[-1]
        headers = headers_of(scope)
        visit = Visit(row.path, row.dialect, Visitor(), named(headers), scope["method"])
        with spanned(self.service.tracing, visit, headers):
            problem = await self.served(scope, headers, visit, receive, send)
        for witness in self.service.witnesses:
            witness(visit, problem)

    async def served(
        self, scope: Scope, headers: Mapping[str, str], visit: Visit, receive: Receive, send: Send
    ) -> Problem | None:
        """Answer, and return the problem that was the answer, if there was one."""
        row = self.rows[-1]
        problem: Problem | None = None
        try:
            incoming = head_of(scope, headers)
            row = next((each for each in self.rows if each.when is None or each.when(incoming)), row)
            visit.dialect = row.dialect
            response = await self.answered(row, incoming, visit, receive)
        except Gone:
            visit.status = 499
        except Problem as error:
            problem = error
        except Exception as error:  # noqa: BLE001 (whatever it is, the client is answered and the operator told)
            problem = told(error, visit)
        if problem is not None:
            problem.id, visit.problem = visit.id, problem.kind
            response = row.side.render_error(problem)
        if visit.status != 499:  # noqa: PLR2004 (nginx's status for a client that is gone)
            visit.status = response.status
            await sent(send, response, visit, problem, last=self.service.stopping and not others_wait(scope))
            visit.ends("send")
        return problem

    async def answered(self, row: Row, incoming: Incoming, visit: Visit, receive: Receive) -> HttpResponse:
        """Return the answer to a request."""
        service = self.service
        if not row.open:
            visit.caller = service.access.caller(incoming)
            visit.caller.begin()
        try:
            visit.lane = lane_of(incoming, visit.caller.lane)
            if incoming.method != "GET":
                incoming = replace(incoming, body=await body_of(incoming, receive, service.settings))
            visit.ends("receive")
            request = row.side.parse_request(incoming)
            visit.ends("parse")
            with without_downloads():
                answer = await while_there(row.work(service, request, visit), receive)
            visit.ends("work")
            response = rendered(row.side, answer, request, incoming)
            visit.ends("render")
            return response
        finally:
            if not row.open:
                visit.caller.end(visit.tokens)


def lane_of(incoming: Incoming, own: Lane | None) -> Lane | None:
    """Return the lane of a request whose key has its own; raise `Problem` for one that is not there.

    A request may leave the fast lane, and not a key's slow one.
    """
    asked = incoming.headers.get("x-vecsmith-lane")
    if asked is not None and asked not in get_args(Lane):
        raise Problem("input", "x-vecsmith-lane must be interactive or bulk", param="x-vecsmith-lane")
    return own if asked is None or own == "bulk" else cast("Lane", asked)


def rendered(side: ServerSide[Any, Any], answer: Any, request: Any, incoming: Incoming) -> HttpResponse:
    """Return the answer as the dialect writes it, or as the bytes that the client asked for."""
    raw = None
    if isinstance(answer, EmbedAnswer):
        raw = raw_response(answer, request, incoming.headers.get("accept", ""))
    return side.render_response(answer, request) if raw is None else raw


async def sent(
    send: Send, response: HttpResponse, visit: Visit, problem: Problem | None, *, last: bool = False
) -> None:
    """Send a response with what all of them say; the `last` of its connection says that, too."""
    headers = {**response.headers, **visit.headers(), **visit.caller.headers()}
    headers["content-length"] = str(len(response.body))
    if problem is not None and problem.retry_after is not None:
        headers["retry-after"] = str(min(LONGEST_PAUSE, max(1, round(problem.retry_after + 0.5))))
    if last or (problem is not None and problem.kind in {"too_large", "slow_body"}):
        headers["connection"] = "close"  # the rest of the body is not waited for
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": response.status, "headers": raw})
    await send({"type": "http.response.body", "body": response.body})
