"""The contract between vecsmith and anything that makes vectors: the local engine, every provider, every plugin."""

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
    "Settings",
    "Sizes",
    "provider",
    "setting",
]
