"""Tensors of safetensors files, memory-mapped: nothing is read before it is used, nothing is copied.

The format: eight bytes with the header's length (little-endian), a JSON header, then the tensors' bytes
(https://github.com/huggingface/safetensors#format). The library's own reader copies every tensor; OpenVINO can take
them from the map as they lie, if the map is private and writable (``ACCESS_COPY``).
"""

from __future__ import annotations

import hashlib
import json
import mmap
import struct
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from vecsmith.types import Floats

__all__ = ["Tensor", "Weights", "sha256"]

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}  # numpy has no bfloat16: its bits are kept
MAX_HEADER = 100_000_000


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor as it lies in its file."""

    path: Path
    name: str
    dtype: str
    """``F32``, ``F16`` or ``BF16``."""
    data: NDArray[Any]
    """A view of the map; for BF16 the bits as uint16."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its dimensions, outermost first."""
        return self.data.shape

    def parts(self, count: int) -> list[Tensor]:
        """Return equal parts of it along its first dimension, none of them copied."""
        return [replace(self, data=part) for part in np.split(self.data, count)]

    def float32(self) -> Floats:
        """Return the values as float32: where they lie so in the file, those, and else a copy; not to be written to."""
        if self.dtype == "BF16":
            return (self.data.astype(np.uint32) << 16).view(np.float32)
        return self.data.astype(np.float32, copy=False)


class Weights:
    """The tensors of a model by name, whatever prefix the file puts before them."""

    def __init__(
        self, tensors: Mapping[str, Tensor], where: Path, prefix: str = "", maps: Sequence[mmap.mmap] = ()
    ) -> None:
        self.tensors = tensors
        self.where = where
        """The file, or the first of several."""
        self.prefix = prefix
        self.maps = maps

    @classmethod
    def open(cls, paths: Sequence[Path]) -> Weights:
        """Map every file; raise `ConfigError` for one that is missing, truncated or not safetensors."""
        tensors: dict[str, Tensor] = {}
        maps = [mapped(path) for path in paths]
        for path, data in zip(paths, maps, strict=True):
            tensors |= read(path, data)
        return cls(tensors, paths[0], maps=maps)

    def below(self, prefixes: Sequence[str], marker: str) -> Weights:
        """Return the weights seen from the first prefix under which a tensor named `marker` lies."""
        for prefix in prefixes:
            if prefix + marker in self.tensors:
                return self.beneath(prefix)
        raise ConfigError(
            f"{self.where} holds no tensor {marker!r}: it is not of the architecture that its config.json names"
        )

    def beneath(self, prefix: str) -> Weights:
        """Return the weights seen from a further prefix."""
        return Weights(self.tensors, self.where, self.prefix + prefix, self.maps)

    def let_go(self) -> None:
        """Give the files' pages in memory back to the system, which finds them again when they are read."""
        for data in self.maps:
            if hasattr(mmap, "MADV_DONTNEED"):
                data.madvise(mmap.MADV_DONTNEED)

    def __getitem__(self, name: str) -> Tensor:
        try:
            return self.tensors[self.prefix + name]
        except KeyError:
            raise ConfigError(
                f"{self.where} holds no tensor {self.prefix + name!r}: it does not match its config.json"
            ) from None


def mapped(path: Path) -> mmap.mmap:
    """Map one file into memory."""
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise ConfigError(f"{path} cannot be read ({error}): copy or download the model again") from None


def read(path: Path, data: mmap.mmap | None = None) -> dict[str, Tensor]:
    """Return the tensors of one safetensors file, which may be mapped already."""
    data = mapped(path) if data is None else data
    header, start = read_header(path, data)
    return {name: read_tensor(path, data, start, name, entry) for name, entry in header.items()}


def read_header(path: Path, data: mmap.mmap) -> tuple[dict[str, dict[str, Any]], int]:
    """Return the header without its metadata, and where the tensors' bytes begin."""
    try:
        (size,) = struct.unpack_from("<Q", data)
        if size > min(MAX_HEADER, len(data) - 8):
            raise ValueError(f"a header of {size} bytes")
        header = json.loads(data[8 : 8 + size])
        if not isinstance(header, dict):
            raise TypeError(f"a header that is a {type(header).__name__}")
    except (struct.error, ValueError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path} is not a safetensors file ({error}): copy or download it again") from None
    return {name: entry for name, entry in header.items() if name != "__metadata__"}, 8 + size


def read_tensor(path: Path, data: mmap.mmap, start: int, name: str, entry: Mapping[str, Any]) -> Tensor:
    try:
        dtype, shape = entry["dtype"], tuple(whole(n) for n in entry["shape"])
        begin, end = (whole(n) for n in entry["data_offsets"])
        known = np.dtype(DTYPES.get(dtype, np.uint8))  # of another type nothing is read
        if begin > end or (dtype in DTYPES and end - begin != prod(shape) * known.itemsize):
            raise ValueError(f"{end - begin} bytes for shape {shape}")
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{path} has a damaged header at tensor {name!r} ({error}): download it again") from None
    if start + end > len(data):
        raise ConfigError(
            f"{path} is truncated: tensor {name!r} ends at byte {start + end} of {len(data)}; download it again"
        )
    view = np.frombuffer(data, known, count=(end - begin) // known.itemsize, offset=start + begin)
    return Tensor(path, name, dtype, view.reshape(shape) if dtype in DTYPES else view)


def whole(number: object) -> int:
    """Return a number that is one, and not negative."""
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise ValueError(f"{number!r} is not a size")
    return number


def sha256(paths: Sequence[Path]) -> str:
    """Return the sha256 of one file, or of the digests of several in the order given."""
    digests = []
    for path in paths:
        with path.open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256"))
    if len(digests) == 1:
        return digests[0].hexdigest()
    return hashlib.sha256(b"".join(digest.digest() for digest in digests)).hexdigest()
