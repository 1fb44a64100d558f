"""Cohere (https://docs.cohere.com/reference/embed)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecsmith.dialects.cohere import CohereClient
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting
from vecsmith.tasks import QUERIES

if TYPE_CHECKING:
    from vecsmith.tasks import Task

__all__ = ["Cohere"]

TASKS: dict[Task, str] = {
    **dict.fromkeys(sorted(QUERIES), "search_query"),
    "retrieval_document": "search_document",
    "semantic_similarity": "search_document",
    "classification": "classification",
    "clustering": "clustering",
}
"""Version 2 must be told one; two texts are compared as two documents."""


class CohereSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Cohere API key", env="CO_API_KEY", secret=True)
    base_url: str = setting("Address", default="https://api.cohere.com", env="CO_API_URL")


class CohereEmbeddings(RemoteEmbeddings[CohereSettings]):
    """Its models."""

    provider = "cohere"
    dialect = CohereClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 96},
        "tasks": TASKS,
        "default_task": "search_document",
        "encodings": ("float", "int8", "uint8", "binary", "ubinary", "base64"),
        "cuts_long": ("truncate", "truncate_start"),
        "empty": False,
    }


@provider("cohere", "Cohere")
class Cohere(Provider[CohereSettings]):
    """Cohere's own service."""

    capabilities = (CohereEmbeddings,)
