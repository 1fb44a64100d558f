"""Vectors as bytes, for who asks for them by ``Accept``: no number is printed or parsed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from vecsmith.wire import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from vecsmith.dialects.serving import EmbedAnswer, EmbedRequest

__all__ = ["raw_response"]


def plain(vectors: NDArray[Any]) -> bytes:
    """Return the rows one after the other, little-endian."""
    return vectors.astype(vectors.dtype.newbyteorder("<"), copy=False).tobytes()


def npy(vectors: NDArray[Any]) -> bytes:
    """Return numpy's own file (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html)."""
    import numpy as np

    file = io.BytesIO()
    np.save(file, vectors, allow_pickle=False)
    return file.getvalue()


KINDS: dict[str, Callable[[NDArray[Any]], bytes]] = {"application/octet-stream": plain, "application/x-npy": npy}


def raw_response(answer: EmbedAnswer, request: EmbedRequest, accept: str) -> HttpResponse | None:
    """Return the vectors as bytes where the client accepts those first; None where it does not."""
    kind = accept.partition(",")[0].partition(";")[0].strip().lower()
    write = KINDS.get(kind)
    if write is None:
        return None
    vectors = answer.vectors[request.encodings[0]]
    headers = {
        "content-type": kind,
        "x-vecsmith-shape": ",".join(map(str, vectors.shape)),
        "x-vecsmith-dtype": vectors.dtype.name,
    }
    return HttpResponse(200, headers, write(vectors))
