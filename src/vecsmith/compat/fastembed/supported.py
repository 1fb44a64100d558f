"""The models that the original lists and that can be computed here, and those that a program adds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.fastembed.common.model_description import ModelSource, PoolingType

__all__ = ["Supported", "add", "described", "supported"]


@dataclass(frozen=True, slots=True)
class Supported:
    """A model by the name that the original has for it."""

    model: str
    dim: int
    license: str
    gigabytes: float
    """Of its float32 weights."""
    normalize: bool = True
    """Whether the original gives vectors of length one."""
    pooling: PoolingType | None = None
    """None for what the model's own files say."""
    source: ModelSource | None = None
    """None for the Hugging Face repository of the same name."""
    description: str = ""
    model_file: str = "model.safetensors"

    @property
    def repository(self) -> str:
        """Its Hugging Face id."""
        return (self.source and self.source.hf) or self.model


def arctic(name: str, dim: int, gigabytes: float) -> Supported:
    """Return one of Snowflake's models, whose organisation the original writes small."""
    return Supported(f"snowflake/{name}", dim, "apache-2.0", gigabytes, source=ModelSource(f"Snowflake/{name}"))


LISTED = (
    Supported("sentence-transformers/all-MiniLM-L6-v2", 384, "apache-2.0", 0.09),
    Supported("BAAI/bge-small-en-v1.5", 384, "mit", 0.13),
    Supported("BAAI/bge-base-en-v1.5", 768, "mit", 0.44),
    Supported("BAAI/bge-large-en-v1.5", 1024, "mit", 1.34),
    Supported("BAAI/bge-small-en", 384, "mit", 0.13),
    Supported("BAAI/bge-base-en", 768, "mit", 0.44),
    Supported("BAAI/bge-small-zh-v1.5", 512, "mit", 0.1),
    Supported("mixedbread-ai/mxbai-embed-large-v1", 1024, "apache-2.0", 1.34),
    arctic("snowflake-arctic-embed-xs", 384, 0.09),
    arctic("snowflake-arctic-embed-s", 384, 0.13),
    arctic("snowflake-arctic-embed-m", 768, 0.44),
    arctic("snowflake-arctic-embed-l", 1024, 1.34),
    Supported("thenlper/gte-base", 768, "mit", 0.44),
    Supported("thenlper/gte-large", 1024, "mit", 1.34),
    Supported("nomic-ai/nomic-embed-text-v1", 768, "apache-2.0", 0.55, normalize=False),
    Supported("nomic-ai/nomic-embed-text-v1.5", 768, "apache-2.0", 0.55, normalize=False),
    Supported("sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2", 384, "apache-2.0", 0.47, normalize=False),
    Supported("sentence-transformers/paraphrase-multilingual-mpnet-base-v2", 768, "apache-2.0", 1.11, normalize=False),
    Supported("intfloat/multilingual-e5-large", 1024, "mit", 2.24, normalize=False),
    Supported("Qwen/Qwen3-Embedding-0.6B", 1024, "apache-2.0", 2.38),
)
"""Widths, licences and normalisation as the original has them; those of which it alone has weights are left out."""

added: list[Supported] = []


def supported(name: str) -> Supported | None:
    """Return a model by its name, in any case; None where it is not listed."""
    return next((each for each in (*LISTED, *added) if each.model.lower() == name.lower()), None)


def add(model: Supported) -> None:
    """List a further model; raise `ArgumentError` where there is one of that name."""
    if supported(model.model):
        raise ArgumentError(f"there is a model {model.model!r} already: add it under another name")
    if model.pooling is PoolingType.DISABLED:
        raise ArgumentError("models that pool in their own graph are not computed here: name a pooling")
    added.append(model)


def described() -> list[dict[str, Any]]:
    """Return what is known of each model, by the original's keys."""
    return [
        {
            "model": each.model,
            "sources": {
                "hf": each.repository,
                "url": each.source.url if each.source else None,
                "_deprecated_tar_struct": False,
            },
            "model_file": each.model_file,
            "description": each.description or f"Text embeddings, {each.dim} dimensions",
            "license": each.license,
            "size_in_GB": each.gigabytes,
            "additional_files": [],
            "dim": each.dim,
            "tasks": {},
        }
        for each in (*LISTED, *added)
    ]
