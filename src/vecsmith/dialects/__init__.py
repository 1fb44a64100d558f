"""The wire formats of embedding services: what a request says and what an answer means, without sending either."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec
import numpy as np

from vecsmith.pacing import retry_after
from vecsmith.wire import HttpRequest, HttpResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.types import Floats, OnLong
    from vecsmith.wire import Service

__all__ = [
    "Answer",
    "Asked",
    "ClientSide",
    "Fault",
    "FaultKind",
    "decoded",
    "fault",
    "members",
    "post",
    "rows_of",
    "said",
    "sentence",
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request asks for."""

    texts: Sequence[str] = field(repr=False)
    model: str
    task: str | None = None
    """In the service's own spelling; None for none."""
    title: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    """None for the model's own."""
    on_long: OnLong = "truncate"
    prompt: str | None = None
    """For the service to put before each text; None where it stands there already, or there is none."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one response says."""

    vectors: Floats
    """(texts, dimensions), in the order of the texts."""
    tokens: int | None = None
    """All that were read; None where the service does not say."""
    model: str | None = None
    """The model that answered, where it says so."""


FaultKind = Literal["address", "auth", "input", "model", "quota", "rate", "refused", "too_much", "unavailable"]
"""``address``: nothing there speaks the format; ``input``: a text or the request is not accepted; ``model``: there is
no such model; ``quota``: no credit is left; ``too_much``: the request is too large; ``refused``: anything else that
trying again does not mend."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a service did not answer with vectors."""

    kind: FaultKind
    message: str
    """The service's own words."""
    retry_after: float | None = None


class ClientSide(Protocol):
    """A service's wire format as its client needs it."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Return the request for some texts."""
        ...

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:
        """Return what an answer says; raise `ValueError` or `LookupError` for what is none."""
        ...

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is no answer."""
        ...


def post(service: Service, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpRequest:
    """Return a POST of JSON; without `headers` the key goes as a bearer's."""
    auth = {"authorization": f"Bearer {service.api_key}"} if service.api_key else {}
    kind = {"content-type": "application/json", "accept": "application/json"}
    sent = {**kind, **(auth if headers is None else headers), **service.headers}
    return HttpRequest("POST", service.base_url + path, sent, json_bytes(body))


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Write JSON without the members that are None."""
    return msgspec.json.encode({name: value for name, value in body.items() if value is not None})


KINDS: dict[int, FaultKind] = {
    400: "input",
    401: "auth",
    402: "quota",
    403: "auth",
    404: "model",
    405: "address",
    408: "unavailable",
    409: "unavailable",
    413: "too_much",
    422: "input",
    425: "unavailable",
    429: "rate",
    498: "auth",
    499: "unavailable",
}


NOBODY = {"", "Not Found"}
"""The words of a 404 that is not the service's, but of whatever else is at the address."""


def fault(response: HttpResponse, message: str, kind: FaultKind | None = None) -> Fault:
    """Judge by the status, unless a dialect knows better."""
    by_status = KINDS.get(response.status, "unavailable" if response.status >= 500 else "refused")  # noqa: PLR2004 (the service's fault)
    if by_status == "model" and message in NOBODY:
        by_status = "address"
    return Fault(kind or by_status, message, retry_after(response.headers))


def said(response: HttpResponse) -> Any:
    """Return the JSON of an error, or None where it is none."""
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def members(response: HttpResponse) -> Mapping[str, Any]:
    """Return the members of an error, which many services put into one named ``error``."""
    body = said(response)
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {"message": inner}  # a bare sentence, as Ollama's


def sentence(error: Mapping[str, Any]) -> str:
    """Return the words of an error's members; what FastAPI lists with them may repeat a text, and is left out."""
    words = error.get("message") or error.get("detail") or ""
    if isinstance(words, dict):  # of which Mistral's message may be one
        words = words.get("detail") or ""
    if not isinstance(words, list):
        return str(words)
    return "; ".join(placed(item) for item in words if isinstance(item, dict))


def placed(item: Mapping[str, Any]) -> str:
    """Return one of FastAPI's findings, behind the place that it is about."""
    place = item.get("loc")
    where = ".".join(map(str, place)) + ": " if isinstance(place, list) else ""
    return f"{where}{item.get('msg', '')}"


def decoded(given: bytes | Sequence[float]) -> Floats:
    """Return a vector that came as numbers, or as the bytes of little-endian floats."""
    if isinstance(given, bytes):
        return np.frombuffer(given, "<f4")
    with np.errstate(over="ignore"):  # what is too large becomes infinity, which is refused
        return np.asarray(given, np.float32)


def rows_of(vectors: Sequence[bytes | Sequence[float]], places: Sequence[int] | None = None) -> Floats:
    """Return vectors (n, d) in the order of their `places`; raise `ValueError` where they are not of one width."""
    count = len(vectors)
    if places is not None and sorted(places) != list(range(count)):
        raise ValueError("its indexes are not those of the texts")
    if not count:
        return np.empty((0, 0), np.float32)
    first = decoded(vectors[0])
    rows = np.empty((count, len(first)), np.float32)
    for place, vector in zip(places or range(count), vectors, strict=True):
        rows[place] = same_width(decoded(vector), rows.shape[1])
    return rows


def same_width(vector: Floats, width: int) -> Floats:
    """Refuse a vector of another width, which numpy might stretch."""
    if vector.shape != (width,):
        raise ValueError(f"its vectors are of {width} and {vector.size} dimensions")
    return vector
