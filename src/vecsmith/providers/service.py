"""The part that all remote providers share: settings in, a generator for a row of the catalogue out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from vecsmith.errors import ConfigError
from vecsmith.providers.catalogue import described, models_of
from vecsmith.providers.descriptors import ModelDescriptor, ModelRef
from vecsmith.providers.plugin import EmbeddingCapability
from vecsmith.providers.remote import RemoteGenerator, RemoteSettings
from vecsmith.wire import Service

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vecsmith.dialects import ClientSide

__all__ = ["RemoteEmbeddings"]

S = TypeVar("S", bound=RemoteSettings)


def host_of(address: str) -> str | None:
    """Return the host of an address; None where it is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


class RemoteEmbeddings(EmbeddingCapability[S]):
    """Embeddings of a service that speaks a dialect; its models are rows of the catalogue."""

    provider: ClassVar[str]
    """Its short name."""
    dialect: ClassVar[ClientSide]
    defaults: ClassVar[Mapping[str, Any]] = {}
    """What holds for each of its models, as in a row of the catalogue."""
    catalogue: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    """Its models by name, the default one first, a row of the members of `ModelDescriptor` each; those of vecsmith's
    own providers stand in a table of theirs."""

    def service(self, settings: S) -> Service:
        """Return where it is."""
        address = self.address(settings).strip().rstrip("/")
        if "@" in address.rpartition("://")[2].partition("/")[0]:
            raise ConfigError(f"{self.provider}: base_url may hold no name and password: leave out all before the @")
        if not address.startswith(("http://", "https://")) or not host_of(address):
            raise ConfigError(f"{self.provider}: base_url must begin with https:// or http://, not {address[:20]!r}")
        if "@" in urlsplit(address).netloc:
            raise ConfigError(
                f"{self.provider}: base_url may hold no name and password: leave out what is before the @"
            )
        return Service(self.provider, address, getattr(settings, "api_key", None) or None)

    def address(self, settings: S) -> str:
        """Return its base address."""
        return str(getattr(settings, "base_url", ""))

    async def get_models(self, settings: S) -> Sequence[ModelDescriptor]:
        """Return the models that are known, the default one first."""
        return self.models(settings)

    def models(self, settings: S) -> list[ModelDescriptor]:
        """Do the same, without asking the service."""
        own = {f"{self.provider}:{name}": row for name, row in self.catalogue.items()}
        return models_of(self.provider, self.defaults, own, settings.rows)

    def create_generator(self, settings: S, model: str | None = None) -> RemoteGenerator:
        """Make a generator for a model, known or not."""
        known = self.models(settings)
        if model is None and not known:
            raise ConfigError(f"{self.provider} has no default model: name one, as in {self.provider}:MODEL")
        found = next((m for m in known if model in {None, m.ref.name}), None)
        row = found or described(ModelRef(self.provider, str(model)), self.defaults)
        names = [m.ref.name for m in known if m.retires is None]
        return RemoteGenerator(self.service(settings), row, self.dialect, settings, names=names)
