"""``vecsmith serve``: the HTTP server."""

from __future__ import annotations

import os
from functools import wraps
from typing import TYPE_CHECKING, Any

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli import server_options as said  # noqa: TC001 (as above)
from vecsmith.cli.messages import say, stop

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.server.settings import ServerSettings

__all__ = ["arguments", "serve", "settings_of"]


def arguments(
    *,
    models: said.Models = None,
    alias: said.Alias = None,
    host: said.Host = None,
    port: said.Port = None,
    compute: said.Compute = None,
    threads: options.Threads = None,
    cache: options.Cache = None,
    on_long: said.OnLong = None,
    timeout: said.Timeout = None,
    body_timeout: said.BodyTimeout = None,
    max_body: said.MaxBody = None,
    max_batch: said.MaxBatch = None,
    max_requests: said.MaxRequests = None,
    max_waiting: said.MaxWaiting = None,
    cors: said.Cors = None,
    allow_host: said.AllowHost = None,
    functions: said.Functions = None,
    no_auth: said.NoAuth = None,
    vocabulary: said.Vocabulary = None,
    log_format: said.LogFormat = None,
    drain: said.Drain = None,
    open_metrics: said.OpenMetrics = None,
) -> dict[str, Any]:
    """Return what a server's options say, by the names of its settings."""
    return {
        "models": models or None,
        "aliases": pairs(alias) if alias else None,
        "host": host,
        "port": port,
        "compute": compute,
        "threads": threads,
        "cache": cache,
        "on_long": on_long,
        "timeout": timeout,
        "body_timeout": body_timeout,
        "max_body": max_body,
        "max_batch": max_batch,
        "max_requests": max_requests,
        "max_waiting": max_waiting,
        "cors": cors or None,
        "allow_hosts": allow_host or None,
        "functions": functions,
        "auth": False if no_auth else None,
        "vocabulary": vocabulary,
        "log_format": log_format,
        "drain": drain,
        "open_metrics": open_metrics,
    }


def settings_of(given: Mapping[str, Any]) -> ServerSettings:
    """Return what a server's options come to, with what the variables and the file say."""
    from vecsmith.config import configuration
    from vecsmith.server.settings import ServerSettings

    return ServerSettings.of(arguments(**given), os.environ, configuration())


@wraps(arguments, assigned=("__annotations__",), updated=())
def serve(**given: Any) -> None:
    """Serve embeddings over HTTP in the wire formats of OpenAI, Gemini, Cohere and others.

    What is not given here is read from [server] in vecsmith.toml. Ends on Ctrl-C or SIGTERM, when every request that
    had come in is answered.
    """
    from vecsmith.server.run import start

    settings = settings_of(given)
    start(settings, lambda address: say(f"serving {', '.join(settings.models)} at {address}"))


def pairs(given: list[str]) -> dict[str, str]:
    """Return what each alias means."""
    for text in given:
        name, equals, meant = text.partition("=")
        if not (name and equals and meant):
            stop(f"--alias {text!r} must be NAME=MODEL, as in --alias text-embedding-3-small=minilm")
    return {name: meant for name, _, meant in (text.partition("=") for text in given)}
