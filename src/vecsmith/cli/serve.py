"""``vecsmith serve``: the HTTP server."""

from __future__ import annotations

from typing import Annotated

import typer

from vecsmith.cli import options  # noqa: TC001 (typer reads the annotations when it runs)
from vecsmith.cli.messages import say, stop

__all__ = ["serve"]

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        help="The models that are served, the default first, and nothing else. Default: minilm.",
        show_default=False,
    ),
]
Alias = Annotated[
    list[str] | None,
    typer.Option(
        "--alias",
        envvar="VECSMITH_ALIAS",
        metavar="NAME=MODEL",
        help="Another name for a model that is served; may be repeated.",
    ),
]
Host = Annotated[str, typer.Option("--host", envvar="VECSMITH_HOST", help="The address to listen at.")]
Port = Annotated[int, typer.Option("--port", envvar="VECSMITH_PORT", min=0, max=65535, help="The port to listen at.")]
Vocabulary = Annotated[
    str | None,
    typer.Option(
        "--vocabulary",
        envvar="VECSMITH_VOCABULARY",
        metavar="FILE",
        help="The file of cl100k_base, by which token ids are read. Default: where tiktoken keeps it, if it is there.",
        show_default=False,
    ),
]


def serve(
    *,
    models: Models = None,
    alias: Alias = None,
    host: Host = "127.0.0.1",
    port: Port = 8080,
    compute: options.Compute = "auto",
    threads: options.Threads = None,
    cache: options.Cache = None,
    vocabulary: Vocabulary = None,
) -> None:
    """Serve embeddings over HTTP in the wire formats of OpenAI, Gemini, Cohere and others.

    Ends on Ctrl-C or SIGTERM, when every request that had come in is answered.
    """
    from vecsmith.server.run import start
    from vecsmith.server.settings import ServerSettings

    settings = ServerSettings(
        models=tuple(models or ("minilm",)),
        aliases=pairs(alias or ()),
        host=host,
        port=port,
        compute=compute,
        threads=threads,
        cache=cache,
        vocabulary=vocabulary,
    )
    start(settings, lambda address: say(f"serving {', '.join(settings.models)} at {address}"))


def pairs(given: list[str] | tuple[str, ...]) -> dict[str, str]:
    """Return what each alias means."""
    for text in given:
        name, equals, meant = text.partition("=")
        if not (name and equals and meant):
            stop(f"--alias {text!r} must be NAME=MODEL, as in --alias text-embedding-3-small=minilm")
    return {name: meant for name, _, meant in (text.partition("=") for text in given)}
