"""A sample of texts and the vectors that somebody has of them, against all ways in which a model may have made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from vecsmith.errors import ConfigError, InputError
from vecsmith.verifying.making import made
from vecsmith.verifying.recipes import limits, own, strayed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vecsmith.local import LocalGenerator
    from vecsmith.types import Floats
    from vecsmith.verifying.recipes import Recipe

__all__ = ["SAME", "Verdict", "verify"]

SAME = 0.999
"""The cosine from which on two vectors are of one text and one making, whatever numbers they were stored as."""

MOST = 0.9
"""The share of a sample that has to agree: a few texts may have changed since they were embedded."""

MARGIN = 2e-5
"""Cosines that differ by less say nothing: bf16 and rounding move vectors as much."""

FEW = 16
"""Texts on which every way is tried, before the best one is tried on all."""

UNIT = 1e-2
"""How far a length may lie from one, or from another, to be taken for it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found."""

    same: bool
    """Whether the vectors are as the model's own files make them, so that nothing need be embedded again."""
    differences: tuple[str, ...]
    """What was done otherwise, in words; empty where nothing was."""
    cosines: Floats = field(repr=False)
    """Of each text's vector to that of the way found, (texts,)."""
    options: tuple[tuple[str, object], ...] = ()
    """What to tell `Embedder.embed` for vectors of the same space, where it can be told."""

    @property
    def agreeing(self) -> int:
        """How many vectors agree."""
        return int((self.cosines >= SAME).sum())

    def __str__(self) -> str:
        if self.same:
            changed = len(self.cosines) - self.agreeing
            return "the same space: no need to embed again" + (f" ({changed} texts have changed)" if changed else "")
        return "; ".join(self.differences)


def verify(generator: object, texts: Sequence[str], vectors: Floats) -> Verdict:
    """Say whether a model made these vectors, (texts, width), of these texts, and else what was done otherwise.

    Raises `InputError` where they do not fit each other, and `ConfigError` for a model that is not on this machine.
    """
    generator = checked(generator, texts, vectors)
    width, native = vectors.shape[1], generator.folder.dimensions
    if width > native:
        return another(f"another model: vectors of {width} dimensions, where this one has {native}", len(texts))
    usual = own(generator)
    best = found(generator, texts, vectors, usual)
    whole = made(generator, texts, best)
    cosines = agreement(whole[:, :width], vectors)
    if (cosines >= SAME).mean() < MOST:
        return strange(generator, texts, vectors, usual)
    stored = stored_as(generator, whole, vectors, cosines)
    differences = best.differences(usual, generator.folder.pooling) + list(stored.differences)
    return Verdict(not differences, tuple(differences), cosines, options_of(best, usual, stored))


def checked(generator: object, texts: Sequence[str], vectors: Floats) -> LocalGenerator:
    """Return a generator that can be tried in every way; refuse what cannot be compared."""
    from vecsmith.local import LocalGenerator

    if not isinstance(generator, LocalGenerator):
        raise ConfigError("only a model on this machine can be tried in every way: name one, or a folder")
    if vectors.ndim != 2 or len(vectors) != len(texts) or not len(texts):  # noqa: PLR2004 (rows and columns)
        raise InputError(f"vectors of the shape {vectors.shape} do not fit {len(texts)} texts: give one for each")
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1) | (np.abs(vectors).max(axis=1) == 0))
    if len(bad):
        raise InputError("a vector holds numbers that are none, or only zeros: leave its row out", index=int(bad[0]))
    return generator


def found(generator: LocalGenerator, texts: Sequence[str], vectors: Floats, usual: Recipe) -> Recipe:
    """Return the way whose vectors agree best on a few texts; of those that agree as well, the nearest to the usual."""
    few = longest(texts, FEW)
    some, theirs = [texts[place] for place in few], vectors[few]

    def best(recipes: Iterable[Recipe]) -> Recipe:
        scored = [(score(made(generator, some, recipe), theirs), recipe) for recipe in recipes]
        most = max(told for told, _ in scored)
        return next(recipe for told, recipe in scored if told >= most - MARGIN)

    if score(made(generator, some, usual), theirs) >= 1 - MARGIN:
        return usual
    near = best(strayed(generator))
    return best([near, *limits(near, generator)])


