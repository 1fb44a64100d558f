"""Mistral AI (https://docs.mistral.ai/capabilities/embeddings)."""

from __future__ import annotations

from vecsmith.dialects.mistral import MistralClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

__all__ = ["Mistral"]

ITEMS = 512
"""Texts of a request. No limit is documented, and that on tokens, 16,384, is met first by all but the shortest."""


class MistralSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Mistral API key", env="MISTRAL_API_KEY", secret=True)
    base_url: str = setting("Address, without /v1", default="https://api.mistral.ai")


class MistralEmbeddings(RemoteEmbeddings[MistralSettings]):
    """Its models."""

    provider = "mistral"
    dialect = MistralClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": ITEMS, "tokens": 16_384},
        "encodings": ("float", "int8", "uint8", "binary", "ubinary", "base64"),
    }


@provider("mistral", "Mistral AI")
class Mistral(Provider[MistralSettings]):
    """Mistral AI's own service."""

    capabilities = (MistralEmbeddings,)
