"""A worker that embeds with one library at its defaults.

Started by the other scripts as `contender.py NAME [--threads N]`; see `contest.py` for the questions it answers.
"""

from __future__ import annotations

import argparse
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from peers import MODEL, cores
from worker import reply_channel, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from worker import Answer

    Floats = NDArray[np.float32]


class Contender(Protocol):
    """A library with its model loaded."""

    def embed(self, texts: list[str]) -> Floats:
        """Return one row per text, by the library's plain call."""
        ...

    def describe(self) -> Answer:
        """Name versions and settings that a reader of the figures wants to know."""
        ...


class Vecsmith:
    """vecsmith, the plain call."""

    def __init__(self, threads: int | None, compute: str | None = None) -> None:
        from vecsmith import Embedder

        options: dict[str, Any] = {"threads": threads, "compute": compute}
        self._embedder = Embedder(**{name: value for name, value in options.items() if value is not None})

    def embed(self, texts: list[str]) -> Floats:
        return self._embedder.embed(texts).vectors

    def describe(self) -> Answer:
        return {"vecsmith": version("vecsmith"), "openvino": version("openvino")}


class SentenceTransformers:
    """sentence-transformers on PyTorch."""

    def __init__(self, threads: int | None, precision: str | None = None) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        if threads:
            torch.set_num_threads(threads)
        options = {"dtype": getattr(torch, precision)} if precision else {}
        self._model = SentenceTransformer(str(MODEL), device="cpu", model_kwargs=options)

    def embed(self, texts: list[str]) -> Floats:
        return np.asarray(self._model.encode(texts), dtype=np.float32)

    def describe(self) -> Answer:
        import torch

        precision = str(next(self._model.parameters()).dtype).removeprefix("torch.")
        return {**peers_versions("torch"), "threads": torch.get_num_threads(), "precision": precision}


class SentenceTransformersOpenVino:
    """sentence-transformers with its OpenVINO backend, exported here from the same folder."""

    def __init__(self, threads: int | None) -> None:
        from sentence_transformers import SentenceTransformer

        options = {"ov_config": {"INFERENCE_NUM_THREADS": threads}} if threads else {}
        self._model = SentenceTransformer(str(MODEL), device="cpu", backend="openvino", model_kwargs=options)

    def embed(self, texts: list[str]) -> Floats:
        return np.asarray(self._model.encode(texts), dtype=np.float32)

    def describe(self) -> Answer:
        self._model.encode("compile")
        compiled = self._model[0].model.request  # a compiled model, despite its name
        return {
            **peers_versions("openvino", "optimum-intel"),
            "threads": compiled.get_property("INFERENCE_NUM_THREADS"),
            "precision": compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name(),
        }


def peers_versions(*libraries: str) -> dict[str, str]:
    return {name: version(name) for name in ("sentence-transformers", "transformers", *libraries)}


CONTENDERS: Mapping[str, Callable[[int | None], Contender]] = {
    "vecsmith": Vecsmith,
    "vecsmith-f32": lambda threads: Vecsmith(threads, "f32"),
    "vecsmith-bf16": lambda threads: Vecsmith(threads, "bf16"),
    "st": SentenceTransformers,
    "st-bf16": lambda threads: SentenceTransformers(threads, "bfloat16"),
    "st-openvino": SentenceTransformersOpenVino,
}


def read_texts(path: str) -> list[str]:
    texts: list[str] = json.loads(Path(path).read_text(encoding="ascii"))
    return texts


def seconds_to_embed(contender: Contender, texts: list[str]) -> float:
    start = time.perf_counter()
    contender.embed(texts)
    return time.perf_counter() - start


def embed(contender: Contender, texts: str, save: str | None = None) -> Answer:
    """Embed all texts in one call."""
    inputs = read_texts(texts)
    start = time.perf_counter()
    vectors = contender.embed(inputs)
    seconds = time.perf_counter() - start
    if save is not None:
        np.save(save, vectors)
    return {"seconds": seconds, "shape": vectors.shape}


def latency(contender: Contender, texts: str, warm: int) -> Answer:
    """Embed each text alone, the first `warm` of them once more before."""
    inputs = [[text] for text in read_texts(texts)]
    for one in inputs[:warm]:
        contender.embed(one)
    return {"seconds": [seconds_to_embed(contender, one) for one in inputs]}


def keep_embedding(contender: Contender, texts: str, seconds: float) -> Answer:
    """Embed the texts again and again for `seconds`, and count the passes that ended within them.

    The pass that crosses the end is run to its end but not counted: until then, neighbours feel this one's load.
    """
    inputs: Sequence[str] = read_texts(texts)
    ends = [time.perf_counter()]
    while ends[-1] - ends[0] < seconds:
        contender.embed(list(inputs))
        ends.append(time.perf_counter())
    counted = [end for end in ends if end - ends[0] < seconds]
    return {"passes": len(counted) - 1, "seconds": counted[-1] - counted[0]}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("name", choices=CONTENDERS)
    options.add_argument("--threads", type=int)
    arguments = options.parse_args()
    replies = reply_channel()
    contender = CONTENDERS[arguments.name](arguments.threads)
    serve(
        replies,
        {
            "describe": lambda: {"cores": cores(), **contender.describe()},
            "embed": lambda **request: embed(contender, **request),
            "latency": lambda **request: latency(contender, **request),
            "keep_embedding": lambda **request: keep_embedding(contender, **request),
        },
    )


if __name__ == "__main__":
    main()
