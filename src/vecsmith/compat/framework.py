"""What the drop-ins for frameworks share: pydantic models over an embedder that copies and pickles leave behind.

Pydantic is what the frameworks bring: this is imported where one is known to be there.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, PrivateAttr, SecretStr

from vecsmith.compat.held import Held, Wanted
from vecsmith.types import Compute, OnLong  # noqa: TC001 (pydantic reads annotations)

if TYPE_CHECKING:
    from pathlib import Path

    from vecsmith.options import CallOptions
    from vecsmith.providers import Generates

__all__ = ["Chosen", "Holding"]


class Holding(BaseModel):
    """Vectors of texts and of queries, by the model that a class wants."""

    model_config = ConfigDict(protected_namespaces=(), hide_input_in_errors=True)
    advice: ClassVar[str]
    """What a caller can do whose texts are cut."""
    _held: Held = PrivateAttr(default_factory=Held)

    def model_post_init(self, context: Any, /) -> None:
        """Load the model, and see that what is given can be honoured."""
        super().model_post_init(context)
        self._held.check(self.wanted(), partial(self.asks, query=False), partial(self.asks, query=True))

    # Neither is abstract: LlamaIndex records what abstract methods return, and this may hold a key.
    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        raise NotImplementedError

    def asks(self, generator: Generates, *, query: bool) -> CallOptions:
        """Return what a call asks of the model."""
        raise NotImplementedError

    def _vectors(self, texts: list[str], *, query: bool = False) -> list[list[float]]:
        return self._held.embed(self.wanted(), texts, partial(self.asks, query=query), self.advice)

    async def _avectors(self, texts: list[str], *, query: bool = False) -> list[list[float]]:
        return await self._held.aembed(self.wanted(), texts, partial(self.asks, query=query), self.advice)

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied._held = Held()  # noqa: SLF001 (its own)
        return copied


class Chosen(BaseModel):
    """What can be chosen where a class is vecsmith's own: the arguments of `vecsmith.Embedder` and of its calls."""

    model_config = ConfigDict(protected_namespaces=(), hide_input_in_errors=True)

    dimensions: PositiveInt | None = None
    """Width of the vectors; None for the model's own."""
    normalize: bool | None = None
    """Scale to length one; None for what the model's own files say."""
    document_task: str | None = "retrieval_document"
    """What the vectors of documents are for, which decides the prompt; None for none."""
    query_task: str | None = "retrieval_query"
    """What the vectors of queries are for."""
    document_prompt: str | None = None
    """Put before every document instead of the task's prompt."""
    query_prompt: str | None = None
    """Put before every query instead."""
    on_long: OnLong | None = None
    """What happens to a text longer than the model reads; None for ``truncate`` with a warning."""
    cache: Any = None
    """Where vectors are kept for later calls: a path, ``memory``, True, or a `vecsmith.cache.Cache`."""
    api_key: SecretStr | None = Field(default=None, exclude=True)
    """The key of a provider; None for the one in its variable. It is neither shown nor serialised."""
    base_url: str | None = None
    """The address of a provider; without a provider's name, of any service that copies OpenAI's."""
    revision: str | None = None
    """The revision of a Hugging Face id."""
    timeout: PositiveFloat | None = None
    """Seconds that a call may take."""
    concurrency: PositiveInt | None = None
    """Requests to a provider at once, at most."""
    threads: PositiveInt | None = None
    """Cores to compute with; None for those this process may use."""
    compute: Compute = "auto"
    """The arithmetic."""

    def opening(self, model: str | Path) -> Wanted:
        """Return how a model is opened."""
        return Wanted(
            model,
            api_key=self.api_key.get_secret_value() if self.api_key else None,
            base_url=self.base_url,
            revision=self.revision,
            cache=self.cache,
            timeout=self.timeout,
            concurrency=self.concurrency,
            threads=self.threads,
            compute=self.compute,
        )

    def asks(self, generator: Generates, *, query: bool) -> CallOptions:  # noqa: ARG002 (as in `Holding`)
        """Return what a call asks of the model."""
        return {
            "task": self.query_task if query else self.document_task,
            "prompt": self.query_prompt if query else self.document_prompt,
            "dimensions": self.dimensions,
            "normalize": self.normalize,
            "on_long": self.on_long,
        }
