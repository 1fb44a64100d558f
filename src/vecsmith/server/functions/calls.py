"""The functions of a folder behind their addresses, and ``embed`` where the folder has none of its own."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from vecsmith.dialects.function_calls import FunctionCall
from vecsmith.dialects.functions import BUILT_IN, ORIGIN, FunctionPreflight
from vecsmith.dialects.serving import Problem, json_response
from vecsmith.errors import ConfigError, EmbedError
from vecsmith.server.endpoint import Endpoint, Row
from vecsmith.server.failures import told
from vecsmith.server.functions.answers import answer_of, refused, request_of
from vecsmith.server.functions.folder import Broken
from vecsmith.server.functions.traces import is_developer, trace_of
from vecsmith.server.functions.worker import Worker
from vecsmith.server.works.embed import nothing
from vecsmith.server.works.problems import problem_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vecsmith.dialects.serving import Incoming
    from vecsmith.server.functions.folder import Folder, Tell
    from vecsmith.server.functions.loading import Version
    from vecsmith.server.service import Service
    from vecsmith.server.visit import Visit
    from vecsmith.wire import HttpResponse

__all__ = ["PREFIX", "Functions", "line"]

PREFIX = "/functions/v1/"


@dataclass(frozen=True, slots=True)
class Failed:
    """What a handler ended with."""

    error: Exception


class Functions:
    """Answers what is asked of functions, and hands everything else on."""

    def __init__(self, service: Service, folder: Folder, others: ASGIApp) -> None:
        self.service, self.folder, self.others = service, folder, others
        self.worker = Worker()
        self.endpoints: dict[tuple[str, str], Endpoint] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope.get("path", "")
        name = path.removeprefix(PREFIX).partition("/")[0] if path.startswith(PREFIX) else None
        if name is None or (name == BUILT_IN and name not in self.folder.functions):
            await self.others(scope, receive, send)
            return
        endpoint = self.preflight if scope["method"] == "OPTIONS" else self.endpoint(name, scope["method"])
        named = {"name": name, "query": scope["query_string"].decode("latin-1")}
        await endpoint({**scope, "path_params": named}, receive, send)

    def endpoint(self, name: str, method: str) -> Endpoint:
        """Return what answers for a function, or for all that are not there."""
        shown = name if name in self.folder.functions else "{name}"
        if (shown, method) not in self.endpoints:
            row = Row(method, PREFIX + shown, "functions", FunctionCall(), self.call)
            self.endpoints[shown, method] = Endpoint(self.service, [row])
        return self.endpoints[shown, method]

    @cached_property
    def preflight(self) -> Endpoint:
        """What answers browsers that ask whether they may."""
        row = Row("OPTIONS", PREFIX + "{name}", "functions", FunctionPreflight(), nothing, open=True)
        return Endpoint(self.service, [row])

    async def call(self, service: Service, request: Incoming, visit: Visit) -> HttpResponse:
        """Call a function, within the time that an answer may take."""
        name, seconds = request.named["name"], service.settings.timeout
        function = self.folder.functions.get(name)
        if function is None:
            there = ", ".join(sorted({*self.folder.functions, BUILT_IN}))
            raise Problem("route", f"Requested function was not found: there is {there}")
        if isinstance(function, Broken):
            return failure(name, "cannot be loaded", function.trace, request)
        with service.gate.place(len(request.body)):
            try:
                async with asyncio.timeout(seconds) as limit:
                    answer = await self.worker.done(called(function, request))
            except TimeoutError:
                if not limit.expired():
                    raise
                await self.worker.check()
                raise Problem("timeout", f"the function {name} did not answer within {seconds:g} seconds") from None
        return self.failed(name, answer.error, request, visit) if isinstance(answer, Failed) else answer

    def failed(self, name: str, error: Exception, incoming: Incoming, visit: Visit) -> HttpResponse:
        """Tell who writes a function what it failed with, and who called it that it did."""
        trace = trace_of(error, self.folder.path)
        if self.folder.tell is not None:
            self.folder.tell(f"{self.folder.shown(name)} failed:\n{trace}")
        else:
            told(error, visit)
        return failure(name, "failed", trace, incoming)


async def called(function: Version, incoming: Incoming) -> HttpResponse | Failed:
    """Do what a function does, in the loop where functions run; raise `Problem` where the client is at fault."""
    with function.used():
        request = request_of(incoming)
        try:
            return await answer_of(await function.handler(request), request)
        except Problem:
            raise
        except HTTPException as error:
            return refused(error)
        except EmbedError as error:
            if isinstance(error, ConfigError):  # the function's own fault
                return Failed(error)
            raise problem_of(error) from None
        except Exception as error:  # noqa: BLE001 (whatever a person's function does)
            return Failed(error)


def line(tell: Tell, visit: Visit, problem: Problem | None) -> None:
    """Tell who writes functions of a request that was answered."""
    name = BUILT_IN if problem is None or problem.kind != "route" else "…"
    tell(f"{visit.status}  {visit.method} {visit.route.replace('{name}', name)}  {visit.seconds * 1000:.0f} ms")


def failure(name: str, what: str, trace: str, incoming: Incoming) -> HttpResponse:
    """Return the answer of a function that has none; only who writes it sees why."""
    if is_developer(incoming):
        last = trace.splitlines()[-1]
        words = {"code": 500, "message": f"the function {name} {what}: {last}", "traceback": trace}
    else:
        words = {"code": 500, "message": f"the function {name} {what}: the server's log says why"}
    return json_response(words, 500, ORIGIN)
