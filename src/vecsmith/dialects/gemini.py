"""Gemini's embeddings (https://ai.google.dev/api/embeddings), many texts in one request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from vecsmith.dialects import Answer, fault, post, rows_of, said
from vecsmith.pacing import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["BatchAnswer", "GeminiClient", "Values"]


class Values(msgspec.Struct):
    """A vector."""

    values: list[float]


class UsageMetadata(msgspec.Struct, rename="camel"):
    """What an answer cost."""

    prompt_token_count: int | None = None


class BatchAnswer(msgspec.Struct, rename="camel"):
    """An answer, in the order of the texts."""

    embeddings: list[Values]
    usage_metadata: UsageMetadata | None = None


read = msgspec.json.Decoder(BatchAnswer, strict=False).decode  # 64-bit integers may come as strings

STATUSES: dict[str, FaultKind] = {
    "FAILED_PRECONDITION": "refused",
    "NOT_FOUND": "model",
    "PERMISSION_DENIED": "auth",
    "RESOURCE_EXHAUSTED": "rate",
    "UNAUTHENTICATED": "auth",
}
"""What an error's ``status`` says more surely than HTTP's."""

BAD_KEY = "API_KEY_INVALID"
"""The ``reason`` in the details of a 400 that is for the key."""

DAILY = "PerDay"
"""Part of the ``quotaId`` among the violations of a budget that no pause brings back."""


@dataclass(frozen=True, slots=True)
class GeminiClient:
    """Gemini's format."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors."""
        name = asked.model.removeprefix("models/")
        key = {"x-goog-api-key": service.api_key} if service.api_key else {}
        requests = [self.one(name, text, asked) for text in asked.texts]
        path = f"/v1beta/models/{quote(name, safe='/:')}:batchEmbedContents"
        return post(service, path, {"requests": requests}, key)

    def one(self, name: str, text: str, asked: Asked) -> dict[str, Any]:
        """Return what is said of one text."""
        members = {
            "model": f"models/{name}",
            "content": {"parts": [{"text": text}]},
            "taskType": asked.task,
            "title": asked.title,
            "outputDimensionality": asked.dimensions,
        }
        return {member: value for member, value in members.items() if value is not None}

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says."""
        answer = read(response.body)
        tokens = None if answer.usage_metadata is None else answer.usage_metadata.prompt_token_count
        return Answer(rows_of([item.values for item in answer.embeddings]), tokens)

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        body = said(response)
        if isinstance(body, list) and body:  # as some gateways wrap it
            body = body[0]
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return fault(response, str(error or ""))
        given = error.get("details")
        details = [d for d in given if isinstance(d, dict)] if isinstance(given, list) else []
        found = fault(response, str(error.get("message") or ""), kind_of(str(error.get("status")), details))
        return replace(found, retry_after=delay(details) if found.retry_after is None else found.retry_after)


def kind_of(status: str, details: Sequence[Mapping[str, Any]]) -> FaultKind | None:
    """Return what an error is by its own words; None where HTTP's status says it."""
    if any(detail.get("reason") == BAD_KEY for detail in details):
        return "auth"
    if status == "RESOURCE_EXHAUSTED" and any(DAILY in str(detail.get("violations")) for detail in details):
        return "quota"
    return STATUSES.get(status)


def delay(details: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the seconds that ``RetryInfo`` asks to wait."""
    spans = [detail["retryDelay"] for detail in details if isinstance(detail.get("retryDelay"), str)]
    return seconds_of(spans[0]) if spans else None
