"""Cohere's embeddings, version 2 (https://docs.cohere.com/reference/embed)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from vecsmith.dialects import Answer, fault, members, post, rows_of, sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.dialects import Asked, Fault
    from vecsmith.types import OnLong
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["TRUNCATE", "ByType", "CohereAnswer", "CohereClient"]

TRUNCATE: dict[OnLong, str] = {"truncate": "END", "truncate_start": "START", "error": "NONE"}
"""What `truncate` says: the end that is dropped."""


class ByType(msgspec.Struct):
    """The vectors, by how their numbers are written."""

    floats: list[bytes | list[float]] | None = msgspec.field(name="float", default=None)
    base64: list[bytes] | None = None


class BilledUnits(msgspec.Struct):
    """What was charged; the official client takes these for floats."""

    input_tokens: float | None = None


class Meta(msgspec.Struct):
    """What is said beside the vectors."""

    billed_units: BilledUnits | None = None


class CohereAnswer(msgspec.Struct):
    """An answer, in the order of the texts."""

    embeddings: ByType | list[list[float]]
    """A bare list is how version 1 answers."""
    meta: Meta | None = None

    @property
    def tokens(self) -> int | None:
        """The tokens that were charged."""
        billed = self.meta.billed_units if self.meta else None
        return None if billed is None or billed.input_tokens is None else round(billed.input_tokens)


read = msgspec.json.Decoder(CohereAnswer).decode


@dataclass(frozen=True, slots=True)
class CohereClient:
    """Cohere's format."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors; the order of base64's bytes is documented nowhere, so they come as numbers."""
        body = {
            "model": asked.model,
            "texts": asked.texts,
            "input_type": asked.task,
            "embedding_types": ["float"],
            "output_dimension": asked.dimensions,
            "truncate": TRUNCATE.get(asked.on_long),
        }
        return post(service, "/v2/embed", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says."""
        answer = read(response.body)
        given = answer.embeddings
        vectors = (given.floats or given.base64) if isinstance(given, ByType) else given
        if vectors is None:
            raise LookupError("it has neither float nor base64")
        return Answer(rows_of(vectors), answer.tokens)

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        found = fault(response, sentence(members(response)))
        return replace(found, retry_after=until_reset(response.headers)) if found.retry_after is None else found


def until_reset(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until ``X-RateLimit-Reset``, a time of day, by the server's own clock."""
    try:
        return max(0.0, float(headers["x-ratelimit-reset"]) - parsedate_to_datetime(headers["date"]).timestamp())
    except (LookupError, ValueError):
        return None
