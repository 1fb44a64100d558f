"""Text Embeddings Inference (https://huggingface.github.io/text-embeddings-inference)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from vecsmith.dialects.tei import TEIClient, read_info
from vecsmith.errors import BadResponse, ConfigError, damaged
from vecsmith.providers.catalogue import described, merged
from vecsmith.providers.counting import HUB_ID
from vecsmith.providers.descriptors import ModelRef
from vecsmith.providers.lookup import look_up
from vecsmith.providers.plugin import Provider, provider
from vecsmith.providers.remote import RemoteGenerator, RemoteSettings
from vecsmith.providers.service import RemoteEmbeddings
from vecsmith.providers.settings import setting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.dialects.tei import Info
    from vecsmith.providers.descriptors import ModelDescriptor

__all__ = ["TEI"]

UNNAMED = "served"
"""What the model is called where neither the caller nor the server names it."""

MOUNTED = ("/", ".")
"""How the name of a folder begins, which says nothing of the model in it: the caller's own name counts."""


class TEISettings(RemoteSettings):
    """Where it is, and who asks."""

    api_key: str | None = setting("Key, where the server wants one", default=None, env="TEI_API_KEY", secret=True)
    base_url: str = setting("Address of the server", env="TEI_BASE_URL")


class TEIEmbeddings(RemoteEmbeddings[TEISettings]):
    """The one model that a server has; whatever a caller calls it, it is what the server says that it is."""

    provider = "tei"
    dialect = TEIClient()
    defaults = {  # noqa: RUF012 (declared ClassVar)
        "limits": {"items": 32, "bytes": 1_500_000},
        "empty": False,
        "cuts_long": ("truncate", "truncate_start"),
    }

    async def get_models(self, settings: TEISettings) -> Sequence[ModelDescriptor]:
        """Return the one model that is served."""
        return [(await self.acreate_generator(settings)).model]

    def create_generator(self, settings: TEISettings, model: str | None = None) -> RemoteGenerator:
        """Make a generator without asking the server what it has."""
        name = model or UNNAMED
        row = self.row(settings, name, {"prompts": model})
        return RemoteGenerator(self.service(settings), row, self.dialect, settings)

    async def acreate_generator(self, settings: TEISettings, model: str | None = None) -> RemoteGenerator:
        """Make a generator with what the server says of its model, and of how much it takes at once."""
        generator = self.create_generator(settings, model)
        body = await look_up(generator.service, "/info", seconds=settings.request_timeout)
        if body is None:  # a gateway in front may let nothing through but texts
            return generator
        info = told(body, generator.service.base_url)
        limits = {"items": info.max_client_batch_size} if info.max_client_batch_size else {}
        name = model if model and info.model_id.startswith(MOUNTED) else info.model_id
        tokenizer = info.model_id if HUB_ID.fullmatch(info.model_id) else None
        known = {
            "max_tokens": info.max_input_length,
            "prompts": name,
            "limits": limits,
            "tokenizer": tokenizer,
            "revision": info.model_sha,
        }
        return replace(generator, model=self.row(settings, name, known))

    def row(self, settings: TEISettings, name: str, known: dict[str, Any]) -> ModelDescriptor:
        """Return a model's row: what is known of it, and what a person says of it."""
        ref = ModelRef(self.provider, name)
        with damaged(f"the row of {ref}"):
            row = merged(merged(self.defaults, known), (settings.rows or {}).get(str(ref), {}))
        return described(ref, row)


def told(body: bytes, address: str) -> Info:
    """Return what a server says of itself; raise `ConfigError` where its model makes no embeddings."""
    try:
        info = read_info(body)
    except msgspec.MsgspecError:
        raise BadResponse(f"tei: what {address}/info says cannot be read: check base_url", provider="tei") from None
    if not info.embeds:
        raise ConfigError(f"the model {info.model_id!r} of {address} makes no embeddings: name another server")
    return info


@provider("tei", "Text Embeddings Inference")
class TEI(Provider[TEISettings]):
    """A server of one open model."""

    capabilities = (TEIEmbeddings,)
