"""The contract between vecsmith and anything that makes vectors: the local engine, every provider, every plugin.

What remote providers are made of is imported when it is first used: the local engine needs none of it. Their wire
formats are written with `vecsmith.dialects` and `vecsmith.wire`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vecsmith.providers.contract import (
    EmbeddingGenerator,
    Estimates,
    GeneratedEmbeddings,
    Generates,
    GenerationOptions,
    Identifies,
    Identity,
    Metadata,
    Reads,
    ReadsAlong,
)
from vecsmith.providers.descriptors import Limits, ModelDescriptor, ModelRef, Sizes
from vecsmith.providers.plugin import EmbeddingCapability, Provider, provider
from vecsmith.providers.settings import Settings, setting

if TYPE_CHECKING:
    from vecsmith.providers.remote import RemoteGenerator, RemoteSettings
    from vecsmith.providers.service import RemoteEmbeddings

__all__ = [
    "EmbeddingCapability",
    "EmbeddingGenerator",
    "Estimates",
    "GeneratedEmbeddings",
    "Generates",
    "GenerationOptions",
    "Identifies",
    "Identity",
    "Limits",
    "Metadata",
    "ModelDescriptor",
    "ModelRef",
    "Provider",
    "Reads",
    "ReadsAlong",
    "RemoteEmbeddings",
    "RemoteGenerator",
    "RemoteSettings",
    "Settings",
    "Sizes",
    "provider",
    "setting",
]

_MODULES = {"RemoteEmbeddings": "service", "RemoteGenerator": "remote", "RemoteSettings": "remote"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
