"""Texts to vectors, of whole texts and of their tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.opened import tell_cut
from vecsmith.compat.sentence_transformers.tokenizer import tensor_or_array
from vecsmith.errors import InputError
from vecsmith.portal import run
from vecsmith.prepare import prepare
from vecsmith.providers import GenerationOptions

if TYPE_CHECKING:
    from vecsmith.compat.sentence_transformers.loading import Loaded
    from vecsmith.compat.sentence_transformers.returned import Wanted
    from vecsmith.local.tokens import Encoded
    from vecsmith.options import CallOptions
    from vecsmith.types import EmbedResult, Floats

__all__ = ["Told", "encoded", "sentence_vectors", "texts_of", "token_vectors"]

ADVICE = "cut it into parts, or set max_seq_length where the model can read more"

TASKS = {"query": "retrieval_query", "document": "retrieval_document"}
"""What a service is told; a model on this machine has prompts alone."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the model is told of a call's texts."""

    prompt: str
    """What stands before each; empty for nothing."""
    task: str | None = None
    shown: bool = False
    """Whether a bar shows how far it is."""


def encoded(loaded: Loaded, texts: list[str], told: Told, wanted: Wanted) -> Any:
    """Return what a call of ``encode`` wants of texts."""
    if wanted.output_value == "sentence_embedding":
        found = wanted.finished(sentence_vectors(loaded, texts, told))
    else:
        found = token_vectors(loaded, texts, told, wanted)
    return found[0] if wanted.single else found


def texts_of(inputs: object) -> tuple[list[str], bool]:
    """Return the texts to embed, and whether it is one alone; raise `InputError` for what is no text."""
    if isinstance(inputs, np.ndarray):
        inputs = inputs.tolist()  # a string of an array without dimensions
    if isinstance(inputs, str):
        return [inputs], True
    if isinstance(inputs, bytes | dict) or not isinstance(inputs, Iterable):
        raise InputError(f"encode takes a string or a list of strings, not {type(inputs).__name__}")
    return list(inputs), False


def sentence_vectors(loaded: Loaded, texts: list[str], told: Told) -> Floats:
    """Return the model's own vectors, (n, d), after warning of texts that were cut."""
    options: CallOptions = {"on_long": "truncate"}
    if loaded.local is not None or told.prompt:
        options["prompt"] = told.prompt  # the empty one, too: those that vecsmith knows are not the original's
    elif told.task is not None:
        options["task"] = TASKS[told.task]
    parts = with_bar(loaded, texts, options) if told.shown else [loaded.embedder.embed(texts, **options)]
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


def token_vectors(loaded: Loaded, texts: list[str], told: Told, wanted: Wanted) -> list[Any]:
    """Return the vectors of each text's tokens before pooling, (tokens, width), special tokens included.

    Where ``output_value`` is None, a mapping of all that the model makes of each text.
    """
    local = loaded.local
    if local is None:
        raise ArgumentError("a service gives no vectors of tokens: leave output_value out")
    ready = prepare(texts).texts
    options = GenerationOptions(prompt=told.prompt)

    async def computed() -> tuple[Encoded, list[Floats]]:
        encoded = await local.encode(ready, options)
        return encoded, await local.unpooled(encoded)

    encoded, vectors = run(computed())
    tell_cut(encoded.dropped, ADVICE)
    tokens = list(map(wanted.each, vectors))
    if wanted.output_value == "token_embeddings":
        return tokens
    pooled = sentence_vectors(loaded, texts, told)[:, : wanted.width]
    ids = [np.asarray(row, np.int64) for row in encoded.rows]
    return [
        {
            "input_ids": tensor_or_array(row),
            "attention_mask": tensor_or_array(np.ones_like(row)),
            "token_embeddings": each,
            "sentence_embedding": wanted.each(vector),
        }
        for row, each, vector in zip(ids, tokens, pooled, strict=True)
    ]
