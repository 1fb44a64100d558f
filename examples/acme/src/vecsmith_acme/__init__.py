"""Acme's embeddings, whose models are then named ``acme:MODEL``.

The service, which does not exist, takes ``{"engine", "passages", "purpose", "width"}`` and answers with
``{"engine", "rows", "spent"}``; a refusal is ``{"problem"}``.
"""

import json

from vecsmith.dialects import Answer, Asked, Fault, fault, post, rows_of, said
from vecsmith.providers import Provider, RemoteEmbeddings, RemoteSettings, provider, setting
from vecsmith.wire import HttpRequest, HttpResponse, Service

__all__ = ["Acme"]


class AcmeSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str = setting("Acme API key", env="ACME_API_KEY", secret=True)
    base_url: str = setting("Address", default="https://api.acme.example", env="ACME_BASE_URL")


class AcmeClient:
    """What is said to the service, and what its answers mean."""

    def build_request(self, service: Service, asked: Asked) -> HttpRequest:
        """Return the request for some texts."""
        body = {"engine": asked.model, "passages": asked.texts, "purpose": asked.task, "width": asked.dimensions}
        return post(service, "/v1/embed", body)

    def read_response(self, response: HttpResponse, asked: Asked) -> Answer:
        """Return what an answer says."""
        body = json.loads(response.body)
        return Answer(rows_of(body["rows"]), body["spent"], body["engine"])

    def read_error(self, response: HttpResponse) -> Fault:
        """Return why there is none; the status tells what kind of refusal it is."""
        body = said(response)
        return fault(response, str(body.get("problem")) if isinstance(body, dict) else "")


class AcmeEmbeddings(RemoteEmbeddings[AcmeSettings]):
    """Its models."""

    provider = "acme"
    dialect = AcmeClient()
    defaults = {
        "limits": {"items": 96, "tokens": 50_000},
        "tasks": {"retrieval_query": "ask", "retrieval_document": "store"},
    }
    catalogue = {
        "embedding-small": {"title": "Embedding Small", "dimensions": 16, "max_tokens": 8192, "price": 0.01},
        "embedding-large": {"title": "Embedding Large", "dimensions": 32, "sizes": {"listed": [16]}},
    }


@provider("acme", "Acme AI")
class Acme(Provider[AcmeSettings]):
    """Acme's service."""

    capabilities = (AcmeEmbeddings,)
