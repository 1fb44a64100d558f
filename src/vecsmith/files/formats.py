"""The formats that vectors are written in, each a sink over open files."""

from __future__ import annotations

import json
from binascii import b2a_base64
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from vecsmith.types import EmbedResult

__all__ = ["SINKS", "Format", "Sink"]

Format = Literal["json", "jsonl", "npy", "base64", "hex"]
"""How vectors are written."""


class Sink(Protocol):
    """Takes vectors in runs and writes them in one format."""

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        """Write the vectors of `part`, whose rows have these ids."""
        ...

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:
        """Write vectors (rows, dimensions), of each of which something is told."""
        ...

    def finish(self) -> None:
        """Write what comes behind the last vector."""
        ...


class JsonLines:
    """One object per line: ``id``, ``embedding``, ``tokens``, ``dropped``; of a chunk also which it is and where."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        self.rows(described(ids, part), part.vectors)

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:
        for line in objects(told, vectors):
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
        self.rows(described(ids, part), part.vectors)

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:
        for line in objects(told, vectors):
            self._file.write(self._between)
            self._file.write(line)
            self._between = b",\n"
        self._file.flush()

    def finish(self) -> None:
        self._file.write(b"[]\n" if self._between == b"[\n" else b"\n]\n")
        self._file.flush()


class Encoded:
    """One line per vector: its little-endian bytes, encoded."""

    def __init__(self, file: BinaryIO, encode: Callable[[bytes], bytes]) -> None:
        self._file = file
        self._encode = encode

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:  # noqa: ARG002 (this format has no ids)
        self.rows([], part.vectors)

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:  # noqa: ARG002 (as above)
        for vector in little_endian(vectors):
            self._file.write(self._encode(vector.tobytes()))
        self._file.flush()

    def finish(self) -> None:
        """Nothing comes behind the last line."""


class Npy:
    """One array of shape (rows, dimensions), and beside it a JSON line per row with what `JsonLines` says of it."""

    def __init__(self, vectors: BinaryIO, ids: BinaryIO) -> None:
        self._vectors = vectors
        self._ids = ids
        self._rows = 0
        self._width: int | None = None
        self._dtype = "<f4"

    def write(self, ids: Sequence[str | int], part: EmbedResult) -> None:
        self.rows(described(ids, part), part.vectors)

    def rows(self, told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> None:
        if self._width is None:
            self._width, self._dtype = vectors.shape[1], vectors.dtype.newbyteorder("<").str
            self._header()
        self._vectors.write(little_endian(vectors).tobytes())
        for entry in told:
            self._ids.write(dumped(entry) + b"\n")
        self._rows += len(vectors)

    def finish(self) -> None:
        self._vectors.seek(0)
        self._header()

    def _header(self) -> None:
        """Write the header for what was written so far; numpy leaves it room for the number of rows to grow."""
        import numpy as np

        shape = (self._rows, self._width or 0)
        np.lib.format.write_array_header_1_0(
            self._vectors, {"descr": self._dtype, "fortran_order": False, "shape": shape}
        )


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


def objects(told: Sequence[dict[str, Any]], vectors: NDArray[Any]) -> Iterator[bytes]:
    """Yield the JSON object of each row."""
    import numpy as np

    for entry, vector in zip(told, np.ascontiguousarray(vectors), strict=True):
        yield dumped({"id": entry.pop("id"), "embedding": vector, **entry})


def described(ids: Sequence[str | int], part: EmbedResult) -> list[dict[str, Any]]:
    """Return what is said of each row beside its vector; `ids` are those of the inputs."""
    return list(descriptions(ids, part))


def descriptions(ids: Sequence[str | int], part: EmbedResult) -> Iterator[dict[str, Any]]:
    items = part.items
    if not part.chunks:
        for identity, tokens, dropped in zip(ids, items.tokens, items.dropped, strict=True):
            yield {"id": identity, "tokens": tokens, "dropped": dropped}
        return
    by_index = dict(zip(items.indexes, ids, strict=True))
    before, number = -1, 0
    for chunk in part.chunks:
        before, number = chunk.item, number + 1 if chunk.item == before else 0
        place = {"chunk": number, "start": chunk.start, "end": chunk.end}
        yield {"id": by_index[chunk.item], **place, "tokens": chunk.tokens, "dropped": 0}


def little_endian(vectors: NDArray[Any]) -> NDArray[Any]:
    """Return vectors in the byte order of files."""
    return vectors.astype(vectors.dtype.newbyteorder("<"), copy=False)


def dumped(value: dict[str, Any]) -> bytes:
    """Return the value as JSON."""
    import orjson

    try:
        return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # orjson has no integers over 64 bits and no unpaired surrogates; Python's ids may
        identity = json.dumps(value["id"]).encode()
        return orjson.dumps(value | {"id": orjson.Fragment(identity)}, option=orjson.OPT_SERIALIZE_NUMPY)
