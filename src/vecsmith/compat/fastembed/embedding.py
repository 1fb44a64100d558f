"""`TextEmbedding`, on vecsmith's embedder."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecsmith.compat.errors import ArgumentError, ArgumentTypeError, MissingModel
from vecsmith.compat.fastembed.supported import Supported, add, described, supported
from vecsmith.compat.opened import check_providers, local_of, opened, tell_cut
from vecsmith.errors import ConfigError
from vecsmith.providers import GenerationOptions
from vecsmith.sync import Embedder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from vecsmith.compat.fastembed.common.model_description import ModelSource, PoolingType
    from vecsmith.options import CallOptions
    from vecsmith.types import Floats

__all__ = ["TextEmbedding"]

POOLINGS = {"CLS": "cls", "MEAN": "mean", "LAST_TOKEN": "lasttoken"}
FURTHER = frozenset({"enable_cpu_mem_arena", "local_files_only", "mmap", "specific_model_path"})
"""What the original takes beside the arguments that it names."""

ADVICE = "cut it into parts before"


class TextEmbedding:
    """Turns texts into vectors with one model.

    Args:
        model_name: One of `list_supported_models`, in any case, or any other name that vecsmith knows, such as
            ``minilm``. What is not here is downloaded.
        cache_dir: Not used: models are in the cache of Hugging Face, where HF_HUB_CACHE says.
        threads: Cores to compute with; None for those this process may use.
        providers: Those of onnxruntime; another than the processor's is warned of and not used.
        cuda: As `providers`; ``auto`` and False are the processor.
        device_ids: Not used.
        lazy_load: Whether the model is opened by the first call, and not here.
        **kwargs: ``specific_model_path``, a folder that holds the model; ``local_files_only``, whether nothing is
            downloaded; others of the original are not used.

    Raises `MissingModel`, a `ValueError`, where there is no such model or it cannot be brought here.
    """

    def __init__(  # noqa: PLR0917 (the original's)
        self,
        model_name: str = "BAAI/bge-small-en-v1.5",
        cache_dir: str | None = None,
        threads: int | None = None,
        providers: Sequence[Any] | None = None,
        cuda: bool | str = "auto",  # noqa: FBT001 (the original's)
        device_ids: Sequence[int] | None = None,
        lazy_load: bool = False,  # noqa: FBT001, FBT002 (the original's)
        **kwargs: Any,
    ) -> None:
        unknown = [name for name in kwargs if name not in FURTHER]
        if unknown:
            raise ArgumentTypeError(f"TextEmbedding has no option {unknown[0]!r} here: leave it out")
        check_providers(providers, cuda=cuda)
        self.model_name, self.cache_dir, self.threads = model_name, cache_dir, threads
        self.device_ids = device_ids
        self._row = supported(model_name)
        folder = kwargs.get("specific_model_path")
        self._from: str | Path = Path(folder) if folder else (self._row.repository if self._row else model_name)
        self._offline = bool(kwargs.get("local_files_only"))
        self._opened: Embedder | None = None
        self._lock = threading.Lock()
        if not lazy_load:
            self._embedder()

    def _embedder(self) -> Embedder:
        """Return the open model."""
        with self._lock:
            if self._opened is None:
                if self._row is not None and self._row.pooling is not None:
                    found = pooled(self._row, self._from, threads=self.threads, offline=self._offline)
                else:
                    found = opened(self._from, threads=self.threads, offline=self._offline)
                self._opened = found if self._row is None else checked(found, self._row)
            return self._opened

    @classmethod
    def list_supported_models(cls) -> list[dict[str, Any]]:
        """Return the models that the original has and that can be computed here, and those added."""
        return described()

    @classmethod
    def add_custom_model(  # noqa: PLR0917 (the original's)
        cls,
        model: str,
        pooling: PoolingType,
        normalization: bool,  # noqa: FBT001 (the original's)
        sources: ModelSource,
        dim: int,
        model_file: str = "onnx/model.onnx",
        description: str = "",
        license: str = "",  # noqa: A002 (the original's)
        size_in_gb: float = 0.0,
        additional_files: Sequence[str] | None = None,  # noqa: ARG003 (all of a model's files are brought)
        output_name: str | None = None,
    ) -> None:
        """Add a model of any name, for this process: from a Hugging Face id, or from ``specific_model_path``.

        `model_file` is not used: weights in safetensors come before ``model.onnx``. Raises `ArgumentError` for a name
        that is taken, and for a model that pools in its own graph.
        """
        if output_name is not None:
            raise ArgumentError("output_name cannot be honoured: name a pooling of the tokens' vectors")
        add(Supported(model, dim, license, size_in_gb, normalization, pooling, sources, description, model_file))

    def embed(
        self, documents: str | Iterable[str], batch_size: int = 256, parallel: int | None = None, **_: object
    ) -> Iterator[Floats]:
        """Yield the vector of each text, (d,) float32, in order and in bounded memory.

        Args:
            documents: A string, or any iterable of strings, which is read as the vectors are taken.
            batch_size: Not used: texts are put together as suits the model.
            parallel: Not used: all cores of this process are.

        Raises `InputError`, a `ValueError`, for what is no text, and warns where one is cut.
        """
        if batch_size < 1 or (parallel is not None and parallel < 0):
            raise ArgumentError("batch_size is from 1 up, and parallel from 0 up")
        embedder, row = self._embedder(), self._row
        options: CallOptions = {"on_long": "truncate", "normalize": None if row is None else row.normalize}
        if local_of(embedder) is not None:
            options["prompt"] = ""  # the original puts none
        told = False
        for part in embedder.stream([documents] if isinstance(documents, str) else documents, **options):
            if not told and any(part.items.dropped):
                tell_cut(part.items.dropped, ADVICE)
                told = True
            yield from part.vectors

    def passage_embed(self, texts: Iterable[str], **kwargs: Any) -> Iterator[Floats]:
        """Yield what `embed` does: no prompt stands before a text."""
        yield from self.embed(texts, **kwargs)

    def query_embed(self, query: str | Iterable[str], **kwargs: Any) -> Iterator[Floats]:
        """Yield what `embed` does: no prompt stands before a query."""
        yield from self.embed(query, **kwargs)

    @property
    def embedding_size(self) -> int:
        """How many numbers a vector has."""
        return self._row.dim if self._row else self._embedder().metadata.dimensions

    @classmethod
    def get_embedding_size(cls, model_name: str) -> int:
        """Return how many numbers a vector of a listed model has; raise `ArgumentError` for another."""
        row = supported(model_name)
        if row is None:
            raise ArgumentError(f"{model_name!r} is not listed: list_supported_models() has those that are")
        return row.dim

    def token_count(self, texts: str | Iterable[str], batch_size: int = 1024, **_: object) -> int:
        """Return how many tokens the model reads of texts together, special tokens included."""
        if batch_size < 1:
            raise ArgumentError("batch_size is from 1 up")
        local = local_of(self._embedder())
        if local is None:
            raise ArgumentError("a service does not tell how it cuts texts into tokens")
        return local.estimate([texts] if isinstance(texts, str) else list(texts), GenerationOptions(prompt="")).tokens


def checked(embedder: Embedder, row: Supported) -> Embedder:
    """Return a model; raise `MissingModel` where its vectors are not as wide as its row says."""
    width = embedder.metadata.dimensions
    if width != row.dim:
        embedder.close()
        raise MissingModel(f"the model has vectors of {width} dimensions, and {row.model!r} is listed with {row.dim}")
    return embedder


def pooled(row: Supported, model: str | Path, *, threads: int | None, offline: bool) -> Embedder:
    """Open a model of this machine or of the hub that pools as its row says, whatever its own files do."""
    from vecsmith.local import LocalGenerator
    from vecsmith.local.catalog import find
    from vecsmith.local.folder import read_folder

    try:
        found = find(model, download=not offline)
        own = read_folder(found.folder, found.name, trusted=found.bundled)
        modules = replace(own.modules, modes=(POOLINGS[str(row.pooling)],), guessed=False)
        return Embedder.from_generator(LocalGenerator.open(replace(own, modules=modules), threads=threads))
    except ConfigError as error:
        raise MissingModel(str(error)) from None
