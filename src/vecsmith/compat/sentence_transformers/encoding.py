"""Texts to vectors, in the forms that ``encode`` returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.opened import tell_cut
from vecsmith.compat.sentence_transformers.arrays import as_tensor
from vecsmith.compat.sentence_transformers.quantization import PRECISIONS, quantize_embeddings
from vecsmith.compat.sentence_transformers.similarity import units
from vecsmith.compat.sentence_transformers.tokenizer import tensor_or_array
from vecsmith.errors import InputError
from vecsmith.portal import run
from vecsmith.prepare import prepare
from vecsmith.providers import GenerationOptions

if TYPE_CHECKING:
    from vecsmith.compat.sentence_transformers.arrays import Numbers
    from vecsmith.compat.sentence_transformers.loading import Loaded
    from vecsmith.local.tokens import Encoded
    from vecsmith.options import CallOptions
    from vecsmith.types import EmbedResult, Floats

__all__ = ["Wanted", "sentence_vectors", "texts_of", "token_vectors"]

ADVICE = "cut it into parts, or set max_seq_length where the model can read more"

VALUES = ("sentence_embedding", "token_embeddings", None)
TASKS = {"query": "retrieval_query", "document": "retrieval_document"}
"""What a service is told; a model on this machine has prompts alone."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call of ``encode`` asks for, checked."""

    prompt: str
    task: str | None
    output_value: str | None
    precision: str
    tensor: bool
    numpy: bool
    normalize: bool
    width: int | None
    """Numbers of each vector that are kept; None for all."""
    shown: bool
    """Whether a bar shows how far it is."""

    def __post_init__(self) -> None:
        if self.output_value not in VALUES:
            raise ArgumentError(
                f"output_value is 'sentence_embedding', 'token_embeddings' or None, not {self.output_value!r}"
            )
        if self.precision not in PRECISIONS:
            raise ArgumentError(f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}")
        if self.precision != "float32" and self.output_value != "sentence_embedding":
            raise ArgumentError("precision is for sentence embeddings: leave it out, or output_value")

    def finished(self, vectors: Floats) -> Any:
        """Return vectors (n, d) cut, then normalised, then quantised, in the form that is asked for."""
        x: Numbers = vectors[:, : self.width]
        x = np.ascontiguousarray(units(x) if self.normalize else x)
        if len(x) and self.precision != "float32":
            x = quantize_embeddings(x, self.precision)
        if self.numpy and not self.tensor:
            return x if len(x) else np.array([])
        tensor = as_tensor(x if len(x) else np.empty(0, np.float32))
        return tensor if self.tensor else list(tensor)


def texts_of(inputs: object) -> tuple[list[str], bool]:
    """Return the texts to embed, and whether it is one alone; raise `InputError` for what is no text."""
    if isinstance(inputs, np.ndarray):
        inputs = inputs.tolist()  # a string of an array without dimensions
    if isinstance(inputs, str):
        return [inputs], True
    if isinstance(inputs, bytes | dict) or not isinstance(inputs, Iterable):
        raise InputError(f"encode takes a string or a list of strings, not {type(inputs).__name__}")
    return list(inputs), False


def sentence_vectors(loaded: Loaded, texts: list[str], wanted: Wanted) -> Floats:
    """Return the model's own vectors, (n, d), after warning of texts that were cut."""
    options: CallOptions = {"on_long": "truncate"}
    if loaded.local is not None or wanted.prompt:
        options["prompt"] = wanted.prompt  # the empty one, too: those that vecsmith knows are not the original's
    elif wanted.task is not None:
        options["task"] = TASKS[wanted.task]
    parts = with_bar(loaded, texts, options) if wanted.shown else [loaded.embedder.embed(texts, **options)]
    tell_cut((dropped for part in parts for dropped in part.items.dropped), ADVICE)
    return np.concatenate([part.vectors for part in parts]) if parts else np.empty((0, 0), np.float32)


def with_bar(loaded: Loaded, texts: list[str], options: CallOptions) -> list[EmbedResult]:
    """Embed part by part, and show how many texts are done."""
    from huggingface_hub.utils import tqdm

    parts = []
    with tqdm(total=len(texts), desc="Texts", unit="text") as bar:
        for part in loaded.embedder.stream(texts, **options):
            parts.append(part)
            bar.update(len(part.items))
    return parts


def token_vectors(loaded: Loaded, texts: list[str], wanted: Wanted) -> list[Any]:
    """Return the vectors of each text's tokens before pooling, (tokens, width), special tokens included.

    Where ``output_value`` is None, a mapping of all that the model makes of each text.
    """
    local = loaded.local
    if local is None:
        raise ArgumentError("a service gives no vectors of tokens: leave output_value out")
    ready = prepare(texts).texts
    told = GenerationOptions(prompt=wanted.prompt)

    async def computed() -> tuple[Encoded, list[Floats]]:
        encoded = await local.encode(ready, told)
        return encoded, await local.unpooled(encoded)

    encoded, vectors = run(computed())
    tell_cut(encoded.dropped, ADVICE)
    tokens = list(map(tensor_or_array, vectors))
    if wanted.output_value == "token_embeddings":
        return tokens
    pooled = sentence_vectors(loaded, texts, wanted)[:, : wanted.width]
    ids = [np.asarray(row, np.int64) for row in encoded.rows]
    return [
        {
            "input_ids": tensor_or_array(row),
            "attention_mask": tensor_or_array(np.ones_like(row)),
            "token_embeddings": each,
            "sentence_embedding": tensor_or_array(vector),
        }
        for row, each, vector in zip(ids, tokens, pooled, strict=True)
    ]
