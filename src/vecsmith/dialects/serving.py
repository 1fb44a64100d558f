"""What the server's half of a wire format takes and gives: requests read, answers written, nothing sent."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import orjson

from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from vecsmith.types import Encoding, Items, OnLong

__all__ = [
    "EmbedAnswer",
    "EmbedRequest",
    "Incoming",
    "Invalid",
    "ModelCard",
    "Problem",
    "ProblemKind",
    "ServerSide",
    "Several",
    "as_base64",
    "grouped",
    "in_order",
    "json_response",
]

Q = TypeVar("Q")
A_contra = TypeVar("A_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it arrived."""

    method: str
    path: str
    """As it was sent, percent-encoding undone."""
    named: Mapping[str, str] = field(default_factory=dict)
    """The parts of the path that the route names, such as ``model``."""
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By name in lower case."""
    body: bytes = field(default=b"", repr=False)
    client: str | None = None
    """The address that it came from."""


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """What a client wants embedded, in vecsmith's own words."""

    texts: Sequence[str] = field(repr=False)
    model: str | None = None
    """As the client names it; None where it names none."""
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What it says of the call, by the names of `vecsmith.options.CallOptions`."""
    on_long: OnLong = "truncate"
    """What happens to a text that is too long where the client does not say, and neither does the operator."""
    encodings: Sequence[Encoding] = ("float32",)
    """Every way in which the client wants the numbers."""
    ids: Sequence[Sequence[int]] | None = field(default=None, repr=False)
    """Token ids in place of texts."""
    vocabulary: Literal["cl100k_base", "model"] = "cl100k_base"
    """Whose ids they are."""
    max_tokens: int | None = None
    """The most tokens to read of each text, where the client says so."""
    together: bool = False
    """Whether the texts are the parts of one document, each to be read with the others around it."""
    wide: bool = False
    """Whether a width at or above the model's own means the model's own."""
    style: Any = None
    """What the dialect itself must know to write the answer."""
    ignored: Sequence[str] = ()
    """Members of the request that mean nothing here."""


@dataclass(frozen=True, slots=True)
class Several:
    """Questions that came as one, because their texts want different things."""

    requests: Sequence[EmbedRequest]
    """One for each set of options, all for one model."""
    places: Sequence[Sequence[int]]
    """Where the texts of each stand among all."""


@dataclass(frozen=True, slots=True)
class EmbedAnswer:
    """The vectors, and what became of each text."""

    vectors: Mapping[Encoding, NDArray[Any]] = field(repr=False)
    """(texts, dimensions) for each encoding that was asked for; packed bits are (texts, dimensions / 8)."""
    items: Items = field(repr=False)
    tokens: int
    """All that were read."""
    model: str
    """As the client named it."""
    space: str
    dimensions: int
    id: str
    """Of the request."""
    seconds: float = 0.0
    """That the answer took."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a server tells of a model that it serves."""

    name: str
    dimensions: int | None
    max_tokens: int | None
    owner: str
    """The provider that has it; ``local`` for this machine."""
    created: int
    """Seconds since 1970 when the server began to serve it."""
    title: str = ""
    digest: str = ""
    """The weights' sha256, in hexadecimal digits; empty where they are not known."""
    size: int = 0
    """Bytes of the weights; 0 where they are not here."""
    pooling: str = "mean"
    sizes: Sequence[int] = ()
    """Widths below its own that it was trained to be cut to."""
    tasks: Sequence[str] = ()
    """Those that it tells apart."""
    aliases: Sequence[str] = ()
    """Other names under which it is served."""


ProblemKind = Literal[
    "forbidden",
    "input",
    "internal",
    "key",
    "method",
    "model",
    "no_key",
    "overloaded",
    "quota",
    "rate",
    "route",
    "slow_body",
    "timeout",
    "too_large",
    "too_long",
    "too_many",
    "unavailable",
    "unsupported",
]
"""``key``: wrong, ``no_key``: missing, ``forbidden``: this key may not; ``too_large``: the body, ``too_long``: a text,
``too_many``: the texts; ``unavailable``: the provider behind a model; ``unsupported``: nothing here does that."""

