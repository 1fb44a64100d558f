"""The same texts by sentence-transformers, where that is installed."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.checking.rows import Row
from vecsmith.checking.trials import TEXTS, cosines, generator_of, quietly

if TYPE_CHECKING:
    from vecsmith.sync import Embedder

__all__ = ["beside_sentence_transformers"]

CLOSE = 0.9995


def beside_sentence_transformers(embedder: Embedder) -> Row:
    """Compare with sentence-transformers' vectors of the model's own folder."""
    what = "beside sentence-transformers"
    if find_spec("sentence_transformers") is None:
        return Row(what, "it is not installed", "not shown")
    from sentence_transformers import SentenceTransformer

    try:
        peer = SentenceTransformer(str(generator_of(embedder).folder.folder), device="cpu")
        theirs = np.asarray(peer.encode(TEXTS, show_progress_bar=False), np.float32)
    except Exception as error:  # noqa: BLE001 (whatever it cannot do is not this model's fault)
        return Row(what, f"it cannot open the model ({type(error).__name__})", "not shown")
    found = cosines(quietly(embedder, TEXTS), theirs)
    told = f"cosine {found.mean():.6f} on average, {found.min():.6f} at least"
    return Row(what, told, "ok" if found.min() >= CLOSE else "fail")
