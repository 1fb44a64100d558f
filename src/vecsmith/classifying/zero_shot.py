"""A head without examples: how near a text is to what each label says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from vecsmith.classifying.head import Head
from vecsmith.classifying.labels import checked, classes_of, words
from vecsmith.errors import ConfigError, InputError
from vecsmith.postprocess import normalize

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vecsmith.classifying.labels import Label
    from vecsmith.types import Floats

__all__ = ["PLAIN", "TEMPERATURE", "described", "head_of", "heat"]

TEMPERATURE = 0.05
"""By which cosines are divided. With the bundled model, label names and descriptions of questions to a bank (77 labels)
and of news (4), probabilities are then as high as labels are right, within 0.05."""

PLAIN = "{}"


def described(labels: Iterable[Any] | Mapping[Any, Any], template: str = PLAIN) -> dict[Label, list[str]]:
    """Return the descriptions of each label, in the order of labels; where there are none, its name as words.

    Takes labels, or a mapping from each to a description, to several, or to None. `template` has the words of a name or
    the description in place of its ``{}``.
    """
    if not isinstance(template, str) or template.count(PLAIN) != 1:
        raise ConfigError("a template has one {} in it, where the description goes, such as 'This is about {}.'")
    given = labels if isinstance(labels, Mapping) else dict.fromkeys(checked(labels))
    named = dict(zip(checked(given), given.values(), strict=True))
    classes = classes_of(named)
    return {label: [template.replace(PLAIN, text) for text in texts_of(label, named[label])] for label in classes}


def texts_of(label: Label, told: Any) -> list[str]:
    """Return the descriptions of one label."""
    texts = [told] if isinstance(told, str) else list(told or ()) if isinstance(told, Iterable | None) else [told]
    if not all(isinstance(text, str) for text in texts):
        raise InputError("a description is a string, or a list of them, or None for the label's name")
    return [text for text in texts if text.strip()] or [words(label)]


def heat(temperature: float) -> float:
    """Check a temperature."""
    wrong = isinstance(temperature, bool) or not isinstance(temperature, int | float)
    if wrong or not 0 < temperature < float("inf"):
        raise ConfigError(f"temperature must be a number above 0, not {temperature!r}")
    return float(temperature)


def head_of(descriptions: Mapping[Label, Sequence[str]], vectors: Floats, temperature: float) -> Head:
    """Make a head of the vectors of all descriptions, (descriptions, dimensions), in their order.

    The vector of a label is the mean of its descriptions', of length one.
    """
    ends = np.cumsum([len(texts) for texts in descriptions.values()])
    units = [part.mean(axis=0) for part in np.split(normalize(vectors), ends[:-1])]
    weights = normalize(np.stack(units)) / np.float32(heat(temperature))
    return Head("zero-shot", tuple(descriptions), weights.astype(np.float32), np.zeros(len(units), np.float32))
