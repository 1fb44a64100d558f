"""Providers by name: those that come with vecsmith, those that were imported, and those of installed packages."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from vecsmith.errors import ConfigError
from vecsmith.providers.plugin import Provider, registered
from vecsmith.providers.services import services

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoints

__all__ = ["BUILT_IN", "find_provider", "load_plugins", "provider_names"]

BUILT_IN = {
    "azure": "vecsmith.providers.azure:Azure",
    "cohere": "vecsmith.providers.cohere:Cohere",
    "compatible": "vecsmith.providers.compatible:Compatible",
    "gemini": "vecsmith.providers.gemini:Gemini",
    "huggingface": "vecsmith.providers.huggingface:HuggingFace",
    "jina": "vecsmith.providers.jina:Jina",
    "local": "vecsmith.local.provider:Local",
    "mistral": "vecsmith.providers.mistral:Mistral",
    "ollama": "vecsmith.providers.ollama:Ollama",
    "openai": "vecsmith.providers.openai:OpenAI",
    "tei": "vecsmith.providers.tei:TEI",
    "vecsmith": "vecsmith.providers.vecsmith_:Vecsmith",
    "voyage": "vecsmith.providers.voyage:Voyage",
}
"""Imported when they are first used, by the same door as any other."""

GROUP = "vecsmith.providers"
"""The entry points of installed packages: ``acme = "acme_vecsmith:Acme"``."""


def find_provider(name: str) -> type[Provider[Any]] | None:
    """Return a provider by its short name; None where there is none. Installed packages are asked last."""
    if name in registered:
        return registered[name]
    if name in BUILT_IN:
        return loaded(name, BUILT_IN[name])
    if name in services():
        from vecsmith.providers.compatible import service_provider

        return service_provider(name)
    for point in installed().select(name=name):
        return loaded(name, point.value)
    return None


def installed() -> EntryPoints:
    """Return the providers of installed packages; reading what is installed takes a while."""
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def loaded(name: str, where: str) -> type[Provider[Any]]:
    """Import a provider; its decorator makes it known."""
    module, _, attribute = where.partition(":")
    try:
        found: object = getattr(import_module(module), attribute)
    except Exception as error:  # whatever a package of somebody else's raises
        raise ConfigError(
            f"the provider {name!r} cannot be loaded from {where} ({type(error).__name__}: {error})"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Provider)):
        raise ConfigError(f"{where} is no provider: name a class that @provider decorates")
    return found


def load_plugins(modules: Iterable[str]) -> None:
    """Import modules whose decorators make providers known."""
    for module in modules:
        try:
            import_module(module)
        except Exception as error:  # as above
            raise ConfigError(f"the plugin {module!r} cannot be loaded ({type(error).__name__}: {error})") from error


def provider_names() -> list[str]:
    """Return the names of all providers there are, those of installed packages too."""
    return sorted({*registered, *BUILT_IN, *services(), *(point.name for point in installed())})


def nearest(name: str) -> str:
    """Say which provider a misspelt name may have meant, or which there are."""
    names = provider_names()
    close = get_close_matches(name, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"{', '.join(names)} are there"
