"""The forms that ``encode`` returns: how wide, of which type of numbers, arrays or tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.compat.errors import ArgumentError
from vecsmith.compat.naming import ARITHMETIC, number_of
from vecsmith.compat.sentence_transformers.arrays import as_tensor, torch_or_none
from vecsmith.compat.sentence_transformers.quantization import PRECISIONS, quantize_embeddings
from vecsmith.compat.sentence_transformers.similarity import units
from vecsmith.compat.sentence_transformers.tokenizer import tensor_or_array

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vecsmith.compat.sentence_transformers.arrays import Numbers
    from vecsmith.types import Floats

__all__ = ["Wanted", "number_named"]

VALUES = ("sentence_embedding", "token_embeddings", None)
NUMBERS = {"half": "float16", "float16": "float16", "bfloat16": "bfloat16"}
"""What PyTorch calls the types of 16 bits."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call of ``encode`` gets back, checked."""

    output_value: str | None = "sentence_embedding"
    precision: str = "float32"
    single: bool = False
    """Whether it is for one text alone."""
    tensor: bool = False
    numpy: bool = True
    normalize: bool = False
    width: int | None = None
    """Numbers of each vector that are kept; None for all."""
    number: str = "float32"
    """The type of the model's numbers, and so of its vectors': ``float32``, ``float16`` or ``bfloat16``."""

    def __post_init__(self) -> None:
        if self.output_value not in VALUES:
            raise ArgumentError(
                f"output_value is 'sentence_embedding', 'token_embeddings' or None, not {self.output_value!r}"
            )
        if self.precision not in PRECISIONS:
            raise ArgumentError(f"precision must be one of {', '.join(PRECISIONS)}, not {self.precision!r}")
        if self.precision != "float32" and self.output_value != "sentence_embedding":
            raise ArgumentError("precision is for sentence embeddings: leave it out, or output_value")
        if self.single and self.precision in {"int8", "uint8"}:
            raise ArgumentError(
                f"{self.precision} needs the ranges of many vectors: encode a list, or quantise afterwards"
            )

    def finished(self, vectors: Floats) -> Any:
        """Return vectors (n, d) cut, then normalised, then quantised, in the form that is asked for."""
        x: Numbers = vectors[:, : self.width]
        x = self.numbered(np.ascontiguousarray(units(x) if self.normalize else x))
        if len(x) and self.precision != "float32":
            x = quantize_embeddings(x, self.precision)
        if self.numpy and not self.tensor:
            return x if len(x) else np.array([])
        tensor = self.tensor_of(x) if len(x) else as_tensor(np.empty(0, np.float32))
        return tensor if self.tensor else list(tensor)

    def each(self, vectors: Numbers) -> Any:
        """Return what belongs to one text as a tensor where PyTorch is installed, else as an array like one."""
        x = self.numbered(vectors)
        return tensor_or_array(x) if torch_or_none() is None else self.tensor_of(x)

    def numbered(self, vectors: Numbers) -> Numbers:
        """Return vectors as float16 where the model's numbers are; numpy has no bfloat16, and the original float32."""
        return vectors.astype(np.float16) if self.number == "float16" else vectors

    def tensor_of(self, array: Numbers) -> Any:
        """Return a tensor, of bfloat16 where the model's numbers are, unless it is of integers."""
        tensor = as_tensor(array)
        return tensor.bfloat16() if self.number == "bfloat16" and array.dtype.kind == "f" else tensor


def number_named(asked: Mapping[str, Any], config: Mapping[str, Any]) -> str:
    """Return the type of a model's numbers: the one that is asked for, else the one that its ``config.json`` says.

    Raises `ArgumentError` for one that vecsmith does not compute in, where it is asked for.
    """
    name = number_of(asked)
    if name not in ARITHMETIC:
        raise ArgumentError(f"vecsmith does not compute in {name}: ask for float32 or bfloat16, or leave dtype out")
    return NUMBERS.get(number_of(config) if name in {"auto", "none"} else name, "float32")
