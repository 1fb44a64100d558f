"""Sessions with the shape of the edge functions' ``Supabase.ai.Session``: one text in, a plain list of floats out."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self, cast

from vecsmith.client import AsyncEmbedder
from vecsmith.errors import ConfigError, EmbedWarning, InputError
from vecsmith.portal import run

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["AsyncSession", "Session"]


class AsyncSession:
    """One local model for one text at a time; texts that wait together share batches."""

    def __init__(self, model: str | Path = "minilm") -> None:
        self._embedder = AsyncEmbedder(model)
        self._warned = False

    async def run(self, text: str, *, mean_pool: bool = True, normalize: bool = True) -> list[float]:
        """Return the vector of a text, or of all its tokens.

        Args:
            text: One string; cut where it is longer than the model reads, with one warning in a session.
            mean_pool: Average the tokens' vectors into one of (dimensions,) numbers; otherwise return
                tokens × dimensions numbers in one list, special tokens included.
            normalize: Divide by the Euclidean norm; without ``mean_pool`` by one norm over the whole list.
        """
        from vecsmith.local import LocalGenerator
        from vecsmith.postprocess import check
        from vecsmith.postprocess import normalize as unit
        from vecsmith.prepare import prepare
        from vecsmith.providers import GenerationOptions

        if not isinstance(text, str):
            raise InputError(f"run takes one string, not {type(text).__name__}: call it once for each text")
        (readable,) = prepare([text]).texts
        local = await self._embedder.open()
        if not isinstance(local, LocalGenerator):
            raise ConfigError("a session needs a local model")
        if mean_pool and local.folder.pooling == "mean":
            generated = await local.generate([readable], GenerationOptions(normalize=normalize))
            self._look(sum(generated.dropped or ()))
            return cast("list[float]", generated.vectors[0].tolist())
        encoded = await local.encode([readable], GenerationOptions())
        self._look(sum(encoded.dropped))
        (vectors,) = await local.unpooled(encoded)  # (tokens, dimensions)
        check(vectors)
        flat = vectors.mean(axis=0) if mean_pool else vectors.reshape(-1)
        return cast("list[float]", (unit(flat) if normalize else flat).tolist())

    def _look(self, dropped: int) -> None:
        """Warn once in a session of a text that is cut."""
        if dropped > 0 and not self._warned:
            self._warned = True
            message = f"a text was longer than the model reads, and {dropped} tokens at its end were not read"
            warnings.warn(message, EmbedWarning, stacklevel=3)

    async def aclose(self) -> None:
        """Give the model back."""
        await self._embedder.aclose()

    async def __aenter__(self) -> Self:
        await self._embedder.open()
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()


class Session:
    """The blocking form of `AsyncSession`; the model is loaded here."""

    def __init__(self, model: str | Path = "minilm") -> None:
        self._session = AsyncSession(model)
        run(self._session.__aenter__())

    def run(self, text: str, *, mean_pool: bool = True, normalize: bool = True) -> list[float]:
        """Return the vector of a text, or of all its tokens; `AsyncSession.run` says more."""
        return run(self._session.run(text, mean_pool=mean_pool, normalize=normalize))

    def close(self) -> None:
        """Give the model back."""
        run(self._session.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()
