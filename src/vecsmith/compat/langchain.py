"""Embeddings for LangChain, by any model that vecsmith has.

    >>> from vecsmith.compat.langchain import VecsmithEmbeddings
    >>> len(VecsmithEmbeddings().embed_query("hello"))
    384

`HuggingFaceEmbeddings` and `FastEmbedEmbeddings` take the arguments of the classes of these names in
``langchain_huggingface`` and ``langchain_community``, so that only the import changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence  # noqa: TC003 (pydantic reads annotations)
from pathlib import Path  # noqa: TC003 (as above)
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from vecsmith.compat.held import Wanted
from vecsmith.compat.missing import needs
from vecsmith.compat.naming import model_of
from vecsmith.compat.opened import check_devices, check_providers
from vecsmith.compat.sentence import encoding, loading
from vecsmith.errors import ConfigError
from vecsmith.notices import ADVICE
from vecsmith.prepare import as_texts

with needs("langchain-core"):
    from langchain_core.embeddings import Embeddings
    from pydantic import ConfigDict, Field, PositiveInt

    from vecsmith.compat.framework import Chosen, Holding

if TYPE_CHECKING:
    from vecsmith.options import CallOptions
    from vecsmith.providers import Generates

__all__ = ["FastEmbedEmbeddings", "HuggingFaceEmbeddings", "VecsmithEmbeddings"]

PLAIN = frozenset(
    {
        "intfloat/multilingual-e5-large",
        "nomic-ai/nomic-embed-text-v1",
        "nomic-ai/nomic-embed-text-v1.5",
        "nomic-ai/nomic-embed-text-v1.5-Q",
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        "sentence-transformers/paraphrase-multilingual-mpnet-base-v2",
    }
)
"""Models whose vectors fastembed leaves at their length (its ``PooledEmbedding``); all others' it normalises."""


class Base(Holding, Embeddings):
    """The four methods of LangChain's embeddings."""

    advice: ClassVar[str] = "split them, or choose what happens with VecsmithEmbeddings and on_long"

    def read(self, texts: Iterable[str]) -> list[str]:
        """Return texts as the model reads them."""
        return list(as_texts(texts))

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of the texts that are searched in, in order."""
        return self._vectors(self.read(texts))

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of what is searched with."""
        return self._vectors(self.read([text]), query=True)[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """Do what `embed_documents` does, in any event loop; cancelling stops what is in flight."""
        return await self._avectors(self.read(texts))

    async def aembed_query(self, text: str) -> list[float]:
        """Do what `embed_query` does, in any event loop; cancelling stops what is in flight."""
        return (await self._avectors(self.read([text]), query=True))[0]


class VecsmithEmbeddings(Chosen, Base):
    """Embeddings by any model that `vecsmith.Embedder` takes, with the prompts that it was trained with.

    The model is loaded here, and one that cannot be loaded raises `vecsmith.ConfigError` here.
    """

    model_config = ConfigDict(extra="forbid")
    advice: ClassVar[str] = ADVICE

    model: str | Path = "minilm"
    """``minilm`` (inside the package), a folder, a Hugging Face id, ``provider:model``, or a profile."""

    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        return self.opening(self.model)


class HuggingFaceEmbeddings(Base):
    """``langchain_huggingface.HuggingFaceEmbeddings`` without sentence-transformers: the same arguments and vectors.

    As there, no task's prompt is put before a text unless it is asked for by name. What cannot be honoured raises
    `vecsmith.ConfigError`, and docs/langchain.md says what each argument does.
    """

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    model_name: str = Field(default="sentence-transformers/all-mpnet-base-v2", alias="model")
    """Any name that `vecsmith.Embedder` takes; that of all-MiniLM-L6-v2 is the model inside the package."""
    cache_folder: str | None = None
    """Where models of the hub are kept; None for the machine's Hugging Face cache."""
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What ``SentenceTransformer`` takes."""
    encode_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What ``SentenceTransformer.encode`` takes."""
    query_encode_kwargs: dict[str, Any] = Field(default_factory=dict)
    """The same for queries; where it is empty, `encode_kwargs` are for them, too."""
    multi_process: bool = False
    """Accepted, and not needed: all cores compute."""
    show_progress: bool = False
    """Accepted; no bar is drawn."""

    def model_post_init(self, context: Any, /) -> None:
        """Load the model; warn of a device that is not used."""
        named = (self.model_kwargs, self.encode_kwargs, self.query_encode_kwargs)
        check_devices(*(given.get("device") for given in named), refused=ConfigError)  # pydantic wraps a ValueError
        super().model_post_init(context)

    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        told = loading({"cache_folder": self.cache_folder, **self.model_kwargs})
        return Wanted(
            model_of(self.model_name),
            revision=told.revision,
            compute=told.compute,
            cache_folder=told.cache_folder,
            local_files_only=told.local_files_only,
            max_tokens=told.max_tokens,
        )

    def asks(self, generator: Generates, *, query: bool) -> CallOptions:
        """Return what a call asks of the model."""
        given = (query and self.query_encode_kwargs) or self.encode_kwargs
        return encoding(given, loading(self.model_kwargs), generator)

    def read(self, texts: Iterable[str]) -> list[str]:
        """Return texts with blanks for the ends of lines, as there."""
        return [text.replace("\n", " ") if isinstance(text, str) else text for text in as_texts(texts)]


class FastEmbedEmbeddings(Base):
    """``langchain_community.embeddings.FastEmbedEmbeddings`` without fastembed: the same arguments.

    The vectors are those of the model's own weights; fastembed's are in part of quantised ones. As there, no prompt is
    put before a text.
    """

    model_config = ConfigDict(extra="allow")

    model_name: str = "BAAI/bge-small-en-v1.5"
    """Any name that `vecsmith.Embedder` takes; that of all-MiniLM-L6-v2 is the model inside the package."""
    max_length: int = 512
    """Accepted; as in fastembed, the model's own limit counts."""
    cache_dir: str | None = None
    """Where models of the hub are kept; None for the machine's Hugging Face cache."""
    threads: PositiveInt | None = None
    """Cores to compute with; None for those this process may use."""
    doc_embed_type: Literal["default", "passage"] = "default"
    """Accepted: both are the same for every model that is here."""
    batch_size: int = 256
    """Accepted, and not needed: batches are planned by their tokens."""
    parallel: int | None = None
    """Accepted, and not needed: all cores compute."""
    providers: Sequence[Any] | None = None
    """Accepted; those that do not compute on the processor are not used, and warned of."""

    def model_post_init(self, context: Any, /) -> None:
        """Load the model; warn of a device that is not used."""
        check_providers(self.providers)
        super().model_post_init(context)

    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        return Wanted(model_of(self.model_name), cache_folder=self.cache_dir, threads=self.threads)

    def asks(self, generator: Generates, *, query: bool) -> CallOptions:  # noqa: ARG002 (both sides are the same)
        """Return what a call asks of the model."""
        return {"prompt": "", "normalize": self.model_name not in PLAIN}
