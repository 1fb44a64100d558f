"""Azure OpenAI (https://learn.microsoft.com/azure/ai-foundry/openai/reference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from vecsmith.dialects.azure import AzureClient
from vecsmith.errors import ConfigError
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from vecsmith.providers.remote import RemoteGenerator
    from vecsmith.wire import Service

__all__ = ["Azure"]

PATHS = ("/openai/v1", "/openai")
"""What people copy along with the address of their resource."""


class AzureSettings(RemoteSettings):
    """Where the resource is, and who asks."""

    api_key: str | None = setting("Key of the resource", default=None, env="AZURE_OPENAI_API_KEY", secret=True)
    ad_token: str | None = setting(
        "Entra token, which counts before the key", default=None, env="AZURE_OPENAI_AD_TOKEN", secret=True
    )
    base_url: str = setting("Address, such as https://NAME.openai.azure.com", env="AZURE_OPENAI_ENDPOINT")
    api_version: str | None = setting(
        "Version of the classic form, such as 2024-10-21; without one, the v1 form",
        default=None,
        env="OPENAI_API_VERSION",
    )


class AzureEmbeddings(RemoteEmbeddings[AzureSettings]):
    """The deployments of a resource, by the names that they were given."""

    provider = "azure"
    dialect = AzureClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 2048, "tokens": 300_000},
        "empty": False,
        "tokenizer": "cl100k_base",  # of all three that OpenAI has; a deployment may be called anything
    }

    def service(self, settings: AzureSettings) -> Service:
        """Return where the resource is, with who asks among the headers."""
        here = super().service(settings)
        for path in PATHS:
            here = replace(here, base_url=here.base_url.removesuffix(path))
        if settings.ad_token:
            return replace(here, api_key=settings.ad_token, headers={"authorization": f"Bearer {settings.ad_token}"})
        if settings.api_key is None:
            raise ConfigError("azure: api_key is missing: set AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN")
        return replace(here, headers={"api-key": settings.api_key})

    def create_generator(self, settings: AzureSettings, model: str | None = None) -> RemoteGenerator:
        """Make a generator for a deployment."""
        return replace(super().create_generator(settings, model), dialect=AzureClient(version=settings.api_version))


@provider("azure", "Azure OpenAI")
class Azure(Provider[AzureSettings]):
    """OpenAI's models in a resource of one's own."""

    capabilities = (AzureEmbeddings,)
