"""What a server serves: models under their names, opened at the start, and nothing else."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from vecsmith.dialects.serving import ModelCard, Problem
from vecsmith.errors import ConfigError
from vecsmith.local.engine import QUICK_CHARACTERS, Engine
from vecsmith.local.folder import ModelFolder
from vecsmith.options import options_of
from vecsmith.pipeline import read_together, through
from vecsmith.providers import Identifies
from vecsmith.providers.contract import GenerationOptions
from vecsmith.windows import Window, fit_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from vecsmith.client import AsyncEmbedder
    from vecsmith.dialects.serving import EmbedRequest
    from vecsmith.options import Options
    from vecsmith.server.access.callers import Caller
    from vecsmith.types import EmbedResult, Lane, OnLong

__all__ = ["Menu", "Served"]

LATEST = ":latest"
"""What Ollama's clients put behind a name without a tag."""


@dataclass(frozen=True, slots=True)
class Served:
    """A model that is served, and opened."""

    name: str
    embedder: AsyncEmbedder
    aliases: tuple[str, ...] = ()
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def local(self) -> bool:
        """Whether it computes on this machine, and so costs nothing."""
        return bool(getattr(self.embedder.generator, "answers_here", False))

    def lane(self, characters: int) -> Lane | None:
        """Return the lane of a call of so many characters: long ones do not take the cores that short ones wait for."""
        return "bulk" if characters > QUICK_CHARACTERS and self.local else None

    def backlog(self, characters: int, lane: Lane | None) -> float:
        """Return the seconds until a call of so many characters would be begun; 0 where that cannot be told."""
        engine = beneath(self.embedder.generator, Engine)
        return 0.0 if engine is None else engine.backlog(characters, lane)

    def options(self, request: EmbedRequest, on_long: OnLong | None) -> Options:
        """Return what a request asks of the model; raise `EmbedError` for what it cannot."""
        asked = {"on_long": on_long or request.on_long, **self.embedder.named.defaults, **request.options}
        if request.wide and (asked.get("dimensions") or 0) >= self.embedder.metadata.dimensions > 0:
            del asked["dimensions"]
        if "prompt" in asked or "title" in asked:  # which may be anything
            return options_of(**asked)
        try:
            return options_seen(tuple(asked.items()))
        except TypeError:  # a value that cannot be looked up, and is none that may be
            return options_of(**asked)

    async def embed(self, texts: Sequence[str], options: Options, *, together: bool = False) -> EmbedResult:
        """Return the texts' vectors, in order; `together`, each is read as a part of the document they make up."""
        embedder = self.embedder
        if together:
            return await read_together(embedder.generator, texts, options, embedder.cache)
        if fit_one(texts, looked_up=embedder.cache is not None):
            return (await through(embedder.generator, Window(0, list(texts)), options, embedder.cache)).result
        return await embedder.embed_quietly(list(texts), options, None)

    def card(self) -> ModelCard:
        """Return what is told of it."""
        generator, about = self.embedder.generator, self.embedder.metadata
        folder = beneath(generator, ModelFolder)
        identity = generator.identity(GenerationOptions()) if isinstance(generator, Identifies) else None
        revision = identity.space.revision if identity else None
        return ModelCard(
            self.name,
            about.dimensions or None,
            about.max_tokens or None,
            about.provider,
            self.created,
            about.model,
            (revision or "").removeprefix("sha256:"),
            sum(path.stat().st_size for path in folder.files) if folder else 0,
            folder.pooling if folder else "mean",
            tuple(identity.sizes) if identity else (),
            (),
            self.aliases,
        )


@lru_cache(maxsize=1024, typed=True)
def options_seen(asked: tuple[tuple[str, Any], ...]) -> Options:
    """Return what is asked, checked once for all requests that ask the same."""
    return options_of(**dict(asked))


def beneath(generator: Any, kind: type[Any]) -> Any:
    """Return what lies beneath a generator, if it is a `kind`."""
    service = getattr(generator, "get_service", None)
    return service(kind) if service else None


class Menu:
    """The models served, by every name that means them."""

    def __init__(self, models: Iterable[Served]) -> None:
        self.models = tuple(models)
        if not self.models:
            raise ConfigError("a server needs a model to serve: name one")
        self.by_name: dict[str, Served] = {}
        for model in self.models:
            for name in (model.name, *model.aliases):
                if name in self.by_name:
                    raise ConfigError(f"{name!r} is two of the models served: give one of them another alias")
                self.by_name[name] = model
        self.cards: Mapping[str, ModelCard] = {model.name: model.card() for model in self.models}

    @property
    def default(self) -> Served:
        """The one that answers where a request names none."""
        return self.models[0]

    def find(self, name: str | None, caller: Caller) -> Served:
        """Return the model of a name that a caller may use; raise `Problem`, which tells them of no other, for none."""
        if name is None or name == "":
            caller.check_model(self.default.name)
            return self.default
        for spelling in (name, name.removesuffix(LATEST), name.removeprefix("models/")):
            if found := self.by_name.get(spelling):
                caller.check_model(found.name)
                return found
        seen = [each for each, served in self.by_name.items() if caller.may_use(served.name)]
        shown = name if len(name) <= 100 and name.isprintable() else name[:100].encode("ascii", "replace").decode()  # noqa: PLR2004 (enough to recognise it)
        raise Problem(
            "model",
            f"the model {shown!r} is not served here: {', '.join(seen) or 'none'} are; "
            f"the operator can add --alias {shown}={seen[0] if seen else 'MODEL'}",
            param="model",
        )

    def seen_by(self, caller: Caller) -> list[ModelCard]:
        """Return what is told of the models that a caller may use."""
        return [card for name, card in self.cards.items() if caller.may_use(name)]

    async def aclose(self) -> None:
        """Give all models back."""
        await asyncio.gather(*(model.embedder.aclose() for model in self.models))
