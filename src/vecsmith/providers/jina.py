"""Jina AI (https://jina.ai/embeddings)."""

from __future__ import annotations

from vecsmith.dialects.jina import JinaClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

__all__ = ["Jina"]


class JinaSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Jina API key", env="JINA_API_KEY", secret=True)
    base_url: str = setting("Address", default="https://api.jina.ai/v1")


class JinaEmbeddings(RemoteEmbeddings[JinaSettings]):
    """Its models."""

    provider = "jina"
    dialect = JinaClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 512},
        "encodings": ("float", "base64", "binary", "ubinary"),
        "cuts_long": ("truncate",),
    }


@provider("jina", "Jina AI")
class Jina(Provider[JinaSettings]):
    """Jina AI's own service."""

    capabilities = (JinaEmbeddings,)
