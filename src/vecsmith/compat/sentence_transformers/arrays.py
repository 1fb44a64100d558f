"""Arrays in, arrays out; PyTorch's tensors in, tensors out. PyTorch is loaded where a caller asks for tensors."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from vecsmith.compat.errors import ArgumentError, ArgumentTypeError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

    Numbers = NDArray[Any]

__all__ = ["Form", "Scores", "as_tensor", "floats", "rows", "torch_or_none"]


class TopK(NamedTuple):
    """The greatest numbers and where they are."""

    values: Scores
    indices: Scores


class Scores(np.ndarray[Any, Any]):
    """A numpy array that PyTorch's functions take as a tensor, with the few methods of tensors that arrays lack."""

    def cpu(self) -> Scores:
        """Return the array itself, which is on the processor."""
        return self

    def detach(self) -> Scores:
        """Return the array itself, which has no gradient."""
        return self

    def numpy(self) -> Numbers:
        """Return a plain array over the same numbers."""
        return self.view(np.ndarray)

    def topk(self, k: int, dim: int = -1, *, largest: bool = True, sorted: bool = True) -> TopK:  # noqa: A002, ARG002 (a tensor's; always sorted)
        """Return the `k` greatest numbers along a dimension, the greatest first, and their indices."""
        ordered = np.argsort(-self if largest else self, axis=dim, kind="stable")
        places = np.take(ordered, range(k), axis=dim)
        return TopK(np.take_along_axis(self, places, axis=dim).view(Scores), places.view(Scores))

    @classmethod
    def __torch_function__(
        cls, function: Any, types: Any, arguments: tuple[Any, ...] = (), named: dict[str, Any] | None = None
    ) -> Any:
        """Give a function of PyTorch tensors instead (https://docs.pytorch.org/docs/stable/notes/extending.html)."""
        given = {name: as_given(value) for name, value in (named or {}).items()}
        return function(*map(as_given, arguments), **given)


def as_given(value: Any) -> Any:
    """Return tensors for the scores in an argument of a function of PyTorch."""
    if isinstance(value, Scores):
        return as_tensor(value)
    return type(value)(map(as_given, value)) if type(value) in {list, tuple} else value


def torch_or_none() -> ModuleType | None:
    """Return PyTorch; None where it is not installed."""
    try:
        import torch
    except ImportError:
        return None
    return torch  # type: ignore[no-any-return]


def as_tensor(array: Numbers, device: object = None) -> Any:
    """Return a tensor over the numbers of an array; raise `ArgumentError` where PyTorch is not installed."""
    torch = torch_or_none()
    if torch is None:
        raise ArgumentError(
            "tensors need PyTorch, which is not installed: pip install torch, or leave convert_to_tensor out"
        )
    return torch.from_numpy(np.require(array.view(np.ndarray), requirements="W")).to(device or "cpu")


class Form(NamedTuple):
    """The form in which a caller's vectors came, and in which scores go back."""

    tensors: bool
    device: object = None

    @classmethod
    def of(cls, *given: object) -> Form:
        """Return tensors' form where one of the values is a tensor, or a sequence of them."""
        torch = sys.modules.get("torch")
        for value in given if torch else ():
            first = value[0] if isinstance(value, list | tuple) and value else value
            if torch and isinstance(first, torch.Tensor):
                return cls(tensors=True, device=first.device)
        return cls(tensors=False)

    def __call__(self, array: Numbers) -> Any:
        """Return numbers in this form."""
        return as_tensor(array, self.device) if self.tensors else array.view(Scores)


def plain(value: Any) -> Numbers:
    """Return the numbers of an array, of a tensor on any device, or of sequences of these."""
    if hasattr(value, "detach") and not isinstance(value, np.ndarray):
        dense = value.detach().cpu()
        dense = dense.to_dense() if dense.is_sparse else dense
        return np.asarray(dense.float() if str(dense.dtype) == "torch.bfloat16" else dense)
    if isinstance(value, Sequence) and not isinstance(value, str):
        try:
            return np.asarray([plain(each) for each in value])
        except ValueError:
            raise ArgumentError("the vectors are not all of one width: give those of one model") from None
    return np.asarray(value)


def floats(value: object) -> Numbers:
    """Return numbers as float32, or as float64 where an array of those was given; `ArgumentTypeError` for others."""
    array = plain(value)
    if array.dtype.kind not in "fiub":
        raise ArgumentTypeError(f"vectors are arrays of numbers, not {type(value).__name__}")
    double = array.dtype == np.float64 and not isinstance(value, list | tuple)
    return array if double else np.asarray(array, np.float32)


def rows(value: object) -> Numbers:
    """Return numbers as `floats` does, (n, d); one vector is a row."""
    return np.atleast_2d(floats(value))
