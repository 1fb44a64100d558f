"""Hugging Face Inference (https://huggingface.co/docs/inference-providers/tasks/feature-extraction)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from vecsmith.dialects import Answer, fault, post, rows_of, said
from vecsmith.dialects.serving import json_response
from vecsmith.dialects.tei import truncation
from vecsmith.dialects.tei_server import TEIEmbed, TEISimilarity
from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from vecsmith.dialects import Asked, Fault
    from vecsmith.dialects.serving import Problem
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["HuggingFaceClient", "HuggingFaceFeatures", "HuggingFaceSimilarity"]

ROUTER = "/hf-inference"
"""How the address ends that has all models; any other is an endpoint of one model."""

LONGEST = 60.0
"""Seconds of the longest estimate of a model's loading that is believed."""


@dataclass(frozen=True, slots=True)
class HuggingFaceClient:
    """Feature extraction, of models that make one vector of a text."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors."""
        body = {"inputs": asked.texts, "normalize": False, **truncation(asked, "right", "left")}
        named = f"/models/{quote(asked.model)}/pipeline/feature-extraction"
        return post(service, named if service.base_url.endswith(ROUTER) else "", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:
        """Return what an answer says; raise `ConfigError` for a model that makes a vector of each token."""
        rows: Any = msgspec.json.decode(response.body)
        if not isinstance(rows, list):
            raise ValueError("no list of vectors")  # noqa: TRY004 (what the contract says)
        match depth(rows):
            case 1 if len(asked.texts) == 1:
                return Answer(rows_of([rows]))
            case 2:
                return Answer(rows_of(rows))
            case 3:
                raise ConfigError(
                    f"the model {asked.model!r} makes a vector of each token, not of a text: use one of sentences"
                )
        raise ValueError("no list of vectors")

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer, and for how long where the model is being loaded."""
        body = said(response)
        body = body if isinstance(body, dict) else {}
        told = body.get("error") or body.get("message") or ""
        message = "; ".join(map(str, told)) if isinstance(told, list) else str(told)
        missing = response.status == 404 and bool(message)  # noqa: PLR2004 (the status is what is meant)
        found, seconds = fault(response, message, "model" if missing else None), body.get("estimated_time")
        if found.retry_after is None and isinstance(seconds, int | float):
            return replace(found, retry_after=min(LONGEST, max(0.0, float(seconds))))
        return found


def depth(rows: Any) -> int:
    """Return how many lists stand in each other, by the first of each."""
    deep = 0
    while isinstance(rows, list):
        deep, rows = deep + 1, rows[0] if rows else None
    return deep


class Says:
    """How the router says what went wrong."""

    __slots__ = ()

    def render_error(self, problem: Problem) -> HttpResponse:
        """Write why there is no answer."""
        return json_response({"error": problem.message}, problem.status)


@dataclass(frozen=True, slots=True)
class HuggingFaceFeatures(Says, TEIEmbed):
    """Feature extraction, as its clients expect it, with the model's name in the path."""


@dataclass(frozen=True, slots=True)
class HuggingFaceSimilarity(Says, TEISimilarity):
    """Sentence similarity, as its clients expect it, with the model's name in the path."""
