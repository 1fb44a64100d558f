"""Services that copy OpenAI's embeddings: one at any address, and the well-known ones, a row of data each."""

from __future__ import annotations

from vecsmith.dialects.openai import OpenAIClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

__all__ = ["Compatible"]


class CompatibleSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str | None = setting("Key, where the service wants one", default=None, secret=True)
    base_url: str = setting("Address, with the /v1 that most have")


class CompatibleEmbeddings(RemoteEmbeddings[CompatibleSettings]):
    """Whatever models it has."""

    provider = "compatible"
    dialect = OpenAIClient()
    defaults = {"limits": {"items": 2048, "tokens": 300_000}}  # noqa: RUF012 (declared ClassVar)


@provider("compatible", "Any service that copies OpenAI's")
class Compatible(Provider[CompatibleSettings]):
    """A service named by its address."""

    capabilities = (CompatibleEmbeddings,)
