"""Embeddings for LlamaIndex, by any model that vecsmith has.

    >>> from vecsmith.compat.llama_index import VecsmithEmbedding
    >>> len(VecsmithEmbedding().get_query_embedding("hello"))
    384

`HuggingFaceEmbedding` takes the arguments of the class of this name in ``llama_index.embeddings.huggingface``, so that
only the import changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.held import Wanted
from vecsmith.compat.missing import needs
from vecsmith.compat.naming import model_of
from vecsmith.compat.opened import check_devices
from vecsmith.compat.sentence import loading
from vecsmith.errors import ConfigError
from vecsmith.notices import ADVICE

with needs("llama-index-core"):
    from llama_index.core.base.embeddings.base import BaseEmbedding
    from llama_index.core.callbacks import CallbackManager  # noqa: TC002 (pydantic reads annotations)
    from pydantic import ConfigDict, Field, PositiveInt, field_validator

    from vecsmith.compat.framework import Chosen, Holding

if TYPE_CHECKING:
    from vecsmith.options import CallOptions
    from vecsmith.providers import Generates

__all__ = ["HuggingFaceEmbedding", "VecsmithEmbedding"]

SEARCH = "Represent this question for searching relevant passages: "
SEARCH_ZH = "为这个句子生成表示以用于检索相关文章："  # noqa: RUF001 (the colon is a full-width one)

INSTRUCTIONS = {
    f"BAAI/bge-{size}-{language}{version}": SEARCH_ZH if language == "zh" else SEARCH
    for size in ("small", "base", "large")
    for language in ("en", "zh")
    for version in ("", "-v1.5")
}
"""What the original puts before queries by the model's name, where its caller gives no instruction."""

DEPRECATED = "deprecated"
BATCH = 10
"""Texts in a call, as the original has it."""


class Base(Holding, BaseEmbedding):
    """The methods that `BaseEmbedding` calls."""

    model_config = ConfigDict(extra="forbid")
    advice: ClassVar[str] = "split them, or choose what happens with VecsmithEmbedding and on_long"

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vectors([query], query=True)[0]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return (await self._avectors([query], query=True))[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vectors([text])[0]

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return (await self._avectors([text]))[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._vectors(texts)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await self._avectors(texts)


class VecsmithEmbedding(Chosen, Base):
    """Embeddings by any model that `vecsmith.Embedder` takes, with the prompts that it was trained with.

    The model is loaded here, and one that cannot be loaded raises `vecsmith.ConfigError` here.
    """

    advice: ClassVar[str] = ADVICE

    model_name: str = "minilm"
    """``minilm`` (inside the package), a folder, a Hugging Face id, ``provider:model``, or a profile."""
    embed_batch_size: int = Field(default=256, gt=0, le=2048)
    """Texts in a call; the vectors do not depend on it."""

    @field_validator("model_name", mode="before")
    @classmethod
    def named(cls, value: object) -> object:
        """Take a folder as a path, too."""
        return str(value.absolute()) if isinstance(value, Path) else value

    @classmethod
    def class_name(cls) -> str:
        """Return the name that serialised ones carry."""
        return "VecsmithEmbedding"

    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        return self.opening(self.model_name)


class HuggingFaceEmbedding(Base):
    """``llama_index.embeddings.huggingface.HuggingFaceEmbedding`` without sentence-transformers, for texts.

    Arguments and vectors are the same. As there, the instruction before a query is the one that is given, or that of
    the model's name, and never one from the model's own files. What cannot be honoured raises `vecsmith.ConfigError`,
    and docs/llama-index.md says what each argument does.
    """

    max_length: PositiveInt | None = None
    """The longest text that is read, in tokens; the model's own limit where none was given."""
    normalize: bool = True
    query_instruction: str | None = None
    text_instruction: str | None = None
    cache_folder: str | None = None
    """Where models of the hub are kept; None for the machine's Hugging Face cache."""
    show_progress_bar: bool = False
    """Accepted; no bar is drawn."""
    trust_remote_code: bool = False
    """Accepted; no code of a model is ever run."""
    device: Any = None
    """Accepted; one that is not the processor is not used, and warned of."""
    load_kwargs: dict[str, Any] = Field(default_factory=dict)
    """What else ``SentenceTransformer`` takes."""

    def __init__(  # noqa: PLR0917 (the original's)
        self,
        model_name: str = "BAAI/bge-small-en",
        tokenizer_name: str | None = DEPRECATED,
        pooling: str = DEPRECATED,
        max_length: int | None = None,
        query_instruction: str | None = None,
        text_instruction: str | None = None,
        normalize: bool = True,  # noqa: FBT001, FBT002 (the original's)
        model: Any = DEPRECATED,
        tokenizer: Any = DEPRECATED,
        embed_batch_size: int = BATCH,
        cache_folder: str | None = None,
        trust_remote_code: bool = False,  # noqa: FBT001, FBT002
        device: str | None = None,
        callback_manager: CallbackManager | None = None,
        parallel_process: bool = False,  # noqa: ARG002, FBT001, FBT002 (all cores compute)
        target_devices: list[str] | None = None,
        show_progress_bar: bool = False,  # noqa: FBT001, FBT002
        **model_kwargs: Any,
    ) -> None:
        gone = {"model": model, "tokenizer": tokenizer, "pooling": pooling, "tokenizer_name": tokenizer_name}
        for name, value in gone.items():
            if value != DEPRECATED:
                raise ArgumentError(f"{name} is deprecated in the original, too, and cannot be used: leave it out")
        own = {name: model_kwargs.pop(name) for name in [*model_kwargs] if name in type(self).model_fields}
        given: dict[str, Any] = {
            "model_name": model_name,
            "max_length": max_length or None,
            "query_instruction": query_instruction,
            "text_instruction": text_instruction,
            "normalize": normalize,
            "embed_batch_size": embed_batch_size,
            "cache_folder": cache_folder,
            "trust_remote_code": trust_remote_code,
            "device": device,
            "callback_manager": callback_manager,
            "show_progress_bar": show_progress_bar,
            "load_kwargs": {**own.pop("load_kwargs", {}), **model_kwargs},
        }
        super().__init__(**given, **own)
        check_devices(device, *(target_devices or ()))
        self.max_length = self._held.limit(self.wanted())
        self._held.same(self.wanted())

    @classmethod
    def class_name(cls) -> str:
        """Return the name that serialised ones carry."""
        return "HuggingFaceEmbedding"

    def wanted(self) -> Wanted:
        """Return which model is opened, and how."""
        if "prompts" in self.load_kwargs:
            raise ConfigError("prompts are given twice: give query_instruction and text_instruction alone")
        told = loading({"cache_folder": self.cache_folder, **self.load_kwargs})
        return Wanted(
            model_of(self.model_name),
            revision=told.revision,
            cache_folder=told.cache_folder,
            compute=told.compute,
            local_files_only=told.local_files_only,
            max_tokens=self.max_length or told.max_tokens,
        )

    def asks(self, generator: Generates, *, query: bool) -> CallOptions:  # noqa: ARG002 (as the other)
        """Return what a call asks of the model."""
        given = self.query_instruction if query else self.text_instruction
        return {
            "prompt": given or (INSTRUCTIONS.get(self.model_name, "") if query else ""),
            "normalize": True if self.normalize else None,
            "dimensions": self.load_kwargs.get("truncate_dim"),
        }
