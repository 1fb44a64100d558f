"""What the calls take and return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypedDict

__all__ = ["BatchEmbeddingDict", "EmbeddingDict", "EmbeddingTaskType", "Model", "RequestOptions"]


class EmbeddingDict(TypedDict):
    """The answer for one text."""

    embedding: list[float]
    """Its vector, (dimensions,)."""


class BatchEmbeddingDict(TypedDict):
    """The answer for several texts."""

    embedding: list[list[float]]
    """A vector for each text, in their order, (texts, dimensions)."""


class EmbeddingTaskType(IntEnum):
    """What vectors are for, by Google's numbers."""

    TASK_TYPE_UNSPECIFIED = 0
    RETRIEVAL_QUERY = 1
    RETRIEVAL_DOCUMENT = 2
    SEMANTIC_SIMILARITY = 3
    CLASSIFICATION = 4
    CLUSTERING = 5
    QUESTION_ANSWERING = 6
    FACT_VERIFICATION = 7
    CODE_RETRIEVAL_QUERY = 8


@dataclass
class Model:
    """A model, as `get_model` and `list_models` return it."""

    name: str
    """``models/`` and the name; every call here takes it, or this object itself."""
    base_model_id: str
    version: str
    """The three digits at the end of its name; empty where there are none."""
    display_name: str
    description: str
    input_token_limit: int
    """The longest text it reads; 0 where that is not known."""
    output_token_limit: int
    supported_generation_methods: list[str]
    temperature: float | None = None
    max_temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None


class RequestOptions(Mapping[str, Any]):
    """How a call is made: ``timeout`` in seconds, ``retry`` a callable that wraps the call, None for neither."""

    def __init__(self, *, retry: Any = None, timeout: float | None = None) -> None:
        self.retry = retry
        self.timeout = timeout

    def __getitem__(self, item: str) -> Any:
        if item not in {"retry", "timeout"}:
            raise KeyError(item)
        return getattr(self, item)

    def __iter__(self) -> Iterator[str]:
        yield "retry"
        yield "timeout"

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return f"RequestOptions(retry={self.retry!r}, timeout={self.timeout!r})"
