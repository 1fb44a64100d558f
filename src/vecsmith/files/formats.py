"""The formats that vectors are written in, each a sink over open files."""

from __future__ import annotations

import json
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from vecsmith.types import EmbedResult

__all__ = ["SINKS", "Format", "Sink"]

Format = Literal["json", "jsonl", "npy", "base64", "hex"]
"""How vectors are written."""


class Sink(Protocol):
    """Takes vectors in runs and writes them in one format."""

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        """Write the vectors of `part`, whose rows have these ids."""
        ...

    def finish(self) -> None:
        """Write what comes behind the last vector."""
        ...


class JsonLines:
    """One object per line: ``id``, ``embedding``, ``tokens``, ``dropped``."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        for line in objects(ids, part):
            self._file.write(line)
            self._file.write(b"\n")
        self._file.flush()

    def finish(self) -> None:
        """Nothing comes behind the last line."""


class JsonArray:
    """One array of the objects that `JsonLines` writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._between = b"[\n"

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        for line in objects(ids, part):
            self._file.write(self._between)
            self._file.write(line)
            self._between = b",\n"
        self._file.flush()

    def finish(self) -> None:
        self._file.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")
        self._file.flush()


class Encoded:
    """One line per vector: its little-endian float32 bytes, encoded."""

    def __init__(self, file: BinaryIO, encode: Callable[[bytes], bytes]) -> None:
        self._file = file
        self._encode = encode

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:  # noqa: ARG002 (this format has no ids)
        for vector in part.vectors.astype("<f4", copy=False):
            self._file.write(self._encode(vector.tobytes()))
        self._file.flush()

    def finish(self) -> None:
        """Nothing comes behind the last line."""


class Npy:
    """One array of shape (rows, dimensions), and beside it a JSON line with ``id``, ``tokens``, ``dropped`` per row."""

    def __init__(self, vectors: BinaryIO, ids: BinaryIO) -> None:
        self._vectors = vectors
        self._ids = ids
        self._rows = 0
        self._width: int | None = None

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        if self._width is None:
            self._width = part.dimensions
            self._header()
        self._vectors.write(part.vectors.astype("<f4", copy=False).tobytes())
        for identity, item in zip(ids, part.items, strict=True):
            entry = {"id": identity, "tokens": item.tokens, "dropped": item.dropped}
            self._ids.write(dumped(entry) + b"\n")
        self._rows += len(part)

    def finish(self) -> None:
        self._vectors.seek(0)
        self._header()

    def _header(self) -> None:
        """Write the header for what was written so far; numpy leaves it room for the number of rows to grow."""
        import numpy as np

        shape = (self._rows, self._width or 0)
        np.lib.format.write_array_header_1_0(self._vectors, {"descr": "<f4", "fortran_order": False, "shape": shape})


def hex_line(raw: bytes) -> bytes:
    """Encode one vector for the format ``hex``."""
    return raw.hex().encode() + b"\n"


SINKS: dict[Format, Callable[..., Sink]] = {
    "json": JsonArray,
    "jsonl": JsonLines,
    "npy": Npy,
    "base64": lambda file: Encoded(file, b2a_base64),
    "hex": lambda file: Encoded(file, hex_line),
}


def objects(ids: Sequence[str | int], part: EmbedResult) -> Iterator[bytes]:
    """Yield the JSON object of each vector."""
    import numpy as np

    vectors = np.ascontiguousarray(part.vectors, dtype=np.float32)
    for identity, vector, item in zip(ids, vectors, part.items, strict=True):
        yield dumped({"id": identity, "embedding": vector, "tokens": item.tokens, "dropped": item.dropped})


def dumped(value: dict[str, Any]) -> bytes:
    """Return the value as JSON."""
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # orjson has no integers over 64 bits and no unpaired surrogates; Python's ids may
        identity = json.dumps(value["id"]).encode()
        return orjson.dumps(value | {"id": orjson.Fragment(identity)}, option=orjson.OPT_SERIALIZE_NUMPY)
