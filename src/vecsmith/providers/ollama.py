"""Ollama (https://github.com/ollama/ollama)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vecsmith.dialects.ollama import OllamaClient, fetched
from vecsmith.errors import ConfigError
from vecsmith.providers.lookup import look_up
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.providers.descriptors import ModelDescriptor
    from vecsmith.providers.remote import RemoteGenerator

__all__ = ["Ollama", "address_of"]

LATEST = ":latest"
PORT = 11434
PORTS = {"http": 80, "https": 443}
ANYWHERE = "0.0.0.0"  # noqa: S104 (not bound to, but read)


def address_of(host: str) -> str:
    """Return the address that ``OLLAMA_HOST`` means: without a scheme http on port 11434, with one its own port.

    The variable also tells the server where to listen; listening everywhere is answering here.
    """
    scheme, there, rest = host.strip().rpartition("://")
    scheme = scheme.casefold() or "http"
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "127.0.0.1", parts.port
    except ValueError:
        raise ConfigError(f"ollama: {host[:40]!r} is no address: use one such as http://localhost:11434") from None
    name = "127.0.0.1" if name == ANYWHERE else f"[{name}]" if ":" in name else name
    port = port or (PORTS.get(scheme, PORT) if there else PORT)
    return f"{scheme}://{name}:{port}{parts.path.rstrip('/')}"


class OllamaSettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str | None = setting("Key, where one is wanted", default=None, env="OLLAMA_API_KEY", secret=True)
    base_url: str = setting("Address", default=f"http://127.0.0.1:{PORT}", env="OLLAMA_HOST")
    request_timeout: float = setting(
        "Seconds for one request; a model may have to be loaded", default=300.0, positive=True
    )


class OllamaEmbeddings(RemoteEmbeddings[OllamaSettings]):
    """Models that a machine of one's own serves; prompts are put before texts here, since it puts none."""

    provider = "ollama"
    dialect = OllamaClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 64, "in_flight": 4},
        "empty": False,
        "cuts_long": ("truncate",),
    }

    def address(self, settings: OllamaSettings) -> str:
        """Return its address, which may be given as the variable gives it."""
        return address_of(settings.base_url)

    async def get_models(self, settings: OllamaSettings) -> Sequence[ModelDescriptor]:
        """Return the models that it has fetched, without those that it says make no embeddings."""
        found = await look_up(self.service(settings), "/api/tags", seconds=settings.request_timeout)
        return [] if found is None else [self.row(settings, name) for name in fetched(found)]

    def row(self, settings: OllamaSettings, name: str) -> ModelDescriptor:
        """Return a model by name."""
        return self.create_generator(settings, name).model

    def create_generator(self, settings: OllamaSettings, model: str | None = None) -> RemoteGenerator:
        """Make a generator for a model; its name tells the prompts that it was trained with."""
        generator = super().create_generator(settings, model and model.removesuffix(LATEST))
        row = generator.model
        return replace(generator, model=replace(row, prompts=row.prompts or row.ref.name), names=())


@provider("ollama", "Ollama")
class Ollama(Provider[OllamaSettings]):
    """A server of open models."""

    capabilities = (OllamaEmbeddings,)
