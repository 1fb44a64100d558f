"""vecsmith turns text into embeddings.

    >>> import vecsmith
    >>> vecsmith.embed("hello").vector.shape
    (384,)

The names below are imported when they are first used, so that ``import vecsmith`` loads no library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vecsmith.chunking import Chunking
    from vecsmith.classifying import Classifier
    from vecsmith.client import AsyncEmbedder
    from vecsmith.clustering import Cluster, Clusters, cluster
    from vecsmith.compare import similarity, top_k
    from vecsmith.encodings import Calibration
    from vecsmith.errors import (
        AuthError,
        BadResponse,
        Closed,
        ConfigError,
        EmbedError,
        EmbedWarning,
        InputError,
        ModelError,
        ProviderError,
        RateLimited,
        StoreError,
        Timeout,
        Unavailable,
    )
    from vecsmith.postprocess import normalize
    from vecsmith.session import AsyncSession, Session
    from vecsmith.space import Space, StoredForm
    from vecsmith.stores import Store
    from vecsmith.sync import Embedder, embed, estimate
    from vecsmith.types import Chunk, EmbedResult, Estimate, Item, Usage

__version__ = "0.1.0"

__all__ = [
    "AsyncEmbedder",
    "AsyncSession",
    "AuthError",
    "BadResponse",
    "Calibration",
    "Chunk",
    "Chunking",
    "Classifier",
    "Closed",
    "Cluster",
    "Clusters",
    "ConfigError",
    "EmbedError",
    "EmbedResult",
    "EmbedWarning",
    "Embedder",
    "Estimate",
    "InputError",
    "Item",
    "ModelError",
    "ProviderError",
    "RateLimited",
    "Session",
    "Space",
    "Store",
    "StoreError",
    "StoredForm",
    "Timeout",
    "Unavailable",
    "Usage",
    "cluster",
    "embed",
    "estimate",
    "normalize",
    "similarity",
    "top_k",
]

_HOMES = {
    "chunking": ("Chunking",),
    "classifying": ("Classifier",),
    "client": ("AsyncEmbedder",),
    "clustering": ("Cluster", "Clusters", "cluster"),
    "compare": ("similarity", "top_k"),
    "encodings": ("Calibration",),
    "errors": (
        "AuthError",
        "BadResponse",
        "Closed",
        "ConfigError",
        "EmbedError",
        "EmbedWarning",
        "InputError",
        "ModelError",
        "ProviderError",
        "RateLimited",
        "StoreError",
        "Timeout",
        "Unavailable",
    ),
    "postprocess": ("normalize",),
    "session": ("AsyncSession", "Session"),
    "space": ("Space", "StoredForm"),
    "stores": ("Store",),
    "sync": ("Embedder", "embed", "estimate"),
    "types": ("Chunk", "EmbedResult", "Estimate", "Item", "Usage"),
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
