"""The local engine as a provider, by the same door as every other."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from vecsmith.hub import ended_with
from vecsmith.local.catalog import BUNDLED, find
from vecsmith.providers import (
    EmbeddingCapability,
    ModelDescriptor,
    ModelRef,
    Provider,
    Settings,
    Sizes,
    provider,
    setting,
)
from vecsmith.types import Compute  # noqa: TC001 (settings are of the types that they are annotated with)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from vecsmith.local import LocalGenerator

__all__ = ["Local"]


class LocalSettings(Settings):
    """How to compute."""

    revision: str | None = setting("Revision of a Hugging Face id: a branch, a tag or a commit", default=None)
    device: str | None = setting("Where to compute: cpu", default=None)
    threads: int | None = setting("Cores to compute with", default=None, positive=True)
    compute: Compute = setting("The arithmetic: auto, f32, bf16 or int8", default="auto")
    int8_anywhere: bool = setting(
        "Compute int8 also where it gains nothing", default=False, env="VECSMITH_INT8_ANYWHERE"
    )
    memory: str | None = setting(
        "Memory that all models of a process may take, such as 4GB", default=None, env="VECSMITH_MEMORY"
    )


class LocalEmbeddings(EmbeddingCapability[LocalSettings]):
    """Models on this machine."""

    async def get_models(self, settings: LocalSettings) -> Sequence[ModelDescriptor]:  # noqa: ARG002 (they are here)
        """Return those inside the package."""
        return await asyncio.to_thread(lambda: [described(name) for name in BUNDLED])

    def create_generator(self, settings: LocalSettings, model: str | Path | None = None) -> LocalGenerator:
        """Open a model by its name or folder."""
        from vecsmith.cache.address import parse_size
        from vecsmith.local import LocalGenerator
        from vecsmith.local.engine import registry
        from vecsmith.local.folder import read_folder

        if settings.memory is not None:
            registry.budget = parse_size(settings.memory)
        found = find(model or "minilm", revision=settings.revision, download=True)
        folder = read_folder(found.folder, found.name, trusted=found.bundled)
        return LocalGenerator.open(
            folder,
            compute=settings.compute,
            threads=settings.threads,
            device=settings.device,
            anywhere=settings.int8_anywhere,
        )

    async def acreate_generator(self, settings: LocalSettings, model: str | Path | None = None) -> LocalGenerator:
        """Do the same beside the event loop: it downloads, reads files and compiles."""
        with ended_with():
            return await asyncio.to_thread(self.create_generator, settings, model)


def described(name: str) -> ModelDescriptor:
    from vecsmith.local.folder import read_folder

    folder = read_folder(BUNDLED[name], name, trusted=True)
    sizes = Sizes(1, folder.dimensions)
    return ModelDescriptor(ModelRef("local", name), name, folder.dimensions, folder.max_tokens, sizes)


@provider("local", "This machine")
class Local(Provider[LocalSettings]):
    """The engine of this process."""

    capabilities = (LocalEmbeddings,)
