"""Gemini (https://ai.google.dev/gemini-api/docs/embeddings); the key alone, without Vertex AI."""

from __future__ import annotations

from vecsmith.dialects.gemini import GeminiClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

__all__ = ["Gemini"]


class GeminiSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Gemini API key", env=("GOOGLE_API_KEY", "GEMINI_API_KEY"), secret=True)
    base_url: str = setting(
        "Address", default="https://generativelanguage.googleapis.com", env="GOOGLE_GEMINI_BASE_URL"
    )


class GeminiEmbeddings(RemoteEmbeddings[GeminiSettings]):
    """Its models."""

    provider = "gemini"
    dialect = GeminiClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 100},
        "cuts_long": ("truncate",),
        "refuses_long": False,
    }


@provider("gemini", "Gemini")
class Gemini(Provider[GeminiSettings]):
    """Gemini's own service."""

    capabilities = (GeminiEmbeddings,)
