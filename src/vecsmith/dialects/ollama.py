"""Ollama's own embeddings (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from vecsmith.dialects import Answer, fault, post, rows_of, said
from vecsmith.dialects.bodies import read_body
from vecsmith.dialects.cards import named
from vecsmith.dialects.serving import EmbedRequest, Invalid, json_response
from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import Asked, Fault
    from vecsmith.dialects.serving import EmbedAnswer, Incoming, ModelCard, Problem
    from vecsmith.wire import HttpRequest, Service

__all__ = [
    "Embedded",
    "OllamaClient",
    "OllamaEmbed",
    "OllamaOld",
    "OllamaSaid",
    "OllamaShow",
    "OllamaTags",
    "fetched",
    "ollama_error",
    "running",
    "version",
]


class Embedded(msgspec.Struct):
    """An answer."""

    embeddings: list[list[float]]
    """In the order of the texts."""
    model: str | None = None
    prompt_eval_count: int | None = None
    """Tokens that were read."""


class Fetched(msgspec.Struct):
    """A model that the server has."""

    name: str
    capabilities: list[str] | None = None
    """None of a server that does not tell."""


class Tags(msgspec.Struct):
    """All that it has."""

    models: list[Fetched]


read = msgspec.json.Decoder(Embedded).decode

read_tags = msgspec.json.Decoder(Tags).decode

MISSING = re.compile(r"""model ["'](.+?)["'] not found""")


@dataclass(frozen=True, slots=True)
class OllamaClient:
    """``/api/embed``; ``/api/embeddings`` takes one text, does not normalise, and is not used."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors."""
        body = {
            "model": asked.model,
            "input": asked.texts,
            "truncate": asked.on_long != "error",
            "dimensions": asked.dimensions,
        }
        return post(service, "/api/embed", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says."""
        answer = read(response.body)
        return Answer(rows_of(answer.embeddings), answer.prompt_eval_count, answer.model)

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer; of a model that is not there, how to fetch it."""
        body = said(response)
        message = str(body.get("error") or "") if isinstance(body, dict) else ""
        if missing := MISSING.search(message):
            return fault(response, f"{missing[0]}: run `ollama pull {missing[1]}` where it serves", "model")
        return fault(response, message)


def fetched(body: bytes) -> list[str]:
    """Return the models that ``/api/tags`` names, without those that it says make no embeddings."""
    return [
        model.name
        for model in read_tags(body).models
        if model.capabilities is None or "embedding" in model.capabilities
    ]


VERSION = "0.33.0"
"""The version of Ollama whose format this is: its clients ask before they use what is new."""

NEVER = "9999-12-31T23:59:59Z"
"""When a model is given back that is served as long as the server runs."""


class EmbedBody(msgspec.Struct, kw_only=True):
    """What a client sends; null is the same as nothing."""

    model: str | None = None
    input: Any = None
    truncate: bool | None = None
    dimensions: int | None = None
    keep_alive: float | str | None = None
    """How long the model stays loaded, as ``options`` how it computes: both are the operator's affair."""
    options: dict[str, Any] | None = None


class OldBody(msgspec.Struct, kw_only=True):
    """The same of the older call."""

    model: str | None = None
    prompt: str | None = None
    keep_alive: float | str | None = None
    options: dict[str, Any] | None = None


class ShowBody(msgspec.Struct, kw_only=True):
    """Which model a client asks about."""

    model: str | None = None
    name: str | None = None
    """What older clients call it."""
    verbose: bool | None = None
    system: str | None = None
    template: str | None = None
    options: dict[str, Any] | None = None


def ollama_error(problem: Problem) -> HttpResponse:
    """Write an error."""
    return json_response({"error": problem.message}, problem.status)


class Erring:
    """What says errors as Ollama does."""

    __slots__ = ()

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return ollama_error(problem)


@dataclass(frozen=True, slots=True)
class OllamaEmbed(Erring):
    """``/api/embed``: one text, or several; none is no mistake, since that is how clients load a model."""

    body: ClassVar[Any] = EmbedBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, EmbedBody)
        asked: dict[str, Any] = {"normalize": True}
        if body.truncate is not None:
            asked["on_long"] = "truncate" if body.truncate else "error"
        if body.dimensions is not None and body.dimensions > 0:
            asked["dimensions"] = body.dimensions
        return EmbedRequest(inputs(body.input), body.model, asked, "truncate", wide=True, ignored=ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vectors; nothing is loaded while a request waits."""
        members = {
            "model": answer.model,
            "embeddings": list(answer.vectors["float32"]) if request.texts else [],
            "total_duration": round(answer.seconds * 1e9),
            "load_duration": 0,
            "prompt_eval_count": answer.tokens,
        }
        return json_response(members)


def inputs(given: Any) -> list[str]:
    """Return the texts: an empty one on its own is none."""
    if given is None or given == "":
        return []
    if isinstance(given, str):
        return [given]
    if isinstance(given, list):
        place = next((place for place, text in enumerate(given) if not isinstance(text, str)), None)
        if place is None:
            return given
        raise Invalid("type_error", f"invalid input type: input {place} is no string", param="input", index=place)
    raise Invalid("type_error", "invalid input type: send a string, or an array of strings", param="input")


@dataclass(frozen=True, slots=True)
class OllamaOld(Erring):
    """``/api/embeddings``: one text, and its vector as the model gives it, of whatever length."""

    body: ClassVar[Any] = OldBody

    def parse_request(self, incoming: Incoming) -> EmbedRequest:
        """Return what is asked."""
        body, ignored = read_body(incoming.body, OldBody)
        return EmbedRequest(inputs(body.prompt), body.model, {"normalize": False}, "error", ignored=ignored)

    def render_response(self, answer: EmbedAnswer, request: EmbedRequest) -> HttpResponse:
        """Write the vector."""
        return json_response({"embedding": answer.vectors["float32"][0] if request.texts else []})


@dataclass(frozen=True, slots=True)
class OllamaTags(Erring):
    """``/api/tags``, and ``/api/ps``: all models that are served are loaded."""

    loaded: bool = False

    def parse_request(self, incoming: Incoming) -> None:
        """Ask for all there are."""

    def render_response(self, answer: Sequence[ModelCard], request: object) -> HttpResponse:  # noqa: ARG002 (ServerSide)
        """Write them down."""
        return json_response({"models": [self.card(card, tagged(name)) for card, name in named(answer)]})

    def card(self, card: ModelCard, name: str) -> Mapping[str, Any]:
        """Write one."""
        told = {
            "name": name,
            "model": name,
            "size": card.size,
            "digest": card.digest,
            "details": details(card),
        }
        if self.loaded:
            return {**told, "expires_at": NEVER, "size_vram": 0, "context_length": card.max_tokens or 0}
        return {**told, "modified_at": moment(card), "capabilities": ["embedding"]}


@dataclass(frozen=True, slots=True)
class OllamaShow(Erring):
    """``/api/show``: one model."""

    body: ClassVar[Any] = ShowBody

    def parse_request(self, incoming: Incoming) -> str:
        """Return its name."""
        body, _ = read_body(incoming.body, ShowBody)
        return body.model or body.name or ""

    def render_response(self, answer: ModelCard, request: str) -> HttpResponse:  # noqa: ARG002 (ServerSide)
        """Write it down."""
        info = {
            "general.architecture": "vecsmith",
            "general.basename": answer.title or answer.name,
            "vecsmith.embedding_length": answer.dimensions,
            "vecsmith.context_length": answer.max_tokens,
            "vecsmith.pooling": answer.pooling,
        }
        members = {
            "modelfile": f"FROM {answer.name}",
            "parameters": "",
            "template": "",
            "details": details(answer),
            "model_info": {name: value for name, value in info.items() if value is not None},
            "capabilities": ["embedding"],
            "modified_at": moment(answer),
        }
        return json_response(members)


@dataclass(frozen=True, slots=True)
class OllamaSaid(Erring):
    """An address that always says the same."""

    answer: HttpResponse

    def parse_request(self, incoming: Incoming) -> None:
        """Ask for it."""

    def render_response(self, answer: object, request: object) -> HttpResponse:  # noqa: ARG002 (ServerSide)
        """Say it."""
        return self.answer


def version() -> OllamaSaid:
    """Return what ``/api/version`` says."""
    return OllamaSaid(json_response({"version": VERSION}))


def running() -> OllamaSaid:
    """Return what the base address says."""
    return OllamaSaid(HttpResponse(200, {"content-type": "text/plain; charset=utf-8"}, b"Ollama is running"))


def tagged(name: str) -> str:
    """Return a name as Ollama has it: with a tag."""
    return name if ":" in name else f"{name}:latest"


def moment(card: ModelCard) -> str:
    """Return when a model began to be served."""
    return datetime.fromtimestamp(card.created, UTC).isoformat().replace("+00:00", "Z")


def details(card: ModelCard) -> Mapping[str, Any]:
    """Return what is told of a model everywhere."""
    return {
        "parent_model": "",
        "format": card.owner,
        "family": card.title or card.name,
        "families": [card.title or card.name],
        "parameter_size": "",
        "quantization_level": "",
        "embedding_length": card.dimensions or 0,
        "context_length": card.max_tokens or 0,
    }
