"""How vectors may have been made of texts by one model: its files' way, and the ways in which people stray from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vecsmith.local.modules import POOLINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vecsmith.local import LocalGenerator

__all__ = ["Recipe", "limits", "own", "prompts", "strayed"]

LIMITS = (128, 256, 384, 512)
"""Tokens that tools cut texts to where nobody tells them."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """One way from a text to its vector, before it is cut and normalised."""

    prompt: str
    pooling: str | None = None
    """None for the model's own, and all that follows it."""
    limit: int | None = None
    """Tokens read of a text; None for what the model's files say."""
    start: bool = False
    """Whether a text that is too long loses its beginning."""
    lower: bool = False
    """Whether texts were put into lower case."""

    def differences(self, usual: Recipe, said: str) -> list[str]:
        """Say what is not as the model's files have it; `said` is the pooling that they name."""
        told = []
        if self.pooling is not None:
            told.append(f"another pooling: {self.pooling} where the model's files say {said}")
        if self.prompt and not usual.prompt:
            told.append(f"made with the prompt {self.prompt!r}")
        elif self.prompt != usual.prompt:
            told.append(
                f"made without the prompt {usual.prompt!r}" + (f", with {self.prompt!r}" if self.prompt else "")
            )
        if self.limit is not None:
            told.append(f"texts were cut to {self.limit} tokens")
        if self.start:
            told.append("long texts lost their beginning, not their end")
        if self.lower:
            told.append("texts were put into lower case")
        return told


def own(generator: LocalGenerator) -> Recipe:
    """Return the way of a model's own files for documents."""
    from vecsmith.providers import GenerationOptions

    return Recipe(generator.prompt(GenerationOptions(task="retrieval_document")))


def prompts(generator: LocalGenerator) -> Sequence[str]:
    """Return every prompt that the model, or its family, has for something, and none."""
    known = [*generator.prompts.own.values(), *generator.prompts.table().values(), generator.prompts.default, ""]
    return list(dict.fromkeys(prompt.replace("{title}", "none") for prompt in known))


def strayed(generator: LocalGenerator) -> Iterator[Recipe]:
    """Yield a recipe for each prompt and each pooling, the model's own first."""
    modules = generator.folder.modules
    usual = own(generator)
    others = () if modules.steps else tuple(mode for mode in POOLINGS.values() if (mode,) != modules.modes)
    for prompt in [usual.prompt, *(prompt for prompt in prompts(generator) if prompt != usual.prompt)]:
        yield Recipe(prompt)
        yield from (Recipe(prompt, pooling) for pooling in others)


def limits(recipe: Recipe, generator: LocalGenerator) -> Iterator[Recipe]:
    """Yield a recipe with other limits, and other sides to cut, and in lower case."""
    most = generator.folder.max_tokens
    config = generator.folder.config
    table = config.get("max_position_embeddings", config.get("n_positions"))
    whole = table if isinstance(table, int) and table > most else None
    for limit in sorted({*(limit for limit in LIMITS if limit < most), *([whole] if whole else [])}):
        yield replace(recipe, limit=limit)
    yield replace(recipe, start=True)
    yield replace(recipe, lower=True)
