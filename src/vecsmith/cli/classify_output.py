"""What ``vecsmith classify`` prints: a line for each prediction, or a report on them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from vecsmith.cli.labelled import as_known, concluded, embedded, embedded_whole
from vecsmith.cli.messages import CLOSED_PIPE, FAILED, Tally, counted, stop
from vecsmith.cli.tables import print_json
from vecsmith.cli.work import is_terminal, is_watched
from vecsmith.files import STDIN
from vecsmith.files.outputs import destination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vecsmith.classifying import Classifier, Predictions, Report
    from vecsmith.cli.labelled import Source
    from vecsmith.files import Row

__all__ = ["print_predictions", "print_report", "tell"]

DIGITS = 4


def print_predictions(classifier: Classifier, source: Source, path: Path | None, top: int, *, quiet: bool) -> int:
    """Print a JSON line for each text, and return the exit code."""
    from vecsmith.classifying.asking import call_options

    target = None if path == Path(STDIN) else path
    if target is not None and source.is_at(target):
        stop("--output names the input itself: name another file")
    tally, wish = Tally(), call_options(classifier.options)
    shown = is_watched(quiet=quiet) and not (target is None and is_terminal(sys.stdout))
    try:
        with destination(target, str(target or "standard output")) as file:
            for rows, part in embedded(source, classifier.embedder, wish, tally, shown=shown):
                for line in as_lines(rows, classifier.predict_vectors(part), top):
                    file.write(line)
                file.flush()
    except BrokenPipeError:
        return CLOSED_PIPE
    return concluded(tally, quiet=quiet)


def as_lines(rows: list[Row], predictions: Predictions, top: int) -> Iterator[bytes]:
    """Yield the JSON line of each row."""
    columns = zip(rows, predictions.labels, predictions.best, predictions.unsure, predictions.top(top), strict=True)
    for row, label, best, unsure, listed in columns:
        facts: dict[str, Any] = {
            "id": row.id,
            "label": label,
            "probability": round(float(best), DIGITS),
            "unsure": bool(unsure),
        }
        if top:
            facts["top"] = [{"label": each, "probability": round(share, DIGITS)} for each, share in listed]
        yield dumped(facts) + b"\n"


def dumped(facts: dict[str, Any]) -> bytes:
    """Return JSON; of ids that hold half a character, which UTF-8 has no bytes for, in ASCII."""
    try:
        return json.dumps(facts, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(facts).encode()


def print_report(classifier: Classifier, source: Source, picture: Path | None, *, quiet: bool, as_json: bool) -> int:
    """Print how right a classifier is, and return the exit code."""
    from vecsmith.classifying.asking import call_options
    from vecsmith.classifying.report import report_of

    tally = Tally()
    wish, shown = call_options(classifier.options), is_watched(quiet=quiet)
    rows = embedded_whole(source, classifier.embedder, wish, tally, shown=shown)
    report = report_of(classifier.predict_vectors(rows.vectors), as_known(rows.labels, classifier.labels))
    tell(report, picture, {} if as_json else None)
    unknown = len(report.labels) - len(classifier.labels)
    notes = (
        [f"{counted(unknown, 'label')} that the head does not know: their rows count as mistakes"] if unknown else []
    )
    return concluded(tally, quiet=quiet, notes=notes)


def tell(report: Report | None, picture: Path | None, facts: dict[str, Any] | None) -> None:
    """Print a report, as JSON with further facts or for people, and draw it where that is asked for."""
    if facts is not None:
        told = report and report.to_dict()
        print_json({**facts, "report": told} if facts else told)
    elif report is not None:
        typer.echo(str(report))
    if picture is not None:
        if report is None:
            stop("there is no report to draw: no rows were held out", FAILED)
        report.draw(picture)