def score(ours: Floats, theirs: Floats) -> float:
    """Return how well vectors agree: the mean cosine without the worst tenth, whose texts may have changed."""
    cosines = np.sort(agreement(ours[:, : theirs.shape[1]], theirs))
    return float(cosines[len(cosines) - max(1, round(MOST * len(cosines))) :].mean())


def longest(texts: Sequence[str], count: int) -> list[int]:
    """Return the places of a few texts, half of them the longest, which show where they were cut."""
    order = sorted(range(len(texts)), key=lambda place: -len(texts[place]))
    rest = order[count // 2 :]
    return [*order[: count // 2], *rest[:: max(1, len(rest) // (count - count // 2))]][:count]


def agreement(ours: Floats, theirs: Floats) -> Floats:
    """Return the cosine of each pair of rows."""
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return np.asarray((ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-30), np.float32)


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of vectors when they were kept."""

    differences: tuple[str, ...]
    dimensions: int | None = None
    normalize: bool | None = None


def stored_as(generator: LocalGenerator, whole: Floats, vectors: Floats, cosines: Floats) -> Stored:
    """Say whether vectors were cut, and how long they are."""
    good = cosines >= SAME
    ours, theirs, width = whole[good], vectors[good], vectors.shape[1]
    cut = width < whole.shape[1]
    lengths, normal = np.linalg.norm(theirs, axis=1), generator.folder.normalize
    unit = bool(np.abs(lengths - 1).max() < UNIT)
    dimensions = width if cut else None
    if unit:
        told = (f"cut to {width} dimensions and normalised again",) if cut else ()
        return Stored(
            told if cut or normal else ("normalised, which the model's files do not ask for",), dimensions, True
        )
    if cut:
        of_unit = ours / np.linalg.norm(ours, axis=1, keepdims=True) if normal else ours
        as_cut = np.linalg.norm(of_unit[:, :width], axis=1)
        same = bool(np.abs(lengths / as_cut - 1).max() < UNIT)
        return Stored(
            (f"cut to {width} dimensions without normalising" + ("" if same else ", and scaled"),), dimensions
        )
    raw = bool(np.abs(lengths / np.linalg.norm(ours, axis=1) - 1).max() < UNIT)
    if normal:
        return Stored(
            ("not normalised" if raw else "scaled: neither of length one nor as the model gives them",), None, False
        )
    return Stored(() if raw else ("scaled: not as long as the model gives them",))


def options_of(best: Recipe, usual: Recipe, stored: Stored) -> tuple[tuple[str, object], ...]:
    """Return what `Embedder.embed` has to be told; nothing where it cannot be told."""
    if best.pooling is not None or best.limit is not None:
        return ()
    told: dict[str, object] = {"prompt": best.prompt} if best.prompt != usual.prompt else {}
    told |= {"on_long": "truncate_start"} if best.start else {}
    told |= {"clean": ["lower"]} if best.lower else {}
    told |= {"dimensions": stored.dimensions} if stored.dimensions else {}
    told |= {"normalize": stored.normalize} if stored.normalize is not None and stored.differences else {}
    return tuple(told.items())


def strange(generator: LocalGenerator, texts: Sequence[str], vectors: Floats, usual: Recipe) -> Verdict:
    """Say of vectors that no way gives whether they belong to other rows, or to another model."""
    ours = made(generator, texts, usual)[:, : vectors.shape[1]]
    left, right = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (ours, vectors))
    nearest = (left @ right.T).max(axis=1)
    if (nearest >= SAME).mean() >= MOST:
        return Verdict(False, ("the rows are out of order: the vectors belong to other texts of the sample",), nearest)
    said = f"another model, or other texts: no way of {generator.folder.name} gives these vectors"
    return Verdict(False, (said,), agreement(ours, vectors))


def another(said: str, count: int) -> Verdict:
    """Return the verdict of vectors that need not be tried."""
    return Verdict(False, (said,), np.zeros(count, np.float32))
