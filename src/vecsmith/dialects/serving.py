"""What the server's half of a wire format takes and gives: requests read, answers written, nothing sent."""

from __future__ import annotations

import base64
import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import msgspec
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
    "number",
    "object_of",
    "read_body",
    "read_members",
    "texts_of",
]

SURROGATE = rb"\ud"

SYNONYMS = (
    ("dimensions", "output_dimension", "output_dimensionality", "outputDimensionality"),
    ("task", "input_type", "task_type", "taskType"),
    ("output_dtype", "embedding_type", "embedding_types"),
    ("normalized", "normalize"),
    ("truncation", "truncate"),
)
"""What services call the same thing: another's word would change the vectors, and is not passed over."""

MISSING = re.compile(r"Object missing required field `(\w+)`$")
"""msgspec's words."""

MOST_UNKNOWN = 100
"""Members that mean nothing, before the body is taken for something else."""

Q = TypeVar("Q")
A_contra = TypeVar("A_contra", contravariant=True)
B = TypeVar("B", bound=msgspec.Struct)


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


def read_body(body: bytes, kind: type[B], known: Sequence[str] = ()) -> tuple[B, tuple[str, ...]]:
    """Read a JSON body; return it with the names of members that mean nothing here.

    Raises `Problem` for what is no such body, and for a name that is nearly one of the `kind`'s, or of `known`.
    """
    return read_members(object_of(body), kind, known)


def object_of(body: bytes) -> dict[str, Any]:
    """Return the members of a JSON body; raise `Problem` for what has none."""
    members = read_json(body)
    if not isinstance(members, dict):
        raise Invalid("type_error", f"the body must be an object of JSON, not {json_name(members)}")
    return members


def read_members(members: Mapping[str, Any], kind: type[B], known: Sequence[str] = ()) -> tuple[B, tuple[str, ...]]:
    """Do as `read_body` does with the members of a body."""
    try:
        read = msgspec.convert(members, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise invalid(str(error)) from None
    except UnicodeEncodeError:  # which is how msgspec compares it with the words that a member may be
        raise Invalid("value_error", "a member holds half a surrogate pair where no text is meant: mend it") from None
    return read, unknown(members, (*names_of(kind), *known))


@cache
def names_of(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    """Return the names of a body's members; msgspec reads the annotations anew each time."""
    fields = msgspec.structs.fields(kind)
    return tuple(dict.fromkeys(name for field in fields for name in (field.encode_name, field.name)))


def read_json(body: bytes) -> Any:
    """Read JSON; half a surrogate pair, which JavaScript writes without a word, is left for later stages to mend."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        if SURROGATE in body.lower():
            with suppress(RecursionError, ValueError):
                return json.loads(body, parse_constant=not_json)
    raise Invalid("json_invalid", "the body is not JSON in UTF-8: send an object of JSON")


def not_json(name: str) -> None:
    """Refuse what Python reads and JSON does not have."""
    raise ValueError(name)


def unknown(members: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that are none of those known; raise `Problem` for one that is nearly one, or means one."""
    others = tuple(name for name in members if name not in names)
    if len(others) > MOST_UNKNOWN:
        raise Invalid("extra_forbidden", f"the body has {len(others)} members that mean nothing here: leave them out")
    for name in others:
        if meant := nearest(name, names):
            words = f"there is no member {name[:40]!r}: did you mean {meant!r}?"
            raise Invalid("extra_forbidden", words, param=name[:40])
    return others


def nearest(name: str, names: Sequence[str]) -> str | None:
    """Return the known name that another one probably means."""
    same = next((group for group in SYNONYMS if name in group), ())
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.8)
    return next((each for each in (*same, *close) if each in names), None)


def invalid(words: str) -> Problem:
    """Return the refusal of a body whose members are not of the right types, from msgspec's words."""
    if lacking := MISSING.match(words):
        return Invalid("missing", f"the body has no {lacking[1]!r}: it is required", param=lacking[1])
    found, _, where = words.partition(" - at `")
    where = where.rstrip("`") or "$"
    name = where.removeprefix("$").lstrip(".")
    index = None
    if name.endswith("]") and "[" in name and not name.endswith("[...]"):
        place = name[name.index("[") + 1 : name.index("]")]
        index = int(place) if place.isdecimal() else None
    words = f"'{where}' is invalid: {found[0].lower() + found[1:]}"
    return Invalid("type_error", words, param=name or None, index=index)


def json_name(value: object) -> str:
    """Return what JSON calls a value."""
    kinds: dict[type, str] = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}
    return "null" if value is None else kinds.get(type(value), "a number")


def number(query: Mapping[str, str], *names: str) -> int:
    """Return a parameter that is a whole number, by the first of its names that is there; 0 where none is."""
    given = next((query[name] for name in names if name in query), "")
    if given and not (given.isascii() and given.isdecimal() and len(given) < 10):  # noqa: PLR2004 (digits of 32 bits)
        raise Problem("input", f"{names[0]} must be a whole number, such as was given out here", param=names[0])
    return int(given or 0)


def texts_of(given: str | Sequence[Any], member: str) -> list[str]:
    """Return one text or several as several; raise `Problem` for anything else, naming its place and type."""
    if isinstance(given, str):
        return [given]
    for place, text in enumerate(given):
        if not isinstance(text, str):
            words = f"'$.{member}[{place}]' must be a string, not {json_name(text)}"
            raise Invalid("type_error", words, param=member, index=place)
    return list(given)


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
