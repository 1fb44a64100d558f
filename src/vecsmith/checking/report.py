"""All that is looked at, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecsmith.checking.peer import beside_sentence_transformers
from vecsmith.checking.rows import Row, Verdict, worst
from vecsmith.checking.stated import stated
from vecsmith.checking.trials import TEXTS, TRIALS, cosines, generator_of, quietly
from vecsmith.errors import ConfigError, EmbedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vecsmith.sync import Embedder
    from vecsmith.types import Compute, Floats

__all__ = ["Report", "Row", "check"]

ARITHMETICS: dict[Compute, float] = {"bf16": 0.9995, "int8": 0.95}
"""Beside f32, and the cosine to it that every text has at least."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was found."""

    model: str
    sha256: str
    """Of the weights."""
    rows: tuple[Row, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all rows."""
        return worst(list(self.rows))


def check(model: str | Path) -> Report:
    """Read what a model's files say, and try it on this machine.

    Raises `ConfigError` for a model of a service, or one that cannot be opened.
    """
    from vecsmith.names import named
    from vecsmith.sync import Embedder

    if named(model).provider.name != "local":
        raise ConfigError("only a model on this machine has files to check: name one, or a folder")
    with Embedder(model, compute="f32") as embedder:
        folder = generator_of(embedder).folder
        rows = [*stated(folder), *(tried(trial, embedder) for trial in TRIALS)]
        if worst(rows) != "fail":
            rows += [*arithmetics(model, quietly(embedder, TEXTS)), beside_sentence_transformers(embedder)]
        return Report(folder.name, folder.sha256(), tuple(rows))


def tried(trial: Callable[[Embedder], Row], embedder: Embedder) -> Row:
    """Run a trial; an error is its answer."""
    try:
        return trial(embedder)
    except EmbedError as error:
        return Row(trial.__name__.replace("_", " "), str(error), "fail")


def arithmetics(model: str | Path, exact: Floats) -> Iterator[Row]:
    """Yield a row for each arithmetic: whether this processor has it, and how near its vectors are to f32's."""
    from vecsmith.sync import Embedder

    yield Row("f32", "what the above was computed in", "ok")
    for compute, least in ARITHMETICS.items():
        try:
            with Embedder(model, compute=compute) as embedder:
                found = cosines(quietly(embedder, TEXTS), exact)
        except ConfigError as error:  # the processor has it not, or the model was not calibrated for it
            yield Row(compute, str(error).partition(";")[0].rpartition(": ")[2], "not shown")
        except EmbedError as error:
            yield Row(compute, str(error), "fail")
        else:
            told = f"cosine to f32 {found.mean():.6f} on average, {found.min():.6f} at least"
            yield Row(compute, told, "ok" if found.min() >= least else "fail")
