"""Text Embeddings Inference (https://huggingface.github.io/text-embeddings-inference)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from vecsmith.dialects import Answer, fault, post, rows_of, said

if TYPE_CHECKING:
    from vecsmith.dialects import Asked, Fault, FaultKind
    from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["Info", "TEIClient", "read_info", "truncation"]


class Info(msgspec.Struct):
    """What a server says of itself."""

    model_id: str
    model_sha: str | None = None
    model_type: Any = None
    """An object whose one member names what the model is for; a string in old versions."""
    max_input_length: int | None = None
    max_client_batch_size: int | None = None

    @property
    def embeds(self) -> bool:
        """Whether it makes one vector of a text; true where it does not say."""
        match self.model_type:
            case {"embedding": {"pooling": "splade"}}:
                return False
            case {"classifier": _} | {"reranker": _}:
                return False
        return True


read = msgspec.json.Decoder(list[list[float]]).decode
read_info = msgspec.json.Decoder(Info).decode

TYPES: dict[str, FaultKind] = {
    "Backend": "unavailable",
    "Empty": "input",
    "Overloaded": "rate",
    "Tokenizer": "input",
    "Unhealthy": "unavailable",
    "Validation": "input",
}
"""What its ``error_type`` means."""

STATUSES: dict[int, FaultKind] = {404: "address", 424: "unavailable"}
"""What a status means where there is no ``error_type``: it has one model, so nothing is missing but the route."""


def truncation(asked: Asked, right: str = "Right", left: str = "Left") -> dict[str, Any]:
    """Return what is to happen to a text that is too long, and at which end."""
    return {
        "truncate": asked.on_long != "error",
        "truncation_direction": left if asked.on_long == "truncate_start" else right,
    }


@dataclass(frozen=True, slots=True)
class TEIClient:
    """``/embed``; vectors come as the model makes them, so that a caller may have them so."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Ask for some texts' vectors."""
        body = {"inputs": asked.texts, "normalize": False, "dimensions": asked.dimensions, **truncation(asked)}
        return post(service, "/embed", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:  # noqa: ARG002 (the answer says it all)
        """Return what an answer says; what was read stands in a header."""
        tokens = response.headers.get("x-compute-tokens", "")
        return Answer(rows_of(read(response.body)), int(tokens) if tokens.isdecimal() else None)

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        body = said(response)
        body = body if isinstance(body, dict) else {}
        message = str(body.get("error") or body.get("message") or "")
        kind = TYPES.get(str(body.get("error_type") or body.get("type") or ""), STATUSES.get(response.status))
        return fault(response, message, kind)
