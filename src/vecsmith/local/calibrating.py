"""Finding out what int8 means for a model: its values are measured on texts, its loss on others, in this process.

Every text is computed alone, so that no padding is among what is measured. The share α that smoothing moves from the
values to the weights, and the layers that stay as they are, are chosen by the mean cosine to f32 of texts whose values
were not measured.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from vecsmith.errors import ConfigError
from vecsmith.local.forks import native
from vecsmith.local.int8 import quantize, ranges, sites, weights
from vecsmith.local.quantization import Quantization, exponents, fitted
from vecsmith.local.runtime import compiled, forget_idle_threads
from vecsmith.postprocess import unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openvino import Model

    from vecsmith.local.engine import Graphs
    from vecsmith.local.folder import ModelFolder
    from vecsmith.local.quantization import Site
    from vecsmith.local.tokens import Ids
    from vecsmith.tasks import Task
    from vecsmith.types import Floats

__all__ = ["LEAST", "built_in_texts", "calibrate"]

BUILT_IN = Path(__file__).parents[1] / "bundled" / "calibration.txt"
JOINED = 8
"""Lines of the built-in text that also make one longer text."""

FEWEST = 12
"""Texts that calibration needs."""

HELD = 3
"""Every so many-th text is for the loss, the others for the ranges."""

LONGEST = 512
"""Tokens of a text, at most: longer ones have no other values."""

ALPHAS = (0.5, 0.65, 0.75, 0.85)
LEAST = 0.995
"""The mean cosine that is wanted; layers are left out until it is reached."""

ALONE = 16
"""Texts on which each layer is tried alone."""

SHARE = 2
"""At most one of so many layers is left out."""

TASKS: tuple[Task | None, ...] = (None, "retrieval_query", "retrieval_document")
"""Whose prompts are put before the texts in turn."""


def built_in_texts() -> list[str]:
    """Return the texts that come with vecsmith: its lines, and paragraphs of them."""
    lines = BUILT_IN.read_text(encoding="utf-8").splitlines()
    return lines + [" ".join(lines[at : at + JOINED]) for at in range(0, len(lines), JOINED)]


def calibrate(folder: ModelFolder, texts: Sequence[str], *, threads: int) -> Quantization:
    """Return what int8 means for a model, measured on texts; takes half a minute for a small one.

    Raises `ConfigError` for too few texts, and for a model that loses too much or has nothing that int8 could compute.
    """
    if len(texts) < FEWEST:
        raise ConfigError(f"calibration needs {FEWEST} texts at least, one a line, not {len(texts)}")
    trial = Trial.of(folder, texts, threads)
    candidates = [{name: range_.site(alpha) for name, range_ in trial.ranges.items()} for alpha in ALPHAS]
    cosines = [trial.cosine(each, trial.held) for each in candidates]
    cosine, best = max(zip(cosines, candidates, strict=True), key=lambda pair: pair[0])
    chosen: Mapping[str, Site | None] = best
    if cosine < LEAST:
        chosen, cosine = trial.without_worst(best)
    forget_idle_threads()
    said = hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()
    return Quantization(folder.sha256(), chosen, cosine, said)


@dataclass(frozen=True, slots=True)
class Range:
    """What was measured of one input."""

    low: Floats
    high: Floats
    weights: Floats
    """The largest magnitudes of the weights that each channel meets."""

    def site(self, alpha: float) -> Site:
        """Return how it becomes whole numbers."""
        largest: Floats = np.maximum(np.abs(self.low), np.abs(self.high))
        return fitted(self.low, self.high, exponents(largest, self.weights, alpha))


@dataclass(frozen=True, slots=True)
class Trial:
    """A model, what was measured of it, and the texts on which int8 is tried."""

    folder: ModelFolder
    threads: int
    ranges: Mapping[str, Range]
    held: Sequence[Ids]
    exact: Floats
    """Their vectors in f32, of length one."""

    @classmethod
    def of(cls, folder: ModelFolder, texts: Sequence[str], threads: int) -> Self:
        """Measure a model."""
        from vecsmith.local.engine import build

        rows = tokenized(folder, texts)
        graphs = build(folder)
        exact = unit(computed(graphs.pooled, rows[::HELD], threads))
        found = {
            name: np.max([np.abs(weights(each)).max(axis=0) for each in layers], axis=0)
            for name, layers in sites(graphs.pooled).items()
        }
        if not found:
            raise ConfigError(f"{folder.weights[0]} has no linear layers in f32 that int8 could compute")
        outputs = extremes(graphs, [row for at, row in enumerate(rows) if at % HELD], threads)
        measured = zip(found.items(), outputs[::2], outputs[1::2], strict=True)
        return cls(
            folder, threads, {name: Range(low, high, w) for (name, w), low, high in measured}, rows[::HELD], exact
        )

    def cosine(self, chosen: Mapping[str, Site | None], rows: Sequence[Ids]) -> float:
        """Return the mean cosine to f32 of the first of the held texts."""
        from vecsmith.local.engine import build

        graphs = build(self.folder)
        quantize(graphs.pooled, Quantization("", chosen, 0.0, ""))
        vectors = unit(computed(graphs.pooled, rows, self.threads))
        return float((vectors * self.exact[: len(rows)]).sum(axis=1).mean())

    def without_worst(self, best: Mapping[str, Site]) -> tuple[dict[str, Site | None], float]:
        """Leave out the layers that lose most alone, until the loss of the others is small enough."""
        some = self.held[:ALONE]
        alone = {name: self.cosine({**dict.fromkeys(best), name: site}, some) for name, site in best.items()}
        order = sorted(best, key=alone.__getitem__)
        step = max(1, len(order) // 24)
        for count in range(step, len(order) // SHARE + 1, step):
            chosen = {**best, **dict.fromkeys(order[:count])}
            if (cosine := self.cosine(chosen, self.held)) >= LEAST:
                return chosen, cosine
        raise ConfigError(
            f"int8 would move the vectors of {self.folder.name} too far, whichever half of its layers were left out: "
            "use compute='auto'"
        )


def tokenized(folder: ModelFolder, texts: Sequence[str]) -> list[Ids]:
    """Return what the model reads of each text, with the prompts of several tasks in turn."""
    from vecsmith.local.tokens import TextTokenizer

    tokenizer = TextTokenizer.load(folder.tokenizer, min(folder.max_tokens, LONGEST), lower=folder.lower)
    prompts = [folder.task_prompts.text(task) for task in TASKS]
    return tokenizer.encode([prompts[at // HELD % len(prompts)] + text for at, text in enumerate(texts)]).rows


def extremes(graphs: Graphs, rows: Sequence[Ids], threads: int) -> list[Floats]:
    """Return the least and the greatest value of each site's channels over all rows, site by site."""
    found: list[Floats] = []
    for outputs in each_alone(ranges(graphs.pooled), rows, threads):
        take = (np.minimum, np.maximum) * (len(outputs) // 2)
        found = [f(a, b) for f, a, b in zip(take, found, outputs, strict=True)] if found else outputs
    return found


def computed(model: Model, rows: Sequence[Ids], threads: int) -> Floats:
    """Return the vector of each row, (rows, width)."""
    return np.concatenate([outputs[0] for outputs in each_alone(model, rows, threads)])


def each_alone(model: Model, rows: Sequence[Ids], threads: int) -> list[list[Floats]]:
    """Return copies of a graph's outputs for each row, every one a batch of its own."""
    request = compiled(model, precision="f32", threads=threads).create_infer_request()
    found = []
    for row in rows:
        inputs = [row[None].astype(np.int32), *np.array([[len(row)], [0]], np.int32)][: len(request.model_inputs)]
        with native:
            request.infer(inputs)
        found.append([output.data.copy() for output in request.output_tensors])
    return found
