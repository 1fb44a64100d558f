"""What ``vecsmith classify train`` does: labelled rows to a classifier."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from vecsmith.cli.labelled import concluded, embedded_whole
from vecsmith.cli.messages import Tally, counted

if TYPE_CHECKING:
    from pathlib import Path

    from vecsmith.classifying import Classifier
    from vecsmith.classifying.training import Trained, Training
    from vecsmith.cli.labelled import Source
    from vecsmith.options import CallOptions
    from vecsmith.sync import Embedder

__all__ = ["Learnt", "Lesson"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is learnt from, and how."""

    source: Source
    test: str | None
    """A file with the same columns, to report on; None to hold rows out."""
    asked: Training
    wish: CallOptions
    read: Tally = field(default_factory=Tally)
    tested: Tally = field(default_factory=lambda: Tally("test line"))

    def learnt(self, embedder: Embedder, *, shown: bool) -> Learnt:
        """Embed the rows, and learn their labels."""
        from vecsmith.classifying.asking import call_options, plain_options
        from vecsmith.classifying.classifier import Classifier
        from vecsmith.classifying.training import train

        plain = plain_options(embedder, self.wish)
        rows = embedded_whole(self.source, embedder, call_options(plain), self.read, shown=shown)
        apart = None
        if self.test is not None:
            source = replace(self.source, path=self.test, id=None)
            tested = embedded_whole(source, embedder, call_options(plain), self.tested, shown=shown)
            apart = tested.examples(rows.labels)
        trained = train(rows.examples(), self.asked, apart)
        return Learnt(Classifier.of(embedder, trained, rows.space, plain, self.asked.unsure), trained, len(rows.rows))

    def concluded(self, learnt: Learnt, *, quiet: bool) -> int:
        """Say what was set aside or should not go unnoticed, and return the exit code."""
        codes = concluded(self.read, quiet=quiet, notes=learnt.trained.notes), concluded(self.tested, quiet=quiet)
        return max(codes)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What came of it."""

    classifier: Classifier
    trained: Trained
    rows: int
    """How many it was learnt from."""

    def facts(self, head: Path) -> dict[str, Any]:
        """Return what a program is told beside the report."""
        return {
            "head": str(head),
            "rows": self.rows,
            "labels": len(self.classifier.labels),
            "c": self.trained.c,
            "notes": list(self.trained.notes),
        }

    def summary(self) -> str:
        """Return what a person is told."""
        labels, rows = counted(len(self.classifier.labels), "label"), counted(self.rows, "row")
        return f"learnt {labels} from {rows} (C {self.trained.c:g})"
