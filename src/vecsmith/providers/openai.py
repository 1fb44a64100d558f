"""OpenAI (https://platform.openai.com/docs/api-reference/embeddings)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vecsmith.dialects.openai import OpenAIClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from vecsmith.wire import Service

__all__ = ["OpenAI"]


class OpenAISettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("OpenAI API key", env="OPENAI_API_KEY", secret=True)
    base_url: str = setting("Address", default="https://api.openai.com/v1", env="OPENAI_BASE_URL")
    organization: str | None = setting("Organisation to charge", default=None, env="OPENAI_ORG_ID")
    project: str | None = setting("Project to charge", default=None, env="OPENAI_PROJECT_ID")


class OpenAIEmbeddings(RemoteEmbeddings[OpenAISettings]):
    """Its models."""

    provider = "openai"
    dialect = OpenAIClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 2048, "tokens": 300_000},
        "encodings": ("float", "base64"),
        "empty": False,
    }

    def service(self, settings: OpenAISettings) -> Service:
        """Return where it is, with whom to charge."""
        charged = {"openai-organization": settings.organization, "openai-project": settings.project}
        headers = {name: value for name, value in charged.items() if value}
        return replace(super().service(settings), headers=headers)


@provider("openai", "OpenAI")
class OpenAI(Provider[OpenAISettings]):
    """OpenAI's own service."""

    capabilities = (OpenAIEmbeddings,)
