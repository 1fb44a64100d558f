"""Voyage AI (https://docs.voyageai.com/reference/embeddings-api)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.voyage import VoyageClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting
from vecsmith.tasks import QUERIES

if TYPE_CHECKING:
    from vecsmith.tasks import Task

__all__ = ["Voyage"]

ADDRESSES = {"al-": "https://ai.mongodb.com/v1", "": "https://api.voyageai.com/v1"}
"""Where keys go, by how they begin; the first that fits."""

TASKS: dict[Task, str] = {**dict.fromkeys(sorted(QUERIES), "query"), "retrieval_document": "document"}
"""It puts a prompt before the texts for these, and nothing for the others."""

PROMPTS = {
    "query": "Represent the query for retrieving supporting documents: ",
    "document": "Represent the document for retrieval: ",
}
"""What it puts there, as its pages say: it is counted, and not sent."""


class VoyageSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Voyage API key", env="VOYAGE_API_KEY", secret=True)
    base_url: str | None = setting("Address; None for the one that the key belongs to", default=None)


class VoyageEmbeddings(RemoteEmbeddings[VoyageSettings]):
    """Its models."""

    provider = "voyage"
    dialect = VoyageClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 1000, "tokens": 120_000},
        "tasks": TASKS,
        "own_prompts": PROMPTS,
        "encodings": ("float", "int8", "uint8", "binary", "ubinary", "base64"),
        "cuts_long": ("truncate",),
    }

    def address(self, settings: VoyageSettings) -> str:
        """Return what is set, or where the key belongs."""
        own = next(address for start, address in ADDRESSES.items() if settings.api_key.startswith(start))
        return settings.base_url or own


@provider("voyage", "Voyage AI")
class Voyage(Provider[VoyageSettings]):
    """Voyage AI's own service."""

    capabilities = (VoyageEmbeddings,)
