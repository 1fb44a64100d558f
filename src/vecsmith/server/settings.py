"""How a server runs, as data: what the command line, the variables and ``[server]`` in the file say."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 (read when settings are checked, as the types below are)
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

from vecsmith.cache.address import parse_size
from vecsmith.config import check_names
from vecsmith.errors import ConfigError
from vecsmith.types import Compute, OnLong  # noqa: TC001

if TYPE_CHECKING:
    from vecsmith.config import Config

__all__ = ["LogFormat", "ServerSettings"]

LogFormat = Literal["text", "json", "none"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Drain = Annotated[float, msgspec.Meta(ge=0, le=3_600)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Port = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What an operator decides."""

    models: tuple[str, ...] = ("minilm",)
    """What is served, the default first, and nothing else."""
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names for what is served."""
    host: str = "127.0.0.1"
    port: Port = 8080
    compute: Compute = "auto"
    threads: Count | None = None
    cache: str | None = None
    vocabulary: str | None = None
    """The file of cl100k_base, by which token ids are read; None for where tiktoken keeps it, if it is there."""
    on_long: OnLong | None = None
    """What happens to texts that are too long where the client does not say; None for each dialect's own way."""
    timeout: Seconds = 60.0
    """Seconds that an answer may take."""
    body_timeout: Seconds = 30.0
    """Seconds that a client may take for its headers, for its body, and to read some more of an answer."""
    max_body: Count = 64 * 2**20
    """Bytes of a request."""
    max_batch: Count = 2048
    """Texts of a request, where the wire format leaves their number to the operator."""
    max_requests: Count = 512
    """Requests that wait or are computed at once; one more is refused."""
    max_waiting: Count = 256 * 2**20
    """Bytes of all requests that wait or are computed at once; and of answers that lie unread."""
    cors: tuple[str, ...] = ()
    """Origins of web pages that may ask."""
    allow_hosts: tuple[str, ...] = ()
    """Names by which it may be called, where ``Host`` is looked at, beside its own."""
    functions: str | None = None
    """A folder of edge functions."""
    auth: bool = True
    """Whether keys are looked at, where there are any."""
    open_metrics: bool = False
    """Whether /metrics is told to whoever asks, where other routes want a key."""
    log_format: LogFormat = "text"
    """How each request is told on standard error."""
    drain: Drain = 0.0
    """Seconds for which connections are still taken after SIGTERM, so that a load balancer sees that /ready is red."""

    @property
    def grace(self) -> float:
        """Seconds that the slowest request may take from its headers to the end of its answer."""
        return self.body_timeout + self.timeout + 10

    @classmethod
    def of(cls, arguments: Mapping[str, Any], environment: Mapping[str, str], file: Config) -> ServerSettings:
        """Return what counts: an argument before a variable, that before the file, and that before the default.

        Arguments go by the names of the fields; None is one that was not given. Raises `ConfigError` that names what
        is wrong, and where.
        """
        said = {name: value for name, value in arguments.items() if value is not None}
        return cls(
            **{
                **in_file(file),
                **in_environment(environment),
                **{name: checked(name, value, f"--{name.replace('_', '-')}") for name, value in said.items()},
            }
        )


NAMES = tuple(sorted(field.name for field in fields(ServerSettings)))
SIZES = {"max_body", "max_waiting"}
"""Bytes, also written as ``64MB``."""

VARIABLES = {"aliases": "VECSMITH_ALIAS", "allow_hosts": "VECSMITH_ALLOW_HOST", "auth": "VECSMITH_NO_AUTH"}
"""The variables that go by the name of the option, where that is not the field's."""

YES = {"1", "true", "t", "yes", "y", "on"}


def in_file(file: Config) -> dict[str, Any]:
    """Return what ``[server]`` says, checked."""
    where = f"{file.path}: [server]"
    check_names(file.server, NAMES, where)
    found = {name: checked(name, value, f"{where} {name}") for name, value in file.server.items()}
    if not file.trusted and not found.get("auth", True):
        raise ConfigError(
            f"{where} auth = false counts in your own configuration folder only, not wherever a server is started: "
            "give --no-auth"
        )
    if not file.trusted and "functions" in found:
        raise ConfigError(
            f"{where} functions counts in your own configuration folder only, because it runs what is there: "
            "give --functions"
        )
    return found


def in_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the variables say, checked; several values stand with blanks between them."""
    found: dict[str, Any] = {}
    for name in NAMES:
        variable = VARIABLES.get(name, f"VECSMITH_{name.upper()}")
        if text := environment.get(variable):
            found[name] = checked(name, written(name, text), variable, strict=False)
    return found


def written(name: str, text: str) -> Any:
    """Return a variable's value as it would stand in the file."""
    if name == "auth":
        return text.lower() not in YES
    if name == "aliases":
        return dict(pair.partition("=")[::2] for pair in text.split())
    return text.split() if get_origin(hints()[name]) is tuple else text


def hints() -> Mapping[str, Any]:
    """Return each setting's type with its bounds."""
    return get_type_hints(ServerSettings, include_extras=True)


def checked(name: str, value: Any, where: str, *, strict: bool = True) -> Any:
    """Return a setting's value as its type; raise `ConfigError` where it is none of those that it may be."""
    kind = hints()[name]
    try:
        if name in SIZES and isinstance(value, str):
            value = parse_size(value)
        found = msgspec.convert(value, kind, strict=strict)
    except (msgspec.ValidationError, ConfigError) as error:
        words = str(error).partition(" - at ")[0]
        raise ConfigError(f"{where} is not what it may be: {choices(kind) or words[0].lower() + words[1:]}") from None
    if name == "models" and not found:
        raise ConfigError(f"{where} must name a model")
    return found


def choices(kind: Any) -> str:
    """Return the words that a setting may be, where it is one of a few."""
    kinds = [one for one in (kind, *get_args(kind)) if get_origin(one) is Literal]
    return f"there are {', '.join(get_args(kinds[0]))}" if kinds else ""
