"""A classifier: a model that makes vectors, and a head that gives them labels."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np

from vecsmith.classifying import zero_shot
from vecsmith.classifying.asking import call_options, plain_options
from vecsmith.classifying.labels import checked
from vecsmith.classifying.predictions import BELOW, MARGIN, USUAL, Predictions, Unsure
from vecsmith.classifying.report import Report, report_of
from vecsmith.classifying.saved import Saved, load, save
from vecsmith.classifying.training import Examples, Trained, Training, predicted, train
from vecsmith.compare import as_rows
from vecsmith.errors import ConfigError, InputError, damaged
from vecsmith.prepare import as_texts
from vecsmith.sync import Embedder
from vecsmith.types import EmbedResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

    from vecsmith.classifying.head import Head
    from vecsmith.classifying.labels import Label
    from vecsmith.options import CallOptions
    from vecsmith.space import Space
    from vecsmith.types import Compute

__all__ = ["Classifier", "arithmetic"]


@dataclass(frozen=True, slots=True, eq=False)
class Classifier:
    """Gives texts labels; made by `fit`, `zero_shot` or `load`. A context manager, which closes what `load` opened."""

    embedder: Embedder
    head: Head
    space: Space
    """Of the vectors that the head was made for; those of another are refused."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What the model is asked for at every call, as plain data."""
    unsure: Unsure = USUAL
    """From where on a label is only a guess."""
    report: Report | None = None
    """On the examples that `fit` held out; None where there were none."""
    notes: tuple[str, ...] = ()
    """What should not go unnoticed of the examples, a sentence each."""
    owner: bool = False
    """Whether closing the classifier closes the embedder."""

    @classmethod
    def fit(
        cls,
        embedder: Embedder,
        texts: Iterable[str],
        labels: Iterable[Label],
        *,
        c: float | None = None,
        balanced: bool = False,
        holdout: float = 0.0,
        unsure_below: float = BELOW,
        unsure_margin: float = MARGIN,
        **options: Unpack[CallOptions],
    ) -> Self:
        """Learn labels from examples, by logistic regression on their vectors.

        Args:
            embedder: Makes the vectors, now and at every prediction.
            texts: The examples.
            labels: One for each: strings, whole numbers or booleans, all of one type, at least two different ones.
            c: How freely weights may follow the examples; None to choose it by cross-validation, or 30 where there are
                fewer than 30 examples, or so many that it would take long.
            balanced: Whether all labels weigh the same, however many examples they have.
            holdout: The share of each label's examples that `report` is made on, by a head that was fitted without
                them. The classifier itself is fitted on all.
            unsure_below: A label is unsure where its probability is below this.
            unsure_margin: And where it is not so much above the second's.
            options: Those of `Embedder.embed`; the task is ``classification`` unless another is named.

        Equal examples give equal classifiers. Raises `InputError` for examples that cannot be used, with their index.
        """
        asked = Training(c, balanced, holdout, Unsure(unsure_below, unsure_margin))
        given, plain = list(as_texts(texts)), plain_options(embedder, options)
        known = checked(labels, len(given))
        result = embedder.embed(given, **call_options(plain))
        return cls.of(embedder, train(Examples(given, result.vectors, known), asked), result.space, plain, asked.unsure)

    @classmethod
    def of(
        cls, embedder: Embedder, trained: Trained, space: Space, options: Mapping[str, Any], unsure: Unsure = USUAL
    ) -> Self:
        """Put together what `training.train` gave for vectors of a space."""
        return cls(embedder, trained.head, space, options, unsure, trained.report, trained.notes)

    @classmethod
    def zero_shot(
        cls,
        embedder: Embedder,
        labels: Iterable[Label] | Mapping[Any, Any],
        *,
        temperature: float = zero_shot.TEMPERATURE,
        template: str = zero_shot.PLAIN,
        unsure_below: float = BELOW,
        unsure_margin: float = MARGIN,
        **options: Unpack[CallOptions],
    ) -> Self:
        """Tell labels by what they say, without examples: the nearer a text is to a label's words, the more probable.

        Args:
            embedder: Makes the vectors of labels and of texts.
            labels: The labels, whose names are read as words (``card_arrival`` as card arrival); or a mapping from each
                to a description, or to several, of which the mean counts, or to None for its name.
            temperature: By which cosines are divided before they become probabilities; less is surer. 0.05 suits the
                bundled model; look at a report's calibration error for another.
            template: What is said of each, with ``{}`` for the words, such as ``This is about {}.``
            unsure_below: A label is unsure where its probability is below this.
            unsure_margin: And where it is not so much above the second's.
            options: Those of `Embedder.embed`; the task is ``classification`` unless another is named.
        """
        zero_shot.heat(temperature)
        unsure, plain = Unsure(unsure_below, unsure_margin), plain_options(embedder, options)
        descriptions = zero_shot.described(labels, template)
        result = embedder.embed(list(chain.from_iterable(descriptions.values())), **call_options(plain))
        head = zero_shot.head_of(descriptions, result.vectors, temperature)
        return cls(embedder, head, result.space, plain, unsure)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels that it gives, in the order of the columns of probabilities."""
        return self.head.labels

    def predict(self, texts: str | Iterable[str]) -> Predictions:
        """Return the label of each text, in order, and the probability of every label."""
        return self.predict_vectors(self.embedder.embed(texts, **call_options(self.options)))

    def predict_vectors(self, vectors: EmbedResult | ArrayLike) -> Predictions:
        """Do the same for vectors (n, dimensions) that are there already.

        Raises `InputError` for another width, and `ConfigError` for a result of another space.
        """
        if isinstance(vectors, EmbedResult):
            if vectors.stored.encoding != "float32":
                raise InputError(f"these vectors are stored as {vectors.stored.encoding}: embed without an encoding")
            self.check(vectors.space)
        rows = as_rows(vectors).astype(np.float32, copy=False)
        return predicted(self.head, rows if len(rows) else rows.reshape(0, self.head.dimensions), self.unsure)

    def evaluate(self, texts: Iterable[str], labels: Iterable[Label]) -> Report:
        """Predict texts whose labels are known, and return how right that is.

        A label that the classifier does not know counts as a mistake.
        """
        given = list(as_texts(texts))
        known = checked(labels, len(given))
        return report_of(self.predict(given), known)

    def with_unsure(self, *, below: float | None = None, margin: float | None = None) -> Self:
        """Return the same classifier with another border of what is unsure; None leaves what there is."""
        now = self.unsure
        return replace(
            self, unsure=Unsure(now.below if below is None else below, now.margin if margin is None else margin)
        )

    def check(self, space: Space) -> None:
        """Refuse vectors of another space than the head was made for."""
        if space == self.space or not space.dimensions:  # which is not known before a first vector
            return
        model = self.embedder.given_name
        raise ConfigError(
            f"this classifier was made for vectors of another space ({self.space.difference(space)}): open it with "
            f"the model that it was made with{'' if model == self.space.model else ', ' + self.space.model}, or fit "
            "it anew"
        )

    def save(self, path: str | Path) -> None:
        """Write it into a folder: ``head.json`` and ``head.safetensors``; raise `ConfigError` where that cannot be."""
        save(Saved(self.head, self.space, self.embedder.given_name, self.options, self.unsure), Path(path))

    @classmethod
    def load(cls, path: str | Path, embedder: Embedder | None = None) -> Self:
        """Read what `save` wrote; scikit-learn is not needed.

        Without an embedder the model is opened by the name that it had, and closed with the classifier. Raises
        `ConfigError` for a damaged folder, and for an embedder whose vectors are of another space.
        """
        saved = load(Path(path))
        opened = embedder is None
        embedder = reopened(saved, path) if embedder is None else embedder
        try:
            with damaged(str(path)):
                options = call_options(saved.options)
                embedder.asked(options)
            classifier = cls(embedder, saved.head, saved.space, saved.options, saved.unsure, owner=opened)
            classifier.check(embedder.embed([], **options).space)
        except BaseException:
            if opened:
                embedder.close()
            raise
        return classifier

    def close(self) -> None:
        """Close the embedder, if `load` opened it."""
        if self.owner:
            self.embedder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def reopened(saved: Saved, path: str | Path) -> Embedder:
    """Open the model that a head was made with."""
    if saved.model is None:
        raise ConfigError(f"{path} does not say which model it was made with: give its embedder")
    return Embedder(saved.model, compute=arithmetic(saved.space))


def arithmetic(space: Space) -> Compute:
    """Return the arithmetic that gives vectors of a space."""
    return "auto" if space.arithmetic == "float" else "int8"
