"""The options of ``vecsmith serve``, as data; what is not given may stand under ``[server]`` in ``vecsmith.toml``."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from vecsmith.types import Compute as ComputeName
from vecsmith.types import OnLong as OnLongName

__all__ = [
    "Alias",
    "AllowHost",
    "BodyTimeout",
    "Compute",
    "Cors",
    "Drain",
    "Functions",
    "Host",
    "LogFormat",
    "MaxBatch",
    "MaxBody",
    "MaxRequests",
    "MaxWaiting",
    "Models",
    "NoAuth",
    "OnLong",
    "OpenMetrics",
    "Port",
    "Timeout",
    "Vocabulary",
]

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[MODEL]...",
        envvar="VECSMITH_MODELS",
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
Host = Annotated[
    str | None,
    typer.Option("--host", envvar="VECSMITH_HOST", help="The address to listen at. Default: 127.0.0.1."),
]
Port = Annotated[
    int | None,
    typer.Option("--port", envvar="VECSMITH_PORT", min=0, max=65535, help="The port to listen at. Default: 8080."),
]
Compute = Annotated[
    ComputeName | None,
    typer.Option("--compute", envvar="VECSMITH_COMPUTE", help="The arithmetic of the model. Default: auto."),
]
OnLong = Annotated[
    OnLongName | None,
    typer.Option(
        "--on-long",
        envvar="VECSMITH_ON_LONG",
        help="What happens to a text that is too long where the client does not say. Default: as the service whose "
        "wire format it is does.",
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout", envvar="VECSMITH_TIMEOUT", metavar="SECONDS", help="How long an answer may take. Default: 60."
    ),
]
BodyTimeout = Annotated[
    float | None,
    typer.Option(
        "--body-timeout",
        envvar="VECSMITH_BODY_TIMEOUT",
        metavar="SECONDS",
        help="How long a client may take to send a request. Default: 30.",
    ),
]
MaxBody = Annotated[
    str | None,
    typer.Option(
        "--max-body",
        envvar="VECSMITH_MAX_BODY",
        metavar="SIZE",
        help="The largest request, such as 8MB. Default: 64MiB.",
    ),
]
MaxBatch = Annotated[
    int | None,
    typer.Option(
        "--max-batch",
        envvar="VECSMITH_MAX_BATCH",
        metavar="N",
        min=1,
        help="The texts of one request, where the wire format leaves that to the operator. Default: 2048.",
    ),
]
MaxRequests = Annotated[
    int | None,
    typer.Option(
        "--max-requests",
        envvar="VECSMITH_MAX_REQUESTS",
        metavar="N",
        min=1,
        help="The requests that may wait or be computed at once; more are refused. Default: 512.",
    ),
]
MaxWaiting = Annotated[
    str | None,
    typer.Option(
        "--max-waiting",
        envvar="VECSMITH_MAX_WAITING",
        metavar="SIZE",
        help="The text that may wait or be computed at once. Default: 256MiB.",
    ),
]
Cors = Annotated[
    list[str] | None,
    typer.Option(
        "--cors",
        envvar="VECSMITH_CORS",
        metavar="ORIGIN",
        help="A web page's origin that may ask, such as http://localhost:3000, or *; may be repeated. Default: none.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        envvar="VECSMITH_ALLOW_HOST",
        metavar="NAME",
        help="A name by which the server may be called, beside its own; may be repeated.",
    ),
]
Functions = Annotated[
    str | None,
    typer.Option(
        "--functions",
        envvar="VECSMITH_FUNCTIONS",
        metavar="FOLDER",
        help="A folder of edge functions, which are served as well and run here. Default: none.",
        show_default=False,
    ),
]
NoAuth = Annotated[
    bool | None,
    typer.Option(
        "--no-auth",
        envvar="VECSMITH_NO_AUTH",
        help="Ask for no keys, whoever can reach the server and whatever it costs.",
        show_default=False,
    ),
]
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
LogFormat = Annotated[
    Literal["text", "json", "none"] | None,
    typer.Option(
        "--log-format",
        envvar="VECSMITH_LOG_FORMAT",
        help="How each request is told on standard error: a line of text, a line of JSON, or none. Default: text.",
        show_default=False,
    ),
]
Drain = Annotated[
    float | None,
    typer.Option(
        "--drain",
        envvar="VECSMITH_DRAIN",
        metavar="SECONDS",
        min=0,
        help="How long connections are still taken after SIGTERM, while /ready says that it stops. Default: 0.",
    ),
]
OpenMetrics = Annotated[
    bool | None,
    typer.Option(
        "--open-metrics",
        envvar="VECSMITH_OPEN_METRICS",
        help="Tell /metrics to whoever asks, without a key.",
        show_default=False,
    ),
]
