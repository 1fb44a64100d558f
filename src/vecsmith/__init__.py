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
    from vecsmith.client import AsyncEmbedder
    from vecsmith.errors import (
        Closed,
        ConfigError,
        EmbedError,
        EmbedWarning,
        InputError,
        ModelError,
        Timeout,
    )
    from vecsmith.postprocess import normalize, similarity
    from vecsmith.session import AsyncSession, Session
    from vecsmith.space import Space
    from vecsmith.sync import Embedder, embed
    from vecsmith.types import EmbedResult, Item, Usage

__version__ = "0.1.0"

__all__ = [
    "AsyncEmbedder",
    "AsyncSession",
    "Closed",
    "ConfigError",
    "EmbedError",
    "EmbedResult",
    "EmbedWarning",
    "Embedder",
    "InputError",
    "Item",
    "ModelError",
    "Session",
    "Space",
    "Timeout",
    "Usage",
    "embed",
    "normalize",
    "similarity",
]

_HOMES = {
    "client": ("AsyncEmbedder",),
    "errors": ("Closed", "ConfigError", "EmbedError", "EmbedWarning", "InputError", "ModelError", "Timeout"),
    "postprocess": ("normalize", "similarity"),
    "session": ("AsyncSession", "Session"),
    "space": ("Space",),
    "sync": ("Embedder", "embed"),
    "types": ("EmbedResult", "Item", "Usage"),
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
