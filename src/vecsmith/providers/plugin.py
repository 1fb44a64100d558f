"""How a provider is written: settings, what it can do, and a decorator that makes it known by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, get_args

from vecsmith.errors import ConfigError
from vecsmith.providers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vecsmith.providers.contract import EmbeddingGenerator
    from vecsmith.providers.descriptors import ModelDescriptor

__all__ = ["EmbeddingCapability", "Provider", "provider", "registered"]

S = TypeVar("S", bound=Settings)
P = TypeVar("P", bound="type[Provider[Any]]")

NAME = re.compile(r"[a-z][a-z0-9_-]+")


class EmbeddingCapability(Generic[S]):
    """What a provider has that makes embeddings: its models, and a generator for each."""

    async def get_models(self, settings: S) -> Sequence[ModelDescriptor]:
        """Return the models there are, the default one first."""
        raise NotImplementedError

    def create_generator(self, settings: S, model: str | None = None) -> EmbeddingGenerator:
        """Make a generator for a model; None means the provider's default."""
        raise NotImplementedError

    async def acreate_generator(self, settings: S, model: str | None = None) -> EmbeddingGenerator:
        """Do the same where something must be awaited first; a capability needs one of the two."""
        return self.create_generator(settings, model)


class Provider(Generic[S]):
    """The base of a provider; `provider` gives it its name."""

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    capabilities: ClassVar[Sequence[type[EmbeddingCapability[Any]]]] = ()

    @classmethod
    def settings_type(cls) -> type[Settings]:
        """Return the class of its settings: what stands in brackets behind ``Provider``."""
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, Settings):
                    return argument
        return Settings

    @classmethod
    def embeddings(cls) -> EmbeddingCapability[Any]:
        """Return what makes its embeddings; raise `ConfigError` where it has nothing that does."""
        for capability in cls.capabilities:
            if issubclass(capability, EmbeddingCapability):
                return capability()
        raise ConfigError(f"the provider {cls.name!r} makes no embeddings")


registered: dict[str, type[Provider[Any]]] = {}
"""The providers that were imported, by name."""


def provider(name: str, title: str) -> Callable[[P], P]:
    """Make a provider known by a short name of two letters or more, such as ``acme`` in ``acme:embedding-small``."""
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} cannot be a provider's name: use two or more of a-z, 0-9, - and _")

    def register(cls: P) -> P:
        other = registered.get(name)
        if other is not None and (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise ConfigError(f"two providers are called {name!r}: {other.__module__} and {cls.__module__}")
        cls.name, cls.title = name, title
        registered[name] = cls
        return cls

    return register
