"""Services that copy OpenAI's embeddings: one at any address, and the well-known ones, a row of data each."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.extended import ExtendedClient
from vecsmith.dialects.openai import OpenAIClient
from vecsmith.errors import damaged
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.services import services
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Compatible", "made_of", "service_provider"]

DEFAULTS: dict[str, Any] = {"limits": {"items": 2048, "tokens": 300_000}}
"""What holds for a model of a service that says nothing else; a request that is too large comes back in halves."""


class CompatibleSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str | None = setting("Key, where the service wants one", default=None, secret=True)
    base_url: str = setting("Address, with the /v1 that most have")


class CompatibleEmbeddings(RemoteEmbeddings[CompatibleSettings]):
    """Whatever models it has."""

    provider = "compatible"
    dialect = OpenAIClient()
    defaults = DEFAULTS


@provider("compatible", "Any service that copies OpenAI's")
class Compatible(Provider[CompatibleSettings]):
    """A service named by its address."""

    capabilities = (CompatibleEmbeddings,)


@cache
def service_provider(name: str) -> type[Provider[Any]]:
    """Return the provider that a row of `services` makes."""
    made = made_of(name, services()[name])
    return provider(name, made.title)(made)


def made_of(name: str, row: Mapping[str, Any]) -> type[Provider[Any]]:
    """Return the provider of a service that copies OpenAI's, by a short name, without making it known by it.

    Args:
        name: What stands before a model's name.
        row: What is known of it, as ``services.toml`` says; only ``base_url`` must be there.

    Raises `ConfigError` for a row that does not hold what it should.
    """
    with damaged(f"the row of the service {name!r}"):
        title = str(row.get("title", name))
        kind = settings_of(title, row["base_url"], tuple(row.get("key", ())))
        dialect = ExtendedClient(base64=row.get("base64", False), **row.get("fields", {}))
        told = {"encodings": ("float", "base64") if dialect.base64 else ("float",), **row.get("model", {})}
        members = {"provider": name, "dialect": dialect, "defaults": {**DEFAULTS, **told}}
        capability = type(f"{name}Embeddings", (CompatibleEmbeddings,), members)
        shape = {"__doc__": f"{title}.", "name": name, "title": title, "capabilities": (capability,)}
        return type(name, (Provider,), {**shape, "settings_type": classmethod(lambda _: kind)})


def settings_of(title: str, address: str, variables: Sequence[str]) -> type[RemoteSettings]:
    """Return the settings of a service at an address; on a machine of one's own it may want no key."""
    if address.startswith("http:") or not variables:
        key = setting(f"{title} key, where one is wanted", default=None, env=variables, secret=True)
    else:
        key = setting(f"{title} key", env=variables, secret=True)
    told = {"api_key": key, "base_url": setting("Address", default=address)}
    return type("ServiceSettings", (CompatibleSettings,), told)