STATUSES: dict[ProblemKind, int] = {
    "forbidden": 403,
    "input": 400,
    "internal": 500,
    "key": 401,
    "method": 405,
    "model": 404,
    "no_key": 401,
    "overloaded": 503,
    "quota": 429,
    "rate": 429,
    "route": 404,
    "slow_body": 408,
    "timeout": 504,
    "too_large": 413,
    "too_long": 400,
    "too_many": 400,
    "unavailable": 502,
    "unsupported": 501,
}
"""Where a dialect does not say otherwise."""


class Problem(Exception):  # noqa: N818 (an answer, and no mistake of the program's)
    """Why a request is not answered, in one sentence for who sent it."""

    def __init__(
        self,
        kind: ProblemKind,
        message: str,
        *,
        param: str | None = None,
        index: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ProblemKind = kind
        self.message = message
        self.param = param
        """The member of the request that is meant."""
        self.index = index
        """Which of the texts is meant."""
        self.retry_after = retry_after
        """Seconds after which the same request may succeed."""
        self.id = ""
        """Of the request, once it is known."""

    @property
    def status(self) -> int:
        """The status of HTTP that says it, unless the dialect has another."""
        return STATUSES[self.kind]


Flaw = Literal["extra_forbidden", "json_invalid", "missing", "type_error", "value_error"]
"""What is wrong with a body, in the words of the services that check theirs with pydantic."""


class Invalid(Problem):
    """A body that is not of the right shape."""

    def __init__(self, flaw: Flaw, message: str, *, param: str | None = None, index: int | None = None) -> None:
        super().__init__("input", message, param=param, index=index)
        self.flaw: Flaw = flaw


class ServerSide(Protocol[Q, A_contra]):
    """A service's wire format as its server needs it, for one thing that can be asked."""

    def parse_request(self, incoming: Incoming) -> Q:
        """Return what is asked; raise `Problem` for what the service would not take."""
        ...

    def render_response(self, answer: A_contra, request: Q) -> HttpResponse:
        """Write the answer."""
        ...

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is none."""
        ...


def grouped(request: EmbedRequest, options: Sequence[Mapping[str, Any]]) -> EmbedRequest | Several:
    """Return a question whose texts each have options of their own as few questions: one where they agree.

    What the options say must come in one order.
    """
    groups: dict[tuple[tuple[str, Any], ...], list[int]] = {}
    for place, each in enumerate(options):
        groups.setdefault(tuple(each.items()), []).append(place)
    if len(groups) == 1:
        return replace(request, options=options[0])
    parts = [
        replace(request, texts=[request.texts[place] for place in places], options=dict(each))
        for each, places in groups.items()
    ]
    return Several(parts, list(groups.values()))


def in_order(
    answer: EmbedAnswer | Sequence[EmbedAnswer], request: EmbedRequest | Several
) -> tuple[list[NDArray[Any]], int]:
    """Return the vectors of an answer in the order of the texts, whatever their widths, and the tokens of all."""
    if isinstance(answer, EmbedAnswer):
        return list(answer.vectors["float32"]), answer.tokens
    assert isinstance(request, Several)
    rows: dict[int, NDArray[Any]] = {}
    for part, places in zip(answer, request.places, strict=True):
        rows.update(zip(places, part.vectors["float32"], strict=True))
    return [rows[place] for place in sorted(rows)], sum(part.tokens for part in answer)


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Write JSON; numpy arrays become arrays of numbers with as many digits as they need."""
    body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return HttpResponse(status, {"content-type": "application/json", **(headers or {})}, body)


def as_base64(row: NDArray[Any]) -> str:
    """Return a vector's bytes, little-endian, in base64."""
    return base64.b64encode((row if row.dtype.itemsize == 1 else row.astype("<f4", copy=False)).data).decode("ascii")
