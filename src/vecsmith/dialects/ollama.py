"""Ollama's own embeddings (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from vecsmith.dialects import Answer, fault, post, rows_of, said

if TYPE_CHECKING:
    from vecsmith.dialects import Asked, Fault
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["Embedded", "OllamaClient", "fetched"]


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
