"""How numbers are stored: float32, smaller floats, integers, bits. The last step, after cutting and normalising.

The integers with calibration follow the rule of sentence-transformers' ``quantize_embeddings`` before its 5.7, clipped.
The packed bits are those that Voyage, Mistral and sentence-transformers share: the first component is the highest bit
of a byte, and ``binary`` is ``ubinary`` - 128.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from vecsmith.errors import ConfigError, InputError, damaged
from vecsmith.types import Encoding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from vecsmith.types import Floats

__all__ = ["ENCODINGS", "Calibration", "decode", "encode", "encoding_of"]

ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)

BITS = 8
LEVELS = 255
SCALE = 127
"""Without calibration a component of 1 becomes 127: simple and repeatable, and coarse for wide vectors."""

INTEGERS = {"int8": (np.int8, -128), "uint8": (np.uint8, 0)}


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """The range of each dimension over a person's own vectors, onto which 256 levels are spread.

    It belongs to what is stored: vectors of another calibration cannot be compared with it.
    """

    low: Floats
    """(dimensions,)"""
    high: Floats
    """(dimensions,)"""

    @classmethod
    def of(cls, vectors: ArrayLike) -> Calibration:
        """Take the ranges from vectors (n, dimensions), cut and normalised as those that will be stored."""
        x = np.asarray(vectors, np.float32)
        if x.ndim != 2 or not len(x) or not np.isfinite(x).all():  # noqa: PLR2004 (rows and columns)
            raise InputError("a calibration needs an array (n, dimensions) of finite numbers with at least one row")
        return cls(x.min(axis=0), x.max(axis=0))

    @property
    def id(self) -> str:
        """A short stable id, equal for equal ranges."""
        raw = b"".join(np.ascontiguousarray(part, "<f4").tobytes() for part in (self.low, self.high))
        return hashlib.sha256(raw).hexdigest()[:12]

    def save(self, path: str | Path) -> None:
        """Write the ranges as JSON; raise `ConfigError` where that cannot be."""
        ranges = {"vecsmith_calibration": 1, "low": self.low.tolist(), "high": self.high.tolist()}
        try:
            Path(path).write_text(json.dumps(ranges) + "\n", encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"the calibration {path} cannot be written ({error.strerror})") from None

    @classmethod
    def load(cls, path: str | Path) -> Calibration:
        """Read what `save` wrote; raise `ConfigError` for a file that is something else."""
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise ConfigError(f"the calibration {path} cannot be read ({error.strerror})") from None
        with damaged(str(path)):
            ranges: dict[str, Any] = json.loads(raw)
            low, high = (np.array(ranges[name], np.float32) for name in ("low", "high"))
            if (
                ranges["vecsmith_calibration"] != 1
                or low.ndim != 1
                or low.shape != high.shape
                or not (low <= high).all()
            ):
                raise ValueError("no ranges")
            if not low.size or not np.isfinite([low, high]).all():
                raise ValueError("ranges that are no numbers")
        return cls(low, high)

    @property
    def step(self) -> Floats:
        """The width of one level, (dimensions,); where a dimension never changes 1, so that nothing is divided by 0."""
        span = (self.high - self.low) / LEVELS
        return np.where(span > 0, span, np.float32(1)).astype(np.float32)


def encoding_of(name: object) -> Encoding:
    """Check an encoding's name."""
    if name not in ENCODINGS:
        raise ConfigError(f"encoding must be one of {', '.join(ENCODINGS)}, not {name!r}")
    return name


def encode(vectors: Floats, encoding: Encoding, calibration: Calibration | None = None) -> NDArray[Any]:
    """Store vectors (n, d) as `encoding`: (n, d), or (n, d / 8) bytes for the packed bits.

    Integers lie on the calibration's levels, clipped to its range; without one on ``round(127 x)``, 0 at 0, or at 128
    for ``uint8``. A bit is 1 where the component is above 0. Raises `InputError` where d is no multiple of 8, or is not
    the calibration's.
    """
    check_calibration(vectors.shape[1], encoding, calibration)
    if encoding in INTEGERS:
        kind, lowest = INTEGERS[encoding]
        return as_levels(vectors, lowest, calibration).astype(kind)
    if encoding in {"binary", "ubinary"}:
        packed = np.packbits(vectors > 0, axis=1)
        return packed if encoding == "ubinary" else (packed ^ 0x80).view(np.int8)
    return vectors.astype(encoding, copy=False)


def as_levels(vectors: Floats, lowest: int, calibration: Calibration | None) -> Floats:
    """Return whole numbers from `lowest` to `lowest` + 255."""
    if calibration is None:
        level: Floats = np.round(np.clip(vectors * np.float32(SCALE), -SCALE, SCALE))
        return level + np.float32(128 + lowest)
    # cut towards zero after the shift, as sentence-transformers did before 5.7; later ones take the floor before it
    level = np.trunc((vectors - calibration.low) / calibration.step + lowest)
    clipped: Floats = np.clip(level, lowest, lowest + LEVELS)
    return clipped


def check_calibration(width: int, encoding: Encoding, calibration: Calibration | None) -> None:
    """Refuse a width or a calibration that does not fit."""
    if encoding in {"binary", "ubinary"} and width % BITS:
        raise InputError(f"{encoding} packs eight dimensions into a byte: {width} dimensions are no multiple of 8")
    if calibration is not None and encoding not in INTEGERS:
        raise InputError(f"a calibration is for int8 and uint8, not for {encoding}")
    if calibration is not None and len(calibration.low) != width:
        raise InputError(f"the calibration has {len(calibration.low)} dimensions and the vectors have {width}")


def decode(stored: ArrayLike, encoding: Encoding, calibration: Calibration | None = None) -> Floats:
    """Return the float32 numbers that stored vectors (n, m) stand for: (n, d), bits as -1 and 1."""
    x = np.asarray(stored)
    if encoding in {"binary", "ubinary"}:
        signed = encoding == "binary"
        packed: NDArray[np.uint8] = x.astype(np.int8).view(np.uint8) ^ np.uint8(0x80) if signed else x.astype(np.uint8)
        return np.unpackbits(packed, axis=-1).astype(np.float32) * 2 - 1
    floats: Floats = x.astype(np.float32)
    if encoding not in INTEGERS:
        return floats
    lowest = INTEGERS[encoding][1]
    if calibration is not None:
        return (floats - lowest) * calibration.step + calibration.low
    return (floats - np.float32(128 + lowest)) / np.float32(SCALE)
